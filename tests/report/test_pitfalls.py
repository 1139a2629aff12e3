"""Pitfalls of billing data that show in a report. The numbers in names are those of the pitfalls."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from costguard.history.charges import load_charges, summarise
from costguard.report.model import Change
from tests.history.bills import charge, parquet
from tests.report.test_weekly import report
from tests.report.weeks import MONDAY, daily


def test_3_promotions_pay_and_lower_no_price(tmp_path: Path) -> None:
    rows = [daily(MONDAY, 10.0, (("DISCOUNT", -1.0), ("PROMOTION", -4.0)))]
    totals = report(tmp_path, rows).totals
    assert (totals.net, totals.promotions, totals.net - totals.promotions) == (5, -4, 9)


def test_3_a_promotion_makes_no_unusual_day(tmp_path: Path) -> None:
    """The same use, of which one day's is paid by a promotion."""
    days = [MONDAY + timedelta(days=2) - timedelta(weeks=number) for number in range(5)]
    rows = [daily(day, 10.0, (("PROMOTION", -10.0),) if day >= MONDAY else ()) for day in days]
    found = report(tmp_path, rows)
    assert found.totals.net == 0
    assert found.anomalies == ()


def test_4_late_usage_rolls_to_the_next_invoice(tmp_path: Path) -> None:
    """The week is that of the usage; what to compare with which invoice is said."""
    rows = [daily(MONDAY, 10.0), daily(MONDAY, 3.0, invoice__month="202610")]
    found = report(tmp_path, rows)
    assert found.totals.net == 13
    assert [(month.key, month.net) for month in found.months] == [
        ("202609", Decimal(10)),
        ("202610", Decimal(3)),
    ]


def test_9_a_young_project_has_no_name_yet(tmp_path: Path) -> None:
    """One key, called by the name that it got later; and by its id while it has none."""
    young = {"id": "new", "name": None, "labels": []}
    named = {"id": "new", "name": "Brand New", "labels": []}
    rows = [daily(MONDAY, 1.0, project=young), daily(MONDAY + timedelta(days=1), 2.0, project=named)]
    named_later = Change("new", "Brand New", 2, None, Decimal(3), None)
    assert report(tmp_path, rows).by["project"] == (named_later,)
    assert report(tmp_path, rows[:1]).by["project"] == (Change("new", None, 1, None, Decimal(1), None),)


def test_15_tiers_are_rows_and_unit_prices_are_not_added(tmp_path: Path) -> None:
    """A SKU and hour in two price tiers: two rows, of which the costs count and nothing else does."""
    price = {"list_price": 6.25, "effective_price": 6.25, "tier_start_amount": 0.0}
    rows = [daily(MONDAY, 0.0, price=price), daily(MONDAY, 6.25, price={**price, "tier_start_amount": 1.0})]
    found = report(tmp_path, rows)
    assert (found.totals.rows, found.totals.net) == (2, Decimal("6.25"))
    assert [(change.rows, change.net) for change in found.by["sku"]] == [(2, Decimal("6.25"))]


def test_19_fees_and_their_offsets_of_the_new_commitments(tmp_path: Path) -> None:
    """Since July 2025 a commitment is a fee, and a credit of a type of its own takes it back."""
    rows = [daily(MONDAY, 8.0, (("FEE_UTILIZATION_OFFSET", -8.0),)), daily(MONDAY, 5.0)]
    path = parquet(tmp_path / "bill.parquet", rows)
    found = summarise(load_charges([path]))
    assert (found.gross, found.net) == (13, 5)
    assert found.credit_types == {"FEE_UTILIZATION_OFFSET": Decimal(-8)}
    assert report(tmp_path, rows).totals.net == 5


def test_22_a_resellers_margin_is_a_credit(tmp_path: Path) -> None:
    rows = [daily(MONDAY, 10.0, (("RESELLER_MARGIN", -2.0),), billing_account_id="SUB")]
    totals = report(tmp_path, rows).totals
    assert (totals.gross, totals.credits, totals.promotions, totals.net) == (10, -2, 0, 8)


def test_23_a_project_that_moved_to_another_account(tmp_path: Path) -> None:
    """Both accounts' exports given together, it is one project."""
    one = parquet(tmp_path / "one.parquet", [charge(1.0)])
    other = parquet(
        tmp_path / "other.parquet", [charge(2.0, billing_account_id="OTHER", resource__name="j2")]
    )
    found = summarise(load_charges([one, other]))
    assert (found.rows, found.net) == (2, 3)
