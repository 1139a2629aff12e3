"""A diff as JSON: by its schema, and the same again when it is read."""

from __future__ import annotations

import json

from costguard.diff.document import decode
from costguard.render.diff_json import render_diff_json
from costguard.result import Verdict
from tests.diff.diffs import diff_of, example
from tests.render.diff_schema import validate

FAILED = Verdict("fail", ("it is dear",))


def test_by_the_schema() -> None:
    document = json.loads(render_diff_json(example(), FAILED))
    validate(document)
    validate(json.loads(render_diff_json(diff_of(), FAILED)))


def test_the_summary() -> None:
    summary = json.loads(render_diff_json(example(), FAILED))["summary"]
    assert (summary["verdict"], summary["reasons"]) == ("fail", ["it is dear"])
    # 5 queries at 6.25 before; then 18.75 + 3.125 + 3 at 6.25, and one that is not known any more.
    assert summary["usd_per_iteration"]["before"]["point"] == "31.25"
    assert summary["usd_per_iteration"]["after"]["point"] == "40.625"
    assert summary["usd_per_iteration"]["change"] == {
        "low": "15.625",
        "point": "15.625",
        "high": "15.625",
        "basis": "exact",
    }
    assert (summary["usd_per_iteration"]["compared"], summary["usd_per_iteration"]["percent"]) == (
        "25.00",
        "62.5000",
    )
    assert summary["usd_per_iteration"]["unknown_queries"] == 1
    assert summary["queries"] == {
        "added": 1,
        "removed": 0,
        "dearer": 1,
        "cheaper": 1,
        "unknown": 1,
        "unchanged": 2,
        "moved": 1,
        "below_min_usd": 0,
    }
    assert summary["findings"] == {"new": 1, "known": 1, "fixed": 1}


def test_a_row_per_line_in_ascii() -> None:
    text = render_diff_json(example(), FAILED)
    assert text.isascii()
    rows = [line for line in text.splitlines() if line.startswith("    {")]
    assert len(rows) == len(example().queries) + len(example().findings)


def test_what_is_the_same_is_written_once() -> None:
    rows = json.loads(render_diff_json(example(), FAILED))["queries"]
    moved = next(row for row in rows if row["moved"])
    assert (moved["same"], moved["before"]["path"], moved["after"]["path"]) == (
        False,
        "sql/moved.sql",
        "new/moved.sql",
    )
    known = [
        row for row in json.loads(render_diff_json(example(), FAILED))["findings"] if row["state"] == "known"
    ]
    assert [(row["same"], row["before"]) for row in known] == [(True, None)]


def test_it_comes_back_as_it_was() -> None:
    diff = example()
    assert decode(render_diff_json(diff, FAILED)) == (diff, FAILED)
