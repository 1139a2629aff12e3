"""A .sql file as an extraction."""

from __future__ import annotations

import pytest
import sqlglot

from costguard.extract.sqlfile import extract_sql
from costguard.model import Extraction, SqlText, Unread
from tests.extract.python_fixture import check_segments


def test_a_file_is_one_text() -> None:
    text = "-- head\nSELECT 1;\nSELECT 2"
    expected = Extraction("sql", (text,), (SqlText(text, via="file", dialect="spark"),))
    assert extract_sql(text, "spark") == expected


@pytest.mark.parametrize(
    ("text", "reason", "detail"),
    [
        ("SELECT 1\0", "binary file", ""),
        ("\n#legacySQL\nSELECT a FROM [p:d.t]", "legacy SQL", ""),
        ("DECLARE\n a varchar2(10) := 'x';\nBEGIN NULL; END;\n/", "another SQL dialect", "Oracle"),
    ],
)
def test_what_cannot_be_read_is_said(text: str, reason: str, detail: str) -> None:
    assert extract_sql(text, "bigquery") == Extraction(
        "sql", (text,), unread=(Unread(reason, detail, 0, len(text)),)
    )


def test_words_of_oracle_in_strings_do_not_count() -> None:
    text = "SELECT 'varchar2(10)' AS a -- DBMS_OUTPUT.put"
    assert len(extract_sql(text, "bigquery").sql) == 1


@pytest.mark.parametrize("text", ["", " \n", "-- only a comment", "/* a */ # b"])
def test_nothing_to_read(text: str) -> None:
    assert extract_sql(text, "bigquery") == Extraction("sql", (text,))


def test_placeholders_of_a_program_become_holes() -> None:
    text = "SELECT {columns}\nFROM `{project}.d.t` WHERE day = '{day}' AND x = {x}"
    (sql,) = extract_sql(text, "bigquery").sql
    assert [(hole.kind, hole.name) for hole in sql.holes] == [
        ("name", "columns"),
        ("name", "project"),
        ("literal", "day"),
        ("literal", "x"),
    ]
    sqlglot.parse_one(sql.text, dialect="bigquery")
    check_segments(extract_sql(text, "bigquery"))


@pytest.mark.parametrize(
    "text",
    [
        "SELECT '{day}' AS a FROM d.t",  # may well be meant
        "SELECT JSON '{\"a\": 1}', REGEXP_CONTAINS(x, r'\\d{4}')",
        "SELECT a FROM `{project}.d.t` -- {note}",  # a name as good as any
    ],
)
def test_braces_in_strings_names_and_comments_stay(text: str) -> None:
    (sql,) = extract_sql(text, "bigquery").sql
    assert (sql.text, sql.holes) == (text, ())
