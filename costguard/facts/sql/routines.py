"""User-defined functions: what one is made of, and by which names it is called.

The queries inside a SQL function run where it is called. Those of a function that the same text defines are followed
there (`costguard.facts.sql.build`); of all others a statement notes the name, and the estimate stage looks for the
definition among all that was read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlglot import exp

from costguard.facts.sql.expression import function_name

NAMESPACES: Final = frozenset(
    {"AEAD", "AI", "HLL_COUNT", "KEYS", "KLL_QUANTILES", "ML", "NET", "OBJ", "SAFE", "BQUTIL"}
)
"""First parts of functions' names that are BigQuery's own. The public functions of the project `bqutil` are Google's:
computations, all of them (github.com/GoogleCloudPlatform/bigquery-utils/tree/master/udfs)."""


@dataclass(frozen=True, slots=True)
class Routine:
    """A function, or a table function, that a statement defines."""

    name: str
    """As written, without quotes, in lower case."""
    parameters: tuple[tuple[str, exp.Expr | None], ...]
    """(name in lower case, type) of each."""
    body: exp.Expr
    reads_tables: bool
    """A table is named in it, or in a function of the same text that it calls."""
    calls: tuple[str, ...]
    """Functions that it calls, and these call, which the text does not define."""


def routine_of(tree: exp.Expr, others: Mapping[str, Routine]) -> Routine | None:
    """The function that a CREATE FUNCTION or CREATE TABLE FUNCTION defines; None for other statements.

    `others`: those that the text defines before it, by name.
    """
    if not isinstance(tree, exp.Create) or str(tree.args.get("kind") or "").upper() != "FUNCTION":
        return None
    head, body = tree.this, tree.args.get("expression")
    if not isinstance(head, exp.UserDefinedFunction) or not isinstance(body, exp.Expression):
        return None
    named = head.this
    parts = [part.name for part in (named.parts if isinstance(named, exp.Table) else [named])]
    parameters = tuple((item.name.lower(), item.args.get("kind")) for item in head.expressions if item.name)
    names = {name for name, _ in parameters}
    # WITH q AS (...) SELECT ... FROM q; FROM UNNEST(items) AS i, i.parts
    names.update(item.alias.lower() for item in body.find_all(exp.CTE, exp.Subquery))
    names.update(
        name.name.lower()
        for item in body.find_all(exp.Unnest)
        if item.args.get("alias") is not None
        for name in (item.args["alias"].args.get("columns") or [item.args["alias"].this])
        if name is not None
    )
    reads = any(
        isinstance(table.this, exp.Identifier) and table.parts[0].name.lower() not in names
        for table in body.find_all(exp.Table)
    )
    called = {called_name(node) for node in body.find_all(exp.Anonymous)}
    reads = reads or any(name in others and others[name].reads_tables for name in called)
    return Routine(".".join(parts).lower(), parameters, body, reads, tuple(foreign_calls(called, others)))


def foreign_calls(names: Iterable[str], own: Mapping[str, Routine]) -> list[str]:
    """Of the functions that are called, and those that these call, the ones that the text does not define."""
    found: set[str] = set()
    for name in names:
        if name in own:
            found.update(own[name].calls)
        elif is_foreign(name):
            found.add(name)
    return sorted(found)


def called_name(node: exp.Expr) -> str:
    """The full name that a function is called by, without quotes, in lower case."""
    parts = [str(node.name) if isinstance(node, exp.Anonymous) else function_name(node)]
    around = node.parent
    if isinstance(around, exp.Dot) and around.expression is node:
        before = around.this
        while isinstance(before, exp.Dot):
            parts.append(before.expression.name)
            before = before.this
        parts.append(before.name)
    elif isinstance(around, exp.Table) and around.this is node:
        parts.extend(part.name for part in (around.args.get("db"), around.args.get("catalog")) if part)
    return ".".join(reversed(parts)).lower()


def is_foreign(name: str) -> bool:
    """A name that has to be a user's function: one in a dataset. A bare name is a temporary function or BigQuery's.

    >>> [is_foreign(name) for name in ("f", "safe.substr", "d.f", "p.d.f", "bqutil.fn.from_hex")]
    [False, False, True, True, False]
    """
    first, dot, _ = name.partition(".")
    return bool(dot) and first.upper() not in NAMESPACES


def moved(body: exp.Expr, start: int, end: int) -> exp.Expr:
    """A copy of a function's body that says of all its parts that they stand where it is called."""
    copied = body.copy()
    for node in copied.walk():
        if node._meta and node._meta.get("start") is not None:
            node._meta.update(start=start, end=end - 1)
    return copied
