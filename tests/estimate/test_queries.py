"""Billed bytes and dollars of a statement, and statements that bill nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costguard.estimate.bytes import NOTHING, UNKNOWN, Amount, exactly
from costguard.estimate.price import price_book
from costguard.estimate.queries import ESTIMATED, is_free, is_unread, priced, statement_amount
from costguard.facts.schema import Query
from costguard.money import MIB, TIB

BOOK = price_book()


def test_a_figure_worked_out_by_hand() -> None:
    # 110,355,534 bytes are 105.24 MiB: 106 MiB are billed, at 6.25 dollars for 1,048,576 MiB
    found = priced(exactly(110_355_534), 3.0, "US", "SELECT", None, BOOK, dry_run=False)
    usd = 6.25 * 106 / 1_048_576
    assert found == {
        "location": "US",
        "bytes_low": 110_355_534,
        "bytes": 110_355_534,
        "bytes_high": 110_355_534,
        "bytes_basis": "exact",
        "billed_low": 111_149_056,
        "billed": 111_149_056,
        "billed_high": 111_149_056,
        "usd_low": usd,
        "usd": usd,
        "usd_high": usd,
        "usd_per_iteration": pytest.approx(3 * usd, rel=1e-15),
        "usd_per_tib": 6.25,
    }


@pytest.mark.parametrize(
    ("processed", "billed"),
    [
        (0, 0),  # COUNT(*), cached results
        (1, 10 * MIB),
        (10 * MIB, 10 * MIB),
        (10 * MIB + 1, 11 * MIB),
        (1_135_353_688, 1_135_607_808),
        (1_043_885_556_480, 995_527 * MIB),
        (5 * TIB, 5 * TIB),
    ],
)
def test_billed_bytes(processed: int, billed: int) -> None:
    assert priced(exactly(processed), 1, "US", "SELECT", None, BOOK, dry_run=False)["billed"] == billed


def test_bounds_are_billed_and_priced_each() -> None:
    found = priced(Amount(0, 20 * MIB, 2 * TIB, "upper-bound"), 2, "US", "SELECT", None, BOOK, dry_run=False)
    assert (found["billed_low"], found["billed"], found["billed_high"]) == (0, 20 * MIB, 2 * TIB)
    assert (found["usd_low"], found["usd_high"]) == (0.0, 12.5)


def test_an_unknown_amount_has_no_figures_but_what_is_known() -> None:
    found = priced(Amount(7, None, None, "unknown"), 1, "US", "SELECT", None, BOOK, dry_run=False)
    assert found == {"location": "US", "bytes_low": 7, "bytes_basis": "unknown"}


def test_a_location_without_a_price_has_bytes_but_no_dollars() -> None:
    found = priced(exactly(TIB), 1, "mars-east1", "SELECT", None, BOOK, dry_run=False)
    assert (found["location"], found["billed"]) == ("mars-east1", TIB)
    assert not {name for name in found if name.startswith("usd")}


def test_a_dry_run_is_free() -> None:
    found = priced(exactly(TIB), 1, "US", "SELECT", None, BOOK, dry_run=True)
    assert (found["bytes"], found["billed"], found["usd"], found["usd_per_iteration"]) == (TIB, 0, 0.0, 0.0)


def test_training_a_model_costs_fifty_times() -> None:
    found = priced(exactly(TIB), 1, "US", "CREATE MODEL", "LOGISTIC_REG", BOOK, dry_run=False)
    assert (found["usd"], found["usd_per_tib"]) == (312.5, 312.5)


@given(
    st.lists(st.integers(0, 10**16), min_size=3, max_size=3).map(sorted),
    st.sampled_from(sorted(BOOK.usd_per_tib)),
    st.floats(0, 1000),
)
def test_the_order_of_bounds_survives(ends: list[int], location: str, runs: float) -> None:
    found = priced(Amount(*ends, "modelled"), runs, location, "SELECT", None, BOOK, dry_run=False)
    for name in ("billed", "usd"):
        assert found[f"{name}_low"] <= found[name] <= found[f"{name}_high"]
    for processed, billed in zip(
        ends, (found["billed_low"], found["billed"], found["billed_high"]), strict=True
    ):
        assert billed % MIB == 0
        assert processed <= billed
        assert billed - processed < (MIB if processed > 9 * MIB else 10 * MIB + 1)
        assert (billed == 0) == (processed == 0)
    assert found["usd_per_iteration"] == pytest.approx(found["usd"] * runs, rel=1e-12, abs=1e-300)


@pytest.mark.parametrize(
    "statement",
    ["CREATE TABLE", "CREATE VIEW", "CREATE FUNCTION", "CREATE PROCEDURE", "CREATE SCHEMA", "CREATE EXTERNAL TABLE",
     "CREATE SNAPSHOT TABLE", "CREATE ROW ACCESS POLICY", "DROP", "ALTER", "TRUNCATE TABLE", "LOAD DATA", "GRANT",
     "REVOKE"],
)  # fmt: skip
def test_free_statements(statement: str) -> None:
    assert is_free(statement)


@pytest.mark.parametrize(
    "statement",
    ["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "CREATE TABLE AS", "CREATE MATERIALIZED VIEW", "CREATE MODEL",
     "EXPORT DATA", "CALL"],
)  # fmt: skip
def test_statements_that_bill(statement: str) -> None:
    assert not is_free(statement)


@pytest.mark.parametrize(
    ("materialized", "free"),
    [("view", True), ("ephemeral", True), ("table", False), ("incremental", False), ("materialized_view", False),
     ("snapshot", False), (None, False)],
)  # fmt: skip
def test_what_a_dbt_model_becomes(materialized: str | None, free: bool) -> None:
    assert is_free("SELECT", materialized) is free


def test_statements_whose_work_is_not_known() -> None:
    assert [is_unread(name) for name in ("COMMAND", "CALL", "EXECUTE", "SELECT")] == [True, True, True, False]


def test_unknown_parts_make_a_figure_a_model() -> None:
    assert statement_amount(exactly(5), "SELECT", 0) == exactly(5)
    assert statement_amount(exactly(5), "SELECT", 1) == exactly(5, "modelled")
    assert statement_amount(exactly(5), "CREATE MODEL", 0) == exactly(5, "modelled")
    assert statement_amount(UNKNOWN, "SELECT", 1) == UNKNOWN
    assert statement_amount(NOTHING, "SELECT", 0) == NOTHING


def test_every_estimated_column_is_declared() -> None:
    assert set(ESTIMATED) <= set(Query._fields)
