"""A scan as Markdown: what it costs, what was found, and nothing in it that is not text."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from markdown_it import MarkdownIt

from costguard.model import Span
from costguard.money import ByteRange
from costguard.render.scan_markdown import render_scan_markdown
from costguard.result import PolicyReport, PolicyViolation, ScanResult, UnreadReport, Verdict
from tests.render.hostile import VERDICTS, results
from tests.render.results import PASSED, finding, query, result, usd

DOCUMENT = """## costguard, one iteration: $75.00 for 1 of 2 queries in 1 file

- **❌ The gate failed**
  - one iteration costs $75.00, more than $5.00 (--max-usd-per-iteration)
- Iteration: 1 query has no known cost: p.d.t is in no catalog (--catalog FILE)
- Findings: 1 error, 1 note
- Unread: 2 places in the code; their cost is in no figure

### Dearest queries

| Query     | Bytes billed | Dollars a run | Runs | Dollars an iteration | Basis |
| --------- | -----------: | ------------: | ---: | -------------------: | ----- |
| `a.sql:3` |        1 TiB |         $6.25 |   12 |               $75.00 | exact |

### Findings

| Finding              | Where                \
| Wastes                                                       \
| What, and how to fix it                              |
| -------------------- | -------------------- \
| ------------------------------------------------------------ \
| ---------------------------------------------------- |
| error: `select-star` | `a.sql:3:1`          \
| $0.25 an iteration ($0.00 to $1.00, modelled), 512 MiB a run \
| every column is read<br>**To fix:** name them, \\@\u200bme |
| note: `select-star`  | `n.ipynb:cell 2:4:1` \
|                                                              \
| every \\*column\\*                                     |

### Not read

| Places | Reason       | Such as            |
| -----: | ------------ | ------------------ |
|      2 | syntax error | `n.ipynb:cell 3:1` |

<sub>Dollars are list prices, unless a price file or a bill is given. costguard 1.2.3</sub>
"""


def test_the_document() -> None:
    found = result(
        [query("a.sql", 3, runs=12.0, runs_basis="written"), query("b.sql", size=None)],
        [
            finding("n.ipynb", span=Span(4, 1, 4, 10, cell=2), severity="note", message="every *column*"),
            finding(
                "a.sql",
                3,
                severity="error",
                wasted_usd=usd("0", "0.25", "1", "modelled"),
                wasted_bytes=ByteRange.exactly(2**29),
                help="name them, @me",
            ),
            finding("a.sql", 5, suppressed="small"),
        ],
        [
            UnreadReport("n.ipynb", Span(1, 1, 1, 1, cell=3), "syntax error", "near PASSWORD 'x'"),
            UnreadReport("z.sql", Span(1, 1, 1, 1), "syntax error", "near PASSWORD 'y'"),
        ],
    )
    verdict = Verdict("fail", ("one iteration costs $75.00, more than $5.00 (--max-usd-per-iteration)",))
    text = render_scan_markdown(found, verdict, "1.2.3")
    assert text.replace("; 1 ignored finding", "") == DOCUMENT


def test_a_clean_scan() -> None:
    assert render_scan_markdown(result(), PASSED, "1").splitlines() == [
        "## costguard, one iteration: no queries found in 1 file",
        "",
        "- **✅ The gate passed**",
        "- Findings: none",
        "",
        "<sub>Dollars are list prices, unless a price file or a bill is given. costguard 1</sub>",
    ]


MANY = result(
    [query("a.sql", line) for line in range(1, 400)],
    [finding("a.sql", line, message="x" * 100, wasted_usd=usd(str(line))) for line in range(1, 400)],
    [UnreadReport("a.sql", Span(line, 1, line, 1), f"reason {line}") for line in range(1, 400)],
)


def rows(text: str, mark: str) -> int:
    return sum(line.startswith(mark) for line in text.splitlines())


def test_long_tables_say_what_they_leave_out() -> None:
    text = render_scan_markdown(MANY, PASSED, "1")
    assert rows(text, "| warning: ") == 50
    assert "| warning: `select-star` | `a.sql:399:1` | $399.00 an iteration |" in text
    assert "\n349 more findings: `--format json` has every one.\n" in text
    assert "\n387 more queries: `--format json` has every one.\n" in text
    assert "\n374 more reasons: `--format json` has every one.\n" in text


@pytest.mark.parametrize("maximum", [9_000, 8_000, 3_000, 2_000, 700])
def test_what_is_too_long_loses_rows_never_half_of_one(maximum: int) -> None:
    text = render_scan_markdown(MANY, PASSED, "1", maximum_bytes=maximum)
    shown = rows(text, "| warning: ")
    assert shown < 50
    assert f"{399 - shown} more findings: " in text
    assert text.endswith("costguard 1</sub>\n")
    assert len(text.encode()) <= maximum
    html = MarkdownIt("commonmark").enable("table").render(text)
    assert html.count("<table>") == (3 if shown > 1 else 0)
    assert "<p>|" not in html


def test_where_there_is_hardly_any_room() -> None:
    first = "## costguard, one iteration: $2,493.75 for 399 queries in 1 file\n"
    assert render_scan_markdown(MANY, PASSED, "1", maximum_bytes=len(first)) == first
    assert render_scan_markdown(MANY, PASSED, "1", maximum_bytes=len(first) - 1) == ""


def test_a_column_of_which_nothing_is_known_is_left_out() -> None:
    text = render_scan_markdown(result(findings=[finding("a.sql", 3)]), PASSED, "1")
    assert text.splitlines()[7:10] == [
        "| Finding                | Where       | What, and how to fix it |",
        "| ---------------------- | ----------- | ----------------------- |",
        "| warning: `select-star` | `a.sql:3:1` | every column is read    |",
    ]


def test_the_findings_that_are_asked_for() -> None:
    text = render_scan_markdown(MANY, PASSED, "1", MANY.findings[:1])
    assert rows(text, "| warning: ") == 1


@settings(deadline=None)
@given(results(), VERDICTS)
def test_any_text_is_text(found: ScanResult, verdict: Verdict) -> None:
    text = render_scan_markdown(found, verdict, "1.2.3")
    text.encode()
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    elements = {name.split()[0] for name in re.findall(r"<(/?[A-Za-z!][^>]*)>", html)}
    known = {
        "h2",
        "h3",
        "p",
        "strong",
        "ul",
        "li",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "code",
        "br",
        "sub",
    }
    assert {name.strip("/") for name in elements} - {""} <= known
    count = sum(item.suppressed is None for item in found.findings)
    assert html.count("<tr>") >= count
    if count:
        findings = html.partition("<h3>Findings</h3>")[2].partition("</table>")[0]
        columns = findings.count("<th>")
        assert columns in (3, 4)
        assert (findings.count("<tr>"), findings.count("<td>")) == (count + 1, columns * count)


def test_policies_and_warnings() -> None:
    reports = (
        PolicyReport("holds", "error", 0),
        PolicyReport(
            "dear",
            "error",
            3,
            (PolicyViolation("$6 <b>", "q.sql", Span(3, 1, 3, 2)), PolicyViolation("many")),
        ),
    )
    found = replace(result([query()]), policies=reports)
    text = render_scan_markdown(found, Verdict("fail", ("x",), ("w",), advisory=True), "1")
    assert (
        "- **❌ The gate failed**\n  - x\n  - the exit code is 0 all the same (--exit-zero)\n  - ⚠️ warning: w\n"
        in text
    )
    lines = text.splitlines()
    start = lines.index("### Policies that do not hold")
    assert [re.sub(" +", " ", line) for line in lines[start + 4 : start + 8]] == [
        r"| error: `dear` | `q.sql:3:1` | $6 \<b\> |",
        "| error: `dear` | | many |",
        "",
        "1 more violation: `--format json` has every one.",
    ]
