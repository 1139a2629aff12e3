"""A scan as a whole: the same however it is worked out, and never an old answer to a new question."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from costguard import collect, pipeline
from costguard.catalog.model import CatalogError
from costguard.discover import discover
from costguard.estimate.settings import EstimateSettings
from costguard.gate import judge_gate
from costguard.judge.rulebook import RulebookError
from costguard.pipeline import frames_of, scan
from costguard.render.json_output import render_json
from costguard.request import ScanRequest
from costguard.result import GatePolicy, ScanResult
from tests.judge.pages import CATALOG, page

NOW = datetime(2026, 11, 1, 12, 30, tzinfo=UTC)
RUN = """from google.cloud import bigquery
sql = open("sql/named.txt").read()
bigquery.Client().query(sql)
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """SQL, Python that names a file, a notebook, a file that is broken, a catalog, a rule."""
    root = tmp_path / "project"
    (root / "sql").mkdir(parents=True)
    (root / "sql" / "a.sql").write_text("SELECT a FROM p.d.t;\nSELECT * FROM p.d.t")
    (root / "sql" / "b.sql").write_text("-- costguard: ignore[every-column] small\nSELECT * FROM p.d.t")
    (root / "sql" / "broken.sql").write_text("SELECT a FORM p.d.t WHERE")
    (root / "sql" / "named.txt").write_text("SELECT b FROM p.d.t")
    (root / "run.py").write_text(RUN)
    cell = {"cell_type": "code", "source": "%%bigquery\nSELECT a FROM p.d.t", "metadata": {}, "outputs": []}
    (root / "n.ipynb").write_text(json.dumps({"cells": [cell], "nbformat": 4, "metadata": {}}))
    rules = root / ".costguard" / "rules"
    rules.mkdir(parents=True)
    (rules / "every-column.md").write_text(page())
    (root / "catalog.json").write_text(json.dumps({"version": 1, "tables": list(CATALOG.values())}))
    monkeypatch.chdir(root)
    return root


def request(project: Path, **changes: Any) -> ScanRequest:
    """What is asked of the project, its files as they are now."""
    values: dict[str, Any] = {
        "files": discover([Path()]),
        "settings": EstimateSettings(now=NOW, project="p"),
        "catalogs": (project / "catalog.json",),
        "rules": ("every-column",),
        "rule_directories": (project / ".costguard" / "rules",),
        "cache_directory": project.parent / "cache",
        "processes": 1,
    }
    return ScanRequest(**{**values, **changes})


def document(result: ScanResult) -> str:
    return render_json(result, judge_gate(result, GatePolicy()))


def test_a_scan(project: Path) -> None:
    result = scan(request(project)).result
    summary = result.summary
    assert (summary.files, summary.files_unread, summary.queries) == (5, 1, 5)
    assert (summary.findings, summary.suppressed, summary.unread) == (1, 1, 1)
    assert summary.usd_per_iteration.point == Decimal("21.875")
    assert [
        (query.path, query.span.cell, query.usd and str(query.usd.point)) for query in result.queries
    ] == [
        ("n.ipynb", 1, "3.125"),
        ("run.py", None, "3.125"),
        ("sql/a.sql", None, "3.125"),
        ("sql/a.sql", None, "6.25"),
        ("sql/b.sql", None, "6.25"),
    ]
    assert [(item.rule, item.path, item.span.start_line, item.suppressed) for item in result.findings] == [
        ("every-column", "sql/a.sql", 2, None),
        ("every-column", "sql/b.sql", 2, "small"),
    ]
    assert [(item.path, item.reason) for item in result.unread] == [("sql/broken.sql", "syntax error")]


def test_source_lines_come_with_it(project: Path) -> None:
    outcome = scan(request(project))
    assert outcome.sources("n.ipynb", 1) == "%%bigquery\nSELECT a FROM p.d.t"
    assert outcome.sources("elsewhere.sql", None) is None
    assert outcome.notes == ()


def test_one_process_and_two_give_the_same(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "CHUNK_FILES", 1)
    alone = scan(request(project, cache_directory=None, processes=1)).result
    both = scan(request(project, cache_directory=None, processes=2)).result
    assert document(both) == document(alone)
    assert both == alone


# -- the cache -----------------------------------------------------------------------------------------


def scanned_anew(project: Path, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> bool:
    """Whether the stored result was not good enough; whatever comes out is what a scan without a cache gives."""
    worked: list[bool] = []
    true_frames = pipeline._Run.frames

    def frames(run: Any) -> Any:
        worked.append(True)
        return true_frames(run)

    with monkeypatch.context() as patch:
        patch.setattr(pipeline._Run, "frames", frames)
        cached = scan(request(project, **changes)).result
    cold = scan(request(project, **{**changes, "cache_directory": None})).result
    assert document(cached) == document(cold)
    assert cached == cold
    return bool(worked)


def test_a_second_scan_is_the_first(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert scanned_anew(project, monkeypatch)
    assert not scanned_anew(project, monkeypatch)


def rewrite(path: Path, text: str) -> None:
    """A file changes, and so does its time, however coarse the clock of the file system."""
    status = path.stat() if path.exists() else None
    path.write_text(text)
    if status is not None:
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000))


def other_catalog(project: Path) -> None:
    table = {**CATALOG["p.d.t"], "bytes": 2**30}
    rewrite(project / "catalog.json", json.dumps({"version": 1, "tables": [table]}))


CHANGES: dict[str, Callable[[Path], object]] = {
    "a file": lambda project: rewrite(project / "sql" / "a.sql", "SELECT b FROM p.d.t"),
    "a new file": lambda project: (project / "sql" / "c.sql").write_text("SELECT b FROM p.d.t"),
    "a file less": lambda project: (project / "sql" / "a.sql").unlink(),
    "a file that code names": lambda project: rewrite(project / "sql" / "named.txt", "SELECT * FROM p.d.t"),
    "a named file less": lambda project: (project / "sql" / "named.txt").unlink(),
    "the catalog": other_catalog,
    "a rule": lambda project: rewrite(
        project / ".costguard" / "rules" / "every-column.md", page(severity="note")
    ),
    "a new rule": lambda project: (project / ".costguard" / "rules" / "other.md").write_text(page("other")),
    "a template": lambda project: (project / "sql" / "d.sql").write_text("SELECT {{ x }} FROM p.d.t"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_changes_the_result(
    project: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], object]
) -> None:
    before = scan(request(project, rules=None, severities={"every-column": "warning"})).result
    assert not scanned_anew(project, monkeypatch, rules=None, severities={"every-column": "warning"})
    change(project)
    assert scanned_anew(project, monkeypatch, rules=None, severities={"every-column": "warning"})
    assert before.summary.files == 5


def test_a_named_file_that_appears(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = project / "sql" / "named.txt"
    text = named.read_text()
    named.unlink()
    assert scan(request(project)).result.summary.queries == 4
    named.write_text(text)
    assert scanned_anew(project, monkeypatch)
    assert scan(request(project)).result.summary.queries == 5


SETTINGS = EstimateSettings(now=NOW, project="p")


@pytest.mark.parametrize(
    "changes",
    [
        {"rules": None},
        {"ignored_rules": ("every-column",), "rules": None},
        {"severities": {"every-column": "error"}},
        {"dialect": "spark"},
        {"catalogs": ()},
        {"rule_directories": (), "rules": None},
        {"settings": dataclasses.replace(SETTINGS, project="q")},
        {"settings": dataclasses.replace(SETTINGS, dataset="d")},
        {"settings": dataclasses.replace(SETTINGS, location="EU")},
        {"settings": dataclasses.replace(SETTINGS, runs=(("sql/*", 30.0),))},
        {"settings": dataclasses.replace(SETTINGS, parameters=(("day", "'2026-10-01'"),))},
        {"settings": dataclasses.replace(SETTINGS, machine="e2-standard-4")},
    ],
    ids=lambda changes: "+".join(
        f"{key}: {value.__class__.__name__}" if key != "settings" else "settings"
        for key, value in changes.items()
    ),
)
def test_another_request_is_another_result(
    project: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    scan(request(project))
    assert scanned_anew(project, monkeypatch, **changes)
    assert not scanned_anew(project, monkeypatch, **changes)


def at(moment: datetime) -> EstimateSettings:
    return dataclasses.replace(SETTINGS, now=moment)


def test_the_clock_does_not_matter_to_queries_that_do_not_read_it(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan(request(project))
    assert not scanned_anew(project, monkeypatch, settings=at(NOW + timedelta(days=400)))


def test_queries_that_read_the_clock_hold_for_its_hour(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewrite(project / "sql" / "a.sql", "SELECT a FROM p.d.t WHERE b > UNIX_DATE(CURRENT_DATE())")
    assert scanned_anew(project, monkeypatch)
    assert not scanned_anew(project, monkeypatch, settings=at(NOW.replace(minute=59)))
    assert scanned_anew(project, monkeypatch, settings=at(NOW.replace(hour=13)))


@pytest.mark.parametrize(
    "stored",
    ["", "{", "{}", "[]", '{"hour": null, "reads": {}, "result": "{}"}', '{"hour": null, "reads": []}'],
)
def test_a_stored_result_that_is_none(project: Path, monkeypatch: pytest.MonkeyPatch, stored: str) -> None:
    asked = request(project)
    with pipeline.Cache(asked.cache_directory) as cache:
        cache.put({pipeline._Run(asked, cache, None, pipeline._crew(asked)).result_key: stored})
    assert scanned_anew(project, monkeypatch)


def test_a_cache_that_cannot_be_used_is_said(project: Path) -> None:
    (project.parent / "cache").write_text("not a directory")
    outcome = scan(request(project))
    assert outcome.result.summary.queries == 5
    (note,) = outcome.notes
    assert note.startswith(f"the cache in {project.parent / 'cache'} cannot be used (")


# -- errors --------------------------------------------------------------------------------------------


def test_a_defect_of_ours_is_a_row_and_the_scan_goes_on(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(path: str, *rest: object) -> object:
        if path == "sql/a.sql":
            raise LookupError("secret")
        return true_extract(path, *rest)

    from costguard.extract import source

    true_extract: Callable[..., object] = source.extract
    monkeypatch.setattr(source, "extract", broken)
    result = scan(request(project, cache_directory=None)).result
    assert result.summary.queries == 3
    assert [(item.path, item.reason) for item in result.unread] == [
        ("sql/a.sql", "internal error"),
        ("sql/broken.sql", "syntax error"),
    ]
    assert result.unread[0].detail.startswith("LookupError in costguard at test_pipeline.py:")
    assert "secret" not in result.unread[0].detail


@pytest.mark.parametrize("processes", [1, 2])
def test_broken_catalogs_and_rules_end_a_scan(project: Path, processes: int) -> None:
    with pytest.raises(CatalogError, match=r"gone\.json: no such file"):
        scan(request(project, catalogs=(Path("gone.json"),), processes=processes))
    (project / ".costguard" / "rules" / "every-column.md").write_text("# No head\n")
    with pytest.raises(RulebookError, match=r"every-column\.md:1: a page starts with '---'"):
        scan(request(project, processes=processes))


def test_a_rule_page_that_leads_nowhere(project: Path) -> None:
    (project / ".costguard" / "rules" / "lost.md").symlink_to("gone.md")
    with pytest.raises(RulebookError, match=r"lost\.md: cannot be read \(No such file or directory\)"):
        scan(request(project))


def test_progress(project: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    scan(request(project), lambda *step: seen.append(step))
    assert seen == [("reading", done, 5) for done in range(6)]
    seen.clear()
    scan(request(project), lambda *step: seen.append(step))
    assert seen == []


def test_frames_for_free_queries(project: Path) -> None:
    frames = frames_of(request(project))
    assert frames["sources"]["path"].to_list() == [
        "n.ipynb",
        "run.py",
        "sql/a.sql",
        "sql/b.sql",
        "sql/broken.sql",
    ]
    assert frames["queries"]["bytes"].to_list() == [2**39, 2**39, 2**39, 2**40, 2**40]


# -- templates -----------------------------------------------------------------------------------------


def test_macros_of_other_files_are_known(project: Path) -> None:
    """Of a scanned file, and of one beside them that is not scanned."""
    (project / "t.sql").write_text("SELECT a FROM {{ first() }} JOIN {{ second() }} USING (a)")
    (project / "m.sql").write_text("{% macro first() %}p.d.one{% endmacro %}")
    (project / "more.jinja").write_text("{% macro second() %}p.d.two{% endmacro %}")
    result = scan(request(project)).result
    (found,) = (query for query in result.queries if query.path == "t.sql")
    assert [item.table for item in found.scans] == ["p.d.one", "p.d.two"]


@pytest.mark.parametrize("given", ["", "dbt/models"])
def test_a_project_file_that_cannot_be_read_is_told(project: Path, given: str) -> None:
    (project / "dbt" / "models").mkdir(parents=True)
    (project / "dbt" / "models" / "m.sql").write_text("SELECT a FROM {{ ref('t') }}")
    before = scan(request(project, files=discover([Path(given)]))).result.summary
    (project / "dbt" / "dbt_project.yml").write_text("name: a\nname: b\n")
    for _ in range(2):  # and when the result is remembered
        result = scan(request(project, files=discover([Path(given)]))).result
        (problem,) = (item for item in result.unread if item.path.endswith(".yml"))
        assert problem.path == "dbt/dbt_project.yml"
        assert (problem.reason, problem.detail) == ("project file not read", "the key 'name' occurs twice")
        assert problem.span.start_line == 2
        assert result.summary.files - before.files == 1
        assert result.summary.files_unread - before.files_unread == 1


def test_a_project_file_is_named_like_the_files(project: Path) -> None:
    (project / "dbt_project.yml").write_text("name: a\nprofile: b")
    (project / "m.sql").write_text("SELECT a FROM {{ ref('t') }}")
    (project / "profiles.yml").write_text("{")
    result = scan(request(project, files=discover([project]))).result
    (problem,) = (item for item in result.unread if item.reason == "project file not read")
    assert problem.path == (project / "profiles.yml").as_posix()


def test_half_a_character_in_an_ignore_comment(project: Path) -> None:
    """A notebook may hold one; it has no UTF-8, and both the cache and the output must bear it."""
    source = "%%bigquery\n-- costguard: ignore[every-column] b\ud800ad\nSELECT * FROM p.d.t"
    cell = {"cell_type": "code", "source": source, "metadata": {}, "outputs": []}
    (project / "n.ipynb").write_text(json.dumps({"cells": [cell], "nbformat": 4, "metadata": {}}))
    for _ in range(2):
        written = document(scan(request(project)).result)
        assert written.isascii()
        (finding,) = (item for item in json.loads(written)["findings"] if item["path"] == "n.ipynb")
        assert finding["suppressed"] == "b\ud800ad"


@pytest.mark.parametrize("given", ["app", "./app", "app/run.py", "../project/app", "{here}/app"])
def test_a_file_beside_the_code_is_found_however_the_path_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    here = tmp_path / "project"
    (here / "app").mkdir(parents=True)
    (here / "app" / "q.txt").write_text("SELECT a FROM p.d.t")
    (here / "app" / "run.py").write_text(
        "from pathlib import Path\nfrom google.cloud import bigquery\n"
        "sql = (Path(__file__).parent / 'q.txt').read_text()\nbigquery.Client().query(sql)\n"
    )
    monkeypatch.chdir(here)
    files = discover([Path(given.format(here=here))])
    found = scan(ScanRequest(files, EstimateSettings(now=NOW, project="p"), processes=1))
    assert (len(found.result.queries), found.result.unread) == (1, ())


@pytest.mark.parametrize(
    "code", ["", "from google.cloud import bigquery\nbigquery.Client().query(open('part.sql').read())\n"]
)
def test_a_fragment_is_counted_with_the_template_that_includes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    """Half a TiB at 6.25 dollars, once; code that runs the fragment by itself pays for it once more."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "catalog.json").write_text(json.dumps({"version": 1, "tables": list(CATALOG.values())}))
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "part.sql").write_text("SELECT a FROM p.d.t")
    (tmp_path / "sql" / "whole.sql").write_text("SELECT a FROM (\n{% include 'part.sql' %}\n)")
    (tmp_path / "sql" / "run.py").write_text(code)
    settings = EstimateSettings(now=NOW, project="p")
    found = scan(ScanRequest(discover([Path()]), settings, (tmp_path / "catalog.json",), processes=1)).result
    whole = next(query for query in found.queries if query.path == "sql/whole.sql")
    part = next(query for query in found.queries if query.path == "sql/part.sql")
    assert part.counted_with == (None if code else whole.id)
    assert float(found.summary.usd_per_iteration.point) == (6.25 if code else 3.125)


def test_a_clause_that_may_not_be_there_is_a_range(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of a table of half a TiB, 3.125 dollars, or nothing of it: one of both."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "catalog.json").write_text(json.dumps({"version": 1, "tables": list(CATALOG.values())}))
    (tmp_path / "load.py").write_text(
        "from google.cloud import bigquery\nclient = bigquery.Client()\ndef load(nothing=None):\n"
        "    sql = 'SELECT a FROM p.d.t'\n    if nothing:\n        sql += ' WHERE FALSE'\n    client.query(sql)\n"
    )
    settings = EstimateSettings(now=NOW, project="p")
    found = scan(ScanRequest(discover([Path()]), settings, (tmp_path / "catalog.json",), processes=1)).result
    assert [(query.variant, float(query.usd.high if query.usd else -1)) for query in found.queries] == [
        ("with optional clauses", 0.0),
        ("without optional clauses", 3.125),
    ]
    cost = found.summary.usd_per_iteration
    assert (float(cost.low), float(cost.high), cost.basis) == (0.0, 3.125, "upper-bound")
