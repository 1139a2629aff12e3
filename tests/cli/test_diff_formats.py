"""`costguard diff` in the formats of code hosts, with policies and a baseline: from git to the file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from junitparser import JUnitXml

from costguard.diff.document import read_diff
from tests.diff.repository import Work
from tests.render.diff_schema import validate

from .conftest import Costguard
from .test_diff import NOW, shop_repository  # noqa: F401 - a fixture
from .test_outputs import NOTEBOOK, SARIF

SOURCE = ["%%bigquery\n", "SELECT *\n", "FROM p.shop.orders WHERE id > 1"]
BOOK = {**NOTEBOOK, "cells": [NOTEBOOK["cells"][0], {**NOTEBOOK["cells"][1], "source": SOURCE}]}  # type: ignore[index]
CONFIG = 'catalog = "catalog.json"\n[rules]\nignore = ["select-star-base"]\n'
POLICY = """
[[policy]]
name = "no-dear"
level = "{level}"
query = "SELECT at, usd FROM queries WHERE usd > 3"
message = "a run costs {{usd:usd}}"
"""


@pytest.fixture
def changed(shop_repository: Work) -> Work:  # noqa: F811
    """A notebook with `SELECT *` is new (6.25 dollars), a query reads one column more (3.125 become 6.25), and a
    finding is repaired. The work tree has gone on since: texts and lines are those of the commit."""
    work = shop_repository
    work.put("orders.ipynb", json.dumps(BOOK, indent=1))
    work.put("sql/one.sql", "\nSELECT id, day FROM p.shop.orders\n")
    work.put("sql/all.sql", "SELECT id, day\nFROM p.shop.orders;\n")
    work.commit()
    work.put("orders.ipynb", json.dumps(BOOK, indent=4))
    return work


def test_annotations(costguard: Costguard, changed: Work) -> None:
    done = costguard("diff", *NOW, "--format", "github", "--max-usd-per-query", "6.2", "--fail-on", "never")
    assert (done.code, done.err) == (1, "")
    assert done.out.splitlines() == [
        "::error title=costguard%3A the gate failed::orders.ipynb:cell 2:2: one run costs $6.25, more than $6.20 "
        "(--max-usd-per-query)%0Asql/one.sql:2: one run costs $6.25, more than $6.20 (--max-usd-per-query)",
        "::error file=orders.ipynb,line=13,endLine=14,title=max-usd-per-query::Cell 2, line 2: one run costs $6.25, "
        "more than $6.20 (--max-usd-per-query).",
        "::error file=sql/one.sql,line=2,col=1,endColumn=34,title=max-usd-per-query::one run costs $6.25, more than "
        "$6.20 (--max-usd-per-query).",
        "::error file=orders.ipynb,line=14,col=11,endColumn=24,title=every-column wastes $6.25 an iteration::Cell 2, "
        "line 3: p.shop.orders: every column is read. It wastes $6.25 an iteration, 1 TiB a run. To fix: Name the "
        "columns.",
        "costguard: One iteration costs $9.38 more (+100 %); 1 new finding; the gate failed.",
    ]


def test_queries_that_cost_more_are_notes_at_their_lines(costguard: Costguard, changed: Work) -> None:
    done = costguard("diff", *NOW, "--format", "github", "--warn-increase-usd", "1", "--fail-on", "never")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0] == (
        "::warning title=costguard%3A the gate warns::one iteration costs $9.38 more than before, over $1.00 "
        "(--warn-increase-usd)"
    )
    assert [line for line in lines if line.startswith("::notice")] == [
        "::notice file=orders.ipynb,line=13,endLine=14,title=costs-more::Cell 2, line 2: this query adds $6.25 to an "
        "iteration: SELECT of p.shop.orders.",
        "::notice file=sql/one.sql,line=2,col=1,endColumn=34,title=costs-more::this query costs $3.12 more in an "
        "iteration ($3.12 → $6.25): p.shop.orders: also reads day.",
    ]
    assert lines[-1] == (
        "costguard: One iteration costs $9.38 more (+100 %); 1 new finding; the gate passed."
    )


def results(file: str) -> list[tuple[str, str | None, int]]:
    """Path, state and line of what a SARIF file holds."""
    document: dict[str, Any] = json.loads(Path(file).read_text())
    jsonschema.Draft202012Validator(SARIF).validate(document)
    found = []
    for row in document["runs"][0]["results"]:
        place = row["locations"][0]["physicalLocation"]
        found.append(
            (place["artifactLocation"]["uri"], row.get("baselineState"), place["region"]["startLine"])
        )
    return found


def test_sarif_holds_the_head_with_what_became_of_it(costguard: Costguard, changed: Work) -> None:
    """So that a host, which compares with what it has, takes nothing for repaired that is there."""
    changed.put("sql/known.sql", "SELECT * FROM p.shop.orders\n")
    changed.git("stash", "-q", "--", "orders.ipynb")
    changed.git("checkout", "-q", "main")
    changed.git("add", "sql/known.sql")
    changed.git("commit", "-qm", "known")
    changed.git("checkout", "-q", "-f", "change")
    changed.git("merge", "-q", "main", "-m", "merged")
    also = ("--also", "sarif=a.sarif", "--also", "sarif-all=b.sarif")
    done = costguard("diff", *NOW, *also, "--direct")
    assert done.code == 1
    assert results("a.sarif") == [("orders.ipynb", "new", 14), ("sql/known.sql", "unchanged", 1)]
    assert results("b.sarif") == [
        ("orders.ipynb", "new", 14),
        ("sql/all.sql", "absent", 2),
        ("sql/known.sql", "unchanged", 1),
    ]


def test_gitlab_and_junit_hold_what_is_new(costguard: Costguard, changed: Work) -> None:
    done = costguard(
        "diff", *NOW, "--also", "gitlab=q.json", "--also", "junit=j.xml", "--max-increase-usd", "1"
    )
    assert done.code == 1
    issues = json.loads(Path("q.json").read_text())
    assert [
        (item["check_name"], item["severity"], item["location"]["path"], item["location"]["lines"]["begin"])
        for item in issues
    ] == [
        ("gate", "critical", "costguard.toml", 1),
        ("costs-more", "info", "orders.ipynb", 13),
        ("costs-more", "info", "sql/one.sql", 2),
        ("every-column", "critical", "orders.ipynb", 14),
    ]
    assert issues[0]["description"] == (
        "one iteration costs $9.38 more than before, over $1.00 (--max-increase-usd)."
    )
    suites = {suite.name: suite for suite in JUnitXml.fromfile("j.xml")}
    assert {name: (suite.tests, suite.failures) for name, suite in suites.items()} == {
        "costguard gate": (1, 1),
        "orders.ipynb": (2, 1),
        "sql/all.sql": (1, 0),
        "sql/one.sql": (1, 0),
    }
    properties = {item.name: item.value for item in suites["costguard gate"].properties()}
    assert (properties["usd_change_point"], properties["unknown_changes"]) == ("9.375", "0")


def test_places_that_could_not_be_read_before_are_no_news(costguard: Costguard, changed: Work) -> None:
    changed.git("checkout", "-q", "-f", "main")
    changed.put("sql/broken.sql", "SELECT FROM WHERE (")
    changed.commit()
    changed.git("checkout", "-q", "change")
    changed.git("merge", "-q", "main", "-m", "merged")
    assert "could not be read" not in costguard("diff", *NOW, "--format", "github").out
    changed.put("sql/more.sql", "SELECT FROM WHERE (")
    changed.commit()
    assert "costguard%3A 1 place could not be read" in costguard("diff", *NOW, "--format", "github").out


def test_the_job_summary_is_the_comment_with_room(
    costguard: Costguard, changed: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = changed.top.parent / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    costguard("diff", *NOW, "--also", "github-summary", "--also", "markdown=m.md")
    assert summary.read_text() == "before\n" + Path("m.md").read_text()
    summary.write_text("x" * (2**20 - 300))
    costguard("diff", *NOW, "--also", "github-summary")
    assert summary.stat().st_size <= 2**20
    assert "One iteration costs $9.38 more" in summary.read_text()


def test_formats_that_there_are_not(costguard: Costguard, changed: Work) -> None:
    done = costguard("diff", *NOW, "--also", "xml=a.xml")
    assert (done.code, done.err) == (
        2,
        "costguard: --also 'xml=a.xml': 'xml' is no format; one of text, json, sarif, sarif-all, github, "
        "github-summary, gitlab, junit, markdown, html\n",
    )


# -- policies ------------------------------------------------------------------------------------------


def test_new_violations_of_the_heads_policies(costguard: Costguard, changed: Work) -> None:
    """The base is held against the same policies, so that a policy that is written makes no old code fail."""
    changed.put("costguard.toml", CONFIG + POLICY.format(level="error"))
    changed.commit()
    done = costguard("diff", *NOW, "--fail-on", "never", "--also", "json=d.json", "--also", "sarif=a.sarif")
    assert done.code == 1
    block = done.out[done.out.index("New violations") : done.out.index("New findings")]
    assert block.splitlines()[:5] == [
        "New violations of policies",
        "  error[policy no-dear] orders.ipynb:cell 2:2",
        "      a run costs $6.25",
        "  error[policy no-dear] sql/one.sql:2",
        "      a run costs $6.25",
    ]
    assert "Policies   2 new violations, 1 known\n" in done.out
    assert "Gate       FAILED: policy no-dear: 2 new violations\n" in done.out
    document = json.loads(Path("d.json").read_text())
    validate(document)
    (policy,) = document["policies"]
    assert (policy["before"], policy["after"], policy["new"]) == (2, 3, 2)
    diff, verdict = read_diff(Path("d.json"))
    assert [(item.path, item.span and item.span.cell) for item in diff.policies[0].violations] == [
        ("orders.ipynb", 2),
        ("sql/one.sql", None),
    ]
    assert verdict.reasons == ("policy no-dear: 2 new violations",)
    assert results("a.sarif")[:3] == [
        ("orders.ipynb", "new", 13),
        ("sql/all.sql", "unchanged", 1),
        ("sql/one.sql", "new", 2),
    ]
    run = json.loads(Path("a.sarif").read_text())["runs"][0]
    (rule,) = [item for item in run["tool"]["driver"]["rules"] if item["id"] == "policy/no-dear"]
    assert rule["defaultConfiguration"] == {"level": "error"}
    assert "SELECT at, usd FROM queries WHERE usd > 3" in rule["help"]["markdown"]


def test_a_policy_that_warns(costguard: Costguard, changed: Work) -> None:
    changed.put("costguard.toml", CONFIG + POLICY.format(level="warning"))
    changed.commit()
    done = costguard("diff", *NOW, "--fail-on", "never", "--also", "markdown=m.md", "--also", "html=h.html")
    assert done.code == 0
    assert done.out.endswith("Gate       passed\n           warning: policy no-dear: 2 new violations\n")
    markdown = Path("m.md").read_text()
    assert "  - warning: policy no-dear: 2 new violations\n" in markdown
    assert "| warning `no-dear` | `sql/one.sql:2` | a run costs $6.25 |\n" in markdown
    page = re.sub(r"\s+", " ", Path("h.html").read_text())
    assert (
        "<strong>warning</strong> <code>no-dear</code> <code>sql/one.sql:2</code><br>a run costs $6.25"
        in page
    )


# -- the baseline --------------------------------------------------------------------------------------


def entry(work: Work, **more: Any) -> dict[str, Any]:
    """An entry of a baseline about the cost of the query in `sql/one.sql`, as the change has it."""
    return {"path": "sql/one.sql", "count": 1, "reason": "agreed", "added": "2026-10-01", **more}


def fingerprint(costguard: Costguard, path: str, kind: str) -> str:
    document = costguard("diff", *NOW, "--format", "json", "--no-baseline").document
    rows = [row["after"] if kind == "queries" else row["finding"] for row in document[kind]]
    (found,) = [row["fingerprint"] for row in rows if row is not None and row["path"] == path]
    return str(found)


def write_baseline(work: Work, findings: list[Any], queries: list[Any], path: str | None = None) -> None:
    document = {"version": 1, "findings": findings, "queries": queries}
    work.put(path or ".costguard/baseline.json", json.dumps(document))


def test_findings_that_the_heads_baseline_accepts_are_not_new(costguard: Costguard, changed: Work) -> None:
    mark = fingerprint(costguard, "orders.ipynb", "findings")
    accepted = {**entry(changed), "fingerprint": mark, "rule": "every-column", "path": "orders.ipynb"}
    write_baseline(changed, [accepted], [])
    assert costguard("diff", *NOW).code == 1, "it is not committed"
    assert costguard("diff", "main", *NOW, "--baseline", ".costguard/baseline.json").code == 0
    changed.commit()
    done = costguard("diff", *NOW, "--also", "json=d.json")
    assert done.code == 0
    assert "Findings   0 new, 1 fixed, 0 known, 1 new in the baseline\n" in done.out
    assert "Baseline   .costguard/baseline.json silences 1 finding\n" in done.out
    document = json.loads(Path("d.json").read_text())
    validate(document)
    assert document["baseline"]["entries"] == 1
    diff, _ = read_diff(Path("d.json"))
    assert diff.after.baseline is not None
    assert [item.finding.suppressed_by for item in diff.findings if item.state == "new"] == ["baseline"]
    assert costguard("diff", *NOW, "--no-baseline").code == 1
    late = costguard("diff", "--now", "2026-11-01", "--direct")
    assert late.code == 0


def test_what_the_baseline_allows_until_a_day(costguard: Costguard, changed: Work) -> None:
    mark = fingerprint(costguard, "sql/one.sql", "queries")
    budget = {"usd_per_run": "6.25", "until": "2026-12-31"}
    write_baseline(changed, [], [entry(changed, fingerprint=mark, budget=budget)])
    changed.commit()
    given = ("sql/one.sql", "--fail-on", "never", "--max-usd-per-query", "5")
    assert costguard("diff", "main", *given, *NOW).code == 0
    expired = costguard("diff", "main", *given, "--now", "2027-01-01")
    assert expired.code == 1
    assert "sql/one.sql:2: one run costs $6.25, more than $5.00 (--max-usd-per-query)" in expired.out
    assert "1 entry has expired and silences nothing" in expired.out
    less = {**budget, "usd_per_run": "6.00"}
    write_baseline(changed, [], [entry(changed, fingerprint=mark, budget=less)])
    changed.commit()
    over = costguard("diff", "main", *given[:3], *NOW)
    assert over.code == 1
    assert "more than the $6.00 that the baseline allows until 2026-12-31" in " ".join(over.out.split())


def test_a_baseline_that_is_named(costguard: Costguard, changed: Work) -> None:
    changed.put("costguard.toml", f'baseline = "accepted.json"\n{CONFIG}')
    changed.commit()
    missing = costguard("diff", *NOW)
    assert (missing.code, missing.err) == (
        2,
        "costguard: HEAD:accepted.json: there is no baseline; `costguard baseline write` makes one\n",
    )
    write_baseline(changed, [], [], "accepted.json")
    assert "Baseline   accepted.json silences 0 findings" in costguard("diff", "--worktree", *NOW).out
    changed.put("accepted.json", "{")
    changed.commit()
    broken = costguard("diff", *NOW)
    assert (broken.code, broken.err.startswith("costguard: HEAD:accepted.json: ")) == (2, True)
    both = costguard("diff", *NOW, "--baseline", "accepted.json", "--no-baseline")
    assert (both.code, both.err) == (2, "costguard: --no-baseline contradicts --baseline\n")


# -- a failure that fails nothing ----------------------------------------------------------------------


def test_exit_zero(costguard: Costguard, changed: Work) -> None:
    done = costguard("diff", *NOW, "--exit-zero", "--also", "github=g.txt", "--also", "json=d.json")
    assert done.code == 0
    assert done.out.endswith(
        "Gate       FAILED: 1 new finding of severity error or above (--fail-on error)\n"
        "           the exit code is 0 all the same (--exit-zero)\n"
    )
    assert Path("g.txt").read_text().startswith("::warning title=costguard%3A the gate failed::")
    summary = json.loads(Path("d.json").read_text())["summary"]
    assert (summary["verdict"], summary["advisory"]) == ("fail", True)
    assert read_diff(Path("d.json"))[1].exit_code == 0
    changed.put("costguard.toml", f"exit_zero = true\n{CONFIG}")
    changed.commit()
    assert costguard("diff", *NOW).code == 0
    assert costguard("diff", *NOW, "--no-exit-zero").code == 1
