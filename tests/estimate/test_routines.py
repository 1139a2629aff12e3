"""What statements read through functions."""

from __future__ import annotations

import pytest

from costguard.estimate.run import Frames, estimate
from costguard.estimate.settings import EstimateSettings
from costguard.extract.sqlfile import extract_sql
from costguard.facts.merge import merge
from costguard.facts.source import facts_of
from tests.estimate.statements import NOW, bytes_of, catalog_of, query_of, script_estimated
from tests.estimate.warehouse import days, partitioned, plain_table

# a 8,000 bytes, b 16,000, c 12,000
PLAIN = plain_table()
# Three days; 800 bytes of dt, 800 of v and 1,200 of s in each.
EVENTS = partitioned("ev", days("2026-10-29", 3))

SINCE = "CREATE TEMP FUNCTION since(d0 DATE) AS ((SELECT SUM(v) FROM p.d.ev WHERE dt >= d0)); "
LARGEST = "CREATE TEMP FUNCTION largest() AS ((SELECT MAX(c) FROM p.d.plain)); "


@pytest.mark.parametrize(
    ("script", "count"),
    [
        (SINCE + "SELECT since('2026-10-30')", 3_200),  # dt and v of two days
        (SINCE + "SELECT since('2026-10-31'), since('2026-10-30'), since('2026-10-30')", 3_200),
        (SINCE + "DECLARE d0 DATE DEFAULT '2026-10-29'; SELECT since(DATE_ADD(d0, INTERVAL 2 DAY))", 1_600),
        (SINCE + "SELECT since('2026-12-01')", 0),
        (SINCE + "SELECT a FROM p.d.plain", 8_000),
        # the column of a table inside hides a parameter
        (
            "CREATE TEMP FUNCTION f(a INT64) AS ((SELECT MAX(c) FROM p.d.plain AS q WHERE q.a = a)); SELECT f(1)",
            20_000,
        ),
        (LARGEST + "SELECT a FROM p.d.plain WHERE c = largest()", 20_000),
        (LARGEST + "SELECT a FROM (SELECT a, largest() AS unused FROM p.d.plain)", 8_000),
        (LARGEST + "CREATE TEMP FUNCTION twice() AS (CONCAT(largest(), 'x')); SELECT twice()", 12_000),
        (
            "CREATE TABLE FUNCTION p.d.of_day(d0 DATE) AS SELECT v, s FROM p.d.ev WHERE dt = d0; "
            "SELECT v FROM p.d.of_day('2026-10-30')",
            1_600,
        ),
    ],
)
def test_a_function_reads_where_it_is_called(script: str, count: int) -> None:
    frames = script_estimated(script, PLAIN, EVENTS)
    assert bytes_of(query_of(frames, frames["queries"].height - 1)) == (count, count, count, "exact")


def test_an_argument_that_only_the_run_knows_may_narrow_what_a_function_reads() -> None:
    frames = script_estimated(SINCE + "SELECT since(day) FROM p.d.days", PLAIN, EVENTS, DAYS)
    # 8,000 bytes of `day`, and at most dt and v of three days
    assert bytes_of(query_of(frames, 1)) == (8_000, 12_800, 12_800, "upper-bound")


DAYS = plain_table("days")
DAYS["columns"][0]["path"] = "day"


def files_estimated(*texts: str) -> Frames:
    rows = [facts_of(extract_sql(text, "bigquery"), "q.sql", len(text), is_test=False) for text in texts]
    return estimate(merge(rows), catalog_of(PLAIN, EVENTS), EstimateSettings(NOW))


@pytest.mark.parametrize(
    ("definition", "basis"),
    [
        ("SELECT 1", "lower-bound"),  # nowhere
        ("CREATE FUNCTION d.f(x INT64) AS (x + 1)", "exact"),
        ("CREATE FUNCTION other.d.f(x INT64) AS (x + 1)", "exact"),
        ("CREATE FUNCTION d.f(x INT64) RETURNS INT64 LANGUAGE js AS 'return x'", "exact"),
        ("CREATE FUNCTION d.f(x INT64) AS ((SELECT MAX(v) FROM p.d.ev))", "lower-bound"),
        ("CREATE FUNCTION d.f(x INT64) AS (d.nowhere(x))", "lower-bound"),
        ("CREATE FUNCTION d.g(x INT64) AS (x); CREATE FUNCTION d.f(x INT64) AS (d.g(x))", "exact"),
    ],
)
def test_a_function_of_another_file(definition: str, basis: str) -> None:
    frames = files_estimated("SELECT p.d.f(a) FROM p.d.plain", definition)
    assert bytes_of(query_of(frames)) == (8_000, 8_000, 8_000, basis)


def test_a_view_that_calls_a_function_is_only_written_down() -> None:
    frames = files_estimated("CREATE VIEW p.d.v AS SELECT p.d.f(a) AS b FROM p.d.plain")
    assert bytes_of(query_of(frames)) == (0, 0, 0, "exact")
