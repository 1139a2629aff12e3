"""What is suggested, with the figures that it was worked out from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal

from costguard.guards.declared import Metric, Service
from costguard.guards.names import DatasetName, TableName

Scope = Literal["project", "user", "label", "query"]
Verdict = Literal["safe", "few", "breaks", "unsure"]
"""Of a partition filter: nothing that is known would break; a few queries would; too many; some cannot be judged."""


@dataclass(frozen=True, slots=True)
class MaxBytesSuggestion:
    """A value of `maximum_bytes_billed`: twice the p99 of what jobs were billed, rounded up."""

    scope: Scope
    subject: str
    """A project, a user, `key=value`, or `path:line`."""
    path: str | None
    """Of a query."""
    limit: int
    jobs: int
    """Jobs on demand that were billed for bytes."""
    p99: int
    """Nearest rank: at most one of a hundred jobs was billed more."""
    largest: int
    stopped: int
    """Past jobs above the limit."""
    stopped_bytes: int
    estimate: int | None = None
    """The upper bound of a clustered table's estimate, where the limit had to be raised to it."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """How a limit is written down in one kind of code."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class UnguardedCall:
    """A call that surely sets no `maximum_bytes_billed`."""

    path: str
    line: int
    cell: int | None
    via: str
    statements: int
    open_ended: bool
    """Its text is put together at run time, or a loop runs it: what rule bq-no-max-bytes-billed finds."""
    limit: int | None
    basis: str
    """Where the limit comes from."""


@dataclass(frozen=True, slots=True)
class CodeCheck:
    """Whether each job of the code sets a limit."""

    guarded: int
    """Calls that set one."""
    unguarded: tuple[UnguardedCall, ...]
    unknown: int
    """Calls of which it cannot be told: their settings come from elsewhere."""
    other: int
    """Statements that no call runs: files, dbt models; whoever runs them sets the limit."""
    snippets: tuple[Snippet, ...]


@dataclass(frozen=True, slots=True)
class CutDay:
    """A day of the history on which the quota would have stopped queries."""

    day: date
    """Pacific time."""
    bytes: int
    user: str | None


@dataclass(frozen=True, slots=True)
class QuotaValue:
    """A daily quota: twice the p95 of days with queries, rounded up."""

    value: int
    p95: int
    largest: int
    days: int
    """With queries on demand."""
    cut: tuple[CutDay, ...]
    """The largest first."""
    heaviest: str | None = None
    """Who set it, of a quota for each user."""


@dataclass(frozen=True, slots=True)
class QuotaSuggestion:
    """The quotas of a project."""

    project: str
    per_day: QuotaValue | None
    """None when it would be above what a project may query anyway."""
    per_user: QuotaValue | None
    """None when it would be no less than the project's."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A query that reads a table: of the history, or of the code."""

    what: str
    """`path:line`, or the beginning of the text without its literals."""
    jobs: int | None
    """Runs in the history; None of code."""
    users: tuple[str, ...]
    last: datetime | None
    reason: str
    """Why it would break, or why that cannot be told."""


@dataclass(frozen=True, slots=True)
class PartitionFilterSuggestion:
    """Whether a table can have `require_partition_filter`."""

    table: TableName
    column: str
    bytes: int | None
    partitions: int | None
    verdict: Verdict
    jobs: int | None
    """Past jobs that read it; None without a history."""
    queries: int | None
    """Statements of the code that read it; None without code."""
    breaking: tuple[Reader, ...]
    unsure: tuple[Reader, ...]


@dataclass(frozen=True, slots=True)
class ExpirationSuggestion:
    """A table, its partitions, or the new tables of a dataset that may expire."""

    subject: TableName | DatasetName
    expires: datetime | None
    partition_days: int | None
    table_days: int | None
    destructive: bool
    reason: str
    bytes: int | None
    """That would go."""
    usd_low: Decimal | None
    """Storage dollars a month at list price: all of it long-term."""
    usd_high: Decimal | None
    """The same, all of it active."""


@dataclass(frozen=True, slots=True)
class AlertSuggestion:
    """An alert on the bytes billed in an hour: twice the p99 of hours with queries, rounded up."""

    project: str
    metric: Metric
    threshold: int
    hours: int
    p99: int
    largest: int
    above: int
    """Hours of the history above it."""


@dataclass(frozen=True, slots=True)
class TimeLimitSuggestion:
    """How long machines may run, or be idle, from the hours in the bill."""

    service: Service
    project: str
    name: str | None
    location: str | None
    max_idle: timedelta | None
    max_age: timedelta | None
    timeout: timedelta | None
    stretches: int
    """Times that it ran without a pause."""
    hours: int
    """Hours with usage."""
    typical: timedelta
    """The p95 of how long it ran without a pause."""
    longest: timedelta
    net: Decimal
    """What it cost, in the currency of the bill."""
    days: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What was not suggested, and why; counted so that silence is not read as safety."""

    guard: str
    count: int
    what: str


@dataclass(frozen=True, slots=True)
class Suggestions:
    """All of them."""

    now: datetime
    usd_per_tib: Decimal
    price_note: str
    currency: str | None
    """Of the bill."""
    first: datetime | None
    last: datetime | None
    days: int
    """Days (UTC) from the first to the last job; 0 without a history."""
    jobs: int
    max_bytes: tuple[MaxBytesSuggestion, ...]
    code: CodeCheck | None
    quotas: tuple[QuotaSuggestion, ...]
    partition_filters: tuple[PartitionFilterSuggestion, ...]
    expirations: tuple[ExpirationSuggestion, ...]
    alerts: tuple[AlertSuggestion, ...]
    time_limits: tuple[TimeLimitSuggestion, ...]
    left_out: tuple[LeftOut, ...]
    not_given: Mapping[str, str]
    """What was not given, and what cannot be said without it."""
