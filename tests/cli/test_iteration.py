"""`costguard iteration start | end | status`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Costguard

STARTED = """\
Iteration  20261120-143000
Began      2026-11-20 14:30 UTC
Label      cg_iteration=20261120-143000   (docs/iterations.md: how jobs get it)
Shell      export COSTGUARD_ITERATION=20261120-143000
Ledger     .costguard/iterations.jsonl
"""
ENDED = """\
Iteration  20261120-143000
Began      2026-11-20 14:30 UTC
Ended      2026-11-20 16:00 UTC, after 1.5 h
Comment    wider features; 2 % better
"""
AT = ("--now", "2026-11-20T14:30:00Z")
LATER = ("--now", "2026-11-20T16:00:00Z")


def test_begin_look_and_end(costguard: Costguard, tmp_path: Path) -> None:
    assert costguard("iteration", "status").out == "no iterations yet in .costguard/iterations.jsonl\n"
    done = costguard("iteration", "start", "--comment", "wider features", *AT)
    assert (done.code, done.out, done.err) == (0, STARTED, "")
    assert costguard("iteration", "status", *LATER).out.splitlines()[2:] == [
        "Open       for 1.5 h",
        "Comment    wider features",
    ]
    assert costguard("iteration", "end", "--comment", "2 % better", *LATER).out == ENDED
    assert costguard("iteration", "status").out == f"no iteration is open\nLast ended:\n{ENDED}"
    lines = (tmp_path / ".costguard/iterations.jsonl").read_text().splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["start", "end"]


def test_lines_for_the_shell(costguard: Costguard, monkeypatch: pytest.MonkeyPatch) -> None:
    done = costguard("iteration", "start", "--export", *AT)
    assert (done.out, done.err) == ("export COSTGUARD_ITERATION=20261120-143000\n", "")
    costguard("iteration", "start", "--id", "other", *AT)
    monkeypatch.setenv("COSTGUARD_ITERATION", "20261120-143000")
    assert costguard("iteration", "end", "--export", *LATER).out == "unset COSTGUARD_ITERATION\n"
    monkeypatch.setenv("COSTGUARD_ITERATION", "")
    assert costguard("iteration", "end", *LATER).out.startswith("Iteration  other\n")


def test_the_ledger_lies_beside_the_config_else_at_the_top_of_the_work_tree(
    costguard: Costguard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    (project / "sub" / "deep").mkdir(parents=True)
    (project / ".git").mkdir()
    (project / ".git" / "HEAD").write_text("0123456789" * 4 + "\n")
    monkeypatch.chdir(project / "sub" / "deep")
    assert costguard("iteration", "start", "--export", *AT).out.endswith("=20261120-143000-0123456\n")
    assert (project / ".costguard" / "iterations.jsonl").exists()
    (project / "sub" / "costguard.toml").touch()
    assert "commit 0123456\n" in costguard("iteration", "start", "--id", "a", *AT).out
    assert "Iteration  a\n" in costguard("iteration", "status").out
    assert (project / "sub" / ".costguard" / "iterations.jsonl").exists()


def test_the_clock_of_another_zone(costguard: Costguard) -> None:
    out = costguard("iteration", "start", "--now", "2026-11-21T02:30:00+12:00").out
    assert "Iteration  20261120-143000\nBegan      2026-11-20 14:30 UTC\n" in out


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("start", "--id", "A B"), "--id 'A B' cannot be the value of a label"),
        (("start", "--now", "noon"), "--now 'noon' is not a time"),
        (("end",), "there is no ledger; `costguard iteration start` begins one"),
        (("start", "--ledger", "."), ".: cannot be written (Is a directory)"),
        (("status", "--ledger", "."), ".: cannot be read (Is a directory)"),
        (("status", "--ledger", "gone.jsonl"), "gone.jsonl: no such file"),
    ],
)
def test_what_is_wrong(costguard: Costguard, arguments: tuple[str, ...], problem: str) -> None:
    done = costguard("iteration", *arguments)
    assert (done.code, done.out) == (2, "")
    assert problem in done.err
    assert done.err.count("\n") == 1


def test_a_comment_that_steers_the_terminal(costguard: Costguard) -> None:
    costguard("iteration", "start", "--comment", "a\x1b[31m\nb", *AT)
    assert "Comment    a␛[31m␊b\n" in costguard("iteration", "status", *LATER).out


def test_lines_that_cannot_be_read_are_said(costguard: Costguard, tmp_path: Path) -> None:
    path = tmp_path / "l.jsonl"
    path.write_text("x\n" * 7)
    costguard("iteration", "start", "--ledger", path, *AT)
    out = costguard("iteration", "status", "--ledger", path, *AT).out
    assert out.endswith("l.jsonl: 7 lines cannot be read: 1, 2, 3, 4, 5, ...\n")


def test_help(costguard: Costguard) -> None:
    done = costguard("iteration", "--help")
    assert done.code == 0
    for command in ("start", "end", "status"):
        assert f"\n  {command} " in done.out
        assert costguard("iteration", command, "--help").code == 0
    assert costguard("iteration").code == 2
