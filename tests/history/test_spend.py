"""Every dollar under exactly one name."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from costguard.history.match import Found, Matched
from costguard.history.prices import Price, PricedJobs
from costguard.history.spend import History, Quantiles, add_up
from costguard.result import RunRate
from tests.history.bills import at
from tests.history.past import TIB

PRICES = (Price(Decimal("6.25"), "list", "US"), Price(Decimal("4.123456789"), "billed", "US"))
SCHEMA = {
    "job_id": pl.String,
    "query": pl.String,
    "statement": pl.String,
    "created": pl.Datetime("us", "UTC"),
    "billable": pl.Boolean,
    "reservation": pl.String,
    "bytes_processed": pl.Int64,
    "bytes_billed": pl.Int64,
    "slot_ms": pl.Int64,
    "payment": pl.String,
    "price": pl.Int32,
    "billionths": pl.Int64,
    "found": pl.Int32,
    "form": pl.Int32,
    "iteration": pl.UInt32,
    "iteration_evidence": pl.String,
}
Row = dict[str, object]


def job(name: str = "j", **changes: object) -> Row:
    row: Row = {
        "job_id": name,
        "query": "SELECT 1",
        "statement": "SELECT",
        "created": at(1),
        "billable": True,
        "reservation": None,
        "bytes_processed": TIB,
        "bytes_billed": TIB,
        "slot_ms": 10,
        "payment": "bytes",
        "price": 0,
        "billionths": None,
        "found": None,
        "form": 0,
    }
    return {**row, **changes}


def add(rows: list[Row], *found: Found) -> History:
    frame = pl.DataFrame(rows, schema=SCHEMA)
    return add_up(PricedJobs(frame, PRICES, None), Matched(frame, found, 1))


ONE = Found((7,), "fingerprint", "high")
TWO = Found((7, 8), "tables", "low")


def test_what_a_statement_cost() -> None:
    """Runs a day: 1, 2 and 3, of which the median is 2; the cached one counts as a run and costs nothing."""
    rows = [
        job(f"j{day}{n}", created=at(day, n), found=0, bytes_processed=day * 100 + n, bytes_billed=day * TIB)
        for day in (1, 2, 3)
        for n in range(day)
    ]
    rows.append(job("cached", created=at(4), found=0, billable=False, payment="none", price=None))
    found = add(rows, ONE)
    spent = found.statements[7]
    assert spent.spend.on_demand == (1 + 2 * 2 + 3 * 3) * Decimal("6.25")
    assert (spent.spend.jobs, spent.runs, spent.runs_per_day, spent.charged) == (6, 7, 2.0, 6.0)
    assert spent.rate == RunRate(2.0, 3.0, 3, ())
    assert spent.processed == Quantiles(200, 201, 302)
    assert spent.billed == Quantiles(2 * TIB, 2 * TIB, 3 * TIB)
    assert (spent.grades, spent.confidence, spent.shared, spent.others) == ({"fingerprint": 6}, "high", 0, ())
    assert (spent.first, spent.last) == (at(1), at(4))
    assert (found.days, found.queries) == (4, 7)
    assert found.matched == found.total
    assert found.statement_prices == {7: (PRICES[0],)}


def test_how_often_it_runs_is_told_by_iterations_where_there_are_some() -> None:
    """One run in two iterations and five in a third (a storm of retries), beside days with one, one and seven."""
    told = [("a", 1, 1), ("b", 2, 1), ("c", 3, 5), (None, 3, 2)]
    rows = [
        job(
            f"{name}{n}",
            created=at(day, n),
            found=0,
            iteration=name and ord(name),
            iteration_evidence=name and "time",
        )
        for name, day, runs in told
        for n in range(runs)
    ]
    found = add(rows, ONE).statements[7]
    assert found.rate == RunRate(1.0, 5.0, 3, ("time",))
    assert found.runs_per_day == 1.0
    alone = add([{**row, "iteration": None, "iteration_evidence": None} for row in rows], ONE).statements[7]
    assert alone.rate == RunRate(1.0, 7.0, 3, ())


def test_what_fits_two_is_split_in_equal_parts() -> None:
    """Of three bytes one gets two; each has half a run."""
    found = add([job(found=1, bytes_billed=3, bytes_processed=3, slot_ms=1)], ONE, TWO)
    first, second = found.statements[7], found.statements[8]
    assert (first.spend.bytes_billed, second.spend.bytes_billed) == (2, 1)
    assert (first.spend + second.spend).on_demand == PRICES[0].usd(3)
    assert (first.runs_per_day, first.shared, first.others, first.confidence) == (0.5, 1, (8,), "low")
    assert second.others == (7,)
    assert first.priced == second.priced == Fraction(1, 2)
    assert found.ambiguous.jobs == found.matched.jobs == 1
    assert found.by_grade == {"tables": found.matched}


def test_slots_are_no_part_of_what_is_paid_on_demand() -> None:
    slots = {"payment": "slots", "price": None, "reservation": "r"}
    unknown = {"payment": "unknown", "price": None, "reservation": "r"}
    found = add([job(found=0), job(found=0, billionths=1_500_000_000, **slots), job(found=0, **unknown)], ONE)
    spend = found.statements[7].spend
    assert (spend.on_demand, spend.allocated) == (Decimal("6.25"), Decimal("1.5"))
    assert (spend.reserved, spend.unpriced, spend.bytes_on_demand) == (2, 1, TIB)
    assert found.statements[7].priced == 1
    assert not spend.billed_by_bill


def test_strangers_are_listed_by_text_the_dearest_first() -> None:
    found = add(
        [
            job("a", form=1, query="SELECT 1"),
            job("b", form=2, query="SELECT b", bytes_billed=3 * TIB),
            job("c", form=1, query="SELECT 2", bytes_billed=TIB),
            job("d", form=None, query=None, bytes_billed=0),
            job("e", form=3, payment="none", billable=False),
        ]
    )
    assert [(item.text, item.example, item.spend.jobs) for item in found.strangers] == [
        ("SELECT b", "b", 1),
        ("SELECT 1", "a", 2),
        (None, "d", 1),
    ]
    assert found.unmatched.on_demand == 5 * Decimal("6.25")
    assert found.statements == {}


def test_more_bytes_than_64_bits_hold() -> None:
    found = add([job(found=0, bytes_billed=2**62), job(found=0, bytes_billed=2**62)], ONE)
    assert found.total.on_demand == 2 * Decimal("6.25") * 2**22


def test_nothing() -> None:
    found = add([])
    assert (found.total.jobs, found.days, found.first, found.strangers) == (0, 0, None, ())


JOBS = st.lists(
    st.fixed_dictionaries(
        {
            "found": st.sampled_from([None, 0, 1, 2]),
            "form": st.sampled_from([0, 1, None]),
            "bytes_billed": st.integers(0, 2**50),
            "slot_ms": st.integers(0, 10**6),
            "payment": st.sampled_from(["bytes", "bill", "slots", "unknown"]),
            "price": st.sampled_from([0, 1]),
            "billionths": st.integers(-(10**12), 10**12),
            "billable": st.booleans(),
        }
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=60)
@given(JOBS)
def test_dollars_are_neither_lost_nor_made(rows: list[Row]) -> None:
    found = add(
        [job(f"j{n}", **row) for n, row in enumerate(rows)], ONE, TWO, Found((1, 2, 3), "label", "high")
    )
    paid = [row for row in rows if row["billable"]]
    on_demand = sum(
        (
            Fraction(PRICES[row["price"]].usd_per_tib) * row["bytes_billed"] / TIB  # type: ignore[call-overload,operator]
            if row["payment"] == "bytes"
            else Fraction(row["billionths"], 10**9)  # type: ignore[call-overload]
            for row in paid
            if row["payment"] in ("bytes", "bill")
        ),
        Fraction(0),
    )
    slots = sum(
        (Fraction(row["billionths"], 10**9) for row in paid if row["payment"] == "slots"),  # type: ignore[call-overload]
        Fraction(0),
    )
    parts = [item.spend for item in found.statements.values()] + [item.spend for item in found.strangers]
    for name, whole in (("on_demand", on_demand), ("allocated", slots)):
        assert Fraction(getattr(found.total, name)) == whole
        assert sum((Fraction(getattr(part, name)) for part in parts), Fraction(0)) == whole
    assert sum(part.bytes_billed for part in parts) == sum(row["bytes_billed"] for row in paid)  # type: ignore[misc]
    assert found.total.jobs == len(paid)
