"""The rules that are asked for are run, ignores and the config's severities applied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from costguard.estimate.compute import MachinePrice
from costguard.facts.places import Places
from costguard.judge.findings import choose, judged
from costguard.judge.rule_rows import rule_rows
from costguard.judge.rulebook import Rulebook, RulebookError
from costguard.judge.suppress import IgnoreTerms
from costguard.query_reports import query_ids, query_reports
from costguard.result import Finding, Severity
from tests.judge.pages import estimated, rule

TERMS = IgnoreTerms(date(2026, 11, 1))
STAR = 'SELECT star_at AS at, query, "table" FROM scans WHERE star'
BOOK = Rulebook(
    (
        rule("every-column", STAR, aliases="[star]"),
        rule("order-by", 'SELECT at, query, kind AS "table" FROM joins'),
    )
)
STARS = """SELECT *  -- costguard: ignore[every-column] small
FROM p.d.t;
SELECT * FROM p.d.t;
SELECT 1 -- costguard: ignore[order-by]
"""


def ids(only: list[str] | None, ignored: list[str]) -> list[str]:
    return [item.id for item in choose(BOOK, only, ignored)]


def test_choose() -> None:
    assert ids(None, []) == ["every-column", "order-by"]
    assert ids(["star"], []) == ["every-column"]
    assert ids(["order-by", "star"], []) == ["every-column", "order-by"]
    assert ids(None, ["star"]) == ["order-by"]
    assert ids([], []) == []


def test_a_rule_that_is_asked_for_is_run_although_the_config_leaves_it_out() -> None:
    assert ids(["star"], ["every-column"]) == ["every-column"]


@pytest.mark.parametrize(("only", "ignored"), [(["stars"], []), (None, ["stars"]), (["star"], ["stars"])])
def test_an_unknown_name(only: list[str] | None, ignored: list[str]) -> None:
    with pytest.raises(RulebookError, match=r"no rule is called 'stars'; did you mean 'star'\?"):
        ids(only, ignored)


def judge(
    folder: Path,
    only: list[str] | None = None,
    severities: Mapping[str, Severity] | None = None,
    ignored: Sequence[str] = (),
) -> tuple[Finding, ...]:
    frames, texts = estimated({"q.sql": STARS}, folder)
    names = query_ids(frames)
    reports = query_reports(frames, Places(frames), names)
    rules = choose(BOOK, only, ignored)
    machine = MachinePrice("tiny", Decimal(1), assumed=True)
    marked = [("q.sql", 0)]
    return judged(
        frames,
        BOOK,
        rules,
        rule_rows(frames, rules),
        ignored,
        severities or {},
        names,
        reports,
        texts,
        marked,
        machine,
        TERMS,
    )


def test_findings_with_their_ignores_in_order(tmp_path: Path) -> None:
    assert [(item.rule, item.span.start_line, item.suppressed) for item in judge(tmp_path)] == [
        ("every-column", 1, "small"),
        ("every-column", 3, None),
        ("unused-ignore", 4, None),
    ]


def test_with_some_rules_only_no_ignore_is_called_unused(tmp_path: Path) -> None:
    found = judge(tmp_path, ["every-column"])
    assert {item.rule for item in found} == {"every-column"}


def test_the_config_sets_severities(tmp_path: Path) -> None:
    found = judge(tmp_path, severities={"star": "error"})
    assert {(item.rule, item.severity) for item in found if item.rule == "every-column"} == {
        ("every-column", "error")
    }
    with pytest.raises(RulebookError, match="no rule is called 'stars'"):
        judge(tmp_path, severities={"stars": "error"})


def test_findings_about_ignores_obey_the_config_too(tmp_path: Path) -> None:
    assert "unused-ignore" not in {item.rule for item in judge(tmp_path, ignored=["unused-ignore"])}
    graver = judge(tmp_path, severities={"unused-ignore": "error"})
    assert [item.severity for item in graver if item.rule == "unused-ignore"] == ["error"]


def test_a_rule_that_was_asked_for_is_reported_although_the_config_leaves_it_out(tmp_path: Path) -> None:
    found = judge(tmp_path, ["every-column"], ignored=["every-column"])
    assert {item.rule for item in found} == {"every-column"}
