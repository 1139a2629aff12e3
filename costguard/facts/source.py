"""The facts of one source: every SQL text split, parsed and analysed, every Python fact written down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from costguard.extract.script import Leaf, Script, split_script
from costguard.extract.sql import parse_leaf
from costguard.facts.rows import SourceRows, TextPlaces, to_source
from costguard.facts.schema import (
    ArgumentFact,
    CallFact,
    FrameFact,
    LoopFact,
    Query,
    RoutineFact,
    Source,
    UnreadFact,
)
from costguard.facts.sql.analyse import StatementContext, analyse_statement
from costguard.facts.sql.expression import release_tree
from costguard.facts.sql.routines import Routine, routine_of
from costguard.facts.sql.variables import loop_counts, variable_values
from costguard.model import DbtModel, Extraction, Hole, PythonFacts, SqlText, Unread

if TYPE_CHECKING:
    from sqlglot import exp

Rows = dict[str, list[tuple[Any, ...]]]


def facts_of(extraction: Extraction, path: str, size: int, *, is_test: bool) -> Rows:
    """The fact rows of a source, by table. Keys count from 0; the source's own key is 0.

    Raises nothing for any content: what cannot be read becomes a row of `unread`.
    """
    rows = SourceRows(extraction.texts, extraction.kind == "notebook")
    lines = sum(text.count("\n") + 1 for text in extraction.texts if text)
    rows.add("sources", Source(0, path, extraction.kind, size, lines, is_test))
    _add_python(rows, extraction.python)
    scripts = 0
    for text in extraction.sql:
        scripts += _add_sql(rows, text, scripts)
    if extraction.dbt is not None:
        _note_model(rows, extraction.dbt)
    _link_frames(rows)
    for item in extraction.unread:
        _add_unread(rows, item, item.start, item.end)
    return rows.rows


def _add_unread(rows: SourceRows, item: Unread, start: int, end: int) -> None:
    at = rows.place(start, end, item.cell)
    rows.add("unread", UnreadFact(0, at, item.reason, item.detail))


def _add_sql(rows: SourceRows, text: SqlText, number: int) -> int:
    """Analyse one SQL text; returns how many scripts it was (0 or 1)."""
    script = split_script(text.text, text.dialect)
    variables = variable_values(script.variables, text.dialect)
    functions = frozenset(_user_functions(script))
    for item in script.unread:
        start, end = to_source(text.segments, item.start, item.end)
        _add_unread(rows, Unread(item.reason, item.detail, cell=text.cell), start, end)
    routines: dict[str, Routine] = {}
    kept: list[exp.Expr] = []
    for position, leaf in enumerate(script.leaves):
        tree = _add_leaf(rows, text, leaf, position, number, variables, functions, routines)
        if tree is not None:
            kept.append(tree)
    for tree in kept:
        release_tree(tree)
    return 1 if script.is_script else 0


def _user_functions(script: Script) -> list[str]:
    names: list[str] = []
    for leaf in script.leaves:
        words = leaf.text[:200].split("(", 1)[0].split()
        if (
            len(words) > 2
            and words[0].upper() == "CREATE"
            and "FUNCTION" in (word.upper() for word in words[:-1])
        ):
            names.append(words[-1].strip("`").lower())
    return names


def _add_leaf(
    rows: SourceRows,
    text: SqlText,
    leaf: Leaf,
    position: int,
    number: int,
    variables: dict[str, Any],
    functions: frozenset[str],
    routines: dict[str, Routine],
) -> exp.Expr | None:
    """The tree, if the text's other statements may need it: of a function that they may call."""
    places = TextPlaces(rows, text, leaf.start, leaf.segments)
    parsed = parse_leaf(leaf.text, text.dialect, functions)
    if parsed.tree is None:
        if parsed.unread is not None:
            _add_leaf_unread(rows, text, places, parsed.unread, len(leaf.text))
        return None
    context = StatementContext(
        text=_with_leaf_holes(text, leaf),
        statement_text=leaf.text,
        start=leaf.start,
        script=number if leaf.script is not None else None,
        script_position=position,
        in_procedure=leaf.in_procedure,
        loop_depth=leaf.loop_depth,
        loop_turns=leaf.loop_turns,
        in_branch=leaf.in_branch,
        # What EXECUTE IMMEDIATE runs cannot name the variables of the script.
        variables=variables if leaf.kind != "dynamic" else {},
        routines=routines,
        loop_counts=loop_counts(
            leaf.counted_loops, leaf.counted_times, leaf.row_loops, variables, text.dialect
        )
        if leaf.counted_loops or leaf.row_loops
        else None,
        loop_left=leaf.loop_left,
        branch=leaf.branch,
        own_holes=leaf.holes if leaf.segments else None,
    )
    before = {table: len(values) for table, values in rows.rows.items()}
    try:
        analyse_statement(parsed.tree, context, rows, places)
    except RecursionError:
        rows.cut_back(before)
        _add_leaf_unread(rows, text, places, Unread("nested too deep"), len(leaf.text))
    routine = routine_of(parsed.tree, routines)
    if routine is None:
        release_tree(parsed.tree)
        return None
    rows.add("routines", RoutineFact(routine.name, routine.reads_tables, routine.calls))
    routines[routine.name] = routine
    return parsed.tree


def _with_leaf_holes(text: SqlText, leaf: Leaf) -> SqlText:
    """The text with the holes of a dynamic statement, as far as they stand for a place in it."""
    if not leaf.holes:
        return text
    from dataclasses import replace

    holes = list(text.holes)
    for hole in leaf.holes:
        start, end = to_source(leaf.segments, hole.start, hole.end)
        holes.append(Hole(start, max(end, start + 1), hole.kind, hole.name))
    return replace(text, holes=tuple(sorted(holes, key=lambda hole: hole.start)))


def _add_leaf_unread(rows: SourceRows, text: SqlText, places: TextPlaces, item: Unread, length: int) -> None:
    # A message about a position inside the statement is less use than the whole statement marked.
    rows.add("unread", UnreadFact(0, places(0, length), item.reason, item.detail))


def _note_model(rows: SourceRows, model: DbtModel) -> None:
    """The queries of a dbt model's file know what the model becomes."""
    queries = rows.rows.get("queries", [])
    layout = _layout(model)
    queries[:] = [Query(*query)._replace(materialized=model.materialized, layout=layout) for query in queries]


def _layout(model: DbtModel) -> str | None:
    """How a dbt model wants its table, in words; None when it asks for nothing."""
    grain = f" ({model.partition_granularity})" if model.partition_granularity else ""
    wishes = (
        f"partitioned by {model.partition_by}{grain}" if model.partition_by else None,
        f"clustered by {', '.join(model.cluster_by)}" if model.cluster_by else None,
        f"strategy {model.incremental_strategy}" if model.incremental_strategy else None,
        f"unique key {', '.join(model.unique_key)}" if model.unique_key else None,
    )
    return "; ".join(wish for wish in wishes if wish is not None) or None


def _add_python(rows: SourceRows, python: PythonFacts) -> None:
    for number, loop in enumerate(python.loops):
        rows.add(
            "loops",
            LoopFact(
                number,
                0,
                rows.place(loop.start, loop.end, loop.cell),
                loop.kind,
                loop.iterates,
                loop.turns,
                loop.parent,
                loop.depth,
                loop.carries_state,
                loop.parallel,
                loop.target,
                loop.iterable,
            ),
        )
    for number, frame in enumerate(python.frames):
        rows.add(
            "frames",
            FrameFact(
                number,
                0,
                rows.place(frame.start, frame.end, frame.cell),
                frame.name,
                frame.engine,
                frame.origin,
                frame.root_origin,
                frame.origin_text,
                frame.reader,
                frame.parent,
                frame.columns_used,
                frame.columns_requested,
                frame.bounded,
                frame.aggregated,
                frame.joined,
                None,
            ),
        )
    for number, call in enumerate(python.calls):
        rows.add(
            "calls",
            CallFact(
                number,
                0,
                rows.place(call.start, call.end, call.cell),
                call.function,
                call.receiver,
                call.result,
                call.loop,
                call.loop_depth,
                call.scope,
                call.in_branch,
                call.invariant,
                call.callback,
                call.detail,
                call.called_on,
                len(call.arguments),
            ),
        )
        for argument in call.arguments:
            rows.add(
                "arguments",
                ArgumentFact(number, argument.position, argument.name, argument.kind, argument.value),
            )


def _link_frames(rows: SourceRows) -> None:
    """Give each frame the (last) statement whose result it is."""
    frames = rows.rows.get("frames")
    if not frames:
        return
    for query in rows.rows.get("queries", ()):
        frame = query.frame  # type: ignore[attr-defined]
        if frame is not None and 0 <= frame < len(frames):
            frames[frame] = frames[frame]._replace(query=query.query)  # type: ignore[attr-defined]
