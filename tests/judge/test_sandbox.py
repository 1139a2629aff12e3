"""A rule touches fact tables and nothing else: no file, no function that reads one, no statement but a SELECT."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from costguard.judge import query_text
from costguard.judge.rulebook import RulebookError, check_select, execute, run_query
from tests.judge.pages import QUERY, rule

NO_FILES = "a query may only name fact tables, not functions or files"
NO_BLOCKS = "a comment begins with --, not with /*"
NO_DOLLAR = "a text is written '...', not with $"


def refusal(sql: str) -> list[str]:
    with pytest.raises(RulebookError) as caught:
        check_select(sql, "page.md:3")
    assert all(problem.startswith("page.md:3: ") for problem in caught.value.problems)
    return [problem.removeprefix("page.md:3: ") for problem in caught.value.problems]


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.csv"
    path.write_text("a,b\n1,2\n")
    return path


def test_docstrings() -> None:
    assert doctest.testmod(query_text).failed == 0


@pytest.mark.parametrize(
    "sql",
    [
        QUERY,
        f"{QUERY};",
        f"-- stars\n{QUERY} -- all of them",
        "WITH a AS (SELECT at FROM scans), b AS (SELECT at FROM a) SELECT at FROM b",
        "SELECT s.at FROM scans AS s JOIN queries AS q ON q.query = s.query WHERE q.loop_depth > 0",
        "SELECT at FROM scans UNION ALL SELECT at FROM calls",
        "SELECT at FROM scans WHERE query IN (SELECT query FROM queries WHERE has_limit)",
        "SELECT at FROM calls WHERE function = 'pandas.read_csv' OR detail LIKE '%read_csv(%'",
        "SELECT at, 'gs://bucket/*' AS \"where\" FROM calls WHERE detail <> 'it''s /* $5'",
        "SELECT at, read_from FROM queries WHERE read_from IS NOT NULL",
    ],
)
def test_what_a_rule_may_say(sql: str) -> None:
    check_select(sql, "page.md:3")
    run_query(sql, _empty())


def _empty() -> dict[str, object]:
    from costguard.facts.frames import empty_frames

    return dict(empty_frames())


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT * FROM read_csv('{}')", f"'read_csv': {NO_FILES}"),
        ("SELECT * FROM READ_PARQUET ('{}')", f"'READ_PARQUET': {NO_FILES}"),
        ("SELECT * FROM \"read_csv\"('{}')", f"'read_csv': {NO_FILES}"),
        ("SELECT at FROM scans WHERE at IN (SELECT a FROM read_csv('{}'))", f"'read_csv': {NO_FILES}"),
        ("WITH x AS (SELECT * FROM read_csv('{}')) SELECT * FROM x", f"'read_csv': {NO_FILES}"),
        ("SELECT (SELECT MAX(a) FROM read_csv('{}')) AS at FROM scans", f"'read_csv': {NO_FILES}"),
        ("SELECT * FROM scans, LATERAL read_csv('{}')", f"'read_csv': {NO_FILES}"),
        ("SELECT * FROM '{}'", "no fact table is called"),
        ('SELECT * FROM "{}"', "no fact table is called"),
        ("SELECT * FROM pg_read_file('{}')", NO_FILES),
        ("SELECT * FROM scans, LATERAL pg_read_file('{}')", NO_FILES),
        ("SELECT * FROM other.scans", f"'other.scans': {NO_FILES}"),
    ],
)
def test_files_and_functions_are_refused(sql: str, expected: str, secret: Path) -> None:
    (problem,) = refusal(sql.replace("{}", str(secret)))
    assert expected in problem


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        # What one parser takes for a comment is code to the other: both of these read the file.
        ("SELECT 1 FROM scans /*! UNION ALL SELECT a FROM read_csv('{}') */", NO_BLOCKS),
        ("SELECT 1 FROM scans /* /* */ UNION ALL SELECT a FROM read_csv('{}') -- */", NO_BLOCKS),
        ("SELECT 1 FROM scans /* harmless */", NO_BLOCKS),
        ("SELECT $$ ' $$ AS a FROM scans WHERE at IN (SELECT a FROM read_csv('{}')) --'", NO_DOLLAR),
        (
            r"SELECT E'\'' AS a FROM scans WHERE at IN (SELECT a FROM read_csv('{}')) --'",
            "a text is written '...', without E' before it",
        ),
    ],
)
def test_what_two_parsers_read_differently_is_refused(sql: str, expected: str, secret: Path) -> None:
    assert expected in refusal(sql.replace("{}", str(secret)))


def test_a_comment_ends_where_either_parser_ends_it(secret: Path) -> None:
    assert refusal(f"SELECT 1 FROM scans -- \r UNION ALL SELECT a FROM read_csv('{secret}')") == [
        f"'read_csv': {NO_FILES}"
    ]


PIECES = (
    *(
        "SELECT at FROM scans",
        "SELECT 1 AS at",
        " UNION ALL ",
        " WHERE at IN (",
        "SELECT at FROM {read}",
        "{read}",
    ),
    *(
        "/*",
        "*/",
        "/*!",
        "--",
        "\n",
        "\r",
        "'",
        "''",
        '"',
        "`",
        "$$",
        "$a$",
        "\\",
        "\\'",
        "E'",
        "U&'",
        "Q'[",
        "]'",
        "N'",
    ),
    *(
        "#",
        "//",
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        ";",
        ",",
        " ",
        "?",
        "@",
        "LATERAL",
        "TABLE",
        "WITH x AS (",
        "AS x",
    ),
)


CANARY = 987654321


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file whose content cannot come from anywhere else."""
    path = tmp_path_factory.mktemp("canary") / "c.csv"
    path.write_text(f"at\n{CANARY}\n")
    return path


@settings(max_examples=400, derandomize=True, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=8), st.lists(st.sampled_from(PIECES), max_size=3))
@example(["/*!"], ["*/"])
@example(["/*", "/*", "*/"], ["--", "*/"])
def test_no_text_that_passes_reads_a_file(canary: Path, head: list[str], tail: list[str]) -> None:
    """Whatever one parser lets through, the other has no file to read in it."""
    text = f"SELECT at FROM scans {''.join(head)} UNION ALL SELECT at FROM {{read}}{''.join(tail)}"
    sql = text.replace("{read}", f"read_csv('{canary}')")
    try:
        check_select(sql, "page.md:3")
        rows = run_query(sql, _empty()).rows()
    except Exception:  # refused by either of them: nothing is read
        rows = []
    assert str(CANARY) not in str(rows)


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "-- nothing",
        "SELECT 1; SELECT 2",
        "DELETE FROM scans",
        "UPDATE scans SET at = 1",
        "INSERT INTO scans SELECT * FROM scans",
        "CREATE TABLE x AS SELECT at FROM scans",
        "DROP TABLE scans",
        "TRUNCATE TABLE scans",
        "EXPLAIN SELECT at FROM scans",
        "SHOW TABLES",
        "COPY scans TO 'out.csv'",
        "SET x = 1",
    ],
)
def test_only_one_select(sql: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert refusal(sql) == ["the query must be one SELECT"]
    assert capfd.readouterr().err == ""


def test_select_into_is_refused() -> None:
    assert "the query may only select" in refusal("SELECT at INTO scans FROM scans")


@pytest.mark.parametrize(
    "sql", ["SELECT at FROM", "SELECT (at FROM scans", "SELECT at FROM scans WHERE 'a", "%?", "K?"]
)
def test_what_cannot_be_parsed(sql: str) -> None:
    (problem,) = refusal(sql)
    assert problem.startswith("the query cannot be parsed (")
    assert "\n" not in problem


def test_a_query_that_is_nested_too_deep() -> None:
    (problem,) = refusal("SELECT " + "(" * 20_000 + "at" + ")" * 20_000 + " FROM scans")
    assert problem.startswith("the query cannot be parsed (")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("scan", "no fact table is called 'scan'; did you mean 'scans'?"),
        ("Scans", "no fact table is called 'Scans'; did you mean 'scans'?"),
        ("xyzzy", "no fact table is called 'xyzzy'"),
        ("read_plans", "no fact table is called 'read_plans'"),
    ],
)
def test_an_unknown_table(name: str, expected: str) -> None:
    assert refusal(f"SELECT at FROM {name}") == [expected]


def test_a_name_of_its_own_is_suggested_too() -> None:
    assert refusal("WITH stars AS (SELECT at FROM scans) SELECT at FROM star") == [
        "no fact table is called 'star'; did you mean 'stars'?"
    ]


def test_every_unknown_table_is_named() -> None:
    assert len(refusal("SELECT at FROM scanz JOIN querys USING (query)")) == 2


def test_a_panic_of_the_engine_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Polars' panics are no `Exception`, and would pass every handler."""
    import polars as pl

    def panics(self: object, sql: str) -> None:
        raise pl.exceptions.PanicException("index out of bounds")

    monkeypatch.setattr(pl.SQLContext, "execute", panics)
    with pytest.raises(RuntimeError, match="index out of bounds"):
        execute(pl.SQLContext(eager=True), rule().sql)
