"""How SQL strings are put together, and that they are followed to the call."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.extract.python_fixture import QUERY, check_segments, extract, only, sql_of, with_client

SHAPES = [
    ("client.query('SELECT a FROM d.t')", "SELECT a FROM d.t"),
    ("client.query('SELECT a ' 'FROM d.t')", "SELECT a FROM d.t"),
    ("client.query('SELECT a ' + 'FROM d.t')", "SELECT a FROM d.t"),
    ("client.query(query='SELECT a FROM d.t')", "SELECT a FROM d.t"),
    ("T = 'd.t'\nclient.query(f'SELECT a FROM {T}')", "SELECT a FROM d.t"),
    ("n = 3\nclient.query(f'SELECT a FROM d.t LIMIT {n}')", "SELECT a FROM d.t LIMIT 3"),
    ("client.query('SELECT a FROM %s' % 'd.t')", "SELECT a FROM d.t"),
    ("client.query('SELECT a FROM %s LIMIT %d' % ('d.t', 5))", "SELECT a FROM d.t LIMIT 5"),
    ("client.query('SELECT a FROM %(t)s' % {'t': 'd.t'})", "SELECT a FROM d.t"),
    ("client.query('SELECT a FROM {} LIMIT {}'.format('d.t', 5))", "SELECT a FROM d.t LIMIT 5"),
    ("client.query('SELECT a FROM {t}'.format(t='d.t'))", "SELECT a FROM d.t"),
    ("c = {'t': 'd.t'}\nclient.query('SELECT a FROM {t}'.format(**c))", "SELECT a FROM d.t"),
    ("c = {'t': 'd.t'}\nclient.query('SELECT a FROM {c[t]}'.format(c=c))", "SELECT a FROM d.t"),
    (
        "from string import Template\nclient.query(Template('SELECT a FROM $t').substitute(t='d.t'))",
        "SELECT a FROM d.t",
    ),
    (
        "from textwrap import dedent\nclient.query(dedent('''\n  SELECT a\n  FROM d.t'''))",
        "SELECT a FROM d.t",
    ),
    ("client.query('  SELECT a FROM d.t '.strip())", "SELECT a FROM d.t"),
    ("client.query('SELECT a FROM @T'.replace('@T', 'd.t'))", "SELECT a FROM d.t"),
    ("client.query(' '.join(['SELECT a', 'FROM d.t']))", "SELECT a FROM d.t"),
    ("q = 'SELECT a'\nq += ' FROM d.t'\nclient.query(q)", "SELECT a FROM d.t"),
    ("parts = ['SELECT a']\nparts.append('FROM d.t')\nclient.query(' '.join(parts))", "SELECT a FROM d.t"),
    ("Q = {'one': 'SELECT a FROM d.t', 'two': 'x'}\nclient.query(Q['one'])", "SELECT a FROM d.t"),
    ("class Sql:\n  Q = 'SELECT a FROM d.t'\nclient.query(Sql.Q)", "SELECT a FROM d.t"),
    ("def q(t='d.t'):\n  return f'SELECT a FROM {t}'\nclient.query(q())", "SELECT a FROM d.t"),
    ("def q(t):\n  return f'SELECT a FROM {t}'\nclient.query(q('d.t'))", "SELECT a FROM d.t"),
    ("def run(t='d.t'):\n  client.query(f'SELECT a FROM {t}')", "SELECT a FROM d.t"),
    ("import os\nT = os.environ.get('T', 'd.t')\nclient.query(f'SELECT a FROM {T}')", "SELECT a FROM d.t"),
    ("a, b = 'SELECT a', ' FROM d.t'\nclient.query(a + b)", "SELECT a FROM d.t"),
    ("if (q := 'SELECT a FROM d.t'):\n  client.query(q)", "SELECT a FROM d.t"),
]


@pytest.mark.parametrize(("code", "expected"), SHAPES)
def test_a_known_string_is_read_whole(code: str, expected: str) -> None:
    extraction = with_client(code)
    sql = only(extraction)
    assert " ".join(sql.text.split()) == expected
    assert sql.holes == ()
    assert extraction.unread == ()
    check_segments(extraction)


def test_self_attributes_are_followed() -> None:
    code = """
    class Load:
        def __init__(self, client):
            self.table = 'd.t'
            self.sql = f'SELECT a FROM {self.table}'
        def run(self):
            return client.query(self.sql)
    """
    assert sql_of(code) == ["SELECT a FROM d.t"]


def test_a_constructor_argument_reaches_the_query_of_a_method() -> None:
    code = """
    class Job:
        def __init__(self, sql):
            self.sql = sql
        def run(self):
            client.query(self.sql)
    Job('SELECT 1 FROM d.t').run()
    Job(sql='SELECT 2 FROM d.t').run()
    """
    assert sql_of(code) == ["SELECT 1 FROM d.t", "SELECT 2 FROM d.t"]


def test_either_branch_of_a_choice_is_a_variant() -> None:
    code = """
    if full:
        q = 'SELECT a FROM d.t'
    else:
        q = 'SELECT b FROM d.t'
    client.query(q)
    """
    found = with_client(code).sql
    assert sorted((text.text, text.variant, text.in_branch) for text in found) == [
        ("SELECT a FROM d.t", "choice 1", True),
        ("SELECT b FROM d.t", "choice 2", True),
    ]


@pytest.mark.parametrize(
    "code",
    [
        """
    q = 'SELECT a FROM d.t'
    if day:
        q += " WHERE day = '2026-01-01'"
    client.query(q)
    """,
        """
    where = "WHERE day = '2026-01-01'" if day else ""
    client.query(f"SELECT a FROM d.t {where}")
    """,
        """
    where = ""
    if day:
        where = "WHERE day = '2026-01-01'"
    client.query("SELECT a FROM d.t {}".format(where))
    """,
    ],
)
def test_a_clause_that_only_one_branch_appends_is_there_or_not(code: str) -> None:
    found = with_client(code).sql
    assert sorted((text.text.strip(), text.variant, text.in_branch) for text in found) == [
        ("SELECT a FROM d.t", "without optional clauses", True),
        ("SELECT a FROM d.t WHERE day = '2026-01-01'", "with optional clauses", True),
    ]


def test_several_optional_clauses_are_all_there_or_none() -> None:
    code = """
    q = "SELECT a FROM d.t WHERE TRUE"
    if day:
        q += f" AND day = '{day}' AND x = {{x}}"
    if key:
        q += " AND key = 1"
    client.query(q.format(x=3))
    """
    assert sorted(sql_of(code)) == [
        "SELECT a FROM d.t WHERE TRUE",
        "SELECT a FROM d.t WHERE TRUE AND day = '2024-01-01' AND x = 3 AND key = 1",
    ]


@pytest.mark.parametrize(
    "code",
    [
        "q = 'SELECT a FROM d.t'\nif n:\n    q += ' LIMIT 10'\nclient.query(q)",
        "q = 'SELECT a '\nif n:\n    q += 'FROM d.t'\nclient.query(q)",
        "q = 'SELECT a FROM d.t WHERE TRUE'\nfor c in cs:\n    q += ' AND b'\nclient.query(q)",
    ],
)
def test_what_only_one_branch_appends_is_kept(code: str) -> None:
    """It does not change what the query costs, or there is no query without it."""
    assert len(sql_of(code)) == 1


def test_a_branch_that_returns_does_not_reach_further() -> None:
    code = """
    def run(x):
        q = 'SELECT a FROM d.t'
        if x:
            q = 'SELECT b FROM d.t'
            return None
        return client.query(q)
    """
    assert [(sql.text, sql.via) for sql in with_client(code).sql] == [
        ("SELECT b FROM d.t", "string"),
        ("SELECT a FROM d.t", QUERY),
    ]


@pytest.mark.parametrize(
    "expression",
    [
        "open('sql/q.sql').read()",
        "Path('sql/q.sql').read_text()",
        "(Path('sql') / 'q.sql').read_text()",
        "(Path(__file__).parent / 'sql' / 'q.sql').read_text()",
        "open(os.path.join(os.path.dirname(__file__), 'sql', 'q.sql')).read()",
        "open(f'{FOLDER}/q.sql').read()",
    ],
)
def test_files_of_the_repository_are_read(expression: str) -> None:
    code = f"import os\nfrom pathlib import Path\nFOLDER = 'sql'\nclient.query({expression})"
    sql = only(with_client(code, {"jobs/sql/q.sql": "SELECT a FROM d.t"}))
    assert sql.text == "SELECT a FROM d.t"
    assert sql.read_from == "jobs/sql/q.sql"
    assert not any(segment.verbatim for segment in sql.segments)


def test_a_file_opened_in_a_with_statement_is_read_and_formatted() -> None:
    code = """
    with open('q.sql') as file:
        q = file.read().format(t='d.t')
    client.query(q)
    """
    assert sql_of(code, {"q.sql": "SELECT a FROM {t}"}) == ["SELECT a FROM d.t"]


def test_no_data_file_is_opened() -> None:
    asked: list[str] = []

    def read(path: str) -> str | None:
        asked.append(path)
        return "SELECT 1 FROM t"

    from costguard.extract.python_module import extract_python

    code = "from google.cloud import bigquery\nbigquery.Client().query(open('big.csv').read())\n"
    assert extract_python(code, "a.py", read).sql == ()
    assert asked == []


def test_offsets_lead_back_to_the_literal_behind_other_scripts_and_escapes() -> None:
    code = "x = 'é€𝄞'; client.query(\"SELECT 'a\\tb' FROM d.t\")\n"
    extraction = with_client(code)
    sql = only(extraction)
    assert sql.text == "SELECT 'a\tb' FROM d.t"
    check_segments(extraction)
    position = sql.text.index("FROM")
    segment = next(s for s in sql.segments if s.start <= position < s.end)
    start = segment.source_start + position - segment.start
    assert extraction.texts[0][start : start + 8] == "FROM d.t"
    assert sql.call_start is not None
    assert extraction.texts[0][sql.call_start :].startswith("client.query(")


def test_a_query_that_cannot_be_known_is_unread() -> None:
    extraction = with_client("client.query(make_query())")
    assert extraction.sql == ()
    assert [(unread.reason, unread.detail) for unread in extraction.unread] == [
        ("SQL built at run time", "make_query()")
    ]


def test_recursion_and_endless_growth_come_to_an_end() -> None:
    code = """
    def f(n):
        return f(n - 1) + 'SELECT a FROM d.t'
    q = 'SELECT a FROM d.t'
    while True:
        q = q + q
    client.query(f(3))
    client.query(q)
    """
    assert all("SELECT a FROM d.t" in text.text for text in with_client(code).sql)


PIECES = st.lists(
    st.one_of(
        st.sampled_from(["SELECT a", " FROM d.t", "\\n", " WHERE x = '", "'", "é", "{{", "}}", "\\u20ac"]),
        st.sampled_from(["{x}", "{y.z}", "{f(1)}", '{d["k"]}']),
    ),
    max_size=8,
)


@given(PIECES)
@settings(deadline=None, max_examples=60)
def test_segments_are_exact_for_any_f_string(pieces: list[str]) -> None:
    code = "client.query(f'''SELECT b FROM c " + "".join(pieces) + " ''')"
    check_segments(with_client(code))


@given(st.text(max_size=60))
@settings(deadline=None, max_examples=60)
def test_no_text_raises(text: str) -> None:
    extract("import pandas\n" + text)


@pytest.mark.parametrize(
    "line",
    [
        "q = q + q",
        "q = f'{q}{q}'",
        "q = '{0}{0}'.format(q)",
        "q += q",
        "q = [q, q]",
        "q = {'a': q, 'b': q}",
        "q = f(q)",
    ],
)
def test_values_that_double_stay_bounded(line: str) -> None:
    code = "def f(x):\n    return x + x\nq = 'SELECT a FROM d.t'\n" + f"{line}\n" * 60 + "client.query(q)\n"
    assert len(with_client(code).sql) <= 1


def test_a_nested_call_that_doubles_stays_bounded() -> None:
    code = (
        "def f(x):\n    return [x, x]\nclient.query(" + "f(" * 60 + "'SELECT a FROM d.t'" + ")" * 60 + ")\n"
    )
    assert len(with_client(code).unread) <= 1


def test_many_comments_before_no_statement_cost_no_time() -> None:
    comments = "/* x */ " * 200
    assert with_client(f"house.run('{comments} nothing selected')").sql == ()


def test_deep_nesting_is_unread_and_raises_nothing() -> None:
    extraction = with_client("client.query(" + " + ".join(["'a'"] * 20000) + ")")
    assert extraction.sql == ()


def test_a_global_that_a_function_sets() -> None:
    code = """
    SQL = None
    def setup():
        global SQL
        SQL = 'SELECT a FROM d.t'
    def run():
        client.query(SQL)
    """
    assert [(sql.text, sql.via) for sql in with_client(code).sql] == [("SELECT a FROM d.t", QUERY)]


@pytest.mark.parametrize(
    "path",
    [
        "Path(__file__).parent.parent / 'sql' / 'q.sql'",
        "Path(__file__).resolve().parents[1] / 'sql/q.sql'",
        "os.path.join(os.path.dirname(os.path.dirname(__file__)), 'sql', 'q.sql')",
        "Path(__file__).parent / '../sql/q.sql'",
    ],
)
def test_folders_above_the_module(path: str) -> None:
    code = f"import os\nfrom pathlib import Path\nclient.query(open({path}).read())"
    assert sql_of(code, {"sql/q.sql": "SELECT a FROM d.t", "jobs/sql/q.sql": "SELECT b FROM d.t"}) == [
        "SELECT a FROM d.t"
    ]
