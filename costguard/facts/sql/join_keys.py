"""Pass: the conditions of joins, and which of them keys that are declared may make superfluous.

What only such a join reads is marked with it: whether it is read depends on the catalog.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeGuard

from sqlglot import exp

from costguard.facts.sql.condition import flatten
from costguard.facts.sql.expression import inspect
from costguard.facts.sql.reads import KeyJoin
from costguard.facts.sql.relation import (
    ALWAYS,
    Body,
    Group,
    JoinClause,
    Referenced,
    Relation,
    Scan,
    SelectBody,
    Source,
    Target,
    Why,
)

Side = tuple[Target, ...]
"""The columns of scans that a side of a comparison may be; empty for an expression."""

_DEEPEST = 20
"""Subqueries in subqueries that are looked through for a table."""
_COUNTING = ("group", "having", "qualify", "joins", "laterals", "limit", "offset", "distinct")
"""Parts of a SELECT that make more or fewer rows of those of its table. WHERE is no part of it."""


class _Pair(NamedTuple):
    """A comparison by `=`."""

    condition: exp.Expr
    sides: tuple[Side, Side]
    expressions: tuple[exp.Expr, exp.Expr]


class _Optional(NamedTuple):
    """The optional side of an outer join, when it is of one table."""

    scan: int
    filters: list[SelectBody]


def follow_joins(body: SelectBody) -> None:
    """Activate the sources of a SELECT, and read what the conditions of its joins need."""
    early = [
        clause.side in ("LEFT", "RIGHT") and _is_filtered(body, clause) for clause in body.joins
    ]  # these tell the SELECTs of their optional side what they are read for
    for clause, first in zip(body.joins, early, strict=True):
        if first:
            _follow(body, clause)
    body.activate_sources()
    for clause, first in zip(body.joins, early, strict=True):
        if not first:
            _follow(body, clause)


def _follow(body: SelectBody, clause: JoinClause) -> None:
    if clause.using:
        _follow_using(body, clause)
    elif clause.on is None:
        return
    elif clause.side == "":
        _follow_inner(body, clause.on, stated=clause.written)
    elif clause.side in ("LEFT", "RIGHT"):
        _follow_outer(body, clause, clause.on)
    else:
        body.demand(clause.on, ALWAYS)


def whole_scan(relation: Relation) -> int | None:
    """The table that a relation has the rows of, each once, and no others: itself, or below SELECTs of its columns."""
    scan, filters = part_scan(relation)
    return scan if not filters else None


def part_scan(relation: Relation) -> tuple[int | None, list[SelectBody]]:
    """The table that a relation has rows of, each at most once, and the SELECTs on the way whose WHERE picks them."""
    filters: list[SelectBody] = []
    for _ in range(_DEEPEST):
        if isinstance(relation, Scan):
            return relation.index, filters
        if not isinstance(relation, Referenced) or not _passes_rows_on(relation.body):
            break
        if relation.body.always:
            filters.append(relation.body)
        relation = relation.body.sources[0].relation
    return None, []


def _passes_rows_on(body: Body) -> TypeGuard[SelectBody]:
    if not isinstance(body, SelectBody) or len(body.sources) != 1 or body.node is None:
        return False
    if body.barrier or body.distinct or body.one_row:
        return False
    arguments = body.node.args
    return isinstance(body.node, (exp.Select, exp.Table)) and not any(
        arguments.get(name) for name in _COUNTING
    )


def _is_filtered(body: SelectBody, clause: JoinClause) -> bool:
    optional = _optional(body, clause)
    return optional is not None and bool(optional.filters)


def _follow_outer(body: SelectBody, clause: JoinClause, on: exp.Expr) -> None:
    """All of the condition of an outer join goes with it: it only finds what to add to a row."""
    optional = _optional(body, clause)
    conjuncts = flatten(on, exp.And) if optional is not None else []
    keys = []
    stated = True
    for item in conjuncts:
        pair = _pair(body, item)
        if pair is None or optional is None or not any(_may_be(side, optional.scan) for side in pair.sides):
            stated = False
        elif all(pair.sides):
            keys.append(pair.sides)
        elif _is_apart(body, pair, optional.scan):
            # Any value finds one row at most; the documentation has columns only.
            keys.append(pair.sides)
            stated = False
        else:
            stated = False
    if optional is None or not keys:
        body.demand(on, ALWAYS)
        return
    body.demand(on, _outer_join(body, optional, keys, stated=stated))


def _outer_join(body: SelectBody, optional: _Optional, keys: list[tuple[Side, Side]], *, stated: bool) -> Why:
    """A join in the log; the WHERE of its optional side goes with it."""
    why = Why(False, None, len(body.log.joins))
    body.log.joins.append(KeyJoin(True, stated and not optional.filters, (optional.scan,), keys))
    for inner in optional.filters:
        inner.why = why
    return why


def _optional(body: SelectBody, clause: JoinClause) -> _Optional | None:
    """The side of an outer join that may be missing, if it is of one table, and nothing else reads it so far."""
    sources = body.sources[: clause.before]
    if clause.side == "LEFT":
        sources = body.sources[clause.before : clause.after]
    scan, filters = part_scan(sources[0].relation) if len(sources) == 1 else (None, [])
    if scan is None or any(inner.is_active() or inner.why is not ALWAYS for inner in filters):
        return None
    return _Optional(scan, filters)


def _is_apart(body: SelectBody, pair: _Pair, optional: int) -> bool:
    """One side is a column of the optional table, and the other an expression that names none of its columns."""
    number = 0 if pair.sides[1] else 1
    info = inspect(pair.expressions[number])
    traces = [body.trace_parts(reference.parts) for reference in info.references]
    return (
        not info.queries
        and not info.tables
        and all(
            isinstance(item, Group) and not _may_be(item.targets, optional)
            for trace in traces
            for item in trace
        )
    )


def _follow_inner(body: SelectBody, on: exp.Expr, *, stated: bool) -> None:
    """Comparisons of two columns belong to the join of their tables; every other condition also picks rows."""
    grouped: dict[frozenset[int], list[_Pair]] = {}
    wholes = _wholes(body.sources)
    for item in flatten(on, exp.And):
        pair = _pair(body, item)
        scans = frozenset(target.scan for side in pair.sides for target in side) if pair is not None else None
        if pair is None or scans is None or not all(pair.sides) or not scans & wholes.keys():
            body.demand(item, ALWAYS)
        else:
            grouped.setdefault(scans, []).append(pair)
    for scans, pairs in grouped.items():
        join = _inner(body, scans, wholes, [pair.sides for pair in pairs], stated=stated)
        for pair in pairs:
            body.demand(pair.condition, Why(False, None, join))


def _inner(
    body: SelectBody,
    scans: Iterable[int],
    wholes: dict[int, Source],
    keys: list[tuple[Side, Side]],
    *,
    stated: bool,
) -> int:
    mine = tuple(sorted(scan for scan in scans if scan in wholes))
    # Of what an outer join adds, the documentation says nothing.
    stated = stated and not any(wholes[scan].null_extended for scan in mine)
    body.log.joins.append(KeyJoin(False, stated, mine, keys))
    return len(body.log.joins) - 1


def _wholes(sources: Sequence[Source]) -> dict[int, Source]:
    found = {}
    for source in sources:
        scan = whole_scan(source.relation)
        if scan is not None:
            found[scan] = source
    return found


def _follow_using(body: SelectBody, clause: JoinClause) -> None:
    added = body.sources[clause.before : clause.after]
    if not added:
        return
    right = added[0]
    keys: list[tuple[Side, Side]] = []
    read = []
    for name in clause.using:
        traces = [right.relation.trace(name, ())]
        owner = next((source for source in body.sources[: clause.before] if source.relation.owns(name)), None)
        if owner is not None:
            traces.append(owner.relation.trace(name, ()))
        read.extend(traces)
        sides = [_side(trace) for trace in traces]
        if len(sides) == 2:
            keys.append((sides[0], sides[1]))
    why = ALWAYS
    if len(keys) == len(clause.using) and all(all(pair) for pair in keys):
        why = _using_join(body, clause, keys)
    for trace in read:
        body.consume(trace, why, None)


def _using_join(body: SelectBody, clause: JoinClause, keys: list[tuple[Side, Side]]) -> Why:
    if clause.side in ("LEFT", "RIGHT"):
        optional = _optional(body, clause)
        if optional is None:
            return ALWAYS
        return _outer_join(body, optional, keys, stated=True)
    wholes = _wholes(body.sources)
    scans = {target.scan for pair in keys for side in pair for target in side}
    if clause.side or not scans & wholes.keys():
        return ALWAYS
    return Why(False, None, _inner(body, scans, wholes, keys, stated=True))


def _pair(body: SelectBody, item: exp.Expr) -> _Pair | None:
    """The two sides of `a = b`, of which one is a column at least."""
    node = item
    while isinstance(node, exp.Paren):
        node = node.this
    if not isinstance(node, exp.EQ):
        return None
    sides = (_column(body, node.this), _column(body, node.expression))
    return _Pair(item, sides, (node.this, node.expression)) if any(sides) else None


def _column(body: SelectBody, node: exp.Expr) -> Side:
    while isinstance(node, exp.Paren):
        node = node.this
    if not isinstance(node, exp.Column):
        return ()
    references = inspect(node).references
    return _side(body.trace_parts(references[0].parts)) if len(references) == 1 else ()


def _side(trace: Sequence[object]) -> Side:
    """The candidates, where a name leads to one column of some table."""
    if len(trace) == 1 and isinstance(trace[0], Group):
        return trace[0].targets
    return ()


def _may_be(side: Side, scan: int) -> bool:
    return any(target.scan == scan for target in side)
