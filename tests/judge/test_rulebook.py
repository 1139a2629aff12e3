"""Pages become a rulebook: users' pages are checked and may replace shipped ones; names are unique."""

from __future__ import annotations

from pathlib import Path

import pytest

from costguard.judge.rulebook import RulebookError, check_against_schema, load_rulebook
from tests.judge.pages import page, rule, write


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    folder = tmp_path / "rules"
    write(folder / "scan")
    write(folder / "scan", "order-by", aliases="[sorting]")
    return folder


def problems(*folders: Path) -> list[str]:
    with pytest.raises(RulebookError) as caught:
        load_rulebook(folders[0], folders[1:])
    return caught.value.problems


def schema_problems(sql: str, **head: str) -> list[str]:
    broken = rule(sql=sql, **head)
    with pytest.raises(RulebookError) as caught:
        check_against_schema(broken)
    where = f"every-column.md:{broken.sql_line}: "
    assert all(problem.startswith(where) for problem in caught.value.problems)
    return [problem.removeprefix(where) for problem in caught.value.problems]


# -- loading -------------------------------------------------------------------------------------------


def test_rules_come_in_the_order_of_their_ids(shipped: Path) -> None:
    write(shipped / "join", "cartesian")
    assert [item.id for item in load_rulebook(shipped).rules] == ["cartesian", "every-column", "order-by"]


def test_the_readme_beside_the_pages_is_no_page(shipped: Path) -> None:
    (shipped / "README.md").write_text("# Rules\n")
    (shipped / "scan" / "README.md").write_text("# Scans\n")
    (shipped / "notes.txt").write_text("not a page")
    assert len(load_rulebook(shipped).rules) == 2


def test_ids_and_aliases_name_a_rule(shipped: Path) -> None:
    rulebook = load_rulebook(shipped)
    assert rulebook.resolve("order-by").id == "order-by"
    assert rulebook.resolve("sorting").id == "order-by"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("orderby", "did you mean 'order-by'?"),
        ("sortin", "did you mean 'sorting'?"),
        ("xyzzy", "`costguard rules` lists them"),
    ],
)
def test_an_unknown_name(shipped: Path, name: str, hint: str) -> None:
    with pytest.raises(RulebookError) as caught:
        load_rulebook(shipped).resolve(name)
    assert caught.value.problems == [f"no rule is called {name!r}; {hint}"]


def test_a_users_page_replaces_the_shipped_one(shipped: Path, tmp_path: Path) -> None:
    own = write(tmp_path / "own", severity="note")
    rulebook = load_rulebook(shipped, [tmp_path / "own"])
    assert [(item.id, item.severity, item.family) for item in rulebook.rules] == [
        ("every-column", "note", "own"),
        ("order-by", "warning", "scan"),
    ]
    assert rulebook.resolve("every-column").path == own


def test_a_later_folder_replaces_an_earlier_one(shipped: Path, tmp_path: Path) -> None:
    write(tmp_path / "team", severity="note")
    write(tmp_path / "mine", severity="error")
    rulebook = load_rulebook(shipped, [tmp_path / "team", tmp_path / "mine"])
    assert rulebook.resolve("every-column").severity == "error"


def test_one_folder_has_an_id_once(shipped: Path, tmp_path: Path) -> None:
    first = write(tmp_path / "own" / "a")
    second = write(tmp_path / "own" / "b")
    assert problems(shipped, tmp_path / "own") == [
        f"{second}:2: the id 'every-column' is also that of {first}"
    ]


def test_names_that_clash(shipped: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "own", "sorts", aliases="[sorting]")
    assert problems(shipped, tmp_path / "own") == [f"{path}:1: the name 'sorting' also belongs to 'order-by'"]
    path = write(tmp_path / "own", "sorts", aliases="[order-by]")
    assert problems(shipped, tmp_path / "own") == [
        f"{path}:1: the name 'order-by' also belongs to 'order-by'"
    ]


def test_a_replaced_page_keeps_no_names(shipped: Path, tmp_path: Path) -> None:
    write(tmp_path / "own", "order-by")
    write(tmp_path / "own", "sorts", aliases="[sorting]")
    assert load_rulebook(shipped, [tmp_path / "own"]).resolve("sorting").id == "sorts"


# -- files ---------------------------------------------------------------------------------------------


def test_every_broken_page_is_named(shipped: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    first = write(own, "a-page", severity="fatal")
    second = write(own, "b-page", sql="SELECT at FROM scanz")
    write(own, "c-page")
    assert problems(shipped, own) == [
        f"{first}:3: severity: must be 'error', 'warning' or 'note'",
        f"{second}:14: no fact table is called 'scanz'; did you mean 'scans'?",
    ]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (page().encode() + b"\n\xff", ":36: not UTF-8 text"),
        (page().encode() + b"x" * 200_000, ": larger than 200,000 bytes; no page of a rule is that large"),
        (b"", ":1: a page starts with '---' and its front matter"),
    ],
)
def test_a_file_that_is_no_page(shipped: Path, tmp_path: Path, data: bytes, expected: str) -> None:
    (tmp_path / "own").mkdir()
    path = tmp_path / "own" / "every-column.md"
    path.write_bytes(data)
    assert problems(shipped, tmp_path / "own") == [f"{path}{expected}"]


def test_a_page_that_leads_nowhere(shipped: Path, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    path = tmp_path / "own" / "every-column.md"
    path.symlink_to("gone.md")
    assert problems(shipped, tmp_path / "own") == [f"{path}: cannot be read (No such file or directory)"]
    path.unlink()
    path.mkdir()
    assert problems(shipped, tmp_path / "own") == [f"{path}: cannot be read (Is a directory)"]


def test_marks_and_line_ends_of_other_systems(shipped: Path, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    text = page(severity="note").replace("\n", "\r\n")
    (tmp_path / "own" / "every-column.md").write_bytes(b"\xef\xbb\xbf" + text.encode())
    rulebook = load_rulebook(shipped, [tmp_path / "own"])
    assert rulebook.resolve("every-column").severity == "note"


# -- the query against the schema ------------------------------------------------------------------------


def test_a_query_that_fits() -> None:
    check_against_schema(
        rule(
            sql='SELECT at, query, "table", bytes AS wasted_bytes, 0 AS wasted_bytes_low, NULL AS wasted_usd, '
            "'exact' AS wasted_basis, NULL AS severity FROM scans",
            message='"{table}: {wasted_bytes:bytes}, {wasted_usd:usd}"',
        )
    )


def test_an_unknown_column_is_suggested() -> None:
    (problem,) = schema_problems("SELECT at, table_nam FROM scans")
    assert "table_nam" in problem
    assert problem.endswith("; did you mean 'table_name'?")
    (problem,) = schema_problems("SELECT s.at, s.tabel FROM scans AS s")
    assert problem.endswith("; did you mean 'table'?")


def test_types_that_do_not_go_together() -> None:
    (problem,) = schema_problems("SELECT at FROM scans WHERE star = 'yes'")
    assert "\n" not in problem


def test_the_place_is_needed() -> None:
    assert schema_problems('SELECT query, "table" FROM scans') == [
        "the query must give a column `at`, the place of the finding"
    ]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ("'here' AS at", "the column `at` must be a key of locations, not a text"),
        ("NULL AS at", "the column `at` must be a key of locations, not null"),
        ("at, usd AS query", "the column `query` must be a key of queries, not a number with decimals"),
        ("at, via AS wasted_bytes", "the column `wasted_bytes` must be a number, not a text"),
        ("at, has_limit AS wasted_usd", "the column `wasted_usd` must be a number, not true or false"),
        ("at, 1 AS severity", "the column `severity` must be a text, not a number"),
        ("at, holes AS wasted_basis", "the column `wasted_basis` must be a text, not a number"),
    ],
)
def test_columns_of_the_wrong_type(columns: str, expected: str) -> None:
    sql = f'SELECT {columns}, via AS "table" FROM queries'
    assert schema_problems(sql) == [expected]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            "{tabel} is read",
            "the message names {tabel}, which the query does not give; did you mean 'table'?",
        ),
        ("{xyzzy} is read", "the message names {xyzzy}, which the query does not give"),
        ("{table:bytes} are read", "the message writes {table:bytes}, but table is a text"),
        ("{star:,} are read", "the message writes {star:,}, but star is true or false"),
    ],
)
def test_a_message_that_does_not_fit(message: str, expected: str) -> None:
    sql = 'SELECT at, "table", star FROM scans'
    assert schema_problems(sql, message=f'"{message}"') == [expected]
    assert schema_problems(sql, fix=f'"{message}"') == [expected]
