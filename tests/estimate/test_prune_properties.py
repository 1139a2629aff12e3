"""No partition that holds a matching row is ever left out, and simple comparisons keep no other.

Tables and conditions are made up; whether a row meets a condition is decided by `tests.estimate.predicates`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from costguard.catalog.model import build_table
from costguard.estimate.constant import Evaluator
from costguard.estimate.partitions import PartitionIndex, positions_of
from costguard.estimate.prune import Pruned, prune_partitions
from tests.estimate.expressions import NOW
from tests.estimate.predicates import Condition, Row, conditions, simple, whole_day
from tests.facts.sql.statements import predicate

TICK = timedelta(microseconds=1)
FIRST, LAST = date(2023, 12, 1), date(2024, 3, 31)
UNITS = {"HOUR": "%Y%m%d%H", "DAY": "%Y%m%d", "MONTH": "%Y%m", "YEAR": "%Y"}


@dataclass(frozen=True)
class Shape:
    """How a table is partitioned."""

    kind: str
    unit: str

    def values(self) -> st.SearchStrategy[Any]:
        """Keys, most of them where the partitions are."""
        if self.kind == "INT64":
            return st.integers(-30, 130)
        near: st.SearchStrategy[Any]
        if self.kind == "DATE":
            near, far = st.dates(FIRST, LAST), st.sampled_from([date(1959, 12, 31), date(2160, 1, 1)])
            return st.one_of(near, near, near, far)
        start, end = datetime(2023, 12, 1), datetime(2024, 3, 31)
        if self.unit == "HOUR":
            start, end = datetime(2024, 2, 28), datetime(2024, 3, 2)
        midnights = st.dates(start.date(), end.date()).map(lambda day: datetime(day.year, day.month, day.day))
        far_away = st.sampled_from([datetime(1959, 12, 31, 23, 59, 59), datetime(2160, 1, 1)])
        return st.one_of(
            st.datetimes(start, end), midnights, midnights.map(lambda moment: moment - TICK), far_away
        )

    def id_of(self, key: Any) -> str:
        """The partition that BigQuery puts a row into."""
        if key is None:
            return "__NULL__"
        if self.kind == "INT64":
            return str(key // 10 * 10) if 0 <= key < 100 else "__UNPARTITIONED__"
        if not date(1960, 1, 1) <= whole_day(key) <= date(2159, 12, 31):
            return "__UNPARTITIONED__"
        return str(key.strftime(UNITS[self.unit]))

    def index(self, ids: list[str]) -> PartitionIndex:
        """The index of a table with these partitions."""
        partitioning: dict[str, Any] = {
            "column": "k",
            "type": "RANGE" if self.kind == "INT64" else self.unit,
            "partitions": [{"id": identifier} for identifier in ids],
        }
        if self.kind == "INT64":
            partitioning["range"] = {"start": 0, "end": 100, "interval": 10}
        table = build_table(
            "p.d.t", {"columns": [{"path": "k", "type": self.kind}], "partitioning": partitioning}
        )
        assert table.partitioning is not None
        return PartitionIndex(table.partitioning, table.leaves)

    def domain(self, index: PartitionIndex, position: int, constants: tuple[Any, ...]) -> list[Any]:
        """Keys of a partition that tell whether a comparison with the constants can hold: its ends, and the
        constants with their neighbours."""
        identifier = index.ids[position]
        if identifier == "__NULL__":
            return [None]
        step = 1 if self.kind == "INT64" else timedelta(days=1) if self.kind == "DATE" else TICK
        near = [near for value in constants for near in (value - step, value, value + step)]
        if identifier == "__UNPARTITIONED__":
            near += [-1, 100, -(1 << 63)] if self.kind == "INT64" else []
            if self.kind == "DATE":
                near += [date(1, 1, 1), date(1959, 12, 31), date(2160, 1, 1), date(9999, 12, 31)]
            elif self.kind != "INT64":
                near += [datetime(1, 1, 1), datetime(1959, 12, 31, 23), datetime(2160, 1, 1), datetime.max]
        elif self.kind == "INT64":
            near += [int(identifier), int(identifier) + 9]
        else:
            near += self.ends(identifier)
        return [value for value in near if self.id_of(value) == identifier]

    @cache  # noqa: B019 - shapes live as long as the tests
    def ends(self, identifier: str) -> list[Any]:
        """First and last key of a partition."""
        start = datetime.strptime(identifier, UNITS[self.unit])
        end = start
        while self.id_of(end + timedelta(hours=1)) == identifier:
            end += timedelta(hours=1)
        end += timedelta(hours=1) - TICK
        return [start.date(), end.date()] if self.kind == "DATE" else [start, end]


SHAPES = [
    Shape("DATE", "DAY"),
    Shape("DATE", "MONTH"),
    Shape("DATE", "YEAR"),
    Shape("TIMESTAMP", "DAY"),
    Shape("TIMESTAMP", "HOUR"),
    Shape("TIMESTAMP", "MONTH"),
    Shape("DATETIME", "DAY"),
    Shape("INT64", "RANGE"),
]


@st.composite
def tables(draw: st.DrawFn) -> tuple[Shape, list[Row], list[str]]:
    """A shape, rows, and the partitions that they and some others need."""
    shape = draw(st.sampled_from(SHAPES))
    keys = st.one_of(shape.values(), shape.values(), st.none())
    rows = draw(st.lists(st.tuples(keys, st.integers(0, 3)), max_size=25))
    empty = draw(st.lists(keys, max_size=8))
    ids = list(dict.fromkeys(shape.id_of(key) for key in [*(key for key, _ in rows), *empty]))
    return shape, rows, ids


@st.composite
def filtered(draw: st.DrawFn) -> tuple[Shape, list[Row], list[str], Condition]:
    """A table and a condition of any form."""
    shape, rows, ids = draw(tables())
    return shape, rows, ids, draw(conditions(shape.kind, shape.values()))


@st.composite
def simply_filtered(draw: st.DrawFn) -> tuple[Shape, list[str], Condition]:
    """A table and a comparison with constants."""
    shape, _, ids = draw(tables())
    return shape, ids, draw(simple(shape.kind, shape.values()))


def prune(shape: Shape, ids: list[str], sql: str) -> tuple[PartitionIndex, Pruned]:
    index = shape.index(ids)
    tree = predicate(f"SELECT k, v FROM d.t WHERE {sql}")
    return index, prune_partitions(index, tree, Evaluator(NOW, {}), "k")


@settings(max_examples=100)
@given(filtered())
def test_no_partition_with_a_matching_row_is_left_out(
    case: tuple[Shape, list[Row], list[str], Condition],
) -> None:
    shape, rows, ids, condition = case
    assume(ids)
    index, found = prune(shape, ids, condition.sql)
    kept = {index.ids[position] for position in positions_of(found.runs)}
    meant = {index.ids[position] for position in positions_of(found.if_pruned or ())}
    for row in rows:
        holds = condition.holds(row)
        if holds:
            assert shape.id_of(row[0]) in kept, row
            if found.by_meaning and not shape.id_of(row[0]).startswith("__"):
                assert shape.id_of(row[0]) in meant, row
        elif found.always:
            # the conditions hold for every row that is read
            assert shape.id_of(row[0]) not in kept, row


@settings(max_examples=100)
@given(simply_filtered())
def test_a_simple_comparison_keeps_exactly_the_partitions_that_can_match(
    case: tuple[Shape, list[str], Condition],
) -> None:
    shape, ids, condition = case
    assume(ids)
    index, found = prune(shape, ids, condition.sql)
    assert found.pruning == "pruned"
    assert found.cause is None
    expected = [
        position
        for position in range(index.count)
        if any(condition.holds((key, 0)) for key in shape.domain(index, position, condition.constants))
    ]
    assert positions_of(found.runs) == expected


@settings(max_examples=40)
@given(simply_filtered(), st.data())
def test_and_keeps_no_more_than_each_and_or_no_less(
    case: tuple[Shape, list[str], Condition], data: st.DataObject
) -> None:
    shape, ids, first = case
    assume(ids)
    second = data.draw(simple(shape.kind, shape.values()))

    def kept(sql: str) -> set[int]:
        return set(positions_of(prune(shape, ids, sql)[1].runs))

    assert kept(f"({first.sql}) AND ({second.sql})") <= kept(first.sql) & kept(second.sql)
    assert kept(f"({first.sql}) OR ({second.sql})") == kept(first.sql) | kept(second.sql)


@settings(max_examples=40)
@given(filtered(), st.integers(0, 3))
def test_another_condition_never_adds_partitions(
    case: tuple[Shape, list[Row], list[str], Condition], value: int
) -> None:
    shape, _, ids, condition = case
    assume(ids)
    before = set(positions_of(prune(shape, ids, condition.sql)[1].runs))
    after = set(positions_of(prune(shape, ids, f"({condition.sql}) AND v = {value}")[1].runs))
    assert after <= before
