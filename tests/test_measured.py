"""Measured figures take the place of estimates, and waste keeps its part of them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from costguard.history.prices import Price
from costguard.history.spend import History, Quantiles, Spend, StatementSpend
from costguard.measured import ALLOCATED, IN_RESERVATION, MeasuredScan, measure
from costguard.money import ByteRange, Dollars, Seconds
from costguard.result import Estimate, Finding, QueryReport, RunRate
from tests.render.results import finding, query

TIB = 2**40
LIST = Price(Decimal("6.25"), "list", "US")
BILL = Price(Decimal("4"), "billed", "US")
NOTE = "US, list of 2026-07-25"


def note(location: str) -> str:
    return f"{location}, list of 2026-07-25"


def spent(spend: Spend, **changes: Any) -> StatementSpend:
    """Four jobs on two days, each of which read half of what was estimated."""
    values: dict[str, Any] = {
        "spend": spend,
        "runs": 5,
        "charged": 4.0,
        "priced": Fraction(4),
        "shared": 0,
        "others": (),
        "grades": {"fingerprint": 4},
        "confidence": "high",
        "first": None,
        "last": None,
        "runs_per_day": 2.0,
        "rate": RunRate(2.0, 3.0, 2, ()),
        "processed": Quantiles(TIB // 4, TIB // 2, TIB),
        "billed": Quantiles(TIB // 4, TIB // 2, TIB),
    }
    return StatementSpend(**{**values, **changes})


def history(found: StatementSpend, prices: tuple[Price, ...] = (LIST,)) -> History:
    spend = found.spend
    return History(
        {0: found},
        (),
        spend,
        spend,
        Spend(),
        {},
        Spend(),
        None,
        None,
        2,
        prices,
        statement_prices={0: prices},
    )


def on_demand(usd: str, **changes: Any) -> Spend:
    return Spend(4, 2 * TIB, 2 * TIB, 2 * TIB, 40, Decimal(usd), billed_by_bill=False, **changes)


def scan(
    found: StatementSpend,
    prices: tuple[Price, ...] = (LIST,),
    before: QueryReport | None = None,
    *wasted: Finding,
) -> MeasuredScan:
    first = before or query()
    return measure(
        [first, query("other.sql")], wasted, history(found, prices), [first.id, "other.sql:1"], 1, note, {}
    )


def test_a_query_has_the_figures_of_its_jobs() -> None:
    result = scan(spent(on_demand("12.5")))
    first, other = result.queries
    size = ByteRange(TIB // 4, TIB // 2, TIB, "job")
    assert (first.bytes_processed, first.bytes_billed) == (size, size)
    assert first.usd == Dollars(Decimal("1.5625"), Decimal("3.125"), Decimal("6.25"), "job")
    assert first.usd_per_iteration == Dollars(Decimal("3.125"), Decimal("6.25"), Decimal("12.5"), "job")
    assert (first.runs, first.runs_basis, first.price) == (2.0, "measured", f"6.25 USD/TiB, {NOTE}")
    before = query()
    assert first.measured is not None
    assert first.measured.estimate == Estimate(
        before.bytes_processed, before.bytes_billed, before.usd, before.usd_per_iteration, 1.0, "assumed"
    )
    assert (first.measured.jobs, first.measured.runs, first.measured.on_demand) == (4, 5, Decimal("12.5"))
    assert other == query("other.sql")
    assert (result.totals.measured_queries, result.totals.never_run) == (1, 1)
    assert result.totals.prices == f"6.25 USD/TiB, {NOTE}"


def test_by_the_bill() -> None:
    first = scan(spent(replace(on_demand("8"), billed_by_bill=True)), (BILL,)).queries[0]
    assert first.usd == Dollars(Decimal(1), Decimal(2), Decimal(4), "billed")
    assert first.price == "4 USD/TiB, of the bill"


def test_several_prices_have_a_mean() -> None:
    """Ten dollars for two TiB."""
    first = scan(spent(on_demand("10")), (LIST, BILL)).queries[0]
    assert first.usd is not None
    assert (first.usd.point, first.price) == (
        Decimal("2.5"),
        f"5 USD/TiB, mean of its jobs, {NOTE}; of the bill",
    )


def test_in_a_reservation_bytes_have_no_price() -> None:
    unknown = scan(spent(Spend(4, TIB, TIB, reserved=4, unpriced=4)), ()).queries[0]
    assert (unknown.usd, unknown.usd_per_iteration, unknown.price) == (None, None, IN_RESERVATION)
    known = scan(spent(Spend(4, TIB, TIB, allocated=Decimal(6), reserved=4)), ()).queries[0]
    assert known.usd == Dollars(Decimal("1.5"), Decimal("1.5"), Decimal("1.5"), "billed")
    assert known.price == ALLOCATED


@pytest.mark.parametrize("changes", [{"confidence": "low"}, {"billed": None, "processed": None}])
def test_an_unsure_match_stays_an_estimate(changes: dict[str, Any]) -> None:
    first = scan(spent(on_demand("12.5"), **changes)).queries[0]
    assert first.measured is not None
    assert first.measured.estimate is None
    assert replace(first, measured=None) == query()


def test_waste_keeps_its_part() -> None:
    """A quarter of what was estimated is a quarter of what was read, in each of two runs a day."""
    wasted = finding(query="q.sql:1", wasted_bytes=ByteRange(0, TIB // 4, TIB // 2, "upper-bound"))
    (found,) = scan(spent(on_demand("12.5")), (LIST,), None, wasted).findings
    assert found.wasted_bytes == ByteRange(0, TIB // 8, TIB // 4, "upper-bound")
    assert found.wasted_usd == Dollars(Decimal(0), Decimal("1.5625"), Decimal("3.125"), "upper-bound")


def test_no_more_is_wasted_than_was_read() -> None:
    wasted = finding(query="q.sql:1", wasted_bytes=ByteRange.exactly(3 * TIB))
    (found,) = scan(spent(on_demand("12.5")), (LIST,), query(size=None), wasted).findings
    assert found.wasted_bytes == ByteRange(TIB // 2, TIB // 2, TIB // 2, "exact")


def test_waste_in_a_reservation_is_a_part_of_the_slots() -> None:
    wasted = finding(query="q.sql:1", wasted_bytes=ByteRange.exactly(TIB // 2))
    slots = Spend(4, TIB, TIB, allocated=Decimal(6), reserved=4)
    (found,) = scan(spent(slots), (), None, wasted).findings
    assert found.wasted_usd == Dollars(Decimal("1.5"), Decimal("1.5"), Decimal("1.5"), "exact")


def test_wasted_time_is_paid_as_often_as_it_ran() -> None:
    seconds = Seconds(Decimal(1), Decimal(2), Decimal(3), "modelled")
    usd = Dollars(Decimal(1), Decimal(2), Decimal(3), "modelled")
    wasted = finding(query="q.sql:1", wasted_bytes=None, wasted_seconds=seconds, wasted_usd=usd)
    (found,) = scan(spent(on_demand("12.5")), (LIST,), None, wasted).findings
    assert (found.wasted_seconds, found.wasted_usd) == (seconds, usd.times(2))


def test_other_findings_stay() -> None:
    wasted = finding(query=None)
    assert scan(spent(on_demand("12.5")), (LIST,), None, wasted).findings == (wasted,)


def test_what_stays_an_estimate_has_the_price_of_the_bill() -> None:
    """A TiB for four dollars, half of which is wasted; what ran is priced by its jobs."""
    other = query("other.sql", runs=3.0)
    wasted = finding(
        query="other.sql:1",
        wasted_bytes=ByteRange.exactly(TIB // 2),
        wasted_usd=Dollars(*[Decimal(9)] * 3, "exact"),
    )
    prices = {0: Decimal(4), 1: Decimal(4)}
    found = spent(on_demand("12.5"))
    result = measure([query(), other], [wasted], history(found), ["q.sql:1", "other.sql:1"], 1, note, prices)
    ran, stays = result.queries
    assert ran.price == f"6.25 USD/TiB, {NOTE}"
    assert stays.usd == Dollars(Decimal(4), Decimal(4), Decimal(4), "exact")
    assert (stays.usd_per_iteration, stays.price) == (stays.usd.times(3), "4 USD/TiB, of the bill")
    assert result.findings[0].wasted_usd == Dollars(Decimal(6), Decimal(6), Decimal(6), "exact")
    unknown = query("unknown.sql", size=None)
    assert measure(
        [unknown],
        [],
        History({}, (), Spend(), Spend(), Spend(), {}, Spend(), None, None, 0),
        ["unknown.sql:1"],
        1,
        note,
        {0: Decimal(4)},
    ).queries == (unknown,)
