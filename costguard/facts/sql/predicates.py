"""Pass: which conditions limit which scan, as predicate JSON on the scan and as rows of `predicates`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlglot import exp

from costguard.facts.sql.condition import (
    ChoiceNode,
    ColumnNode,
    Converter,
    VariableNode,
    columns_in,
    flatten,
    for_scan,
    perhaps_columns_in,
)
from costguard.facts.sql.expression import extent
from costguard.facts.sql.reads import ReadLog
from costguard.facts.sql.reference_reads import reads_by_reference
from costguard.facts.sql.relation import Group, SelectBody, Source, scans_below

Json = Any


class Conjunct(NamedTuple):
    """A condition that limits a scan."""

    scan: int
    condition: Json
    clause: str
    place: tuple[int, int]


def attach_conditions(log: ReadLog, converter: Converter) -> list[Conjunct]:
    """Attach every conjunct of the used bodies to the scans whose columns it names.

    A conjunct counts for a scan when a filter could be pushed down to it: through projections, CTEs and
    set operations, not past a LIMIT, a window function or an aggregate. Plain equality of two tables'
    columns is a join key, not a filter.
    """
    found: list[Conjunct] = []
    for body in log.bodies:
        for condition, clause, only in body.conditions:
            if clause in ("having", "qualify"):
                found.extend(_behind(log, converter, body, condition, clause))
                continue
            # A condition in a correlated subquery does not limit the tables of the query around it.
            limited = [only] if only is not None else body.sources
            allowed = set().union(*(scans_below(source.relation) for source in limited))
            for item in flatten(condition, exp.And):
                found.extend(_conjunct(log, converter, body, item, clause, only, allowed))
    return found


def _behind(
    log: ReadLog, converter: Converter, body: SelectBody, condition: exp.Expr, clause: str
) -> list[Conjunct]:
    """Conjuncts that come after grouping or window functions, and could come before: they name what all rows of a group
    share."""
    found: list[Conjunct] = []
    allowed: set[int] = set().union(*(scans_below(source.relation) for source in body.sources))
    for item in flatten(condition, exp.And):
        if not _is_plain(body, item):
            continue
        converted = converter.convert_behind(item, body)
        columns = columns_in(converted)
        if not columns or (clause == "qualify" and not all(map(body.partitions_by, map(_as_group, columns)))):
            continue
        doubt = "having" if clause == "having" else "window"
        found += attach(log, body, converted, extent(item), clause, None, allowed, doubt)
    return found


def _is_plain(body: SelectBody, item: exp.Expr) -> bool:
    """No aggregates, window functions and queries in it, nor in the output columns that it names."""
    info = body.info_of(item)
    if info.aggregates or info.windows or info.queries:
        return False
    outputs = [body.output_expression(reference.parts[0]) for reference in info.references]
    infos = [body.info_of(output) for output in outputs if output is not None]
    return not any(one.aggregates or one.windows or one.queries for one in infos)


def _as_group(column: ColumnNode) -> Group:
    return Group(column.targets)


def _conjunct(
    log: ReadLog,
    converter: Converter,
    body: SelectBody,
    item: exp.Expr,
    clause: str,
    only: Source | None,
    allowed: set[int],
) -> list[Conjunct]:
    return attach(log, body, converter.convert(item, body), extent(item), clause, only, allowed)


def attach(
    log: ReadLog,
    body: SelectBody,
    converted: Json,
    place: tuple[int, int],
    clause: str,
    only: Source | None,
    allowed: set[int],
    doubt: str = "",
) -> list[Conjunct]:
    """Attach one converted condition to those of the `allowed` scans whose columns it names.

    `doubt`: why it is not documented whether it can prune.
    """
    columns = columns_in(converted)
    if not columns:
        if not _is_constant(converted):
            return []
        # A constant condition (`1 = 0`, `FALSE`) limits every scan of the SELECT.
        scans: dict[int, tuple[int, ...]] = {index: () for index in _direct_scans(body) if only is None}
        for column in perhaps_columns_in(converted):
            scans.update((target.scan, target.via) for target in column.targets if not target.barrier)
    else:
        scans = {}
        for column in columns:
            for target in column.targets:
                if not target.barrier:
                    scans.setdefault(target.scan, target.via)
        if is_join_key(converted):
            _mark_joined_targets(log, scans)
            return []
    scans = {scan: via for scan, via in scans.items() if scan in allowed}
    if not scans:
        return []
    found = []
    optional = _optional_scans(body) if only is None and not _rejects_null(converted) else set()
    for scan, via in scans.items():
        if scan in optional:
            continue
        seen = for_scan(converted, scan)
        unsure = doubt or _doubt(columns, scan)
        if unsure:
            seen = ["maybe", seen, unsure]
        log.scans[scan].conditions.append((via, ["at", list(place), seen]))
        found.append(Conjunct(scan, seen, clause, place))
    return found


def _doubt(columns: list[ColumnNode], scan: int) -> str:
    return next(
        (
            target.doubt
            for column in columns
            for target in column.targets
            if target.scan == scan and target.doubt
        ),
        "",
    )


def _mark_joined_targets(log: ReadLog, scans: Iterable[int]) -> None:
    """The rows that DML changes are looked for by the key of a join, of an UPDATE ... FROM or an EXISTS."""
    for scan in scans:
        if log.scans[scan].role == "target":
            log.scans[scan].joined = True


def _is_constant(converted: Json) -> bool:
    return isinstance(converted, list) and converted[0] in ("bool", "cmp", "not", "and", "or")


def is_join_key(converted: Json) -> bool:
    """An equality of values of different tables, such as `a.day = DATE_ADD(b.day, INTERVAL 364 DAY)`."""
    if not isinstance(converted, list) or converted[0] != "cmp" or converted[1] != "=":
        return False
    sides = [columns_in(converted[2]), columns_in(converted[3])]
    left, right = ({target.scan for column in side for target in column.targets} for side in sides)
    if not left or not right:
        # Nothing but what another relation computes: `a.day = b.newest`, for each key of b.
        return bool(left or right) and any(_is_other(side) for side in converted[2:])
    return not left & right


def _is_other(converted: Json) -> bool:
    return isinstance(converted, list) and converted[0] == "other"


_GIVE_VALUES_FOR_NULL = frozenset({"IFNULL", "COALESCE", "NULLIF", "IF"})


def _rejects_null(converted: Json) -> bool:
    """The condition cannot hold where its columns are NULL: nothing in it makes a value of NULL."""
    if not isinstance(converted, list) or not converted:
        return True
    kind = converted[0]
    if kind in ("and", "or"):
        return all(_rejects_null(item) for item in converted[1])
    if kind == "not":
        # x IS NOT NULL does; under another NOT it is IS NULL
        return _is_null_test(converted[1]) or not _mentions_null(converted[1])
    return not _mentions_null(converted)


def _is_null_test(converted: Json) -> bool:
    if not isinstance(converted, list) or converted[0] != "is_null":
        return False
    return not isinstance(converted[1], (list, VariableNode)) and not _mentions_null(converted[1])


def _mentions_null(converted: Json) -> bool:
    if isinstance(converted, ChoiceNode):
        return any(_mentions_null(value) for value in converted.values)
    if not isinstance(converted, list) or not converted:
        return False
    kind = converted[0]
    if kind in ("is_null", "if") or (kind == "call" and converted[1] in _GIVE_VALUES_FOR_NULL):
        return True
    return any(_mentions_null(item) for item in converted)


def _optional_scans(body: SelectBody) -> set[int]:
    """Scans on the optional side of an outer join: what a join adds has NULL for their columns, so that
    `WHERE t.day IS NULL` asks for the rows that `t` does not have."""
    found: set[int] = set()
    seen: set[int] = set()
    stack: list[object] = [body]
    while stack:
        item = stack.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        for source in getattr(item, "sources", ()):
            if source.null_extended:
                found |= scans_below(source.relation)
            else:
                stack.append(source.relation)
        stack.extend(getattr(item, "branches", ()))
        stack.extend(getattr(item, name) for name in ("body", "inner") if hasattr(item, name))
    return found


def _direct_scans(body: SelectBody) -> list[int]:
    from costguard.facts.sql.relation import Scan

    return [source.relation.index for source in body.sources if isinstance(source.relation, Scan)]


def scan_predicate(log: ReadLog, scan: int, counts: dict[int, int]) -> Json | None:
    """All conditions on a scan as one tree, None when there is none.

    A condition that came through one reference of a CTE holds for that reference only: conditions of all
    its references are combined with OR. When one of them has none they prune nothing; what they say is kept where
    the references read other columns.
    """
    conjuncts: list[Json] = []
    by_reference: dict[int, dict[int, list[Json]]] = {}
    for via, condition in log.scans[scan].conditions:
        if condition[0] == "at" and condition[2] == ["bool", True]:
            continue  # WHERE TRUE limits nothing
        shared = [reference for reference in via if counts.get(log.references[reference], 0) > 1]
        if not shared:
            conjuncts.append(condition)
        elif len(set(shared)) == 1:
            cte = log.references[shared[0]]
            by_reference.setdefault(cte, {}).setdefault(shared[0], []).append(condition)
    for cte, references in by_reference.items():
        numbers = list(references)
        conditions: list[Json] = [["and", items] for items in references.values()]
        if len(references) < counts[cte]:
            numbers += sorted(
                number
                for number in log.used_references
                if log.references[number] == cte and number not in references
            )
            conditions.append(["bool", True])
        paths = reads_by_reference(log, scan, numbers) if len(numbers) > 1 else None
        if paths is not None:
            paths[len(conditions) - 1 :] = [sorted(set().union(*paths[len(conditions) - 1 :]))]
            conjuncts.append(["or", conditions, "REFERENCES", {"paths": paths}])
        elif len(references) == counts[cte]:
            conjuncts.append(["or", conditions])
    if not conjuncts:
        return None
    return ["and", conjuncts]


def limits_rows(condition: Json) -> bool:
    """Some conjunct of a scan's conditions leaves rows out, whichever reference of a CTE asks."""
    return any(item[0] != "or" or ["bool", True] not in item[1] for item in condition[1])


def describe(condition: Json) -> tuple[str | None, str, str, str | None]:
    """(column, form, operator, wrapping function) of a conjunct, for the `predicates` table."""
    operator = {
        "cmp": None,
        "between": "between",
        "in": "in",
        "in_unnest": "in",
        "is_null": "is_null",
        "like": "like",
    }
    kind = condition[0]
    if kind == "or":
        return _first_column(condition), "or", "or", None
    if kind == "maybe":
        return describe(condition[1])
    if kind == "not":
        column, form, inner, wrapped = describe(condition[1])
        return column, form, "is_not_null" if inner == "is_null" else "other", wrapped
    if kind not in operator:
        return _first_column(condition), "other", "other", None
    name = condition[1] if kind == "cmp" else str(operator[kind])
    name = "<>" if name == "!=" else name
    operands = condition[2:] if kind == "cmp" else condition[1:]
    flat = [item for operand in operands for item in (operand if _is_list_of_nodes(operand) else [operand])]
    sides = [_first_column(item) for item in flat]
    column = next((side for side in sides if side is not None), None)
    if column is None:
        return None, "other", name, None
    own = next(item for item, side in zip(flat, sides, strict=True) if side is not None)
    rest = [item for item in flat if item is not own]
    wrapped = own[1] if own[0] == "call" else "CAST" if own[0] == "cast" else None
    if any(_mentions(item, "other") for item in flat) or any(_first_column(item) for item in rest):
        form = "column"
    elif any(_mentions(item, "subquery") for item in rest):
        form = "subquery"
    elif any(_mentions(item, "hole") for item in rest):
        form = "hole"
    elif own[0] == "arith":
        form = "arithmetic"
    elif own[0] != "col":
        form = "function"
    elif any(_mentions(item, "param") or _mentions(item, "var") for item in rest):
        form = "parameter"
    else:
        form = "constant"
    return column, form, name, wrapped


def _is_list_of_nodes(value: Json) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], list)


def _first_column(value: Json) -> str | None:
    if not isinstance(value, list) or not value or value[0] == "var":
        return None
    if value[0] == "col":
        return str(value[1])
    if value[0] == "opaque":
        return str(value[2][0]) if value[2] else None
    for item in value[1:] if isinstance(value[0], str) else value:
        found = _first_column(item)
        if found is not None:
            return found
    return None


def _mentions(value: Json, kind: str) -> bool:
    if not isinstance(value, list) or not value:
        return False
    if value[0] == kind or value[0] == "var":
        return bool(value[0] == kind)
    return any(_mentions(item, kind) for item in value)
