"""`costguard query`: questions to the fact tables."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Costguard

QUESTION = 'SELECT "table", bytes FROM scans ORDER BY bytes'


def test_a_table_for_people(costguard: Costguard, shop: Path) -> None:
    done = costguard("query", QUESTION, shop)
    assert (done.code, done.err) == (0, "")
    assert [cell.strip() for cell in done.out.splitlines()[3].strip("│").split("┆")] == [
        "p.shop.orders",
        str(2**39),
    ]
    assert done.out.endswith("\n2 rows\n")
    assert "\x1b" not in done.out


def test_one_row_is_one_row(costguard: Costguard, shop: Path) -> None:
    assert costguard("query", "SELECT COUNT(*) AS n FROM scans", shop).out.endswith("\n1 row\n")


def test_json(costguard: Costguard, shop: Path) -> None:
    document = costguard("query", QUESTION, shop, "--format", "json").document
    assert document == {
        "version": 1,
        "rows": [
            {"table": "p.shop.orders", "bytes": 2**39},
            {"table": "p.shop.orders", "bytes": 2**40},
        ],
    }


def test_csv(costguard: Costguard, shop: Path) -> None:
    done = costguard("query", QUESTION, shop, "--format", "csv")
    assert list(csv.reader(io.StringIO(done.out))) == [
        ["table", "bytes"],
        ["p.shop.orders", str(2**39)],
        ["p.shop.orders", str(2**40)],
    ]


def test_a_list_does_not_fit_into_csv(costguard: Costguard, shop: Path) -> None:
    done = costguard("query", "SELECT clustering_columns FROM scans", shop, "--format", "csv")
    assert (done.code, done.out) == (2, "")
    assert done.err == "costguard: a list does not fit into CSV: clustering_columns; use --format json\n"
    rows = costguard("query", "SELECT clustering_columns FROM scans", shop, "--format", "json").document[
        "rows"
    ]
    assert rows[0] == {"clustering_columns": []}


def test_the_working_directory_is_the_default(
    costguard: Costguard, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shop)
    done = costguard("query", "SELECT path FROM sources ORDER BY path", "--format", "csv")
    assert done.out.split() == ["path", "sql/all.sql", "sql/one.sql"]


def test_a_file_takes_the_answer(costguard: Costguard, shop: Path, tmp_path: Path) -> None:
    done = costguard("query", QUESTION, shop, "--format", "json", "-o", "out.json")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert len(json.loads((tmp_path / "out.json").read_text())["rows"]) == 2


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT nope FROM queries", "nope"),
        ("SELECT 1 FROM nosuch", "no fact table is called 'nosuch'"),
        ("SELECT * FROM read_csv('/etc/passwd')", "may only name fact tables"),
        ("DROP TABLE queries", "one SELECT"),
        ("SELECT 1; SELECT 2", "one SELECT"),
        ("SELEC", "one SELECT"),
        ("", "one SELECT"),
    ],
)
def test_what_is_no_question(costguard: Costguard, shop: Path, sql: str, message: str) -> None:
    done = costguard("query", sql, shop)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("costguard: ")
    assert message in done.err
    assert done.err.count("\n") == 1


def test_text_of_the_code_does_not_steer_the_terminal(costguard: Costguard, tmp_path: Path) -> None:
    (tmp_path / "q.sql").write_text("SELECT '\x1b[2J' FORM t")
    done = costguard("query", "SELECT detail FROM unread", "q.sql")
    assert "\x1b" not in done.out
