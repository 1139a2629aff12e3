"""JUnit: read back by a parser of it."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from junitparser import Error, Failure, JUnitXml, Skipped

from costguard.model import Span
from costguard.render.file_places import FilePlaces
from costguard.render.junit import render_junit
from costguard.result import BaselineMatter, BaselineReport, ScanResult, UnreadReport, Verdict
from tests.render.hostile import VERDICTS, results
from tests.render.results import PASSED, finding, query, result, texts, usd

PLACES = FilePlaces(
    texts(n__ipynb='{"cells": [\n{"source": ["SELECT 1\\n",\n"FROM t"]}]}'), "/repo", "/repo/models"
)
FOUND = result(
    [query("clean.sql"), query("q.sql"), query("q.sql", 2, size=None)],
    [
        finding(
            "q.sql", 3, severity="error", message="a < b & c", wasted_usd=usd("0.25"), help='name "them"'
        ),
        finding("n.ipynb", span=Span(2, 6, 2, 7, cell=1)),
        finding("n.ipynb", span=Span(2, 1, 2, 7, cell=1)),
        finding("n.ipynb", span=Span(9, 1, 9, 7, cell=1), severity="note"),
        finding("q.sql", 5, suppressed="small"),
    ],
    [UnreadReport("b.sql", Span(4, 1, 4, 5), "syntax error", "near PASSWORD 'x'")],
)

DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="costguard" tests="7" failures="2" errors="0" skipped="1" time="0">
  <testsuite name="costguard gate" tests="1" failures="1" errors="0" skipped="0" time="0">
    <properties>
      <property name="usd_per_iteration_low" value="12.50"/>
      <property name="usd_per_iteration_point" value="12.50"/>
      <property name="usd_per_iteration_high" value="12.50"/>
      <property name="usd_per_iteration_basis" value="exact"/>
      <property name="unknown_queries" value="1"/>
      <property name="unread" value="1"/>
    </properties>
    <testcase classname="costguard gate" name="gate" time="0">\
<failure type="gate" message="1 finding; and more"/></testcase>
  </testsuite>
  <testsuite name="models/b.sql" tests="1" failures="0" errors="0" skipped="1" time="0">
    <testcase classname="models/b.sql" name="not read (line 4)" file="models/b.sql" line="4" time="0">\
<skipped message="not read: syntax error"/></testcase>
  </testsuite>
  <testsuite name="models/clean.sql" tests="1" failures="0" errors="0" skipped="0" time="0">
    <testcase classname="models/clean.sql" name="nothing found" time="0"/>
  </testsuite>
  <testsuite name="models/n.ipynb" tests="3" failures="0" errors="0" skipped="0" time="0">
    <testcase classname="models/n.ipynb" name="select-star (cell 1, line 2)" file="models/n.ipynb" line="3" time="0">\
<system-out>warning: Cell 1, line 2: every column is read.</system-out></testcase>
    <testcase classname="models/n.ipynb" name="select-star (cell 1, line 2) (2)" file="models/n.ipynb" line="3" \
time="0">\
<system-out>warning: Cell 1, line 2: every column is read.</system-out></testcase>
    <testcase classname="models/n.ipynb" name="select-star (cell 1, line 9)" file="models/n.ipynb" time="0">\
<system-out>note: Cell 1, line 9: every column is read.</system-out></testcase>
  </testsuite>
  <testsuite name="models/q.sql" tests="1" failures="1" errors="0" skipped="0" time="0">
    <testcase classname="models/q.sql" name="select-star (line 3)" file="models/q.sql" line="3" time="0">\
<failure type="select-star" message="select-star wastes $0.25 an iteration">\
a &lt; b &amp; c. It wastes $0.25 an iteration. To fix: name &quot;them&quot;.</failure></testcase>
  </testsuite>
</testsuites>
"""


def test_the_document() -> None:
    assert render_junit(FOUND, Verdict("fail", ("1 finding", "and more")), PLACES) == DOCUMENT


@pytest.mark.parametrize(("fail_on", "failures"), [("error", 1), ("warning", 3), ("note", 4), (None, 0)])
def test_what_the_gate_counts_has_failed(fail_on: str | None, failures: int) -> None:
    read = JUnitXml.fromstring(render_junit(FOUND, PASSED, PLACES, fail_on=fail_on).encode())  # type: ignore[arg-type]
    assert (read.tests, read.failures, read.skipped) == (7, failures, 1)
    outcomes = [item for suite in read for case in suite for item in case.result]
    assert sum(isinstance(item, Failure) for item in outcomes) == failures
    assert sum(isinstance(item, Skipped) for item in outcomes) == 1
    assert "PASSWORD" not in render_junit(FOUND, PASSED, PLACES)


def test_nothing_checked_is_an_error() -> None:
    read = JUnitXml.fromstring(render_junit(result(), Verdict("error", ("no file",)), PLACES).encode())
    (suite,) = read
    (case,) = suite
    (outcome,) = case.result
    assert isinstance(outcome, Error)
    assert (read.errors, outcome.message) == (1, "no file")


def test_unknown_dollars_are_not_nothing() -> None:
    text = render_junit(result([query(size=None)]), PASSED, PLACES)
    assert "usd_per_iteration" not in text
    assert '<property name="unknown_queries" value="1"/>' in text


def test_the_findings_that_are_asked_for() -> None:
    found = result(findings=[finding(line=1), finding(line=2)])
    text = render_junit(found, PASSED, PLACES, found.findings[1:])
    assert "(line 2)" in text
    assert "(line 1)" not in text


@settings(deadline=None)
@given(results(), VERDICTS)
def test_any_text_gives_well_formed_xml(found: ScanResult, verdict: Verdict) -> None:
    text = render_junit(found, verdict, PLACES, fail_on="warning")
    root = ElementTree.fromstring(text.encode())
    cases = root.findall("./testsuite/testcase")
    assert int(root.attrib["tests"]) == len(cases)
    assert int(root.attrib["failures"]) == len(root.findall(".//failure"))
    names = [(case.attrib["classname"], case.attrib["name"]) for case in cases]
    assert len(set(names)) == len(names)
    JUnitXml.fromstring(text.encode())


def test_policies_fail_by_their_own_level() -> None:
    points = (
        finding("a.sql", rule="policy/p", severity="error", message="dear"),
        finding("b.sql", rule="policy/w", message="wide"),
    )
    stale = BaselineReport("b.json", 1, stale=(BaselineMatter("f", None, "q.sql", 1),))
    text = render_junit(
        replace(result(), baseline=stale),
        Verdict("fail", ("p",), ("w < x",)),
        PLACES,
        fail_on=None,
        points=points,
        properties={"usd_change_point": "2.50"},
    )
    suites = {suite.name: suite for suite in JUnitXml.fromstring(text.encode())}
    assert {name: (suite.tests, suite.failures) for name, suite in suites.items()} == {
        "costguard gate": (2, 1),
        "models/a.sql": (1, 1),
        "models/b.sql": (1, 0),
    }
    assert {item.name: item.value for item in suites["costguard gate"].properties()}[
        "usd_change_point"
    ] == "2.50"
    gate, baseline = suites["costguard gate"]
    assert gate.system_out == "warning: w < x"
    assert baseline.system_out == (
        "1 entry is stale, since code was repaired or is gone (`costguard baseline prune`): cost in q.sql"
    )
    assert (
        '<testcase classname="costguard gate" name="gate" time="0"><system-out>a; warning: b</system-out>'
        in (render_junit(result(), Verdict("pass", ("a",), ("b",)), PLACES))
    )
