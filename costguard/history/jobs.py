"""The job history: what BigQuery really ran, from any export of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from costguard.errors import UsageProblem
from costguard.history.columns import Found, find, read_as
from costguard.history.exports import ExportFormat
from costguard.history.files import Opened, collected, opened
from costguard.history.job_columns import JOBS, JobSource, map_job_columns, source_of
from costguard.history.job_documents import audit_job, rest_job
from costguard.history.json_rows import frame_of

MAXIMUM_DOCUMENTS = 1_000_000
"""Jobs of one file that the REST API or a log tells of. Each is held as Python objects, of some KB."""
STOPPED = "stopped"
"""A query that was cancelled may be charged in full; any other that failed is free."""
UNRESERVED = "unreserved"
"""What logs call a job that ran in no reservation."""
UNFINISHED = ("PENDING", "RUNNING")
"""States of a job of which nobody can tell yet what it comes to."""
SCRIPT = "SCRIPT"
"""A script's own row holds the sum of its statements, which have rows of their own."""


@dataclass(frozen=True, slots=True)
class HistoryFile:
    """A file of the history, or a table of BigQuery."""

    path: Path
    format: ExportFormat
    source: JobSource
    missing: tuple[str, ...]
    """Columns that it lacks."""
    skipped: int
    """Rows of a log that tell of no job that ended."""


@dataclass(frozen=True, slots=True)
class Jobs:
    """Jobs, each once."""

    frame: pl.DataFrame
    """The columns of JOBS, and `billable`: it has ended, read data that was charged for, and is not the sum of other
    rows."""
    files: tuple[HistoryFile, ...]
    repeated: int
    """Rows that were left out since another file, or a later row, tells of the same job."""


@dataclass(frozen=True, slots=True)
class JobSummary:
    """What a history holds."""

    jobs: int
    first: datetime | None
    last: datetime | None
    billable: int
    bytes_billed: int
    unknown_bytes: int
    """Billable queries of which the billed bytes are not told (row-level security hides them)."""
    slot_ms: int
    cached: int
    failed: int
    unfinished: int
    """They ran, or waited, when the history was taken."""
    scripts: int
    reserved: int
    """Billable jobs that ran in a reservation: their bytes are not what was paid."""
    statements: Mapping[str | None, int]
    without_text: int
    """Queries without their text (histories of a folder or an organisation have none)."""


def load_jobs(given: Sequence[str]) -> Jobs:
    """The jobs in files, directories and patterns.

    Raises:
        UsageProblem: there is no file, one cannot be read, or one is no job history.
    """
    frames: list[pl.DataFrame] = []
    files: list[HistoryFile] = []
    for file in opened(given):
        source = source_of(file.schema)
        if source is None:
            raise file.refused(
                "no job history: neither rows of INFORMATION_SCHEMA.JOBS, nor jobs of the REST API, nor entries of a "
                "log sink"
            )
        missing: list[str] = []
        if source == "information-schema":
            expressions, missing = map_job_columns(file.schema)
            rows = file.rows.select(expressions)
        else:
            rows = _told(file, source)
        frame, count = collected(rows, file.rows.select(pl.len()), where=str(file.path))
        frames.append(frame)
        files.append(HistoryFile(file.path, file.format, source, tuple(missing), count.item() - frame.height))
    return _each_once(frames, tuple(files))


def jobs_of_rows(rows: pl.DataFrame, name: str) -> Jobs:
    """The jobs that a table or a view of BigQuery answered with: rows of INFORMATION_SCHEMA.JOBS, structs taken apart.

    `name`: of what was asked, for people.
    """
    expressions, missing = map_job_columns(dict(rows.schema))
    file = HistoryFile(Path(name), "bigquery", "information-schema", tuple(missing), 0)
    return _each_once([rows.select(expressions)], (file,))


def _each_once(frames: Sequence[pl.DataFrame], files: tuple[HistoryFile, ...]) -> Jobs:
    together = pl.concat(frames)
    # The latest word on a job counts: an export may have caught it while it ran.
    once = (
        together.sort("ended", nulls_last=False, maintain_order=True)
        .unique(["project", "job_id"], keep="last", maintain_order=True)
        .sort("created", "job_id", nulls_last=True)
    )
    failed = pl.col("error").is_not_null() & (pl.col("error") != STOPPED)
    billable = (
        (pl.col("job_type").fill_null("QUERY") == "QUERY")
        & (pl.col("statement").fill_null("") != SCRIPT)
        & ~pl.col("cache_hit").fill_null(value=False)
        & ~pl.col("state").fill_null("").is_in(UNFINISHED)
        & ~failed
    )
    reservation = pl.col("reservation").replace(UNRESERVED, None)
    return Jobs(
        once.with_columns(billable.alias("billable"), reservation),
        files,
        together.height - once.height,
    )


def _told(file: Opened, source: JobSource) -> pl.LazyFrame:
    """Jobs that documents tell of, with the columns of JOBS."""
    told = _listed(file) if source == "rest" else _audited(file)
    rows = list(islice(told, MAXIMUM_DOCUMENTS + 1))
    if len(rows) > MAXIMUM_DOCUMENTS:
        raise UsageProblem(
            f"{file.path}: more than {MAXIMUM_DOCUMENTS:,} jobs; give them in several files, or as rows of "
            "INFORMATION_SCHEMA.JOBS"
        )
    if not rows:
        return pl.LazyFrame(schema=JOBS)
    frame = frame_of(rows)
    return frame.lazy().select(
        read_as(Found(pl.col(name), frame.schema[name]), wanted).alias(name) for name, wanted in JOBS.items()
    )


def _listed(file: Opened) -> Iterator[dict[str, Any]]:
    (documents,) = collected(file.rows.head(MAXIMUM_DOCUMENTS + 1), where=str(file.path))
    return map(rest_job, documents.iter_rows(named=True))


def _audited(file: Opened) -> Iterator[dict[str, Any]]:
    text = find(file.schema, "protopayload_auditlog.metadataJson")
    user = find(file.schema, "protopayload_auditlog.authenticationInfo.principalEmail")
    location = find(file.schema, "resource.labels.location")
    if text is None:
        raise file.refused("entries of a log without `metadataJson`: these are not BigQuery's")
    told = file.rows.select(
        text.expression.alias("text"),
        *(
            (place.expression if place is not None else pl.lit(None, dtype=pl.String)).alias(name)
            for name, place in (("user", user), ("location", location))
        ),
    )
    (chosen,) = collected(told, where=str(file.path))
    for metadata, name, place in chosen.iter_rows():
        job = audit_job(metadata, name, place) if metadata else None
        if job is not None:
            yield job


def summarise_jobs(jobs: Jobs) -> JobSummary:
    """What the history comes to."""
    billable = pl.col("billable")
    row = jobs.frame.select(
        pl.len().alias("jobs"),
        pl.col("created").min().alias("first"),
        pl.col("created").max().alias("last"),
        billable.sum().alias("billable"),
        pl.col("bytes_billed").filter(billable).sum().alias("bytes_billed"),
        (billable & pl.col("bytes_billed").is_null()).sum().alias("unknown_bytes"),
        pl.col("slot_ms").filter(billable).sum().alias("slot_ms"),
        pl.col("cache_hit").fill_null(value=False).sum().alias("cached"),
        pl.col("error").is_not_null().sum().alias("failed"),
        pl.col("state").is_in(UNFINISHED).sum().alias("unfinished"),
        (pl.col("statement") == SCRIPT).sum().alias("scripts"),
        (billable & pl.col("reservation").is_not_null()).sum().alias("reserved"),
        (billable & pl.col("query").is_null()).sum().alias("without_text"),
    ).row(0, named=True)
    statements = jobs.frame.group_by("statement").agg(pl.len()).sort("statement")
    return JobSummary(statements=dict(statements.iter_rows()), **row)
