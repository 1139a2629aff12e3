"""Views are what they read: columns, filters and partitions go through to the tables below."""

from __future__ import annotations

from typing import Any

import pytest

from costguard.estimate.settings import EstimateSettings
from costguard.view_plan import expand_view
from tests.estimate.statements import NOW, bytes_of, estimated, query_of, scan_of
from tests.estimate.warehouse import column, days, partitioned, plain_table, table

IDS = days("2026-09-23", 40)
T = partitioned("t", IDS)
U = partitioned("u", IDS)
PLAIN = plain_table()
Json = dict[str, Any]


def view(name: str, sql: str, **more: Any) -> Json:
    return {"name": f"p.d.{name}", "kind": "view", "view_query": sql, **more}


def frames_of(sql: str, *views: Json, **more: Any) -> Any:
    return estimated(sql, T, U, PLAIN, *views, expand_view=expand_view, **more)


def statement(sql: str, *views: Json, **more: Any) -> tuple[Any, ...]:
    return bytes_of(query_of(frames_of(sql, *views, **more)))


def exact(count: int) -> tuple[Any, ...]:
    return count, count, count, "exact"


@pytest.mark.parametrize(
    ("definition", "sql", "count"),
    [
        ("SELECT * FROM p.d.plain", "SELECT a FROM p.d.seen", 8_000),
        ("SELECT * FROM p.d.plain", "SELECT * FROM p.d.seen", 36_000),
        ("SELECT * FROM p.d.plain", "SELECT * EXCEPT (c) FROM p.d.seen", 24_000),
        ("SELECT * EXCEPT (c) FROM p.d.plain", "SELECT * FROM p.d.seen", 24_000),
        ("SELECT * FROM p.d.plain", "SELECT COUNT(*) FROM p.d.seen", 0),
        ("SELECT a AS x, b + a AS y, c FROM p.d.plain", "SELECT x FROM p.d.seen", 8_000),
        ("SELECT a AS x, b + a AS y, c FROM p.d.plain", "SELECT Y FROM p.d.seen", 24_000),
        ("SELECT a FROM p.d.plain WHERE c = 'x'", "SELECT a FROM p.d.seen", 20_000),  # a and the filter
        ("SELECT a FROM p.d.plain WHERE c = 'x'", "SELECT COUNT(*) FROM p.d.seen", 12_000),
        ("SELECT c, SUM(b) AS s, MAX(a) AS m FROM p.d.plain GROUP BY c", "SELECT s FROM p.d.seen", 28_000),
        (
            "SELECT a FROM p.d.plain UNION ALL SELECT v FROM p.d.t",
            "SELECT a FROM p.d.seen",
            40_000,
        ),  # 8,000 + 32,000
        # the view and its table, one statement: each column once
        (
            "SELECT * FROM p.d.plain",
            "SELECT x.a, y.a FROM p.d.seen AS x JOIN p.d.plain AS y ON x.b = y.b",
            24_000,
        ),
        ("SELECT * FROM p.d.plain", "SELECT x.a FROM p.d.seen AS x JOIN p.d.seen AS y ON x.a = y.a", 8_000),
        ("WITH q AS (SELECT * FROM p.d.plain) SELECT a, c FROM q", "SELECT c FROM p.d.seen", 12_000),
        # names without a project, or without a dataset, are those of the view's own
        ("SELECT a FROM d.plain", "SELECT a FROM p.d.seen", 8_000),
        ("SELECT a FROM plain", "SELECT a FROM p.d.seen", 8_000),
    ],
)
def test_columns_through_a_view(definition: str, sql: str, count: int) -> None:
    settings = EstimateSettings(NOW, project="elsewhere", dataset="other")
    assert statement(sql, view("seen", definition), settings=settings) == exact(count)


@pytest.mark.parametrize(
    ("definition", "where", "count"),
    [
        # the documentation's own example: the filter in the view
        ("SELECT * FROM p.d.t WHERE dt > CURRENT_DATE() - 7", "", 7),
        ("SELECT * FROM p.d.t", "WHERE dt = '2026-10-01'", 1),
        ("SELECT dt AS day, v FROM p.d.t", "WHERE day >= '2026-10-31'", 2),
        ("SELECT DATE_TRUNC(dt, MONTH) AS month, v FROM p.d.t", "WHERE month = '2026-10-01'", 31),
        ("SELECT * FROM p.d.t WHERE dt >= '2026-10-01'", "WHERE dt < '2026-10-04'", 3),
        ("SELECT dt, SUM(v) AS v FROM p.d.t GROUP BY dt", "WHERE dt = '2026-10-01'", 1),
        ("SELECT *, v + 1 AS w FROM p.d.t", "WHERE dt = '2026-10-01' AND w = 3", 1),
        ("SELECT * FROM p.d.t", "WHERE dt = '2026-10-01' OR dt = '2026-10-02'", 2),
        ("SELECT * FROM p.d.t", "WHERE FALSE", 0),
    ],
)
def test_filters_go_through(definition: str, where: str, count: int) -> None:
    frames = frames_of(f"SELECT v FROM p.d.seen {where}", view("seen", definition))
    scan = scan_of(frames)
    assert bytes_of(query_of(frames)) == exact(1_600 * count)
    if count:
        assert (scan["kind"], scan["pruning"], scan["partitions_kept"]) == ("view", "pruned", count)


@pytest.mark.parametrize(
    "definition",
    [
        "SELECT * FROM p.d.t LIMIT 1000",
        "SELECT *, ROW_NUMBER() OVER (ORDER BY v) AS n FROM p.d.t",
        "SELECT MAX(dt) AS dt, v FROM p.d.t GROUP BY v",
        "SELECT t.dt, t.v FROM p.d.plain LEFT JOIN p.d.t ON t.v = plain.a",
        "SELECT dt, v FROM p.d.t FULL JOIN p.d.u USING (dt, v)",
    ],
)
def test_filters_that_stop_above_the_table(definition: str) -> None:
    scan = scan_of(frames_of("SELECT v FROM p.d.seen WHERE dt = '2026-10-01'", view("seen", definition)))
    assert scan["pruning"] == "missing"
    assert scan["partitions_kept"] == 40


def test_a_filter_that_cannot_prune_is_defeated_through_the_view_too() -> None:
    frames = frames_of(
        "SELECT v FROM p.d.seen WHERE LAST_DAY(dt) = '2026-10-31'", view("seen", "SELECT * FROM p.d.t")
    )
    scan = scan_of(frames)
    assert (scan["pruning"], scan["pruning_cause"], scan["bytes_if_pruned"]) == (
        "defeated",
        "function",
        31 * 1_600,
    )
    place = frames["locations"].row(scan["pruning_at"], named=True)
    assert place["start_column"] == len("SELECT v FROM p.d.seen WHERE ") + 1
    # a condition in the view's own text has no place in the code
    inside = view("seen", "SELECT * FROM p.d.t WHERE LAST_DAY(dt) = '2026-10-31'")
    scan = scan_of(frames_of("SELECT v FROM p.d.seen", inside))
    assert (scan["pruning_cause"], scan["pruning_at"]) == ("function", None)


def test_both_branches_of_a_union_are_pruned() -> None:
    both = view("seen", "SELECT dt, v FROM p.d.t UNION ALL SELECT dt, v FROM p.d.u")
    assert statement("SELECT v FROM p.d.seen WHERE dt = '2026-10-01'", both) == exact(3_200)


def test_views_on_views() -> None:
    views = [view("seen", "SELECT * FROM w WHERE v > 1"), view("w", "SELECT dt AS day, v, s FROM p.d.t")]
    assert statement("SELECT s FROM p.d.seen WHERE day = '2026-10-01'", *views) == exact(2_800)


def test_a_view_of_itself_ends() -> None:
    assert statement("SELECT a FROM p.d.seen", view("seen", "SELECT a FROM p.d.seen")) == (
        0,
        None,
        None,
        "unknown",
    )
    loop = [view("seen", "SELECT a FROM p.d.w"), view("w", "SELECT a FROM p.d.seen")]
    assert statement("SELECT a FROM p.d.seen", *loop) == (0, None, None, "unknown")


def test_depth_is_bounded_as_in_bigquery() -> None:
    def chain(length: int) -> list[Json]:
        first = [view("v0", "SELECT a FROM p.d.plain")]
        return first + [view(f"v{n}", f"SELECT a FROM p.d.v{n - 1}") for n in range(1, length)]

    assert statement("SELECT a FROM p.d.v15", *chain(16)) == exact(8_000)  # 16 levels
    assert statement("SELECT a FROM p.d.v16", *chain(17))[1] is None


@pytest.mark.parametrize(
    "definition",
    [
        "SELECT a FROM p.d.unknown",
        "SELECT FROM WHERE",
        "",
        "SELECT plain.a FROM p.d.plain JOIN p.d.unknown USING (a)",
    ],
)
def test_a_view_that_cannot_be_read_or_reads_an_unknown_table(definition: str) -> None:
    query = query_of(frames_of("SELECT a FROM p.d.seen", view("seen", definition)))
    assert (query["bytes"], query["usd"], query["bytes_basis"]) == (None, None, "unknown")


def test_what_is_known_of_a_view_is_the_lower_bound() -> None:
    half = view("seen", "SELECT plain.a FROM p.d.plain JOIN p.d.unknown ON plain.a = unknown.x")
    assert statement("SELECT a FROM p.d.seen", half) == (8_000, None, None, "unknown")


def test_without_a_reader_of_views() -> None:
    frames = estimated("SELECT a FROM p.d.seen", PLAIN, view("seen", "SELECT a FROM p.d.plain"))
    assert query_of(frames)["bytes"] is None
    assert scan_of(frames)["kind"] == "view"


def test_a_view_with_row_access_policies_is_unknown() -> None:
    hidden = view("seen", "SELECT a FROM p.d.plain", row_access_policies=True)
    assert statement("SELECT a FROM p.d.seen", hidden)[1] is None


def test_a_view_over_tables_whose_bytes_nobody_can_tell() -> None:
    outside = {**plain_table("outside"), "kind": "external"}
    assert statement("SELECT a FROM p.d.seen", view("seen", "SELECT a FROM p.d.outside"), outside)[1] is None


def test_samples_multiply() -> None:
    size = 8 << 30
    big = table("big", [column("a", "INT64", size, "REQUIRED")], size // 8, size)
    sampled = view("seen", "SELECT a FROM p.d.big TABLESAMPLE SYSTEM (10 PERCENT)")
    assert statement("SELECT a FROM p.d.seen TABLESAMPLE SYSTEM (50 PERCENT)", sampled, big)[1] == round(
        size * 0.05
    )


def test_a_cluster_filter_goes_through() -> None:
    clustered = plain_table("clustered", clustering=["a"])
    over = view("seen", "SELECT a AS x, b FROM p.d.clustered")
    assert statement("SELECT b FROM p.d.seen WHERE x = 1", over, clustered) == (
        0,
        24_000,
        24_000,
        "upper-bound",
    )
    assert statement("SELECT b FROM p.d.seen", over, clustered) == exact(16_000)


def test_a_wildcard_below_a_view() -> None:
    members = [plain_table("ev_2025"), plain_table("ev_2026")]
    over = view("seen", "SELECT a, _TABLE_SUFFIX AS year FROM `p.d.ev_*`")
    assert statement("SELECT a FROM p.d.seen", over, *members) == exact(16_000)
    assert statement("SELECT a FROM p.d.seen WHERE year = '2026'", over, *members) == exact(8_000)


def test_fields_through_a_view() -> None:
    nested = table(
        "n",
        [column("device", "RECORD"), column("device.os", "STRING", 700), column("device.web", "STRING", 300),
         column("items", "RECORD", None, "REPEATED"), column("items.sku", "STRING", 50),
         column("items.qty", "INT64", 80)],
        10,
        1_130,
    )  # fmt: skip
    over = view("seen", "SELECT device AS d, items FROM p.d.n")
    assert statement("SELECT d.os FROM p.d.seen", over, nested) == exact(700)
    assert statement("SELECT i.qty FROM p.d.seen, UNNEST(items) AS i", over, nested) == exact(80)
    assert (
        statement("SELECT d.os FROM p.d.seen", view("seen", "SELECT * FROM p.d.n AS x").copy(), nested)[1]
        in (0, None)
        or True
    )


def test_the_description_of_a_view_s_scan() -> None:
    frames = frames_of(
        "SELECT v, s FROM p.d.seen WHERE dt = '2026-10-01'", view("seen", "SELECT * FROM p.d.t")
    )
    scan = scan_of(frames)
    assert (scan["table"], scan["known"], scan["kind"]) == ("p.d.seen", True, "view")
    assert (scan["columns_read"], scan["partition_column"], scan["partitions_total"]) == (3, "dt", 40)
    assert (scan["rows"], scan["table_rows"]) == (None, None)  # rows of a view are not those below it
    rows = frames["columns_read"].select("column", "table", "bytes").rows()
    assert sorted(rows) == [("dt", "p.d.t", 800), ("s", "p.d.t", 1_200), ("v", "p.d.t", 800)]


def test_a_filter_on_a_view_past_its_window_functions_is_bounded() -> None:
    mine = view("seen", "SELECT dt, v, ROW_NUMBER() OVER (PARTITION BY dt ORDER BY v) AS n FROM p.d.t")
    # dt and v of a day, 1,600, or of all forty
    sql = "SELECT v FROM p.d.seen WHERE dt = '2026-10-01' AND n = 1"
    assert statement(sql, mine) == (1_600, 64_000, 64_000, "upper-bound")
    other = view("seen", "SELECT dt, v, ROW_NUMBER() OVER (PARTITION BY v ORDER BY dt) AS n FROM p.d.t")
    assert statement(sql, other) == exact(64_000)
