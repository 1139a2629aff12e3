"""Which queries of the history read a table, and whether their conditions prune its partitions.

Each distinct text, but for literals, is read once, as code would be: whether a condition prunes depends on its form.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import polars as pl

from costguard.catalog.model import Catalog
from costguard.estimate.run import estimate
from costguard.estimate.settings import EstimateSettings
from costguard.estimate.views import ExpandView
from costguard.facts.merge import merge
from costguard.facts.source import facts_of
from costguard.guards.table_reads import PRUNED, TableRead, TableReads
from costguard.history.job_findings import SHOWN
from costguard.history.jobs import SCRIPT
from costguard.history.literals import literal_free
from costguard.model import Extraction, SqlText

DEFINITIONS: Final = r"VIEW|FUNCTION|PROCEDURE|^DROP|^ALTER"
"""Statements that read nothing: what they define is asked for a filter when it is used."""
WRITTEN: Final = "insert_target"
"""The role of a table that a statement only writes to: no filter is asked for."""
UNREAD: Final = "its text cannot be read, or it reads the table through something that is not in the catalog"
VARIABLE: Final = "its condition names what may be a variable of its script, which would do"
NO_TEXT: Final = "the history does not hold its text"


@dataclass(frozen=True, slots=True)
class PastRead:
    """What the jobs with one text, but for literals, do to one table."""

    what: str
    """The beginning of the text without its literals."""
    jobs: int
    users: tuple[str, ...]
    last: datetime | None
    found: int | None
    """Whose jobs they are, where the jobs have a column `found`."""
    pruning: str | None
    """`pruned`, `missing`, `defeated`, `unknown`; None when it cannot be told."""
    reason: str


@dataclass(frozen=True, slots=True)
class _Shape:
    text: str | None
    shown: str
    project: str | None
    jobs: int
    users: tuple[str, ...]
    last: datetime | None
    tables: frozenset[str]
    found: int | None
    of_script: bool
    """A statement of a script, in whose text variables look like columns."""


def past_reads(
    jobs: pl.DataFrame,
    tables: Collection[str],
    catalog: Catalog,
    settings: EstimateSettings,
    expand_view: ExpandView,
) -> dict[str, list[PastRead]]:
    """For each of these tables (full names) the jobs that read it, the most frequent first. Failed jobs count too: they
    may be tried again; scripts are left out, since their statements are jobs."""
    shapes = _shapes(jobs, frozenset(tables))
    scans = _scans(shapes, catalog, settings, expand_view)
    found: dict[str, list[PastRead]] = defaultdict(list)
    for number, shape in enumerate(shapes):
        seen = scans.get(number, {})
        for table in sorted(set(tables) & (shape.tables | seen.keys())):
            read = seen.get(table)
            pruning = read.pruning if read is not None else None
            reason = read.reason if read is not None else NO_TEXT if shape.text is None else UNREAD
            if pruning is not None or table in shape.tables:
                found[table].append(
                    PastRead(shape.shown, shape.jobs, shape.users, shape.last, shape.found, pruning, reason)
                )
    for reads in found.values():
        reads.sort(key=lambda read: (-read.jobs, read.what))
    return dict(found)


def _shapes(jobs: pl.DataFrame, tables: frozenset[str]) -> list[_Shape]:
    """Distinct texts that may read one of the tables. What a job wrote to is not yet told from what it read."""
    named = pl.element().str.replace(r"\$.*$", "")
    touched = pl.col("tables").list.eval(named).list.unique()
    statement = pl.col("statement").fill_null("")
    queries = (
        jobs.filter(
            (pl.col("job_type").fill_null("QUERY") == "QUERY")
            & (statement != SCRIPT)
            & ~statement.str.contains(DEFINITIONS)
        )
        .with_columns(touched.alias("touched"), literal_free(pl.col("query")).alias("plain"))
        .filter(
            (pl.col("touched").list.len().fill_null(0) == 0)  # not told, as of answers from the cache
            | pl.col("touched").list.eval(pl.element().is_in(sorted(tables))).list.any()
        )
        .with_columns(pl.coalesce("plain", "query_hash").alias("shape"))
    )
    if "found" not in queries.columns:
        queries = queries.with_columns(pl.lit(None, dtype=pl.Int32).alias("found"))
    grouped = (
        queries.group_by("project", "shape", "found", maintain_order=True)
        .agg(
            pl.col("query").drop_nulls().last(),
            pl.col("plain").drop_nulls().last(),
            pl.len().alias("jobs"),
            pl.col("user").drop_nulls().unique().sort().alias("users"),
            pl.col("created").max().alias("last"),
            pl.col("touched").explode().drop_nulls().unique().alias("touched"),
            pl.col("parent").is_not_null().any().alias("of_script"),
        )
        .sort("jobs", "plain", descending=[True, False], nulls_last=True)
    )
    found: list[_Shape] = []
    for row in grouped.iter_rows(named=True):
        mine = tables & set(row["touched"])
        if row["query"] is None and not mine:
            continue
        shown = (row["plain"] or "(no text)")[:SHOWN]
        found.append(
            _Shape(
                row["query"],
                shown,
                row["project"],
                row["jobs"],
                tuple(row["users"]),
                row["last"],
                mine,
                row["found"],
                row["of_script"],
            )
        )
    return found


def _scans(
    shapes: list[_Shape], catalog: Catalog, settings: EstimateSettings, expand_view: ExpandView
) -> Mapping[int, Mapping[str, TableRead]]:
    """Shape -> table -> how the worst scan of it prunes, and why."""
    reads = TableReads(catalog, expand_view)
    by_project: dict[str | None, list[int]] = defaultdict(list)
    for number, shape in enumerate(shapes):
        if shape.text is not None:
            by_project[shape.project].append(number)
    found: dict[int, dict[str, TableRead]] = defaultdict(dict)
    for project, numbers in by_project.items():
        texts = [shapes[number].text or "" for number in numbers]
        sources = [
            facts_of(
                Extraction("sql", (text,), (SqlText(text, "file"),)), str(number), len(text), is_test=False
            )
            for number, text in zip(numbers, texts, strict=True)
        ]
        own = replace(settings, project=project or settings.project)
        frames = estimate(merge(sources), catalog, own, expand_view)
        whose = frames["queries"]["source"].to_list()
        columns = ("query", "table", "kind", "role", "pruning", "pruning_cause", "pruning_reason")
        for query, table, kind, role, pruning, cause, reason in frames["scans"].select(columns).rows():
            if role == WRITTEN or table is None:
                continue
            number = numbers[whose[query]]
            if cause == "column" and shapes[number].of_script:
                pruning, reason = "unknown", VARIABLE
            for read in reads.of(table, kind, pruning, reason or ""):
                before = found[number].get(read.table)
                if before is None or before.pruning == PRUNED:
                    found[number][read.table] = read
    return found
