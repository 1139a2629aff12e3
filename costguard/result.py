"""What a scan found, as plain values: the one thing that every renderer, the gate and the cache read.

No third-party import: a warm rescan builds, gates and prints a `ScanResult` without polars or sqlglot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from costguard.model import Span
from costguard.money import ByteRange, Dollars, Seconds

Severity = Literal["error", "warning", "note"]
Confidence = Literal["high", "medium", "low"]
SEVERITIES: tuple[Severity, ...] = ("note", "warning", "error")
"""Weakest first."""
Silencer = Literal["comment", "baseline", "floor"]
"""What silences a finding: an ignore comment, an entry of the baseline, or that it wastes less than `min_usd`."""


@dataclass(frozen=True, slots=True)
class ScanReport:
    """A physical table that a query reads."""

    table: str
    columns: tuple[str, ...]
    star: bool
    role: str
    """`read`, or `target` of DML."""
    pruning: str
    pruning_reason: str | None
    partitions_kept: int | None
    partitions_total: int | None
    bytes: ByteRange | None
    """None: unknown."""
    view_lacks: tuple[str, ...] | None = None
    """Of a view of unknown bytes the tables below it that are in no catalog; empty where it cannot be read through."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a query was estimated to take, where the job history knows better."""

    bytes_processed: ByteRange | None
    bytes_billed: ByteRange | None
    usd: Dollars | None
    usd_per_iteration: Dollars | None
    runs: float
    runs_basis: str


@dataclass(frozen=True, slots=True)
class RunRate:
    """How often a query runs in an iteration, or on a day where no iteration was found that runs it."""

    median: float
    p90: float
    """Of ten iterations, nine have no more: a storm of retries shows here."""
    count: int
    """Iterations (days, UTC) in which it was charged for."""
    evidence: tuple[str, ...]
    """How these iterations were found (`label:cg_iteration`, `time`); empty where they are days."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What the job history says of a query."""

    jobs: int
    """Jobs that were charged for."""
    runs: int
    """Those that cost nothing (from the cache, failed) included."""
    grade: str | None
    """The weakest evidence: `label`, `comment`, `fingerprint`, `tables`; None when nothing was charged for."""
    confidence: Confidence
    shared: int
    """Jobs that may be another query's just as well: they are split in equal parts."""
    shared_with: tuple[str, ...]
    """The ids of those queries."""
    runs_per_day: float
    rate: RunRate
    bytes_billed: int
    slot_ms: int
    on_demand: Decimal
    """US dollars of all its jobs that pay by their bytes."""
    allocated: Decimal
    """US dollars of slots, by slot time."""
    unpriced: int
    """Jobs of which it is not known what they cost."""
    estimate: Estimate | None
    """What the figures of the query were before; None where they are still the estimate, since the match is unsure or
    nothing was charged."""


@dataclass(frozen=True, slots=True)
class Arm:
    """An arm of a choice that a script makes, or code between the texts of a call."""

    choice: str
    """The same for the arms of one choice."""
    arm: str
    """`then` and `else` exclude each other, and so do the texts of a call (`1`, `2`); `handler` runs after an error."""


@dataclass(frozen=True, slots=True)
class QueryReport:
    """A SQL statement with its cost. Figures that are unknown are None."""

    id: str
    path: str
    span: Span
    via: str
    statement: str
    loop_depth: int
    fingerprint: str
    runs: float
    runs_basis: str
    """`assumed`, `declared`, `written` (turn counts in the code) or `measured` (in the history: see
    `Measured.rate`)."""
    bytes_processed: ByteRange | None
    bytes_billed: ByteRange | None
    usd: Dollars | None
    """Dollars of one run."""
    usd_per_iteration: Dollars | None
    price: str | None
    """`6.25 USD/TiB, US, list of 2026-07-25`."""
    scans: tuple[ScanReport, ...]
    variant: str | None = None
    dialect: str | None = None
    """The SQL dialect, when it is not BigQuery's: such a query has no price here."""
    counted_with: str | None = None
    """Id of the same query, with which its cost is counted: code reads a file that is scanned too."""
    measured: Measured | None = None
    """None: there is no history, or it does not know this query."""
    materialized: str | None = None
    """What a dbt model becomes: `view`, `table`, `incremental`; None when it is none."""
    layout: str | None = None
    """How a dbt model wants its table, in words: `partitioned by day (month)`."""
    branch: tuple[Arm, ...] = ()
    """The arms of its code and its script that it stands in, outermost first."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that fired at a place in the code."""

    rule: str
    severity: Severity
    confidence: Confidence
    driver: str
    path: str
    span: Span
    message: str
    query: str | None
    """Id of the `QueryReport` that it is about."""
    wasted_bytes: ByteRange | None
    wasted_usd: Dollars | None
    """Wasted dollars per iteration; None when unknown."""
    fingerprint: str
    """Stable under moved lines: rule, path and the flagged text."""
    suppressed: str | None = None
    """Why it does not count (`` when no reason was given), None when it counts."""
    help: str | None = None
    """How to fix it, in one or two lines."""
    fix: str | None = None
    """A ready rewrite, when there is one."""
    wasted_seconds: Seconds | None = None
    """Wasted time of one run, where it is time that costs."""
    machine: str | None = None
    """What that time is priced at: `n2-standard-4, 0.194236 USD/hour, assumed`."""
    suppressed_by: Silencer = "comment"
    """What silences it, if it is silenced."""


@dataclass(frozen=True, slots=True)
class PolicyViolation:
    """A row that the query of a policy gave."""

    message: str
    path: str | None = None
    """None: the query gives no place."""
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class PolicyReport:
    """A policy of the config, held against a scan."""

    name: str
    level: Severity
    count: int
    """All its violations."""
    violations: tuple[PolicyViolation, ...] = ()
    """The first of them."""


@dataclass(frozen=True, slots=True)
class BaselineMatter:
    """Something to say about an entry of the baseline."""

    fingerprint: str
    rule: str | None
    """None: the entry is about a query."""
    path: str
    count: int
    """What it is said of: findings or queries."""
    last_day: str | None = None
    """On which the entry holds; None: without end."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a query may cost by the baseline."""

    usd_per_run: Decimal
    until: str | None
    """The last day on which this holds; None: without end."""


@dataclass(frozen=True, slots=True)
class BaselineReport:
    """What the baseline did to a scan."""

    path: str
    entries: int
    stale: tuple[BaselineMatter, ...] = ()
    """Entries that are about more than there is: `count` of it is gone."""
    expired: tuple[BaselineMatter, ...] = ()
    """Entries that silence nothing any more, of what is still there."""
    over_budget: tuple[BaselineMatter, ...] = ()
    """Findings that count, since their queries cost more than the entry allows."""
    unchecked: int = 0
    """Entries of which nothing was found, in files that could not be read whole: they may be needed still."""
    allowances: Mapping[str, Allowance] = field(default_factory=dict)
    """By the ids of the queries."""


@dataclass(frozen=True, slots=True)
class UnreadReport:
    """What could not be read, and why."""

    path: str
    span: Span
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """Totals of a scan."""

    files: int
    """Files that were found."""
    files_unread: int
    """Those of them of which nothing could be read."""
    queries: int
    findings: int
    """Findings that are not suppressed."""
    suppressed: int
    """Those that a comment ignores."""
    unread: int
    usd_per_iteration: Dollars
    """Sum over the queries whose cost is known."""
    unknown_queries: int
    """Queries whose cost is not known and not in the sum."""
    assumed_runs: int
    """Queries with a known cost whose number of runs per iteration is assumed to be one (per loop turn)."""
    counted_elsewhere: int = 0
    """Queries that are counted with another one: neither in the sum nor unknown."""
    price_remarks: tuple[str, ...] = ()
    """Which lists the prices are from; empty when all are from the one that ships with this version."""
    baselined: int = 0
    """Findings that the baseline silences."""
    below_floor: int = 0
    """Findings that waste less than is worth a word."""
    since_queries: int = 0
    """Queries that read partitions which have come since the catalog was made: their sizes are modelled."""
    catalog_days: int = 0
    """Whole days from the catalog (of several, the oldest) to the clock."""

    @property
    def read_shares(self) -> tuple[Decimal, Decimal]:
        """Which part of the files, and which of the statements, could be read: from 0 to 1. A place that could not be
        read counts as a statement."""
        places = self.queries + self.unread
        return (
            Decimal(self.files - self.files_unread) / self.files if self.files else Decimal(1),
            Decimal(self.queries) / places if places else Decimal(1),
        )

    @property
    def known_usd(self) -> Dollars | None:
        """Dollars of an iteration, unless the sum is one of nothing although there are queries: unknown, not zero."""
        counted = self.queries - self.counted_elsewhere
        return None if counted and self.unknown_queries == counted else self.usd_per_iteration


@dataclass(frozen=True, slots=True)
class HistoryTotals:
    """What the job history comes to, beside the code. Dollars are of the whole history."""

    days: int
    jobs: int
    """Jobs that were charged for."""
    matched_jobs: int
    on_demand: Decimal
    allocated: Decimal
    matched_on_demand: Decimal
    matched_allocated: Decimal
    ambiguous_jobs: int
    """Matched jobs that are split between several queries."""
    unpriced: int
    measured_queries: int
    """Queries whose figures are those of the history."""
    never_run: int
    """Queries of the code that the history does not know."""
    prices: str
    """Where the dollars come from, in words."""
    by_day: int = 0
    """Of the measured queries, those in no iteration that was found: a day stands for one."""
    evidence: tuple[str, ...] = ()
    """How the iterations of the others were found."""


@dataclass(frozen=True, slots=True)
class ScanResult:
    """Everything that a scan found, in the order in which it is reported (path, line, rule)."""

    summary: Summary
    queries: tuple[QueryReport, ...]
    findings: tuple[Finding, ...]
    unread: tuple[UnreadReport, ...]
    history: HistoryTotals | None = None
    policies: tuple[PolicyReport, ...] = ()
    """In the order of the config."""
    baseline: BaselineReport | None = None
    """None: there is none, or it has not been applied."""


@dataclass(frozen=True, slots=True)
class GatePoint:
    """A limit that is exceeded, and where."""

    level: Severity
    """`error`: it fails the gate."""
    name: str
    """What it is held against: `max-usd-per-query`, `baseline-budget`, `iteration` for what an iteration may cost."""
    path: str | None
    """Of the query; None: it is about the whole."""
    span: Span | None
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says."""

    verdict: Literal["pass", "fail", "error"]
    reasons: tuple[str, ...]
    """Why it failed, or why nothing could be checked; one line each."""
    warnings: tuple[str, ...] = ()
    """What does not fail yet; one line each."""
    advisory: bool = False
    """A failure is said, and does not fail the command."""
    points: tuple[GatePoint, ...] = field(default=(), compare=False)
    """The limits that are exceeded, each query by itself: reasons and warnings name the first few."""

    @property
    def exit_code(self) -> int:
        """0 clean, 1 the gate failed, 2 could not check."""
        return {"pass": 0, "fail": 0 if self.advisory else 1, "error": 2}[self.verdict]


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """When a scan fails."""

    fail_on: Severity | Literal["never"] = "error"
    max_usd_per_query: Decimal | None = None
    """Dollars of one run of one query."""
    max_usd_per_iteration: Decimal | None = None
    warn_usd_per_query: Decimal | None = None
    warn_usd_per_iteration: Decimal | None = None
    min_read_share: Decimal | None = None
    """Share, from 0 to 1, of files and of statements that have to be read: with less nothing is checked."""
    advisory: bool = False
    """See `Verdict.advisory`."""
