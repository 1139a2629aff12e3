"""How often a query in a loop runs: once for each text, where the loop goes through the texts."""

from __future__ import annotations

import textwrap

import pytest

from tests.extract.python_fixture import with_client

QUERIES = """
Q = {"one": "SELECT a FROM d.t1", "two": "SELECT b FROM d.t2", "three": "SELECT c FROM d.t3"}
"""


def runs(code: str) -> list[tuple[str, int | None]]:
    """(SQL, turns of its loops) in order."""
    return [(sql.text, sql.loop_turns) for sql in with_client(textwrap.dedent(code)).sql]


@pytest.mark.parametrize(
    "loop",
    [
        "for k in Q:\n    client.query(Q[k])",
        "for k in Q.keys():\n    client.query(Q[k])",
        "for k in Q:\n    client.query(Q.get(k))",
        "for k in ['one', 'two', 'three']:\n    client.query(Q[k])",
        "for q in Q.values():\n    client.query(q)",
        "for k, q in Q.items():\n    client.query(q)",
    ],
)
def test_a_dict_of_queries_runs_each_once(loop: str) -> None:
    assert runs(QUERIES + loop) == [
        ("SELECT a FROM d.t1", None),
        ("SELECT b FROM d.t2", None),
        ("SELECT c FROM d.t3", None),
    ]


def test_names_of_tables_are_a_query_each() -> None:
    code = "for t in ['small', 't2']:\n    client.query(f'SELECT b FROM p.d.{t}')"
    assert runs(code) == [("SELECT b FROM p.d.small", None), ("SELECT b FROM p.d.t2", None)]


def test_several_names_of_one_loop_change_together() -> None:
    code = """
    for c, t in [("tiny", "small"), ("a, ds", "t1"), ("b", "t2")]:
        client.query("SELECT {} FROM d.{}".format(c, t))
    """
    assert [text for text, _ in runs(code)] == [
        "SELECT tiny FROM d.small",
        "SELECT a, ds FROM d.t1",
        "SELECT b FROM d.t2",
    ]


def test_a_text_that_comes_twice_runs_twice() -> None:
    code = """
    for c, t in [("a", "x"), ("b", "y"), ("c", "x")]:
        client.query("SELECT k FROM d." + t)
    for key in ["m", "n", "m"]:
        client.query({"m": "SELECT a FROM d.z", "n": "SELECT b FROM d.z"}[key])
    """
    assert runs(code) == [
        ("SELECT k FROM d.x", 2),
        ("SELECT k FROM d.y", None),
        ("SELECT a FROM d.z", 2),
        ("SELECT b FROM d.z", None),
    ]


def test_loops_around_it_still_count() -> None:
    """5 days, 2 tables, 3 attempts: each table 15 times."""
    code = """
    for day in range(5):
        for t in ["x", "y"]:
            for attempt in range(3):
                client.query(f"SELECT a FROM d.{t}")
    """
    assert runs(code) == [("SELECT a FROM d.x", 15), ("SELECT a FROM d.y", 15)]


def test_two_loops_make_every_pair() -> None:
    code = """
    for c in ["a", "b"]:
        for t in ["x", "y"]:
            client.query(f"SELECT {c} FROM d.{t}")
    """
    assert sorted(runs(code)) == [
        ("SELECT a FROM d.x", None),
        ("SELECT a FROM d.y", None),
        ("SELECT b FROM d.x", None),
        ("SELECT b FROM d.y", None),
    ]


def test_values_of_a_comparison_stay_one_query() -> None:
    code = "for day in ['2026-01-01', '2026-01-02']:\n    client.query(f\"SELECT a FROM d.t WHERE day = '{day}'\")"
    assert runs(code) == [("SELECT a FROM d.t WHERE day = '2026-01-01'", 2)]


def test_a_list_of_queries_made_from_names() -> None:
    code = """
    queries = [f"SELECT a FROM d.{t}" for t in ["x", "y"]]
    for q in queries:
        client.query(q)
    client.query(" UNION ALL ".join(f"SELECT b FROM d.{t}" for t in ["x", "y"]))
    """
    assert [text for text, _ in runs(code)] == [
        "SELECT a FROM d.x",
        "SELECT a FROM d.y",
        "SELECT b FROM d.x UNION ALL SELECT b FROM d.y",
    ]


def test_what_a_loop_puts_together_is_one_query() -> None:
    code = """
    parts = []
    for c in ["a", "b"]:
        parts.append(f"SUM({c})")
    client.query("SELECT " + ", ".join(parts) + " FROM d.t")
    sql = "SELECT 1"
    for c in ["a", "b"]:
        sql += f", SUM({c})"
    client.query(sql + " FROM d.t")
    """
    assert [text for text, _ in runs(code)] == [
        "SELECT SUM(a), SUM(b) FROM d.t",
        "SELECT 1, SUM(a), SUM(b) FROM d.t",
    ]


def test_very_many_texts_stay_one_query_of_an_unknown_table() -> None:
    code = f"for t in {[f't{number}' for number in range(100)]}:\n    client.query(f'SELECT a FROM d.{{t}}')"
    assert runs(code) == [("SELECT a FROM d.hole_t", 100)]


def test_what_cannot_be_read_among_them_is_unread() -> None:
    found = with_client("for q in ['SELECT a FROM d.t', build()]:\n    client.query(q)")
    assert ([sql.text for sql in found.sql], len(found.unread)) == (["SELECT a FROM d.t"], 1)


def choices(code: str) -> list[tuple[str, tuple[int, str] | None]]:
    """(SQL, which of a group of texts that exclude each other) in order."""
    return [(sql.text, sql.choice) for sql in with_client(textwrap.dedent(code)).sql]


@pytest.mark.parametrize(
    "code",
    [
        """
        def go(flag):
            if flag:
                sql = "SELECT a FROM d.t"
            else:
                sql = "SELECT b FROM d.t"
            client.query(sql)
        """,
        """
        def q(full=False):
            if full:
                return "SELECT a FROM d.t"
            return "SELECT b FROM d.t"
        client.query(q())
        """,
        """
        QUERIES = {"one": "SELECT a FROM d.t", "two": "SELECT b FROM d.t"}
        def go(kind):
            return client.query(QUERIES[kind])
        go("two")
        """,
        'client.query(f\'SELECT {"a" if x else "b"} FROM d.t\')',
        "for i in range(3):\n    client.query('SELECT a FROM d.t' if x else 'SELECT b FROM d.t')",
    ],
)
def test_texts_of_one_call_exclude_each_other(code: str) -> None:
    assert choices(code) == [("SELECT a FROM d.t", (0, "1")), ("SELECT b FROM d.t", (0, "2"))]


@pytest.mark.parametrize(
    "code",
    [
        # Three turns, of which nobody knows the number, run three texts.
        "qs = ['SELECT a FROM d.t', 'SELECT b FROM d.t']\nfor i in range(len(qs)):\n    client.query(qs[i])",
        # Called twice, it runs two.
        """
        def load(day=None):
            sql = "SELECT a FROM d.t"
            if day:
                sql += " WHERE day = '2026-01-01'"
            client.query(sql)
        load()
        load(1)
        """,
    ],
)
def test_texts_that_may_all_run_do_not(code: str) -> None:
    found = choices(code)
    assert (len(found), {choice for _, choice in found}) == (2, {None})


def test_a_choice_in_each_turn_is_one_of_its_own() -> None:
    """Two tables: each is read by one of two texts."""
    code = """
    for t in ["x", "y"]:
        client.query(f"SELECT {'a' if full else 'b'} FROM d.{t}")
    """
    assert sorted(choices(code)) == [
        ("SELECT a FROM d.x", (0, "1")),
        ("SELECT a FROM d.y", (1, "1")),
        ("SELECT b FROM d.x", (0, "2")),
        ("SELECT b FROM d.y", (1, "2")),
    ]


def test_keys_that_a_loop_hands_over_are_a_query_each() -> None:
    code = """
    def go(kind):
        return client.query(Q[kind])
    for k in Q:
        go(k)
    """
    assert [(text[7], choice) for text, choice in choices(QUERIES + textwrap.dedent(code))] == [
        ("a", None),
        ("b", None),
        ("c", None),
    ]


def test_a_list_of_which_a_part_is_unknown_still_loops() -> None:
    code = """
    for c, t in [("a", "x"), ("b", "y"), *more]:
        client.query(f"SELECT {c} FROM d.{t}")
    """
    found = with_client(textwrap.dedent(code)).sql
    assert [(sql.text, sql.loop_depth, sql.loop_turns) for sql in found] == [
        ("SELECT a FROM d.x", 1, None),
        ("SELECT b FROM d.y", 1, None),
    ]


def test_large_loops_within_loops_are_left_in_time() -> None:
    many = [f"t{number}" for number in range(400)]
    code = f"""
    parts = []
    for a in {many}:
        for b in {many}:
            parts.append(f"SUM({{a}}_{{b}})")
    client.query("SELECT " + ", ".join(parts) + " FROM d.t")
    """
    assert len(with_client(textwrap.dedent(code)).sql) <= 1
