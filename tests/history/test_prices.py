"""What jobs cost: by the list, by the bill, by the slots."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from costguard.errors import UsageProblem
from costguard.history.charges import load_charges
from costguard.history.prices import BillPrices, Price, PricedJobs, price_jobs
from tests.history.bills import Row, at, charge, parquet
from tests.history.past import TIB, history, run
from tests.history.test_jobs import FAILED


def list_price(statement: str, location: str) -> Decimal | None:
    if location == "nowhere":
        return None
    if location == "europe-west6":
        return Decimal(8)
    return Decimal("312.5") if statement == "CREATE MODEL" else Decimal("6.25")


def queries(tib: float, cost: float, **changes: Any) -> Row:
    """A charge for queries on demand."""
    return charge(
        cost,
        changes.pop("credits", ()),
        usage__amount_in_pricing_units=tib,
        **{"location__region": None, **changes},
    )


def slots(cost: float, day: int, **changes: Any) -> Row:
    """A charge for slots."""
    service = {"id": "16B8-3DDA-9F10", "description": "BigQuery Reservation API"}
    sku = {"id": "S", "description": "BigQuery Enterprise Edition for US (multi-region)"}
    when = {"usage_start_time": at(day, 5), "usage_end_time": at(day, 6)}
    return charge(cost, service=service, sku=sku, **when, **changes)


def priced(folder: Path, jobs: list[Row], bill: list[Row] | None = None, region: str = "US") -> PricedJobs:
    charges = load_charges([parquet(folder / "bill.parquet", bill)]) if bill is not None else None
    return price_jobs(history(folder, *jobs).frame, list_price, region, charges)


def payments(found: PricedJobs) -> dict[str, tuple[str, int | None, int | None]]:
    columns = ("job_id", "payment", "price", "billionths")
    return {name: rest for name, *rest in map(tuple, found.frame.select(columns).rows())}  # type: ignore[misc]


def test_by_the_list(tmp_path: Path) -> None:
    found = priced(
        tmp_path,
        [
            run("plain"),
            run("model", statement_type="CREATE_MODEL"),
            run("hidden", total_bytes_billed=None),
            run("reserved", reservation_id="p:US.r"),
            run("cached", cache_hit=True),
            run("failed", error_result=FAILED),
        ],
    )
    assert found.prices == (Price(Decimal("312.5"), "list", "US"), Price(Decimal("6.25"), "list", "US"))
    assert payments(found) == {
        "plain": ["bytes", 1, None],
        "model": ["bytes", 0, None],
        "hidden": ["unknown", None, None],
        "reserved": ["unknown", None, None],
        "cached": ["none", None, None],
        "failed": ["none", None, None],
    }


def test_a_price_is_exact() -> None:
    assert Fraction(Price(Decimal("6.25"), "list", "US").usd(1)) == Fraction("6.25") / TIB
    assert Price(Decimal("6.25"), "list", "US").usd(TIB // 2) == Decimal("3.125")
    odd = Price(Decimal("4.123456789"), "billed", "US").usd(10**15 + 1)
    assert Fraction(odd) == Fraction("4.123456789") * (10**15 + 1) / TIB


def test_by_the_bill(tmp_path: Path) -> None:
    """Net of discounts and the free tier, not of promotions: (10 - 2 - 1) / 2 = 3.5, 6 - 1 = 5, and both 12 / 3 = 4."""
    bill = [
        queries(2.0, 10.0, credits=(("DISCOUNT", -2.0), ("PROMOTION", -5.0), ("FREE_TIER", -1.0))),
        queries(1.0, 6.0, credits=(("DISCOUNT", -1.0),), project__id="other"),
        queries(9.0, 90.0, location__location="EU"),
        charge(100.0, sku__description="Active Logical Storage", usage__pricing_unit="gibibyte month"),
    ]
    jobs = [run("mine"), run("theirs", project_id="other"), run("new", project_id="third")]
    found = priced(tmp_path, jobs, bill)
    assert found.prices == (
        Price(Decimal("3.5"), "billed", "US"),
        Price(Decimal(4), "billed", "US"),
        Price(Decimal(5), "billed", "US"),
    )
    assert {name: row[1] for name, row in payments(found).items()} == {"mine": 0, "new": 1, "theirs": 2}
    assert found.bill is not None
    assert (found.bill.free_tier, found.bill.promotions) == (Decimal(-1), Decimal(-5))
    assert priced(tmp_path, jobs, bill, "asia-east1").prices == (
        Price(Decimal("6.25"), "list", "asia-east1"),
    )


def test_each_job_at_the_price_of_its_own_location(tmp_path: Path) -> None:
    jobs = [
        run("here"),
        run("us", location="us"),
        run("zurich", location="europe-west6"),
        run("eu", location="EU"),
        run("lost", location="nowhere"),
    ]
    found = priced(tmp_path, jobs, [queries(9.0, 90.0, location__location="EU")])
    assert found.prices == (
        Price(Decimal(10), "billed", "EU"),
        Price(Decimal("6.25"), "list", "US"),
        Price(Decimal(8), "list", "europe-west6"),
    )
    assert {name: (row[0], row[1]) for name, row in payments(found).items()} == {
        "here": ("bytes", 1),
        "us": ("bytes", 1),
        "zurich": ("bytes", 2),
        "eu": ("bytes", 0),
        "lost": ("unknown", None),  # and not nothing
    }


def test_a_price_below_nothing_is_none() -> None:
    prices = BillPrices({("p", "us"): Decimal(0)}, {"us": Decimal(3)})
    assert prices.price("p", "US") == 0
    assert prices.price(None, "us") == 3
    assert prices.price("p", "eu") is None


def test_corrections_make_no_price(tmp_path: Path) -> None:
    found = priced(tmp_path, [run("j")], [queries(1.0, -3.0), queries(0.0, 2.0, project__id="other")])
    assert found.prices == (Price(Decimal("6.25"), "list", "US"),)


def test_charges_that_name_the_job(tmp_path: Path) -> None:
    """The job's own charges go before any price; two of them add up."""
    bill = [
        queries(1.0, 2.0, resource__global_name="projects/shop/jobs/job_a"),
        queries(
            1.0,
            0.5,
            resource__global_name="shop:US.job_a",
            credits=(("PROMOTION", -0.5), ("DISCOUNT", -0.25)),
        ),
        queries(1.0, 9.0, resource__global_name="job_b", project__id="other"),
    ]
    found = priced(tmp_path, [run("job_a"), run("job_b")], bill)
    assert payments(found) == {
        "job_a": ["bill", None, 2_250_000_000],
        "job_b": ["bytes", 0, None],
    }
    assert found.prices == (Price(Decimal("1.125"), "billed", "US"),)


def test_slots_are_shared_out_by_slot_time(tmp_path: Path) -> None:
    """A dollar between three jobs of one second each: the rest of the rounding goes to the first. Days apart."""
    reserved = {"reservation_id": "p:US.r", "total_slot_ms": 1000}
    jobs = [
        *(run(f"j{n}", creation_time=at(1, 12), **reserved) for n in range(3)),
        run("late", creation_time=at(2, 12), **{**reserved, "total_slot_ms": 7}),
        run("idle", creation_time=at(2, 12), **{**reserved, "total_slot_ms": 0}),
        run("on demand", creation_time=at(4)),
    ]
    found = priced(tmp_path, jobs, [slots(1.0, 1), slots(2.5, 2), slots(4.0, 3), slots(8.0, 20)])
    assert payments(found) == {
        "j0": ["slots", None, 333_333_334],
        "j1": ["slots", None, 333_333_333],
        "j2": ["slots", None, 333_333_333],
        "late": ["slots", None, 2_500_000_000],
        "idle": ["unknown", None, None],
        "on demand": ["bytes", 0, None],
    }
    assert found.slots_unused == 4


def test_a_bill_in_another_currency(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="the bill is in CHF"):
        priced(tmp_path, [run("j")], [queries(1.0, 1.0, currency="CHF")])
