"""Which values of script variables may be folded into a filter."""

from __future__ import annotations

import pytest

from costguard.extract.script import Variable, split_script


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("DECLARE day DATE DEFAULT '2024-01-01'; SELECT day", [("day", "DATE", "'2024-01-01'")]),
        ("DECLARE a, b INT64; SELECT 1", [("a", "INT64", None), ("b", "INT64", None)]),
        ("DECLARE day DEFAULT CURRENT_DATE(); -- today\n", [("day", None, "CURRENT_DATE()")]),
        ("DECLARE `day` ARRAY<STRUCT<a INT64>> DEFAULT []; ", [("day", "ARRAY<STRUCT<a INT64>>", "[]")]),
        ("DECLARE day DATE; SET day = '2024-01-01'; SELECT day", [("day", "DATE", "'2024-01-01'")]),
        # A statement in between saw the first value.
        ("DECLARE day DATE DEFAULT 'a'; SELECT Day; SET day = 'b'; SELECT day", [("day", "DATE", None)]),
        ("DECLARE day INT64 DEFAULT 1; SET day = day + 1", [("day", "INT64", None)]),
        ("DECLARE day INT64 DEFAULT 1; IF x THEN SET day = 2; END IF", [("day", "INT64", None)]),
        ("DECLARE day INT64 DEFAULT 1; LOOP SET day = 2; END LOOP", [("day", "INT64", None)]),
        ("DECLARE day INT64 DEFAULT 1; SET (day, x) = (2, 3)", [("day", "INT64", None)]),
        ("DECLARE day INT64 DEFAULT 1; EXECUTE IMMEDIATE 'SELECT 2' INTO day", [("day", "INT64", None)]),
        ("DECLARE day INT64 DEFAULT 1; CALL d.p(0, day)", [("day", "INT64", None)]),
        ("DECLARE day INT64 DEFAULT 1; SET @@time_zone = 'UTC'", [("day", "INT64", "1")]),
        (
            "BEGIN DECLARE day INT64 DEFAULT 1; END; BEGIN DECLARE day INT64 DEFAULT 2; END",
            [("day", "INT64", None)],
        ),
    ],
)
def test_folded_values(script: str, expected: list[tuple[str, str | None, str | None]]) -> None:
    assert split_script(script).variables == tuple(Variable(*one) for one in expected)
