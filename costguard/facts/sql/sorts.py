"""Pass: ORDER BY clauses, whether their order can be seen, and what may rest on it."""

from __future__ import annotations

from typing import NamedTuple

from sqlglot import exp

from costguard.extract.sql_pipes import ORDER_STAYS, marked
from costguard.facts.sql.expression import extent, function_name
from costguard.facts.sql.reads import ReadLog
from costguard.facts.sql.relation import Body, Referenced, SelectBody


class SortRow(NamedTuple):
    """An ORDER BY, with its place as text offsets."""

    place: tuple[int, int]
    where: str
    has_limit: bool
    keys: int
    taken_by: str | None


_GATHERERS = frozenset({"ARRAY_AGG", "STRING_AGG", "ARRAY_CONCAT_AGG", "LISTAGG"})
_NUMBERERS = frozenset({"ROW_NUMBER", "FIRST_VALUE", "LAST_VALUE", "NTH_VALUE", "LAG", "LEAD", *_GATHERERS})
_FARTHEST = 20
"""So many queries that only hand rows on are looked through."""


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
        where = _where(node, statement)
        taken_by = _taker(body, log) if where in ("cte", "subquery") and not has_limit else None
        found.append(SortRow(extent(order), where, has_limit, len(order.expressions), taken_by))
    return found


def _taker(body: Body, log: ReadLog, distance: int = 0) -> str | None:
    """What takes the rows of a query in the order in which they come, for want of an order of its own."""
    for reader in log.bodies if distance < _FARTHEST else ():
        node = reader.node
        if not isinstance(node, exp.Select) or len(reader.sources) != 1:
            continue  # a join keeps no order
        relation = reader.sources[0].relation
        if not isinstance(relation, Referenced) or relation.body is not body:
            continue
        found = _own_taker(reader, node)
        if found is None and _hands_on(reader, node) and node.args.get("limit") is None:
            found = _taker(reader, log, distance + 1)
        if found is not None:
            return found
    return None


def _own_taker(body: SelectBody, node: exp.Select) -> str | None:
    infos = [body.info_of(item.expression) for item in body.projections if item.expression is not None]
    for call in (call for info in infos for call in info.aggregates):
        ordered = call.find(exp.Order) is not None or isinstance(call.parent, exp.WithinGroup)
        name = _name(call)
        if name in _GATHERERS and not ordered and not isinstance(call.this, exp.Distinct):
            return name
    for window in (window for info in infos for window in info.windows):
        inner = window.this
        while isinstance(inner, (exp.IgnoreNulls, exp.RespectNulls)):
            inner = inner.this
        if window.args.get("order") is None and not window.alias and _name(inner) in _NUMBERERS:
            return _name(inner)
    if not _hands_on(body, node):
        return None
    if node.args.get("limit") is not None:
        return "LIMIT"
    return "ARRAY" if _where(node, "") == "array" else None


def _name(call: exp.Expr) -> str:
    # The parser calls it GROUP_CONCAT, as other databases do.
    return "STRING_AGG" if isinstance(call, exp.GroupConcat) else function_name(call)


def _hands_on(body: SelectBody, node: exp.Select) -> bool:
    """Its rows are those that it reads, one for one, in no order of its own."""
    return not any(node.args.get(key) for key in ("group", "distinct", "order")) and not any(
        body.info_of(item.expression).aggregates for item in body.projections if item.expression is not None
    )


def _is_table_function(node: exp.Expr | None) -> bool:
    return isinstance(node, exp.Func) and isinstance(node.parent, exp.Table)


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
    if isinstance(parent, (exp.Exists, exp.In)) or _is_table_function(parent):
        return "subquery"
    if isinstance(parent, exp.Create):
        return "view" if "VIEW" in statement else "model" if "MODEL" in statement else "table"
    if isinstance(parent, exp.Insert):
        return "table"
    if parent is None or isinstance(parent, exp.Export):
        return "outermost"
    if isinstance(parent, exp.SetOperation):
        return "subquery"
    if isinstance(parent, exp.Subquery) and isinstance(parent.parent, (exp.From, exp.Join)):
        return "subquery"
    return "expression"
