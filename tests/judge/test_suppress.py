"""Inline ignores: what they cover, and what is said about those that do nothing."""

from __future__ import annotations

import doctest
from dataclasses import replace
from datetime import date

import pytest

from costguard.judge import python_text
from costguard.judge.rulebook import Rulebook
from costguard.judge.suppress import IgnoreTerms, find_ignores, suppress
from costguard.model import Span
from costguard.result import Finding
from tests.judge.pages import rule
from tests.render.results import finding as made
from tests.render.results import query

TERMS = IgnoreTerms(date(2026, 11, 1))
BOOK = Rulebook((rule("every-column", aliases="[star]"), rule("order-by")))


def at(line: int, name: str = "every-column", end: int | None = None, cell: int | None = None) -> Finding:
    return made(rule=name, path="q.sql", span=Span(line, 1, end or line, 9, cell), suppressed=None)


def marked(
    text: str,
    *findings: Finding,
    statement: tuple[int, int] | None = None,
    cell: int | None = None,
    terms: IgnoreTerms = TERMS,
) -> dict[str, object]:
    """Rule and line -> reason (None: not silenced); housekeeping by rule and line -> its message."""
    queries = []
    if statement is not None:
        queries.append(query(span=Span(statement[0], 1, statement[1], 9, cell)))
    done = suppress(findings, find_ignores("q.sql", text, cell), queries, BOOK, terms)
    return {
        f"{item.rule}:{item.span.start_line}": item.message
        if item.rule.endswith("-ignore")
        else item.suppressed
        for item in done
    }


# -- reading -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "ids", "reason"),
    [
        ("-- costguard: ignore[star] it is small", ("star",), "it is small"),
        ("-- costguard: ignore[star]", ("star",), ""),
        ("--costguard:ignore[star,order-by]: both", ("star", "order-by"), "both"),
        ("-- costguard: ignore[ star , order-by ] both", ("star", "order-by"), "both"),
        ("/* costguard: ignore[star] small */", ("star",), "small"),
        ("{# costguard: ignore[star] small #}", ("star",), "small"),
        ("# costguard: ignore[star] small", ("star",), "small"),
        ("# type: ignore  # costguard: ignore[star] small", ("star",), "small"),
        ("-- costguard: ignore all of it", (), "all of it"),
        ("-- costguard: ignore[]", (), ""),
    ],
)
def test_comments(line: str, ids: tuple[str, ...], reason: str) -> None:
    (ignore,) = find_ignores("q.sql", f"{line}\nSELECT 1")
    assert (ignore.ids, ignore.reason, ignore.alone, ignore.target) == (ids, reason, True, 2)


@pytest.mark.parametrize(
    "line",
    ["SELECT 1", "-- costguard: ignored[star]", "costguard: ignore[star]", "-- costguard ignore[star]", ""],
)
def test_what_is_no_ignore(line: str) -> None:
    assert find_ignores("q.sql", line) == []


PYTHON = '''\
"""Write `-- costguard: ignore[star] why`, or:

    # costguard: ignore[order-by] why
"""


def run(client):
    """Its own -- costguard: ignore[star]"""; client.start()
    f"""Another one: {client} -- costguard: ignore[star]"""
    client.query("""
        -- costguard: ignore[star] small
        SELECT * FROM t  /* costguard: ignore[order-by] tidy */
    """)
    client.query("SELECT * FROM `t` -- costguard: ignore[star] once")
    client.query(f"SELECT * FROM {client} -- costguard: ignore[star] twice")
    raise ValueError("say why: `-- costguard: ignore[star] why`")  # costguard: ignore[order-by] here
'''


def test_in_python_comments_and_sql_count_and_docstrings_do_not() -> None:
    found = find_ignores("a.py", PYTHON)
    assert [(item.span.start_line, item.ids[0], item.alone) for item in found] == [
        (11, "star", True),
        (12, "order-by", False),
        (14, "star", False),
        (15, "star", False),
        (16, "order-by", False),
    ]
    in_cell = [replace(item, path="nb.ipynb", span=replace(item.span, cell=3)) for item in found]
    assert find_ignores("nb.ipynb", PYTHON, 3) == in_cell


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("%%bigquery\n-- costguard: ignore[star]\nSELECT '", [2]),  # no Python
        ('"""-- costguard: ignore[star]"""\n!ls $(\n# costguard: ignore[star]', [3]),  # not all of it
        ('x = 1\n"""-- costguard: ignore[star]', [2]),  # not finished: read as it stands
    ],
)
def test_cells_that_are_not_quite_python(text: str, lines: list[int]) -> None:
    assert [item.span.start_line for item in find_ignores("nb.ipynb", text, 1)] == lines


def test_examples_in_docstrings() -> None:
    done = doctest.testmod(python_text)
    assert (done.failed, done.attempted) == (0, 1)


def test_a_comment_behind_code() -> None:
    (ignore,) = find_ignores("q.sql", "SELECT *  -- costguard: ignore[star] small\nFROM t")
    assert (ignore.alone, ignore.target, ignore.span) == (False, 1, Span(1, 11, 1, 43))


# -- covering ------------------------------------------------------------------------------------------


def test_on_the_line() -> None:
    text = "SELECT *  -- costguard: ignore[every-column] small\n"
    assert marked(text, at(1), at(2)) == {"every-column:1": "small", "every-column:2": None}


def test_on_the_last_line_of_what_is_found() -> None:
    assert marked("call(\n)  # costguard: ignore[every-column] small\n", at(1, end=2)) == {
        "every-column:1": "small"
    }


def test_on_the_line_above() -> None:
    text = "-- costguard: ignore[every-column] small\nSELECT *\nFROM t\n"
    assert marked(text, at(2), at(3)) == {"every-column:2": "small", "every-column:3": None}


def test_comments_and_empty_lines_between() -> None:
    text = "-- costguard: ignore[every-column] small\n\n-- more\n/* and\n * more */\nSELECT *\n"
    assert marked(text, at(6)) == {"every-column:6": "small"}


@pytest.mark.parametrize("between", range(4))
def test_the_next_line_of_code_is_meant_however_far(between: int) -> None:
    text = "-- costguard: ignore[every-column] small\n" + "-- more\n" * between + "SELECT *\nFROM t\n"
    done = marked(text, at(between + 2), at(between + 3))
    assert done == {f"every-column:{between + 2}": "small", f"every-column:{between + 3}": None}


def test_above_a_statement_all_of_it_is_covered() -> None:
    text = "-- costguard: ignore[every-column] small\nSELECT a,\n  b.*\nFROM t;\nSELECT *"
    done = marked(text, at(3), at(4), at(5), statement=(2, 4))
    assert done == {"every-column:3": "small", "every-column:4": "small", "every-column:5": None}


def test_behind_the_first_line_of_a_statement_only_that_line() -> None:
    text = "SELECT a, -- costguard: ignore[every-column] small\n  b.*\nFROM t"
    assert marked(text, at(1), at(2), statement=(1, 3)) == {"every-column:1": "small", "every-column:2": None}


def test_above_a_later_line_of_a_statement_only_that_line() -> None:
    text = "SELECT a,\n-- costguard: ignore[every-column] small\n  b.*\nFROM t"
    done = marked(text, at(3), at(4), statement=(1, 4))
    assert done == {"every-column:3": "small", "every-column:4": None}


def test_only_the_named_rules() -> None:
    text = "SELECT *  -- costguard: ignore[order-by] small\n"
    assert marked(text, at(1), at(1, "order-by")) == {"every-column:1": None, "order-by:1": "small"}


def test_an_alias_is_a_name() -> None:
    assert marked("SELECT *  -- costguard: ignore[star] small\n", at(1)) == {"every-column:1": "small"}


def test_without_a_reason() -> None:
    assert marked("SELECT *  -- costguard: ignore[every-column]\n", at(1)) == {"every-column:1": ""}


def test_another_file_or_cell_is_not_covered() -> None:
    ignores = find_ignores("q.sql", "SELECT *  -- costguard: ignore[every-column] small", 2)
    here, there = at(1, cell=2), at(1, cell=3)
    other = made(rule="every-column", path="r.sql", span=Span(1, 1, 1, 9, 2), suppressed=None)
    done = suppress([here, there, other], ignores, [], BOOK, TERMS)
    assert [item.suppressed for item in done] == ["small", None, None]


# -- housekeeping --------------------------------------------------------------------------------------


def test_a_blanket_ignore_silences_nothing() -> None:
    assert marked("SELECT *  -- costguard: ignore it all\n", at(1)) == {
        "every-column:1": None,
        "blanket-ignore:1": "this ignore names no rule, so it silences nothing",
    }


def test_an_unused_ignore() -> None:
    assert marked("SELECT a  -- costguard: ignore[every-column, order-by] small\n") == {
        "unused-ignore:1": "nothing here is found by every-column, order-by"
    }


def test_one_of_several_is_enough() -> None:
    text = "SELECT *  -- costguard: ignore[every-column, order-by] small\n"
    assert marked(text, at(1)) == {"every-column:1": "small"}


def test_an_unknown_rule() -> None:
    text = "SELECT *  -- costguard: ignore[every-column, nope] small\n"
    assert marked(text, at(1)) == {"every-column:1": "small", "unknown-ignore:1": "no rule is called 'nope'"}
    assert marked("SELECT *  -- costguard: ignore[nope]\n") == {
        "unknown-ignore:1": "no rule is called 'nope'"
    }


def test_housekeeping_findings() -> None:
    text = "-- costguard: ignore\n-- costguard: ignore[nope]\n-- costguard: ignore[order-by]\nSELECT 1\n"
    done = suppress([], find_ignores("q.sql", text), [], BOOK, TERMS)
    assert [(item.rule, item.severity, item.help) for item in done] == [
        ("blanket-ignore", "warning", "name the rules: costguard: ignore[rule-id] reason"),
        ("unknown-ignore", "warning", "`costguard rules` lists them"),
        ("unused-ignore", "note", "delete the comment"),
    ]
    assert all((item.query, item.wasted_bytes, item.wasted_usd) == (None, None, None) for item in done)


def test_equal_ignores_have_fingerprints_of_their_own() -> None:
    text = "SELECT 1 -- costguard: ignore\n;SELECT 2 -- costguard: ignore\n;SELECT 3 -- costguard: ignore\n"
    three = [item.fingerprint for item in suppress([], find_ignores("q.sql", text), [], BOOK, TERMS)]
    assert len(set(three)) == 3
    first = "SELECT 1 -- costguard: ignore\n"
    assert [
        item.fingerprint for item in suppress([], find_ignores("q.sql", first), [], BOOK, TERMS)
    ] == three[:1]


# -- days and reasons ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "reason", "until"),
    [
        ("-- costguard: ignore[star] small until=2026-12-31", "small", "2026-12-31"),
        ("-- costguard: ignore[star] until=2026-12-31 it is small", "it is small", "2026-12-31"),
        ("/* costguard: ignore[star] until=2026-12-31 */", "", "2026-12-31"),
        ("-- costguard: ignore[star] until=", "", ""),
        ("-- costguard: ignore[star] not until=then", "not", "then"),
        ("-- costguard: ignore[star] x_until=2026-12-31", "x_until=2026-12-31", None),
    ],
)
def test_a_last_day(line: str, reason: str, until: str | None) -> None:
    (ignore,) = find_ignores("q.sql", f"{line}\nSELECT 1")
    assert (ignore.reason, ignore.until) == (reason, until)


@pytest.mark.parametrize(
    ("today", "holds"), [(date(2026, 10, 31), True), (date(2026, 11, 1), True), (date(2026, 11, 2), False)]
)
def test_an_ignore_holds_through_its_last_day(today: date, holds: bool) -> None:
    text = "SELECT *  -- costguard: ignore[every-column] small until=2026-11-01\n"
    assert marked(text, at(1), terms=IgnoreTerms(today)) == (
        {"every-column:1": "small (until 2026-11-01)"}
        if holds
        else {
            "every-column:1": None,
            "expired-ignore:1": "this ignore held until 2026-11-01 and silences nothing now",
        }
    )


@pytest.mark.parametrize("day", ["", "soon", "2026-02-30", "20261231", "2026-W47-1", "2026-12-31."])
def test_a_day_that_is_none(day: str) -> None:
    text = f"SELECT *  -- costguard: ignore[every-column] small until={day}\n"
    assert marked(text, at(1)) == {
        "every-column:1": None,
        "misdated-ignore:1": f"until={day} is no day, so this ignore silences nothing",
    }


def test_a_day_without_a_reason() -> None:
    text = "SELECT *  -- costguard: ignore[every-column] until=2026-11-01\n"
    assert marked(text, at(1)) == {"every-column:1": "(until 2026-11-01)"}


def test_another_ignore_may_still_hold() -> None:
    text = (
        "-- costguard: ignore[every-column] old until=2026-01-01\n"
        "SELECT *  -- costguard: ignore[every-column] small\n"
    )
    assert marked(text, at(2)) == {
        "every-column:2": "small",
        "expired-ignore:1": "this ignore held until 2026-01-01 and silences nothing now",
    }


def test_what_silences_nothing_is_unused_and_not_expired() -> None:
    text = "SELECT 1  -- costguard: ignore[every-column] old until=2026-01-01\n"
    assert marked(text) == {"unused-ignore:1": "nothing here is found by every-column"}


def test_a_reason_may_be_required() -> None:
    strict = IgnoreTerms(date(2026, 11, 1), require_reason=True)
    bare = "SELECT *  -- costguard: ignore[every-column]\n"
    assert marked(bare, at(1), terms=strict) == {
        "every-column:1": None,
        "unexplained-ignore:1": "this ignore gives no reason, so it silences nothing (`require_reason` in the config)",
    }
    told = "SELECT *  -- costguard: ignore[every-column] small\n"
    assert marked(told, at(1), terms=strict) == {"every-column:1": "small"}
    dated = "SELECT *  -- costguard: ignore[every-column] until=2026-01-01\n"
    assert set(marked(dated, at(1), terms=strict)) == {
        "every-column:1",
        "unexplained-ignore:1",
        "expired-ignore:1",
    }


def test_fingerprints_take_the_path_of_the_project() -> None:
    inner = IgnoreTerms(date(2026, 11, 1), name=lambda path: f"models/{path}")
    text = "SELECT 1  -- costguard: ignore\n"
    (here,) = suppress([], find_ignores("q.sql", text), [], BOOK, inner)
    (there,) = suppress([], find_ignores("models/q.sql", text), [], BOOK, TERMS)
    assert here.fingerprint == there.fingerprint
