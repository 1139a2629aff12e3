"""Joins that declared keys make superfluous: figures between what is left without them and all that is named."""

from __future__ import annotations

from typing import Any

import pytest

from costguard.view_plan import expand_view
from tests.estimate.statements import bytes_of, estimated, query_of, scan_of
from tests.estimate.warehouse import column, table

Json = dict[str, Any]
Figures = tuple[int | None, int | None, int | None, str]


def number(path: str, size: int, mode: str = "REQUIRED") -> Json:
    return column(path, "INT64", size, mode)


# id 100, name 10, country 1
USERS = table(
    "users", [number("id", 100), number("name", 10), number("country", 1)], None, 111, primary_key=["id"]
)
# oid 4000, user_id 2000 (never NULL), buyer 3000 (may be NULL), total 50000
COLUMNS = [
    number("oid", 4_000),
    number("user_id", 2_000),
    number("buyer", 3_000, "NULLABLE"),
    number("total", 50_000),
]
KEYS = [
    {"columns": ["user_id"], "table": "p.d.users", "references": ["id"]},
    {"columns": ["buyer"], "table": "p.d.users", "references": ["id"]},
]
ORDERS = table("orders", COLUMNS, None, 59_000, primary_key=["oid"], foreign_keys=KEYS)
# a 1, b 2, note 4; x 1000, y 2000, z 4000
PARTS = table("parts", [number("a", 1), number("b", 2), number("note", 4)], None, 7, primary_key=["a", "b"])
LINES = table(
    "lines",
    [number("x", 1_000, "NULLABLE"), number("y", 2_000, "NULLABLE"), number("z", 4_000)],
    None,
    7_000,
    foreign_keys=[{"columns": ["y", "x"], "table": "p.d.parts", "references": ["b", "a"]}],
)
VIEWS = {
    "star": "SELECT o.*, u.name FROM p.d.orders AS o LEFT JOIN p.d.users AS u ON o.user_id = u.id",
    "inner_star": "SELECT o.total, u.name, u.id FROM p.d.orders AS o JOIN p.d.users AS u ON o.user_id = u.id",
    "people": "SELECT id AS person, name FROM p.d.users",
    "everybody": "SELECT * FROM p.d.users",
    "kiwis": "SELECT id, name FROM p.d.users WHERE country = 64",
    "few": "SELECT id FROM p.d.users LIMIT 10",
}


def without_keys(raw: Json) -> Json:
    return {name: value for name, value in raw.items() if name not in ("primary_key", "foreign_keys")}


def frames_of(sql: str, *tables: Json, **more: Any) -> Any:
    views = [{"name": f"p.d.{name}", "kind": "view", "view_query": text} for name, text in VIEWS.items()]
    return estimated(sql, *(tables or (USERS, ORDERS, PARTS, LINES)), *views, expand_view=expand_view, **more)


def statement(sql: str, *tables: Json, **more: Any) -> Figures:
    return bytes_of(query_of(frames_of(sql, *tables, **more)))


DOCUMENTED: list[tuple[str, tuple[int, int, int]]] = [
    # an outer join: neither the table nor the column that is compared with its key
    (
        "SELECT o.total FROM p.d.orders AS o LEFT JOIN p.d.users AS u ON o.user_id = u.id",
        (50_000, 50_000, 52_100),
    ),
    (
        "SELECT o.total FROM p.d.users AS u RIGHT JOIN p.d.orders AS o ON u.id = o.user_id",
        (50_000, 50_000, 52_100),
    ),
    # no foreign key is asked for
    (
        "SELECT o.total FROM p.d.orders AS o LEFT OUTER JOIN p.d.users AS u ON o.oid = u.id",
        (50_000, 50_000, 54_100),
    ),
    ("SELECT total FROM p.d.orders LEFT JOIN p.d.users ON user_id = id", (50_000, 50_000, 52_100)),
    ("SELECT COUNT(*) FROM p.d.orders AS o LEFT JOIN p.d.users AS u ON o.user_id = u.id", (0, 0, 2_100)),
    (
        "SELECT DISTINCT o.total FROM p.d.orders AS o LEFT JOIN p.d.users AS u ON o.user_id = u.id",
        (50_000, 50_000, 52_100),
    ),
    # the column is read anyway
    (
        "SELECT o.* FROM p.d.orders AS o LEFT JOIN p.d.users AS u ON o.user_id = u.id",
        (59_000, 59_000, 59_100),
    ),
    (
        "SELECT o.total FROM p.d.orders AS o LEFT JOIN p.d.users AS u ON o.user_id = u.id WHERE o.user_id > 7",
        (52_000, 52_000, 52_100),
    ),
    # an inner join along a foreign key: rows without a value go, which takes that column if it may be NULL
    ("SELECT o.total FROM p.d.orders AS o JOIN p.d.users AS u ON o.buyer = u.id", (53_000, 53_000, 53_100)),
    ("SELECT o.total FROM p.d.users AS u JOIN p.d.orders AS o ON o.buyer = u.id", (53_000, 53_000, 53_100)),
    ("SELECT o.total FROM p.d.orders AS o JOIN p.d.users AS u ON o.user_id = u.id", (50_000, 52_000, 52_100)),
    (
        "SELECT o.total FROM p.d.orders AS o JOIN p.d.users AS u ON o.user_id = u.id AND o.oid > 7",
        (54_000, 56_000, 56_100),
    ),
    # keys of two columns, in any order
    (
        "SELECT l.z FROM p.d.lines AS l LEFT JOIN p.d.parts AS p ON l.x = p.a AND p.b = l.y",
        (4_000, 4_000, 7_003),
    ),
    (
        "SELECT l.z FROM p.d.lines AS l JOIN p.d.parts AS p ON p.b = l.y AND l.x = p.a",
        (7_000, 7_000, 7_003),
    ),
    # one after the other: nothing but a join that goes needs the first
    (
        "SELECT o.total FROM p.d.orders AS o LEFT JOIN p.d.users AS u ON o.user_id = u.id"
        " LEFT JOIN p.d.parts AS p ON u.name = p.a AND u.country = p.b",
        (50_000, 50_000, 52_114),
    ),
    # USING, through CTEs, subqueries and views
    (
        "WITH o AS (SELECT user_id AS id, total FROM p.d.orders)"
        " SELECT total FROM o LEFT JOIN p.d.users AS u USING (id)",
        (50_000, 50_000, 52_100),
    ),
    (
        "WITH o AS (SELECT buyer AS id, total FROM p.d.orders)"
        " SELECT id, total FROM o JOIN p.d.users AS u USING (id)",
        (53_000, 53_000, 53_100),
    ),
    (
        "SELECT l.z FROM (SELECT x AS a, y AS b, z FROM p.d.lines) AS l JOIN p.d.parts AS p USING (a, b)",
        (7_000, 7_000, 7_003),
    ),
    (
        "WITH s AS (SELECT o.*, u.name FROM p.d.orders AS o LEFT JOIN p.d.users AS u ON o.user_id = u.id)"
        " SELECT total FROM s",
        (50_000, 50_000, 52_100),
    ),
    (
        "SELECT o.total FROM p.d.orders AS o LEFT JOIN (SELECT id AS k, name FROM p.d.users) AS u ON o.user_id = u.k",
        (50_000, 50_000, 52_100),
    ),
    ("SELECT total FROM p.d.star", (50_000, 50_000, 52_100)),
    ("SELECT total FROM p.d.inner_star", (50_000, 52_000, 52_100)),
    (
        "SELECT o.total FROM p.d.orders AS o LEFT JOIN p.d.people AS u ON o.user_id = u.person",
        (50_000, 50_000, 52_100),
    ),
    (
        "SELECT o.total FROM p.d.orders AS o JOIN p.d.everybody AS u ON o.buyer = u.id",
        (53_000, 53_000, 53_100),
    ),
    # what else reads the table is counted
    (
        "SELECT o.total FROM p.d.orders AS o LEFT JOIN p.d.users AS u ON o.user_id = u.id"
        " UNION ALL SELECT name FROM p.d.users",
        (50_010, 50_010, 52_110),
    ),
]


@pytest.mark.parametrize(("sql", "figures"), DOCUMENTED)
def test_documented_forms_cost_what_is_left(sql: str, figures: tuple[int, int, int]) -> None:
    assert statement(sql) == (*figures, "modelled")


@pytest.mark.parametrize("sql", [sql for sql, _ in DOCUMENTED])
def test_without_keys_everything_is_read(sql: str) -> None:
    figures = dict(DOCUMENTED)[sql]
    tables = [without_keys(raw) for raw in (USERS, ORDERS, PARTS, LINES)]
    assert statement(sql, *tables) == (figures[2], figures[2], figures[2], "exact")


@pytest.mark.parametrize(
    ("sql", "low", "high"),
    [
        # the key may be replaced by the column that refers to it, which then is read
        (
            "SELECT o.total, u.id FROM p.d.orders AS o JOIN p.d.users AS u ON o.user_id = u.id",
            52_000,
            52_100,
        ),
        (
            "SELECT o.total FROM p.d.orders AS o JOIN p.d.users AS u ON o.user_id = u.id WHERE u.id > 7",
            52_000,
            52_100,
        ),
        ("SELECT total, id FROM p.d.inner_star", 52_000, 52_100),
        # the condition stands in the WHERE
        ("SELECT o.total FROM p.d.orders AS o, p.d.users AS u WHERE o.buyer = u.id", 53_000, 53_100),
        (
            "SELECT o.total FROM p.d.orders AS o CROSS JOIN p.d.users AS u WHERE o.buyer = u.id",
            53_000,
            53_100,
        ),
        # the optional side still has a row at most
        (
            "SELECT o.total FROM p.d.orders AS o LEFT JOIN p.d.users AS u ON o.user_id = u.id AND u.country = 64",
            50_000,
            52_101,
        ),
        (
            "SELECT o.total FROM p.d.orders AS o LEFT JOIN p.d.users AS u ON o.user_id = u.id AND o.oid > 7",
            50_000,
            56_100,
        ),
        (
            "SELECT o.total FROM p.d.orders AS o LEFT JOIN p.d.users AS u ON ABS(o.user_id) = u.id",
            50_000,
            52_100,
        ),
        (
            "SELECT o.total FROM p.d.orders AS o LEFT JOIN (SELECT id FROM p.d.users WHERE country = 64) AS u"
            " ON o.user_id = u.id",
            50_000,
            52_101,
        ),
        ("SELECT o.total FROM p.d.orders AS o LEFT JOIN p.d.kiwis AS u ON o.user_id = u.id", 50_000, 52_101),
        # two tables meet through the third
        (
            "SELECT o.total FROM p.d.orders AS o JOIN p.d.users AS u ON o.user_id = u.id"
            " JOIN p.d.orders AS q ON q.buyer = u.id",
            53_000,
            55_100,
        ),
    ],
)
def test_forms_that_are_not_documented_may_cost_less(sql: str, low: int, high: int) -> None:
    assert statement(sql) == (low, high, high, "upper-bound")


@pytest.mark.parametrize(
    ("sql", "count"),
    [
        ("SELECT * FROM p.d.orders AS o LEFT JOIN p.d.users AS u ON o.user_id = u.id", 59_111),
        ("SELECT * FROM p.d.orders AS o JOIN p.d.users AS u ON o.user_id = u.id", 59_111),
        ("SELECT o.total, u.name FROM p.d.orders AS o LEFT JOIN p.d.users AS u ON o.user_id = u.id", 52_110),
        # NULL where there is no such user
        ("SELECT o.total, u.id FROM p.d.orders AS o LEFT JOIN p.d.users AS u ON o.user_id = u.id", 52_100),
        ("SELECT COUNT(u.id) FROM p.d.orders AS o LEFT JOIN p.d.users AS u ON o.user_id = u.id", 2_100),
        ("SELECT TO_JSON_STRING(u) FROM p.d.orders AS o LEFT JOIN p.d.users AS u ON o.user_id = u.id", 2_111),
        (
            "SELECT o.total FROM p.d.orders AS o LEFT JOIN p.d.users AS u ON o.user_id = u.id WHERE u.name = 7",
            52_110,
        ),
        (
            "SELECT o.total FROM p.d.orders AS o LEFT JOIN p.d.users AS u ON o.user_id = u.id ORDER BY u.name",
            52_110,
        ),
        (
            "SELECT SUM(o.total) FROM p.d.orders AS o LEFT JOIN p.d.users AS u ON o.user_id = u.id GROUP BY u.name",
            52_110,
        ),
        (
            "SELECT o.total FROM p.d.orders AS o JOIN p.d.users AS u ON o.user_id = u.id AND u.country = 64",
            52_101,
        ),
        (
            "SELECT o.total FROM p.d.orders AS o LEFT JOIN p.d.users AS u ON o.user_id = u.id"
            " WHERE EXISTS (SELECT 1 FROM p.d.parts AS p WHERE p.a = u.id)",
            52_101,
        ),
        # a row may find several
        ("SELECT u.id FROM p.d.users AS u LEFT JOIN p.d.orders AS o ON u.id = o.user_id", 2_100),
        ("SELECT l.z FROM p.d.lines AS l LEFT JOIN p.d.parts AS p ON l.x = p.a", 5_001),
        ("SELECT o.total FROM p.d.orders AS o LEFT JOIN p.d.users AS u ON o.user_id >= u.id", 52_100),
        (
            "SELECT o.total FROM p.d.orders AS o LEFT JOIN p.d.users AS u ON o.user_id = u.id OR o.buyer = u.id",
            55_100,
        ),
        # a row may find none
        ("SELECT o.total FROM p.d.orders AS o JOIN p.d.users AS u ON o.oid = u.id", 54_100),
        ("SELECT l.z FROM p.d.lines AS l JOIN p.d.parts AS p ON l.x = p.b AND l.y = p.a", 7_003),
        ("SELECT o.total FROM p.d.orders AS o JOIN p.d.kiwis AS u ON o.user_id = u.id", 52_101),
        (
            "SELECT o.total FROM p.d.orders AS o JOIN (SELECT id FROM p.d.users WHERE country = 64) AS u"
            " ON o.user_id = u.id",
            52_101,
        ),
        ("SELECT o.total FROM p.d.orders AS o JOIN p.d.few AS u ON o.user_id = u.id", 52_100),
        # both sides are kept, or all is joined with all
        ("SELECT o.total FROM p.d.orders AS o FULL JOIN p.d.users AS u ON o.user_id = u.id", 52_100),
        ("SELECT o.total FROM p.d.orders AS o CROSS JOIN p.d.users AS u", 50_000),
        # the table's other rows are wanted too
        (
            "WITH u AS (SELECT id FROM p.d.users WHERE country = 64)"
            " SELECT o.total FROM p.d.orders AS o LEFT JOIN u ON o.user_id = u.id"
            " UNION ALL SELECT id FROM u",
            52_101,
        ),
        ("SELECT total, name FROM p.d.star", 52_110),
        ("SELECT * FROM p.d.star", 59_110),
    ],
)
def test_a_join_that_is_needed_is_read_in_full(sql: str, count: int) -> None:
    assert statement(sql) == (count, count, count, "exact")


LEFT = "SELECT o.total FROM p.d.orders AS o LEFT JOIN p.d.users AS u ON o.user_id = u.id"


def test_a_pseudo_column_is_a_use() -> None:
    assert statement(f"{LEFT} WHERE u._PARTITIONTIME IS NOT NULL") == (52_100, 52_100, 52_100, "exact")


def test_a_key_elsewhere_does_not_count() -> None:
    other = {**ORDERS, "foreign_keys": [{"columns": ["buyer"], "table": "p.d.parts", "references": ["id"]}]}
    sql = "SELECT o.total FROM p.d.orders AS o JOIN p.d.users AS u ON o.buyer = u.id"
    assert statement(sql, USERS, other) == (53_100, 53_100, 53_100, "exact")
    assert statement(sql, without_keys(USERS), ORDERS) == (53_100, 53_100, 53_100, "exact")


def test_an_unknown_part_of_the_text_may_name_any_column() -> None:
    assert statement(LEFT, change={"holes": 1}) == (50_000, 52_100, 52_100, "modelled")
    assert statement(LEFT, change={"holes": 1, "value_holes": 1}) == (50_000, 50_000, 52_100, "modelled")


def test_a_sample_finds_fewer_rows() -> None:
    sql = "SELECT o.total FROM p.d.orders AS o JOIN p.d.users AS u TABLESAMPLE SYSTEM (10 PERCENT) ON o.buyer = u.id"
    assert statement(sql) == (53_100, 53_100, 53_100, "modelled")


def test_scans_say_what_is_left_of_them() -> None:
    frames = frames_of(LEFT)
    orders, users = scan_of(frames), scan_of(frames, 1)
    assert bytes_of(users) == (0, 0, 100, "modelled")
    assert (users["eliminated"], users["columns_read"], users["known"]) == (True, 0, True)
    assert bytes_of(orders) == (50_000, 50_000, 52_000, "modelled")
    assert (orders["eliminated"], orders["columns_read"]) == (False, 1)
    assert frames["columns_read"]["column"].to_list() == ["total"]


def test_a_scan_that_may_go_is_read_as_far_as_is_known() -> None:
    frames = frames_of("SELECT o.total FROM p.d.orders AS o, p.d.users AS u WHERE o.buyer = u.id")
    assert bytes_of(scan_of(frames, 1)) == (0, 100, 100, "upper-bound")
    assert not scan_of(frames, 1)["eliminated"]
    assert bytes_of(scan_of(frames)) == (53_000, 53_000, 53_000, "exact")


def test_statements_of_several_files_keep_their_joins_apart() -> None:
    plain = "SELECT o.total FROM p.d.orders AS o JOIN p.d.users AS u ON o.oid = u.id"
    frames = frames_of([plain, LEFT, plain])  # type: ignore[arg-type]
    assert [bytes_of(query_of(frames, number))[:2] for number in range(3)] == [
        (54_100, 54_100),
        (50_000, 50_000),
        (54_100, 54_100),
    ]


def test_what_the_statement_writes_does_not_matter() -> None:
    assert statement(f"INSERT INTO p.d.lines (z) {LEFT}") == (50_000, 50_000, 52_100, "modelled")
    assert statement(f"CREATE TABLE p.d.new AS {LEFT}") == (50_000, 50_000, 52_100, "modelled")
    assert statement(f"CREATE VIEW p.d.new AS {LEFT}") == (0, 0, 0, "exact")


def test_what_dml_changes_is_read() -> None:
    update = "UPDATE p.d.users AS u SET name = 1 FROM p.d.lines AS l JOIN p.d.orders AS o ON o.buyer = u.id WHERE TRUE"
    # all of users, which changes, and the column it is compared with
    assert statement(update)[:3] == (3_211, 3_211, 3_211)
    source = "SELECT o.total FROM p.d.orders AS o LEFT JOIN p.d.users AS u ON o.buyer = u.id"
    merge = (
        f"MERGE p.d.lines AS l USING ({source}) AS s ON l.z = s.total"
        " WHEN NOT MATCHED THEN INSERT (z) VALUES (s.total)"
    )
    # z and total; buyer and id at most
    assert statement(merge) == (54_000, 54_000, 57_100, "modelled")


def test_a_right_join_gives_the_name_it_is_joined_by_to_its_right_side() -> None:
    named = table("visits", [number("id", 2_000), number("seconds", 50_000)], None, 52_000)
    sql = "SELECT id, seconds FROM p.d.users RIGHT JOIN p.d.visits USING (id)"
    assert statement(sql, USERS, named) == (52_000, 52_000, 52_100, "modelled")
