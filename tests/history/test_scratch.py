"""Where large NDJSON is laid down is gone when the process is, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUN = """
import sys
from costguard.history import files, ndjson
ndjson.FIRST_PIECE_BYTES = ndjson.PIECE_BYTES = 1000
{setting}
sys.argv = ["costguard", "charges", sys.argv[1]]
from costguard.cli.main import program
program()
"""
INTERRUPT = """
import os, signal
from dataclasses import replace
lay_down = files.lay_down
def interrupted(found, directory):
    frame = lay_down(found, directory)
    print("laid down:", len(list(directory.iterdir())), flush=True)
    os.kill(os.getpid(), signal.SIGINT)
    return frame
files.lay_down = interrupted
"""
ROW = '{"cost": 1, "currency": "USD", "usage_start_time": "2026-09-01 00:00:00 UTC"}\n'


def run(folder: Path, lines: str, setting: str = "") -> tuple[int, str, str, list[Path]]:
    """Exit code, output, errors, and what is left in the place for temporary files."""
    scratch = folder / "scratch"
    scratch.mkdir()
    (folder / "b.ndjson").write_text(lines)
    done = subprocess.run(
        [sys.executable, "-c", RUN.format(setting=setting), str(folder / "b.ndjson")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "TMPDIR": str(scratch)},
    )
    return done.returncode, done.stdout, done.stderr, list(scratch.iterdir())


def test_after_success(tmp_path: Path) -> None:
    code, out, err, left = run(tmp_path, ROW * 100)
    assert (code, err, left) == (0, "", [])
    assert "Rows       100\n" in out


def test_after_an_error(tmp_path: Path) -> None:
    code, _, err, left = run(tmp_path, ROW * 100 + "{\n")
    assert (code, left) == (2, [])
    assert "b.ndjson: cannot be read as ndjson: line 101: " in err


@pytest.mark.skipif(not hasattr(signal, "SIGINT") or os.name == "nt", reason="no signal to send")
def test_after_an_interrupt(tmp_path: Path) -> None:
    code, out, err, left = run(tmp_path, ROW * 100, INTERRUPT)
    assert (code, err, left) == (130, "costguard: interrupted\n", [])
    assert out == "laid down: 8\n"


def test_where_there_is_no_room(tmp_path: Path) -> None:
    code, _, err, left = run(
        tmp_path, ROW * 100, "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))"
    )
    assert (code, left) == (2, [])
    assert "what large NDJSON holds cannot be written there" in err
    assert "TMPDIR names another place" in err
