"""A catalog that is older than the clock: what has come since is modelled, and not free.

Figures are worked out by hand: the last seven partitions have 10, 20 ... 70 rows, 40 on average, and `v` and the key
take 8 bytes a row each.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costguard.estimate.settings import EstimateSettings
from costguard.estimate.since import days_since, since_queries
from costguard.view_plan import expand_view
from tests.estimate.statements import bytes_of, estimated, query_of, scan_of
from tests.estimate.warehouse import column, days, partition, table

Json = dict[str, Any]
MADE = "2026-11-01T00:00:00Z"
NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)
OLD = [100, 100, 100, 100, 100]
ROWS = [*OLD, 10, 20, 30, 40, 50, 60, 70]
YESTERDAY = "DATE_SUB(CURRENT_DATE(), INTERVAL 1 DAY)"


def grown(
    ids: Sequence[str],
    rows: Sequence[int] = ROWS,
    unit: str = "DAY",
    key: str = "dt",
    key_type: str = "DATE",
    name: str = "t",
    **more: Any,
) -> Json:
    """A table `p.d.t` with so many rows in each partition."""
    total = sum(rows)
    own = [] if key.startswith("_") else [column(key, key_type, 8 * total, "REQUIRED")]
    width = 8 + 8 * len(own)
    parts = [
        partition(
            identifier, count, width * count, {item["path"]: 8 * count for item in (*own, {"path": "v"})}
        )
        for identifier, count in zip(ids, rows, strict=True)
    ]
    partitioning = {"column": key, "type": unit, "partitions": parts}
    columns = [*own, column("v", "INT64", 8 * total, "REQUIRED")]
    return table(name, columns, total, width * total, partitioning=partitioning, **more)


DAYS = grown(days("2026-10-20", 12))


def frames_of(sql: str, *tables: Json, now: datetime = NOON, made: str | None = MADE) -> Any:
    return estimated(
        sql, *(tables or (DAYS,)), settings=EstimateSettings(now), as_of=made, expand_view=expand_view
    )


def read(sql: str, *tables: Json, **more: Any) -> tuple[Any, ...]:
    """Bytes of the scan, and the partitions that are kept, of how many."""
    scan = scan_of(frames_of(sql, *tables, **more))
    return *bytes_of(scan), scan["partitions_kept"], scan["partitions_total"]


@pytest.mark.parametrize(
    ("condition", "figures"),
    [
        (f"dt = {YESTERDAY}", (160, 640, 1_120, "modelled", 1, 22)),
        # Today is not over: it may still be empty.
        ("dt = CURRENT_DATE()", (0, 640, 1_120, "modelled", 1, 22)),
        ("dt >= CURRENT_DATE() - 2", (320, 1_920, 3_360, "modelled", 3, 22)),
        # 60 + 70 rows of the catalog, and two days that it does not list
        (
            "dt BETWEEN '2026-10-30' AND '2026-11-02'",
            (2_080 + 320, 2_080 + 1_280, 2_080 + 2_240, "modelled", 4, 22),
        ),
        # All that the catalog lists, and nothing that has come since
        ("dt <= '2026-10-31'", (12_480, 12_480, 12_480, "exact", 12, 22)),
        ("dt = '2026-10-31'", (1_120, 1_120, 1_120, "exact", 1, 22)),
        ("dt = '2026-11-11'", (0, 0, 0, "exact", 0, 22)),
        ("dt < '2026-11-11'", (12_480 + 9 * 160, 12_480 + 6_400, 12_480 + 11_200, "modelled", 22, 22)),
        # What cannot prune reads what the catalog says.
        ("FORMAT_DATE('%d', dt) = '09'", (12_480, 12_480, 12_480, "exact", 12, 12)),
        # A value of the run: one partition, the newest by the point
        ("dt >= '2026-10-25' AND dt = @day", (0, 640, 1_120, "modelled", 1, 22)),
    ],
)
def test_days(condition: str, figures: tuple[Any, ...]) -> None:
    assert read(f"SELECT v FROM p.d.t WHERE {condition}") == figures


def test_special_partitions_stay_where_they_are() -> None:
    """3 rows without a date, 9 in the streaming buffer of `dt`."""
    found = grown([*days("2026-10-20", 12), "__NULL__", "__UNPARTITIONED__"], [*ROWS, 3, 9])
    for condition, figures in (
        (f"dt = {YESTERDAY}", (160, 640, 1_120, "modelled", 1, 24)),
        (f"dt IS NULL OR dt = {YESTERDAY}", (48 + 160, 48 + 640, 48 + 1_120, "modelled", 2, 24)),
        ("dt IS NULL", (48, 48, 48, "exact", 1, 24)),
        ("(dt IS NULL OR dt >= '2026-10-25') AND dt = @day", (0, 640, 1_120, "modelled", 1, 24)),
    ):
        assert read(f"SELECT v FROM p.d.t WHERE {condition}", found) == figures


def test_scans_of_one_statement_read_what_has_come_once() -> None:
    one, other = (f"SELECT v FROM p.d.t WHERE dt = CURRENT_DATE() - {back}" for back in (1, 2))
    assert bytes_of(query_of(frames_of(f"{one} UNION ALL {other}"))) == (320, 1_280, 2_240, "modelled")
    assert bytes_of(query_of(frames_of(f"{one} UNION ALL {one}"))) == (160, 640, 1_120, "modelled")


def test_without_a_filter_the_catalog_stands() -> None:
    assert read("SELECT v FROM p.d.t") == (6_240, 6_240, 6_240, "exact", 12, 12)


@pytest.mark.parametrize(
    ("key", "where"), [("_PARTITIONTIME", "_PARTITIONDATE"), ("_PARTITIONDATE", "DATE(_PARTITIONTIME)")]
)
def test_days_of_ingestion(key: str, where: str) -> None:
    found = grown(days("2026-10-20", 12), key=key)
    sql = f"SELECT v FROM p.d.t WHERE {where} = {YESTERDAY}"
    assert read(sql, found) == (80, 320, 560, "modelled", 1, 22)


def test_hours() -> None:
    ids = [f"20261031{hour}" for hour in range(12, 24)]
    found = grown(ids, unit="HOUR", key="ts", key_type="TIMESTAMP")
    since = "TIMESTAMP_SUB(TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), HOUR), INTERVAL 2 HOUR)"
    now = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    # Of 3, 4 and 5 o'clock the last is not over; the catalog lacks six hours.
    figures = (320, 1_920, 3_360, "modelled", 3, 18)
    assert read(f"SELECT v FROM p.d.t WHERE ts >= {since}", found, now=now) == figures


def test_months() -> None:
    found = grown(
        [f"2025{month}" for month in (11, 12)] + [f"2026{month:02}" for month in range(1, 11)], unit="MONTH"
    )
    more: Any = {"now": datetime(2027, 2, 10, tzinfo=UTC), "made": "2026-11-15T00:00:00Z"}
    this = "SELECT v FROM p.d.t WHERE dt >= DATE_TRUNC(CURRENT_DATE(), MONTH)"
    assert read(this, found, **more) == (0, 640, 1_120, "modelled", 1, 16)
    last = "SELECT v FROM p.d.t WHERE dt BETWEEN '2027-01-01' AND '2027-01-31'"
    assert read(last, found, **more) == (160, 640, 1_120, "modelled", 1, 16)


def test_years() -> None:
    found = grown([str(year) for year in range(2014, 2026)], unit="YEAR")
    more: Any = {"now": datetime(2028, 6, 1, tzinfo=UTC), "made": "2026-03-01T00:00:00Z"}
    sql = "SELECT v FROM p.d.t WHERE EXTRACT(YEAR FROM dt) = 2027"
    assert read(sql, found, **more) == (160, 640, 1_120, "modelled", 1, 15)


def test_partitions_that_had_begun_count_once_and_are_no_smaller_than_they_were() -> None:
    """1 November had 5 rows at 10 o'clock; of the 5th there were 90, of the year 2099 one."""
    found = grown([*days("2026-10-20", 13), "20261105", "20991231"], [*ROWS, 5, 90, 1])
    more: Any = {"made": "2026-11-01T10:00:00Z"}
    total = 15 + 10 - 2
    for condition, figures in (
        ("dt = '2026-11-01'", (80, 640, 1_120, "modelled", 1, total)),
        ("dt = '2026-11-05'", (1_440, 1_440, 1_440, "modelled", 1, total)),
        ("dt = '2099-12-31'", (16, 16, 16, "exact", 1, total)),
    ):
        assert read(f"SELECT v FROM p.d.t WHERE {condition}", found, **more) == figures
    more["now"] = datetime(2026, 11, 1, 20, tzinfo=UTC)
    assert read("SELECT v FROM p.d.t WHERE dt = '2026-11-01'", found, **more) == (80, 80, 80, "exact", 1, 15)


def test_a_weekly_table_has_a_seventh_of_a_partition_each_day() -> None:
    ids = [f"{date(2026, 9, 13) + timedelta(weeks=week):%Y%m%d}" for week in range(7)]
    found = grown(ids, [70] * 7)
    assert read(f"SELECT v FROM p.d.t WHERE dt = {YESTERDAY}", found) == (
        0,
        160,
        1_120,
        "modelled",
        1,
        7 + 16,
    )


@pytest.mark.parametrize(
    ("made", "now", "total"),
    [
        (None, NOON, 12),
        ("yesterday", NOON, 12),
        ("2026-12-01", datetime(2026, 12, 9, tzinfo=UTC), 12),  # had stopped when the catalog was made
        ("2026-11-20", NOON, 12),  # of a day to come
    ],
)
def test_what_does_not_grow_is_as_before(made: str | None, now: datetime, total: int) -> None:
    found = read(f"SELECT v FROM p.d.t WHERE dt = {YESTERDAY}", now=now, made=made)
    assert found == (0, 0, 0, "exact", 0, total)


def test_sizes_that_partitions_do_not_state_follow_from_their_share() -> None:
    """`s` has 7,800 bytes in 780 rows of 8 bytes for `dt`, 8 for `v`: 10 a row, that is 400 of 40 rows."""
    bare = grown(days("2026-10-20", 12))
    bare["columns"].append(column("s", "STRING", 7_800))
    for item in bare["partitioning"]["partitions"]:
        item["bytes"] += 10 * item["rows"]
    bare["bytes"] += 7_800
    low, point, high, basis, *_ = read(f"SELECT s FROM p.d.t WHERE dt = {YESTERDAY}", bare)
    assert (low, point, basis) == (80, 320 + 400, "modelled")
    assert high == 560 + 70 * 26  # no more than all bytes of the largest


def test_a_decorator_names_what_has_come() -> None:
    assert read("SELECT v FROM `p.d.t$20261105`")[:5] == (80, 320, 560, "modelled", 1)
    assert read("SELECT v FROM `p.d.t$20261111`")[:5] == (0, 0, 0, "exact", 0)


def test_through_a_view() -> None:
    view = {"name": "p.d.recent", "kind": "view", "view_query": f"SELECT v FROM p.d.t WHERE dt = {YESTERDAY}"}
    frames = frames_of("SELECT v FROM p.d.recent", DAYS, view)
    assert bytes_of(query_of(frames)) == (160, 640, 1_120, "modelled")
    assert scan_of(frames)["modelled_partitions"]


def test_rows_of_what_has_come() -> None:
    scan = scan_of(frames_of(f"SELECT v FROM p.d.t WHERE dt = {YESTERDAY}"))
    assert (scan["rows"], scan["pruning"], scan["pruning_reason"]) == (40, "pruned", None)


def test_changes() -> None:
    """An UPDATE reads `v` and the key of 40 rows, and writes all 16 bytes of them again."""
    found = bytes_of(query_of(frames_of(f"UPDATE p.d.t SET v = v + 1 WHERE dt = {YESTERDAY}")))
    assert found == (320, 1_280, 2_240, "modelled")
    assert bytes_of(query_of(frames_of(f"DELETE FROM p.d.t WHERE dt = {YESTERDAY}")))[1] == 0


# -- shards ----------------------------------------------------------------------------------------


def shard(suffix: str, rows: int, name: str = "events_", **more: Any) -> Json:
    return table(f"{name}{suffix}", [column("v", "INT64", 8 * rows, "REQUIRED")], rows, 8 * rows, **more)


SHARDS = [shard(suffix, rows) for suffix, rows in zip(days("2026-10-20", 12), ROWS, strict=True)]
OF_YESTERDAY = f"_TABLE_SUFFIX = FORMAT_DATE('%Y%m%d', {YESTERDAY})"


@pytest.mark.parametrize(
    ("sql", "figures"),
    [
        (f"SELECT v FROM `p.d.events_*` WHERE {OF_YESTERDAY}", (80, 320, 560, "modelled", 1, 22)),
        ("SELECT v FROM `p.d.events_*` WHERE _TABLE_SUFFIX = '20261110'", (0, 320, 560, "modelled", 1, 22)),
        ("SELECT v FROM `p.d.events_*` WHERE _TABLE_SUFFIX = '20261111'", (0, 0, 0, "exact", 0, 22)),
        (
            "SELECT v FROM `p.d.events_*` WHERE _TABLE_SUFFIX >= '20261031'",
            (1_280, 3_760, 6_160, "modelled", 11, 22),
        ),
        ("SELECT v FROM `p.d.events_2026*` WHERE _TABLE_SUFFIX = '1109'", (80, 320, 560, "modelled", 1, 22)),
        ("SELECT v FROM `p.d.events_*` WHERE _TABLE_SUFFIX = '20261030'", (480, 480, 480, "exact", 1, 22)),
        ("SELECT v FROM `p.d.events_*`", (6_240, 6_240, 6_240, "exact", 12, 12)),
        ("SELECT v FROM `p.d.events_*` WHERE _TABLE_SUFFIX = @day", (0, 560, 6_240, "upper-bound", 1, 12)),
    ],
)
def test_shards(sql: str, figures: tuple[Any, ...]) -> None:
    found = read(sql, *SHARDS)
    assert found == figures


def test_a_shard_that_was_not_complete_counts_once() -> None:
    members = [*SHARDS, shard("20261101", 5)]
    sql = "SELECT v FROM `p.d.events_*` WHERE _TABLE_SUFFIX = '20261101'"
    assert read(sql, *members, made="2026-11-01T10:00:00Z") == (40, 320, 560, "modelled", 1, 22)


def test_monthly_shards() -> None:
    members = [
        shard(f"2026{month:02}", rows, "m_") for month, rows in zip(range(4, 11), ROWS[5:], strict=True)
    ]
    sql = "SELECT v FROM `p.d.m_*` WHERE _TABLE_SUFFIX = '202612'"
    now = datetime(2027, 1, 5, tzinfo=UTC)
    assert read(sql, *members, now=now) == (80, 320, 560, "modelled", 1, 10)


@pytest.mark.parametrize(
    "members",
    [
        [shard("20261031", 70)],  # a copy of a day
        [shard("20261030", 60), shard("20261031", 70, kind="snapshot")],
        [shard("v1", 60), shard("v2", 70)],
        [shard("20260831", 60), shard("20260831", 70, "events_old_")],
        [shard("20261331", 60), shard("20261399", 70)],  # no days
    ],
)
def test_tables_that_are_no_family_do_not_grow(members: list[Json]) -> None:
    found = read(f"SELECT v FROM `p.d.events_*` WHERE {OF_YESTERDAY}", *members)
    assert found == (0, 0, 0, "exact", 0, len(members))


# -- what is said of it ----------------------------------------------------------------------------


def test_queries_that_rest_on_it_are_counted_once() -> None:
    def count(*sql: str) -> int:
        frames = estimated(list(sql), DAYS, *SHARDS, settings=EstimateSettings(NOON), as_of=MADE)
        return since_queries(frames)

    new, listed = f"SELECT v FROM p.d.t WHERE dt = {YESTERDAY}", "SELECT v FROM p.d.t WHERE dt = '2026-10-30'"
    shards = f"SELECT v FROM `p.d.events_*` WHERE {OF_YESTERDAY}"
    assert count(f"{new} UNION ALL {new}", listed, shards) == 2
    assert count(listed, "SELECT v FROM p.d.t") == 0


def test_days_between_a_catalog_and_the_clock() -> None:
    found = [
        days_since(text, NOON) for text in (MADE, "2026-11-10", "2026-11-09T14:00:00+02:00", "2027-01-01")
    ]
    assert found == [9, 0, 1, 0]
    assert (days_since(None, NOON), days_since("soon", NOON)) == (0, 0)


# -- properties ------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(
    rows=st.lists(st.integers(1, 1_000), min_size=1, max_size=12),
    lag=st.integers(0, 7),
    back=st.integers(0, 11),
    later=st.integers(0, 500),
    sharded=st.booleans(),
)
def test_as_time_goes_by_nothing_becomes_free(
    rows: list[int], lag: int, back: int, later: int, sharded: bool
) -> None:
    """A query that looks back by days costs something on each day, if it did on the catalog's own."""
    if sharded:
        rows = [*rows, 1]
    back = lag + min(back, len(rows) - 1)
    ids = days((date(2026, 11, 1) - timedelta(days=lag + len(rows) - 1)).isoformat(), len(rows))
    now = datetime(2026, 11, 1, 12, tzinfo=UTC)
    day = f"DATE_SUB(CURRENT_DATE(), INTERVAL {back} DAY)"
    if sharded:
        tables = [shard(identifier, count) for identifier, count in zip(ids, rows, strict=True)]
        sql = f"SELECT v FROM `p.d.events_*` WHERE _TABLE_SUFFIX = FORMAT_DATE('%Y%m%d', {day})"
    else:
        tables = [grown(ids, rows)]
        sql = f"SELECT v FROM p.d.t WHERE dt = {day}"
    more: Any = {"made": "2026-11-01T12:00:00Z"}
    assert read(sql, *tables, now=now, **more)[1] > 0
    low, point, high, _, kept, total = read(sql, *tables, now=now + timedelta(days=later), **more)
    assert 0 <= low <= point <= high
    assert point > 0
    assert (kept, kept <= total) == (1, True)


@settings(deadline=None, max_examples=40)
@given(
    rows=st.lists(st.integers(0, 1_000), min_size=1, max_size=12),
    back=st.integers(-3, 14),
    earlier=st.integers(0, 3),
    comparison=st.sampled_from(["=", "<", ">=", "<>"]),
)
def test_a_clock_that_is_not_after_the_catalog_changes_nothing(
    rows: list[int], back: int, earlier: int, comparison: str
) -> None:
    found = grown(days("2026-10-25", len(rows)), rows)
    sql = f"SELECT v FROM p.d.t WHERE dt {comparison} DATE_SUB(CURRENT_DATE(), INTERVAL {back} DAY)"
    now = datetime(2026, 11, 1, tzinfo=UTC) - timedelta(days=earlier)
    assert read(sql, found, now=now) == read(sql, found, now=now, made=None)
