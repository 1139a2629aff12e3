"""The JSON of a scan: its schema, its figures, its order."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from costguard.model import Span
from costguard.money import ByteRange, Dollars
from costguard.render.json_output import render_json
from costguard.result import (
    Allowance,
    BaselineMatter,
    BaselineReport,
    PolicyReport,
    PolicyViolation,
    ScanResult,
    UnreadReport,
    Verdict,
)
from tests.render.results import PASSED, finding, query, result, scan_report, usd

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads(Path(__file__).with_name("scan-result.schema.json").read_text())
UNKNOWN = {"low": None, "point": None, "high": None, "basis": "unknown"}


def rendered(found: ScanResult, verdict: Verdict = PASSED) -> dict[str, Any]:
    """The document, valid by the schema."""
    text = render_json(found, verdict)
    document: dict[str, Any] = json.loads(text)
    validate(document)
    return document


def validate(document: object) -> None:
    """Raises what is wrong with a document."""
    jsonschema.validate(document, SCHEMA, jsonschema.Draft202012Validator)


FULL = result(
    queries=[
        query("a.sql", 3, size=2**40, runs=12.0, runs_basis="written"),
        query(
            "n.ipynb",
            2,
            size=None,
            span=Span(2, 1, 4, 6, cell=3),
            via="magic",
            price=None,
            variant="incremental",
        ),
    ],
    findings=[
        finding(
            "a.sql",
            3,
            severity="error",
            query="a.sql:3",
            wasted_bytes=ByteRange(0, 2**39, 2**40, "upper-bound"),
            wasted_usd=usd("0", "3.125", "6.25", "modelled"),
            help="name the columns",
            fix="SELECT a",
        ),
        finding("a.sql", 4, suppressed="small table"),
        finding("a.sql", 5, suppressed=""),
    ],
    unread=[UnreadReport("b.sql", Span(1, 1, 2, 5), "syntax error", "near FORM")],
    files=3,
    files_unread=1,
)


def test_the_document_has_every_field() -> None:
    document = rendered(FULL, Verdict("fail", ("1 finding of severity error or above (--fail-on error)",)))
    assert document["summary"] == {
        "files": 3,
        "files_unread": 1,
        "queries": 2,
        "findings": 1,
        "findings_by_severity": {"error": 1, "warning": 0, "note": 0},
        "suppressed": 2,
        "baselined": 0,
        "below_floor": 0,
        "unread": 1,
        "read_share": {"files": 0.6666, "statements": 0.6666},
        "verdict": "fail",
        "reasons": ["1 finding of severity error or above (--fail-on error)"],
        "warnings": [],
        "advisory": False,
        "usd_per_iteration": {
            "low": "75.00",  # 12 runs of one TiB at 6.25
            "point": "75.00",
            "high": "75.00",
            "basis": "exact",
            "unknown_queries": 1,
            "assumed_runs": 0,
            "counted_elsewhere": 0,
        },
        "price_remarks": [],
    }
    known, unknown = document["queries"]
    assert known == {
        "id": "a.sql:3",
        "path": "a.sql",
        "start_line": 3,
        "start_column": 1,
        "end_line": 3,
        "end_column": 10,
        "cell": None,
        "via": "file",
        "statement": "SELECT",
        "variant": None,
        "materialized": None,
        "layout": None,
        "dialect": "bigquery",
        "counted_with": None,
        "loop_depth": 0,
        "fingerprint": "f" * 16,
        "runs_per_iteration": {"value": 12, "basis": "written"},
        "bytes_processed": {"low": 2**40, "point": 2**40, "high": 2**40, "basis": "exact"},
        "bytes_billed": {"low": 2**40, "point": 2**40, "high": 2**40, "basis": "exact"},
        "usd": {
            "low": "6.25",
            "point": "6.25",
            "high": "6.25",
            "basis": "exact",
            "price": "6.25 USD/TiB, US, list of 2026-07-25",
        },
        "usd_per_iteration": {"low": "75.00", "point": "75.00", "high": "75.00", "basis": "exact"},
        "scans": [
            {
                "table": "p.d.t",
                "columns": ["a", "b.c"],
                "star": False,
                "role": "read",
                "pruning": "unpartitioned",
                "pruning_reason": None,
                "partitions_kept": None,
                "partitions_total": None,
                "bytes": {"low": 2**40, "point": 2**40, "high": 2**40, "basis": "exact"},
            }
        ],
    }
    assert unknown["cell"] == 3
    assert unknown["variant"] == "incremental"
    assert unknown["bytes_processed"] == unknown["bytes_billed"] == unknown["usd_per_iteration"] == UNKNOWN
    assert unknown["usd"] == {**UNKNOWN, "price": None}
    assert unknown["scans"][0]["bytes"] == UNKNOWN
    first, second, third = document["findings"]
    assert first == {
        "rule": "select-star",
        "severity": "error",
        "confidence": "high",
        "driver": "bytes-billed",
        "path": "a.sql",
        "start_line": 3,
        "start_column": 1,
        "end_line": 3,
        "end_column": 10,
        "cell": None,
        "message": "every column is read",
        "help": "name the columns",
        "query": "a.sql:3",
        "wasted": {
            "bytes": {"low": 0, "point": 2**39, "high": 2**40},
            "seconds": {"low": None, "point": None, "high": None},
            "usd": {"low": "0.00", "point": "3.125", "high": "6.25"},
            "basis": "modelled",
            "machine": None,
        },
        "fingerprint": "a.sql:3",
        "suppressed": None,
        "suppressed_by": None,
        "fix": "SELECT a",
    }
    assert (second["suppressed"], third["suppressed"]) == ("small table", "")
    nothing = {"low": None, "point": None, "high": None}
    assert second["wasted"] == {
        "bytes": nothing,
        "seconds": nothing,
        "usd": nothing,
        "basis": "unknown",
        "machine": None,
    }
    assert document["unread"] == [
        {
            "path": "b.sql",
            "start_line": 1,
            "start_column": 1,
            "end_line": 2,
            "end_column": 5,
            "cell": None,
            "reason": "syntax error",
            "detail": "near FORM",
        }
    ]


def test_the_sum_of_nothing_known_is_unknown() -> None:
    total = rendered(result([query(size=None)]))["summary"]["usd_per_iteration"]
    assert total == {**UNKNOWN, "unknown_queries": 1, "assumed_runs": 0, "counted_elsewhere": 0}


def test_no_query_costs_nothing() -> None:
    total = rendered(result([]))["summary"]["usd_per_iteration"]
    assert (total["low"], total["point"], total["high"], total["basis"]) == ("0.00", "0.00", "0.00", "exact")


def test_a_query_that_reads_nothing_costs_nothing() -> None:
    (row,) = rendered(result([query(size=0)]))["queries"]
    assert row["bytes_billed"]["point"] == 0
    assert row["usd"]["point"] == "0.00"


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("1E-9", "0.000000001"), ("1E+3", "1000.00"), ("0.10", "0.10"), ("0.00000005960464477539", None)],
)
def test_dollars_have_no_exponent(amount: str, shown: str | None) -> None:
    cost = Dollars(Decimal(0), Decimal(amount), Decimal(amount), "modelled")
    (row,) = rendered(result([query(usd=cost)]))["queries"]
    assert row["usd"]["point"] == (shown or amount)


def test_runs_need_not_be_whole() -> None:
    (row,) = rendered(result([query(runs=0.25)]))["queries"]
    assert row["runs_per_iteration"] == {"value": 0.25, "basis": "assumed"}


def test_the_text_is_ascii_and_has_a_row_per_line() -> None:
    text = render_json(result(findings=[finding("größe.sql"), finding("größe.sql", 2)]), PASSED)
    assert text.isascii()
    assert text.endswith("}\n")
    assert sum(line.startswith('    {"rule"') for line in text.splitlines()) == 2
    assert json.loads(text)["findings"][1]["path"] == "größe.sql"


def test_empty_lists_are_lists() -> None:
    document = rendered(result())
    assert document["queries"] == document["findings"] == document["unread"] == []


def test_the_same_result_gives_the_same_text() -> None:
    assert render_json(FULL, PASSED) == render_json(FULL, PASSED)


def test_partitions_and_reasons_are_handed_on() -> None:
    scan = scan_report(
        pruning="defeated", pruning_reason="a function on it", partitions_kept=3, partitions_total=10
    )
    (row,) = rendered(result([query(scans=(scan,))]))["queries"]
    (shown,) = row["scans"]
    assert (shown["pruning"], shown["pruning_reason"]) == ("defeated", "a function on it")
    assert (shown["partitions_kept"], shown["partitions_total"]) == (3, 10)


@pytest.mark.parametrize(
    "break_it",
    [
        lambda document: document.pop("unread"),
        lambda document: document["summary"].pop("suppressed"),
        lambda document: document["queries"][0].pop("scans"),
        lambda document: document["queries"][0]["usd"].update(point=6.25),
        lambda document: document["queries"][0]["usd"].update(point=None),
        lambda document: document["queries"][1]["usd"].update(point="0.00"),
        lambda document: document["queries"][0]["usd"].update(point="1E-9"),
        lambda document: document["findings"][0].update(severity="fatal"),
        lambda document: document["findings"][0].update(start_line=0),
        lambda document: document["findings"][0].update(undocumented=1),
    ],
)
def test_the_schema_refuses_what_is_wrong(break_it: Any) -> None:
    document = rendered(FULL)
    break_it(document)
    with pytest.raises(jsonschema.ValidationError):
        validate(document)


def fields(schema: dict[str, Any]) -> set[str]:
    """The names of all fields that a schema declares."""
    found = set(schema.get("properties", ()))
    for part in schema.get("properties", {}).values():
        found |= fields(part)
    return found


def test_every_field_is_documented() -> None:
    text = (ROOT / "docs" / "output.md").read_text()
    names: set[str] = set()
    for part in SCHEMA["$defs"].values():
        if isinstance(part, dict) and part.get("type") == "object":
            names |= fields(part)
    assert len(names) > 50
    assert [name for name in sorted(names) if not re.search(rf"[`.]{name}[`.]", text)] == []


def test_what_silences_a_finding() -> None:
    found = result(
        findings=[
            finding(line=1, suppressed="small"),
            finding(line=2, suppressed="", suppressed_by="baseline"),
            finding(line=3, suppressed="wastes less", suppressed_by="floor"),
            finding(line=4, suppressed_by="baseline"),
        ]
    )
    rows = rendered(found)["findings"]
    assert [(row["suppressed"], row["suppressed_by"]) for row in rows] == [
        ("small", "comment"),
        ("", "baseline"),
        ("wastes less", "floor"),
        (None, None),
    ]


def test_policies() -> None:
    violations = (
        PolicyViolation("of a place", "n.ipynb", Span(2, 3, 4, 5, cell=1)),
        PolicyViolation("of none"),
    )
    found = replace(
        result(),
        policies=(PolicyReport("no-stars", "error", 1200, violations), PolicyReport("owners", "note", 0)),
    )
    assert rendered(found)["policies"] == [
        {
            "name": "no-stars",
            "level": "error",
            "count": 1200,
            "violations": [
                {
                    "message": "of a place",
                    "path": "n.ipynb",
                    "start_line": 2,
                    "start_column": 3,
                    "end_line": 4,
                    "end_column": 5,
                    "cell": 1,
                },
                {
                    "message": "of none",
                    "path": None,
                    "start_line": None,
                    "start_column": None,
                    "end_line": None,
                    "end_column": None,
                    "cell": None,
                },
            ],
        },
        {"name": "owners", "level": "note", "count": 0, "violations": []},
    ]
    assert rendered(result())["policies"] == []


def test_a_baseline() -> None:
    report = BaselineReport(
        "b.json",
        5,
        stale=(BaselineMatter("aa", "select-star", "a.sql", 2),),
        expired=(BaselineMatter("bb", None, "b.sql", 1, "2026-10-31"),),
        over_budget=(BaselineMatter("cc", "select-star", "c.sql", 1, "2027-01-01"),),
        unchecked=1,
        allowances={"q2": Allowance(Decimal("0.5"), None), "q1": Allowance(Decimal(3), "2027-01-01")},
    )
    document = rendered(replace(result(), baseline=report))["baseline"]
    assert document == {
        "path": "b.json",
        "entries": 5,
        "stale": [
            {"fingerprint": "aa", "rule": "select-star", "path": "a.sql", "count": 2, "last_day": None}
        ],
        "expired": [
            {"fingerprint": "bb", "rule": None, "path": "b.sql", "count": 1, "last_day": "2026-10-31"}
        ],
        "over_budget": [
            {
                "fingerprint": "cc",
                "rule": "select-star",
                "path": "c.sql",
                "count": 1,
                "last_day": "2027-01-01",
            }
        ],
        "unchecked": 1,
        "allowances": [
            {"query": "q1", "usd_per_run": "3.00", "until": "2027-01-01"},
            {"query": "q2", "usd_per_run": "0.50", "until": None},
        ],
    }
    assert rendered(result())["baseline"] is None


def test_warnings_and_an_advisory_gate() -> None:
    summary = rendered(result(), Verdict("fail", ("dear",), ("soon dear",), advisory=True))["summary"]
    assert (summary["verdict"], summary["reasons"], summary["warnings"], summary["advisory"]) == (
        "fail",
        ["dear"],
        ["soon dear"],
        True,
    )


def test_a_share_is_rounded_down() -> None:
    unread = [UnreadReport("a.py", Span(1, 1, 1, 1), "SQL built at run time")]
    found = result([query(line=line) for line in range(1, 20_000)], unread=unread, files=3)
    assert rendered(found)["summary"]["read_share"] == {"files": 1, "statements": 0.9999}
