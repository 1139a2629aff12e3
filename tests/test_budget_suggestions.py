"""Proposals for budgets; every figure is worked out by hand.

The bill has 10 a day at five in the morning, Pacific time. As of 18 September, with a bill exported on the 13th, the
last closed day is 10 September.
"""

from __future__ import annotations

import json
import tomllib
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costguard.budget_suggestions import Spend, Suggestions, SuggestionSettings, rounded_up, suggest
from costguard.budgets.declared import DEFAULT_THRESHOLDS, Budget, declared_budgets
from costguard.config import Config
from costguard.errors import UsageProblem
from costguard.history.charges import load_charges
from costguard.render.budget_suggestions import suggestions_json, suggestions_text, suggestions_toml
from costguard.report.model import Forecast
from tests.history.bills import Row, parquet, without
from tests.report.weeks import MONDAY, daily, moment, weeks

NOW = datetime(2026, 9, 18, 6, tzinfo=UTC)
ACCOUNT = "000000-AAAAAA-BBBBBB"
SCHEMA = json.loads((Path(__file__).parent / "render" / "budget-suggestions.schema.json").read_text())
OTHER = {"id": "other", "number": "42", "name": "Other", "labels": []}


def suggested(tmp_path: Path, rows: list[Row], now: datetime = NOW, **chosen: Any) -> Suggestions:
    charges = load_charges([parquet(tmp_path / "bill.parquet", rows)])
    return suggest(charges, now, SuggestionSettings(**chosen))


def test_a_project_with_its_arithmetic(tmp_path: Path) -> None:
    """Nine weeks of 70 from Monday 13 July; the last one is not closed."""
    found = suggested(tmp_path, weeks(9))
    assert (found.currency, found.first, found.closed) == ("USD", date(2026, 7, 13), date(2026, 9, 10))
    (only,) = found.suggestions
    assert (only.by, only.key, only.name) == ("project", "shop", "Shop")
    assert only.budget == Budget(
        *("shop", ACCOUNT, None, Decimal(380), "USD"),
        projects=("projects/123456789",),
        thresholds=DEFAULT_THRESHOLDS,
    )
    sums = only.arithmetic
    assert sums.months == (Spend("2026-08", Decimal(310)),)  # July began before the bill
    assert (sums.month, sums.by_months) == (Decimal(310), Decimal(372))
    assert [week.name for week in sums.weeks] == [f"2026-W{number}" for number in range(29, 37)]
    assert {week.net for week in sums.weeks} == {Decimal(70)}
    assert (sums.unusual, sums.p90, sums.monthly) == ((), Decimal(70), Decimal(0))
    assert sums.by_weeks == Decimal("304.36875")  # 70 x 4.348125
    assert sums.forecast == Forecast(
        "2026-09", Decimal(100), 10, 20, Decimal(300), Decimal(300), Decimal(300)
    )
    assert sums.largest == ("months", Decimal(372))
    assert (sums.growth, sums.weekdays, sums.month_end) == (Decimal(0), (Decimal(1),) * 7, None)
    assert found.left_out == ()


def test_two_weeks_are_enough(tmp_path: Path) -> None:
    """Three weeks from 24 August, of 10, 20 and 30 a day, of which two are closed, and no month is complete.

    Of September 6 days of 20 and 4 of 30 are closed. Of the 20 that are left, 11 are from Monday to Thursday, each of
    which cost 10, 20 and 30 (median 20, deviation 10), and 9 from Friday to Sunday: 10 and 20 (15, 5). The spread is
    the root of (11 x 100 + 9 x 25) / 0.6745^2, 53.97, times 1.2816.
    """
    rows = [
        daily(date(2026, 8, 24) + timedelta(days=number), 10.0 * (1 + number // 7)) for number in range(21)
    ]
    sums = suggested(tmp_path, rows).suggestions[0].arithmetic
    assert [week.net for week in sums.weeks] == [Decimal(70), Decimal(140)]
    assert (sums.month, sums.by_months, sums.p90) == (None, None, Decimal(140))
    assert sums.by_weeks == Decimal("608.7375")
    assert sums.forecast is not None
    assert (sums.forecast.to_date, sums.forecast.point) == (Decimal(240), Decimal(595))
    assert sums.largest == ("forecast", Decimal("664.16"))
    assert sums.growth is None  # takes eight weeks
    assert sums.weekdays is None  # takes four


def test_growth_and_the_month_that_is_running(tmp_path: Path) -> None:
    """Each day of week n costs 10 + n: a week of 70, then 77, 84 ... 119; a step of 7 is 7.41 % of the median 94.5."""
    rows = [
        daily(MONDAY - timedelta(weeks=8) + timedelta(days=number), 10.0 + number // 7)
        for number in range(63)
    ]
    sums = suggested(tmp_path, rows).suggestions[0].arithmetic
    assert [week.net for week in sums.weeks] == [Decimal(70 + 7 * number) for number in range(8)]
    assert sums.growth == Decimal("0.0741")
    assert sums.p90 == Decimal(119)


def test_an_unusual_week_is_left_out_of_the_p90(tmp_path: Path) -> None:
    rows = [*weeks(9), daily(date(2026, 8, 5), 100.0)]
    found = suggested(tmp_path, rows)
    sums = found.suggestions[0].arithmetic
    assert sums.unusual == (Spend("2026-W32", Decimal(170)),)
    assert sums.p90 == Decimal(70)
    assert sums.months == (Spend("2026-08", Decimal(410)),)
    assert "unusual and not in the p90: 2026-W32 170.00\n" in suggestions_text(found)


def test_at_most_a_quarter_of_the_weeks_is_unusual(tmp_path: Path) -> None:
    """Of eight weeks the two dearest of three that are unlike the others."""
    dear = [
        daily(date(2026, 8, 5) + timedelta(weeks=number), cost)
        for number, cost in enumerate((99.0, 98.0, 97.0))
    ]
    sums = suggested(tmp_path, [*weeks(9), *dear]).suggestions[0].arithmetic
    assert [week.name for week in sums.unusual] == ["2026-W32", "2026-W33"]
    assert sums.p90 == Decimal(167)


def test_a_charge_for_a_month_is_not_multiplied(tmp_path: Path) -> None:
    first = date(2026, 8, 1)
    rows = [*weeks(9), daily(first, 50.0, usage_end_time=moment(first, 12) + timedelta(days=28))]
    sums = suggested(tmp_path, rows).suggestions[0].arithmetic
    assert {week.net for week in sums.weeks} == {Decimal(70)}
    assert sums.monthly == Decimal(50)
    assert sums.by_weeks == Decimal("354.36875")
    assert sums.months == (Spend("2026-08", Decimal(360)),)


def test_weekdays_and_the_end_of_a_month(tmp_path: Path) -> None:
    """Mondays cost 10, other days 1: medians of 10 and six times 1, a mean of 16 / 7. The last five days of each of
    three months cost 5 more."""
    first = date(2026, 5, 25)
    rows = []
    for number in range(112):
        day = first + timedelta(days=number)
        month_end = (day + timedelta(days=5)).month != day.month
        rows.append(daily(day, (10.0 if day.weekday() == 0 else 1.0) + (5.0 if month_end else 0.0)))
    found = suggested(tmp_path, rows)
    sums = found.suggestions[0].arithmetic
    assert sums.weekdays is not None
    assert (sums.weekdays[0], sums.weekdays[3]) == (Decimal("4.3750"), Decimal("0.4375"))
    assert [month.name for month in sums.months] == ["2026-06", "2026-07", "2026-08"]
    # Mondays: June 1 8 15 22 | 29, July 6 13 20 | 27, August 3 10 17 24 | 31. Of the last 15 days three are Mondays.
    assert sums.month_end == (Decimal(15 + 27 + 75) / 15 / (Decimal(77 + 11 * 9) / 77)).quantize(
        Decimal("0.0001")
    )
    text = suggestions_text(found)
    assert "dear weekdays: Monday 4.4 x a mean day\n" in text
    assert "month's end: the last 5 days cost 3.4 x another day" in text


def test_by_service_label_and_total(tmp_path: Path) -> None:
    rows = [
        *weeks(9),
        *(daily(one["usage_start_time"].date(), 5.0, labels=[], project=None) for one in weeks(9)),
    ]
    found = suggested(tmp_path, rows, by=("service", "label:team", "total", "service"))
    budgets = {item.by: item.budget for item in found.suggestions}
    assert [item.by for item in found.suggestions] == ["service", "label:team", "total"]
    assert budgets["service"].name == "bigquery"
    assert budgets["service"].services == ("services/24E6-581D-38E5",)
    assert (budgets["label:team"].name, budgets["label:team"].label) == ("team-ml", ("team", "ml"))
    assert (budgets["total"].name, budgets["total"].amount) == ("total", Decimal(560))  # 465 x 1.2 = 558
    assert [(item.by, item.key, item.reason) for item in found.left_out] == [
        ("label:team", None, "only a budget of the whole account covers it")
    ]
    assert found.left_out[0].net == Decimal(300)  # 60 closed days of 5


def test_dearest_first_and_names_differ(tmp_path: Path) -> None:
    days = [one["usage_start_time"].date() for one in weeks(9)]
    rows = [daily(day, 5.0, project={**OTHER, "id": "a.b"}) for day in days]
    rows += [daily(day, 5.0, project={**OTHER, "id": "a-b"}) for day in days]
    rows += [daily(day, 20.0, project={**OTHER, "id": "z"}) for day in days]
    found = suggested(tmp_path, rows)
    assert [(item.key, item.budget.name) for item in found.suggestions] == [
        *(("z", "z"), ("a-b", "a-b"), ("a.b", "a-b-2")),
    ]


def test_each_account_has_its_own(tmp_path: Path) -> None:
    days = [one["usage_start_time"].date() for one in weeks(9)]
    rows = [*weeks(9), *(daily(day, 20.0, billing_account_id="111111-AAAAAA-BBBBBB") for day in days)]
    found = suggested(tmp_path, rows, by=("total",))
    assert [
        (item.budget.name, item.budget.billing_account, item.budget.amount) for item in found.suggestions
    ] == [
        ("111111-aaaaaa-bbbbbb-total", "111111-AAAAAA-BBBBBB", Decimal(750)),  # 620 x 1.2 = 744
        ("000000-aaaaaa-bbbbbb-total", ACCOUNT, Decimal(380)),
    ]


def test_what_no_proposal_is_for(tmp_path: Path) -> None:
    days = [one["usage_start_time"].date() for one in weeks(9)]
    new, old, small, credited = (
        {**OTHER, "id": name, "number": str(number)}
        for number, name in enumerate(("new", "old", "small", "credited"))
    )
    rows = [
        *weeks(9),
        *(daily(day, 50.0, project=new) for day in days[-10:]),
        *(daily(day, 50.0, project=old) for day in days[:14]),
        *(daily(day, 0.1, project=small) for day in days),
        *(daily(day, 9.0, (("PROMOTION", -9.0),), project=credited) for day in days),
        *(daily(day, 9.0, project={**OTHER, "id": "Bad Name", "number": None}) for day in days),
    ]
    found = suggested(tmp_path, rows)
    assert [item.key for item in found.suggestions] == ["shop"]
    assert {item.key: item.reason for item in found.left_out} == {
        "new": "0 of the 2 complete weeks that a proposal takes: its first charge is of 2026-09-04",
        "old": "nothing since 2026-07-26",
        "small": "less than 10.00 a month",
        "credited": "comes to nothing, or less",
        "Bad Name": "no budget can be declared: budget 'bad-name': projects: 'projects/Bad Name': not of the form "
        "projects/123456789 or projects/my-project",
    }
    text = suggestions_text(found)
    assert "  1 small one" in text
    assert "less than 10.00 a month: project Other\n" in text


def test_a_short_bill(tmp_path: Path) -> None:
    rows = weeks(2, last=MONDAY)
    found = suggested(tmp_path, rows)
    assert found.suggestions == ()
    assert found.left_out[0].reason == (
        "1 of the 2 complete weeks that a proposal takes: the bill begins on 2026-08-31"
    )
    assert "Nothing can be proposed from this bill.\n" in suggestions_text(found)


def test_tax_and_credits(tmp_path: Path) -> None:
    days = [one["usage_start_time"].date() for one in weeks(9)]
    rows = [
        *(daily(day, 10.0, (("DISCOUNT", -1.0), ("PROMOTION", -2.0))) for day in days),
        daily(days[0], 99.0, cost_type="tax"),
    ]
    net = suggested(tmp_path, rows)
    assert net.suggestions[0].arithmetic.p90 == Decimal(49)
    assert (net.tax, net.promotions) == (Decimal(99), Decimal(-120))  # 60 closed days
    assert "Promotional credits of -120.00 in the latest quarter" in suggestions_text(net)
    gross = suggested(tmp_path, rows, credits="exclude-all")
    assert gross.suggestions[0].arithmetic.p90 == Decimal(70)
    assert gross.suggestions[0].budget.credits == "exclude-all"
    assert gross.promotions == 0
    assert "Promotional" not in suggestions_text(gross)
    assert "before credits, without tax." in suggestions_text(gross)


def test_a_bill_without_credits_is_said_to_be_gross(tmp_path: Path) -> None:
    charges = load_charges(
        [parquet(tmp_path / "bill.parquet", [without(row, "credits") for row in weeks(9)])]
    )
    assert "their amounts are gross" in suggestions_text(suggest(charges, NOW))


def test_iterations_have_a_gate_and_no_budget(tmp_path: Path) -> None:
    found = suggested(tmp_path, weeks(9))
    costs = found.iterations
    assert costs is not None
    # An hour a day is an iteration in time: those of the latest four weeks.
    assert (costs.count, costs.since) == (28, date(2026, 8, 14))
    assert (costs.median, costs.p90, costs.gate) == (Decimal(10), Decimal(10), Decimal(12))
    text = " ".join(suggestions_text(found).split())
    assert "No budget can hold one iteration: each would need its own." in text
    assert "costguard scan --max-usd-per-iteration 12" in text


def test_in_another_currency(tmp_path: Path) -> None:
    found = suggested(tmp_path, [{**row, "currency": "CHF"} for row in weeks(9)])
    assert found.suggestions[0].budget.currency == "CHF"
    assert "--max-usd-per-iteration (in US dollars)" in " ".join(suggestions_text(found).split())


def test_a_bill_that_does_not_tell_its_account(tmp_path: Path) -> None:
    rows = [without(row, "billing_account_id") for row in weeks(9)]
    with pytest.raises(UsageProblem, match="does not tell its billing account: --billing-account 000000"):
        suggested(tmp_path, rows)
    found = suggested(tmp_path, rows, billing_account="222222-AAAAAA-BBBBBB")
    assert found.suggestions[0].budget.billing_account == "222222-AAAAAA-BBBBBB"


@pytest.mark.parametrize("by", ["sku", "label:", "day", ""])
def test_what_no_budget_can_be_by(tmp_path: Path, by: str) -> None:
    with pytest.raises(
        UsageProblem, match=f"no budget can be for each {by!r}; --by is one of project, service"
    ):
        suggested(tmp_path, weeks(9), by=(by,))


def test_nothing_is_closed_yet(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="the bill begins on 2026-09-07, and no day of it is closed yet"):
        suggested(tmp_path, weeks(1), now=moment(MONDAY, 13))


def test_rounding() -> None:
    cases = {"0.001": 1, "1": 1, "9.01": 10, "10": 10, "99.5": 100, "100": 100, "101": 110, "1234.5": 1300}
    assert {text: int(rounded_up(Decimal(text))) for text in cases} == cases


TEXT = """\
Budgets by the bill of 2026-07-13 to 2026-09-10: amounts of a month in USD, after all credits, without tax.

shop  380.00 a month: project shop (Shop)
  months    2026-08 310.00 x 1.2                                                   372.00  <- the largest, rounded up
  weeks     p90 of 8 weeks 70.00 x 4.348125                                        304.37
  forecast  2026-09: 300.00 (300.00 to 300.00) after 10 of 30 days, its upper end  300.00

Days, weeks and months begin at midnight in America/Los_Angeles, as those of budgets do.
A budget takes one label with one value, is up to a day late, and stops nothing.
No budget can hold one iteration: each would need its own. 28 iterations since 2026-08-14 came to 10.00
(median), nine of ten to at most 10.00; the gate in CI holds them: costguard scan --max-usd-per-iteration 12
"""


def test_as_text(tmp_path: Path) -> None:
    assert suggestions_text(suggested(tmp_path, weeks(9))) == TEXT


def test_as_toml(tmp_path: Path) -> None:
    found = suggested(tmp_path, weeks(9))
    text = suggestions_toml(found)
    assert text.endswith(
        "[[tool.costguard.budgets]]\n"
        'name = "shop"\n'
        'billing_account = "000000-AAAAAA-BBBBBB"\n'
        'amount = "380.00"\n'
        'currency = "USD"\n'
        'projects = ["projects/123456789"]\n'
        'period = "month"\n'
        'thresholds = [{ at = 0.5 }, { at = 0.8 }, { at = 1.0 }, { at = 1.0, on = "forecast" }]\n'
    )
    assert _loaded(text) == tuple(item.budget for item in found.suggestions)


def test_as_json(tmp_path: Path) -> None:
    document = _document(suggested(tmp_path, weeks(9)))
    (only,) = document["suggestions"]
    assert only["budget"]["amount"] == "380.00"
    assert only["budget"]["thresholds"][-1] == {"at": "1", "on": "forecast"}
    sums = only["arithmetic"]
    assert (sums["largest"], sums["unrounded"]) == ("months", "372.00")
    assert (sums["week_p90"], sums["weeks_per_month"], sums["by_weeks"]) == ("70.00", "4.348125", "304.36875")
    assert sums["forecast"]["high"] == "300.00"
    assert document["iterations"]["max_usd_per_iteration"] == "12"
    assert (document["first_day"], document["last_closed_day"]) == ("2026-07-13", "2026-09-10")


def _document(found: Suggestions) -> Any:
    """The document for programs, held against its schema."""
    document = json.loads(suggestions_json(found))
    jsonschema.validate(document, SCHEMA, jsonschema.Draft202012Validator)
    return document


def _loaded(text: str) -> tuple[Budget, ...]:
    """What a config with this text declares."""
    document = tomllib.loads(text)
    tables = document.get("tool", {}).get("costguard", {}).get("budgets", [])
    return declared_budgets(Config.model_validate({"budgets": tables}))


NAMES = st.text(max_size=70)


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(NAMES, st.one_of(st.none(), st.integers(1, 10**12).map(str)), NAMES, NAMES), max_size=4
    ),
    st.sampled_from(["000000-AAAAAA-BBBBBB", "strange\nid"]),
)
def test_toml_of_any_bill_loads(
    tmp_path_factory: pytest.TempPathFactory, keys: list[tuple[str, str | None, str, str]], account: str
) -> None:
    """Whatever projects, services and labels are called."""
    days = [one["usage_start_time"].date() for one in weeks(4)]
    rows = weeks(4)
    for key, number, name, value in keys:
        project = {"id": key, "number": number, "name": name, "labels": []}
        rows += [
            daily(
                *(day, 3.0),
                project=project,
                service__id=key or "24E6-581D-38E5",
                service__description=name,
                labels=[{"key": "team", "value": value}],
                billing_account_id=account,
            )
            for day in days
        ]
    found = suggested(tmp_path_factory.mktemp("bill"), rows, by=("project", "service", "label:team", "total"))
    text = suggestions_toml(found)
    budgets = _loaded(text)
    assert budgets == tuple(item.budget for item in found.suggestions)
    assert len({budget.name for budget in budgets}) == len(budgets)
    assert suggestions_text(found)
    _document(found)
