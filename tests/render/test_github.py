"""Annotations of GitHub Actions: the dearest, in their places, and no text that is a command."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given, settings

from costguard.model import Span
from costguard.render.file_places import FilePlaces
from costguard.render.github import render_github
from costguard.result import BaselineMatter, BaselineReport, PolicyReport, ScanResult, UnreadReport, Verdict
from tests.render.hostile import VERDICTS, results
from tests.render.results import PASSED, finding, query, result, texts, usd

PLACES = FilePlaces(
    texts(n__ipynb='{"cells": [\n{"source": ["SELECT 1\\n",\n"FROM t"]}]}'), "/repo", "/repo/models"
)


def lines(found: ScanResult, verdict: Verdict = PASSED) -> list[str]:
    return render_github(found, verdict, PLACES).splitlines()


def test_findings_with_their_places() -> None:
    found = result(
        [query()],
        [
            finding(
                "a,b:c.sql",
                3,
                severity="error",
                span=Span(3, 8, 3, 9),
                message="100% of it\nis read",
                wasted_usd=usd("0.25"),
                help="name them",
            ),
            finding("q.sql", 4, span=Span(4, 2, 6, 1)),
            finding("n.ipynb", span=Span(2, 6, 2, 7, cell=1), severity="note"),
            finding("n.ipynb", span=Span(9, 6, 9, 7, cell=1), severity="note"),
            finding("../../out.sql", severity="note"),
            finding("q.sql", 5, suppressed="small"),
        ],
    )
    assert lines(found) == [
        "::error file=models/a%2Cb%3Ac.sql,line=3,col=8,endColumn=9,title=select-star wastes $0.25 an iteration"
        "::100%25 of it%0Ais read. It wastes $0.25 an iteration. To fix: name them.",
        "::warning file=models/q.sql,line=4,endLine=6,title=select-star::every column is read.",
        "::notice file=models/n.ipynb,line=3,col=7,endColumn=8,title=select-star::Cell 1, line 2: "
        "every column is read.",
        "::notice file=models/n.ipynb,title=select-star::Cell 1, line 9: every column is read.",
        "::notice title=select-star::/out.sql: every column is read.",
        "costguard: 5 findings; an iteration: $6.25 for 1 query in 1 file; the gate passed.",
    ]


def test_what_the_gate_says_and_what_was_not_read_come_first() -> None:
    unread = [
        UnreadReport("b.sql", Span(1, 1, 1, 1), f"reason {number}", "PASSWORD 'x'") for number in range(7)
    ]
    unread.append(UnreadReport("b.sql", Span(2, 1, 2, 1), "reason 6"))
    assert lines(result(unread=unread), Verdict("fail", ("too dear: q.sql, 1", "and more"))) == [
        "::error title=costguard%3A the gate failed::too dear: q.sql, 1%0Aand more",
        "::warning title=costguard%3A 8 places could not be read::2 x reason 6%0A1 x reason 0%0A1 x reason 1%0A"
        "1 x reason 2%0A1 x reason 3%0A2 other reasons%0ATheir cost is in no figure.",
        "costguard: 0 findings; an iteration: no queries found in 1 file; the gate failed.",
    ]
    assert lines(result(), Verdict("error", ("no file could be read",)))[0] == (
        "::error title=costguard%3A nothing was checked::no file could be read"
    )


def test_what_a_pass_does_not_hide() -> None:
    verdict = Verdict("pass", ("1 query has no known cost", "##[add-path]x"))
    assert lines(result(), verdict) == [
        "costguard: 0 findings; an iteration: no queries found in 1 file; the gate passed (1 query has no known cost; "
        "## [add-path]x)."
    ]


def test_ten_of_a_kind_the_dearest_and_how_many_there_are_beside() -> None:
    found = result(
        findings=[
            *(finding(line=line, severity="error", wasted_usd=usd(str(line))) for line in range(1, 13)),
            *(finding(line=line) for line in range(20, 31)),
            *(finding(line=line, severity="note") for line in range(40, 50)),
        ]
    )
    shown = lines(found, Verdict("fail", ("12 findings",)))
    errors = [re.search(r"line=(\d+)", line) for line in shown if line.startswith("::error file=")]
    assert [match and match[1] for match in errors] == ["12", "11", "10", "9", "8", "7", "6", "5", "4"]
    assert sum(line.startswith("::warning") for line in shown) == 10
    assert sum(line.startswith("::notice") for line in shown) == 10
    assert shown[-2] == (
        "3 errors, 1 warning not shown here: GitHub shows 10 annotations of a kind in a step, and these are "
        "the dearest. A SARIF file holds them all."
    )


def test_the_findings_that_are_asked_for() -> None:
    found = result(findings=[finding(line=1), finding(line=2)])
    text = render_github(found, PASSED, PLACES, found.findings[1:])
    assert "line=2" in text
    assert "line=1," not in text
    assert "costguard: 1 finding;" in text


@settings(deadline=None)
@given(results(), VERDICTS)
def test_no_text_ends_a_command_or_begins_one(found: ScanResult, verdict: Verdict) -> None:
    text = render_github(found, verdict, PLACES)
    assert "\r" not in text
    *commands, last = text.removesuffix("\n").split("\n")
    count = sum(item.suppressed is None for item in found.findings)
    assert len(commands) == count + (verdict.verdict != "pass") + bool(found.unread)
    for line in commands:
        match = re.fullmatch(
            r"::(error|warning|notice) ((?:[A-Za-z]+=[^,:]*)(?:,[A-Za-z]+=[^,:]*)*)::(.*)", line
        )
        assert match, line
        assert not re.search(r"%(?!25|0A|3A|2C)", match[2])
        assert not re.search(r"%(?!25|0A)", match[3])
    assert last.startswith("costguard: ")


def test_warnings_the_baseline_and_what_policies_say() -> None:
    baseline = BaselineReport(
        "b.json", 2, expired=(BaselineMatter("f", "select-star", "q.sql", 1, "2026-10-01"),)
    )
    found = replace(
        result([query()], [finding()]), baseline=baseline, policies=(PolicyReport("no-dear", "error", 2),)
    )
    points = (finding(line=7, rule="policy/no-dear", severity="error", message="dear"),)
    text = render_github(found, Verdict("pass", (), ("too\nmuch", "more")), PLACES, points=points)
    assert text.splitlines() == [
        "::warning title=costguard%3A the gate warns::too%0Amuch%0Amore",
        "::notice title=costguard%3A the baseline::1 entry has expired and silences nothing: select-star in q.sql",
        "::error file=models/q.sql,line=7,col=1,endColumn=10,title=policy/no-dear::dear.",
        "::warning file=models/q.sql,line=1,col=1,endColumn=10,title=select-star::every column is read.",
        "costguard: 1 finding; an iteration: $6.25 for 1 query in 1 file; policies: 1 of 1 does not hold: "
        "2 violations; the gate passed.",
    ]


def test_a_failure_that_fails_nothing_is_a_warning() -> None:
    assert lines(result(), Verdict("fail", ("dear",), advisory=True))[0] == (
        "::warning title=costguard%3A the gate failed::dear%0Athe exit code is 0 all the same (--exit-zero)"
    )


def test_another_last_line() -> None:
    assert (
        render_github(result(), PASSED, PLACES, summary="One ##[x]")
        == "costguard: One ## [x]; the gate passed.\n"
    )
