"""Bad input: one clear line, or a row of what was not read; the right exit code; never a traceback."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import RULE, Costguard, Done

ROOT = Path(__file__).resolve().parents[2]


def refused(done: Done, message: str) -> None:
    """The command ended with 2, this line, and nothing on standard output."""
    assert (done.code, done.out, done.err) == (2, "", f"costguard: {message}\n")


def unread(done: Done) -> list[tuple[str, str]]:
    """File names and reasons of what was not read."""
    return [(Path(item["path"]).name, item["reason"]) for item in done.document["unread"]]


# -- paths ---------------------------------------------------------------------------------------------


def test_a_missing_path(costguard: Costguard) -> None:
    refused(costguard("scan", "nowhere"), "nowhere: no such file or directory")


@pytest.mark.parametrize("command", ["scan", "match", "calibrate"])
def test_an_empty_path_is_not_the_working_directory(costguard: Costguard, shop: Path, command: str) -> None:
    """`costguard scan "$FOLDER"` where that is not set."""
    done = costguard(command, "")
    assert (done.code, done.out) == (2, "")
    assert "a path is empty; `.` is the working directory" in done.err


def test_each_missing_path_is_named(costguard: Costguard, shop: Path) -> None:
    done = costguard("scan", "shop", "here.sql", "there.sql")
    assert done.err.splitlines() == [
        "costguard: here.sql: no such file or directory",
        "costguard: there.sql: no such file or directory",
    ]


def test_a_directory_without_anything_to_analyse(costguard: Costguard, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "readme.txt").write_text("SELECT 1")
    done = costguard("scan", "docs")
    assert done.code == 2
    assert done.err.startswith("costguard: docs: nothing to analyse (looked for .bq, ")
    assert done.err.count("\n") == 1


def test_a_file_of_another_kind(costguard: Costguard, tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("SELECT 1")
    done = costguard("scan", "readme.txt", "--format", "json")
    assert done.code == 2
    assert done.document["summary"]["verdict"] == "error"
    assert unread(done) == [("readme.txt", "not a kind of file that is read")]


# -- files that cannot be read ---------------------------------------------------------------------------


CODE = '{"cells": [{"cell_type": "code", "source": %s}], "nbformat": 4}'
NESTED = "Python code nested too deeply"
RECURSIVE = "{% macro f(x) %}{{ f(x) }}{% endmacro %}\nSELECT {{ f(1) }} FROM p.d.t\n"
BAD_FILES: list[tuple[str, bytes, str]] = [
    ("binary.sql", b"SELECT \x00\x01\x02 FROM t", "binary file"),
    ("latin.sql", b'SELECT "\xe9" FROM t', "not UTF-8 text"),
    ("latin.py", b'query = "\xe9"\n', "not UTF-8 text"),
    ("wide.sql", "SELECT 1".encode("utf-16"), "not UTF-8 text"),
    ("notes.ipynb", b'{"cells": [', "not a notebook"),
    ("list.ipynb", b"[1, 2]", "not a notebook"),
    ("empty.ipynb", b"", "not a notebook"),
    ("model.sql", RECURSIVE.encode(), "template recursion"),
    (
        "endless.sql",
        b"SELECT {% for i in range(10**9) %}{{ i }},{% endfor %} 1 FROM t",
        "template runs too long",
    ),
    ("form.sql", b"SELECT a FORM t WHERE", "syntax error"),
    ("deep.sql", b"SELECT " + b"(" * 50_000 + b"1" + b")" * 50_000, "nested too deep"),
    (
        "subqueries.sql",
        b"SELECT * FROM " + b"(SELECT * FROM " * 3000 + b"t" + b")" * 3000,
        "nested too deep",
    ),
    (
        "cases.sql",
        b"SELECT " + b"CASE WHEN a THEN " * 3000 + b"1" + b" END" * 3000 + b" FROM t",
        "nested too deep",
    ),
    ("arrays.sql", b"SELECT " + b"[" * 5000 + b"1" + b"]" * 5000, "nested too deep"),
    ("nots.sql", b"SELECT 1 FROM t WHERE " + b"NOT " * 20_000 + b"a", "nested too deep"),
    ("quote.sql", b"SELECT '" + b"a" * 100_000, "syntax error"),
    ("wide_le.sql", "SELECT 1".encode("utf-16-le"), "binary file"),
    ("sum.py", b"import pandas as pd\npd.read_gbq(" + b"+".join([b'"a"'] * 20_000) + b")", NESTED),
    ("chain.py", b"import pandas as pd\npd.read_gbq('SELECT 1')" + b".head()" * 5000, NESTED),
    ("binary.py", b"import pandas\x00", "binary file"),
    ("form.py", b"import pandas as pd\npd.read_gbq('SELECT 1'", "Python syntax error"),
    ("deep.ipynb", b"[" * 100_000, "not a notebook"),
    ("number.ipynb", b"1" * 10_000, "not a notebook"),
    ("cells.ipynb", b'{"cells": {"a": 1}}', "not a notebook"),
    ("binary.ipynb", b"\x00\x01", "binary file"),
    ("latin.ipynb", b'{"cells": ["\xe9"]}', "not UTF-8 text"),
    ("code.ipynb", (CODE % '"import ("').encode(), "Python syntax error"),
    ("itself.sql", b'{% include "itself.sql" %}', "template recursion"),
    ("doubling.sql", b'{% set x = "a" %}' + b"{% set x = x ~ x %}" * 60 + b"{{ x }}", "template too large"),
    ("power.sql", b"SELECT {{ 9**9**9**9 }}", "template too large"),
]


@pytest.mark.parametrize(("name", "content", "reason"), BAD_FILES, ids=[name for name, *_ in BAD_FILES])
def test_a_file_that_cannot_be_read(
    costguard: Costguard, tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / name).write_bytes(content)
    alone = costguard("scan", "bad", "--format", "json")
    assert alone.code == 2
    assert alone.document["summary"]["verdict"] == "error"
    assert alone.document["summary"]["reasons"] == ["nothing could be analysed: no file could be read"]
    assert unread(alone) == [(name, reason)]
    (tmp_path / "bad" / "good.sql").write_text("SELECT a FROM p.d.t")
    beside = costguard("scan", "bad", "--format", "json")
    assert beside.code == 0
    assert beside.document["summary"]["queries"] == 1
    assert unread(beside) == [(name, reason)]
    assert f"      1  {reason}: bad/{name}:" in costguard("scan", "bad").out


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(costguard: Costguard, tmp_path: Path) -> None:
    (tmp_path / "secret.sql").write_text("SELECT 1")
    (tmp_path / "secret.sql").chmod(0)
    done = costguard("scan", "secret.sql", "--format", "json")
    assert done.code == 2
    assert unread(done) == [("secret.sql", "cannot be opened")]


def test_a_file_that_vanishes_while_scanning(
    costguard: Costguard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from costguard import discover

    (tmp_path / "here.sql").write_text("SELECT 1 FROM p.d.t")
    monkeypatch.setattr(discover, "_git_files", lambda folder: ["gone.sql", "here.sql"])
    done = costguard("scan", ".", "--format", "json")
    assert unread(done) == [("gone.sql", "cannot be opened")]
    assert done.document["summary"]["queries"] == 1


@pytest.mark.parametrize("repository", [False, True])
def test_links_in_a_circle(costguard: Costguard, tmp_path: Path, repository: bool) -> None:
    if repository:
        subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True, timeout=30)
    (tmp_path / "here.sql").write_text("SELECT a FROM p.d.t")
    (tmp_path / "one.sql").symlink_to("other.sql")
    (tmp_path / "other.sql").symlink_to("one.sql")
    (tmp_path / "folder").symlink_to(".", target_is_directory=True)
    done = costguard("scan", ".", "--format", "json")
    assert done.code == 0
    assert done.document["summary"]["queries"] == 1
    assert unread(done) == [("one.sql", "cannot be opened"), ("other.sql", "cannot be opened")]
    refused(costguard("scan", "one.sql"), "one.sql: no such file or directory")


def test_a_link_that_leads_out(costguard: Costguard, tmp_path: Path) -> None:
    (tmp_path / "secret.sql").write_text("SELECT secret FROM p.d.t")
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "here.sql").write_text("SELECT a FROM p.d.t")
    (tmp_path / "inside" / "link.sql").symlink_to("../secret.sql")
    done = costguard("scan", "inside", "--format", "json")
    assert unread(done) == [("link.sql", "link out of the given path")]
    assert "secret" not in done.out.replace("secret.sql", "")


def test_a_pipe(costguard: Costguard, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.sql")
    done = costguard("scan", ".", "--format", "json")
    assert done.code == 2
    assert unread(done) == [("pipe.sql", "not a regular file")]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are text")
def test_a_name_in_another_encoding(costguard: Costguard, tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"gr\xfcn.sql")).write_text("SELECT a FROM p.d.t")
    for _ in range(2):
        done = costguard("scan", ".", "--format", "json")
        assert done.code == 0
        assert [query["path"] for query in done.document["queries"]] == ["gr\\xfcn.sql"]


SHARE = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
sys.argv = ["costguard", *sys.argv[1:]]
from costguard.cli.main import run
run()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a process cannot be held to a size")
def test_fifty_megabytes_of_sql(tmp_path: Path) -> None:
    line = "SELECT a, b, c FROM p.d.t WHERE x = 1;\n"
    with (tmp_path / "big.sql").open("w") as stream:
        for _ in range(50):
            stream.write(line * (2**20 // len(line) + 1))
    (tmp_path / "small.sql").write_text("SELECT a FROM p.d.t")
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", SHARE, "scan", ".", "--no-cache", "--format", "json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT), "POLARS_MAX_THREADS": "1"},
    )
    assert time.monotonic() - started < 20
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    assert document["summary"]["queries"] == 1
    (item,) = document["unread"]
    assert (item["path"], item["reason"]) == ("big.sql", "file too large")
    assert item["detail"] == "50 MiB is more than the limit of 2 MiB"


# -- catalogs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("c.json", b"tables: none", "c.json: not JSON: Expecting value at line 1, column 1"),
        (
            "c.json",
            b"[1]",
            'c.json: the document: expected an object with "version" and "tables", found a list',
        ),
        ("c.json", b"\xff\xfe", "c.json: not UTF-8 text (byte 0)"),
        (
            "c.json",
            b'{"version": 9, "tables": []}',
            "c.json: version: 9 is not known; this program reads version 1",
        ),
        ("c.json.gz", b"not gzip", "c.json.gz: not JSON: Expecting value at line 1, column 1"),
        (
            "c.json.gz",
            gzip.compress(b'{"version": 1, "tables": []}', mtime=0)[:20],
            "c.json.gz: damaged gzip file",
        ),
    ],
)
def test_a_catalog_that_cannot_be_used(
    costguard: Costguard, shop: Path, tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    done = costguard("scan", shop, "--catalog", name)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"costguard: {message}")
    assert done.err.count("\n") == 1


def test_a_catalog_that_is_not_there(costguard: Costguard, shop: Path) -> None:
    refused(costguard("scan", shop, "--catalog", "c.json"), "c.json: no such file")


def test_a_catalog_that_cannot_be_opened(costguard: Costguard, shop: Path, tmp_path: Path) -> None:
    (tmp_path / "c.json").mkdir()
    refused(costguard("scan", shop, "--catalog", "c.json"), "c.json: cannot be read (Is a directory)")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_catalog_that_may_not_be_read(costguard: Costguard, shop: Path, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text('{"version": 1, "tables": []}')
    (tmp_path / "c.json").chmod(0)
    refused(costguard("scan", shop, "--catalog", "c.json"), "c.json: cannot be read (Permission denied)")


def test_a_catalog_is_looked_at_although_nothing_changed(costguard: Costguard, shop: Path) -> None:
    assert costguard("scan", shop, "--fail-on", "never").code == 0
    (shop / "catalog.json").write_text("{")
    assert costguard("scan", shop, "--fail-on", "never").code == 2


# -- rules ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("severity: error", "severity: fatal", 4, "severity: "),
        ("## Good\n", "## Fine\n", 1, "the heading '## Good' is missing"),
        ("FROM scans WHERE star", "FROM scanz WHERE star", None, "scanz"),
        ("WHERE star", "WHERE starr", None, "starr"),
        ("FROM scans WHERE star", "FROM read_csv('/etc/passwd')", None, "may only name fact tables"),
        ("{table}:", "{tabel}:", None, "tabel"),
        ("bytes AS wasted_bytes", "table_name AS wasted_bytes", None, "`wasted_bytes` must be a number"),
        ("SELECT at", "SELECT table_name AS at", None, "`at` must be a key of locations"),
        ("WHERE star", "WHERE star /*! code */", None, "a comment begins with --"),
        ("id: every-column", "id: other", 2, "id 'other' must be the name of the file ('every-column')"),
        ("---\nid", "--\nid", 1, "a page starts with '---' and its front matter"),
    ],
)
@pytest.mark.parametrize("command", [("scan", "shop"), ("rules", "--config", "shop/costguard.toml")])
def test_a_broken_rule_page(
    costguard: Costguard,
    shop: Path,
    old: str,
    new: str,
    line: int | None,
    message: str,
    command: tuple[str, ...],
) -> None:
    assert old in RULE
    page = shop / ".costguard" / "rules" / "own" / "every-column.md"
    page.write_text(RULE.replace(old, new))
    if command[0] == "rules" and line is None:
        command = ("test-rules", "shop/.costguard/rules")
    done = costguard(*command)
    assert (done.code, done.out) == (2, "")
    assert "every-column.md:" in done.err
    assert message in done.err
    if line is not None:
        assert f"every-column.md:{line}: {message}" in done.err


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("evry-column", "no rule is called 'evry-column'; did you mean 'every-column'?"),
        ("xyzzy", "no rule is called 'xyzzy'; `costguard rules` lists them"),
    ],
)
def test_an_unknown_rule(costguard: Costguard, shop: Path, name: str, message: str) -> None:
    refused(costguard("scan", shop, "--rule", name), message)


# -- options -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--now", "yesterday"), "--now 'yesterday' is not a time such as 2026-11-01T00:00:00Z"),
        (("--now", "2026-13-01"), "--now '2026-13-01' is not a time such as 2026-11-01T00:00:00Z"),
        (("--now", "0001-01-01"), "--now '0001-01-01': the year must be from 1970 to 2999"),
        (
            ("--now", "9999-12-31T23:59:59-14:00"),
            "--now '9999-12-31T23:59:59-14:00': the year must be from 1970 to 2999",
        ),
        (
            ("--max-usd-per-query", "much"),
            "--max-usd-per-query 'much' is not an amount of dollars such as 2.50",
        ),
        (("--max-usd-per-iteration", "nan"), "--max-usd-per-iteration 'nan' must be 0 or more"),
        (("--max-usd-per-iteration", "-1"), "--max-usd-per-iteration '-1' must be 0 or more"),
        (
            ("--location", "us-est1"),
            "there is no price for location 'us-est1'; did you mean 'us-west1' or 'us-east1' or 'us-west8'?",
        ),
        (("--config", "gone.toml"), "gone.toml: cannot be read (No such file or directory)"),
    ],
)
def test_an_option_that_makes_no_sense(
    costguard: Costguard, shop: Path, options: tuple[str, ...], message: str
) -> None:
    refused(costguard("scan", shop, *options), message)


def test_an_unknown_dialect_names_the_known_ones(costguard: Costguard, shop: Path) -> None:
    done = costguard("scan", shop, "--dialect", "oracle")
    assert done.code == 2
    assert done.err.startswith("costguard: dialect 'oracle' is not known; one of bigquery, spark, ")


@pytest.mark.parametrize(
    "arguments",
    [
        ("scan",),
        ("scna", "."),
        ("scan", ".", "--nope"),
        ("scan", ".", "--format", "xml"),
        ("scan", ".", "--fail-on", "all"),
        ("scan", ".", "--jobs-parallel", "0"),
        ("scan", ".", "--jobs-parallel", "many"),
        ("explain",),
        ("query",),
    ],
)
def test_wrong_usage(costguard: Costguard, arguments: tuple[str, ...]) -> None:
    done = costguard(*arguments)
    assert (done.code, done.out) == (2, "")
    assert "Error: " in done.err


# -- configs -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("catalogs = []", "unknown key 'catalogs'; did you mean 'catalog'?"),
        ("[rules]\nignor = []", "unknown key 'rules.ignor'; did you mean 'ignore'?"),
        (
            'machine = "e2-standrd-4"',
            "there is no price for machine 'e2-standrd-4'; did you mean 'e2-standard-4'",
        ),
        ("project = 3", "project: must be a text"),
        ('[rules]\nignore = ["xyzzy"]', "no rule is called 'xyzzy'"),
        ('[rules.severity]\nxyzzy = "note"', "no rule is called 'xyzzy'"),
        ("catalog = [", "not TOML"),
        ('exclude = "!"', "exclude: '!' is not a pattern such as in .gitignore"),
        ("xyzzy = 1", "unknown key 'xyzzy'; known: "),
        ("[tool.costguard.rules]\nseverty = {}", "unknown key 'rules.severty'; did you mean 'severity'?"),
        ("catalog = " + "[" * 50_000, "nested too deep"),
        ("tool = 3", "unknown key 'tool'; known: "),
        ('[rules]\ndirectories = "checks"', "shop/checks: no such directory"),
        ('[runs]\n"*" = -1', "runs.*: "),
        ('timezone = "Mars/X"', "timezone: 'Mars/X' is no time zone such as Europe/Zurich"),
        ("timezone = 3", "timezone: must be a text"),
    ],
)
def test_a_config_that_makes_no_sense(costguard: Costguard, shop: Path, text: str, message: str) -> None:
    (shop / "costguard.toml").write_text(text)
    done = costguard("scan", shop)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert done.err.count("\n") == 1


# -- defects of ours -----------------------------------------------------------------------------------


def test_a_defect_is_one_line_and_no_pass(
    costguard: Costguard, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise LookupError("gone\nfishing")

    monkeypatch.setattr("costguard.gate.judge_gate", broken)
    refused(
        costguard("scan", shop),
        "internal error (LookupError: gone); set COSTGUARD_TRACEBACK=1 for the details and please report it",
    )
    monkeypatch.setenv("COSTGUARD_TRACEBACK", "1")
    with pytest.raises(LookupError):
        costguard("scan", shop)


def test_what_the_system_forbids_is_no_defect(
    costguard: Costguard, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "shop/x")

    monkeypatch.setattr("costguard.gate.judge_gate", forbidden)
    refused(costguard("scan", shop), "shop/x: cannot be used (Permission denied)")


def test_an_interrupt_is_said(costguard: Costguard, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("costguard.gate.judge_gate", interrupted)
    done = costguard("scan", shop)
    assert (done.code, done.out, done.err) == (130, "", "costguard: interrupted\n")


def test_names_that_steer_the_terminal_are_neutralised(costguard: Costguard) -> None:
    refused(costguard("scan", "\x1b[2Jgone"), "␛[2Jgone: no such file or directory")
