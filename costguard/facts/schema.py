"""THE vocabulary: every fact table, its columns, their types and meaning.

A table is a `NamedTuple`: its docstring says what a row is, each field is
`Annotated[type, "meaning", marks...]`. Rows are written by the passes of `costguard.facts` (one source at
a time, without the catalog), columns marked `ESTIMATED` are filled by `costguard.estimate` once the catalog,
prices and multipliers are known. Rules, `costguard query` and the reference in `rules/README.md` read the
same declaration.

`at` is a key into `locations`. Keys count within one source until `costguard.facts.merge` puts sources
together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Final, NamedTuple, get_args, get_origin, get_type_hints


@dataclass(frozen=True, slots=True)
class Key:
    """Marks a column that holds the row number of another table (or of its own)."""

    table: str


@dataclass(frozen=True, slots=True)
class Estimated:
    """Marks a column that is filled after the catalog is known."""


ESTIMATED: Final = Estimated()
AT: Final = Key("locations")

Texts = tuple[str, ...]


class Location(NamedTuple):
    """A place in the code that a fact or finding points at."""

    at: Annotated[int, "key", Key("locations")]
    source: Annotated[int, "the source it lies in", Key("sources")]
    start_line: Annotated[int, "1-based line"]
    start_column: Annotated[int, "1-based column"]
    end_line: Annotated[int, "1-based line"]
    end_column: Annotated[int, "1-based column, exclusive"]
    cell: Annotated[int | None, "1-based notebook cell; lines count within it"]


class Source(NamedTuple):
    """A file that was read."""

    source: Annotated[int, "key", Key("sources")]
    path: Annotated[str, "path as given on the command line, with forward slashes"]
    kind: Annotated[str, "sql, python, notebook, template"]
    bytes: Annotated[int, "size on disk"]
    lines: Annotated[int, "lines of text"]
    is_test: Annotated[bool, "a test file, by path: rules about habits stay silent there"]
    runs: Annotated[float | None, "runs of the file in one iteration", ESTIMATED] = None


class Query(NamedTuple):
    """A SQL statement, wherever it was found."""

    query: Annotated[int, "key", Key("queries")]
    source: Annotated[int, "the source it was found in", Key("sources")]
    at: Annotated[int, "the whole statement", AT]
    call_at: Annotated[int | None, "the call that runs it, when code does", AT]
    via: Annotated[str, "file, magic, dbt, template, string, or the resolved API that runs it"]
    statement: Annotated[
        str, "SELECT, INSERT, UPDATE, DELETE, MERGE, CREATE TABLE AS, CREATE VIEW, CREATE MODEL and so on"
    ]
    script: Annotated[
        int | None, "number of the multi-statement script within the source; null when it stands alone"
    ]
    script_position: Annotated[int, "0-based position within its script or file"]
    in_procedure: Annotated[bool, "inside the body of a CREATE PROCEDURE"]
    loop: Annotated[int | None, "innermost Python loop around the call", Key("loops")]
    loop_depth: Annotated[int, "number of loops (Python and script) around it"]
    loop_turns: Annotated[
        int | None, "product of the loops' turns when all follow from the code (and the clock)"
    ]
    in_branch: Annotated[bool, "runs only if a condition holds"]
    variant: Annotated[
        str | None,
        "which rendering of a template (incremental, full-refresh), or which of the texts that code may run",
    ]
    rendering: Annotated[str | None, "how a template was rendered: manifest, render, strip"]
    holes: Annotated[int, "number of unknown parts"]
    value_holes: Annotated[int, "unknown parts that stand for a value or a list of values"]
    table_holes: Annotated[int, "unknown parts that name a table, a dataset or a project"]
    fingerprint: Annotated[str, "hash of the statement without literals, comments and layout"]
    shape: Annotated[
        str | None,
        "the same without projects, datasets and date suffixes; null when more than these is unknown",
    ]
    pattern: Annotated[
        str | None, "the statement without these, with marks for what is unknown; null if nothing is"
    ]
    frame: Annotated[int | None, "the DataFrame that its result becomes", Key("frames")]
    destination: Annotated[str | None, "variable or table that takes the result, as written"]
    saved: Annotated[bool, "the job has a destination table"]
    materialises: Annotated[bool, "the whole result comes to the client as a DataFrame"]
    bytes_cap: Annotated[bool | None, "maximum_bytes_billed is set; null when unknown or not applicable"]
    labelled: Annotated[bool | None, "the job carries labels; null when unknown or not applicable"]
    dry_run: Annotated[bool, "the call is a dry run: it costs nothing"]
    has_filter: Annotated[bool, "the outermost SELECT has a WHERE"]
    has_aggregate: Annotated[bool, "the outermost SELECT groups, aggregates or is DISTINCT"]
    has_order: Annotated[bool, "the outermost SELECT has ORDER BY"]
    limit: Annotated[int | None, "literal LIMIT of the outermost SELECT"]
    has_limit: Annotated[bool, "the outermost SELECT has a LIMIT, known or not"]
    limit_at: Annotated[int | None, "that LIMIT", AT]
    time_dependent: Annotated[
        bool, "reads the clock (CURRENT_DATE and the like) or is otherwise not deterministic"
    ]
    scan_count: Annotated[int, "physical tables that it reads"]
    dialect: Annotated[str | None, "SQL dialect; null is bigquery, and only bigquery has a price"] = None
    read_from: Annotated[str | None, "file that the code read this text from"] = None
    materialized: Annotated[
        str | None, "what a dbt model becomes: view, table, incremental, ephemeral and so on"
    ] = None
    layout: Annotated[
        str | None,
        "how a dbt model wants its table: partitioning, clustering, incremental strategy, in words",
    ] = None
    loop_counts: Annotated[
        str | None, "JSON of loops around it whose turns follow from constants, the clock and rows of tables"
    ] = None
    loop_left: Annotated[bool, "a loop of the script around it may end, or cut a turn short, early"] = False
    branch: Annotated[
        str | None,
        'JSON of the arms of its script that it stands in, outermost first: [[1, "then"], ...]; then and else of '
        "one number exclude each other, handler runs after an error, never has the condition FALSE; texts of a call "
        'of which one runs are ["text 1", "1"], ["text 1", "2"]',
    ] = None
    includes: Annotated[
        Texts | None, "files that the template puts into the text, as counted from its folder; null for none"
    ] = None
    rows_of: Annotated[
        int | None, "in a script: the scan of which its result has every row once, LIMIT aside", Key("scans")
    ] = None
    runs: Annotated[float | None, "runs per iteration, loops included", ESTIMATED] = None
    runs_basis: Annotated[str | None, "assumed, declared, measured or written", ESTIMATED] = None
    location: Annotated[str | None, "BigQuery location that sets its price", ESTIMATED] = None
    bytes_low: Annotated[int | None, "bytes processed by one run, lower bound", ESTIMATED] = None
    bytes: Annotated[int | None, "bytes processed by one run", ESTIMATED] = None
    bytes_high: Annotated[int | None, "bytes processed by one run, upper bound", ESTIMATED] = None
    bytes_basis: Annotated[str, "exact, upper-bound, lower-bound, modelled, unknown", ESTIMATED] = "unknown"
    billed_low: Annotated[int | None, "bytes billed for one run, lower bound", ESTIMATED] = None
    billed: Annotated[int | None, "bytes billed for one run", ESTIMATED] = None
    billed_high: Annotated[int | None, "bytes billed for one run, upper bound", ESTIMATED] = None
    usd_low: Annotated[float | None, "dollars of one run, lower bound", ESTIMATED] = None
    usd: Annotated[float | None, "dollars of one run", ESTIMATED] = None
    usd_high: Annotated[float | None, "dollars of one run, upper bound", ESTIMATED] = None
    usd_per_iteration: Annotated[float | None, "dollars of all its runs in one iteration", ESTIMATED] = None
    usd_per_tib: Annotated[float | None, "price of a billed TiB that was applied", ESTIMATED] = None
    counted_with: Annotated[
        int | None,
        "the statement with which its cost is counted: code reads a scanned file, or a template includes it",
        Key("queries"),
        ESTIMATED,
    ] = None


class Scan(NamedTuple):
    """A physical table that a statement reads or changes."""

    scan: Annotated[int, "key", Key("scans")]
    query: Annotated[int, "the statement", Key("queries")]
    at: Annotated[int, "the table name", AT]
    table_name: Annotated[str, "name as written, without quotes; unknown parts as stand-ins (hole_...)"]
    written_name: Annotated[str, "the same for people, unknown parts in braces: {project}.sales.orders"]
    alias: Annotated[str, "name it goes by in the statement"]
    role: Annotated[str, "read; target (of DML); insert_target (written only)"]
    wildcard: Annotated[bool, "the name ends in * and stands for many tables"]
    suffix_filtered: Annotated[bool, "a constant condition on _TABLE_SUFFIX limits a wildcard"]
    suffix_mentioned: Annotated[bool, "any condition mentions _TABLE_SUFFIX"]
    suffix_read: Annotated[bool, "_TABLE_SUFFIX is named anywhere, be it as a value"]
    name_hole: Annotated[bool, "a part of the name is unknown"]
    star: Annotated[bool, "a * over this table reaches the result of the statement"]
    star_at: Annotated[int | None, "that *", AT]
    star_excepts: Annotated[bool, "that * leaves columns out (EXCEPT, REPLACE with something else)"]
    whole_row: Annotated[bool, "the row is used as one value (TO_JSON_STRING(t)): every column is read"]
    in_subquery: Annotated[bool, "read inside a CTE or subquery rather than by the outermost SELECT"]
    filtered: Annotated[bool, "some condition on this table's columns limits its rows"]
    never: Annotated[bool, "a condition is FALSE (WHERE 1 = 2): no row is kept, and nothing is read"]
    joined: Annotated[bool, "is joined with another relation"]
    handed_on: Annotated[
        bool,
        "in a query with a LIMIT: each of its rows reaches the result but for that, with no filter, grouping, join or "
        "other limit before",
    ]
    system_time: Annotated[bool, "FOR SYSTEM_TIME AS OF"]
    sample_percent: Annotated[float | None, "TABLESAMPLE SYSTEM percent"]
    predicate: Annotated[str | None, "JSON of the conjunction that limits it (costguard.facts.predicate)"]
    on_predicate: Annotated[str | None, "JSON of what the clauses of a MERGE need of its target"]
    table: Annotated[
        str | None, "project.dataset.table, or written_name when not in the catalog", ESTIMATED
    ] = None
    known: Annotated[bool, "is in the catalog", ESTIMATED] = False
    kind: Annotated[str | None, "table, view, materialized_view, external, snapshot", ESTIMATED] = None
    columns_read: Annotated[int, "leaf columns read", ESTIMATED] = 0
    columns_total: Annotated[int | None, "leaf columns of the table", ESTIMATED] = None
    columns_unused: Annotated[
        int | None, "leaf columns read that nothing uses later, when that is known", ESTIMATED
    ] = None
    partition_column: Annotated[str | None, "column it is partitioned by", ESTIMATED] = None
    partition_type: Annotated[str | None, "HOUR, DAY, MONTH, YEAR, RANGE", ESTIMATED] = None
    require_filter: Annotated[bool | None, "refuses queries without a partition filter", ESTIMATED] = None
    clustered: Annotated[bool | None, "has clustering columns; null when unknown", ESTIMATED] = None
    clustering_columns: Annotated[Texts | None, "its clustering columns", ESTIMATED] = None
    pruning: Annotated[str, "unpartitioned, missing, defeated, pruned, unknown", ESTIMATED] = "unknown"
    pruning_cause: Annotated[
        str | None,
        "why a filter is defeated: function, arithmetic, or, column, coercion, subquery, range-function, "
        "unknown-value, negation, clause (of a MERGE), undocumented",
        ESTIMATED,
    ] = None
    pruning_reason: Annotated[str | None, "the same for people", ESTIMATED] = None
    pruning_at: Annotated[int | None, "the condition that cannot prune", AT, ESTIMATED] = None
    partitions_kept: Annotated[
        int | None, "partitions (or members of a wildcard) that are read", ESTIMATED
    ] = None
    partitions_total: Annotated[int | None, "partitions (or members of a wildcard) in all", ESTIMATED] = None
    modelled_partitions: Annotated[
        bool, "some of those read have come since the catalog was made, as far as the clock tells", ESTIMATED
    ] = False
    eliminated: Annotated[
        bool,
        "declared keys make its join superfluous, and nothing else is read of it: nothing is read",
        ESTIMATED,
    ] = False
    rows: Annotated[int | None, "rows in the partitions that are read", ESTIMATED] = None
    table_rows: Annotated[int | None, "rows of the whole table", ESTIMATED] = None
    table_bytes: Annotated[int | None, "logical bytes of the whole table", ESTIMATED] = None
    bytes_low: Annotated[int | None, "bytes read, lower bound", ESTIMATED] = None
    bytes: Annotated[int | None, "bytes read", ESTIMATED] = None
    bytes_high: Annotated[int | None, "bytes read, upper bound", ESTIMATED] = None
    bytes_basis: Annotated[str, "exact, upper-bound, lower-bound, modelled, unknown", ESTIMATED] = "unknown"
    bytes_unused: Annotated[
        int | None, "bytes of the columns that nothing uses later, when that is known", ESTIMATED
    ] = None
    bytes_if_pruned: Annotated[
        int | None,
        "bytes left if the defeated filter worked (where its meaning is clear), else one partition",
        ESTIMATED,
    ] = None
    view_lacks: Annotated[
        Texts | None,
        "of a view of unknown bytes the tables below it that are in no catalog; empty where it cannot be read through",
        ESTIMATED,
    ] = None


class ColumnRead(NamedTuple):
    """A leaf column that a statement reads from a physical table."""

    query: Annotated[int, "the statement", Key("queries")]
    scan: Annotated[int | None, "the scan; null when several tables could own it", Key("scans")]
    column: Annotated[str, "dotted path of the leaf (of the field as written when the table is unknown)"]
    at: Annotated[int | None, "first place where it is named; null when it came through a *", AT]
    through_star: Annotated[bool, "read because of a *, or of a row used as a value"]
    ambiguous: Annotated[bool, "several tables of unknown columns could own it"]
    table: Annotated[str | None, "project.dataset.table", ESTIMATED] = None
    type: Annotated[str | None, "type of the column", ESTIMATED] = None
    required: Annotated[bool | None, "mode REQUIRED, or part of the primary key", ESTIMATED] = None
    bytes: Annotated[int | None, "bytes in the partitions read", ESTIMATED] = None


class Predicate(NamedTuple):
    """A conjunct of a filter that limits a scan."""

    query: Annotated[int, "the statement", Key("queries")]
    scan: Annotated[int, "the scan it limits", Key("scans")]
    at: Annotated[int, "the condition", AT]
    column: Annotated[str | None, "the column it constrains, when it is one"]
    form: Annotated[
        str,
        "constant, function, arithmetic, column, subquery, or, parameter, hole, other: how the column is compared",
    ]
    operator: Annotated[str, "=, <, <=, >, >=, <>, between, in, is_null, is_not_null, like, or, other"]
    wrapped_by: Annotated[str | None, "the function around the column, in upper case"]
    clause: Annotated[str, "where, on, having, qualify, merge"]


class Join(NamedTuple):
    """A join of two relations."""

    query: Annotated[int, "the statement", Key("queries")]
    at: Annotated[int, "the JOIN or the comma", AT]
    kind: Annotated[str, "inner, left, right, full, cross, comma, semi"]
    condition: Annotated[
        str,
        "equality, inequality, or, other; using; where-equality, where-other: that of a WHERE; elsewhere: other "
        "conditions lead from one side to the other, by a third relation or in a query around; one-side: it names only "
        "one of them; one-side-key: and compares columns of it; constant; none",
    ]
    correlated: Annotated[bool, "the right side is an UNNEST of, or refers to, the left side"]
    left_one_row: Annotated[
        bool, "the left side has one row: an aggregate without keys, a literal SELECT, LIMIT 1"
    ]
    right_one_row: Annotated[bool, "the right side has one row"]
    left_small: Annotated[bool, "the left side is a literal list, a generated array or has a small LIMIT"]
    right_small: Annotated[bool, "the right side is a literal list, a generated array or has a small LIMIT"]
    left_grouped: Annotated[bool, "the left side is a result of GROUP BY or DISTINCT: a list of keys"]
    right_grouped: Annotated[bool, "the right side is a result of GROUP BY or DISTINCT: a list of keys"]
    left_picked: Annotated[bool, "a condition picks its rows by equality with a constant: maybe a single row"]
    right_picked: Annotated[bool, "the same for the right side"]
    left: Annotated[str, "the left side, as written, shortened"]
    right: Annotated[str, "the right side, as written, shortened"]
    left_scan: Annotated[int | None, "the left side when it is a physical table", Key("scans")]
    right_scan: Annotated[int | None, "the right side when it is a physical table", Key("scans")]
    left_rows: Annotated[int | None, "rows of the left scan", ESTIMATED] = None
    right_rows: Annotated[int | None, "rows of the right scan", ESTIMATED] = None


class CommonTable(NamedTuple):
    """A common table expression."""

    query: Annotated[int, "the statement", Key("queries")]
    at: Annotated[int, "its name", AT]
    name: Annotated[str, "its name"]
    references: Annotated[int, "times it is read"]
    recursive: Annotated[bool, "refers to itself"]


class Sort(NamedTuple):
    """An ORDER BY that sorts rows of a relation (not one inside a function or a window)."""

    query: Annotated[int, "the statement", Key("queries")]
    at: Annotated[int, "the ORDER BY", AT]
    place: Annotated[
        str,
        "outermost, cte, subquery, view, table (CREATE TABLE AS, INSERT), model (CREATE MODEL), "
        "array (ARRAY(SELECT ...)), expression",
    ]
    has_limit: Annotated[bool, "followed by LIMIT or OFFSET"]
    keys: Annotated[int, "number of sort keys"]
    taken_by: Annotated[
        str | None,
        "what takes the rows in the order in which they come, having none of its own: STRING_AGG and the like, ARRAY, "
        "ROW_NUMBER and the like, LIMIT; null when nothing does",
    ] = None


class Window(NamedTuple):
    """A window function."""

    query: Annotated[int, "the statement", Key("queries")]
    at: Annotated[int, "the function", AT]
    function: Annotated[str, "its name, in upper case"]
    partition_keys: Annotated[int, "expressions in PARTITION BY"]
    order_keys: Annotated[int, "expressions in ORDER BY"]
    constant_keys: Annotated[bool, "PARTITION BY only constants"]


class Aggregate(NamedTuple):
    """An aggregate function call outside a window."""

    query: Annotated[int, "the statement", Key("queries")]
    at: Annotated[int, "the call", AT]
    function: Annotated[str, "its name, in upper case"]
    distinct: Annotated[bool, "DISTINCT arguments"]
    scan: Annotated[int | None, "the scan its only column argument comes from", Key("scans")]
    column: Annotated[str | None, "that column"]
    column_uses: Annotated[int, "how often the statement names that column, this call included"]
    null_extended: Annotated[bool, "the column is on the side of an outer join that can be null"]


class SetOperation(NamedTuple):
    """A UNION, INTERSECT or EXCEPT."""

    query: Annotated[int, "the statement", Key("queries")]
    at: Annotated[int, "the operator", AT]
    kind: Annotated[str, "union, intersect, except"]
    distinct: Annotated[bool, "DISTINCT rather than ALL"]
    branches: Annotated[int, "SELECTs it combines"]


class SqlFunction(NamedTuple):
    """A function call in SQL, aggregates and windows included."""

    query: Annotated[int, "the statement", Key("queries")]
    at: Annotated[int, "the call", AT]
    function: Annotated[str, "its name, in upper case"]
    clause: Annotated[
        str,
        "select, where, on, group, having, qualify, order, from, table (called in FROM as a table), other",
    ]


class Write(NamedTuple):
    """What a statement writes: DML, DDL, load, export."""

    query: Annotated[int, "the statement", Key("queries")]
    at: Annotated[int, "the target's name", AT]
    kind: Annotated[
        str,
        "insert, update, delete, merge, truncate, create-table, create-view, create-model, export, load, drop, other",
    ]
    target_name: Annotated[str, "the target as written, without quotes"]
    target_scan: Annotated[int | None, "the scan of the target", Key("scans")]
    insert_only: Annotated[bool, "a MERGE with INSERT clauses only, or an INSERT"]
    constant_false: Annotated[bool, "a MERGE ON FALSE (insert-overwrite)"]
    temporary: Annotated[bool, "a TEMP table, view or function"]
    partitioned: Annotated[bool, "declares PARTITION BY"]
    clustered: Annotated[bool, "declares CLUSTER BY"]
    model_type: Annotated[
        str | None, "model_type option of CREATE MODEL, in upper case; null when not known"
    ] = None
    by_source: Annotated[bool | None, "a MERGE with a WHEN NOT MATCHED BY SOURCE clause"] = None
    replaces: Annotated[bool | None, "CREATE OR REPLACE: what had the name before is gone"] = None


class LoopFact(NamedTuple):
    """A loop of Python code."""

    loop: Annotated[int, "key", Key("loops")]
    source: Annotated[int, "the source", Key("sources")]
    at: Annotated[int, "the loop", AT]
    kind: Annotated[str, "for, while, comprehension, callback"]
    iterates: Annotated[str, "range, literal, iterrows, rows, unique, groupby, query, epochs, folds, other"]
    turns: Annotated[int | None, "turns, when written in the code"]
    parent: Annotated[int | None, "the loop around it", Key("loops")]
    depth: Annotated[int, "1 for an outermost loop"]
    carries_state: Annotated[bool, "a turn uses a value that an earlier turn computed"]
    parallel: Annotated[bool, "turns already run side by side"]
    target: Annotated[str, "the loop variable, as written"]
    iterable: Annotated[str, "the iterable, as written"]


class FrameFact(NamedTuple):
    """A DataFrame of Python code."""

    frame: Annotated[int, "key", Key("frames")]
    source: Annotated[int, "the source", Key("sources")]
    at: Annotated[int, "where it is made", AT]
    name: Annotated[str, "variable it is first bound to"]
    engine: Annotated[str, "pandas, polars, pyspark, bigframes, cudf, dask, bigquery"]
    origin: Annotated[str, "query, table, file, literal, derived, parameter, unknown"]
    root_origin: Annotated[str, "origin of the frame that it was derived from in the end"]
    origin_text: Annotated[str, "path, table or function it came from"]
    reader: Annotated[str, "resolved name of the call that made it"]
    parent: Annotated[int | None, "the frame it was derived from", Key("frames")]
    columns_used: Annotated[Texts | None, "columns used later; null when unknown"]
    columns_requested: Annotated[Texts | None, "columns named when it was read; null for all"]
    bounded: Annotated[bool, "provably small"]
    aggregated: Annotated[bool, "result of a group-by or an aggregate"]
    joined: Annotated[bool, "goes into a merge: a column used after that may be the other side's"]
    query: Annotated[int | None, "the statement it came from", Key("queries")]
    rows: Annotated[int | None, "rows, when the statement and the catalog tell", ESTIMATED] = None
    bytes: Annotated[int | None, "logical bytes, when the statement and the catalog tell", ESTIMATED] = None


class CallFact(NamedTuple):
    """A Python call whose name was resolved to a library that matters."""

    call: Annotated[int, "key", Key("calls")]
    source: Annotated[int, "the source", Key("sources")]
    at: Annotated[int, "the call", AT]
    function: Annotated[str, "resolved dotted name, such as pandas.DataFrame.apply"]
    receiver: Annotated[int | None, "the DataFrame it is called on", Key("frames")]
    result: Annotated[int | None, "the DataFrame it returns", Key("frames")]
    loop: Annotated[int | None, "innermost loop around it", Key("loops")]
    loop_depth: Annotated[int, "number of loops around it"]
    scope: Annotated[str, "dotted name of the enclosing function or class"]
    in_branch: Annotated[bool, "runs only if a condition holds"]
    invariant: Annotated[bool, "in a loop, and nothing it reads changes from turn to turn"]
    callback: Annotated[str | None, "vectorizable, io, opaque, predict: what the function passed in does"]
    detail: Annotated[str | None, "what a message names: a column, a variable, a reduction"]
    called_on: Annotated[str | None, "what it is called on, as written, when that is a name"]
    arguments: Annotated[int, "number of arguments"]


class ArgumentFact(NamedTuple):
    """An argument of a Python call."""

    call: Annotated[int, "the call", Key("calls")]
    position: Annotated[int | None, "0-based position"]
    name: Annotated[str | None, "keyword"]
    kind: Annotated[str, "string, number, boolean, none, list, dict, lambda, function, name, call, other"]
    value: Annotated[str, "source text, shortened"]


class UnreadFact(NamedTuple):
    """Something that could not be read, and why."""

    source: Annotated[int, "the source", Key("sources")]
    at: Annotated[int, "the part that was not read", AT]
    reason: Annotated[str, "short category, the same for the same cause"]
    detail: Annotated[str, "what was met"]


class ReadPlan(NamedTuple):
    """A symbolic column read, before the catalog says which table owns it (input of `columns_read`)."""

    query: Annotated[int, "the statement", Key("queries")]
    scans: Annotated[tuple[int, ...], "candidate scans, innermost scope first", Key("scans")]
    path: Annotated[str, "dotted path as written; empty for a star"]
    kind: Annotated[str, "path, star, row, unnest"]
    excepted: Annotated[Texts, "columns that a star leaves out; of a path to a struct, fields"]
    at: Annotated[int | None, "where it is named", AT]
    output: Annotated[bool, "it is read only to be part of the statement's result"]
    output_column: Annotated[str | None, "the result column that it feeds, when only that one"]
    paths: Annotated[
        Texts | None, "the path for each candidate scan, where these differ; null when all are `path`"
    ] = None
    join: Annotated[
        int | None, "it is read only as long as this join is made: its first row", Key("join_keys")
    ] = None
    variable: Annotated[
        bool,
        "a script variable has this name: it is meant, and nothing read, where no candidate has the column",
    ] = False


class JoinKey(NamedTuple):
    """Two columns that a join compares by `=`, before the catalog says which keys are declared. Either is a list of
    candidates, as in `read_plans`, and empty where the side is an expression of other relations."""

    query: Annotated[int, "the statement", Key("queries")]
    join: Annotated[int, "the first row of its join", Key("join_keys")]
    kind: Annotated[str, "outer, inner"]
    stated: Annotated[bool, "the documentation says of joins of this form that keys can eliminate them"]
    whole: Annotated[
        tuple[int, ...],
        "scans whose rows take part in the join one by one; of an outer join the one on the optional side",
        Key("scans"),
    ]
    scans: Annotated[tuple[int, ...], "candidate scans of one column", Key("scans")]
    paths: Annotated[Texts, "its path for each candidate"]
    other_scans: Annotated[tuple[int, ...], "the same of the other column", Key("scans")]
    other_paths: Annotated[Texts, "its path for each candidate"]


class ViewText(NamedTuple):
    """A view that a statement of a script defines: the statements after it may read it (input of `bytes`)."""

    query: Annotated[int, "the statement", Key("queries")]
    text: Annotated[str, "the whole statement"]


class RoutineCall(NamedTuple):
    """A statement's call of a function that its own text does not define (input of `bytes_basis`)."""

    query: Annotated[int, "the statement", Key("queries")]
    routine: Annotated[str, "the function's name as written, without quotes, in lower case: dataset.function"]


class RoutineFact(NamedTuple):
    """A function that a statement defines (input of `bytes_basis`)."""

    routine: Annotated[str, "its name as written, without quotes, in lower case"]
    reads_tables: Annotated[bool, "a table is named in it"]
    calls: Annotated[Texts, "functions in datasets that it calls, by their names as written"]


class CatalogTable(NamedTuple):
    """A table of the catalog."""

    table: Annotated[str, "project.dataset.table"]
    kind: Annotated[str, "table, view, materialized_view, external, snapshot"]
    location: Annotated[str | None, "BigQuery location"]
    rows: Annotated[int | None, "rows"]
    bytes: Annotated[int | None, "logical bytes"]
    partition_column: Annotated[str | None, "column it is partitioned by"]
    partition_type: Annotated[str | None, "HOUR, DAY, MONTH, YEAR, RANGE"]
    require_filter: Annotated[bool, "refuses queries without a partition filter"]
    partitions: Annotated[int, "number of partitions"]
    clustering: Annotated[Texts, "clustering columns"]


class CatalogColumn(NamedTuple):
    """A leaf column of a table of the catalog."""

    table: Annotated[str, "project.dataset.table"]
    column: Annotated[str, "dotted path"]
    type: Annotated[str, "type"]
    mode: Annotated[str, "NULLABLE, REQUIRED, REPEATED"]
    bytes: Annotated[int | None, "logical bytes"]


class FindingFact(NamedTuple):
    """A finding of a rule, ignored ones included."""

    finding: Annotated[int, "key", Key("findings")]
    at: Annotated[int | None, "the flagged code; null for findings about ignore comments", AT]
    query: Annotated[int | None, "the statement that it is about", Key("queries")]
    rule: Annotated[str, "id of the rule"]
    severity: Annotated[str, "error, warning or note, after the config's changes"]
    confidence: Annotated[str, "high, medium or low"]
    driver: Annotated[str, "what it costs: bytes-billed, slot-time and so on"]
    path: Annotated[str, "path as given on the command line, with forward slashes"]
    cell: Annotated[int | None, "1-based notebook cell; lines count within it"]
    start_line: Annotated[int, "1-based line"]
    end_line: Annotated[int, "1-based line"]
    message: Annotated[str, "what is wrong"]
    wasted_bytes: Annotated[int | None, "bytes of one run that could be saved"]
    wasted_seconds: Annotated[float | None, "time of one run that could be saved"]
    wasted_usd_low: Annotated[float | None, "dollars of one iteration that could be saved, lower bound"]
    wasted_usd: Annotated[float | None, "dollars of one iteration that could be saved"]
    wasted_usd_high: Annotated[float | None, "dollars of one iteration that could be saved, upper bound"]
    suppressed: Annotated[bool, "an ignore comment silences it"]
    reason: Annotated[str | None, "the reason of that comment"]
    fingerprint: Annotated[str, "stable when lines move: rule, path and the flagged text"]


class JobFact(NamedTuple):
    """A job that BigQuery ran (of `--jobs`)."""

    job_id: Annotated[str | None, "its id"]
    project: Annotated[str | None, "the project that ran it"]
    location: Annotated[str | None, "where it ran, if the history tells"]
    user: Annotated[str | None, "who asked"]
    created: Annotated[datetime | None, "when it was created (UTC)"]
    ended: Annotated[datetime | None, "when it ended (UTC)"]
    job_type: Annotated[str | None, "QUERY, LOAD, EXTRACT, COPY"]
    statement: Annotated[str | None, "SELECT, MERGE, SCRIPT, ..."]
    text: Annotated[str | None, "the query"]
    query_hash: Annotated[str | None, "BigQuery's hash of the query without its literals"]
    query: Annotated[
        int | None, "the statement of the code that it ran; null when several fit", Key("queries")
    ]
    matched_by: Annotated[str | None, "label, comment, fingerprint, tables"]
    confidence: Annotated[str | None, "how sure the match is: high, medium, low"]
    iteration: Annotated[int | None, "the iteration that it was part of", Key("iterations")]
    charged: Annotated[bool, "it was charged for, and is not the sum of other rows"]
    cache_hit: Annotated[bool | None, "its result came from the cache"]
    error: Annotated[str | None, "why it failed"]
    bytes_processed: Annotated[int | None, "bytes read"]
    bytes_billed: Annotated[int | None, "bytes billed"]
    slot_ms: Annotated[int | None, "slot milliseconds"]
    reservation: Annotated[str | None, "the reservation that it ran in"]
    usd: Annotated[Decimal | None, "US dollars, to nine places; null when nobody knows"]
    allocated: Annotated[bool, "these dollars are of slots, shared out by slot time"]
    labels: Annotated[Texts, "`key=value`"]
    tables: Annotated[Texts, "project.dataset.table of what it read"]
    destination: Annotated[str | None, "project.dataset.table of what it wrote"]


class ChargeFact(NamedTuple):
    """A row of the bill (of `--billing`)."""

    usage_start: Annotated[datetime | None, "when the usage began (UTC)"]
    usage_end: Annotated[datetime | None, "when it ended (UTC)"]
    service_id: Annotated[str | None, "id of the service; names change"]
    service: Annotated[str | None, "its name"]
    sku_id: Annotated[str | None, "id of the SKU"]
    sku: Annotated[str | None, "its description"]
    project: Annotated[str | None, "the project"]
    region: Annotated[str | None, "the region, or the multi-region"]
    resource: Annotated[str | None, "the resource, in a detailed export"]
    cost_type: Annotated[str | None, "regular, tax, adjustment, rounding_error"]
    invoice_month: Annotated[str | None, "such as 202611"]
    phase: Annotated[str, "ingestion, preprocessing, training, ... unclassified"]
    standing: Annotated[str | None, "the name of a cost that is there without iterations"]
    iteration: Annotated[int | None, "the iteration that it falls to", Key("iterations")]
    currency: Annotated[str | None, "of the amounts"]
    gross: Annotated[Decimal | None, "cost before credits"]
    credits: Annotated[Decimal, "their sum, 0 or less"]
    promotions: Annotated[Decimal, "part of the credits: they pay, and lower no price"]
    net: Annotated[Decimal | None, "gross plus credits"]
    usage_amount: Annotated[float | None, "how much was used"]
    usage_unit: Annotated[str | None, "of what"]
    labels: Annotated[Texts, "`key=value`"]
    system_labels: Annotated[Texts, "`key=value`"]
    project_labels: Annotated[Texts, "`key=value`"]
    tags: Annotated[Texts, "`key=value`"]
    export_time: Annotated[datetime | None, "when the row was exported (UTC)"]


class IterationFact(NamedTuple):
    """An iteration that was found in the bill and the jobs."""

    iteration: Annotated[int, "key; the newest is 0", Key("iterations")]
    id: Annotated[str, "the label's value, or what it is told by and when it began"]
    evidence: Annotated[str, "label:KEY, time, ..."]
    started: Annotated[datetime, "when its first usage or job began (UTC)"]
    ended: Annotated[datetime, "when the last one ended (UTC)"]
    projects: Annotated[Texts, "where it ran"]
    charges: Annotated[int, "rows of the bill"]
    net: Annotated[Decimal | None, "what it came to; null when it is not billed yet"]
    jobs: Annotated[int, "jobs, without scripts"]
    bytes_billed: Annotated[int, "of its jobs"]


HISTORY_TABLES: Final[dict[str, type]] = {
    "jobs": JobFact,
    "charges": ChargeFact,
    "iterations": IterationFact,
}
"""The tables that only `costguard query` knows, with `--jobs` and `--billing`: a rule must not need a history."""

TABLES: Final[dict[str, type]] = {
    "sources": Source,
    "locations": Location,
    "queries": Query,
    "scans": Scan,
    "columns_read": ColumnRead,
    "predicates": Predicate,
    "joins": Join,
    "ctes": CommonTable,
    "sorts": Sort,
    "windows": Window,
    "aggregates": Aggregate,
    "set_operations": SetOperation,
    "functions": SqlFunction,
    "writes": Write,
    "loops": LoopFact,
    "frames": FrameFact,
    "calls": CallFact,
    "arguments": ArgumentFact,
    "unread": UnreadFact,
    "tables": CatalogTable,
    "table_columns": CatalogColumn,
}
"""The tables that rules may name."""

JUDGED_TABLES: Final[dict[str, type]] = {"findings": FindingFact}
"""What rules make: policies and `costguard query` may name these tables too."""

INTERNAL_TABLES: Final[dict[str, type]] = {
    "read_plans": ReadPlan,
    "join_keys": JoinKey,
    "view_texts": ViewText,
    "routine_calls": RoutineCall,
    "routines": RoutineFact,
}
"""Rows that stages hand on but rules do not see."""


@dataclass(frozen=True, slots=True)
class Column:
    """A declared column. `type` is one of str, int, float, bool, texts, keys, Decimal, datetime."""

    name: str
    type: str
    nullable: bool
    meaning: str
    key: str | None
    estimated: bool


@cache
def columns_of(table: str) -> tuple[Column, ...]:
    """The declared columns of a table, in order.

    Raises:
        KeyError: when there is no such table.
    """
    row = TABLES.get(table) or JUDGED_TABLES.get(table) or HISTORY_TABLES.get(table) or INTERNAL_TABLES[table]
    columns = []
    for name, hint in get_type_hints(row, include_extras=True).items():
        base, meaning, *marks = get_args(hint)
        parts = get_args(base) if get_origin(base) is not tuple else ()
        nullable = type(None) in parts
        kinds = [part for part in parts if part is not type(None)] or [base]
        kind = kinds[0]
        if kind == Texts:
            type_name = "texts"
        elif get_origin(kind) is tuple:
            type_name = "keys"
        else:
            type_name = kind.__name__
        key = next((mark.table for mark in marks if isinstance(mark, Key)), None)
        columns.append(Column(name, type_name, nullable, meaning, key, ESTIMATED in marks))
    return tuple(columns)
