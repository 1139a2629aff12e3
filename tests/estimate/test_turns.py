"""How many turns WHILE loops take, from the text of a script to runs and dollars."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from costguard.catalog.model import Catalog
from costguard.estimate.run import Frames, estimate
from costguard.estimate.settings import EstimateSettings
from costguard.facts.merge import merge
from costguard.facts.source import facts_of
from costguard.model import Extraction, PythonFacts, SqlText
from tests.estimate.statements import NOW, query_of
from tests.estimate.warehouse import plain_table

TABLE = plain_table()


def scanned(script: str, settings: EstimateSettings | None = None, **around: int) -> Frames:
    """The frames of a script; `around`: `loop_depth` and `loop_turns` of the code that runs it."""
    extraction = Extraction("sql", (script,), (SqlText(script, "file", **around),), PythonFacts(), ())  # type: ignore[arg-type]
    rows = facts_of(extraction, "sql/script.sql", len(script), is_test=False)
    return estimate(merge([rows]), Catalog({TABLE["name"]: TABLE}), settings or EstimateSettings(NOW))


def turns(script: str) -> int | None:
    found = query_of(scanned(script))["loop_turns"]
    assert found is None or isinstance(found, int)
    return found


def loop(kind: str, start: str, condition: str, step: str) -> str:
    return f"DECLARE v {kind} DEFAULT {start}; WHILE {condition} DO SELECT a FROM p.d.plain; SET v = {step}; END WHILE"


@pytest.mark.parametrize(
    ("start", "condition", "step", "expected"),
    [
        ("0", "v < 10", "v + 1", 10),  # 0 .. 9
        ("0", "v <= 10", "v + 1", 11),  # 0 .. 10
        ("1", "v < 10", "v + 2", 5),  # 1 3 5 7 9
        ("1", "v <= 10", "v + 3", 4),  # 1 4 7 10
        ("1", "10 > v", "1 + v", 9),
        ("10", "v > 0", "v - 1", 10),  # 10 .. 1
        ("10", "v >= 0", "v - 1", 11),  # 10 .. 0
        ("10", "0 <= v", "v - 4", 3),  # 10 6 2
        ("10", "v > 0", "v + -1", 10),
        ("0", "v != 10", "v + 5", 2),  # 0 5
        ("10", "v != 0", "v - 2", 5),
        ("10", "v <> 10", "v + 1", 0),
        ("10", "v < 10", "v + 1", 0),
        ("10", "v < 10", "v - 1", 0),
        ("2 * 3", "(v < 2 * 5)", "v + 1", 4),  # 6 7 8 9
        ("0", "v < 100000", "v + 1", 100_000),
        ("0", "v < 100001", "v + 1", None),  # more than anybody means
        ("0", "v < 10", "v - 1", None),  # never ends
        ("0", "v > -1", "v + 1", None),
        ("0", "v < 10", "v + 0", None),
        ("0", "v != 3", "v + 2", None),  # steps over it
        ("0", "v != -2", "v + 2", None),
        ("0", "v < 10", "v * 2", None),
        ("0", "v < 10", "1 - v", None),
        ("0", "v < 10", "10", None),
        ("0", "v < 10 AND TRUE", "v + 1", None),
        ("0", "v + 1 < 10", "v + 1", None),
        ("0", "v < (SELECT MAX(a) FROM p.d.plain)", "v + 1", None),
        ("0", "v < @n", "v + 1", None),
        ("0", "v = 0", "v + 1", None),
        ("(SELECT 1)", "v < 10", "v + 1", None),
    ],
)
def test_whole_numbers(start: str, condition: str, step: str, expected: int | None) -> None:
    script = loop("INT64", start, condition, step)
    frames = scanned(script)
    last = frames["queries"].row(-1, named=True)
    assert last["loop_turns"] == expected


@pytest.mark.parametrize(
    ("kind", "start", "condition", "step", "expected"),
    [
        # NOW is 2026-11-01 05:30 UTC.
        (
            "DATE",
            "DATE_SUB(CURRENT_DATE(), INTERVAL 7 DAY)",
            "v < CURRENT_DATE()",
            "DATE_ADD(v, INTERVAL 1 DAY)",
            7,
        ),
        ("DATE", "CURRENT_DATE() - 7", "v <= CURRENT_DATE()", "v + 1", 8),
        # Los Angeles is still on 31 October.
        (
            "DATE",
            "'2026-10-30'",
            "v <= CURRENT_DATE('America/Los_Angeles')",
            "DATE_ADD(v, INTERVAL 1 DAY)",
            2,
        ),
        ("DATE", "DATE '2026-01-31'", "v > DATE '2026-01-01'", "DATE_SUB(v, INTERVAL 1 DAY)", 30),
        ("DATE", "'2026-01-01'", "v <= '2026-12-31'", "DATE_ADD(v, INTERVAL 1 MONTH)", 12),
        ("DATE", "'2024-01-01'", "'2026-12-31' >= v", "DATE_ADD(v, INTERVAL 1 YEAR)", 3),
        ("DATE", "'2026-01-01'", "v < '2026-02-01'", "DATE_ADD(v, INTERVAL 1 WEEK)", 5),  # 1 8 15 22 29
        ("DATE", "'2026-01-01'", "v != '2026-01-15'", "DATE_ADD(v, INTERVAL 7 DAY)", 2),
        ("DATE", "'2026-01-01'", "v != '2026-01-15'", "DATE_ADD(v, INTERVAL 5 DAY)", None),
        ("DATE", "'2026-01-01'", "v < '2026-02-01'", "DATE_SUB(v, INTERVAL 1 DAY)", None),
        ("DATE", "'2026-01-01'", "v < '2025-02-01'", "DATE_ADD(v, INTERVAL 1 DAY)", 0),
        ("DATE", "'2026-01-01'", "v < '2026-02-01'", "DATE_ADD(v, INTERVAL 1 HOUR)", None),
        ("DATE", "'2026-01-01'", "v < 7", "DATE_ADD(v, INTERVAL 1 DAY)", None),
        (
            "TIMESTAMP",
            "TIMESTAMP_TRUNC(CURRENT_TIMESTAMP(), HOUR)",
            "v > TIMESTAMP '2026-11-01 00:00:00'",
            "TIMESTAMP_SUB(v, INTERVAL 1 HOUR)",
            5,  # 05 04 03 02 01
        ),
        ("TIMESTAMP", "'2026-11-01'", "v < '2026-11-02'", "TIMESTAMP_ADD(v, INTERVAL 6 HOUR)", 4),
        ("DATETIME", "'2026-11-01'", "v < '2026-11-02'", "v + INTERVAL 12 HOUR", 2),
    ],
)
def test_moments(kind: str, start: str, condition: str, step: str, expected: int | None) -> None:
    assert turns(loop(kind, start, condition, step)) == expected


def test_the_bound_may_be_a_variable_that_follows_from_another() -> None:
    script = (
        "DECLARE first DATE DEFAULT DATE '2026-10-01'; DECLARE last DATE DEFAULT DATE_ADD(first, INTERVAL 9 DAY);"
        "DECLARE d DATE DEFAULT first;"
        "WHILE d <= last DO SELECT a FROM p.d.plain; SET d = DATE_ADD(d, INTERVAL 1 DAY); END WHILE"
    )
    assert turns(script) == 10


def test_a_bound_that_moves_leaves_the_loop_unknown() -> None:
    script = (
        "DECLARE i DEFAULT 0; DECLARE n DEFAULT 10;"
        "WHILE i < n DO SELECT a FROM p.d.plain; SET i = i + 1; IF x THEN SET n = n - 1; END IF; END WHILE"
    )
    assert turns(script) is None


def test_a_declared_parameter_gives_the_bound() -> None:
    script = loop("INT64", "0", "v < @n", "v + 1")
    settings = EstimateSettings(NOW, parameters=(("n", "4"),))
    # A parameter is no constant of the script itself: the loop stays unknown rather than half known.
    assert query_of(scanned(script, settings))["loop_turns"] is None


def test_turns_follow_the_clock() -> None:
    script = loop("DATE", "'2026-10-31'", "v <= CURRENT_DATE()", "DATE_ADD(v, INTERVAL 1 DAY)")
    later = EstimateSettings(datetime(2026, 11, 4, tzinfo=UTC))
    assert (turns(script), query_of(scanned(script, later))["loop_turns"]) == (2, 5)


def test_loops_multiply_within_the_script_and_with_those_of_the_code_around() -> None:
    script = (
        "DECLARE i DEFAULT 0; DECLARE j INT64; WHILE i < 3 DO "
        "FOR r IN (SELECT * FROM UNNEST(['x', 'y'])) DO SET j = 0; "
        "WHILE j < 5 DO SELECT a FROM p.d.plain; SET j = j + 1; END WHILE; END FOR; SET i = i + 1; END WHILE"
    )
    last = scanned(script)["queries"].row(-1, named=True)
    assert (last["loop_depth"], last["loop_turns"], last["runs"]) == (3, 30, 30.0)  # 3 x 2 x 5
    inside = scanned(script, loop_depth=1, loop_turns=4)["queries"].row(-1, named=True)
    assert (inside["loop_depth"], inside["loop_turns"]) == (4, 120)
    unknown = scanned(script, loop_depth=1)["queries"].row(-1, named=True)
    assert unknown["loop_turns"] is None


def test_a_loop_over_an_empty_list_runs_nothing_in_code_that_loops_too() -> None:
    script = "FOR r IN (SELECT * FROM UNNEST([])) DO SELECT a FROM p.d.plain; END FOR"
    last = scanned(script, loop_depth=1, loop_turns=4)["queries"].row(-1, named=True)
    assert last["loop_turns"] == 0


def test_runs_are_written_and_dollars_follow() -> None:
    once = query_of(scanned("SELECT a FROM p.d.plain"))
    counted = query_of(scanned(loop("INT64", "0", "v < 7", "v + 1")))
    assert (once["runs"], once["runs_basis"]) == (1.0, "assumed")
    assert (counted["runs"], counted["runs_basis"]) == (7.0, "written")
    assert counted["usd"] == once["usd"]
    assert counted["usd_per_iteration"] == pytest.approx(7 * once["usd_per_iteration"], rel=1e-12)


def test_declared_runs_of_the_file_are_runs_of_the_whole_script() -> None:
    settings = EstimateSettings(NOW, runs=(("sql/*.sql", 2.0),))
    found = query_of(scanned(loop("INT64", "0", "v < 7", "v + 1"), settings))
    assert (found["runs"], found["runs_basis"]) == (14.0, "declared")


def runs(script: str) -> list[float]:
    """Runs of each statement of a script that counts with `i` from 0."""
    return scanned(f"DECLARE i INT64 DEFAULT 0; {script}")["queries"]["runs"].to_list()


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        # i is 1, 2, 3, 4 at the way out: four times up to there, three times beyond
        ("LOOP SELECT 1; SET i = i + 1; IF i >= 4 THEN BREAK; END IF; SELECT 2; END LOOP", [4, 3]),
        ("LOOP SELECT 1; SET i = i + 1; IF 4 <= i THEN LEAVE; END IF; END LOOP", [4]),
        ("a: LOOP SET i = i + 1; IF i = 4 THEN LEAVE a; END IF; SELECT 1; END LOOP a", [3]),
        # i is 0, 1, 2, 3, 4 at the way out
        ("LOOP IF i >= 4 THEN BREAK; END IF; SELECT 1; SET i = i + 1; END LOOP", [4]),
        ("LOOP SELECT 1; IF i > 4 THEN BREAK; END IF; SET i = i + 2; SELECT 2; END LOOP", [4, 3]),  # 0 2 4 6
        ("REPEAT SELECT 1; SET i = i + 1; UNTIL i >= 4 END REPEAT", [4]),
        ("REPEAT SET i = i + 3; SELECT 1; UNTIL i > 4 END REPEAT", [2]),  # 3 6
        ("REPEAT SET i = i + 1; SELECT 1; UNTIL i >= 0 END REPEAT", [1]),  # once at least
        (
            "WHILE i < 2 DO BEGIN DECLARE j INT64 DEFAULT 0; REPEAT SELECT 1; SET j = j + 1; UNTIL j = 3 END REPEAT; "
            "END; SET i = i + 1; END WHILE",
            [6],
        ),
        # not known: another way out, another condition, another loop that is left
        (
            "LOOP SELECT 1; SET i = i + 1; IF i >= 4 THEN BREAK; END IF; IF x THEN BREAK; END IF; END LOOP",
            [1],
        ),
        ("LOOP SELECT 1; SET i = i + 1; IF i >= 4 THEN SELECT 2; ELSE BREAK; END IF; END LOOP", [1, 1]),
        ("LOOP SELECT 1; IF x THEN SET i = i + 1; END IF; IF i >= 4 THEN BREAK; END IF; END LOOP", [1]),
        ("LOOP SELECT 1; SET i = i + 1; IF i >= 4 OR x THEN BREAK; END IF; END LOOP", [1]),
        ("a: LOOP LOOP SELECT 1; SET i = i + 1; IF i >= 4 THEN LEAVE a; END IF; END LOOP; END LOOP a", [1]),
        ("REPEAT SELECT 1; SET i = i - 1; UNTIL i >= 4 END REPEAT", [1]),  # never ends
    ],
)
def test_loops_with_the_way_out_inside(script: str, expected: list[float]) -> None:
    assert runs(script) == expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("SELECT a FROM p.d.plain", 1_000),
        ("SELECT * FROM p.d.plain ORDER BY a", 1_000),
        ("SELECT a FROM p.d.plain LIMIT 7", 7),
        ("SELECT a FROM p.d.plain LIMIT 7000", 1_000),
        ("SELECT a FROM p.d.plain WHERE b = 'x'", 1),  # not known
        ("SELECT DISTINCT a FROM p.d.plain", 1),
        ("SELECT a FROM p.d.plain GROUP BY a", 1),
        ("SELECT MAX(a) FROM p.d.plain", 1),
        ("SELECT x.a FROM p.d.plain AS x, p.d.plain AS y", 1),
        ("SELECT a FROM p.d.plain UNION ALL SELECT b FROM p.d.plain", 1),
        ("SELECT a FROM p.d.plain LIMIT 7 OFFSET 3", 1),
        ("SELECT a FROM p.d.other", 1),
        ("SELECT a FROM p.d.plain TABLESAMPLE SYSTEM (10 PERCENT)", 1),
    ],
)
def test_a_loop_over_a_table_takes_a_turn_for_each_row(rows: str, expected: float) -> None:
    found = scanned(f"FOR r IN ({rows}) DO SELECT b FROM p.d.plain; END FOR")["queries"]
    assert found["runs"].to_list() == [1, expected]


def test_what_stands_behind_false_runs_never() -> None:
    found = scanned("IF FALSE THEN SELECT a FROM p.d.plain; END IF")["queries"].row(0, named=True)
    assert (found["runs"], found["runs_basis"], found["usd_per_iteration"]) == (0.0, "written", 0.0)
    assert found["usd"] > 0  # a run, if there were one
