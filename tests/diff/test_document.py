"""The document of a diff is read with care: whatever is wrong in it is said, with its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costguard.diff import document as module
from costguard.diff.document import decode, read_diff
from costguard.diff.model import PolicyChange
from costguard.errors import UsageProblem
from costguard.model import Span
from costguard.render.diff_json import render_diff_json
from costguard.result import Allowance, BaselineMatter, BaselineReport, PolicyViolation, Verdict
from tests.diff.diffs import example

TEXT = render_diff_json(example(), Verdict("pass", ()))


def test_a_file(tmp_path: Path) -> None:
    (tmp_path / "diff.json").write_text(TEXT)
    assert read_diff(tmp_path / "diff.json") == (example(), Verdict("pass", ()))
    with pytest.raises(UsageProblem, match=r"none\.json: cannot be read \(No such file"):
        read_diff(tmp_path / "none.json")


def set_at(document: Any, path: str, value: Any) -> None:
    *steps, last = path.split(".")
    for step in steps:
        document = document[int(step) if step.isdigit() else step]
    document[last] = value


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("version", 2, "version 2 is not known; this costguard reads version 1"),
        ("version", None, "version is not a whole number"),
        ("summary", [], "summary is not an object"),
        ("summary.verdict", "maybe", "summary.verdict is not one of pass, fail, error"),
        ("summary.min_usd", "NaN", "summary.min_usd is not an amount"),
        ("summary.min_usd", "1" * 101, "summary.min_usd is not an amount"),
        ("base.name", 7, "base.name is not a text"),
        ("head.summary.files", -1, "head.summary.files is less than 0"),
        ("head.summary.files", 10**24, "head.summary.files is too large"),
        ("head.summary.files", True, "head.summary.files is not a whole number"),
        ("queries", {}, "queries is not a list"),
        ("queries", ["x"], "queries[0] is not an object"),
        ("queries.0.state", "odd", "queries[0].state is not one of added"),
        ("queries.0.state", "removed", "queries[0]: removed does not go with the sides that are there"),
        ("queries.0.moved", 1, "queries[0].moved is not true or false"),
        ("queries.0.after.usd.low", "1e9999999", "usd.low is not an amount"),
        ("queries.0.after.usd.low", "1e-9999999", "usd.low is not an amount"),
        ("queries.0.after.usd.low", "x", "queries[0].after.usd.low is not an amount"),
        ("queries.0.after.usd.low", "99", "dollars out of order"),
        ("queries.0.after.usd.basis", "guessed", "unknown basis 'guessed'"),
        ("queries.0.after.runs_per_iteration.value", "1", "runs_per_iteration.value is not a number"),
        ("queries.0.after.path", "x" * 100_001, "queries[0].after.path is longer than 100000 characters"),
        ("queries.0.reasons", ["a", 1], "queries[0].reasons.text is not a text"),
        ("findings.0.finding.severity", "fatal", "findings[0].finding.severity is not one of"),
        ("findings.0.finding.wasted", None, "findings[0].finding.wasted is not an object"),
        ("remarks", None, "remarks is not a list"),
    ],
)
def test_what_is_wrong_is_named(path: str, value: Any, message: str) -> None:
    document = json.loads(TEXT)
    set_at(document, path, value)
    with pytest.raises(UsageProblem) as problem:
        decode(json.dumps(document), "d.json")
    assert str(problem.value).startswith("d.json: not a document of `costguard diff --format json` (")
    assert message in str(problem.value)


@pytest.mark.parametrize("text", ["", "[1]", "{", "null", '{"version": 1}', "[" * 10_000])
def test_other_documents(text: str) -> None:
    with pytest.raises(UsageProblem, match="not a document of"):
        decode(text)


def test_a_query_of_neither_side() -> None:
    document = json.loads(TEXT)
    document["queries"][0].update(before=None, after=None, same=True)
    with pytest.raises(UsageProblem, match=r"queries\[0\]: a query of neither side"):
        decode(json.dumps(document))


def test_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 2**20)
    with pytest.raises(UsageProblem, match="larger than 1 MiB; no diff is that large"):
        decode(" " * 2**20 + " ")


def paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(place for key, item in inner for place in paths(item, (*here, key)))]


PLACES = paths(json.loads(TEXT))[1:]
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.just([]),
    st.just({}),
    st.just([[]]),
)


def changed(place: tuple[Any, ...], change: Callable[[Any, Any], None]) -> str:
    document = json.loads(TEXT)
    parent = document
    for step in place[:-1]:
        parent = parent[step]
    change(parent, place[-1])
    return json.dumps(document)


@settings(deadline=None)
@given(st.sampled_from(PLACES), VALUES)
def test_any_other_value_anywhere_is_read_or_refused(place: tuple[Any, ...], value: Any) -> None:
    def put(parent: Any, key: Any) -> None:
        parent[key] = value

    _read_or_refused(changed(place, put))


@settings(deadline=None)
@given(st.sampled_from(PLACES))
def test_anything_may_be_missing(place: tuple[Any, ...]) -> None:
    def remove(parent: Any, key: Any) -> None:
        del parent[key]

    _read_or_refused(changed(place, remove))


def _read_or_refused(text: str) -> None:
    try:
        diff, verdict = decode(text, "d.json")
    except UsageProblem as problem:
        refused = str(problem)
    else:
        refused = ""
        render_diff_json(diff, verdict)
    assert not refused or refused.startswith("d.json: not a document of")


def test_what_older_documents_lack() -> None:
    """Fields that were added since version 1 began."""
    document = json.loads(render_diff_json(example(), Verdict("fail", ("x",))))
    for name in ("policies", "baseline"):
        del document[name]
    for name in ("warnings", "advisory"):
        del document["summary"][name]
    diff, verdict = decode(json.dumps(document))
    assert (diff.policies, diff.after.baseline) == ((), None)
    assert (verdict.warnings, verdict.advisory) == ((), False)


def test_policies_and_the_baseline_come_back() -> None:
    change = PolicyChange(
        "p", "note", 1, 3, 2, (PolicyViolation("m", "a.ipynb", Span(1, 2, 3, 4, 5)), PolicyViolation("n"))
    )
    matter = BaselineMatter("f", None, "a.sql", 2, "2026-10-01")
    report = BaselineReport(
        "b.json", 4, (matter,), (matter,), (matter,), 1, {"q": Allowance(Decimal("2.50"), None)}
    )
    made = example()
    made = replace(made, policies=(change,), after=replace(made.after, baseline=report))
    judged = Verdict("pass", (), ("w",), advisory=True)
    diff, verdict = decode(render_diff_json(made, judged))
    assert (diff.policies, diff.after.baseline, verdict) == ((change,), report, judged)
