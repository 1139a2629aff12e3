"""A scan as a page: well-formed, nothing loaded, nothing executed, nothing of the code shown."""

from __future__ import annotations

import re
from dataclasses import replace

from hypothesis import given, settings

from costguard.model import Span
from costguard.render.scan_html import render_scan_html
from costguard.result import PolicyReport, PolicyViolation, ScanResult, UnreadReport, Verdict
from tests.render.hostile import VERDICTS, results
from tests.render.html_elements import Elements
from tests.render.results import PASSED, finding, query, result, usd


def page(found: ScanResult, verdict: Verdict = PASSED) -> tuple[str, Elements]:
    """The page, and what is in it: no script, no address, no handler, every element closed."""
    text = render_scan_html(found, verdict, "1.2.3")
    text.encode()
    elements = Elements(text)
    assert not {"script", "link", "img", "iframe", "object", "form"} & set(elements.found)
    assert elements.addresses == elements.handlers == elements.open == []
    assert "url(" not in text
    assert "@import" not in text
    return text, elements


FOUND = result(
    [
        query("a.sql", 3, span=Span(3, 1, 9, 2), runs=12.0, runs_basis="written"),
        query("a.sql", 11, size=None, variant="incremental"),
        query("n.ipynb", span=Span(2, 1, 4, 1, cell=3), counted_with="a.sql:3"),
        query("unknown.sql", size=None),
        query("wide.sql", runs_basis="written", usd_per_iteration=usd("1", "2", "4", "modelled")),
    ],
    [
        finding("n.ipynb", span=Span(4, 1, 4, 10, cell=3), severity="note", message="every <column>"),
        finding("a.sql", 4, severity="error", wasted_usd=usd("0", "0.25", "1", "modelled"), help="name them"),
        finding("a.sql", 5, suppressed="small"),
    ],
    [UnreadReport("z.sql", Span(1, 1, 1, 1), "syntax error", "near PASSWORD 'y'")],
)


def test_the_page() -> None:
    text, elements = page(FOUND, Verdict("fail", ("too dear", "1 finding")))
    shown = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", text.partition("<body>")[2]))
    assert "$77.00 (modelled) for 2 of 4 queries in 1 file ✗ The gate failed too dear 1 finding" in shown
    assert "Iteration 1 query that code reads from files is counted there" in shown
    assert (
        "a.sql 2 queries, 1 finding $75.00 Query Statement Bytes billed $ a run Runs $ an iteration Basis "
        "lines 3 to 9 SELECT 1 TiB $6.25 12 $75.00 exact "
        "line 11 (incremental) SELECT unknown unknown 1 assumed unknown "
        "error select-star line 4 every column is read Wastes $0.25 an iteration ($0.00 to $1.00, modelled) "
        "To fix name them "
    ) in shown
    assert "wide.sql 1 query $2.00 " in shown
    assert "line 1 SELECT 1 TiB $6.25 1 $2.00 $1.00 to $4.00, modelled" in shown
    assert (
        "n.ipynb 1 query, 1 finding Query Statement Bytes billed $ a run Runs $ an iteration Basis "
        "cell 3, lines 2 to 4 SELECT 1 TiB $6.25 1 assumed counted elsewhere "
        "note select-star cell 3, line 4 every &lt;column&gt; "
        "1 more file with 1 query of no cost or an unknown one, and without findings. "
        "Not read Places Reason Such as 1 syntax error z.sql:1 "
    ) in shown
    assert "Made by costguard 1.2.3." in shown
    assert "PASSWORD" not in text
    assert elements.found.count("details") == 3
    assert text.count("<details open>") == 2
    assert elements.found.count("rect") == 2
    for word in ("prefers-color-scheme: dark", "@media print", "default-src 'none'"):
        assert word in text


def test_a_clean_scan() -> None:
    text, elements = page(result())
    assert "✓ The gate passed" in text
    assert "no queries found in 1 file" in text
    assert not {"table", "details", "svg"} & set(elements.found)


def test_files_after_the_first_findings_are_folded() -> None:
    found = result(
        findings=[finding(f"{number:02}.sql", line) for number in range(20) for line in range(1, 11)]
    )
    text, elements = page(found)
    assert elements.found.count("details") == 20
    assert text.count("<details open>") == 5


def test_the_findings_that_are_asked_for() -> None:
    text = render_scan_html(FOUND, PASSED, "1", FOUND.findings[:1])
    assert text.count('class="severity ') == 1


@settings(max_examples=40, deadline=None)
@given(results(), VERDICTS)
def test_any_text_is_text(found: ScanResult, verdict: Verdict) -> None:
    text, elements = page(found, verdict)
    assert elements.found.count("li") == len(verdict.reasons) + sum(
        item.suppressed is None for item in found.findings
    )
    assert text.count("<h2>") <= 3


def test_policies_and_warnings() -> None:
    violations = tuple(PolicyViolation(f"<b>{number}", "q.sql", Span(3, 1, 3, 2)) for number in range(51))
    reports = (PolicyReport("holds", "error", 0), PolicyReport("dear", "warning", 60, violations))
    text, _ = page(replace(result([query()]), policies=reports), Verdict("pass", (), ("w < x",)))
    assert '<li><span class="severity warning">warning</span> w &lt; x</li>' in text
    assert '<code>dear</code> <span class="place">60 violations</span>' in text
    assert '<span class="place">q.sql:3:1</span> &lt;b&gt;49</p>' in text
    assert "&lt;b&gt;50" not in text
    assert "10 more: the JSON document has them." in text
    assert "holds</code>" not in text
