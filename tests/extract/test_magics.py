"""The first line of SQL magics."""

from __future__ import annotations

import pytest

from costguard.extract.magics import read_arguments


@pytest.mark.parametrize(
    ("line", "destination", "capped"),
    [
        ("", None, False),
        (" df", "df", False),
        (" df --project my-project", "df", False),
        (" --project my-project df", "df", False),
        (" --maximum_bytes_billed 1000 df", "df", True),
        (" --maximum_bytes_billed=1000", None, True),
        (" --use_bqstorage_api df --no_query_cache", "df", False),
        (" --max_results 10", None, False),
    ],
)
def test_bigquery_arguments(line: str, destination: str | None, capped: bool) -> None:
    arguments = read_arguments("bigquery", line)
    assert (arguments.destination, arguments.bytes_cap) == (destination, capped)


def test_parameters_written_on_the_line() -> None:
    arguments = read_arguments("bigquery", ' df --params {"n": 10, "name": "a", "ids": ["x"]}')
    assert arguments.parameters == (("n", "10"), ("name", "'a'"), ("ids", "['x']"))
    assert read_arguments("bigquery", " --params $p").parameters == ()
    assert read_arguments("bigquery", " --params {broken").parameters == ()


def test_table_and_dry_run() -> None:
    arguments = read_arguments("bigquery", " --destination_table d.t --dry_run")
    assert (arguments.table, arguments.dry_run) == ("d.t", True)


def test_sql_magic_with_statement_or_variable() -> None:
    assert read_arguments("sql", " SELECT 1 FROM t").statement == "SELECT 1 FROM t"
    assert read_arguments("sql", " result <<").destination == "result"
    assert read_arguments("sql", " --output df").destination == "df"
