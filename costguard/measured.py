"""A scan's figures become those of the job history, where it knows the query."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from typing import Final

from costguard.history.match import GRADES
from costguard.history.prices import BILLIONTH, Price
from costguard.history.spend import History, Quantiles, StatementSpend
from costguard.money import TIB, ByteRange, Dollars, price_bytes, worst_basis
from costguard.result import Estimate, Finding, HistoryTotals, Measured, QueryReport

ListNote = Callable[[str], str]
"""What the list's price of a location is called: `US, list of 2026-07-25`."""
JOB: Final = "job"
BILLED: Final = "billed"
IN_RESERVATION: Final = "in a reservation: what it costs is not its bytes"
ALLOCATED: Final = "the mean of its jobs; slots of the bill are shared out by slot time"


@dataclass(frozen=True, slots=True)
class MeasuredScan:
    """What a scan found, with measured figures."""

    queries: tuple[QueryReport, ...]
    findings: tuple[Finding, ...]
    totals: HistoryTotals


@dataclass(frozen=True, slots=True)
class _Figures:
    """What a run of a query came to."""

    usd: Dollars | None
    price: str | None
    usd_per_tib: Decimal | None
    """None where dollars are not bytes at a price."""


def measure(
    queries: Sequence[QueryReport],
    findings: Sequence[Finding],
    history: History,
    ids: Sequence[str],
    never_run: int,
    list_note: ListNote,
    bill_prices: Mapping[int, Decimal],
) -> MeasuredScan:
    """Put the history's figures in the place of estimates; what is wasted keeps its part of them. What stays an
    estimate has the bill's price, where there is one.

    Figures of an unsure match (confidence `low`) stay estimates, with what the history says beside them.
    `ids`: by the key of the statement. `list_note`: what the list's price of a location is called.
    `bill_prices`: what a TiB costs by the bill where the statement runs, by its key.
    """
    keys = {identity: key for key, identity in enumerate(ids)}
    found: dict[str, QueryReport] = {}
    figures: dict[str, _Figures] = {}
    for query in queries:
        key = keys[query.id]
        spent = history.statements.get(key)
        if spent is not None:
            figure = _figures(spent, history.statement_prices.get(key, ()), list_note)
            query = _measured(query, spent, figure, ids)
            if query.measured is not None and query.measured.estimate is not None:
                figures[query.id] = figure
        if query.id not in figures and key in bill_prices:
            query, figures[query.id] = _repriced(query, bill_prices[key])
        found[query.id] = query
    changed = tuple(found[query.id] for query in queries)
    wasted = tuple(
        _rescaled(finding, found[finding.query], figures[finding.query].usd_per_tib)
        if finding.query in figures
        else finding
        for finding in findings
    )
    return MeasuredScan(changed, wasted, _totals(changed, history, never_run, list_note))


def _measured(
    query: QueryReport, found: StatementSpend, figures: _Figures, ids: Sequence[str]
) -> QueryReport:
    spend = found.spend
    measured = Measured(
        jobs=spend.jobs,
        runs=found.runs,
        grade=max(found.grades, key=GRADES.index, default=None),
        confidence=found.confidence,
        shared=found.shared,
        shared_with=tuple(sorted(ids[key] for key in found.others)),
        runs_per_day=found.runs_per_day,
        rate=found.rate,
        bytes_billed=spend.bytes_billed,
        slot_ms=spend.slot_ms,
        on_demand=spend.on_demand,
        allocated=spend.allocated,
        unpriced=spend.unpriced,
        estimate=None,
    )
    if found.confidence == "low" or found.billed is None:
        return replace(query, measured=measured)
    estimate = Estimate(
        query.bytes_processed,
        query.bytes_billed,
        query.usd,
        query.usd_per_iteration,
        query.runs,
        query.runs_basis,
    )
    runs = found.rate.median
    return replace(
        query,
        runs=runs,
        runs_basis="measured",
        bytes_processed=_range(found.processed, JOB) if found.processed is not None else None,
        bytes_billed=_range(found.billed, JOB),
        usd=figures.usd,
        usd_per_iteration=figures.usd.times(Decimal(str(runs))) if figures.usd is not None else None,
        price=figures.price,
        measured=replace(measured, estimate=estimate),
    )


def _repriced(query: QueryReport, usd_per_tib: Decimal) -> tuple[QueryReport, _Figures]:
    """An estimate at the price of the bill."""
    figures = _Figures(query.usd, query.price, None)
    if query.usd is not None and query.bytes_billed is not None:
        usd = price_bytes(query.bytes_billed, usd_per_tib)
        figures = _Figures(usd, f"{usd_per_tib.normalize():f} USD/TiB, of the bill", usd_per_tib)
        per_iteration = usd.times(Decimal(str(query.runs)))
        before = query.usd_per_iteration
        if before is not None:  # what is not known of its runs is not known at another price
            per_iteration = replace(
                per_iteration, low=per_iteration.low if before.low else Decimal(0), basis=before.basis
            )
        query = replace(query, usd=usd, usd_per_iteration=per_iteration, price=figures.price)
    return query, figures


def _range(figure: Quantiles, basis: str) -> ByteRange:
    return ByteRange(figure.low, figure.median, figure.high, basis)


def _figures(found: StatementSpend, prices: Sequence[Price], list_note: ListNote) -> _Figures:
    """Dollars of one run."""
    spend = found.spend
    if spend.unpriced or found.billed is None or not found.charged:
        return _Figures(None, IN_RESERVATION if spend.reserved else None, None)
    basis = BILLED if spend.billed_by_bill else JOB
    if spend.reserved:
        mean = _quotient(spend.usd, Decimal(str(found.charged)))
        return _Figures(Dollars(mean, mean, mean, basis), ALLOCATED, None)
    note = "of the bill" if spend.billed_by_bill else _sources(prices, list_note)
    if len(prices) == 1 and prices[0].usd(spend.bytes_on_demand) == spend.on_demand:
        price = prices[0].usd_per_tib
    elif spend.bytes_on_demand:
        price = _quotient(spend.on_demand * TIB, Decimal(spend.bytes_on_demand))
        note = f"mean of its jobs, {note}"
    else:
        price = Decimal(0)
    usd = price_bytes(_range(found.billed, basis), price)
    return _Figures(usd, f"{price.normalize():f} USD/TiB, {note}", price)


def _quotient(amount: Decimal, by: Decimal) -> Decimal:
    with localcontext(prec=60):
        return (amount / by).quantize(BILLIONTH)


# -- findings ------------------------------------------------------------------------------------------


def _rescaled(finding: Finding, query: QueryReport, usd_per_tib: Decimal | None) -> Finding:
    """What a finding wastes of a measured query: the same part of its bytes as of the estimate."""
    before = query.measured.estimate if query.measured is not None else None
    runs = Decimal(str(query.runs))
    if before is None:
        if finding.wasted_bytes is None or finding.wasted_usd is None or usd_per_tib is None:
            return finding
        return replace(finding, wasted_usd=price_bytes(finding.wasted_bytes, usd_per_tib).times(runs))
    if query.bytes_processed is None:
        return finding
    if finding.wasted_bytes is None:
        # Time of a run: it is paid as often as the query really ran.
        usd = finding.wasted_usd
        if finding.wasted_seconds is None or usd is None or not before.runs:
            return finding
        with localcontext(prec=40):
            factor = runs / Decimal(str(before.runs))
        return replace(finding, wasted_usd=usd.times(factor))
    wasted = _part(finding.wasted_bytes, before.bytes_processed, query.bytes_processed)
    usd = None
    if usd_per_tib is not None:
        usd = price_bytes(wasted, usd_per_tib).times(runs)
    elif query.usd is not None and query.bytes_processed.point:
        whole = Decimal(query.bytes_processed.point)
        parts = [
            _quotient(query.usd.point * runs * part, whole)
            for part in (wasted.low, wasted.point, wasted.high)
        ]
        usd = Dollars(parts[0], parts[1], parts[2], wasted.basis)
    return replace(finding, wasted_bytes=wasted, wasted_usd=usd)


def _part(wasted: ByteRange, estimate: ByteRange | None, actual: ByteRange) -> ByteRange:
    """Never more than was read; the basis is the weaker one, since the part itself is still estimated."""
    whole = estimate.point if estimate is not None else 0
    if whole:
        low, point, high = (
            min(part * actual.point // whole, actual.point)
            for part in (wasted.low, wasted.point, wasted.high)
        )
    else:
        low, point, high = (min(part, actual.point) for part in (wasted.low, wasted.point, wasted.high))
    return ByteRange(low, point, high, worst_basis(wasted.basis, JOB))


# -- totals --------------------------------------------------------------------------------------------


def _totals(
    queries: Sequence[QueryReport], history: History, never_run: int, list_note: ListNote
) -> HistoryTotals:
    total, matched = history.total, history.matched
    rates = [
        query.measured.rate
        for query in queries
        if query.measured is not None and query.measured.estimate is not None
    ]
    return HistoryTotals(
        days=history.days,
        jobs=total.jobs,
        matched_jobs=matched.jobs,
        on_demand=total.on_demand,
        allocated=total.allocated,
        matched_on_demand=matched.on_demand,
        matched_allocated=matched.allocated,
        ambiguous_jobs=history.ambiguous.jobs,
        unpriced=total.unpriced,
        measured_queries=len(rates),
        never_run=never_run,
        prices=prices_text(history.prices, list_note),
        by_day=sum(not rate.evidence for rate in rates),
        evidence=tuple(sorted({name for rate in rates for name in rate.evidence})),
    )


def prices_text(prices: Sequence[Price], list_note: ListNote) -> str:
    """The prices of a TiB, each once, and where they come from."""
    texts = dict.fromkeys(
        f"{price.usd_per_tib.normalize():f} USD/TiB, {_source(price, list_note)}" for price in prices
    )
    return "; ".join(texts)


def _sources(prices: Sequence[Price], list_note: ListNote) -> str:
    """Where the prices of a query's jobs come from, each once."""
    return "; ".join(dict.fromkeys(_source(price, list_note) for price in prices))


def _source(price: Price, list_note: ListNote) -> str:
    return "of the bill" if price.basis == "billed" else list_note(price.location)
