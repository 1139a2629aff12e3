"""One parsed statement becomes fact rows: the passes, in their order."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlglot import exp

from costguard.extract.script_leaves import Arm
from costguard.facts.fingerprint import fingerprint, has_gaps, normal_form, shape
from costguard.facts.rows import SourceRows, TextPlaces
from costguard.facts.schema import (
    Aggregate,
    CommonTable,
    Join,
    JoinKey,
    Predicate,
    Query,
    ReadPlan,
    RoutineCall,
    SetOperation,
    Sort,
    SqlFunction,
    ViewText,
    Window,
    Write,
)
from costguard.facts.schema import Scan as ScanRow
from costguard.facts.sql.build import Builder, literal_number
from costguard.facts.sql.calls import aggregates_of, functions_of, windows_of
from costguard.facts.sql.condition import Converter
from costguard.facts.sql.expression import anchor, extent, inspect
from costguard.facts.sql.handed_on import handed_on_scan
from costguard.facts.sql.joins import JoinRow, joins_of
from costguard.facts.sql.merge_conditions import limit_source, limits_of_target
from costguard.facts.sql.predicates import attach_conditions, describe, limits_rows, scan_predicate
from costguard.facts.sql.reads import KeyJoin, Read
from costguard.facts.sql.relation import Body, Scan, SelectBody
from costguard.facts.sql.routines import Routine, foreign_calls
from costguard.facts.sql.sorts import sorts_of
from costguard.facts.sql.statement import Assembled, assemble, follow
from costguard.model import Hole, SqlText

Json = Any

_CLOCK = frozenset(
    {
        "CURRENT_DATE",
        "CURRENT_TIMESTAMP",
        "CURRENT_DATETIME",
        "CURRENT_TIME",
        "RAND",
        "GENERATE_UUID",
        "SESSION_USER",
    }
)
SUFFIX = "_table_suffix"
_JOIN_WORD = re.compile(
    r"(?:\b(?:CROSS|INNER|LEFT|RIGHT|FULL)\s+)?(?:\b(?:OUTER|SEMI|ANTI)\s+)?\bJOIN\b", re.IGNORECASE
)
_JOIN_WORD_REACH = 400
"""So far before the first name of a joined subquery its JOIN is looked for."""
_ORDER_WORD = re.compile(r"ORDER\s+BY\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class StatementContext:
    """Where a statement stands."""

    text: SqlText
    statement_text: str
    start: int
    """Offset of the statement in the SQL text (when it has no segments of its own)."""
    script: int | None
    script_position: int
    in_procedure: bool
    loop_depth: int
    loop_turns: int | None
    in_branch: bool
    variables: Mapping[str, Json]
    """Script variables in lower case, with their DEFAULT as predicate JSON (None when it is not constant)."""
    routines: Mapping[str, Routine] = field(default_factory=dict)
    """The functions that the text defines before it, by name."""
    loop_counts: Json | None = None
    """The loops of the script around it, when their turns follow from constants and the clock
    (`costguard.facts.sql.variables.loop_counts`)."""
    loop_left: bool = False
    """A loop of the script around it may end, or cut a turn short, early."""
    branch: tuple[Arm, ...] = ()
    """The arms of the script that it stands in."""
    own_holes: tuple[Hole, ...] | None = None
    """The holes of a statement that is put together from parts, by their place in it; None: it stands as it is."""


def analyse_statement(tree: exp.Expr, context: StatementContext, rows: SourceRows, places: TextPlaces) -> int:
    """Write the fact rows of one statement; returns the key of its `queries` row.

    Raises:
        RecursionError: when the statement is nested too deep.
    """
    text = context.text
    statement = context.statement_text
    low, high = places.text_range(0, len(statement))
    holes = [hole for hole in text.holes if hole.start < high and hole.end > low]

    def hole_at(start: int, end: int) -> str | None:
        if not holes:
            return None
        first, last = places.text_range(start, end)
        for hole in holes:
            if hole.start < last and hole.end > first:
                return hole.name
        return None

    builder = Builder(lambda start, end: hole_at(start, end) is not None, context.variables, context.routines)
    assembled = assemble(tree, builder)
    # Only a DataFrame may use a part of the result.
    by_column = text.frame is not None and assembled.shows_result
    follow(assembled, by_column=by_column)
    log = builder.log
    converter = Converter(hole_at if holes else None)
    log.tracking_references = log.has_several_references()
    conjuncts = attach_conditions(log, converter)
    target_condition = None
    if assembled.merge is not None:
        conjuncts += limit_source(assembled.merge, log, converter)
        target_condition = limits_of_target(assembled.merge, converter)
    counts = log.reference_counts()

    query = rows.count("queries")
    first_scan = rows.count("scans")
    used = [number for number, entry in enumerate(log.scans) if entry.used]
    keys = {number: first_scan + position for position, number in enumerate(used)}
    joins = joins_of(log, (lambda start, end: hole_at(start, end) is not None) if holes else None)
    functions = functions_of(log)

    passed_on = _passed_on(assembled) if context.script is not None else None  # for loops of the script
    rows_of = keys.get(passed_on) if passed_on is not None else None
    _add_query(rows, places, context, assembled, functions, query, len(used), holes, statement, rows_of)
    handed_on = None
    if len(used) == 1 and assembled.shows_result and _has_limit(assembled.body):
        handed_on = handed_on_scan(assembled.body)
    suffix_readers = {
        scan for read in log.reads.values() for scan, path in read.targets if path.lower() == SUFFIX
    }
    for number in used:
        entry = log.scans[number]
        condition = scan_predicate(log, number, counts)
        condition = _with_places(condition, places) if condition is not None else None
        on_condition = None
        if target_condition is not None and assembled.merge is not None and assembled.merge.target == number:
            on_condition = json.dumps(_with_places(target_condition, places))
        suffix = _suffix(condition) if condition is not None and entry.name.endswith("*") else _NO_SUFFIX
        rows.add(
            "scans",
            ScanRow(
                scan=keys[number],
                query=query,
                at=places(*entry.place),
                table_name=entry.name,
                written_name=_with_braces(entry.name, text, holes) if entry.name_hole else entry.name,
                alias=entry.alias,
                role=entry.role,
                wildcard=entry.name.endswith("*"),
                suffix_filtered=suffix.filtered,
                suffix_mentioned=suffix.mentioned,
                suffix_read=suffix.mentioned
                or (
                    number in suffix_readers
                    and not _only_in_vain(log.uses.get((number, SUFFIX)), suffix.vain)
                ),
                name_hole=entry.name_hole,
                star=entry.star and assembled.shows_result,
                star_at=places(*entry.star_place) if entry.star and entry.star_place else None,
                star_excepts=entry.star_excepts and assembled.shows_result,
                whole_row=entry.whole_row,
                in_subquery=entry.in_subquery,
                filtered=condition is not None and limits_rows(condition),
                never=condition is not None and any(item[-1] == ["bool", False] for item in condition[1]),
                joined=entry.joined,
                handed_on=number == handed_on,
                system_time=entry.system_time,
                sample_percent=entry.sample_percent,
                predicate=json.dumps(condition) if condition is not None else None,
                on_predicate=on_condition,
            ),
        )
    joined = _add_join_keys(rows, query, log.joins, keys)
    _add_reads(rows, places, query, log.reads.values(), keys, joined, by_column)
    for conjunct in conjuncts:
        if conjunct.scan in keys:
            column, form, operator, wrapped = describe(conjunct.condition)
            rows.add(
                "predicates",
                Predicate(
                    query,
                    keys[conjunct.scan],
                    places(*conjunct.place),
                    column,
                    form,
                    operator,
                    wrapped,
                    conjunct.clause,
                ),
            )
    for join in joins:
        rows.add(
            "joins",
            Join(
                query,
                places(*(_join_word(statement, join) if join.follows_word else join.place)),
                join.kind,
                join.condition,
                join.correlated,
                join.left_one_row,
                join.right_one_row,
                join.left_small,
                join.right_small,
                join.left_grouped,
                join.right_grouped,
                join.left_picked,
                join.right_picked,
                join.left,
                join.right,
                keys.get(join.left_scan) if join.left_scan is not None else None,
                keys.get(join.right_scan) if join.right_scan is not None else None,
            ),
        )
    for cte in builder.ctes:
        rows.add(
            "ctes",
            CommonTable(query, places(*cte.place), cte.name, counts.get(cte.index, 0), cte.recursive),
        )
    for sort in sorts_of(log, assembled.kind):
        start, end = sort.place
        word = _ORDER_WORD.search(statement, max(0, start - 40), start)
        rows.add(
            "sorts",
            Sort(
                query,
                places(word.start() if word else start, end),
                sort.where,
                sort.has_limit,
                sort.keys,
                sort.taken_by,
            ),
        )
    for window in windows_of(log):
        rows.add(
            "windows",
            Window(
                query,
                places(*window.place),
                window.function,
                window.partition_keys,
                window.order_keys,
                window.constant_keys,
            ),
        )
    for aggregate in aggregates_of(log):
        rows.add(
            "aggregates",
            Aggregate(
                query,
                places(*aggregate.place),
                aggregate.function,
                aggregate.distinct,
                keys.get(aggregate.scan) if aggregate.scan is not None else None,
                aggregate.column,
                aggregate.column_uses,
                aggregate.null_extended,
            ),
        )
    for node, branches in builder.set_operations:
        rows.add(
            "set_operations",
            SetOperation(
                query,
                places(*anchor(node.expression)),
                type(node).__name__.lower(),
                bool(node.args.get("distinct")),
                branches,
            ),
        )
    for function in functions:
        rows.add("functions", SqlFunction(query, places(*function.place), function.function, function.clause))
    for name in foreign_calls(
        (function.routine for function in functions if function.routine), context.routines
    ):
        rows.add("routine_calls", RoutineCall(query, name))
    for write in assembled.writes:
        rows.add(
            "writes",
            Write(
                query,
                places(*write.place) if write.place[0] >= 0 else places(0, len(statement)),
                write.kind,
                write.name,
                keys.get(write.scan) if write.scan is not None else None,
                write.insert_only,
                write.constant_false,
                write.temporary,
                write.partitioned,
                write.clustered,
                write.model_type,
                write.by_source,
                write.replaces,
            ),
        )
    if context.script is not None and assembled.kind == "CREATE VIEW" and isinstance(tree.this, exp.Table):
        rows.add("view_texts", ViewText(query, statement))
    builder.release()
    return query


def _add_query(
    rows: SourceRows,
    places: TextPlaces,
    context: StatementContext,
    assembled: Assembled,
    functions: list[Any],
    query: int,
    scan_count: int,
    holes: list[Any],
    statement: str,
    rows_of: int | None,
) -> None:
    text = context.text
    outermost = assembled.outermost
    limit = outermost.args.get("limit") if outermost is not None else None
    low, _ = places.text_range(0, 0)
    if context.own_holes is not None:
        marks = sorted((hole.start, hole.end, hole.kind) for hole in context.own_holes)
    else:
        marks = sorted((hole.start - low, hole.end - low, hole.kind) for hole in holes)
    spans = [(start, end) for start, end, _ in marks]
    form = normal_form(statement, marks)
    call_at = None
    if text.call_start is not None and text.call_end is not None:
        call_cell = text.call_cell if text.call_cell is not None else text.cell
        call_at = rows.place(text.call_start, text.call_end, call_cell)
    rows.add(
        "queries",
        Query(
            query=query,
            source=0,
            at=places(0, len(statement)),
            call_at=call_at,
            via=text.via,
            statement=assembled.kind,
            script=context.script,
            script_position=context.script_position,
            in_procedure=context.in_procedure,
            loop=text.loop,
            loop_depth=context.loop_depth + text.loop_depth,
            loop_turns=_turns(context, text),
            in_branch=context.in_branch or text.in_branch,
            variant=text.variant,
            rendering=text.rendering,
            holes=len(holes),
            value_holes=sum(hole.kind in ("literal", "list") for hole in holes),
            table_holes=sum(hole.kind == "name" for hole in holes),
            fingerprint=fingerprint(form),
            shape=shape(form),
            pattern=form if has_gaps(form) else None,
            frame=text.frame,
            destination=text.destination,
            saved=text.saved,
            materialises=text.materialises,
            bytes_cap=text.bytes_cap,
            labelled=text.labelled,
            dry_run=text.dry_run,
            has_filter=outermost is not None and outermost.args.get("where") is not None,
            has_aggregate=_is_aggregated(assembled),
            has_order=outermost is not None and outermost.args.get("order") is not None,
            limit=_limit_rows(limit, spans) if limit is not None else None,
            has_limit=limit is not None,
            limit_at=places(*_limit_place(limit, statement)) if limit is not None else None,
            time_dependent=any(function.function in _CLOCK for function in functions),
            scan_count=scan_count,
            dialect=None if text.dialect == "bigquery" else text.dialect or "another database",
            read_from=text.read_from,
            loop_counts=_loop_counts(context, text),
            loop_left=context.loop_left,
            branch=_branch(context, text),
            includes=text.includes or None,
            rows_of=rows_of,
        ),
    )


def _add_reads(
    rows: SourceRows,
    places: TextPlaces,
    query: int,
    reads: Iterable[Read],
    keys: Mapping[int, int],
    joined: Sequence[int | None],
    by_column: bool,
) -> None:
    """The read plans. Unless `by_column`, nobody asks whether a read is for the result: each is written once."""
    for read in reads if by_column else _each_once(reads):
        if len(read.targets) == 1:  # nearly always
            scan, path = read.targets[0]
            if scan not in keys:
                continue
            scans: tuple[int, ...] = (keys[scan],)
            paths = None
        else:
            targets = [target for target in read.targets if target[0] in keys]
            if not targets:
                continue
            path = targets[0][1]
            scans = tuple(keys[scan] for scan, _ in targets)
            paths = tuple(path for _, path in targets)
        rows.add(
            "read_plans",
            ReadPlan(
                query,
                scans,
                path,
                read.kind,
                read.excepted,
                places(*read.place) if read.place else None,
                by_column and read.why.output,
                read.why.column or None,
                paths if paths is not None and len(set(paths)) > 1 else None,
                joined[read.why.join] if read.why.join is not None else None,
                read.variable,
            ),
        )


def _each_once(reads: Iterable[Read]) -> Iterable[Read]:
    """Reads that differ only in what they are for, as one; with a place, if one of them has any. Those for joins only,
    as one for each join."""
    found: dict[tuple[object, ...], list[Read]] = {}
    for read in reads:
        same = found.setdefault((read.targets, read.kind, read.excepted, read.variable), [])
        if same:
            first = same[0]
            if first.place is None:
                first.place = read.place
            if first.why.join is None:
                continue
            if read.why.join is None:
                first.why = read.why
                del same[1:]
                continue
            if any(other.why.join == read.why.join for other in same):
                continue
        same.append(read)
    return [read for same in found.values() for read in same]


def _add_join_keys(
    rows: SourceRows, query: int, joins: Sequence[KeyJoin], keys: Mapping[int, int]
) -> list[int | None]:
    """The joins that declared keys may eliminate; gives the first row of each."""
    found: list[int | None] = []
    for join in joins:
        scans = {target.scan for pair in join.keys for side in pair for target in side}
        if not join.keys or not scans.union(join.whole) <= keys.keys():
            found.append(None)
            continue
        first = rows.count("join_keys")
        for one, other in join.keys:
            rows.add(
                "join_keys",
                JoinKey(
                    query,
                    first,
                    "outer" if join.outer else "inner",
                    join.stated,
                    tuple(keys[scan] for scan in join.whole),
                    tuple(keys[target.scan] for target in one),
                    tuple(target.path for target in one),
                    tuple(keys[target.scan] for target in other),
                    tuple(target.path for target in other),
                ),
            )
        found.append(first)
    return found


def _turns(context: StatementContext, text: SqlText) -> int | None:
    """Product of the turns of the loops in the script and in the code around it."""
    if (context.loop_depth and context.loop_turns is None) or (text.loop_depth and text.loop_turns is None):
        return None
    if not context.loop_depth and not text.loop_depth:
        return None
    script = context.loop_turns if context.loop_turns is not None else 1
    return script * (text.loop_turns if text.loop_turns is not None else 1)


def _loop_counts(context: StatementContext, text: SqlText) -> str | None:
    """The same for loops that are yet to be counted."""
    if context.loop_counts is None or (text.loop_depth and text.loop_turns is None):
        return None
    times = context.loop_counts["times"] * (text.loop_turns if text.loop_turns is not None else 1)
    return json.dumps({**context.loop_counts, "times": times})


def _is_aggregated(assembled: Assembled) -> bool:
    node = assembled.outermost
    if node is None:
        return False
    if node.args.get("group") is not None or node.args.get("distinct") is not None:
        return True
    if not isinstance(node, exp.Select):
        return False
    body = select_body(assembled)
    for item in node.expressions:
        expression = item.this if isinstance(item, exp.Alias) else item
        info = body.known_info(expression) if body is not None else None
        if (info or inspect(item)).aggregates:
            return True
    return False


def _branch(context: StatementContext, text: SqlText) -> str | None:
    """The arms around the statement: that of its text first, then those of its script."""
    arms: list[tuple[int | str, str]] = [*context.branch]
    if text.choice is not None:
        arms.insert(0, (f"text {text.choice[0]}", text.choice[1]))
    return json.dumps(arms) if arms else None


_CHANGES_ROWS = ("joins", "laterals", "where", "group", "having", "qualify", "distinct", "offset")


def _passed_on(assembled: Assembled) -> int | None:
    """The number of the scan of which the statement's result has every row once, LIMIT aside."""
    node, body = assembled.outermost, select_body(assembled)
    if not isinstance(node, exp.Select) or body is None or len(body.sources) != 1:
        return None
    relation = body.sources[0].relation
    if not isinstance(relation, Scan) or any(node.args.get(name) for name in _CHANGES_ROWS):
        return None
    if body.log.scans[relation.index].sample_percent is not None or _is_aggregated(assembled):
        return None
    return relation.index


def _limit_rows(limit: exp.Expr, holes: list[tuple[int, int]]) -> int | None:
    """The number of a LIMIT, unless it stands for something unknown."""
    start, end = extent(limit)
    if any(low < end and high > start for low, high in holes):
        return None
    return literal_number(limit.args.get("expression"))


def _has_limit(body: Body | None) -> bool:
    return isinstance(body, SelectBody) and body.node is not None and body.node.args.get("limit") is not None


def _limit_place(limit: exp.Expr, statement: str) -> tuple[int, int]:
    start, end = extent(limit)
    if start < 0:
        return 0, 0
    word = statement.upper().rfind("LIMIT", 0, start)
    return (word, end) if word >= 0 and start - word < 20 else (start, end)


def _join_word(statement: str, join: JoinRow) -> tuple[int, int]:
    """The JOIN, or the comma, before a joined subquery."""
    start, end = join.place
    low = max(0, start - _JOIN_WORD_REACH)
    if join.kind == "comma":
        comma = statement.rfind(",", low, start)
        return (comma, comma + 1) if comma >= 0 else (start, end)
    words = list(_JOIN_WORD.finditer(statement, low, start))
    return words[-1].span() if words else (start, end)


def _with_braces(name: str, text: SqlText, holes: Sequence[Hole]) -> str:
    """A name with the expressions that are to fill its unknown parts instead of their stand-ins."""
    for hole in sorted(holes, key=lambda hole: hole.start - hole.end):  # the longest stand-in first
        expression = " ".join(hole.name.split())
        if len(expression) > _LONGEST_EXPRESSION:
            expression = expression[: _LONGEST_EXPRESSION - 3] + "..."
        name = name.replace(text.text[hole.start : hole.end], f"{{{expression}}}")
    return name


_LONGEST_EXPRESSION = 40


def _with_places(condition: Json, places: Callable[[int, int], int]) -> Json:
    """`["at", [start, end], x]` with a location key instead of offsets."""
    if not isinstance(condition, list) or not condition:
        return condition
    if condition[0] == "at":
        start, end = condition[1]
        return ["at", places(start, end), _with_places(condition[2], places)]
    if condition[0] in ("and", "or"):
        return [condition[0], [_with_places(item, places) for item in condition[1]], *condition[2:]]
    if condition[0] == "maybe":
        return ["maybe", _with_places(condition[1], places), condition[2]]
    return condition


class _Suffix(NamedTuple):
    """What the conditions on a wildcard say of _TABLE_SUFFIX."""

    filtered: bool
    """A constant condition limits it."""
    mentioned: bool
    """Any condition that may be false mentions it."""
    vain: int
    """So many conditions ask whether it is NULL, which it never is."""


_NO_SUFFIX = _Suffix(False, False, 0)


def _only_in_vain(uses: set[tuple[int, int]] | None, vain: int) -> bool:
    return bool(vain) and uses is not None and len(uses) <= vain


def _suffix(condition: Json) -> _Suffix:
    filtered = mentioned = False
    vain = 0
    for item in condition[1] if condition[0] == "and" else [condition]:
        if not limits_rows(["and", [item]]):
            continue
        inner = item[2] if item[0] == "at" else item
        if inner == ["not", ["is_null", ["col", SUFFIX]]]:
            vain += 1
        elif _mentions_suffix(inner):
            mentioned = True
            column, form, _, _ = describe(inner)
            if form not in ("column", "subquery", "other") or (form == "other" and column is not None):
                filtered = True
    return _Suffix(filtered, mentioned, vain)


def _mentions_suffix(value: Json) -> bool:
    if not isinstance(value, list) or not value:
        return False
    if value[0] == "col":
        return str(value[1]).lower() == SUFFIX
    return any(_mentions_suffix(item) for item in value)


def select_body(assembled: Assembled) -> SelectBody | None:
    """The outermost SELECT's body, when it is one."""
    return assembled.body if isinstance(assembled.body, SelectBody) else None
