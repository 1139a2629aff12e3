"""Whole statements: from SQL text and a catalog to bytes and dollars."""

from __future__ import annotations

from typing import Any

import pytest

from costguard.estimate.settings import EstimateSettings
from costguard.facts.frames import polars_schema
from costguard.facts.schema import INTERNAL_TABLES, TABLES
from costguard.money import MIB
from tests.estimate.statements import NOW, bytes_of, estimated, query_of, scan_of
from tests.estimate.warehouse import column, days, partitioned, plain_table, table

# 1,000 rows; 113,900 bytes in all.
NESTED = table(
    "n",
    [
        column("id", "INT64", 8_000, "REQUIRED"),
        column("device", "RECORD"),
        column("device.os", "STRING", 7_000),
        column("device.version", "STRING", 3_000),
        column("items", "RECORD", None, "REPEATED"),
        column("items.sku", "STRING", 20_000),
        column("items.qty", "INT64", 16_000),
        column("tags", "STRING", 900, "REPEATED"),
        column("payload", "JSON", 50_000),
        column("paid", "BOOL", 1_000, "REQUIRED"),
        column("ts", "TIMESTAMP", 8_000),
    ],
    1_000,
    113_900,
)
PLAIN = plain_table()


def statement(sql: str, *tables: dict[str, Any], **more: Any) -> tuple[Any, ...]:
    return bytes_of(query_of(estimated(sql, *(tables or (NESTED, PLAIN)), **more)))


@pytest.mark.parametrize(
    ("sql", "count"),
    [
        # no column: nothing (measured on native tables)
        ("SELECT COUNT(*) FROM p.d.n", 0),
        ("SELECT COUNT(1) FROM p.d.n", 0),
        ("SELECT 1 FROM p.d.n", 0),
        ("SELECT COUNT(id) FROM p.d.n", 8_000),
        ("SELECT MAX(ts) FROM p.d.n", 8_000),  # no metadata answers it
        ("SELECT ID FROM p.d.n", 8_000),
        ("SELECT COUNT(*) FROM p.d.n WHERE paid", 1_000),
        ("SELECT COUNT(*) FROM p.d.n GROUP BY paid HAVING MAX(id) > 1 ORDER BY MIN(ts)", 17_000),
        ("SELECT 1 FROM p.d.n QUALIFY ROW_NUMBER() OVER (PARTITION BY id ORDER BY ts) = 1", 16_000),
        # the leaves that are named
        ("SELECT device.os FROM p.d.n", 7_000),
        ("SELECT device.OS, n.device.version FROM p.d.n", 10_000),
        ("SELECT device FROM p.d.n", 10_000),
        ("SELECT device.* FROM p.d.n", 10_000),
        ("SELECT device.* EXCEPT (OS) FROM p.d.n", 3_000),
        ("SELECT device.* REPLACE (1 AS version) FROM p.d.n", 7_000),
        ("SELECT * EXCEPT (os) FROM (SELECT device.* FROM p.d.n)", 3_000),
        ("SELECT i.sku FROM p.d.n, UNNEST(items) AS i", 20_000),
        ("SELECT i.sku FROM p.d.n AS n, n.items AS i WHERE i.qty > 1", 36_000),
        ("SELECT items[OFFSET(0)].sku FROM p.d.n", 20_000),
        ("SELECT EXISTS (SELECT 1 FROM UNNEST(items) AS i WHERE i.qty > 1) FROM p.d.n", 16_000),
        ("SELECT tag FROM p.d.n, UNNEST(tags) AS tag", 900),
        ("SELECT COUNT(*) FROM p.d.n, UNNEST(tags)", 900),
        # a path into JSON reads all of it
        ("SELECT payload.user.name FROM p.d.n", 50_000),
        ("SELECT JSON_VALUE(payload, '$.user.name') FROM p.d.n", 50_000),
        # everything
        ("SELECT * FROM p.d.n", 113_900),
        ("SELECT n FROM p.d.n AS n", 113_900),
        ("SELECT TO_JSON_STRING(n) FROM p.d.n AS n", 113_900),
        ("SELECT COUNT(DISTINCT n) FROM p.d.n AS n", 113_900),
        ("SELECT * EXCEPT (payload, items) FROM p.d.n", 27_900),
        ("SELECT * REPLACE (1 AS payload) FROM p.d.n", 63_900),
        # what a SELECT around it does not use is not read
        ("WITH q AS (SELECT * FROM p.d.n) SELECT id FROM q", 8_000),
        ("SELECT id FROM (SELECT *, ROW_NUMBER() OVER (ORDER BY ts) AS r FROM p.d.n)", 8_000),
        ("WITH unused AS (SELECT * FROM p.d.n) SELECT a FROM p.d.plain", 8_000),
    ],
)
def test_columns_that_are_read(sql: str, count: int) -> None:
    assert statement(sql) == (count, count, count, "exact")


def test_elements_of_an_array_of_records_are_counted_by_one_field_or_all() -> None:
    # which one is not documented: the smaller, up to both
    assert statement("SELECT COUNT(*) FROM p.d.n, UNNEST(items)") == (16_000, 16_000, 36_000, "upper-bound")


def test_the_filter_on_the_partition_column_is_billed() -> None:
    # measured (zoomcamp): 1,758,861 rows of VendorID and tpep_dropoff_datetime, 16 bytes each
    taxi = table(
        "taxi",
        [
            column("VendorID", "INT64", None, "REQUIRED"),
            column("tpep_dropoff_datetime", "TIMESTAMP", None, "REQUIRED"),
        ],
        3_000_000,
        48_000_000,
        partitioning={
            "column": "tpep_dropoff_datetime",
            "type": "MONTH",
            "partitions": [{"id": "202403", "rows": 1_758_861}, {"id": "202404", "rows": 1_241_139}],
        },
    )
    sql = "SELECT DISTINCT VendorID FROM p.d.taxi WHERE tpep_dropoff_datetime BETWEEN '2024-03-01' AND '2024-03-15'"
    assert statement(sql, taxi)[1] == 28_141_776


# -- published figures -------------------------------------------------------------------------------------


def test_usa_names() -> None:
    # the state of 5,552,452 rows: STRINGs of 2 letters, 4 bytes each
    names = table(
        "names", [column("state", "STRING", 5_552_452 * 4), column("name", "STRING")], 5_552_452, 171_432_506
    )
    frames = estimated("SELECT DISTINCT state FROM p.d.names", names)
    assert query_of(frames)["bytes"] == 22_209_808
    assert query_of(frames)["billed"] == 22 * MIB  # 21.18


def test_shakespeare() -> None:
    # rows 164,656; INT64 columns are 8 bytes a row, and the columns add up to the table
    columns = [
        column("word", "STRING", 1_332_943, "REQUIRED"),
        column("word_count", "INT64", 1_317_248, "REQUIRED"),
        column("corpus", "STRING", 2_464_625, "REQUIRED"),
        column("corpus_date", "INT64", 1_317_248, "REQUIRED"),
    ]
    shakespeare = table("shakespeare", columns, 164_656, 6_432_064)
    assert statement("SELECT word_count FROM p.d.shakespeare", shakespeare)[1] == 1_317_248
    assert statement("SELECT * FROM p.d.shakespeare", shakespeare) == (6_432_064,) * 3 + ("exact",)
    assert 1_332_943 + 1_317_248 + 2_464_625 + 1_317_248 == 6_432_064


# -- tables that are not known -----------------------------------------------------------------------------


def figures(row: dict[str, Any]) -> set[Any]:
    names = (
        "bytes",
        "bytes_high",
        "billed_low",
        "billed",
        "billed_high",
        "usd_low",
        "usd",
        "usd_high",
        "usd_per_iteration",
    )
    return {row[name] for name in names}  # fmt: skip


@pytest.mark.parametrize(
    ("sql", "known"),
    [
        ("SELECT a FROM p.d.unknown", 0),
        ("SELECT * FROM p.d.unknown", 0),
        ("SELECT COUNT(*) FROM p.d.unknown", 0),
        ("SELECT x.id FROM p.d.n AS x JOIN p.d.unknown AS y ON x.id = y.id", 8_000),
        ("SELECT id FROM p.d.n UNION ALL SELECT id FROM p.d.unknown", 8_000),
        ("SELECT id FROM p.d.n WHERE id IN (SELECT id FROM p.d.unknown)", 8_000),
        ("INSERT INTO p.d.n (id) SELECT id FROM p.d.unknown", 0),
        ("DELETE FROM p.d.unknown WHERE id = 1", 0),
        ("CREATE TABLE p.d.x AS SELECT id FROM p.d.unknown", 0),
        ("SELECT * FROM EXTERNAL_QUERY('c', 'SELECT 1')", 0),
        ("SELECT a FROM p.d.plain JOIN EXTERNAL_QUERY('c', 'SELECT x FROM y') AS e ON e.x = a", 8_000),
        ("SELECT * FROM p.d.table_function(1)", 0),
        ("SELECT a FROM p.d.plain, `p.d.table_function`(1)", 8_000),
    ],
)
def test_unknown_is_null_and_never_nothing(sql: str, known: int) -> None:
    query = query_of(estimated(sql, NESTED, PLAIN))
    assert figures(query) == {None}
    assert (query["bytes_low"], query["bytes_basis"]) == (known, "unknown")


def test_writing_to_an_unknown_table_costs_what_the_query_does() -> None:
    assert statement("INSERT INTO p.d.unknown (x) SELECT id FROM p.d.n") == (8_000, 8_000, 8_000, "exact")
    assert statement("CREATE TABLE p.d.unknown AS SELECT id FROM p.d.n") == (8_000, 8_000, 8_000, "exact")
    assert statement("CREATE VIEW p.d.v AS SELECT id FROM p.d.unknown") == (0, 0, 0, "exact")


def test_scans_of_a_statement_with_an_unknown_table_keep_their_own_figures() -> None:
    frames = estimated("SELECT x.id FROM p.d.n AS x JOIN p.d.unknown AS y ON x.id = y.id", NESTED)
    first, second = scan_of(frames, 0), scan_of(frames, 1)
    assert (first["known"], bytes_of(first)) == (True, (8_000, 8_000, 8_000, "exact"))
    assert (second["known"], second["table"], second["pruning"]) == (False, "p.d.unknown", "unknown")
    assert bytes_of(second) == (None, None, None, "unknown")


def test_a_table_without_columns_is_up_to_all_of_itself() -> None:
    bare = {"name": "p.d.bare", "rows": 10, "bytes": 5_000}
    assert statement("SELECT a FROM p.d.bare", bare) == (0, 5_000, 5_000, "upper-bound")
    assert statement("SELECT * FROM p.d.bare", bare) == (0, 5_000, 5_000, "upper-bound")
    assert statement("SELECT COUNT(*) FROM p.d.bare", bare) == (0, 0, 0, "exact")


def test_a_column_that_the_catalog_does_not_list_may_be_as_large_as_the_table() -> None:
    assert statement("SELECT id, added_yesterday FROM p.d.n") == (8_000, 8_000, 113_900, "lower-bound")


# -- INFORMATION_SCHEMA ------------------------------------------------------------------------------------


def test_information_schema_is_billed_ten_mib_at_least() -> None:
    ten = 10 * MIB
    assert statement("SELECT * FROM p.d.INFORMATION_SCHEMA.TABLES") == (ten, ten, ten, "lower-bound")
    assert statement("SELECT * FROM `region-us`.INFORMATION_SCHEMA.JOBS") == (ten, ten, ten, "lower-bound")
    both = "SELECT 1 FROM p.d.INFORMATION_SCHEMA.TABLES, p.d.INFORMATION_SCHEMA.COLUMNS"
    assert statement(both)[1] == 2 * ten
    assert statement("SELECT a FROM p.d.plain, p.d.INFORMATION_SCHEMA.TABLES")[1] == ten + 8_000


# -- locations and prices ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("location", "settings", "price"),
    [
        (None, "US", 6.25),
        (None, "europe-west3", 8.125),
        ("europe-west10", "US", 9.625),  # the table's own place wins
        ("EU", "europe-west3", 6.25),
        ("US", "nowhere", 6.25),
    ],
)
def test_the_price_is_that_of_the_tables_place(location: str | None, settings: str, price: float) -> None:
    size = 1 << 40
    big = table("big", [column("a", "INT64", size)], size // 8, size, location=location)
    query = query_of(
        estimated("SELECT a FROM p.d.big", big, settings=EstimateSettings(NOW, location=settings))
    )
    assert (query["usd_per_tib"], query["usd"]) == (price, price)
    assert query["location"] == (location or settings)


def test_an_unknown_place_has_bytes_but_no_dollars() -> None:
    query = query_of(
        estimated("SELECT a FROM p.d.plain", PLAIN, settings=EstimateSettings(NOW, location="mars"))
    )
    assert (query["bytes"], query["billed"], query["usd"]) == (8_000, 10 * MIB, None)


def test_training_is_priced_by_its_model_type() -> None:
    sql = "CREATE MODEL p.d.m OPTIONS (model_type='{}') AS SELECT a FROM p.d.plain"
    prices = [
        query_of(estimated(sql.format(kind), PLAIN))["usd_per_tib"]
        for kind in ("linear_reg", "kmeans", "boosted_tree_classifier", "matrix_factorization")
    ]
    assert prices == [312.5, 312.5, 6.25, None]  # the last one is trained in a reservation only


# -- runs --------------------------------------------------------------------------------------------------


def test_runs_multiply_dollars() -> None:
    frames = estimated(
        "SELECT a FROM p.d.plain", PLAIN, settings=EstimateSettings(NOW, runs=(("sql/*", 30.0),))
    )
    query = query_of(frames)
    assert (query["runs"], query["runs_basis"]) == (30.0, "declared")
    assert query["usd_per_iteration"] == pytest.approx(30 * query["usd"], rel=1e-12)
    query = query_of(estimated("SELECT a FROM p.d.plain", PLAIN, change={"loop_turns": 12, "loop_depth": 1}))
    assert (query["runs"], query["runs_basis"]) == (12.0, "written")
    query = query_of(estimated("SELECT a FROM p.d.plain", PLAIN, change={"loop_depth": 1}))
    assert (query["runs"], query["runs_basis"]) == (1.0, "assumed")


def test_a_dry_run_costs_nothing() -> None:
    query = query_of(estimated("SELECT a FROM p.d.plain", PLAIN, change={"dry_run": True}))
    assert (query["bytes"], query["billed"], query["usd"]) == (8_000, 0, 0.0)


_HOLES = {"holes": 2, "value_holes": 1, "table_holes": 1}


def test_holes_make_a_figure_a_model() -> None:
    query = query_of(estimated("SELECT a FROM p.d.plain", PLAIN, change={"holes": 1}))
    assert bytes_of(query) == (8_000, 8_000, 8_000, "modelled")
    # unknown values and names are looked at where they stand
    query = query_of(
        estimated("SELECT a FROM p.d.plain", PLAIN, change={"holes": 2, "value_holes": 1, "table_holes": 1})
    )
    assert bytes_of(query) == (8_000, 8_000, 8_000, "exact")


def test_another_database_has_no_price_here() -> None:
    query = query_of(estimated("SELECT a FROM p.d.plain", PLAIN, change={"dialect": "snowflake"}))
    assert figures(query) == {None}
    assert query["bytes_basis"] == "unknown"


@pytest.mark.parametrize(
    ("materialized", "count"),
    [("view", 0), ("ephemeral", 0), ("table", 8_000), ("incremental", 8_000), (None, 8_000)],
)
def test_dbt_models_that_only_become_a_view(materialized: str | None, count: int) -> None:
    change = {"materialized": materialized}
    assert statement("SELECT a FROM p.d.plain", change=change) == (count, count, count, "exact")
    unknown = statement("SELECT a FROM p.d.unknown", change=change)
    assert unknown == ((0, 0, 0, "exact") if count == 0 else (0, None, None, "unknown"))


def test_statements_that_are_not_read() -> None:
    assert statement("CALL p.d.proc()") == (0, None, None, "unknown")


# -- names -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("p.d.plain", {}),
        ("`p.d.plain`", {}),
        ("`p`.d.`plain`", {}),
        ("`p.d`.plain", {}),
        ("P.d.plain", {}),
        ("d.plain", {}),  # the only project that has it
        ("d.plain", {"project": "p"}),
        ("plain", {"project": "p", "dataset": "d"}),
        ("plain", {"dataset": "p.d"}),
        ("`d`.`plain`", {"project": "p"}),
    ],
)
def test_spellings_of_a_name(name: str, settings: dict[str, str]) -> None:
    frames = estimated(f"SELECT a FROM {name}", PLAIN, settings=EstimateSettings(NOW, **settings))
    assert (scan_of(frames)["table"], query_of(frames)["bytes"]) == ("p.d.plain", 8_000)


@pytest.mark.parametrize(
    ("name", "settings"),
    [("p.D.plain", {}), ("p.d.Plain", {}), ("plain", {}), ("d.plain", {"project": "other"}), ("p.d.plain2", {}),
     ("q.d.plain", {})],
)  # fmt: skip
def test_names_that_mean_something_else(name: str, settings: dict[str, str]) -> None:
    frames = estimated(f"SELECT a FROM {name}", PLAIN, settings=EstimateSettings(NOW, **settings))
    assert not scan_of(frames)["known"]


def test_a_short_name_that_two_projects_have() -> None:
    other = {**PLAIN, "name": "q.d.plain"}
    assert not scan_of(estimated("SELECT a FROM d.plain", PLAIN, other))["known"]


# -- decorators --------------------------------------------------------------------------------------------


def test_a_decorator_picks_a_partition() -> None:
    t = partitioned("t", days("2026-10-01", 5))
    assert statement("SELECT v FROM `p.d.t$20261002`", t) == (800, 800, 800, "exact")
    assert statement("SELECT v FROM `p.d.t$20251002`", t) == (0, 0, 0, "exact")
    assert statement("SELECT v FROM `p.d.t$20261002` WHERE dt = '2026-10-03'", t) == (0, 0, 0, "exact")
    assert statement("SELECT a FROM `p.d.plain@-3600000`", PLAIN) == (8_000, 8_000, 8_000, "modelled")


# -- wildcards ---------------------------------------------------------------------------------------------

DAILY = [plain_table(f"events_2026103{day}") for day in (0, 1)]
MORE = [
    plain_table("events_20261101"),
    plain_table("events_intraday_20261102"),
    plain_table("other"),
]


@pytest.mark.parametrize(
    ("where", "members"),
    [
        ("TRUE", 4),
        ("_TABLE_SUFFIX = '20261030'", 1),
        ("_TABLE_SUFFIX BETWEEN '20261031' AND '20261101'", 2),
        ("_TABLE_SUFFIX >= FORMAT_DATE('%Y%m%d', CURRENT_DATE() - 1)", 3),  # and intraday
        ("_TABLE_SUFFIX NOT LIKE 'intraday%'", 3),
        ("STARTS_WITH(_TABLE_SUFFIX, '202610')", 2),
        ("_TABLE_SUFFIX LIKE '202610%' AND a = 1", 2),
        ("_TABLE_SUFFIX = '20250101'", 0),
        ("_TABLE_SUFFIX IN ('20261030', '20261101') OR _TABLE_SUFFIX = '20261031'", 3),
        ("SAFE_CAST(_TABLE_SUFFIX AS INT64) >= 20261101", 1),
        ("RIGHT(_TABLE_SUFFIX, 2) = '01'", 1),
        ("CONCAT('20', '261030') = _TABLE_SUFFIX", 1),
        ("_TABLE_SUFFIX = (SELECT MAX(c) FROM p.d.other)", 4),
        ("_TABLE_SUFFIX = c", 4),
    ],
)
def test_the_suffix_picks_tables_and_costs_nothing(where: str, members: int) -> None:
    frames = estimated(f"SELECT a FROM `p.d.events_*` WHERE {where}", *DAILY, *MORE)
    scan = scan_of(frames)
    assert (scan["partitions_kept"], scan["partitions_total"]) == (members, 4)
    width = 8_000 + (12_000 if "= c" in where else 0)
    assert scan["bytes"] == width * members


def test_a_suffix_that_only_the_run_knows() -> None:
    def scanned(where: str) -> tuple[Any, ...]:
        scan = scan_of(estimated(f"SELECT a FROM `p.d.events_*` WHERE {where}", *DAILY, *MORE))
        return scan["pruning_cause"], scan["partitions_kept"], bytes_of(scan)

    # the newest of four tables, or any of them, or none
    assert scanned("_TABLE_SUFFIX = @day") == ("unknown-value", 1, (0, 8_000, 32_000, "upper-bound"))
    assert scanned("_TABLE_SUFFIX IN (@a, @b)") == ("unknown-value", 2, (0, 16_000, 32_000, "upper-bound"))
    assert scanned("_TABLE_SUFFIX >= @day") == ("unknown-value", None, (0, 32_000, 32_000, "upper-bound"))
    some = "_TABLE_SUFFIX <= '20261030' AND _TABLE_SUFFIX >= @day"
    assert scanned(some) == ("unknown-value", None, (0, 8_000, 8_000, "upper-bound"))


def test_the_pruning_of_a_wildcard() -> None:
    def pruning(where: str) -> tuple[Any, ...]:
        scan = scan_of(estimated(f"SELECT a FROM `p.d.events_*` {where}", *DAILY, *MORE))
        return scan["pruning"], scan["pruning_cause"], scan["bytes_if_pruned"]

    assert pruning("") == ("missing", None, 8_000)
    assert pruning("WHERE _TABLE_SUFFIX > '2026'") == ("pruned", None, None)
    assert pruning("WHERE _TABLE_SUFFIX = (SELECT MAX(c) FROM p.d.other)") == ("defeated", "subquery", 8_000)
    # no suffix is NULL
    assert pruning("WHERE _TABLE_SUFFIX IS NOT NULL") == ("missing", None, 8_000)
    assert pruning("WHERE _TABLE_SUFFIX IS NULL") == ("pruned", None, None)
    assert pruning("WHERE _TABLE_SUFFIX IS NULL OR _TABLE_SUFFIX > '2026'") == ("pruned", None, None)
    newest = "JOIN (SELECT MAX(c) AS m FROM p.d.other) AS o ON _TABLE_SUFFIX = o.m"
    assert pruning(newest) == ("defeated", "subquery", 8_000)
    assert pruning("WHERE _TABLE_SUFFIX = c") == ("defeated", "column", 20_000)


def test_partitions_prune_under_a_wildcard() -> None:
    tables = [partitioned(f"log_{name}", days("2026-10-01", 5)) for name in ("de", "fr")]
    sql = "SELECT v FROM `p.d.log_*` WHERE dt = '2026-10-02' AND _TABLE_SUFFIX = 'de'"
    assert statement(sql, *tables) == (1_600, 1_600, 1_600, "exact")
    assert statement("SELECT v FROM `p.d.log_*` WHERE dt = '2026-10-02'", *tables) == (
        3_200,
        3_200,
        3_200,
        "exact",
    )


def test_spellings_of_a_wildcard() -> None:
    def known(name: str, *tables: dict[str, Any], **settings: str) -> tuple[str, int | None]:
        frames = estimated(
            f"SELECT a FROM `{name}`", *(tables or DAILY), settings=EstimateSettings(NOW, **settings)
        )
        return scan_of(frames)["table"], query_of(frames)["bytes"]

    assert known("d.events_*") == ("p.d.events_*", 16_000)
    assert known("d.events_*", project="p") == ("p.d.events_*", 16_000)
    assert known("events_*", dataset="d") == ("p.d.events_*", 16_000)
    assert known("P.d.events_2026103*") == ("p.d.events_2026103*", 16_000)
    assert known("p.d.*") == ("p.d.*", 16_000)
    # two projects have such tables
    assert known("d.events_*", *DAILY, {**DAILY[0], "name": "q.d.events_1"}) == ("d.events_*", None)
    # a view is no member
    view = {"name": "p.d.events_view", "kind": "view", "view_query": "SELECT 1 AS a"}
    assert known("p.d.events_*", *DAILY, view) == ("p.d.events_*", 16_000)


def test_a_wildcard_without_members_is_unknown() -> None:
    assert statement("SELECT a FROM `p.d.nothing_*`", PLAIN) == (0, None, None, "unknown")


def test_columns_that_only_some_members_have() -> None:
    new = plain_table("events_20261102")
    new["columns"].append(column("z", "INT64", 500))
    assert statement("SELECT z FROM `p.d.events_*`", *DAILY, new) == (500, 500, 500, "exact")


# -- frames ------------------------------------------------------------------------------------------------


def test_every_frame_has_its_declared_columns() -> None:
    frames = estimated(["SELECT a FROM p.d.plain", "SELECT * FROM p.d.unknown", "SELECT 1"], PLAIN)
    for name in (*TABLES, *INTERNAL_TABLES):
        if name in frames:
            assert dict(frames[name].schema) == polars_schema(name), name


def test_a_project_without_sql_and_without_a_catalog() -> None:
    frames = estimated([])
    assert frames["queries"].height == frames["scans"].height == frames["columns_read"].height == 0
    frames = estimated("SELECT a, b.c FROM x.y")
    assert frames["columns_read"].select("column", "table").rows() == [("a", "x.y"), ("b.c", "x.y")]


def test_statements_of_several_files_do_not_mix() -> None:
    sql = ["SELECT a FROM p.d.plain", "SELECT a FROM p.d.unknown", "SELECT b FROM p.d.plain WHERE c = 'x'"]
    frames = estimated(sql, PLAIN)
    assert [query_of(frames, number)["bytes"] for number in range(3)] == [8_000, None, 28_000]
    rows = frames["columns_read"].select("query", "scan", "column", "bytes").rows()
    assert sorted(rows) == [(0, 0, "a", 8_000), (1, 1, "a", None), (2, 2, "b", 16_000), (2, 2, "c", 12_000)]


def test_rows_of_joined_tables() -> None:
    frames = estimated(
        "SELECT x.a FROM p.d.plain AS x JOIN p.d.n AS y ON x.a = y.id", PLAIN, {**NESTED, "rows": 7}
    )
    join = frames["joins"].row(0, named=True)
    assert (join["left_rows"], join["right_rows"]) == (1_000, 7)


def test_the_catalog_s_tables_are_fact_tables() -> None:
    t = partitioned("t", days("2026-10-01", 5), partitioning={"require_filter": True}, clustering=["v"])
    frames = estimated("SELECT 1", NESTED, t)
    first, second = frames["tables"].rows()
    assert first == ("p.d.n", "table", None, 1_000, 113_900, None, None, False, 0, [])
    assert second == ("p.d.t", "table", None, 500, 14_000, "dt", "DAY", True, 5, ["v"])
    columns = frames["table_columns"].filter(frames["table_columns"]["table"] == "p.d.n")
    assert columns.height == 9  # leaves only
