"""A job, how one follows another, and the row that it becomes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from synthetic.sent import Statement
from synthetic.weeks import grown

PROD, DEV = "kestrel-prod", "kestrel-dev"
NUMBERS = {PROD: 418_230_775_194, DEV: 702_911_463_058}
PIPELINE = "churn-pipeline@kestrel-prod.iam.gserviceaccount.com"
MIB = 2**20
STOPPED = "stopped"
MESSAGES = {
    "resourcesExceeded": "Resources exceeded during query execution: not enough memory.",
    "backendError": "Error encountered during execution. Retrying may solve the problem.",
    "bytesBilledLimitExceeded": "Query exceeded limit for bytes billed: 1073741824.",
    "rateLimitExceeded": "Exceeded rate limits: too many table update operations for this table.",
    "invalidQuery": 'Syntax error: Unexpected identifier "SELEC" at [1:1]',
    STOPPED: "Job execution was cancelled: User requested cancellation",
}


@dataclass(frozen=True)
class Job:
    """A job that ended."""

    job_id: str
    project: str
    user: str
    created: datetime
    started: datetime
    ended: datetime
    type: str
    statement: Statement
    parent: str | None
    labels: list[dict[str, str]]
    processed: int
    billed: int
    slot_ms: int
    cached: bool = False
    error: str | None = None

    @property
    def charged(self) -> bool:
        """Whether the bill has a row of it: a script is charged for by its statements."""
        return self.billed > 0 and self.statement.kind != "SCRIPT"


@dataclass
class History:
    """Jobs as they come to pass."""

    source: Random
    jobs: list[Job] = field(default_factory=list)

    def run(
        self,
        statement: Statement,
        moment: datetime,
        *,
        user: str = PIPELINE,
        project: str = PROD,
        labels: Sequence[dict[str, str]] = (),
        job_id: str | None = None,
        parent: str | None = None,
        cached: bool = False,
        error: str | None = None,
        part: int = 100,
    ) -> datetime:
        """One query; `part` is the percentage of its bytes that was read. Returns when the next one may begin."""
        charged = not cached and error in (None, STOPPED)
        processed = grown(statement.size, moment.date()) * part // 100 if charged else 0
        billed = max(len(statement.tables) * 10, -(-processed // MIB)) * MIB if charged else 0
        slot_ms = processed // 30_000 * self.source.randrange(900, 1100) // 1000
        started = moment + timedelta(milliseconds=self.source.randrange(90, 700))
        ended = started + timedelta(milliseconds=self.source.randrange(200, 1500) + slot_ms // 500)
        self.jobs.append(
            Job(
                job_id or self.identifier(),
                project,
                user,
                moment,
                started,
                ended,
                "QUERY",
                statement,
                parent,
                list(labels),
                processed,
                billed,
                slot_ms,
                cached,
                error,
            )
        )
        return ended + timedelta(milliseconds=self.source.randrange(300, 2500))

    def script(
        self, text: str, parts: Iterable[tuple[Statement, str | None]], moment: datetime, **how: Any
    ) -> datetime:
        """A script and its statements, each with the reason why it failed, if it did: the script then ends."""
        parent, created, first = self.identifier(), moment, len(self.jobs)
        error = None
        for number, (statement, error) in enumerate(parts):
            child = f"script_job_{self.source.getrandbits(128):032x}_{number}"
            moment = self.run(statement, moment, job_id=child, parent=parent, error=error, **how)
            if error is not None:
                break
        children = self.jobs[first:]
        whole = Statement(text, "SCRIPT", 0, ())
        self.jobs.append(
            Job(
                parent,
                children[0].project,
                children[0].user,
                created,
                children[0].started,
                children[-1].ended,
                "QUERY",
                whole,
                None,
                children[0].labels,
                sum(job.processed for job in children),
                sum(job.billed for job in children),
                sum(job.slot_ms for job in children),
                error=error,
            )
        )
        return moment

    def load(self, table: str, moment: datetime, error: str | None = None) -> datetime:
        """Rows of a DataFrame are loaded, which is free."""
        started = moment + timedelta(milliseconds=300)
        ended = started + timedelta(milliseconds=self.source.randrange(1500, 6000))
        nothing = Statement("", "", 0, (), table)
        name = self.identifier()
        self.jobs.append(
            Job(name, PROD, PIPELINE, moment, started, ended, "LOAD", nothing, None, [], 0, 0, 0, error=error)
        )
        return ended + timedelta(seconds=1)

    def identifier(self) -> str:
        """As Google's client for Python makes them up."""
        digits = f"{self.source.getrandbits(128):032x}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


# -- rows ------------------------------------------------------------------------------------------------


def job_row(job: Job) -> dict[str, Any]:
    """As INFORMATION_SCHEMA.JOBS has it."""
    query = job.type == "QUERY"
    statement = job.statement
    invalid = job.error == "invalidQuery"
    kind = statement.kind if query and not invalid else None
    text = statement.text if query else None
    return {
        "creation_time": job.created,
        "project_id": job.project,
        "project_number": NUMBERS[job.project],
        "user_email": job.user,
        "job_id": job.job_id,
        "job_type": job.type,
        "statement_type": kind,
        "priority": "INTERACTIVE" if query else None,
        "start_time": job.started,
        "end_time": job.ended,
        "query": text,
        "state": "DONE",
        "reservation_id": None,
        "total_bytes_processed": job.processed if query else None,
        "total_slot_ms": job.slot_ms,
        "error_result": _error(job.error),
        "cache_hit": job.cached if query and kind != "SCRIPT" else None,
        "destination_table": _destination(job),
        "referenced_tables": [_table(name) for name in statement.tables] if not invalid else [],
        "labels": job.labels,
        "total_bytes_billed": job.billed if query else None,
        "transaction_id": None,
        "parent_job_id": job.parent,
        "total_modified_partitions": None,
        "query_info": _query_info(job) if query else None,
        "query_dialect": "GOOGLE_SQL" if query else None,
        "edition": None,
        "job_creation_reason": {"code": "REQUESTED"},
    }


def _error(reason: str | None) -> dict[str, str | None] | None:
    if reason is None:
        return None
    return {"reason": reason, "location": "query", "debug_info": None, "message": MESSAGES[reason]}


def _table(name: str) -> dict[str, str]:
    dataset, _, table = name.partition(".")
    return {"project_id": PROD, "dataset_id": dataset, "table_id": table}


def _destination(job: Job) -> dict[str, str] | None:
    if job.statement.writes is not None:
        return _table(job.statement.writes)
    if job.statement.kind == "SCRIPT" or job.error == "invalidQuery":
        return None
    # The results of a SELECT lie in a hidden table for a day; the same text has the same one, hence the cache.
    owner = hashlib.sha256(f"{job.project} {job.user}".encode()).hexdigest()[:40]
    result = hashlib.sha256(job.statement.text.encode()).hexdigest()
    return {"project_id": job.project, "dataset_id": f"_{owner}", "table_id": f"anon{result}"}


def _query_info(job: Job) -> dict[str, Any]:
    """The hash of a text without its literals (Google does not say how it makes it; this one is our own)."""
    if job.cached or job.error is not None or job.statement.kind == "SCRIPT":
        return {"query_hashes": {"normalized_literals": None}}
    text = re.sub(r"--[^\n]*", " ", job.statement.text)
    text = re.sub(r"'[^']*'|\b\d+\b", "?", text)
    digest = hashlib.sha256(" ".join(text.split()).encode()).hexdigest()
    return {"query_hashes": {"normalized_literals": digest}}
