"""What may expire: tables that nobody reads, their old partitions, and the tables of datasets for temporary data."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

import polars as pl

from costguard.catalog.model import Partitioning, Table
from costguard.guards.evidence import Code, Evidence
from costguard.guards.names import DatasetName, dataset_name, is_table_name, table_name
from costguard.guards.suggestions import ExpirationSuggestion, LeftOut
from costguard.history.job_findings import REACH
from costguard.money import GIB

SMALLEST: Final = GIB
"""Storage of a smaller table costs less than three cents a month."""
NOTICE: Final = timedelta(days=30)
"""So long is left to somebody who misses the table."""
KEPT_DAYS: Final = 90
"""Partitions of this age are kept: storage is half as dear from then on anyway."""
FEWEST_DAYS: Final = 7
FACTOR: Final = 2
ACTIVE: Final = Decimal("0.02")
LONG_TERM: Final = Decimal("0.01")
"""US dollars for a GiB of logical storage a month, in the multi-regions US and EU
(cloud.google.com/bigquery/pricing#storage, list of 2026-07-25)."""
STORAGE_NOTE: Final = "0.01 (long-term) to 0.02 (active) USD a GiB and month, US, list of 2026-07-25"
_TEMPORARY: Final = re.compile(r"(?i)(?:^|_)(?:tmp|temp|temporary|scratch|sandbox|staging|stage|stg)(?:_|$)")
_MADE: Final = ("CREATE_TABLE_AS_SELECT", "CREATE_TABLE")
_FORMATS: Final = {"HOUR": "%Y%m%d%H", "DAY": "%Y%m%d", "MONTH": "%Y%m", "YEAR": "%Y"}


@dataclass(frozen=True, slots=True)
class Expirations:
    """What may expire, the largest first, and what was left out."""

    found: tuple[ExpirationSuggestion, ...]
    left_out: tuple[LeftOut, ...]


def expiration_suggestions(evidence: Evidence) -> Expirations:
    """Nothing without a history of at least two weeks: a shorter one does not tell what nobody reads."""
    jobs = evidence.jobs
    if jobs is None:
        return Expirations((), ())
    reach = jobs.select(pl.col("created").max() - pl.col("created").min()).item()
    if reach is None or reach < REACH:
        return _nothing(evidence, f"by a history of less than {REACH.days} days")
    untold = _untold(jobs)
    if untold.null_count():
        return _nothing(evidence, "since some jobs tell neither what they read nor their text")
    views = (raw.get("view_query") or "" for raw in evidence.catalog.raw().values())
    texts = "\n".join((*untold.unique(), *views))
    uses = _uses(jobs)
    read = _Names(uses.filter(~pl.col("own"))["table"].to_list() + _read_by_code(evidence.code))
    found: list[ExpirationSuggestion] = []
    elsewhere = stale = 0
    projects = set(jobs["project"].drop_nulls())
    written = set(jobs.select(_bare("destination"))["destination"].drop_nulls())
    temporary: dict[DatasetName, int] = {}
    for name in evidence.catalog:
        table = evidence.catalog.table(name)
        if table is None or table.kind != "table" or not is_table_name(name):
            continue
        parts = table_name(name)
        if _TEMPORARY.search(parts.dataset):
            dataset = DatasetName(parts.project, parts.dataset)
            temporary[dataset] = temporary.get(dataset, 0) + (table.bytes or 0)
        if (table.bytes or 0) < SMALLEST or name in read or parts.table in texts:
            continue
        if parts.project not in projects:
            elsewhere += 1
        elif name not in written:
            found.append(_table(table, evidence.now, reach))
        elif (partitions := _partitions(table, evidence.now, reach)) is not None:
            found.append(partitions)
        else:
            stale += 1
    for dataset in sorted(_datasets(jobs)):
        if _TEMPORARY.search(dataset.dataset):
            temporary.setdefault(dataset, 0)
    left_out = [
        LeftOut("expiration", elsewhere, "tables of projects of which the history has no job"),
        LeftOut(
            "expiration",
            stale,
            "tables that are written and read by no job: what writes them is to be stopped (costguard jobs)",
        ),
    ]
    older = 0
    for dataset, size in sorted(temporary.items()):
        default = _default(dataset, size, jobs, uses)
        if default is None:
            older += 1
        else:
            found.append(default)
    left_out.append(
        LeftOut(
            "expiration",
            older,
            "datasets of temporary data with tables that were made before the history, and read",
        )
    )
    found.sort(key=lambda one: (not one.destructive, -(one.bytes or 0), str(one.subject)))
    return Expirations(tuple(found), tuple(one for one in left_out if one.count))


def _nothing(evidence: Evidence, why: str) -> Expirations:
    count = len(evidence.catalog)
    left_out = LeftOut("expiration", count, f"tables of which nothing can be said {why}")
    return Expirations((), (left_out,) if count else ())


def _untold(jobs: pl.DataFrame) -> pl.Series:
    """The texts of jobs that were charged for reading what the history does not name. A text that holds the name of a
    table may read it."""
    silent = pl.col("billable") & (pl.col("bytes_billed").fill_null(1) > 0)
    return jobs.filter(silent & (pl.col("tables").list.len().fill_null(0) == 0))["query"]


class _Names:
    """Names of tables, of which some end in `*` and stand for many."""

    def __init__(self, names: list[str]) -> None:
        self._exact = {name for name in names if not name.endswith("*")}
        self._prefixes = tuple({name[:-1] for name in names if name.endswith("*")})

    def __contains__(self, name: str) -> bool:
        return name in self._exact or name.startswith(self._prefixes)


def _uses(jobs: pl.DataFrame) -> pl.DataFrame:
    """`table`, `created` and `own` (the job writes to that table too) for each table that a job names."""
    return (
        jobs.select("tables", "created", "destination")
        .explode("tables")
        .drop_nulls("tables")
        .select(
            _bare("tables").alias("table"),
            "created",
            (_bare("tables") == _bare("destination").fill_null("")).alias("own"),
        )
    )


def _bare(column: str) -> pl.Expr:
    """Names without the decorator of a partition."""
    return pl.col(column).str.replace(r"\$.*$", "")


def _read_by_code(code: Code | None) -> list[str]:
    """Full names of the tables that the code reads; of names with an unknown part what may be meant."""
    if code is None:
        return []
    scans = code.frames["scans"].filter(pl.col("role") == "read")
    return [_open(name) for name in scans["table"].drop_nulls().to_list()]


def _open(name: str) -> str:
    """A name up to its unknown part, which may be anything; as it is where nothing is unknown."""
    known, brace, _ = name.partition("{")
    return f"{known}*" if brace and known.count(".") else name


def _datasets(jobs: pl.DataFrame) -> set[DatasetName]:
    """Datasets that jobs write to, but for those that BigQuery keeps results in."""
    found = set()
    for name in jobs["destination"].drop_nulls().unique():
        dataset = name.rpartition(".")[0]
        if not dataset.rpartition(".")[2].startswith("_"):
            try:
                found.add(dataset_name(dataset))
            except ValueError:
                continue  # nothing that could be named in SQL
    return found


def _table(table: Table, now: datetime, reach: timedelta) -> ExpirationSuggestion:
    expires = (now + NOTICE).replace(hour=0, minute=0, second=0, microsecond=0)
    return ExpirationSuggestion(
        subject=table_name(table.name),
        expires=expires,
        partition_days=None,
        table_days=None,
        destructive=True,
        reason=f"no job read or wrote it in {reach.days} days",
        bytes=table.bytes,
        usd_low=_usd(table.bytes, LONG_TERM),
        usd_high=_usd(table.bytes, ACTIVE),
    )


def _partitions(table: Table, now: datetime, reach: timedelta) -> ExpirationSuggestion | None:
    """Old partitions of a table that is written and that nobody reads; None when it has none that would go."""
    partitioning = table.partitioning
    if partitioning is None or partitioning.type not in _FORMATS:
        return None
    size = _older(partitioning, (now - timedelta(days=KEPT_DAYS)).date())
    if size == 0:
        return None
    return ExpirationSuggestion(
        subject=table_name(table.name),
        expires=None,
        partition_days=KEPT_DAYS,
        table_days=None,
        destructive=True,
        reason=f"it is written, and no job read it in {reach.days} days",
        bytes=size,
        usd_low=_usd(size, LONG_TERM),
        usd_high=_usd(size, ACTIVE),
    )


def _older(partitioning: Partitioning, limit: date) -> int | None:
    """Bytes of the partitions that begin before a day; None when they are not known."""
    if partitioning.partitions is None:
        return None
    total = 0
    for partition in partitioning.partitions:
        if not partition.id.isdigit():
            continue  # rows without a value, or in the streaming buffer, do not expire
        if datetime.strptime(partition.id, _FORMATS[partitioning.type]).date() < limit:
            if partition.bytes is None:
                return None
            total += partition.bytes
    return total


def _default(
    dataset: DatasetName, size: int, jobs: pl.DataFrame, uses: pl.DataFrame
) -> ExpirationSuggestion | None:
    """The default age of the tables of a dataset: twice the age at which one was read, at least a week. None when a
    table is read that was made before the history: nobody knows at what age."""
    prefix = f"{dataset}."
    made = (
        jobs.filter(pl.col("statement").is_in(_MADE) & pl.col("destination").str.starts_with(prefix))
        .select(pl.col("destination").alias("table"), pl.col("created").alias("made"))
        .sort("made")
    )
    reads = uses.filter(pl.col("table").str.starts_with(prefix) & ~pl.col("own")).sort("created")
    aged = reads.join_asof(
        made, left_on="created", right_on="made", by="table", strategy="backward", check_sortedness=False
    )
    if aged["made"].null_count():
        return None
    oldest: timedelta = aged.select((pl.col("created") - pl.col("made")).max()).item() or timedelta(0)
    days = -(-oldest // timedelta(days=1))
    reason = (
        f"its name says that it is temporary; its tables were read at most {_days(days)} after they were made"
        if reads.height
        else "its name says that it is temporary, and no job read its tables"
    )
    return ExpirationSuggestion(
        subject=dataset,
        expires=None,
        partition_days=None,
        table_days=max(FEWEST_DAYS, FACTOR * days),
        destructive=False,
        reason=reason,
        bytes=size,
        usd_low=None,
        usd_high=None,
    )


def _days(count: int) -> str:
    return "a day" if count == 1 else f"{count} days"


def _usd(size: int | None, price: Decimal) -> Decimal | None:
    return price * size / GIB if size is not None else None
