"""Which partitions a query reads: every documented form that prunes, and every one that does not.

docs.cloud.google.com/bigquery/docs/querying-partitioned-tables and querying-wildcard-tables.
"""

from __future__ import annotations

from typing import Any

import pytest

from costguard.estimate.settings import EstimateSettings
from tests.estimate.statements import NOW, bytes_of, estimated, query_of, scan_of
from tests.estimate.warehouse import days, partition, partitioned, plain_table

# 40 days, from 2026-09-23 to 2026-11-01, which is NOW's own day.
IDS = days("2026-09-23", 40)
SPECIAL = [*IDS, "__NULL__", "__UNPARTITIONED__"]
DATE = partitioned("t", IDS)
STAMP = partitioned("t", IDS, "ts", "TIMESTAMP")
WALL = partitioned("t", IDS, "dtm", "DATETIME")
WITH_SPECIAL = partitioned("t", SPECIAL)
Json = dict[str, Any]


def pruned(where: str, table: Json, **more: Any) -> Json:
    """The scan of `SELECT v FROM p.d.t WHERE ...`."""
    return scan_of(estimated(f"SELECT v FROM p.d.t WHERE {where}", table, **more))


def kept(where: str, table: Json = DATE, **more: Any) -> tuple[str, int | None]:
    scan = pruned(where, table, **more)
    return scan["pruning"], scan["partitions_kept"]


# -- what prunes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ("dt = '2026-10-01'", 1),
        ("dt = DATE '2026-10-01'", 1),
        ("'2026-10-01' = dt", 1),
        ("dt = DATE(2026, 10, 1)", 1),
        ("dt > '2026-10-30'", 2),
        ("dt >= '2026-10-30'", 3),
        ("'2026-10-30' <= dt", 3),
        ("dt < '2026-09-25'", 2),
        ("dt <= '2026-09-25'", 3),
        ("dt != '2026-10-01'", 39),
        ("NOT dt = '2026-10-01'", 39),
        ("NOT (dt >= '2026-09-25' AND dt <= '2026-11-01')", 2),
        ("dt BETWEEN '2026-10-01' AND '2026-10-10'", 10),
        ("dt NOT BETWEEN '2026-10-01' AND '2026-10-10'", 30),
        ("dt >= '2026-10-01' AND dt < '2026-10-11'", 10),
        ("v > 3 AND dt = '2026-10-01' AND s LIKE 'x%'", 1),
        ("dt IN ('2026-10-01', '2026-10-20', '2030-01-01')", 2),
        ("dt NOT IN ('2026-10-01', '2026-10-20')", 38),
        ("dt IN UNNEST(['2026-10-01', '2026-10-02'])", 2),
        ("dt IN UNNEST(GENERATE_DATE_ARRAY('2026-10-01', '2026-10-10', INTERVAL 3 DAY))", 4),
        ("dt IN UNNEST(GENERATE_DATE_ARRAY(DATE_SUB(CURRENT_DATE(), INTERVAL 6 DAY), CURRENT_DATE()))", 7),
        ("dt = '2026-10-01' OR dt = '2026-10-02'", 2),
        ("(dt = '2026-10-01' AND v = 1) OR (dt = '2026-10-02' AND v = 2)", 2),
        ("dt IS NOT NULL", 40),
        ("dt IS NULL", 0),
        ("dt = CURRENT_DATE()", 1),
        ("dt = CURRENT_DATE('America/Los_Angeles')", 1),
        ("dt >= DATE_SUB(CURRENT_DATE(), INTERVAL 7 DAY)", 8),
        ("dt >= CURRENT_DATE() - 7", 8),
        ("dt > DATE_SUB(CURRENT_DATE(), INTERVAL 1 WEEK)", 7),
        ("dt >= DATE_TRUNC(CURRENT_DATE(), MONTH)", 1),
        ("dt >= DATE_TRUNC(DATE_SUB(CURRENT_DATE(), INTERVAL 1 MONTH), MONTH)", 32),
        ("dt >= DATE(TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 6 HOUR))", 2),  # 23:30 the day before
        ("dt = PARSE_DATE('%Y%m%d', '20261001')", 1),
        ("dt = CAST(CONCAT('2026-10-', LPAD('1', 2, '0')) AS DATE)", 1),
        ("dt = IF(EXTRACT(DAYOFWEEK FROM CURRENT_DATE()) = 1, CURRENT_DATE() - 2, CURRENT_DATE())", 1),
        # functions of the column that the documentation lists
        ("DATE_ADD(dt, INTERVAL 1 DAY) = '2026-10-02'", 1),
        ("DATE_SUB(dt, INTERVAL 1 DAY) >= '2026-10-30'", 2),
        ("DATE_DIFF(dt, DATE '2026-10-01', DAY) BETWEEN 0 AND 4", 5),
        ("DATE_DIFF(CURRENT_DATE(), dt, DAY) < 7", 7),
        ("DATE_DIFF(CURRENT_DATE(), dt, MONTH) = 1", 31),
        ("DATE_TRUNC(dt, MONTH) = '2026-10-01'", 31),
        ("DATE_TRUNC(dt, WEEK(MONDAY)) = '2026-10-26'", 7),
        ("EXTRACT(YEAR FROM dt) = 2026", 40),
        ("EXTRACT(YEAR FROM dt) < 2026", 0),
        # a partition that is not there: nothing
        ("dt = '2025-01-01'", 0),
        ("dt > CURRENT_DATE()", 0),
        # never true
        ("FALSE", 0),
        ("1 = 0", 0),
        ("dt = NULL", 0),
        ("dt = '2026-10-01' AND 1 = 2", 0),
        ("dt > '2026-10-20' AND dt < '2026-10-10'", 0),
        ("CURRENT_DATE() > '2027-01-01'", 0),
        ("dt = '2026-10-01' OR FALSE", 1),
        ("dt = '2026-10-01' OR CURRENT_DATE() < '2026-01-01'", 1),
    ],
)
def test_forms_that_prune_a_date(where: str, count: int) -> None:
    scan = pruned(where, DATE)
    assert (scan["pruning"], scan["partitions_kept"], scan["partitions_total"]) == ("pruned", count, 40)
    assert scan["pruning_cause"] is None
    # 100 rows a partition: 8 bytes of v, 8 of dt, where the column is named, 12 of s
    width = 8 + 8 * ("dt" in where) + 12 * ("s LIKE" in where)
    assert bytes_of(scan) == (width * 100 * count, width * 100 * count, width * 100 * count, "exact")
    assert scan["rows"] == 100 * count


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ("ts >= '2026-10-30'", 3),
        ("ts > '2026-10-30'", 3),  # moments after midnight lie in the same partition
        ("ts = '2026-10-30 12:00:00'", 1),
        ("ts < '2026-09-25'", 2),
        ("ts <= '2026-09-25'", 3),
        # whole partitions: the last day is read although only its midnight matches
        ("ts BETWEEN '2026-10-01' AND '2026-10-15'", 15),
        ("ts >= TIMESTAMP '2026-10-30 23:59:59' AND ts < TIMESTAMP '2026-10-31 00:00:00'", 1),
        # UTC boundaries: 30 October begins at 07:00 UTC in Los Angeles, so two partitions
        (
            "ts >= '2026-10-30 00:00:00 America/Los_Angeles' AND ts < '2026-10-31 00:00:00 America/Los_Angeles'",
            2,
        ),
        ("ts >= TIMESTAMP('2026-10-31', 'Asia/Tokyo')", 3),
        ("ts >= CURRENT_TIMESTAMP()", 1),
        ("ts >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 24 HOUR)", 2),
        ("ts >= CURRENT_TIMESTAMP() - INTERVAL 6 HOUR", 2),
        ("ts >= TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), DAY)", 1),
        ("ts >= TIMESTAMP(DATE_SUB(CURRENT_DATE(), INTERVAL 2 DAY))", 3),
        ("DATE(ts) = '2026-10-30'", 1),
        ("DATE(ts) >= CURRENT_DATE() - 2", 3),
        ("DATE(ts) IN ('2026-10-01', '2026-10-02')", 2),
        ("DATE(ts) BETWEEN '2026-10-01' AND '2026-10-02'", 2),
        ("DATE(ts, 'America/Los_Angeles') = '2026-10-30'", 2),
        ("CAST(ts AS DATE) = '2026-10-30'", 1),
        ("EXTRACT(DATE FROM ts) = '2026-10-30'", 1),
        ("EXTRACT(YEAR FROM ts) = 2025", 0),
        ("TIMESTAMP_TRUNC(ts, DAY) = TIMESTAMP '2026-10-30'", 1),
        ("TIMESTAMP_TRUNC(ts, MONTH) = TIMESTAMP '2026-10-01'", 31),
        ("TIMESTAMP_ADD(ts, INTERVAL 1 DAY) >= TIMESTAMP '2026-11-01'", 2),
        ("TIMESTAMP_SUB(ts, INTERVAL 1 HOUR) >= TIMESTAMP '2026-10-31 23:00:00'", 1),
        ("TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), ts, HOUR) <= 4", 1),
        # whole hours: 23:30:01 the day before is five hours ago
        ("TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), ts, HOUR) <= 5", 2),
        ("FORMAT_TIMESTAMP('%F', ts) = '2026-10-30'", 1),
        ("FORMAT_TIMESTAMP('%Y-%m-%d', ts) >= '2026-10-30'", 3),
        ("FORMAT_TIMESTAMP('%Y%m%d', ts) = '20261030'", 1),
        ("DATE_TRUNC(DATE(ts), MONTH) = '2026-10-01'", 31),
    ],
)
def test_forms_that_prune_a_timestamp(where: str, count: int) -> None:
    scan = pruned(where, STAMP)
    assert (scan["pruning"], scan["partitions_kept"], scan["pruning_cause"]) == ("pruned", count, None)
    assert bytes_of(scan) == (1_600 * count, 1_600 * count, 1_600 * count, "exact")  # ts and v


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ("dtm >= '2026-10-30'", 3),
        ("dtm < DATETIME '2026-09-24 00:00:00'", 1),
        ("dtm >= DATETIME_SUB(CURRENT_DATETIME(), INTERVAL 6 HOUR)", 2),
        ("dtm >= DATE '2026-10-30'", 3),
        ("DATE(dtm) = '2026-10-30'", 1),
        ("DATETIME_DIFF(dtm, DATETIME '2026-10-01', DAY) = 0", 1),
        ("CAST(dtm AS DATE) = '2026-10-30'", 1),
    ],
)
def test_forms_that_prune_a_datetime(where: str, count: int) -> None:
    assert kept(where, WALL) == ("pruned", count)


# -- what does not prune -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "table", "cause"),
    [
        ("dt = (SELECT MAX(dt) FROM p.d.u)", DATE, "subquery"),
        ("dt IN (SELECT dt FROM p.d.u)", DATE, "subquery"),
        ("dt BETWEEN '2026-10-01' AND (SELECT MAX(dt) FROM p.d.u)", DATE, None),  # its other half does
        ("DATE(ts) >= (SELECT DATE(MAX(ts)) FROM p.d.u)", STAMP, "subquery"),
        ("dt = other_day", DATE, "column"),
        ("dt >= DATE_SUB(other_day, INTERVAL 1 DAY)", DATE, "column"),
        ("dt = DATE(s)", DATE, "column"),
        ("dt = '2026-10-01' OR v = 1", DATE, "or"),
        ("dt = '2026-10-01' OR s = 'x' OR dt = '2026-10-02'", DATE, "or"),
        ("NOT (dt = '2026-10-01' AND v = 1)", DATE, "negation"),
        ("FORMAT_DATE('%Y-%m', dt) = '2026-10'", DATE, "function"),
        ("FORMAT_TIMESTAMP('%Y-%m-%d %H', ts) = '2026-10-30 05'", STAMP, "function"),
        ("FORMAT_TIMESTAMP('%Y-%m', ts) = '2026-10'", STAMP, "function"),
        ("EXTRACT(MONTH FROM dt) = 10", DATE, "function"),
        ("EXTRACT(DAYOFWEEK FROM dt) = 1", DATE, "function"),
        ("EXTRACT(HOUR FROM ts) = 5", STAMP, "function"),
        ("CAST(dt AS STRING) = '2026-10-01'", DATE, "function"),
        ("CAST(dt AS STRING) LIKE '2026-10%'", DATE, "function"),
        ("SAFE_CAST(ts AS DATE) = '2026-10-30'", STAMP, "function"),
        ("UNIX_SECONDS(ts) > 1793424615", STAMP, "function"),
        ("LAST_DAY(dt) = '2026-10-31'", DATE, "function"),
        ("DATETIME(ts) >= '2026-10-30'", STAMP, "function"),
        ("TIMESTAMP(dt) >= '2026-10-30'", DATE, "function"),
        ("COALESCE(dt, CURRENT_DATE()) = '2026-10-01'", DATE, "function"),
        ("IF(dt > '2026-10-01', TRUE, FALSE)", DATE, "function"),
        ("CASE WHEN dt > '2026-10-01' THEN TRUE ELSE FALSE END", DATE, "function"),
        ("my.udf(dt) = '2026-10-01'", DATE, "function"),
        ("DATE_ADD(DATE_TRUNC(dt, MONTH), INTERVAL 1 DAY) = '2026-10-02'", DATE, "function"),
        ("ts + INTERVAL 1 DAY > '2026-10-30'", STAMP, "arithmetic"),
        ("dt - 1 = '2026-10-01'", DATE, "arithmetic"),
        ("dt = dt", DATE, "column"),
    ],
)
def test_forms_that_do_not_prune(where: str, table: Json, cause: str | None) -> None:
    scan = scan_of(estimated(f"SELECT v FROM p.d.t WHERE {where}", table))
    if cause is None:
        assert (scan["pruning"], scan["partitions_kept"]) == ("pruned", 32)
        return
    assert (scan["pruning"], scan["pruning_cause"], scan["partitions_kept"]) == ("defeated", cause, 40)
    assert scan["pruning_reason"]
    assert scan["rows"] == 4_000
    assert scan["bytes"] is not None
    assert scan["bytes"] >= 64_000  # 40 partitions of the key and v, 1,600 bytes each


def test_a_comparison_that_converts_the_column() -> None:
    """Measured to read everything; not documented, so the bound below is what the filter means."""
    scan = pruned("dt >= DATETIME '2026-10-31 00:00:00'", DATE)
    assert (scan["pruning"], scan["pruning_cause"]) == ("defeated", "coercion")
    assert bytes_of(scan) == (3_200, 64_000, 64_000, "upper-bound")  # 2 of 40 partitions, 1,600 bytes each
    scan = pruned("dt >= CURRENT_DATE() - INTERVAL 1 DAY", DATE)  # DATE - INTERVAL is a DATETIME
    assert (scan["pruning"], scan["pruning_cause"]) == ("defeated", "coercion")


def test_no_condition_on_the_key() -> None:
    scan = pruned("v = 1", DATE)
    assert (scan["pruning"], scan["pruning_cause"], scan["partitions_kept"]) == ("missing", None, 40)
    assert scan["pruning_reason"] == "no condition on dt"
    assert scan["bytes_if_pruned"] == 800  # the newest partition
    scan = scan_of(estimated("SELECT v FROM p.d.t", DATE))
    assert (scan["pruning"], scan["bytes"], scan["bytes_if_pruned"]) == ("missing", 32_000, 800)


def test_what_a_defeated_filter_would_leave() -> None:
    """By its meaning where that is clear, else the newest partition."""
    assert pruned("FORMAT_DATE('%Y-%m', dt) = '2026-10'", DATE)["bytes_if_pruned"] == 31 * 1_600
    assert pruned("EXTRACT(DAY FROM dt) = 1", DATE)["bytes_if_pruned"] == 2 * 1_600  # 1 October, 1 November
    assert pruned("dt = (SELECT MAX(dt) FROM p.d.u)", DATE)["bytes_if_pruned"] == 1_600
    assert pruned("dt = '2026-10-01'", DATE)["bytes_if_pruned"] is None


def test_the_reason_points_at_the_condition() -> None:
    sql = "SELECT v FROM p.d.t WHERE v = 1 AND LAST_DAY(dt) = '2026-10-31'"
    frames = estimated(["SELECT 1", sql], DATE)
    place = frames["locations"].row(scan_of(frames)["pruning_at"], named=True)
    assert place["source"] == 1
    assert sql[place["start_column"] - 1 : place["end_column"] - 1] == "LAST_DAY(dt) = '2026-10-31'"


# -- values that only the run knows ------------------------------------------------------------------------


def test_a_parameter_without_a_value_leaves_one_partition_unknown_which() -> None:
    scan = pruned("dt = @day", DATE)
    assert (scan["pruning"], scan["pruning_cause"], scan["partitions_kept"]) == ("pruned", "unknown-value", 1)
    # a day that is not there is nothing
    assert bytes_of(scan) == (0, 1_600, 1_600, "upper-bound")


def test_a_parameter_in_a_range_leaves_anything() -> None:
    scan = pruned("dt >= @day", DATE)
    assert (scan["pruning"], scan["pruning_cause"], scan["partitions_kept"]) == (
        "pruned",
        "unknown-value",
        None,
    )
    assert bytes_of(scan) == (0, 64_000, 64_000, "upper-bound")


def test_a_parameter_next_to_a_constant() -> None:
    scan = pruned("dt >= '2026-10-30' AND dt < @day", DATE)
    assert bytes_of(scan) == (0, 4_800, 4_800, "upper-bound")  # at most the three partitions


def test_the_point_is_the_newest_partition_and_the_bound_the_largest() -> None:
    table = partitioned("t", IDS)
    table["partitioning"]["partitions"] = [
        partition(
            identifier, 40 - number, 28 * (40 - number), {"dt": 8 * (40 - number), "v": 8 * (40 - number)}
        )
        for number, identifier in enumerate(IDS)
    ]
    # 16 bytes a row: 1 row in the newest, 40 in the oldest
    assert bytes_of(pruned("dt = @day", table)) == (0, 16, 640, "upper-bound")
    assert bytes_of(pruned("dt IN (@a, @b)", table)) == (0, 48, 1_264, "upper-bound")  # 1 + 2; 40 + 39


def test_several_parameters_leave_as_many_partitions() -> None:
    assert pruned("dt IN (@a, @b)", DATE)["partitions_kept"] == 2
    assert pruned("dt = @a OR dt = @b OR dt = @c", DATE)["partitions_kept"] == 3
    assert pruned("DATE(ts) = @a", STAMP)["partitions_kept"] == 1
    assert pruned("ts = @a", STAMP)["partitions_kept"] == 1
    assert pruned("TIMESTAMP_TRUNC(ts, MONTH) = @a", STAMP)["partitions_kept"] is None


def test_parameters_with_a_value_are_constants() -> None:
    settings = EstimateSettings(NOW, parameters=(("@day", "DATE '2026-10-30'"), ("days", "['2026-10-01']")))
    assert kept("dt = @day", settings=settings) == ("pruned", 1)
    assert kept("dt >= @day", settings=settings) == ("pruned", 3)
    assert kept("dt IN UNNEST(@days)", settings=settings) == ("pruned", 1)
    assert pruned("dt >= @DAY", DATE, settings=settings)["pruning_cause"] is None


# -- special partitions ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ("dt IS NULL", 1),  # __NULL__
        ("dt IS NOT NULL", 41),  # and values out of range
        ("dt = '2026-10-01'", 1),
        ("dt >= '2026-10-31'", 3),  # two days, and values after 2159-12-31
        ("dt < '2026-09-24'", 2),  # one day, and values before 1960
        ("dt BETWEEN '2026-10-31' AND '2026-11-01'", 2),
        ("dt != '2026-10-01'", 40),  # NULL is not unequal
        ("dt = '2026-10-01' OR dt IS NULL", 2),
        ("dt >= '2159-12-31'", 1),
        ("dt < '1960-01-01'", 1),
        ("EXTRACT(YEAR FROM dt) = 2026", 40),
    ],
)
def test_rows_without_a_key_and_out_of_range(where: str, count: int) -> None:
    assert kept(where, WITH_SPECIAL) == ("pruned", count)


@pytest.mark.parametrize(
    "where", ["DATE(ts, 'Asia/Tokyo') = '2026-10-01'", "ts >= '2026-10-01 00:00:00 Asia/Tokyo'"]
)
def test_the_ends_of_the_calendar_in_another_zone(where: str) -> None:
    table = partitioned("t", SPECIAL, "ts", "TIMESTAMP")
    assert pruned(where, table)["pruning"] == "pruned"


# -- granularities -----------------------------------------------------------------------------------------


def test_hours() -> None:
    ids = [f"2026110{day}{hour:02d}" for day in (1, 2) for hour in range(24)]
    table = partitioned("t", ids, "ts", "TIMESTAMP", "HOUR")
    assert kept("ts >= '2026-11-01 05:30:00' AND ts < '2026-11-01 07:00:00'", table) == ("pruned", 2)
    assert kept("ts <= '2026-11-01 07:00:00'", table) == ("pruned", 8)
    assert kept("DATE(ts) = '2026-11-01'", table) == ("pruned", 24)
    assert kept("TIMESTAMP_TRUNC(ts, HOUR) = CURRENT_TIMESTAMP()", table) == ("pruned", 0)
    assert kept("TIMESTAMP_TRUNC(ts, HOUR) = '2026-11-01 05:00:00'", table) == ("pruned", 1)
    # a date is 24 partitions here, which ones nobody knows
    assert kept("DATE(ts) = @day", table) == ("pruned", None)
    assert kept("ts = @moment", table) == ("pruned", 1)


def test_months_and_years() -> None:
    months = partitioned("t", [f"2026{month:02d}" for month in range(1, 13)], unit="MONTH")
    assert kept("dt = '2026-10-15'", months) == ("pruned", 1)
    assert kept("dt BETWEEN '2026-01-31' AND '2026-03-01'", months) == ("pruned", 3)
    assert kept("dt < '2026-03-01'", months) == ("pruned", 2)
    assert kept("dt > '2026-11-30'", months) == ("pruned", 1)
    assert kept("dt > '2026-12-31'", months) == ("pruned", 0)
    assert kept("DATE_TRUNC(dt, MONTH) = '2026-10-01'", months) == ("pruned", 1)
    assert kept("DATE_TRUNC(dt, YEAR) = '2026-01-01'", months) == ("pruned", 12)
    years = partitioned("t", ["2024", "2025", "2026"], "ts", "TIMESTAMP", "YEAR")
    assert kept("ts >= '2025-12-31 23:59:59'", years) == ("pruned", 2)
    assert kept("EXTRACT(YEAR FROM ts) = 2025", years) == ("pruned", 1)


RANGE = partitioned(
    "t",
    ["0", "10", "20", "90", "__NULL__", "__UNPARTITIONED__"],
    "id",
    "INT64",
    "RANGE",
    partitioning={"range": {"start": 0, "end": 100, "interval": 10}},
)


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ("id = 10", 1),
        ("id = 19", 1),
        ("id < 10", 2),  # below 0 lies in __UNPARTITIONED__
        ("id BETWEEN 0 AND 9", 1),
        ("id BETWEEN 5 AND 20", 3),
        ("id IN (5, 95)", 2),
        ("id >= 90", 2),
        ("id = 1000", 1),
        ("id = 50", 0),  # a partition that is not there
        ("id IS NULL", 1),
        ("id = 2 * 5", 1),
        ("id IN UNNEST(GENERATE_ARRAY(0, 25, 5))", 3),
    ],
)
def test_ranges_of_integers(where: str, count: int) -> None:
    assert kept(where, RANGE) == ("pruned", count)


@pytest.mark.parametrize(
    ("where", "cause"),
    [
        ("id + 1 = 11", "range-function"),
        ("ABS(id) = 10", "range-function"),
        ("CAST(id AS STRING) = '10'", "range-function"),
        ("MOD(id, 10) = 3", "function"),
        ("id = v", "column"),
        ("id = 10.5", "coercion"),
    ],
)
def test_ranges_of_integers_prune_through_no_function(where: str, cause: str) -> None:
    scan = pruned(where, RANGE)
    assert (scan["pruning"], scan["partitions_kept"]) == ("defeated", 6)
    assert scan["pruning_cause"] in (cause, "range-function")


# -- ingestion time ----------------------------------------------------------------------------------------


INGESTED = partitioned("t", [*IDS, "__UNPARTITIONED__"], "_PARTITIONTIME")


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ("_PARTITIONTIME = TIMESTAMP '2026-10-30'", 1),
        ("_PARTITIONTIME = '2026-10-30 05:00:00'", 0),  # it is always the start of the day
        (
            "_PARTITIONTIME >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 48 HOUR)",
            2,
        ),  # from 30 October, 05:30
        ("_PARTITIONTIME BETWEEN '2026-10-30' AND '2026-10-31'", 2),
        ("_PARTITIONDATE = '2026-10-30'", 1),
        ("_PARTITIONDATE >= CURRENT_DATE() - 2", 3),
        ("DATE(_PARTITIONTIME) = '2026-10-30'", 1),
        ("TIMESTAMP_TRUNC(_PARTITIONTIME, MONTH) = '2026-10-01'", 31),
        ("_PARTITIONTIME IS NULL", 1),  # the streaming buffer
        ("_PARTITIONTIME IS NOT NULL", 40),
        ("_PARTITIONTIME > '2026-10-31' OR _PARTITIONTIME IS NULL", 2),
        ("_PARTITIONTIME != '2026-10-31'", 39),
    ],
)
def test_ingestion_time(where: str, count: int) -> None:
    scan = pruned(where, INGESTED)
    assert (scan["pruning"], scan["partitions_kept"]) == ("pruned", count)
    regular = count - (1 if "IS NULL" in where else 0)
    # v only: the pseudo-columns cost nothing, and the streaming buffer is not billed
    assert bytes_of(scan) == (800 * regular, 800 * regular, 800 * regular, "exact")


def test_ingestion_time_compared_with_a_subquery() -> None:
    scan = pruned("_PARTITIONTIME = (SELECT MAX(x) FROM p.d.u)", INGESTED)
    assert (scan["pruning"], scan["pruning_cause"]) == ("defeated", "subquery")


@pytest.mark.parametrize(
    ("sources", "where", "pruning", "cause"),
    [
        # one row of an aggregate or a LIMIT is what a subquery in the condition would give
        ("(SELECT MAX(x) AS m FROM p.d.u) AS u", "dt >= u.m", "defeated", "subquery"),
        ("(SELECT MAX(x) AS m FROM p.d.u) AS u", "dt = m", "defeated", "subquery"),
        ("(SELECT MAX(x) AS m FROM p.d.u) AS u", "dt = DATE_SUB(m, INTERVAL 1 DAY)", "defeated", "subquery"),
        ("(SELECT x AS m FROM p.d.u ORDER BY x DESC LIMIT 1) AS u", "dt = u.m", "defeated", "subquery"),
        ("(SELECT (SELECT MAX(x) FROM p.d.u) AS m) AS u", "dt = u.m", "defeated", "subquery"),
        ("(SELECT 1 AS m) AS u", "dt >= ANY(SELECT x FROM p.d.u)", "defeated", "subquery"),
        # one for each key: the key of a join, and a bound that goes from row to row
        ("(SELECT k, MAX(x) AS m FROM p.d.u GROUP BY k) AS u", "dt = u.m", "missing", None),
        ("(SELECT k, MAX(x) AS m FROM p.d.u GROUP BY k) AS u", "dt > u.m", "defeated", "column"),
        ("(SELECT LAG(x) OVER (ORDER BY x) AS m FROM p.d.u) AS u", "dt > u.m", "defeated", "column"),
        # a row that is written out is a constant
        ("(SELECT DATE '2026-10-31' AS m) AS u", "dt = u.m", "pruned", None),
    ],
)
def test_a_value_of_another_relation(sources: str, where: str, pruning: str, cause: str | None) -> None:
    table = partitioned("t", IDS)
    for sql in (
        f"SELECT v FROM p.d.t, {sources} WHERE {where}",
        f"SELECT v FROM p.d.t JOIN {sources} ON {where}",
    ):
        scan = scan_of(estimated(sql, table))
        assert (scan["pruning"], scan["pruning_cause"]) == (pruning, cause)
        assert scan["partitions_kept"] == (1 if pruning == "pruned" else len(IDS))


# -- partitions that the catalog does not list, and tables without any ------------------------------------


def test_partitions_that_are_not_listed() -> None:
    table = partitioned("t", IDS)
    del table["partitioning"]["partitions"]
    assert bytes_of(pruned("dt = '2026-10-01'", table)) == (0, 64_000, 64_000, "upper-bound")
    assert bytes_of(pruned("EXTRACT(MONTH FROM dt) = 10", table)) == (64_000, 64_000, 64_000, "exact")
    assert bytes_of(pruned("dt = '2026-10-01' AND FALSE", table))[:3] == (0, 0, 0)
    assert pruned("dt = '2026-10-01'", table)["pruning"] == "pruned"
    assert pruned("v = 1", table)["pruning"] == "missing"


def test_an_empty_table() -> None:
    scan = pruned("dt = '2026-10-01'", partitioned("t", []))
    assert bytes_of(scan)[:3] == (0, 0, 0)


def test_tables_without_partitions() -> None:
    table = plain_table()
    assert bytes_of(query_of(estimated("SELECT a FROM p.d.plain WHERE a = 1", table)))[1] == 8_000
    assert scan_of(estimated("SELECT a FROM p.d.plain WHERE a = 1", table))["pruning"] == "unpartitioned"
    assert bytes_of(query_of(estimated("SELECT a FROM p.d.plain WHERE FALSE", table))) == (0, 0, 0, "exact")
    sql = "SELECT a FROM p.d.plain WHERE CURRENT_DATE() < '2026-01-01'"
    assert bytes_of(query_of(estimated(sql, table))) == (0, 0, 0, "exact")


def test_never_true_through_a_common_table() -> None:
    """Measured: `WITH params AS (SELECT FALSE AS skip)` makes the dry run 0 bytes."""
    sql = "WITH params AS (SELECT FALSE AS skip) SELECT a FROM p.d.plain, params WHERE params.skip"
    assert bytes_of(query_of(estimated(sql, plain_table()))) == (0, 0, 0, "exact")


# -- filters around ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        "WITH q AS (SELECT dt, v FROM p.d.t) SELECT v FROM q WHERE dt = '2026-10-01'",
        "SELECT v FROM (SELECT * FROM p.d.t) WHERE dt = '2026-10-01'",
        "SELECT v FROM (SELECT dt AS day, v FROM p.d.t) WHERE day = '2026-10-01'",
        "SELECT v FROM (SELECT v FROM p.d.t WHERE dt = '2026-10-01')",
        "SELECT t.v FROM p.d.t JOIN p.d.plain AS u ON t.v = u.a WHERE t.dt = '2026-10-01'",
        "SELECT t.v FROM p.d.t JOIN p.d.plain AS u ON t.v = u.a AND t.dt = '2026-10-01'",
        # a condition that fails for NULL makes the outer join an inner one
        "SELECT u.a FROM p.d.plain AS u LEFT JOIN p.d.t ON t.v = u.a WHERE t.dt = '2026-10-01'",
        "SELECT u.a FROM p.d.plain AS u LEFT JOIN p.d.t ON t.v = u.a WHERE t.dt IS NOT NULL AND t.dt < '2026-09-24'",
        "SELECT u.a FROM p.d.plain AS u LEFT JOIN p.d.t ON t.v = u.a AND t.dt = '2026-10-01'",
        "SELECT u.a FROM p.d.plain AS u LEFT JOIN (SELECT v FROM p.d.t WHERE dt = '2026-10-01' OR dt IS NULL) AS t "
        "ON t.v = u.a",
    ],
)
def test_a_filter_reaches_the_table(sql: str) -> None:
    frames = estimated(sql, DATE, plain_table())
    scan = next(row for row in frames["scans"].iter_rows(named=True) if row["table"] == "p.d.t")
    assert (scan["pruning"], scan["partitions_kept"]) == ("pruned", 1)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT v FROM (SELECT dt, v FROM p.d.t LIMIT 10) WHERE dt = '2026-10-01'",
        "SELECT v FROM (SELECT dt, v, ROW_NUMBER() OVER (ORDER BY v) AS n FROM p.d.t) WHERE dt = '2026-10-01'",
        "SELECT t.v FROM p.d.u LEFT JOIN p.d.t ON u.v = t.v AND u.dt = '2026-10-01'",
        # documented by measurement: neither side alone gives the column
        "SELECT dt FROM p.d.t FULL OUTER JOIN p.d.u USING (dt) WHERE dt = '2026-10-01'",
        "SELECT dt FROM p.d.t FULL JOIN p.d.u USING (v, dt) WHERE dt >= '2026-10-01'",
        "SELECT t.v FROM p.d.t JOIN p.d.u ON t.dt = u.dt",
        # rows of u without a partner: all of t must be looked at
        "SELECT u.v FROM p.d.u LEFT JOIN p.d.t ON u.v = t.v WHERE t.dt IS NULL",
        "SELECT u.v FROM p.d.u LEFT JOIN p.d.t ON u.v = t.v WHERE t.dt IS NULL OR t.dt > '2026-10-01'",
        "SELECT u.v FROM p.d.u LEFT JOIN p.d.t ON u.v = t.v WHERE NOT (t.dt IS NOT NULL AND t.dt > '2026-10-01')",
        "SELECT v FROM (SELECT u.v, t.dt FROM p.d.u LEFT JOIN p.d.t ON u.v = t.v) WHERE dt IS NULL",
        "SELECT u.v FROM p.d.t RIGHT JOIN p.d.u ON u.v = t.v WHERE t.dt IS NULL",
        "SELECT u.v FROM p.d.u FULL JOIN p.d.t ON u.v = t.v WHERE t.dt IS NULL",
    ],
)
def test_a_filter_that_does_not_reach_the_table(sql: str) -> None:
    frames = estimated(sql, DATE, partitioned("u", IDS))
    scan = next(row for row in frames["scans"].iter_rows(named=True) if row["table"] == "p.d.t")
    assert scan["pruning"] == "missing"
    assert scan["partitions_kept"] == 40


def test_the_key_of_a_nested_field_or_another_case() -> None:
    assert kept("DT = '2026-10-01'") == ("pruned", 1)
    table = partitioned("t", IDS)
    table["partitioning"]["column"] = "Dt"
    assert kept("dt = '2026-10-01'", table) == ("pruned", 1)


def test_partitions_in_any_order_in_the_catalog() -> None:
    table = partitioned("t", list(reversed(SPECIAL)))
    assert kept("dt >= '2026-10-31'", table) == ("pruned", 3)
    table = partitioned("t", ["10", "9", "-5", "100"], "id", "INT64", "RANGE", partitioning={
        "range": {"start": -5, "end": 101, "interval": 1}})  # fmt: skip
    assert kept("id >= 10", table) == ("pruned", 2)


def test_sizes_follow_the_partitions_that_are_kept() -> None:
    table = partitioned("t", IDS)
    table["partitioning"]["partitions"] = [
        partition(identifier, number, 28 * number, {"dt": 8 * number, "v": 8 * number, "s": 12 * number})
        for number, identifier in enumerate(IDS)
    ]
    # partitions 37, 38 and 39 of 16 bytes a row: 16 * (37 + 38 + 39)
    assert bytes_of(pruned("dt >= '2026-10-30'", table)) == (1_824, 1_824, 1_824, "exact")
