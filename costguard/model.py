"""The nouns that every stage shares. Nothing here imports a third-party library.

A *source* is a text with a path (a file, or one cell of a notebook). A *SQL text* is SQL that was found
in a source, with a map back to the characters it came from. *Python facts* and *SQL facts* are rows of
the tables declared in `costguard.facts.schema`.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Final, Literal

SourceKind = Literal["sql", "python", "notebook", "template"]
DIALECTS: Final = (
    "bigquery",
    "spark",
    "databricks",
    "duckdb",
    "postgres",
    "snowflake",
    "trino",
    "mysql",
    "redshift",
    "sqlite",
)
"""The SQL that is read, by sqlglot's names, which are dbt's too; only BigQuery's has prices."""

HoleKind = Literal["name", "literal", "list", "condition", "clause", "unknown"]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a file. Lines and columns are 1-based; the end column is exclusive."""

    start_line: int
    start_column: int
    end_line: int
    end_column: int
    cell: int | None = None
    """1-based number of the notebook cell; lines then count within the cell."""


class LineIndex:
    """Turns character offsets of one text into 1-based lines and columns."""

    __slots__ = ("_length", "_starts")

    def __init__(self, text: str) -> None:
        starts = [0]
        position = text.find("\n")
        while position != -1:
            starts.append(position + 1)
            position = text.find("\n", position + 1)
        self._starts = starts
        self._length = len(text)

    def position(self, offset: int) -> tuple[int, int]:
        """The 1-based (line, column) of a character offset; offsets outside the text are clamped."""
        offset = min(max(offset, 0), self._length)
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def range(self, start: int, end: int) -> tuple[int, int, int, int]:
        """The positions of two offsets: (line, column, line, column). Most ranges lie in one line."""
        starts, length = self._starts, self._length
        start = 0 if start < 0 else min(start, length)
        end = 0 if end < 0 else min(end, length)
        line = end_line = bisect_right(starts, start)
        first = last = starts[line - 1]
        if end < first or (line < len(starts) and end >= starts[line]):
            end_line = bisect_right(starts, end)
            last = starts[end_line - 1]
        return line, start - first + 1, end_line, end - last + 1

    def span(self, start: int, end: int, cell: int | None = None) -> Span:
        """The span of `text[start:end]`."""
        start_line, start_column = self.position(start)
        end_line, end_column = self.position(max(start, end))
        return Span(start_line, start_column, end_line, end_column, cell)


@dataclass(frozen=True, slots=True)
class Segment:
    """`text[start:end]` of a SQL text stands for `source[source_start:source_end]`.

    `verbatim` segments hold the same characters on both sides, so an offset inside maps one to one;
    any other segment (an escape, a hole, rendered template output) maps to its whole source range.
    """

    start: int
    end: int
    source_start: int
    source_end: int
    verbatim: bool = True


@dataclass(frozen=True, slots=True)
class Hole:
    """An unknown part of a SQL text, filled with a stand-in that parses.

    `text[start:end]` is the stand-in, `name` the source expression that would fill it.
    """

    start: int
    end: int
    kind: HoleKind
    name: str


@dataclass(frozen=True, slots=True)
class SqlText:
    """SQL found somewhere in a source: one or more statements, not yet split or parsed."""

    text: str
    via: str
    """`file`, `magic`, `dbt`, `template`, `string`, or the resolved API, such as
    `google.cloud.bigquery.Client.query`."""
    segments: tuple[Segment, ...] = ()
    """Sorted by `start`, not overlapping. Empty: the text is the source, character for character."""
    holes: tuple[Hole, ...] = ()
    cell: int | None = None
    call_start: int | None = None
    """Offset in the source of the call that runs the SQL (else None): where a finding about the call points."""
    call_end: int | None = None
    dialect: str = "bigquery"
    variant: str | None = None
    """Which branch of a template this is (`incremental`, `full-refresh`), or which of the texts that code runs by a
    condition (`choice 1`, `without optional clauses`); None when there is one only."""
    choice: tuple[int, str] | None = None
    """(number of a group within the source, which text) of texts of a call that exclude each other."""
    rendering: str | None = None
    """How template output was had: `manifest`, `render`, `strip`; None for plain SQL."""
    loop: int | None = None
    """Index of the innermost enclosing loop in `PythonFacts.loops` of the same source."""
    loop_depth: int = 0
    loop_turns: int | None = None
    """Product of the known turn counts of the enclosing loops; None when one is unknown or there is none."""
    in_branch: bool = False
    frame: int | None = None
    """Index in `PythonFacts.frames` of the DataFrame that the result becomes."""
    destination: str | None = None
    """Variable or table that takes the result, as written."""
    saved: bool = False
    """It is a table: the job has a destination."""
    bytes_cap: bool | None = None
    """True: `maximum_bytes_billed` is set. False: surely not. None: unknown or does not apply."""
    labelled: bool | None = None
    dry_run: bool = False
    materialises: bool = False
    """True when the whole result is brought to the client (`to_dataframe`, `read_gbq`, `%%bigquery df`)."""
    parameters: tuple[tuple[str, str], ...] = ()
    """Named query parameters with a default or constant value: (name, GoogleSQL literal)."""
    read_from: str | None = None
    """Path of the repository file the text was read from (`open("q.sql").read()`); that file is a source of its own."""
    includes: tuple[str, ...] = ()
    """Files that a template puts into the text, as counted from its folder; they are sources of their own."""
    call_cell: int | None = None
    """Cell of the call when it is not `cell`: `call_start` and `call_end` then count in this cell's text."""


@dataclass(frozen=True, slots=True)
class Unread:
    """Something that could not be read, and why: counted and shown, never silently clean."""

    reason: str
    """A short category, the same for the same cause: counted and ranked. Details go to `detail`."""
    detail: str = ""
    start: int = 0
    end: int = 0
    """Character offsets in the source (in the cell's text when `cell` is set)."""
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop of Python code."""

    start: int
    end: int
    kind: str
    """`for`, `while`, `comprehension`, `callback` (apply, map and the like)."""
    iterates: str
    """What it runs over: `range`, `literal`, `iterrows`, `rows`, `unique`, `groupby`, `query`, `epochs`,
    `folds`, `other`."""
    turns: int | None
    """Number of turns when it is written in the code, else None."""
    parent: int | None
    """Index of the enclosing loop in the same source."""
    depth: int
    """1 for an outermost loop."""
    carries_state: bool
    """True when a turn uses a value that an earlier turn computed (or this cannot be excluded)."""
    parallel: bool
    """True when turns already run side by side (joblib, ray, dask, a pool, a Spark UDF)."""
    target: str = ""
    """The loop variable(s), as written."""
    iterable: str = ""
    """The iterable, as written, shortened to 80 characters."""
    cell: int | None = None
    once_start: int = 0
    once_end: int = 0
    """The stretch inside it that runs once, before the first turn: the iterable. Empty when there is none."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a call."""

    position: int | None
    name: str | None
    kind: str
    """`string`, `number`, `boolean`, `none`, `list`, `dict`, `lambda`, `function`, `name`, `call`, `other`."""
    value: str
    """The source text, shortened to 120 characters; string literals without their quotes."""


@dataclass(frozen=True, slots=True)
class Call:
    """A Python call whose name could be resolved to a library that matters."""

    start: int
    end: int
    function: str
    """Resolved dotted name: `pandas.DataFrame.apply`, `google.cloud.bigquery.Client.query`."""
    receiver: int | None
    """Index of the DataFrame it is called on, in `PythonFacts.frames`."""
    result: int | None
    """Index of the DataFrame it returns, in `PythonFacts.frames`."""
    loop: int | None
    loop_depth: int
    scope: str
    """Dotted name of the enclosing function or class, `` for the module."""
    in_branch: bool
    arguments: tuple[Argument, ...] = ()
    invariant: bool = False
    """True when it sits in a loop and nothing it reads changes from turn to turn."""
    callback: str | None = None
    """For calls that take a function (apply, map, udf): `vectorizable`, `io`, `opaque`, `predict`; else None."""
    detail: str | None = None
    """What a message needs to name: a column, a variable, a reduction; free text."""
    called_on: str | None = None
    """What it is called on, as written, when that is a name."""
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """A DataFrame (or lazy frame, row iterator) of Python code."""

    start: int
    end: int
    name: str
    """The variable it is first bound to, `` for an intermediate result."""
    engine: str
    """`pandas`, `polars`, `pyspark`, `bigframes`, `cudf`, `dask`, `bigquery`."""
    origin: str
    """`query`, `table`, `file`, `literal`, `derived`, `parameter`, `unknown`."""
    root_origin: str
    """The origin of the frame that it was derived from in the end; its own when it was not derived."""
    origin_text: str
    """The path, table name or function it came from, as written."""
    reader: str
    """Resolved name of the call that made it."""
    parent: int | None
    """Index of the frame it was derived from."""
    columns_used: tuple[str, ...] | None
    """Columns used later, sorted; None when that cannot be known (the frame escapes)."""
    columns_requested: tuple[str, ...] | None
    """Columns named when it was read (`columns=`, `usecols=`), None when all are."""
    bounded: bool
    """True when it is provably small: head, limit, an aggregate without keys, a literal, `LIMIT n` in its SQL."""
    aggregated: bool
    """True when it is the result of a group-by or an aggregate."""
    joined: bool = False
    """True when it goes into a merge: a column that is used after that may be the other side's."""
    cell: int | None = None


@dataclass(frozen=True, slots=True)
class PythonFacts:
    """What a Python source does to data. Indexes point into these tuples."""

    loops: tuple[Loop, ...] = ()
    calls: tuple[Call, ...] = ()
    frames: tuple[Frame, ...] = ()


@dataclass(frozen=True, slots=True)
class DbtModel:
    """What a dbt model asks for in its `config(...)` or in dbt_project.yml; values as written, `` for none."""

    name: str
    relation: str
    """The table or view that the model becomes, as SQL of the dialect."""
    materialized: str = "view"
    """`view`, `table`, `incremental`, `ephemeral`, `materialized_view`, `snapshot`, `test`, or another's name."""
    incremental_strategy: str = ""
    partition_by: str = ""
    """The partitioning column or expression."""
    partition_granularity: str = ""
    """`day`, `hour`, `month`, `year`; `` when not given."""
    cluster_by: tuple[str, ...] = ()
    unique_key: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Extraction:
    """What was found in one source."""

    kind: SourceKind
    texts: tuple[str, ...]
    """The source text; for a notebook the text of every cell, in order (non-code cells are empty)."""
    sql: tuple[SqlText, ...] = ()
    python: PythonFacts = field(default_factory=PythonFacts)
    unread: tuple[Unread, ...] = ()
    dbt: DbtModel | None = None
    """Set when the source is a model of a dbt project and could be rendered."""
