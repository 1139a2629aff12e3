"""Logical bytes of columns over partitions: what is stated, what follows, and what is only shared out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costguard.catalog.model import FIXED_WIDTHS, build_table, plain_type
from costguard.estimate.bytes import NOTHING, UNKNOWN, Amount, TableFacts, exactly
from costguard.money import BASES
from tests.estimate.warehouse import column, days, partition, partitioned, table

Runs = tuple[tuple[int, int], ...]
FIRST: Runs = ((0, 1),)


def facts_of(raw: dict[str, Any]) -> TableFacts:
    return TableFacts(build_table(raw["name"], raw))


# docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-types#data_type_sizes
WIDTHS = {
    "INT64": 8, "INTEGER": 8, "FLOAT64": 8, "FLOAT": 8, "BOOL": 1, "BOOLEAN": 1, "DATE": 8, "DATETIME": 8, "TIME": 8,
    "TIMESTAMP": 8, "NUMERIC": 16, "DECIMAL": 16, "NUMERIC(10, 2)": 16, "BIGNUMERIC": 32, "BIGDECIMAL": 32,
    "INTERVAL": 16, "RANGE<DATE>": 16,
}  # fmt: skip


@pytest.mark.parametrize(("kind", "width"), sorted(WIDTHS.items()))
def test_a_required_column_of_fixed_width_follows_from_the_rows(kind: str, width: int) -> None:
    facts = facts_of(table("t", [column("x", kind, None, "REQUIRED")], 1_000, None))
    # The catalog leaves it out: the figure is right, but a derived one is never called exact.
    assert facts.leaf_in(0, facts.everything) == exactly(1_000 * width, "modelled")
    stated = facts_of(table("t", [column("x", kind, 1_000 * width, "REQUIRED")], 1_000, None))
    assert stated.leaf_in(0, stated.everything) == exactly(1_000 * width)


def test_no_width_is_missing_or_made_up() -> None:
    documented = {plain_type(kind): width for kind, width in WIDTHS.items()}
    for kind, width in FIXED_WIDTHS.items():
        # the rest are other names of INT64
        assert documented.get(kind, 8) == width
    assert set(FIXED_WIDTHS) - set(documented) == {"INT", "SMALLINT", "BIGINT", "TINYINT", "BYTEINT"}


@pytest.mark.parametrize("kind", ["STRING", "STRING(10)", "BYTES", "JSON", "GEOGRAPHY", "ARRAY<INT64>"])
def test_a_column_of_variable_width_does_not(kind: str) -> None:
    facts = facts_of(table("t", [column("x", kind, None, "REQUIRED")], 1_000, None))
    assert facts.leaf_in(0, facts.everything) == UNKNOWN


def test_what_the_catalog_states_is_exact() -> None:
    # 342 of 344 rows have a value of 8 bytes: NULL takes none
    facts = facts_of(table("penguins", [column("body_mass_g", "INT64", 2_736)], 344, 2_736))
    assert facts.leaf_in(0, facts.everything) == exactly(2_736)
    assert 342 * 8 == 2_736


def test_a_nullable_column_without_bytes_is_at_most_its_rows() -> None:
    facts = facts_of(table("t", [column("x", "INT64")], 1_000, None))
    assert facts.leaf_in(0, facts.everything) == Amount(0, 8_000, 8_000, "modelled")


def test_columns_without_bytes_share_what_the_table_has_left() -> None:
    # 100,000 in all, 8,000 of x, 12,000 of s: 80,000 left for y and z
    columns = [
        column("x", "INT64", None, "REQUIRED"),
        column("s", "STRING", 12_000),
        column("y", "STRING"),
        column("z", "BYTES"),
    ]
    facts = facts_of(table("t", columns, 1_000, 100_000))
    assert facts.leaf_in(2, facts.everything) == Amount(0, 40_000, 80_000, "modelled")
    assert facts.leaf_in(3, facts.everything) == Amount(0, 40_000, 80_000, "modelled")


def test_one_column_without_bytes_is_what_is_left() -> None:
    facts = facts_of(table("t", [column("x", "INT64", 8_000), column("s", "STRING")], 1_000, 100_000))
    assert facts.leaf_in(1, facts.everything).point == 92_000


# -- partitions --------------------------------------------------------------------------------------------


def shared(
    columns: dict[str, int] | None = None, mode: str = "NULLABLE", size: int | None = 6_000
) -> TableFacts:
    """Two days of 100 and 900 rows, 2,000 and 18,000 bytes: `n` INT64 and `s` STRING of 10,000."""
    raw = table(
        "t",
        [column("n", "INT64", size, mode), column("s", "STRING", 10_000)],
        1_000,
        20_000,
        partitioning={
            "column": "dt",
            "type": "DAY",
            "partitions": [
                partition("20240101", 100, 2_000, columns),
                partition("20240102", 900, 18_000, columns),
            ],
        },
    )
    return facts_of(raw)


def test_partitions_that_state_their_columns() -> None:
    facts = shared({"n": 700, "s": 300})
    assert facts.leaf_in(0, FIRST) == exactly(700)
    assert facts.leaf_in(0, ((0, 2),)) == exactly(6_000)  # the whole column, as stated
    assert facts.leaf_by_position(1) == [300, 300]


def test_partitions_of_which_one_states_its_columns() -> None:
    raw = table(
        "t",
        [column("s", "STRING", 10_000)],
        1_000,
        10_000,
        partitioning={
            "column": "dt",
            "type": "DAY",
            "partitions": [
                partition("20240101", 100, 1_000, {"s": 900}),
                {"id": "20240102", "rows": 900, "bytes": 9_000},
            ],
        },
    )
    facts = facts_of(raw)
    assert facts.leaf_in(0, FIRST) == exactly(900)
    assert facts.leaf_in(0, ((1, 2),)).basis == "modelled"  # 9,000 by its share of the table's bytes
    assert facts.leaf_by_position(0) == [900, 9_000]


def test_a_column_that_is_never_null_follows_from_the_rows_of_partitions() -> None:
    assert shared(mode="REQUIRED").leaf_in(0, FIRST) == exactly(800)
    # 1,000 rows of 8 bytes: nothing is NULL although it might be
    assert shared(size=8_000).leaf_in(0, FIRST) == exactly(800)


def test_a_column_with_nulls_is_shared_by_rows_within_bounds() -> None:
    # 6,000 of at most 8,000: 250 rows are NULL. The first day has 100 rows: 0 to 800 bytes, by its share 600.
    assert shared().leaf_in(0, FIRST) == Amount(0, 600, 800, "modelled")
    # The second has 900: at most 6,000; at least 6,000 - 800.
    assert shared().leaf_in(0, ((1, 2),)) == Amount(5_200, 5_400, 6_000, "modelled")


def test_a_column_of_variable_width_is_shared_by_bytes_within_bounds() -> None:
    # 2,000 of 20,000 bytes: a tenth of 10,000, at most all of the day
    assert shared().leaf_in(1, FIRST) == Amount(0, 1_000, 2_000, "modelled")
    # 18,000: at most the column, and what does not fit into the other day must be here
    assert shared().leaf_in(1, ((1, 2),)) == Amount(8_000, 9_000, 10_000, "modelled")


def test_no_partitions_are_nothing() -> None:
    facts = shared()
    assert facts.leaf_in(0, ()) == facts.bytes_in(()) == NOTHING
    assert facts.rows_in(()) == 0


def test_rows_and_bytes_of_partitions() -> None:
    facts = shared()
    assert (facts.rows_in(FIRST), facts.rows_in(facts.everything)) == (100, 1_000)
    assert facts.bytes_in(FIRST) == exactly(2_000)
    assert facts.bytes_in(facts.everything) == exactly(20_000)


def test_bytes_of_a_table_without_a_total_are_those_of_its_columns() -> None:
    facts = facts_of(table("t", [column("n", "INT64", 8_000), column("s", "STRING", 5)], 1_000, None))
    assert facts.bytes_in(facts.everything) == exactly(8_005)
    facts = facts_of(table("t", [column("n", "INT64", 8_000), column("s", "STRING")], 1_000, None))
    assert facts.bytes_in(facts.everything) == Amount(8_000, None, None, "unknown")
    facts = facts_of({"name": "p.d.t", "rows": None, "bytes": None})
    assert facts.bytes_in(facts.everything) == UNKNOWN


def test_partitions_of_unknown_size() -> None:
    raw = table(
        "t",
        [column("n", "INT64", 8_000), column("s", "STRING", 10_000)],
        1_000,
        18_000,
        partitioning={"column": "dt", "type": "DAY", "partitions": [{"id": "20240101"}, {"id": "20240102"}]},
    )
    facts = facts_of(raw)
    assert facts.rows_in(FIRST) is None
    assert facts.leaf_in(1, FIRST) == UNKNOWN
    assert facts.leaf_in(1, facts.everything) == exactly(10_000)


def test_an_empty_partition_has_no_bytes() -> None:
    raw = partitioned("t", days("2024-01-01", 1))
    raw["partitioning"]["partitions"].append({"id": "20240102", "rows": 0, "bytes": 0})
    assert facts_of(raw).leaf_in(2, ((1, 2),)) == exactly(0)


def test_the_streaming_buffer_of_a_table_by_ingestion_time_is_not_billed() -> None:
    raw = partitioned("t", ["20240101", "__UNPARTITIONED__"], "_PARTITIONTIME")
    facts = facts_of(raw)
    assert facts.leaf_in(0, ((0, 1),)) == exactly(800)
    assert facts.leaf_in(0, ((1, 2),)) == exactly(0)


# -- paths -------------------------------------------------------------------------------------------------


def nested() -> TableFacts:
    columns = [
        column("id", "INT64", 8_000, "REQUIRED"),
        column("device", "RECORD"),
        column("device.os", "STRING", 7_000),
        column("device.Web.version", "STRING", 3_000),
        column("items", "RECORD", None, "REPEATED"),
        column("items.sku", "STRING", 20_000),
        column("items.qty", "INT64", None, "REQUIRED"),
        column("tags", "STRING", 900, "REPEATED"),
        column("payload", "JSON", 50_000),
        column("blob", "STRUCT<a INT64, b STRING>", 600),
    ]
    return facts_of(table("t", columns, 1_000, 200_000))


@pytest.mark.parametrize(
    ("path", "leaves"),
    [
        ("id", ["id"]),
        ("device.os", ["device.os"]),
        ("device", ["device.os", "device.Web.version"]),
        ("device.web", ["device.Web.version"]),
        ("device.web.version", ["device.Web.version"]),
        ("items", ["items.sku", "items.qty"]),
        ("tags", ["tags"]),
        ("payload.user.id", ["payload"]),  # a JSON column is read whole
        ("blob.a", ["blob"]),  # so is a record that the catalog does not split
        ("id.x", None),
        ("device.cpu", None),
        ("nothing", None),
    ],
)
def test_the_leaves_that_a_path_reads(path: str, leaves: list[str] | None) -> None:
    facts = nested()
    found = facts.leaves_of(path)
    assert (found and [facts.table.leaves[number].path for number in found]) == leaves


def test_values_in_arrays_do_not_follow_from_the_rows() -> None:
    facts = nested()
    number = facts.by_path["items.qty"]
    assert facts.table.leaves[number].always_set is False
    # 200,000 less 8,000, 7,000, 3,000, 20,000, 900, 50,000 and 600
    assert facts.leaf_in(number, facts.everything) == Amount(0, 110_500, 110_500, "modelled")


def test_a_required_field_of_a_nullable_record_may_be_absent() -> None:
    columns = [column("r", "RECORD"), column("r.x", "INT64", None, "REQUIRED"), column("q", "RECORD", None, "REQUIRED"),
               column("q.x", "INT64", None, "REQUIRED")]  # fmt: skip
    facts = facts_of(table("t", columns, 10, None))
    assert facts.leaf_in(facts.by_path["r.x"], facts.everything) == Amount(0, 80, 80, "modelled")
    assert facts.leaf_in(facts.by_path["q.x"], facts.everything) == exactly(80, "modelled")


# -- sums --------------------------------------------------------------------------------------------------

AMOUNTS = st.one_of(
    st.builds(
        lambda ends, basis: Amount(*sorted(ends), basis),
        st.lists(st.integers(0, 10**15), min_size=3, max_size=3),
        st.sampled_from(BASES[BASES.index("exact") :]),
    ),
    st.integers(0, 10**15).map(lambda low: Amount(low, None, None, "unknown")),
)


@given(AMOUNTS, AMOUNTS, AMOUNTS)
def test_adding_is_commutative_and_associative(one: Amount, two: Amount, three: Amount) -> None:
    assert one.plus(two) == two.plus(one)
    assert one.plus(two).plus(three) == one.plus(two.plus(three))


@given(AMOUNTS)
def test_nothing_changes_nothing_and_unknown_hides_all_but_the_known(amount: Amount) -> None:
    assert amount.plus(NOTHING) == amount
    assert amount.plus(UNKNOWN) == Amount(amount.low, None, None, "unknown")


@st.composite
def tables(draw: st.DrawFn) -> tuple[TableFacts, Runs, list[list[int]]]:
    """A table with gaps in its catalog entry, some of its partitions, and the bytes of each column in each."""
    count = draw(st.integers(1, 4))
    kinds = draw(st.lists(st.sampled_from(["INT64", "BOOL", "STRING", "JSON"]), min_size=1, max_size=4))
    rows = [draw(st.integers(0, 50)) for _ in range(count)]
    sizes = [
        [
            draw(st.integers(0, rows[day])) * FIXED_WIDTHS.get(kind, 0)
            or (draw(st.integers(0, 400)) if kind not in FIXED_WIDTHS and rows[day] else 0)
            for kind in kinds
        ]
        for day in range(count)
    ]
    hide = st.booleans()
    columns = [
        column(f"c{n}", kind, None if draw(hide) else sum(day[n] for day in sizes))
        for n, kind in enumerate(kinds)
    ]
    partitions = []
    for number, identifier in enumerate(days("2024-01-01", count)):
        own = {f"c{n}": size for n, size in enumerate(sizes[number]) if not draw(hide)}
        item = partition(identifier, rows[number], sum(sizes[number]), own)
        partitions.append({key: value for key, value in item.items() if key == "id" or not draw(hide)})
    raw = table(
        "t",
        columns,
        None if draw(hide) else sum(rows),
        None if draw(hide) else sum(map(sum, sizes)),
        partitioning={"column": "dt", "type": "DAY", "partitions": partitions},
    )
    start = draw(st.integers(0, count - 1))
    return facts_of(raw), ((start, draw(st.integers(start + 1, count))),), sizes


@given(tables())
def test_bounds_hold_whatever_the_catalog_leaves_out(
    case: tuple[TableFacts, Runs, list[list[int]]],
) -> None:
    facts, runs, sizes = case
    ((start, stop),) = runs
    for number in range(len(facts.table.leaves)):
        truth = sum(day[number] for day in sizes[start:stop])
        found = facts.leaf_in(number, runs)
        if found.point is None or found.high is None:
            assert found.basis == "unknown"
            assert found.low <= truth
            continue
        assert 0 <= found.low <= found.point <= found.high
        assert found.low <= truth <= found.high, (facts.table.leaves[number], found, truth)
        if found.basis == "exact":
            assert found.point == truth


@given(tables())
def test_leaves_by_position_are_the_points_of_each_partition(
    case: tuple[TableFacts, Runs, list[list[int]]],
) -> None:
    facts, _, _ = case
    for number in range(len(facts.table.leaves)):
        points = [facts.leaf_in(number, ((place, place + 1),)).point for place in range(facts.positions)]
        assert facts.leaf_by_position(number) == ([] if None in points else points)


def test_partitions_without_columns_follow_rows_and_are_exact_only_where_the_column_s_bytes_are_stated() -> (
    None
):
    def facts(size: int | None) -> TableFacts:
        partitions = [{"id": day, "rows": 100, "bytes": 800} for day in days("2024-01-01", 2)]
        return facts_of(
            table(
                "t",
                [column("x", "INT64", size, "REQUIRED")],
                200,
                1_600,
                partitioning={"column": "dt", "type": "DAY", "partitions": partitions},
            )
        )

    assert facts(1_600).leaf_in(0, FIRST) == exactly(800)
    assert facts(None).leaf_in(0, FIRST) == exactly(800, "modelled")
