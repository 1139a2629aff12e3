"""Pass: ORDER BY clauses, and whether their order can be seen."""

from __future__ import annotations

from typing import NamedTuple

from sqlglot import exp

from costguard.extract.sql_pipes import ORDER_STAYS, marked
from costguard.facts.sql.expression import extent
from costguard.facts.sql.reads import ReadLog


class SortRow(NamedTuple):
    """An ORDER BY, with its place as text offsets."""

    place: tuple[int, int]
    where: str
    has_limit: bool
    keys: int


def sorts_of(log: ReadLog, statement: str) -> list[SortRow]:
    """The sorts of every query in use. `where` is the place in the sense of the `sorts` table."""
    found: list[SortRow] = []
    for body in log.bodies:
        node = body.node
        if not isinstance(node, exp.Query):
            continue
        order = node.args.get("order")
        if order is None:
            continue
        has_limit = node.args.get("limit") is not None or node.args.get("offset") is not None
        found.append(SortRow(extent(order), _where(node, statement), has_limit, len(order.expressions)))
    return found


def _where(node: exp.Expr, statement: str) -> str:
    parent = node.parent
    while (
        isinstance(parent, exp.Subquery) and marked(parent, ORDER_STAYS) and parent.parent_select is not None
    ):
        parent = parent.parent_select.parent
    while isinstance(parent, (exp.Subquery, exp.Paren)) and not parent.args.get("alias"):
        if isinstance(parent.parent, (exp.From, exp.Join)):
            return "subquery"
        parent = parent.parent
    if isinstance(parent, exp.CTE):
        return "cte"
    if isinstance(parent, exp.Array):
        return "array"
    if isinstance(parent, exp.Create):
        return "view" if "VIEW" in statement else "table"
    if isinstance(parent, exp.Insert):
        return "table"
    if parent is None or isinstance(parent, exp.Export):
        return "outermost"
    if isinstance(parent, exp.SetOperation):
        return "subquery"
    if isinstance(parent, exp.Subquery) and isinstance(parent.parent, (exp.From, exp.Join)):
        return "subquery"
    return "expression"
