"""A column of a table hides a script variable of the same name."""

from __future__ import annotations

import pytest

from tests.estimate.statements import bytes_of, query_of, scan_of, script_estimated
from tests.estimate.warehouse import days, partitioned, plain_table

# a 8,000 bytes, b 16,000, c 12,000
PLAIN = plain_table()
# Three days; 800 bytes of dt, 800 of v and 1,200 of s in each.
EVENTS = partitioned("ev", days("2026-10-29", 3))


@pytest.mark.parametrize(
    ("script", "count"),
    [
        ("DECLARE c STRING DEFAULT 'x'; SELECT c FROM p.d.plain", 12_000),
        ("DECLARE b NUMERIC; SET b = (SELECT SUM(b) FROM p.d.plain)", 16_000),
        ("DECLARE c STRING DEFAULT (SELECT MAX(c) FROM p.d.plain)", 12_000),
        ("CREATE PROCEDURE p.d.pr(a INT64, c STRING) BEGIN SELECT a, c FROM p.d.plain; END", 20_000),
        ("DECLARE c STRING; INSERT INTO p.d.other (c) SELECT c FROM p.d.plain", 12_000),
        ("DECLARE c STRING; FOR r IN (SELECT c FROM p.d.plain) DO SELECT r.c; END FOR", 12_000),
        ("DECLARE c STRING; SELECT k FROM (SELECT c AS k FROM p.d.plain)", 12_000),
        ("DECLARE c STRING; WITH q AS (SELECT * FROM p.d.plain) SELECT c FROM q WHERE a = 1", 20_000),
        ("DECLARE c STRING; SELECT v FROM p.d.ev JOIN p.d.plain ON a = v WHERE c = 'x'", 22_400),
        # EXECUTE IMMEDIATE sees no variables
        ("DECLARE c STRING; EXECUTE IMMEDIATE 'SELECT c FROM p.d.plain'", 12_000),
        # a variable that no column hides
        ("DECLARE x STRING DEFAULT 'x'; SELECT x, a FROM p.d.plain WHERE c = x", 20_000),
        ("DECLARE c STRING; SELECT c FROM p.d.ev", 0),
        # what is sure to be a column of the subquery is not looked for in the table
        ("DECLARE k STRING; SELECT k FROM (SELECT a AS k, c FROM p.d.plain)", 8_000),
    ],
)
def test_what_a_script_reads(script: str, count: int) -> None:
    frames = script_estimated(script, PLAIN, EVENTS)
    assert bytes_of(query_of(frames)) == (count, count, count, "exact")


def test_a_condition_on_a_column_of_a_variables_name_compares_the_column() -> None:
    script = "DECLARE dt DATE DEFAULT '2026-10-31'; SELECT v FROM p.d.ev WHERE "
    same = scan_of(script_estimated(script + "dt = dt", EVENTS))
    assert (same["pruning"], same["bytes"]) == ("defeated", 4_800)  # dt and v of three days
    literal = scan_of(script_estimated(script + "dt = '2026-10-30'", EVENTS))
    assert (literal["partitions_kept"], literal["bytes"]) == (1, 1_600)
    inside = scan_of(
        script_estimated(script.replace("p.d.ev", "(SELECT * FROM p.d.ev)") + "dt = '2026-10-30'", EVENTS)
    )
    assert (inside["partitions_kept"], inside["bytes"]) == (1, 1_600)


def test_a_condition_on_a_variable_prunes() -> None:
    script = "DECLARE d0 DATE DEFAULT '2026-10-31'; SELECT v FROM p.d.ev WHERE dt >= d0"
    assert scan_of(script_estimated(script, EVENTS))["partitions_kept"] == 1


def test_of_a_table_that_is_not_known_a_variable_is_no_column() -> None:
    frames = script_estimated("DECLARE c STRING; SELECT c, k FROM p.d.nowhere")
    assert frames["columns_read"]["column"].to_list() == ["k"]
    frames = script_estimated("DECLARE c STRING; SELECT c, k FROM p.d.nowhere JOIN p.d.ev ON v = 1", EVENTS)
    # k may be a column of either table, as far as the text goes; ev has none
    assert sorted(frames["columns_read"]["column"].to_list()) == ["k", "v"]
