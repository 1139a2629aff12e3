"""Budgets held against the bill, worked out by hand.

The bill has 10 a day from 13 July (Monday) to 13 September 2026; the last closed day is 10 September, unless a test
says otherwise.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from costguard.budgets.declared import Budget, CustomPeriod, Threshold
from costguard.history.charges import load_charges, summarise
from costguard.render.report_json import report_json
from costguard.render.report_markdown import report_markdown
from costguard.render.report_view import view_of
from costguard.report.budgets import budget_states
from costguard.report.model import BudgetState, Forecast, Report
from costguard.report.weekly import build_report, week_of
from tests.history.bills import Row, parquet, without
from tests.report.weeks import daily, weeks

NOW = datetime(2026, 9, 18, 6, tzinfo=UTC)
CLOSED = date(2026, 9, 10)
ACCOUNT = "000000-AAAAAA-BBBBBB"


def budget(amount: Any = 400, **changes: Any) -> Budget:
    return Budget(
        *("b", changes.pop("account", ACCOUNT), None),
        amount if isinstance(amount, str) else Decimal(amount),
        **changes,
    )


def state_of(
    tmp_path: Path, one: Budget, rows: list[Row] | None = None, closed: date = CLOSED, now: datetime = NOW
) -> BudgetState:
    charges = load_charges([parquet(tmp_path / "bill.parquet", weeks(9) if rows is None else rows)])
    (state,) = budget_states(charges, summarise(charges).reach, [one], closed, now)
    return state


def test_within(tmp_path: Path) -> None:
    """13 days of 10 are there, 10 of them closed; 20 more days are to come."""
    state = state_of(tmp_path, budget(400))
    assert (state.days.name, state.amount, state.spent) == ("2026-09", Decimal(400), Decimal(130))
    assert state.forecast == Forecast(
        "2026-09", Decimal(100), 10, 20, Decimal(300), Decimal(300), Decimal(300)
    )
    assert (state.state, state.share, state.passed, state.note) == ("within", Decimal("0.325"), (), None)


def test_at_risk_and_over(tmp_path: Path) -> None:
    assert state_of(tmp_path, budget(300)).state == "within"
    risky = state_of(tmp_path, budget(Decimal("299.99")))
    assert risky.state == "at risk"
    assert risky.passed == (Threshold(Decimal(1), "forecast"),)
    assert state_of(tmp_path, budget(130)).state == "at risk"  # not more than the amount yet
    over = state_of(tmp_path, budget(Decimal("129.99")))
    assert over.state == "over"
    assert over.passed == over.budget.thresholds
    assert state_of(tmp_path, budget(0)).state == "over"
    assert state_of(tmp_path, budget(0)).share is None


def test_the_upper_end_of_the_forecast_is_the_risk(tmp_path: Path) -> None:
    """Fridays cost 30 in odd weeks and 10 in even ones. Three are left: those before the 11th are four of each (20,
    give or take 10), those before the 18th four of 10 and three of 30 (10, 0), those before the 25th three of each
    (20, 10). So 20 more than of 10 a day, and a reach of 1.2816 x the root of 2 x (10 / 0.6745)^2."""
    rows = [
        daily(day, 30.0 if day.weekday() == 4 and day.isocalendar().week % 2 else 10.0)
        for day in (one["usage_start_time"].date() for one in weeks(9))
    ]
    state = state_of(tmp_path, budget(346), rows)
    assert state.forecast is not None
    assert (state.forecast.low, state.forecast.point, state.forecast.high) == (
        *(Decimal("293.13"), Decimal(320), Decimal("346.87")),
    )
    assert state.state == "at risk"
    assert state_of(tmp_path, budget(347), rows).state == "within"


@pytest.mark.parametrize(
    ("period", "name", "spent", "forecast"),
    [
        ("quarter", "2026-Q3", None, None),
        (CustomPeriod(date(2026, 8, 1), date(2026, 10, 15)), "2026-08-01 to 2026-10-15", "440", "760"),
        (CustomPeriod(date(2026, 8, 1), date(2026, 12, 31)), "2026-08-01 to 2026-12-31", "440", "1530"),
        (CustomPeriod(date(2026, 8, 1)), "2026-08-01 to no end", "440", None),
        (CustomPeriod(date(2026, 8, 1), date(2026, 8, 31)), "2026-08-01 to 2026-08-31", "310", None),
    ],
)
def test_periods(tmp_path: Path, period: Any, name: str, spent: str | None, forecast: str | None) -> None:
    """From 1 August to 15 October there are 76 days, to the end of the year 153."""
    state = state_of(tmp_path, budget(2000, period=period, thresholds=()))
    assert state.days.name == name
    if spent is None:
        assert (state.state, state.note) == ("unknown", "the bill begins on 2026-07-13, after 2026-Q3 did")
        return
    assert (state.state, state.spent) == ("within", Decimal(spent))
    assert (state.forecast.point if state.forecast is not None else None) == (
        Decimal(forecast) if forecast is not None else None
    )


def test_what_a_period_without_forecast_says(tmp_path: Path) -> None:
    endless = budget(period=CustomPeriod(date(2026, 8, 1)))
    assert state_of(tmp_path, endless).note == "a period without end has no forecast"
    ended = budget(period=CustomPeriod(date(2026, 8, 1), date(2026, 8, 31)))
    assert state_of(tmp_path, ended).note == "2026-08-01 to 2026-08-31 is complete"
    early = state_of(tmp_path, budget(), closed=date(2026, 9, 3))
    assert (early.state, early.note) == ("within", "3 closed days in 2026-09; a forecast takes 7")
    complete = state_of(tmp_path, budget(), closed=date(2026, 8, 31))
    assert (complete.spent, complete.note) == (Decimal(310), "2026-08 is complete")


def test_what_the_last_period_came_to(tmp_path: Path) -> None:
    state = state_of(tmp_path, budget("last-period"))
    assert (state.amount, state.spent, state.state) == (Decimal(310), Decimal(130), "within")
    unknown = state_of(tmp_path, budget("last-period"), weeks(9), closed=date(2026, 8, 20))
    assert (unknown.amount, unknown.state) == (None, "unknown")
    assert unknown.note == "its amount is what 2026-07 came to, and the bill begins on 2026-07-13"


def test_the_scope_of_the_budget(tmp_path: Path) -> None:
    rows = [*weeks(9), daily(date(2026, 9, 1), 50.0, (("DISCOUNT", -20.0),), labels=[])]
    assert state_of(tmp_path, budget(), rows).spent == Decimal(160)
    assert state_of(tmp_path, budget(credits="exclude-all"), rows).spent == Decimal(180)
    assert state_of(tmp_path, budget(label=("team", "ml")), rows).spent == Decimal(130)
    assert state_of(tmp_path, budget(projects=("projects/7",)), rows).spent == Decimal(0)


def test_days_are_those_of_pacific_time(tmp_path: Path) -> None:
    """Six in the morning of 1 September UTC is 31 August there."""
    early = datetime(2026, 9, 1, 6, tzinfo=UTC)
    rows = [*weeks(9), daily(date(2026, 9, 1), 50.0, usage_start_time=early, usage_end_time=early)]
    assert state_of(tmp_path, budget(), rows).spent == Decimal(130)
    assert state_of(tmp_path, budget("last-period"), rows).amount == Decimal(360)


def test_usage_after_the_clock_does_not_count(tmp_path: Path) -> None:
    now = datetime(2026, 9, 12, 6, tzinfo=UTC)
    assert state_of(tmp_path, budget(), now=now).spent == Decimal(110)


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"currency": "CHF"}, "the bill is in USD"),
        ({"account": "111111-AAAAAA-BBBBBB"}, "the bill is of 000000-AAAAAA-BBBBBB"),
        ({"period": CustomPeriod(date(2026, 9, 20))}, "begins on 2026-09-20"),
    ],
)
def test_what_the_bill_does_not_tell(tmp_path: Path, changes: dict[str, Any], note: str) -> None:
    state = state_of(tmp_path, budget(**changes))
    assert (state.state, state.spent, state.share, state.passed) == ("unknown", None, None, ())
    assert (state.note, state.amount) == (note, Decimal(400))


def test_a_bill_without_numbers_of_projects(tmp_path: Path) -> None:
    rows = [{**row, "project": without(row["project"], "number")} for row in weeks(9)]
    by_number = state_of(tmp_path, budget(projects=("projects/123456789", "projects/shop")), rows)
    assert by_number.note == (
        "the bill has no numbers of projects, by which projects/123456789 could be found"
    )
    assert state_of(tmp_path, budget(projects=("projects/shop",)), rows).spent == Decimal(130)


def test_a_bill_without_accounts(tmp_path: Path) -> None:
    rows = [without(row, "billing_account_id") for row in weeks(9)]
    assert state_of(tmp_path, budget(), rows).note == "the bill is of an account that it does not tell"
    assert state_of(tmp_path, budget(account=None), rows).spent == Decimal(130)


def test_no_budgets_and_no_closed_day(tmp_path: Path) -> None:
    charges = load_charges([parquet(tmp_path / "bill.parquet", weeks(1))])
    summary = summarise(charges)
    assert budget_states(charges, summary.reach, [], CLOSED, NOW) == ()
    assert budget_states(charges, summary.reach, [budget()], None, NOW) == ()


# -- in the report ---------------------------------------------------------------------------------------


def report(tmp_path: Path, *budgets: Budget) -> Report:
    charges = load_charges([parquet(tmp_path / "bill.parquet", weeks(9))])
    return build_report(charges, week_of("2026-W37", "UTC", NOW), NOW, budgets=budgets)


def test_the_report_shows_each_budget(tmp_path: Path) -> None:
    late = budget(period=CustomPeriod(date(2026, 9, 20)), thresholds=())
    found = report(tmp_path, budget(200), budget(129, thresholds=(Threshold(Decimal("0.125")),)), late)
    text = report_markdown(view_of(found, "1"))
    lines = text.splitlines()
    start = lines.index("## Budgets")
    assert lines[start + 2 : start + 7] == [
        "|     | period               |   spent |  budget |       | forecast | state   |",
        "| --- | -------------------- | ------: | ------: | ----: | -------: | ------- |",
        "| b   | 2026-09              | $130.00 | $200.00 |  65 % |  $300.00 | at risk |",
        "| b   | 2026-09              | $130.00 | $129.00 | 101 % |  $300.00 | over    |",
        "| b   | 2026-09-20 to no end |         | $400.00 |       |          | unknown |",
    ]
    assert lines[start + 8 : start + 11] == [
        "- b: thresholds passed: 50 %, 100 % (forecast); forecast from $300.00 to $300.00, 20 days left",
        "- b: thresholds passed: 12.5 %; forecast from $300.00 to $300.00, 20 days left",
        "- b: begins on 2026-09-20",
    ]
    assert "> Over budget: b.\n" in text


def test_a_budget_of_another_currency_is_shown_in_its_own(tmp_path: Path) -> None:
    found = report(tmp_path, budget(100, currency="EUR"))
    (table,) = [table for table in view_of(found, "1").tables if table.title == "Budgets"]
    assert table.rows == (("b", "2026-09", "", "EUR 100.00", "", "", "unknown"),)
    assert table.below == ("the bill is in USD",)


def test_the_document_has_each_budget(tmp_path: Path) -> None:
    found = json.loads(report_json(report(tmp_path, budget(200))))["budgets"]
    assert found == [
        {
            "name": "b",
            "period": "2026-09",
            "first_day": "2026-09-01",
            "last_day": "2026-09-30",
            "amount": "200.00",
            "currency": None,
            "spent": "130.00",
            "state": "at risk",
            "passed": [{"at": "0.5", "on": "actual"}, {"at": "1", "on": "forecast"}],
            "forecast": {
                "low": "300.00",
                "point": "300.00",
                "high": "300.00",
                "closed_days": 10,
                "days_left": 20,
            },
            "note": None,
        }
    ]


def test_a_report_without_budgets_says_nothing_of_them(tmp_path: Path) -> None:
    found = report(tmp_path)
    assert "Budgets" not in report_markdown(view_of(found, "1"))
    assert json.loads(report_json(found))["budgets"] == []
