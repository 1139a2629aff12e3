"""A notification explained from the bill, worked out by hand.

The bill has 10 a day of BigQuery from 13 July (Monday) to 13 September 2026. The budget's month is September.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from costguard.budget_explanation import (
    FromBill,
    Given,
    Question,
    Span,
    explain,
    question_of,
    span_of,
)
from costguard.budgets.declared import Budget, CustomPeriod
from costguard.budgets.notification import Notification
from costguard.budgets.period import Days
from costguard.budgets.scope import Scope
from costguard.history.charges import load_charges, summarise
from costguard.history.ledger import Entry
from tests.history.bills import Row, parquet
from tests.report.weeks import daily, weeks

NOW = datetime(2026, 9, 14, 6, tzinfo=UTC)
ACCOUNT = "000000-AAAAAA-BBBBBB"
NOTIFICATION = Notification(
    *("costguard/b", Decimal(130), Decimal(200), "USD", datetime(2026, 9, 1, 7, tzinfo=UTC)),
    *(Decimal("0.5"), None, False, ACCOUNT, "de72", NOW, ()),
)
DECLARED = Budget("b", ACCOUNT, None, Decimal(200), projects=("projects/123456789",))
SEPTEMBER = Days("2026-09", date(2026, 9, 1), date(2026, 9, 30))


def asked(budget: Budget | None = DECLARED, given: Scope | None = None, **changes: Any) -> Question:
    return question_of(replace(NOTIFICATION, **changes), [budget] if budget is not None else [], given, NOW)


def explained(
    tmp_path: Path, rows: list[Row], question: Question | None = None, given: Given | None = None
) -> tuple[Span, FromBill]:
    question = question or asked()
    charges = load_charges([parquet(tmp_path / "bill.parquet", rows)])
    summary = summarise(charges)
    span = span_of(question, summary, NOW)
    return span, explain(question, span, charges, summary, NOW, given or Given())


# -- what is asked ---------------------------------------------------------------------------------------


def test_a_declared_budget_tells_its_scope_and_period() -> None:
    quarterly = replace(DECLARED, period="quarter")
    question = asked(quarterly, start=datetime(2026, 7, 1, 7, tzinfo=UTC))
    assert question.declared == quarterly
    assert question.scope == Scope(ACCOUNT, ("projects/123456789",))
    assert (question.scope_source, question.guessed) == ("declared", False)
    assert question.days.name == "2026-Q3"


def test_options_go_before_the_declaration() -> None:
    question = asked(given=Scope(label=("team", "ml")))
    assert (question.scope, question.scope_source) == (Scope(ACCOUNT, label=("team", "ml")), "given")


def test_a_budget_that_nobody_declares() -> None:
    question = asked(None)
    assert (question.scope, question.scope_source, question.declared) == (Scope(ACCOUNT), "account", None)
    assert (question.days, question.guessed) == (SEPTEMBER, True)
    assert asked(None, billing_account=None).scope_source == "all"
    assert asked(display_name="somebody's").declared is None
    assert asked(display_name="b").declared is None  # somebody's own, whatever it covers
    by_project = replace(DECLARED, billing_account=None, project="shop")
    assert asked(by_project).scope.billing_account == ACCOUNT


@pytest.mark.parametrize(
    ("start", "published", "name"),
    [
        (datetime(2026, 9, 1, 7), datetime(2026, 9, 30, 12), "2026-09"),
        (datetime(2026, 7, 1, 7), datetime(2026, 9, 14), "2026-Q3"),
        (datetime(2026, 1, 1, 8), datetime(2026, 9, 14), "2026"),
        (datetime(2026, 1, 1, 8), datetime(2026, 1, 2), "2026-01"),
        (datetime(2026, 9, 3, 7), datetime(2026, 9, 14), "since 2026-09-03"),
        (datetime(2025, 9, 1, 7), datetime(2026, 9, 14), "since 2025-09-01"),
        (None, datetime(2026, 9, 14), "2026-09"),
    ],
)
def test_the_shortest_period_that_fits(start: datetime | None, published: datetime, name: str) -> None:
    question = asked(
        None,
        start=start.replace(tzinfo=UTC) if start is not None else None,
        published=published.replace(tzinfo=UTC),
    )
    assert (question.days.name, question.guessed) == (name, True)


# -- the days --------------------------------------------------------------------------------------------


def days(first: tuple[int, int], last: tuple[int, int]) -> Days:
    one, other = date(2026, *first), date(2026, *last)
    return Days(f"{one} to {other}", one, other)


def test_as_many_days_of_the_month_before(tmp_path: Path) -> None:
    span, _ = explained(tmp_path, weeks(9))
    assert span == Span(*[days((9, 1), (9, 13))] * 2, days((8, 1), (8, 13)))
    assert span.for_jobs == (days((9, 1), (9, 13)).moments, days((8, 1), (8, 13)).moments)


def test_only_days_that_the_bill_has_are_compared(tmp_path: Path) -> None:
    """A bill that begins on 10 August: from then to the 13th, against 10 to 13 September."""
    span, found = explained(tmp_path, weeks(5))
    assert span == Span(days((9, 1), (9, 13)), days((9, 10), (9, 13)), days((8, 10), (8, 13)))
    assert (found.net, found.net_compared, found.net_before) == (Decimal(130), Decimal(40), Decimal(40))


def test_nothing_to_compare_with(tmp_path: Path) -> None:
    span, found = explained(tmp_path, weeks(1))
    assert (span.now, span.before) == (days((9, 1), (9, 13)), None)
    assert (found.net, found.dearer, found.cheaper) == (Decimal(70), (), ())
    assert span.for_jobs[1] == days((8, 19), (8, 31)).moments


def test_a_month_that_is_longer_than_the_one_before() -> None:
    question = asked(start=datetime(2026, 3, 1, 8, tzinfo=UTC))
    span = span_of(question, None, datetime(2026, 4, 2, tzinfo=UTC))
    assert span == Span(*[days((3, 1), (3, 31))] * 2, days((2, 1), (2, 28)))


def test_a_custom_period_is_compared_with_the_days_before_it() -> None:
    custom = replace(DECLARED, period=CustomPeriod(date(2026, 9, 3), date(2026, 9, 20)))
    span = span_of(asked(custom), None, NOW)
    assert span == Span(*[days((9, 3), (9, 13))] * 2, days((8, 23), (9, 2)))


# -- what the bill says ----------------------------------------------------------------------------------


def test_what_grew(tmp_path: Path) -> None:
    """A SKU that costs 30 more on 2 September, one that is new, one that is gone; rows between the days compared, and
    of another project, are in neither."""
    other = {"id": "other", "number": "42", "name": "Other", "labels": []}
    rows = [
        *weeks(9),
        daily(date(2026, 9, 2), 30.0),
        daily(date(2026, 9, 3), 7.0, sku__id="new", sku__description="Storage"),
        daily(date(2026, 8, 3), 5.0, sku__id="gone", sku__description="Old"),
        daily(date(2026, 8, 20), 500.0),
        daily(date(2026, 9, 4), 900.0, project=other),
    ]
    _, found = explained(tmp_path, rows)
    assert (found.net, found.net_compared, found.net_before) == (Decimal(167), Decimal(167), Decimal(135))
    assert [(dimension, change.name, change.change) for dimension, change in found.dearer] == [
        ("project", "Shop", Decimal(32)),
        ("sku", "Analysis (US)", Decimal(30)),
        ("sku", "Storage", Decimal(7)),
    ]
    assert [(dimension, change.name, change.is_gone) for dimension, change in found.cheaper] == [
        ("sku", "Old", True)
    ]
    assert [(anomaly.day, anomaly.net, anomaly.usual) for anomaly in found.anomalies] == [
        (date(2026, 9, 2), Decimal(40), Decimal(10)),
        (date(2026, 9, 3), Decimal(17), Decimal(10)),
    ]


def test_the_dearest_iterations(tmp_path: Path) -> None:
    rows = weeks(9)
    for day, cost, run in ((2, 40.0, "two"), (3, 60.0, "three"), (9, 50.0, "nine")):
        label = [{"key": "cg_iteration", "value": run}]
        rows.append(daily(date(2026, 9, day), cost, labels=label))
    began = datetime(2026, 9, 3, 12, tzinfo=UTC)
    entry = Entry("three", began, began, "abc", "wider features")
    _, found = explained(tmp_path, rows, given=Given(ledger=[entry]))
    assert [(item.id, item.net) for item in found.iterations[:4]] == [
        *(("three", Decimal(60)), ("nine", Decimal(50)), ("two", Decimal(40))),
        ("shop@2026-09-01T12:00", Decimal(10)),
    ]
    assert len(found.iterations) == 5
    # Days with a labelled run are beside it; ten others are iterations in time.
    assert found.iterations_found == 13
    assert found.to_iterations == Decimal(250)
    assert found.stamped == {("label:cg_iteration", "three"): entry}


def test_the_budget_by_the_bill(tmp_path: Path) -> None:
    """The amount is that of the message; closed are ten days but for the last three."""
    _, found = explained(tmp_path, weeks(9), asked(amount=Decimal(150)))
    state = found.state
    assert state is not None
    assert (state.amount, state.spent, state.state) == (Decimal(150), Decimal(130), "at risk")
    assert state.forecast is not None
    assert state.forecast.point == Decimal(300)
    assert explained(tmp_path, weeks(9), asked(amount=None))[1].state is None


def test_the_budget_of_nobody_by_the_bill(tmp_path: Path) -> None:
    for start, known in (
        (datetime(2026, 9, 1, 7, tzinfo=UTC), True),
        (datetime(2026, 9, 3, 7, tzinfo=UTC), True),
    ):
        _, found = explained(tmp_path, weeks(9), asked(None, display_name="x", start=start))
        assert found.state is not None
        assert (found.state.known, found.state.budget.name) == (known, "x")
    _, elsewhere = explained(tmp_path, weeks(9), asked(None, billing_account="111111-AAAAAA-BBBBBB"))
    assert elsewhere.state is not None
    assert elsewhere.state.note == "the bill is of 000000-AAAAAA-BBBBBB"
    assert elsewhere.net == 0


def test_a_bill_that_ends_before_the_period(tmp_path: Path) -> None:
    span, found = explained(tmp_path, weeks(5, last=date(2026, 8, 24)))
    assert span.now == days((9, 1), (9, 1))
    assert (found.last, found.net, found.iterations) == (date(2026, 8, 30), Decimal(0), ())


def test_usage_after_the_clock_does_not_count(tmp_path: Path) -> None:
    question = asked()
    charges = load_charges([parquet(tmp_path / "bill.parquet", weeks(9))])
    summary = summarise(charges)
    early = datetime(2026, 9, 5, 6, tzinfo=UTC)
    span = span_of(question, summary, early)
    assert span.now == days((9, 1), (9, 4))
    assert explain(question, span, charges, summary, early, Given()).net == Decimal(40)
