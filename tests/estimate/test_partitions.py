"""Partitions in the order of their values, and searching them."""

from __future__ import annotations

from datetime import date, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costguard.catalog.model import build_table
from costguard.estimate.partitions import (
    PartitionIndex,
    bisected,
    joined,
    kept_partitions,
    positions_of,
    size_of,
    suffix_runs,
)
from costguard.estimate.values import NULL, Known, Outcome
from tests.estimate.expressions import condition, evaluator
from tests.estimate.warehouse import days, partitioned

RUNS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 6)).map(lambda run: (run[0], run[0] + run[1])), max_size=6
)


def index_of(*ids: str, key: str = "k", kind: str = "DATE", unit: str = "DAY", **more: Any) -> PartitionIndex:
    raw = partitioned("t", list(ids), key, kind, unit, **more)
    table = build_table("p.d.t", raw)
    assert table.partitioning is not None
    return PartitionIndex(table.partitioning, table.leaves)


def bound(index: PartitionIndex, start: int, stop: int | None = None) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    index.bind(columns, start, stop if stop is not None else start + 1)
    return columns


@pytest.mark.parametrize(
    ("kind", "unit", "identifier", "low", "high"),
    [
        ("DATE", "DAY", "20240229", date(2024, 2, 29), date(2024, 2, 29)),
        ("DATE", "MONTH", "202402", date(2024, 2, 1), date(2024, 2, 29)),
        ("DATE", "YEAR", "2024", date(2024, 1, 1), date(2024, 12, 31)),
        (
            "TIMESTAMP",
            "HOUR",
            "2024022923",
            datetime(2024, 2, 29, 23),
            datetime(2024, 2, 29, 23, 59, 59, 999_999),
        ),
        ("TIMESTAMP", "DAY", "20240229", datetime(2024, 2, 29), datetime(2024, 2, 29, 23, 59, 59, 999_999)),
        ("DATETIME", "MONTH", "202412", datetime(2024, 12, 1), datetime(2024, 12, 31, 23, 59, 59, 999_999)),
        ("TIMESTAMP", "YEAR", "2024", datetime(2024, 1, 1), datetime(2024, 12, 31, 23, 59, 59, 999_999)),
    ],
)
def test_first_and_last_key_of_a_partition(
    kind: str, unit: str, identifier: str, low: Any, high: Any
) -> None:
    assert bound(index_of(identifier, kind=kind, unit=unit), 0) == {"k": Known(kind, low, high)}


def test_the_last_day_of_the_calendar() -> None:
    assert bound(index_of("99991231"), 0) == {"k": Known("DATE", date(9999, 12, 31), date(9999, 12, 31))}


def test_integers() -> None:
    span = {"range": {"start": 0, "end": 100, "interval": 10}}
    index = index_of("0", "10", "90", "__UNPARTITIONED__", kind="INT64", unit="RANGE", partitioning=span)
    assert bound(index, 1) == {"k": Known("INT64", 10, 19)}
    assert bound(index, 0, 3) == {"k": Known("INT64", 0, 99)}
    assert index.special_bindings(3) == [
        {"k": Known("INT64", -(1 << 63), -1)},
        {"k": Known("INT64", 100, (1 << 63) - 1)},
    ]


def test_ingestion_time_is_cut_to_the_partition() -> None:
    index = index_of("20240229", "20240301", "__UNPARTITIONED__", key="_PARTITIONTIME")
    start, stop = datetime(2024, 2, 29), datetime(2024, 3, 1)
    assert bound(index, 0, 2) == {
        "_partitiontime": Known("TIMESTAMP", start, stop),
        "_partitiondate": Known("DATE", start.date(), stop.date()),
    }
    assert index.special_bindings(2) == [{"_partitiontime": NULL, "_partitiondate": NULL}]


def test_special_partitions_come_last() -> None:
    index = index_of("__UNPARTITIONED__", "20240302", "__NULL__", "20240301")
    assert index.ids == ("20240301", "20240302", "__NULL__", "__UNPARTITIONED__")
    assert (index.count, index.regular) == (4, 2)
    assert index.special_bindings(2) == [{"k": NULL}]
    early, late = index.special_bindings(3)
    assert early == {"k": Known("DATE", date.min, date(1959, 12, 31))}
    assert late == {"k": Known("DATE", date(2160, 1, 1), date.max)}


def test_the_type_of_the_key() -> None:
    assert index_of("20240301", kind="DATETIME").kind == "DATETIME"
    # a catalog without columns
    assert PartitionIndex(_bare("DAY"), ()).kind == "DATE"
    assert PartitionIndex(_bare("HOUR"), ()).kind == "TIMESTAMP"


def _bare(unit: str) -> Any:
    return build_table("p.d.t", {"partitioning": {"column": "k", "type": unit}}).partitioning


@given(st.lists(st.sampled_from([1, 2, 3, 4, 5]), max_size=40))
def test_bisection_finds_what_looking_at_each_would(outcomes: list[int]) -> None:
    """The outcomes over a stretch are those of all its positions together."""

    def together(start: int, stop: int) -> int:
        total = 0
        for outcome in outcomes[start:stop]:
            total |= outcome
        return total

    runs, always = bisected(len(outcomes), together)
    expected = [position for position, outcome in enumerate(outcomes) if outcome & Outcome.TRUE]
    assert positions_of(runs) == expected
    assert always == all(outcomes[position] == Outcome.TRUE for position in expected)
    assert joined(runs) == runs


def test_bisection_looks_at_few_of_many() -> None:
    calls = 0

    def outcome(start: int, stop: int) -> int:
        nonlocal calls
        calls += 1
        inside = start <= 700_000 < stop
        return (
            Outcome.FALSE
            if not inside
            else Outcome.TRUE
            if stop - start == 1
            else Outcome.TRUE | Outcome.FALSE
        )

    assert bisected(1_000_000, outcome) == (((700_000, 700_001),), True)
    assert calls < 50  # two for each of 20 halvings


@given(RUNS)
def test_joined_runs_are_the_same_positions_in_order(runs: list[tuple[int, int]]) -> None:
    found = joined(runs)
    positions = sorted({position for start, stop in runs for position in range(start, stop)})
    assert positions_of(found) == positions
    assert size_of(found) == len(positions)
    assert all(before[1] < after[0] for before, after in pairwise(found))


@given(RUNS)
def test_joining_twice_changes_nothing(runs: list[tuple[int, int]]) -> None:
    assert joined(joined(runs)) == joined(runs)


def test_a_condition_that_holds_for_every_row() -> None:
    index = index_of(*days("2024-02-01", 29), "__NULL__", kind="TIMESTAMP")
    whole = condition("k >= '2024-02-10' AND k < '2024-02-12'")
    assert kept_partitions(index, whole, evaluator()) == (((9, 11),), True)
    part = condition("k >= '2024-02-10 00:00:01' AND k < '2024-02-12'")
    assert kept_partitions(index, part, evaluator()) == (((9, 11),), False)
    assert kept_partitions(index, condition("k IS NULL"), evaluator()) == (((29, 30),), True)


@pytest.mark.parametrize(
    ("sql", "runs"),
    [
        ("_TABLE_SUFFIX = '20240102'", ((1, 2),)),
        ("_TABLE_SUFFIX BETWEEN '20240102' AND '20240103'", ((1, 3),)),
        ("_TABLE_SUFFIX LIKE '202401%'", ((0, 3),)),
        ("_TABLE_SUFFIX LIKE '%02'", ((1, 2),)),
        ("_TABLE_SUFFIX NOT LIKE 'intraday%'", ((0, 3),)),
        ("STARTS_WITH(_TABLE_SUFFIX, 'intraday')", ((3, 4),)),
    ],
)
def test_suffixes(sql: str, runs: Any) -> None:
    suffixes = ["20240101", "20240102", "20240103", "intraday_20240104"]
    tree = condition(sql)
    assert suffix_runs(suffixes, tree, evaluator()) == runs
