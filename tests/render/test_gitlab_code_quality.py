"""GitLab's Code Quality report: what it asks for, each issue with a fingerprint of its own."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
from hypothesis import given, settings

from costguard.model import Span
from costguard.render.file_places import FilePlaces
from costguard.render.gitlab_code_quality import render_gitlab_code_quality
from costguard.result import ScanResult, UnreadReport
from tests.render.hostile import results
from tests.render.results import finding, result, texts, usd

SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string"},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "additionalProperties": False,
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": "^(?!\\./)"},
                    "lines": {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["begin"],
                        "properties": {
                            "begin": {"type": "integer", "minimum": 1},
                            "end": {"type": "integer", "minimum": 1},
                        },
                    },
                },
            },
        },
    },
}
PLACES = FilePlaces(
    texts(n__ipynb='{"cells": [\n{"source": ["SELECT 1\\n",\n"FROM t"]}]}'), "/repo", "/repo/models"
)


def issues(found: ScanResult) -> list[dict[str, Any]]:
    text = render_gitlab_code_quality(found, PLACES)
    assert text.isascii()
    loaded: list[dict[str, Any]] = json.loads(text)
    jsonschema.Draft202012Validator(SCHEMA).validate(loaded)
    assert len({issue["fingerprint"] for issue in loaded}) == len(loaded)
    return loaded


def test_reasons_that_look_alike_have_fingerprints_of_their_own() -> None:
    """Signs that no font has become one and the same in a description."""
    unread = [
        UnreadReport("q.sql", Span(1, 1, 1, 2), reason, "") for reason in ("\ud7fc", "\U00018cd6", "plain")
    ]
    assert {issue["fingerprint"] for issue in issues(result(unread=unread))} == {
        "not-read \\ud7fc",
        "not-read \\U00018cd6",
        "not-read plain",
    }


def test_issues() -> None:
    found = result(
        findings=[
            finding(
                "q.sql", 3, severity="error", wasted_usd=usd("0.25"), help="name them", fingerprint="one"
            ),
            finding("n.ipynb", span=Span(2, 6, 2, 7, cell=1), fingerprint="one"),
            finding("n.ipynb", span=Span(9, 6, 9, 7, cell=1), severity="note", fingerprint="two"),
            finding("q.sql", 5, suppressed="small"),
        ]
    )
    assert issues(found) == [
        {
            "description": "every column is read. It wastes $0.25 an iteration. To fix: name them.",
            "check_name": "select-star",
            "fingerprint": "one",
            "severity": "critical",
            "location": {"path": "models/q.sql", "lines": {"begin": 3, "end": 3}},
        },
        {
            "description": "Cell 1, line 2: every column is read.",
            "check_name": "select-star",
            "fingerprint": "one-2",
            "severity": "major",
            "location": {"path": "models/n.ipynb", "lines": {"begin": 3, "end": 3}},
        },
        {
            "description": "Cell 1, line 9: every column is read.",
            "check_name": "select-star",
            "fingerprint": "two",
            "severity": "info",
            "location": {"path": "models/n.ipynb", "lines": {"begin": 1}},
        },
    ]


def test_nothing_found() -> None:
    assert render_gitlab_code_quality(result(), PLACES) == "[]\n"


def test_what_could_not_be_read_is_an_issue_for_each_reason() -> None:
    unread = [
        UnreadReport("q.sql", Span(4, 1, 5, 1), "syntax error", "near PASSWORD 'x'"),
        UnreadReport("z.sql", Span(1, 1, 1, 1), "syntax error"),
        UnreadReport("n.ipynb", Span(2, 1, 2, 2, cell=1), "SQL built at run time"),
    ]
    one, other = issues(result(unread=unread))
    assert one == {
        "description": "2 places not read, and in no figure: syntax error.",
        "check_name": "not-read",
        "fingerprint": "not-read syntax error",
        "severity": "info",
        "location": {"path": "models/q.sql", "lines": {"begin": 4, "end": 5}},
    }
    assert other["location"] == {"path": "models/n.ipynb", "lines": {"begin": 3, "end": 3}}


def test_the_findings_that_are_asked_for() -> None:
    found = result(findings=[finding(line=1), finding(line=2)])
    (issue,) = json.loads(render_gitlab_code_quality(found, PLACES, found.findings[1:]))
    assert issue["fingerprint"] == "q.sql:2"


@settings(deadline=None)
@given(results())
def test_any_text_gives_a_valid_report(found: ScanResult) -> None:
    shown = sum(item.suppressed is None for item in found.findings)
    assert sum(issue["check_name"] != "not-read" for issue in issues(found)) == shown


def test_what_the_gate_and_policies_say_goes_first() -> None:
    point = finding("c.toml", rule="gate", severity="error", message="too dear", fingerprint="g")
    issues = json.loads(
        render_gitlab_code_quality(result(findings=[finding()]), PLACES, points=(point, point))
    )
    jsonschema.validate(issues, SCHEMA)
    assert [(item["check_name"], item["fingerprint"], item["severity"]) for item in issues] == [
        ("gate", "g", "critical"),
        ("gate", "g-2", "critical"),
        ("select-star", "q.sql:1", "major"),
    ]
