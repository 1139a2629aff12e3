"""Unusual days and the month's forecast, worked out by hand."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import polars as pl
import pytest

from costguard.report.daily import DailyNet, daily_net, days_of, find_anomalies, forecast_month
from tests.report.weeks import MONDAY

WEDNESDAY = MONDAY + timedelta(days=2)


def net_of(
    amounts: dict[date, str], monthly: dict[date, str] | None = None, first: date | None = None
) -> DailyNet:
    whole = {day: Decimal(amount) for day, amount in amounts.items()}
    extra = {day: Decimal(amount) for day, amount in (monthly or {}).items()}
    costs = {day: amount - extra.get(day, Decimal(0)) for day, amount in whole.items()}
    parts = {("service", "b"): costs, ("sku", "k"): costs, ("project", None): costs}
    names = {("service", "b"): "BigQuery", ("sku", "k"): "Analysis", ("project", None): None}
    rows = dict.fromkeys(whole, 1)
    return DailyNet(first or min(whole), rows, whole, extra, costs, parts, names)


def wednesdays(*amounts: str, today: str) -> DailyNet:
    """The Wednesdays before, the latest first, and this one."""
    days = {WEDNESDAY - timedelta(weeks=number): amount for number, amount in enumerate(amounts, 1)}
    return net_of({**days, WEDNESDAY: today})


def test_a_day_unlike_its_weekday() -> None:
    found, note = find_anomalies(wednesdays("10", "11", "9", "10", today="60"), WEDNESDAY, WEDNESDAY)
    assert note is None
    (anomaly,) = found
    assert (anomaly.day, anomaly.net, anomaly.usual) == (WEDNESDAY, Decimal(60), Decimal(10))
    assert anomaly.score == Decimal("0.6745") * 50 / Decimal("0.5")  # deviations 0, 1, 1, 0
    assert [(one.dimension, one.key, one.name, one.net, one.usual) for one in anomaly.contributors] == [
        ("service", "b", "BigQuery", Decimal(60), Decimal(10)),
        ("sku", "k", "Analysis", Decimal(60), Decimal(10)),
        ("project", None, None, Decimal(60), Decimal(10)),
    ]


def test_a_cheap_day_is_unusual_too() -> None:
    (anomaly,) = find_anomalies(wednesdays("10", "11", "9", today="0"), WEDNESDAY, WEDNESDAY)[0]
    assert anomaly.score == Decimal("-6.745")


@pytest.mark.parametrize(
    ("before", "today"),
    [
        (("10", "11", "9"), "15.1"),  # 5.1 x 0.6745 is below 3.5
        (("100", "101", "100"), "124"),  # less than a quarter more
        (("0.1", "0.2", "0.1"), "1.05"),  # less than a dollar more
        (("10", "10", "10"), "10.5"),
    ],
)
def test_a_day_that_is_no_news(before: tuple[str, ...], today: str) -> None:
    assert find_anomalies(wednesdays(*before, today=today), WEDNESDAY, WEDNESDAY) == ((), None)


def test_days_that_all_cost_the_same() -> None:
    (anomaly,) = find_anomalies(wednesdays("10", "10", "10", today="13"), WEDNESDAY, WEDNESDAY)[0]
    assert anomaly.score is None


def test_a_day_without_charges_cost_nothing() -> None:
    daily = net_of({WEDNESDAY - timedelta(weeks=3): "0", WEDNESDAY: "5"})
    (anomaly,) = find_anomalies(daily, WEDNESDAY, WEDNESDAY)[0]
    assert anomaly.usual == 0


def test_too_little_history_to_judge() -> None:
    found, note = find_anomalies(
        wednesdays("10", "10", today="900"), WEDNESDAY, WEDNESDAY + timedelta(days=1)
    )
    assert found == ()
    assert note == "2 days not judged: fewer than 3 days of the same weekday before"


def test_only_eight_weeks_count() -> None:
    days = {WEDNESDAY - timedelta(weeks=number): "1000" for number in range(9, 20)}
    days.update({WEDNESDAY - timedelta(weeks=number): "10" for number in range(1, 9)})
    (anomaly,) = find_anomalies(net_of({**days, WEDNESDAY: "30"}), WEDNESDAY, WEDNESDAY)[0]
    assert anomaly.usual == 10


def test_a_charge_for_the_month_is_no_unusual_day() -> None:
    days = {WEDNESDAY - timedelta(weeks=number): "10" for number in range(1, 5)}
    daily = net_of({**days, WEDNESDAY: "510"}, monthly={WEDNESDAY: "500"})
    assert find_anomalies(daily, WEDNESDAY, WEDNESDAY) == ((), None)


def september(until: int, weekday: str = "10", weekend: str = "2") -> dict[date, str]:
    """Each day from 1 August to a day of September."""
    days = (date(2026, 8, 1) + timedelta(days=number) for number in range(31 + until))
    return {day: weekend if day.weekday() > 4 else weekday for day in days}


def test_forecast() -> None:
    """September 2026 has 22 weekdays and 8 days of weekends; up to the 20th it is 14 and 6."""
    forecast, note = forecast_month(net_of(september(20)), date(2026, 9, 20))
    assert note is None
    assert forecast is not None
    assert (forecast.period, forecast.closed_days, forecast.days_left) == ("2026-09", 20, 10)
    assert forecast.to_date == 14 * 10 + 6 * 2
    assert forecast.low == forecast.point == forecast.high == Decimal(22 * 10 + 8 * 2)


def test_the_range_of_a_forecast() -> None:
    """One day is left, a Wednesday; those before cost 10, 12, 8, 10, 12, 8, 10 and 12: median 10, deviation 2."""
    days = {date(2026, 9, 1) + timedelta(days=number): "1" for number in range(29)}
    last = date(2026, 9, 30)
    costs = ("10", "12", "8", "10", "12", "8", "10", "12")
    days.update({last - timedelta(weeks=number): cost for number, cost in enumerate(costs, 1)})
    forecast, _ = forecast_month(net_of(days), date(2026, 9, 29))
    assert forecast is not None
    assert forecast.to_date == 25 + 10 + 12 + 8 + 10  # Wednesdays: 2, 9, 16 and 23 September
    assert forecast.point == forecast.to_date + 10
    reach = Decimal("1.2816") * 2 / Decimal("0.6745")
    assert forecast.low == (forecast.point - reach).quantize(Decimal("0.01")) == Decimal("71.20")
    assert forecast.high == Decimal("78.80")


def test_a_charge_for_the_month_is_not_multiplied() -> None:
    days = september(20)
    first = date(2026, 9, 1)
    days[first] = "510"
    forecast, _ = forecast_month(net_of(days, monthly={first: "500"}), date(2026, 9, 20))
    assert forecast is not None
    assert forecast.point == 500 + 22 * 10 + 8 * 2


@pytest.mark.parametrize(
    ("daily", "closed", "why"),
    [
        (net_of(september(1)), date(2026, 9, 1), "1 closed day in 2026-09; a forecast takes 7"),
        (net_of(september(6)), date(2026, 9, 6), "6 closed days in 2026-09; a forecast takes 7"),
        (net_of(september(20)), None, "no day is closed yet"),
        (
            net_of({date(2026, 9, 3) + timedelta(days=number): "1" for number in range(20)}),
            date(2026, 9, 22),
            "the bill begins on 2026-09-03, after 2026-09 did",
        ),
    ],
)
def test_no_forecast(daily: DailyNet, closed: date | None, why: str) -> None:
    assert forecast_month(daily, closed) == (None, why)


def test_the_days_that_are_shown() -> None:
    shown = days_of(net_of(september(20)), date(2026, 9, 20))
    assert (shown[0].day, shown[-1].day, len(shown)) == (date(2026, 8, 1), date(2026, 9, 20), 51)
    long = net_of({date(2026, 1, 1): "1"})
    assert len(days_of(long, date(2026, 9, 20))) == 63


def test_parts_are_added_up_and_named_by_their_latest_name() -> None:
    rows = [
        (None, MONDAY, None, None, 3, "3", "0", "3.5"),
        (None, WEDNESDAY, None, None, 3, "4", "3", "1"),
        ("service", MONDAY, "b", "Big Query", 3, "3", "0", "3.5"),
        ("service", WEDNESDAY, "b", "BigQuery", 3, "4", "3", "1"),
        ("project", MONDAY, None, None, 2, "2", "0", "2"),
        ("project", MONDAY, "p", None, 1, "1", "0", "1.5"),
        ("project", WEDNESDAY, "p", None, 3, "4", "3", "1"),
    ]
    names = ("dimension", "day", "key", "name", "rows", "net", "monthly", "cost")
    frame = pl.DataFrame(rows, names, orient="row").with_columns(
        pl.col("net", "monthly", "cost").cast(pl.Decimal(38, 9))
    )
    found = daily_net(frame, MONDAY)
    assert found.net == {MONDAY: Decimal(3), WEDNESDAY: Decimal(4)}
    assert found.rows == {MONDAY: 3, WEDNESDAY: 3}
    assert found.cost == {MONDAY: Decimal("3.5"), WEDNESDAY: Decimal(1)}
    assert found.parts[("project", None)] == {MONDAY: Decimal(2)}
    assert found.names[("service", "b")] == "BigQuery"
