"""Makes SQL texts of the places where SQL runs."""

from __future__ import annotations

import ast
import re
from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import replace

from costguard.extract.python_alternatives import Spelled, first_parts, spell_out, without_optional
from costguard.extract.python_calls import POSSIBLE, STATEMENT, Candidate, SinkUse, leading_text
from costguard.extract.python_clients import QUERY_METHODS
from costguard.extract.python_dialects import GENERIC, ModuleDialect
from costguard.extract.python_files import SQL_FILES
from costguard.extract.python_flow import ModuleFlow
from costguard.extract.python_formatting import fill_placeholders
from costguard.extract.python_holes import FilledText, fill_gaps
from costguard.extract.python_jobs import job_settings
from costguard.extract.python_loops import LoopIndex, LoopPlace, nested
from costguard.extract.python_results import ResultUses
from costguard.extract.python_sinks import Sink
from costguard.extract.python_source import SourceMap
from costguard.extract.python_statements import is_statement
from costguard.extract.python_values import (
    ChoiceValue,
    ListValue,
    ObjectValue,
    Piece,
    StringValue,
    UnknownValue,
    Value,
)
from costguard.extract.python_wrappers import Site, Wrappers
from costguard.model import Frame, PythonFacts, SqlText, Unread

RUN_TIME = "SQL built at run time"
_INCLUDE = re.compile(r"\{%-?\s*include\s+['\"]([^'\"]+)['\"]\s*-?%\}")
_COUNTED = ("bigquery", "spark", GENERIC)
"""Dialects whose queries are missed when they cannot be read; those of other databases cost nothing here."""


class SiteCollector:
    """Collects the SQL texts of one module, surest first, so that no string counts twice."""

    def __init__(self, flow: ModuleFlow, tree: ast.Module, source: SourceMap, facts: PythonFacts) -> None:
        self._flow = flow
        self._source = source
        self._frames = facts.frames
        self._loops = LoopIndex(facts)
        self._results = ResultUses(tree)
        self._dialects = ModuleDialect(tree, source.text)
        self._wrappers = Wrappers(flow)
        self._written: set[int] = set(flow.notes.elsewhere)
        """Offsets at which text of a collected query is written."""
        self._sorted = sorted(self._written)
        self._pieces: set[tuple[Piece, ...]] = set()
        self._choices: dict[tuple[object, ...], int] = {}
        """Numbers of the groups of texts that exclude each other."""
        self.sql: list[SqlText] = []
        self.unread: list[Unread] = []

    def collect(self) -> None:
        """Fills `sql` and `unread`."""
        ordinary = [use for use in self._flow.notes.uses if not _is_last_resort(use)]
        for use in ordinary:
            for site in self._wrappers.sites(use):
                self._add(site)
        for use in self._flow.notes.uses:
            if _is_last_resort(use):
                for site in self._wrappers.sites(use):
                    if not self._known(site.value):
                        self._add(site)
        for candidate in self._flow.notes.candidates:
            self._add_candidate(candidate)
        self.sql.sort(key=_order)
        self.unread.sort(key=lambda unread: (unread.start, unread.end))

    def _known(self, value: Value) -> bool:
        """True when a collected query holds this string."""
        if not isinstance(value, StringValue):
            return False
        return value.pieces in self._pieces or any(
            piece.start in self._written for piece in value.pieces if piece.verbatim and len(piece.text) > 10
        )

    def _add(self, site: Site) -> None:
        value = site.value
        if isinstance(value, ListValue):
            for element in value.elements:
                self._add(replace(site, value=element))
            return
        if isinstance(value, ObjectValue) and value.positional:
            self._add(replace(site, value=value.positional[0]))
            return
        if isinstance(value, ChoiceValue):
            self._add(replace(site, value=value.values[0]))
            return
        if isinstance(value, StringValue):
            value = self._included(value)
        if not isinstance(value, StringValue):
            self._not_known(site, value.expression if isinstance(value, UnknownValue) else "")
            return
        priced = self._dialect(site.use) == "bigquery"
        texts = spell_out(value.pieces) if priced else [Spelled(first_parts(value.pieces))]
        count = len(self.sql)
        for text in texts:
            variant = site.variant
            if text.arm:
                choice = ".".join(map(str, text.arm))
                variant = f"{variant}.{choice}" if variant else f"choice {choice}"
            self._add_text(
                replace(
                    site,
                    variant=variant,
                    in_branch=site.in_branch or bool(text.arm),
                    loops=site.loops | text.loops,
                    times=site.times * text.times,
                    turn=(*site.turn, *text.turn),
                    arm=(*site.arm, *text.arm),
                ),
                StringValue(text.pieces, value.file),
            )
        if len(self.sql) > count:
            self._pieces.add(value.pieces)

    def _add_text(self, site: Site, value: StringValue) -> None:
        """A text, and that without the clauses that only stand in it if a condition holds."""
        bare = without_optional(value.pieces)
        if bare is None:
            self._add_one(site, value)
            return
        use = site.use
        dialect = self._dialect(use)
        if not is_statement(fill_gaps(fill_placeholders(bare)).text, dialect):
            self._add_one(site, value)
            return
        for number, (name, pieces) in enumerate((("with", value.pieces), ("without", bare)), start=1):
            variant = ", ".join(filter(None, (site.variant, f"{name} optional clauses")))
            arm = (*site.arm, number)
            self._add_one(
                replace(site, variant=variant, in_branch=True, arm=arm), StringValue(pieces, value.file)
            )

    def _dialect(self, use: SinkUse) -> str:
        if use.sink is POSSIBLE:
            return self._dialects.of_text(use.call)
        return self._dialects.of(use.sink, use.call, self._flow.evaluator, use.scope)

    def _add_one(self, site: Site, value: StringValue) -> None:
        use = site.use
        dialect = self._dialect(use)
        pieces = fill_placeholders(value.pieces)
        text = leading_text(StringValue(pieces)) or ""
        if not any(piece.text.strip() for piece in pieces if not piece.expression):
            self._not_known(site, pieces[0].expression if pieces else "")
            return
        if not STATEMENT.match(text):
            if _is_name(text, use.sink) or not use.sink.counted:
                return  # A table name given to read_gbq, a filter of another database: no SQL.
            if text.strip().endswith(SQL_FILES):
                self._not_known(site, text.strip())
                return
            if text.lstrip().startswith("{gap}"):
                self._not_known(site, "".join(p.expression or p.text for p in pieces)[:80])
                return
            if not use.sink.certain:
                return
        filled = fill_gaps(pieces)
        if use.sink is POSSIBLE and not is_statement(filled.text, dialect):
            return
        self._note(value)
        self.sql.append(self._text(site, value, filled, dialect))

    def _included(self, value: StringValue) -> StringValue:
        """The text of the file that Airflow reads when it is given a path or an `include`."""
        text = "".join(piece.text for piece in value.pieces).strip()
        include = _INCLUDE.fullmatch(text)
        path = include.group(1) if include else text
        if len(text) > 300 or not path.endswith(SQL_FILES) or any(piece.expression for piece in value.pieces):
            return value
        found = self._flow.files.read(path, beside_module=False)
        if found is None:
            return value
        name, content = found
        place = Piece(content, value.pieces[0].start, value.pieces[-1].end, verbatim=False)
        return StringValue((place,), name)

    def _note(self, value: StringValue) -> None:
        self._pieces.add(value.pieces)
        for piece in value.pieces:
            if not piece.expression and piece.start not in self._written:
                self._written.add(piece.start)
                insort(self._sorted, piece.start)

    def _is_written(self, start: int, end: int) -> bool:
        """True when a collected query has text that is written in a stretch of the source."""
        index = bisect_left(self._sorted, start)
        return index < len(self._sorted) and self._sorted[index] < end

    def _text(self, site: Site, value: StringValue, filled: FilledText, dialect: str) -> SqlText:
        use = site.use
        start, end = self._source.start(site.call), self._source.end(site.call)
        settings = job_settings(use.sink, use.call, self._flow.evaluator, use.scope)
        materialises, variable = use.sink.materialises, None
        for call in reversed(site.calls):
            brought, variable, returned = self._results.look(call)
            materialises = materialises or brought
            if not returned:
                break
        place = LoopPlace()
        for call in reversed(site.calls):
            place = nested(self._loops.place(self._source.start(call), site.loops), place)
        if site.every and place.loop is not None and self._loops.turns_of(place.loop) == site.every:
            place = self._loops.outside(place)
        for call in self._wrappers.only_calls(site):
            place = nested(self._loops.place(self._source.start(call), site.loops), place)
        if site.times > 1:
            turns = 1 if place.loop is None else place.turns
            place = replace(place, turns=None if turns is None else turns * site.times)
        return SqlText(
            text=filled.text,
            via=_via(use, dialect),
            segments=filled.segments,
            holes=filled.holes,
            call_start=start,
            call_end=end,
            dialect=dialect,
            variant=site.variant,
            choice=self._choice(site, place),
            loop=place.loop,
            loop_depth=place.depth,
            loop_turns=place.turns,
            in_branch=site.in_branch,
            frame=enclosing_frame(self._frames, start, end),
            destination=settings.destination or (variable if _gives_result(use) else None),
            saved=settings.destination is not None,
            bytes_cap=settings.bytes_cap if dialect == "bigquery" else None,
            labelled=settings.labelled if dialect == "bigquery" else None,
            dry_run=settings.dry_run,
            materialises=materialises,
            parameters=settings.parameters,
            read_from=value.file,
        )

    def _choice(self, site: Site, place: LoopPlace) -> tuple[int, str] | None:
        """The group of texts that exclude each other, and which one it is; None where several of them may run.

        Several may run in a loop whose turns are not known, and where the function is called repeatedly.
        """
        runs = self._wrappers.runs_of(site) if site.arm else None
        if runs is None:
            return None
        for around in (place, *(self._loops.place(self._source.start(call), site.loops) for call in runs)):
            if around.loop is not None and around.turns is None:
                return None
        key = (tuple(self._source.start(call) for call in site.calls), site.use.sink.api, site.turn)
        number = self._choices.setdefault(key, len(self._choices))
        return number, ".".join(map(str, site.arm))

    def _not_known(self, site: Site, detail: str) -> None:
        use = site.use
        if not use.sink.counted:
            return
        if self._dialects.of(use.sink, use.call, self._flow.evaluator, use.scope) not in _COUNTED:
            return
        start, end = self._source.start(site.call), self._source.end(site.call)
        expression = detail or " ".join(self._source.segment(site.call).split())[:80]
        unread = Unread(RUN_TIME, expression, start, end)
        if unread not in self.unread:
            self.unread.append(unread)

    def _add_candidate(self, candidate: Candidate) -> None:
        value = candidate.value
        if isinstance(value, ChoiceValue):
            value = next((member for member in value.values if isinstance(member, StringValue)), value)
        if not isinstance(value, StringValue):
            return
        if self._is_written(candidate.start, candidate.end):
            return
        dialect = self._dialects.of_text()
        filled = fill_gaps(fill_placeholders(value.pieces))
        if not is_statement(filled.text, dialect):
            return
        self._note(value)
        place = self._loops.place(candidate.start)
        self.sql.append(
            SqlText(
                text=filled.text,
                via="string",
                segments=filled.segments,
                holes=filled.holes,
                dialect=dialect,
                loop=place.loop,
                loop_depth=place.depth,
                loop_turns=place.turns,
                in_branch=candidate.in_branch,
                read_from=value.file,
            )
        )


def _via(use: SinkUse, dialect: str) -> str:
    """The API that runs the SQL; an unknown `x.query(...)` in a module about BigQuery is the client's."""
    name = use.sink.api.removeprefix("?.")
    method = name.rsplit(".", 1)[-1]
    if not use.sink.certain and dialect == "bigquery" and method in ("query", "query_and_wait"):
        return f"google.cloud.bigquery.Client.{method}"
    return name


def _gives_result(use: SinkUse) -> bool:
    """False for what only describes a job (an operator, a pipeline component) and for unknown functions."""
    return use.sink is not POSSIBLE and not use.sink.api.endswith(("Operator", "Op", "ExampleGen"))


def _is_last_resort(use: SinkUse) -> bool:
    """Uses that only count when the string reaches no real query call."""
    return use.sink is POSSIBLE or use.sink.api == "sqlalchemy.text"


def _is_name(text: str, sink: Sink) -> bool:
    """True for a table name: one word, dotted perhaps. A client's `query` takes none, so `{a}{b}` is unknown SQL."""
    if len(text.split()) != 1 or text.strip().endswith(SQL_FILES) or text.strip() == "{gap}":
        return False
    return "{gap}" not in text or sink.api.rsplit(".", 1)[-1] not in QUERY_METHODS


def _order(sql: SqlText) -> tuple[int, int, str]:
    first = sql.call_start
    if first is None:
        first = sql.segments[0].source_start if sql.segments else 0
    return first, sql.segments[0].source_start if sql.segments else 0, sql.variant or ""


def enclosing_frame(frames: Sequence[Frame], start: int, end: int) -> int | None:
    """The frame that the result of a call becomes: of `client.query(...).to_dataframe()` the data frame.

    That is the smallest one around the call, or the first one derived from it in the same expression that is
    not itself a job or an iterator of rows.
    """
    around = [index for index, frame in enumerate(frames) if frame.start <= start and end <= frame.end]
    if not around:
        return None
    around.sort(key=lambda index: frames[index].end - frames[index].start)
    smallest = around[0]
    derived = {smallest}
    for index in around:
        if index in derived or frames[index].parent in derived:
            derived.add(index)
            if frames[index].engine != "bigquery":
                return index
    return smallest
