"""Formats of a scan: each as its readers want it, several in one run, and none that changes the exit code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from junitparser import JUnitXml

from costguard.cli.outputs import OutputFormat, Target, summary_room
from tests.render.html_elements import Elements

from .browser import CHROMIUM, check_page
from .conftest import Costguard

ROOT = Path(__file__).resolve().parents[2]
SARIF = json.loads((ROOT / "tests" / "render" / "sarif.schema.json").read_text())
ONLY = ("--rule", "every-column")
NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "source": ["# Orders"]},
        {
            "cell_type": "code",
            "source": ["%%bigquery\n", "SELECT *\n", "FROM p.shop.orders"],
            "outputs": [],
            "metadata": {},
        },
    ],
    "metadata": {},
    "nbformat": 4,
    "nbformat_minor": 5,
}


@pytest.fixture
def notebook(shop: Path) -> Path:
    """The shop, with a notebook: one cell of text, one of SQL."""
    (shop / "orders.ipynb").write_text(json.dumps(NOTEBOOK, indent=1))
    return shop


def sarif(text: str) -> dict[str, Any]:
    """The run of a SARIF file."""
    document: dict[str, Any] = json.loads(text)
    jsonschema.Draft202012Validator(SARIF).validate(document)
    run: dict[str, Any] = document["runs"][0]
    return run


def test_sarif_has_paths_of_the_repository_and_pages_of_the_rules(
    costguard: Costguard, notebook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (notebook / ".git").mkdir()
    monkeypatch.chdir(notebook / "sql")
    done = costguard("scan", "..", *ONLY, "--format", "sarif")
    assert (done.code, done.err) == (1, "")
    run = sarif(done.out)
    assert [
        (item["physicalLocation"]["artifactLocation"]["uri"], item["physicalLocation"]["region"]["startLine"])
        for row in run["results"]
        for item in row["locations"]
    ] == [("orders.ipynb", 14), ("sql/all.sql", 2)]
    lines = (notebook / "orders.ipynb").read_text().split("\n")
    region = run["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert lines[13][region["startColumn"] - 1 : region["endColumn"] - 1] == "p.shop.orders"
    (rule,) = run["tool"]["driver"]["rules"]
    assert rule["help"]["markdown"].startswith("It reads every column.\n\n## Costs more\n\n```sql\nSELECT *")


@pytest.mark.parametrize("repository", ["", "shop", "shop/sql"])
def test_paths_count_from_the_repository_of_what_is_scanned(
    costguard: Costguard, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repository: str
) -> None:
    """Wherever it is scanned from."""
    (tmp_path / repository / ".git").mkdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for folder, path in (
        (tmp_path, "shop/sql"),
        (shop, "sql"),
        (elsewhere, "../shop/sql"),
        (elsewhere, shop / "sql"),
    ):
        monkeypatch.chdir(folder)
        done = costguard("scan", path, "--config", shop / "costguard.toml", *ONLY, "--format", "gitlab")
        (issue,) = json.loads(done.out)
        expected = (shop / "sql" / "all.sql").relative_to(tmp_path / repository)
        assert issue["location"]["path"] == expected.as_posix(), folder


def test_without_a_repository_paths_count_from_the_working_directory_or_what_is_scanned(
    costguard: Costguard, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for folder, path in ((tmp_path, "shop/sql/all.sql"), (elsewhere, "all.sql")):
        monkeypatch.chdir(folder)
        done = costguard(
            "scan", shop / "sql", "--config", shop / "costguard.toml", *ONLY, "--format", "gitlab"
        )
        assert json.loads(done.out)[0]["location"]["path"] == path


def test_ignored_findings_are_in_sarif_on_demand(costguard: Costguard, shop: Path) -> None:
    (shop / "sql" / "all.sql").write_text(
        "SELECT *\nFROM p.shop.orders -- costguard: ignore[every-column] all are used\n"
    )
    assert sarif(costguard("scan", shop, *ONLY, "--format", "sarif").out)["results"] == []
    (row,) = sarif(costguard("scan", shop, *ONLY, "--format", "sarif-all").out)["results"]
    assert row["suppressions"] == [
        {"kind": "inSource", "status": "accepted", "justification": "all are used"}
    ]


def test_annotations(costguard: Costguard, shop: Path) -> None:
    done = costguard("scan", "shop", *ONLY, "--format", "github")
    assert (done.code, done.err) == (1, "")
    assert done.out.splitlines() == [
        "::error title=costguard%3A the gate failed::1 finding of severity error or above (--fail-on error)",
        "::error file=shop/sql/all.sql,line=2,col=6,endColumn=19,title=every-column wastes $6.25 an iteration"
        "::p.shop.orders: every column is read. It wastes $6.25 an iteration, 1 TiB a run. "
        "To fix: Name the columns.",
        "costguard: 1 finding; an iteration: $9.38 for 2 queries in 2 files; the gate failed.",
    ]


def test_a_report_for_gitlab(costguard: Costguard, shop: Path) -> None:
    done = costguard("scan", "shop", *ONLY, "--format", "gitlab")
    assert done.code == 1
    (issue,) = json.loads(done.out)
    assert issue["location"] == {"path": "shop/sql/all.sql", "lines": {"begin": 2, "end": 2}}


@pytest.mark.parametrize(("fail_on", "failures"), [("error", 2), ("never", 0)])
def test_junit_fails_where_the_gate_does(
    costguard: Costguard, shop: Path, fail_on: str, failures: int
) -> None:
    done = costguard("scan", "shop", *ONLY, "--fail-on", fail_on, "--format", "junit")
    read = JUnitXml.fromstring(done.out.encode())
    assert (done.code, read.tests, read.failures) == (int(failures > 0), 3, failures)


def test_markdown(costguard: Costguard, shop: Path) -> None:
    done = costguard("scan", "shop", *ONLY, "--format", "markdown")
    assert done.out.startswith(
        "## costguard, one iteration: $9.38 for 2 queries in 2 files\n\n- **❌ The gate failed**\n"
    )
    assert "| error: `every-column` | `shop/sql/all.sql:2:6` | $6.25 an iteration, 1 TiB a run |" in done.out


def test_html(costguard: Costguard, shop: Path) -> None:
    done = costguard("scan", "shop", *ONLY, "--format", "html")
    assert Elements(done.out).addresses == []
    assert "$9.38 for 2 queries in 2 files" in done.out
    assert "SELECT *" not in done.out  # no line of the code


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_shows_the_page(costguard: Costguard, notebook: Path, tmp_path: Path, scheme: str) -> None:
    page = tmp_path / "scan.html"
    assert costguard("scan", notebook, "--fail-on", "never", "--format", "html", "-o", page).code == 0
    check_page(page, scheme, tmp_path)


# -- several at once -----------------------------------------------------------------------------------


def test_every_format_in_one_run(costguard: Costguard, notebook: Path, tmp_path: Path) -> None:
    files = {format: tmp_path / f"out.{format}" for format in OutputFormat}
    also = [argument for format, file in files.items() for argument in ("--also", f"{format}={file}")]
    done = costguard("scan", "shop", *ONLY, *also)
    assert (done.code, done.err) == (1, "")
    assert done.out.endswith("Gate       FAILED: 2 findings of severity error or above (--fail-on error)\n")
    for format, file in files.items():
        alone = costguard("scan", "shop", *ONLY, "--format", format)
        assert (alone.code, alone.err) == (1, "")
        assert alone.out == file.read_text(), format


def test_a_job_summary_is_added_to(
    costguard: Costguard, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("# An earlier step\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    for _ in range(2):
        assert costguard("scan", "shop", *ONLY, "--also", "github-summary").code == 1
    text = summary.read_text()
    assert text.startswith("# An earlier step\n## costguard, one iteration: $9.38")
    assert text.count("## costguard, one iteration") == 2


def test_a_job_summary_has_the_room_that_is_left(tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    target = Target(OutputFormat.github_summary, summary)
    assert summary_room(target) == 2**20
    summary.write_bytes(b"x" * 48)
    assert summary_room(target) == 2**20 - 48
    summary.write_bytes(b"x" * 2**21)
    assert summary_room(target) == 0
    assert summary_room(Target(OutputFormat.markdown, summary)) == 2**20


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--also", "xml=f"), "--also 'xml=f': 'xml' is no format; one of text, json, sarif, "),
        (("--also", "=f"), "--also '=f': '' is no format"),
        (("--also", "sarif"), "--also 'sarif' needs a file: --also sarif=FILE"),
        (("--also", "sarif="), "--also 'sarif=' needs a file: --also sarif=FILE"),
        (("--also", "github-summary"), "which is not set here; --also github-summary=FILE"),
        (("--also", "sarif=no/f"), "no/f: cannot be written (there is no directory no)"),
        (("--also", "sarif=shop"), "shop: is a directory"),
        (("--also", "sarif=f", "--also", "json=./f"), "f: two formats cannot go to the same file"),
        (("-o", "f", "--also", "json=shop/../f"), "f: two formats cannot go to the same file"),
    ],
)
def test_what_cannot_be_written_is_refused_before_the_scan(
    costguard: Costguard,
    shop: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.setattr("costguard.pipeline.scan", None)  # it is not called
    done = costguard("scan", shop, *ONLY, *options)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert not (tmp_path / "f").exists()


def test_nothing_that_could_be_checked(costguard: Costguard, tmp_path: Path) -> None:
    """Exit code 2 in every format, and none of them looks like a pass."""
    (tmp_path / "bad.py").write_bytes(b"\xff\xfe\x00")
    for format in OutputFormat:
        done = costguard("scan", "bad.py", "--format", format)
        assert done.code == 2, format
        words = {
            "gitlab": "not-read",
            "sarif": '"executionSuccessful": false',
            "sarif-all": '"executionSuccessful": false',
        }
        assert words.get(format, "nothing could be analysed") in done.out, format


def test_a_dash_is_standard_output(costguard: Costguard, shop: Path, tmp_path: Path) -> None:
    done = costguard("scan", shop, "--format", "json", "-o", "-")
    assert done.document["version"] == 1
    assert not (tmp_path / "-").exists()
    twice = costguard("scan", shop, "--also", "json=-")
    assert (twice.code, twice.out) == (2, "")
    assert twice.err == "costguard: --also 'json=-': standard output is for --format; --also takes a file\n"
