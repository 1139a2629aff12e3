"""What several scans read together, and what changing a table adds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costguard.catalog.model import build_table
from costguard.estimate.amounts import columns_amount, if_pruned, reading_amount, union_amount
from costguard.estimate.bytes import Amount, TableFacts, exactly
from costguard.estimate.columns import Mark, Reading
from costguard.estimate.prune import Pruned
from tests.estimate.statements import bytes_of, estimated, query_of, scan_of
from tests.estimate.warehouse import column, days, partitioned, plain_table, table

IDS = days("2026-10-01", 10)
T = partitioned("t", IDS)
PLAIN = plain_table()
MARK = Mark(None, False, True)


def statement(sql: str, *tables: dict[str, Any], **more: Any) -> tuple[Any, ...]:
    return bytes_of(query_of(estimated(sql, *(tables or (T, PLAIN)), **more)))


# -- one statement, several scans --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "count"),
    [
        ("SELECT a FROM p.d.plain", 8_000),
        ("SELECT a, a + 1, a * 2 FROM p.d.plain WHERE a > 1 ORDER BY a", 8_000),
        # each column once, however many scans name it: measured with a CTE and with two branches
        (
            "WITH q AS (SELECT a, b FROM p.d.plain) SELECT x.a, y.b FROM q AS x JOIN q AS y ON x.a = y.a",
            24_000,
        ),
        ("SELECT a FROM p.d.plain UNION ALL SELECT a FROM p.d.plain", 8_000),
        ("SELECT a FROM p.d.plain UNION ALL SELECT b FROM p.d.plain", 24_000),
        ("SELECT x.a FROM p.d.plain AS x JOIN p.d.plain AS y ON x.a = y.b", 24_000),
        ("SELECT (SELECT MAX(a) FROM p.d.plain), c FROM p.d.plain", 20_000),
        # another table is another table
        ("SELECT x.a FROM p.d.plain AS x JOIN p.d.t AS y ON x.a = y.v", 16_000),
    ],
)
def test_each_column_of_a_table_counts_once(sql: str, count: int) -> None:
    assert statement(sql) == (count, count, count, "exact")


def test_partitions_of_several_scans_are_united() -> None:
    sql = "SELECT v FROM p.d.t WHERE dt {} UNION ALL SELECT v FROM p.d.t WHERE dt {}"
    # 1,600 bytes of dt and v a day
    assert statement(sql.format("= '2026-10-01'", "= '2026-10-02'")) == (3_200, 3_200, 3_200, "exact")
    assert statement(sql.format("<= '2026-10-03'", "<= '2026-10-02'")) == (4_800, 4_800, 4_800, "exact")


def test_other_columns_of_other_partitions_are_between_the_cells_and_the_rectangle() -> None:
    one, other = "dt = '2026-10-01'", "dt = '2026-10-02' AND s = 'x'"
    sql = f"SELECT v FROM p.d.t WHERE {one} UNION ALL SELECT v FROM p.d.t WHERE {other}"
    # dt and v of both days, s of the second: 1,600 + 2,800; or s of both
    assert statement(sql) == (4_400, 4_400, 5_600, "upper-bound")


def test_a_clustered_table_with_a_filter_is_billed_for_each_reference() -> None:
    clustered = plain_table(clustering=["a"])
    sql = "SELECT b FROM p.d.plain WHERE a = 1 UNION ALL SELECT b FROM p.d.plain WHERE a = 2"
    # docs: clustered-tables. Twice a and b, or less.
    assert statement(sql, clustered) == (0, 48_000, 48_000, "upper-bound")


def test_a_table_that_is_read_both_whole_and_by_an_unknown_value() -> None:
    sql = "SELECT v FROM p.d.t WHERE dt = @day UNION ALL SELECT v FROM p.d.t"
    low, point, high, basis = statement(sql)
    # the second reads all of v (8,000); the first adds dt of one partition at most (800)
    assert low == 8_000
    assert point is not None
    assert high is not None
    assert 8_000 <= point <= high <= 16_000
    assert basis == "upper-bound"


# -- clustering, LIMIT, samples ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "basis"),
    [
        ("WHERE a = 1", "upper-bound"),
        ("WHERE a BETWEEN 1 AND 2", "upper-bound"),
        ("WHERE a IN (1, 2)", "upper-bound"),
        ("WHERE a > 1 AND b = 2", "upper-bound"),
        ("WHERE a = 1 OR a = 2", "upper-bound"),
        ("WHERE ABS(a) = 1", "exact"),
        ("WHERE a + 1 = 2", "exact"),
        ("WHERE b = 1", "exact"),
        ("", "exact"),
        ("LIMIT 10", "upper-bound"),
        ("WHERE b = 1 LIMIT 10", "upper-bound"),
        ("ORDER BY a LIMIT 10", "exact"),
    ],
)
def test_a_clustered_table(where: str, basis: str) -> None:
    """Which blocks survive depends on their contents: from nothing to all, never less than the columns at most."""
    found = statement(f"SELECT a, b FROM p.d.plain {where}", plain_table(clustering=["a"]))
    assert found == (0 if basis == "upper-bound" else 24_000, 24_000, 24_000, basis)


def test_a_limit_changes_nothing_without_clustering() -> None:
    assert statement("SELECT a FROM p.d.plain LIMIT 1") == (8_000, 8_000, 8_000, "exact")


def test_a_sample_of_a_large_table() -> None:
    big = table("big", [column("a", "INT64", 8 << 30, "REQUIRED")], 1 << 30, 8 << 30)
    found = statement("SELECT a FROM p.d.big TABLESAMPLE SYSTEM (10 PERCENT)", big)
    assert found == (0, round((8 << 30) / 10), 8 << 30, "modelled")


def test_a_sample_of_a_small_table_is_all_of_it() -> None:
    assert statement("SELECT a FROM p.d.plain TABLESAMPLE SYSTEM (10 PERCENT)") == (
        8_000,
        8_000,
        8_000,
        "modelled",
    )


def test_another_time_is_sized_by_today() -> None:
    sql = "SELECT a FROM p.d.plain FOR SYSTEM_TIME AS OF TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY)"
    assert statement(sql) == (8_000, 8_000, 8_000, "modelled")


# -- tables of other kinds ---------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [{"kind": "external"}, {"row_access_policies": True}])
def test_tables_whose_bytes_nobody_can_tell(more: dict[str, Any]) -> None:
    assert statement("SELECT a FROM p.d.plain", plain_table(**more)) == (0, None, None, "unknown")


def test_a_materialized_view_is_a_model() -> None:
    mine = plain_table(kind="materialized_view")
    assert statement("SELECT a FROM p.d.plain", mine) == (8_000, 8_000, 8_000, "modelled")


def test_a_snapshot_is_a_table() -> None:
    assert statement("SELECT a FROM p.d.plain", plain_table(kind="snapshot")) == (
        8_000,
        8_000,
        8_000,
        "exact",
    )


def test_the_streaming_buffer_is_not_billed() -> None:
    mine = plain_table(streaming_buffer_bytes=5_000)
    assert statement("SELECT a FROM p.d.plain", mine) == (8_000, 8_000, 8_000, "exact")


# -- DML: docs.cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax ---------------------------------


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        # INSERT: the query
        ("INSERT INTO p.d.plain (a) SELECT v FROM p.d.t", (8_000, 8_000, 8_000, "exact")),
        ("INSERT INTO p.d.plain (a) VALUES (1)", (0, 0, 0, "exact")),
        # UPDATE, DELETE: the columns that are read, and all columns of the table
        ("UPDATE p.d.plain SET a = 1 WHERE b = 2", (52_000, 52_000, 52_000, "exact")),  # 16,000 + 36,000
        ("UPDATE p.d.plain SET a = b + 1 WHERE TRUE", (52_000, 52_000, 52_000, "exact")),
        ("UPDATE p.d.plain SET a = 1 WHERE TRUE", (36_000, 36_000, 36_000, "exact")),
        ("DELETE FROM p.d.plain WHERE c = 'x'", (48_000, 48_000, 48_000, "exact")),  # 12,000 + 36,000
        (
            "UPDATE p.d.plain AS x SET a = y.v FROM p.d.t AS y WHERE x.a = y.v",
            (52_000, 52_000, 52_000, "exact"),  # 8,000 of each, and 36,000
        ),
        (
            "DELETE FROM p.d.plain WHERE a IN (SELECT v FROM p.d.t)",
            (52_000, 52_000, 52_000, "exact"),
        ),
        # MERGE: the same, unless it only inserts
        (
            "MERGE p.d.plain AS x USING p.d.t AS y ON x.a = y.v WHEN MATCHED THEN UPDATE SET b = 1",
            (52_000, 52_000, 52_000, "exact"),
        ),
        (
            "MERGE p.d.plain AS x USING p.d.t AS y ON x.a = y.v WHEN NOT MATCHED THEN INSERT (a) VALUES (y.v)",
            (16_000, 16_000, 16_000, "exact"),
        ),
        (
            "MERGE p.d.plain AS x USING p.d.t AS y ON x.a = y.v WHEN NOT MATCHED THEN INSERT (a) VALUES (y.v) "
            "WHEN MATCHED THEN DELETE",
            (52_000, 52_000, 52_000, "exact"),
        ),
        ("TRUNCATE TABLE p.d.plain", (0, 0, 0, "exact")),
    ],
)
def test_dml_on_a_table_without_partitions(sql: str, expected: tuple[Any, ...]) -> None:
    assert statement(sql) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        # the columns that are read of the partitions that are scanned, and all columns of those that change
        ("UPDATE p.d.t SET v = 1 WHERE dt = '2026-10-01'", (3_600, 3_600, 3_600, "exact")),  # 800 + 2,800
        # which of the partitions hold such rows is not known: 800 + 800 + 800, and up to 2,800
        (
            "UPDATE p.d.t SET v = 1 WHERE dt = '2026-10-01' AND v = 2",
            (1_600, 4_400, 4_400, "upper-bound"),
        ),
        ("UPDATE p.d.t SET v = 1 WHERE v = 2", (8_000, 36_000, 36_000, "upper-bound")),
        ("DELETE FROM p.d.t WHERE v = 2", (8_000, 36_000, 36_000, "upper-bound")),
        # whole partitions, by the partition column alone: nothing (docs: using-dml-with-partitioned-tables)
        ("DELETE FROM p.d.t WHERE dt = '2026-10-01'", (0, 0, 0, "exact")),
        ("DELETE FROM p.d.t WHERE dt BETWEEN '2026-10-01' AND '2026-10-03'", (0, 0, 0, "exact")),
        ("DELETE FROM p.d.t WHERE dt < CURRENT_DATE() - 25", (0, 0, 0, "exact")),
        ("DELETE FROM p.d.t WHERE dt = '2020-01-01'", (0, 0, 0, "exact")),
        # another column, a subquery
        ("DELETE FROM p.d.t WHERE dt = '2026-10-01' AND v = 1", (1_600, 4_400, 4_400, "upper-bound")),
        (
            "DELETE FROM p.d.t WHERE dt = (SELECT MAX(dt) FROM p.d.u)",
            (16_000, 44_000, 44_000, "upper-bound"),  # dt of both tables, and up to all of t
        ),
    ],
)
def test_dml_on_a_partitioned_table(sql: str, expected: tuple[Any, ...]) -> None:
    assert statement(sql, T, partitioned("u", IDS)) == expected


def test_part_of_a_partition_is_rewritten() -> None:
    stamps = partitioned("t", IDS, "ts", "TIMESTAMP")
    assert statement("DELETE FROM p.d.t WHERE ts >= '2026-10-01' AND ts < '2026-10-02'", stamps)[1] == 0
    # the first half of a day: 800 to find it, and up to 2,800 of the rest of the day to be written again
    found = statement("DELETE FROM p.d.t WHERE ts < '2026-10-01 12:00:00'", stamps)
    assert found == (800, 3_600, 3_600, "upper-bound")


def test_a_streaming_buffer_keeps_partitions_from_being_dropped() -> None:
    mine = partitioned("t", IDS, streaming_buffer_bytes=1)
    assert statement("DELETE FROM p.d.t WHERE dt = '2026-10-01'", mine) == (3_600, 3_600, 3_600, "exact")


def test_a_clustered_table_may_be_read_after_all() -> None:
    mine = partitioned("t", IDS, clustering=["v"])
    assert statement("DELETE FROM p.d.t WHERE dt = '2026-10-01'", mine) == (0, 0, 3_600, "upper-bound")


def test_merge_limits_its_target_by_constants_in_its_condition() -> None:
    sql = (
        "MERGE p.d.t AS x USING p.d.plain AS y ON x.v = y.a AND x.dt = '2026-10-01' "
        "WHEN MATCHED THEN UPDATE SET v = 1{}"
    )
    # 8,000 of y; dt and v of one day: 1,600; and up to all of that day: 2,800
    assert statement(sql.format("")) == (9_600, 12_400, 12_400, "upper-bound")
    # rows that the source lacks may lie anywhere
    by_source = " WHEN NOT MATCHED BY SOURCE THEN DELETE"
    assert statement(sql.format(by_source)) == (24_000, 52_000, 52_000, "upper-bound")


@pytest.mark.parametrize(
    ("on", "clauses", "expected"),
    [
        # The documented example: the union of what the clauses need. v and dt of three days, all of these days: 8,400.
        (
            "x.v = y.a",
            "WHEN MATCHED AND x.dt = '2026-10-01' THEN UPDATE SET v = 1 "
            "WHEN MATCHED AND x.dt = '2026-10-02' THEN UPDATE SET v = 2 "
            "WHEN NOT MATCHED BY SOURCE AND x.dt = '2026-10-03' THEN DELETE",
            (8_000 + 4_800, 8_000 + 4_800 + 8_400, 8_000 + 4_800 + 8_400, "upper-bound"),
        ),
        # One clause without a condition needs every row of the target: 16,000 of v and dt, 28,000 of all columns.
        (
            "x.v = y.a",
            "WHEN MATCHED AND x.dt = '2026-10-01' THEN UPDATE SET v = 1 WHEN NOT MATCHED BY SOURCE THEN DELETE",
            (24_000, 52_000, 52_000, "upper-bound"),
        ),
        # Whether a row of the source has no match, only all of the target can tell.
        (
            "x.v = y.a",
            "WHEN MATCHED AND x.dt = '2026-10-01' THEN UPDATE SET v = 1 "
            "WHEN NOT MATCHED THEN INSERT (v) VALUES (y.a)",
            (24_000, 52_000, 52_000, "upper-bound"),
        ),
        # ON FALSE: every row of that day goes, and nothing else is looked at: dt 800, all columns 2,800.
        ("FALSE", "WHEN NOT MATCHED BY SOURCE AND x.dt = '2026-10-01' THEN DELETE", (3_600, 3_600, 3_600, "exact")),
        # Left open: ON where rows without a match are kept. Two days' v and dt at least, everything at most.
        (
            "x.v = y.a AND x.dt = '2026-10-01'",
            "WHEN MATCHED THEN UPDATE SET v = 1 WHEN NOT MATCHED BY SOURCE AND x.dt = '2026-10-02' THEN DELETE",
            (8_000 + 3_200, 52_000, 52_000, "upper-bound"),
        ),
    ],
)  # fmt: skip
def test_merge_reads_of_its_target_what_its_clauses_need(
    on: str, clauses: str, expected: tuple[Any, ...]
) -> None:
    assert statement(f"MERGE p.d.t AS x USING p.d.plain AS y ON {on} {clauses}") == expected


@pytest.mark.parametrize(
    ("on", "clauses", "kept"),
    [
        ("x.a = y.v AND y.dt = '2026-10-01'", "WHEN MATCHED THEN DELETE", 1),
        # rows of other days are new to the target
        ("x.a = y.v AND y.dt = '2026-10-01'", "WHEN NOT MATCHED THEN INSERT (a) VALUES (y.v)", 10),
        ("FALSE", "WHEN NOT MATCHED AND y.dt = '2026-10-01' THEN INSERT (a) VALUES (y.v)", 1),
        ("x.a = y.v", "WHEN NOT MATCHED AND y.dt = '2026-10-01' THEN INSERT (a) VALUES (y.v)", 1),
    ],
)
def test_merge_reads_of_its_source_what_its_clauses_need(on: str, clauses: str, kept: int) -> None:
    frames = estimated(f"MERGE p.d.plain AS x USING p.d.t AS y ON {on} {clauses}", PLAIN, T)
    source = scan_of(frames, 1)
    assert (source["table"], source["partitions_kept"]) == ("p.d.t", kept)


# -- statements that hold a query --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("CREATE TABLE p.d.new AS SELECT a FROM p.d.plain", (8_000, 8_000, 8_000, "exact")),
        ("CREATE MATERIALIZED VIEW p.d.new AS SELECT a FROM p.d.plain", (8_000, 8_000, 8_000, "exact")),
        ("EXPORT DATA OPTIONS (uri='gs://b/*.csv') AS SELECT a FROM p.d.plain", (8_000, 8_000, 8_000, "exact")),
        ("CREATE VIEW p.d.new AS SELECT a FROM p.d.plain", (0, 0, 0, "exact")),
        ("CREATE TABLE p.d.new (a INT64)", (0, 0, 0, "exact")),
        ("CREATE TABLE p.d.new LIKE p.d.plain", (0, 0, 0, "exact")),
        ("DROP TABLE p.d.plain", (0, 0, 0, "exact")),
        ("ALTER TABLE p.d.plain ADD COLUMN z INT64", (0, 0, 0, "exact")),
        (
            "CREATE MODEL p.d.m OPTIONS (model_type='linear_reg') AS SELECT a FROM p.d.plain",
            (8_000, 8_000, 8_000, "modelled"),  # BigQuery's own dry run does not tell
        ),
        ("SELECT * FROM ML.PREDICT(MODEL p.d.m, (SELECT a FROM p.d.plain))", (8_000, 8_000, 8_000, "exact")),
        ("SELECT 1", (0, 0, 0, "exact")),
    ],
)  # fmt: skip
def test_ddl(sql: str, expected: tuple[Any, ...]) -> None:
    assert statement(sql) == expected


def test_a_scan_in_a_view_s_definition_is_described_but_costs_nothing() -> None:
    scan = scan_of(estimated("CREATE VIEW p.d.new AS SELECT v FROM p.d.t", T))
    assert (scan["known"], scan["pruning"], scan["bytes"]) == (True, "missing", 0)
    assert scan["bytes_if_pruned"] is None


# -- properties --------------------------------------------------------------------------------------------

FACTS = TableFacts(build_table("p.d.t", T))
CLUSTERED = TableFacts(build_table("p.d.c", partitioned("c", IDS, clustering=["v"])))


def reading(facts: TableFacts, columns: set[int], start: int, stop: int, **more: Any) -> Reading:
    pruned = Pruned("pruned", ((start, stop),) if stop > start else (), 10)
    found = Reading(facts, pruned, **more)
    for number in columns:
        found.use(number, MARK)
    return found


READINGS = st.builds(
    lambda facts, columns, run, filtered, sample: reading(
        facts, columns, min(run), max(run), cluster_filtered=filtered, sample_percent=sample
    ),
    st.sampled_from([FACTS, CLUSTERED]),
    st.sets(st.integers(0, 2)),
    st.tuples(st.integers(0, 10), st.integers(0, 10)),
    st.booleans(),
    st.sampled_from([None, None, 10.0]),
)


def _known(amount: Amount) -> tuple[int, int, int]:
    assert amount.point is not None
    assert amount.high is not None
    return amount.low, amount.point, amount.high


@given(st.lists(READINGS, min_size=1, max_size=4))
def test_together_is_between_the_largest_and_the_sum(readings: list[Reading]) -> None:
    low, point, high = _known(union_amount(readings))
    assert 0 <= low <= point <= high
    alone = [_known(reading_amount(item)) for item in readings]
    assert max(item[2] for item in alone) <= high <= sum(item[2] for item in alone)
    assert low <= sum(item[0] for item in alone)
    plain = all(not item.cluster_filtered and item.sample_percent is None for item in readings)
    if plain:
        assert point >= max(item[1] for item in alone)


@given(READINGS)
def test_reading_the_same_twice_costs_no_more(item: Reading) -> None:
    twice = union_amount([item, item])
    if not item.cluster_filtered and item.sample_percent is None:
        assert twice == reading_amount(item)
    else:
        assert _known(twice)[2] >= _known(reading_amount(item))[2]


@given(st.lists(READINGS, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_the_order_of_scans_does_not_matter(readings: list[Reading], random: Any) -> None:
    shuffled = list(readings)
    random.shuffle(shuffled)
    assert union_amount(shuffled) == union_amount(readings)


@given(READINGS, st.integers(0, 2))
def test_another_column_never_costs_less(item: Reading, number: int) -> None:
    before = _known(reading_amount(item))
    item.use(number, MARK)
    after = _known(reading_amount(item))
    assert all(one <= other for one, other in zip(before, after, strict=True))


def test_nothing_to_gain_is_none() -> None:
    assert if_pruned([reading(FACTS, {1}, 0, 2)], target=False) is None
    wide = reading(FACTS, {1}, 0, 10)
    wide.pruned = Pruned("missing", ((0, 10),), 10, if_pruned=((9, 10),))
    assert if_pruned([wide], target=False) == 800
    assert if_pruned([wide], target=True) == 3_600
    assert columns_amount(wide, ((9, 10),)) == exactly(800)


def test_only_columns_that_the_catalog_lacks_are_unknown_not_nothing() -> None:
    frames = estimated(["SELECT nosuch FROM p.d.plain", "SELECT nosuch, a FROM p.d.plain"], plain_table())
    assert bytes_of(query_of(frames, 0)) == (0, None, None, "unknown")
    # 1,000 rows of INT64 at least, the whole table at most
    assert bytes_of(query_of(frames, 1)) == (8_000, 8_000, 36_000, "lower-bound")
