"""What the week's queries of the code cost: each with its place, its runs, and what would make it cheaper."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Final

from costguard.history.spend import History, StatementSpend
from costguard.report.trend import CHEAPER, FEWEST_USD, QueryWeek, Savings, price_of_run, savings_of, times
from costguard.result import Confidence, Finding, QueryReport, Severity

TREND_WEEKS: Final = 8
"""Weeks of a query's trend, the report's own included."""


@dataclass(frozen=True, slots=True)
class CodeQuery:
    """A query of the code, by its jobs of the week."""

    id: str
    fingerprint: str
    path: str
    start_line: int
    cell: int | None
    runs: int
    """Those that cost nothing (from the cache, failed) included."""
    runs_free: int
    """Those."""
    runs_reserved: int
    """Those that ran in a reservation, and pay no bytes."""
    runs_unpriced: int
    """Those of which nobody knows what they cost."""
    priced: Fraction
    """Runs that `usd` is of; one that is shared by k queries is a k-th of one."""
    runs_before: int
    priced_before: Fraction
    usd: Decimal
    """US dollars of jobs that pay by their bytes."""
    usd_before: Decimal
    allocated: Decimal
    """US dollars of slots, shared out by slot time: not a part of `usd`."""
    bytes_billed: int
    confidence: Confidence
    """Of the match, the weakest."""
    findings: tuple[str, ...]
    """Rules, the most wasteful first."""
    fix: str | None
    """What the most wasteful finding says to do."""
    trend: tuple[QueryWeek, ...] = ()
    """The last weeks of the history, the oldest first; as far back as it reaches."""
    savings: Savings | None = None
    """Since when it is cheaper, over the whole history."""

    @property
    def known_usd(self) -> Decimal | None:
        """`usd`; None when nobody knows what any of the runs cost."""
        return None if self.runs_unpriced and not self.priced else self.usd

    @property
    def each(self) -> Decimal | None:
        """US dollars of a run that has a price, to nine places; None without any."""
        return price_of_run(self.usd, self.priced)

    @property
    def each_before(self) -> Decimal | None:
        return price_of_run(self.usd_before, self.priced_before)

    @property
    def saved(self) -> Decimal | None:
        """What the week's runs would have cost more at the price of the week before; None when a run of it did not
        become cheaper by a fifth, or the saving is no news. Runs without a price (failed, cached, in a reservation, of
        unknown cost) save nothing."""
        now, before = self.each, self.each_before
        if now is None or before is None or now > before * CHEAPER:
            return None
        saved = times(before - now, self.priced)
        return saved if saved >= FEWEST_USD else None


@dataclass(frozen=True, slots=True)
class Ignored:
    """A finding that a comment in the code silences."""

    rule: str
    path: str
    start_line: int
    cell: int | None
    reason: str
    """As written; empty when none was given."""
    usd: Decimal | None
    """Wasted US dollars of an iteration; None when unknown."""


@dataclass(frozen=True, slots=True)
class CodeCosts:
    """The week's jobs held against the code. Dollars are US dollars, of jobs that pay by their bytes."""

    queries: tuple[CodeQuery, ...]
    """Those with jobs in the week or the one before, the dearest of the week first."""
    jobs: int
    """Jobs of the week that were charged for."""
    matched_jobs: int
    priced_jobs: int
    """Jobs of the week that `usd` is of."""
    unpriced_jobs: int
    """Those of which nobody knows what they cost."""
    usd: Decimal
    to_code: Decimal
    """Part of `usd`: jobs of queries in the code."""
    allocated: Decimal
    never_run: int
    """Queries of the code that did not run in the week."""
    ignored: tuple[Ignored, ...] = ()
    """The most wasteful first."""
    open_findings: Mapping[Severity, int] = field(default_factory=dict)
    """Findings of the code that are not ignored, by severity."""
    by_bill: bool = True
    """Every dollar is what the bill says; else prices of the list are in it."""
    held: bool = True
    """The history holds the whole of what is compared with: what queries came to then is known."""

    @property
    def known(self) -> bool:
        """Some job has a price, or none is without: `usd` tells something."""
        return self.priced_jobs > 0 or not self.unpriced_jobs

    @property
    def not_in_code(self) -> Decimal:
        return self.usd - self.to_code

    @property
    def saved(self) -> Decimal:
        return sum((query.saved or Decimal(0) for query in self.queries), Decimal(0))


def code_costs(
    now: History,
    before: History,
    queries: Mapping[int, QueryReport],
    findings: Iterable[Finding],
    never_run: int,
    weeks: Sequence[tuple[str, History]] = (),
    held: bool = True,
) -> CodeCosts:
    """Join the jobs of a week and of the one before with the queries (by the key of the statement) and findings.

    `weeks`: the jobs of each week of the history by its name, the oldest first, the week of the report last. `held`:
    the history holds the whole week before.
    """
    findings = tuple(findings)
    wasteful: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.query is not None and finding.suppressed is None:
            wasteful.setdefault(finding.query, []).append(finding)
    found = [
        _query(
            queries[key], now.statements.get(key), before.statements.get(key), wasteful, _weekly(key, weeks)
        )
        for key in sorted(now.statements.keys() | before.statements.keys())
    ]
    found.sort(key=lambda query: (-query.usd, -query.usd_before, query.path, query.start_line, query.id))
    return CodeCosts(
        queries=tuple(found),
        jobs=now.total.jobs,
        matched_jobs=now.matched.jobs,
        priced_jobs=now.total.priced,
        unpriced_jobs=now.total.unpriced,
        usd=now.total.on_demand,
        to_code=now.matched.on_demand,
        allocated=now.total.allocated,
        never_run=never_run,
        ignored=_ignored(findings),
        open_findings=Counter(finding.severity for finding in findings if finding.suppressed is None),
        by_bill=now.total.billed_by_bill,
        held=held,
    )


def _weekly(key: int, weeks: Sequence[tuple[str, History]]) -> tuple[QueryWeek, ...]:
    """A statement's runs and dollars in each week."""
    spent = ((name, history.statements.get(key)) for name, history in weeks)
    return tuple(
        QueryWeek(name, one.runs, one.priced, one.spend.on_demand)
        if one is not None
        else QueryWeek(name, 0, Fraction(0), Decimal(0))
        for name, one in spent
    )


def _ignored(findings: Iterable[Finding]) -> tuple[Ignored, ...]:
    found = sorted(
        (finding for finding in findings if finding.suppressed is not None),
        key=lambda finding: (*_waste(finding), finding.path, finding.span.cell or 0, finding.span.start_line),
    )
    return tuple(
        Ignored(
            rule=finding.rule,
            path=finding.path,
            start_line=finding.span.start_line,
            cell=finding.span.cell,
            reason=finding.suppressed or "",
            usd=finding.wasted_usd.point if finding.wasted_usd is not None else None,
        )
        for finding in found
    )


def _query(
    query: QueryReport,
    now: StatementSpend | None,
    before: StatementSpend | None,
    wasteful: Mapping[str, list[Finding]],
    weeks: tuple[QueryWeek, ...],
) -> CodeQuery:
    findings = sorted(wasteful.get(query.id, ()), key=_waste)
    known = now if now is not None else before
    assert known is not None
    return CodeQuery(
        id=query.id,
        fingerprint=query.fingerprint,
        path=query.path,
        start_line=query.span.start_line,
        cell=query.span.cell,
        runs=now.runs if now is not None else 0,
        runs_free=now.runs - now.spend.jobs if now is not None else 0,
        runs_reserved=now.spend.reserved if now is not None else 0,
        runs_unpriced=now.spend.unpriced if now is not None else 0,
        priced=now.priced if now is not None else Fraction(0),
        runs_before=before.runs if before is not None else 0,
        priced_before=before.priced if before is not None else Fraction(0),
        usd=now.spend.on_demand if now is not None else Decimal(0),
        usd_before=before.spend.on_demand if before is not None else Decimal(0),
        allocated=now.spend.allocated if now is not None else Decimal(0),
        bytes_billed=now.spend.bytes_billed if now is not None else 0,
        confidence=known.confidence,
        findings=tuple(dict.fromkeys(finding.rule for finding in findings)),
        fix=findings[0].help if findings else None,
        trend=weeks[-TREND_WEEKS:],
        savings=savings_of(weeks),
    )


def _waste(finding: Finding) -> tuple[Decimal, str]:
    """The most wasteful first; of equal ones by name."""
    return (-finding.wasted_usd.point if finding.wasted_usd is not None else Decimal(0), finding.rule)
