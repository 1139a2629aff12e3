"""The installed script: all that was written is there, nothing is left behind, and the exit code is the command's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = "import sys; sys.argv[0] = 'costguard'; from costguard.cli.main import program; program()"


def called(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONUNBUFFERED": ""},
    )


@pytest.mark.parametrize(
    ("arguments", "code"), [(["rules"], 0), (["explain", "no-such-rule"], 2), (["no-such-command"], 2)]
)
def test_exit_codes(arguments: list[str], code: int) -> None:
    done = called(*arguments)
    assert done.returncode == code
    assert (done.stdout if code == 0 else done.stderr).strip()


def test_everything_is_written(tmp_path: Path) -> None:
    for number in range(50):
        (tmp_path / f"{number}.sql").write_text("SELECT * FROM p.d.t")
    done = called("scan", str(tmp_path), "--no-cache", "--format", "json", "--fail-on", "never")
    assert done.returncode == 0
    assert len(json.loads(done.stdout)["queries"]) == 50


def test_what_is_to_be_done_at_the_end_is_done() -> None:
    code = f"import atexit; atexit.register(print, 'cleaned up'); {PROGRAM}"
    done = subprocess.run(
        [sys.executable, "-c", code, "--version"], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "cleaned up"


def test_a_reader_that_leaves() -> None:
    """`costguard rules | head -0`: no traceback."""
    command = f'{sys.executable} -c "{PROGRAM}" rules | true'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("streams", [">&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed(streams: str) -> None:
    """Whoever closes them wants the exit code alone."""
    for arguments, code in (("rules", 0), ("explain no-such-rule", 2)):
        command = f'{sys.executable} -c "{PROGRAM}" {arguments} {streams}'
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
        assert done.returncode == code
        assert "internal error" not in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
@pytest.mark.parametrize("arguments", ["rules", "--help"])
def test_no_room_for_what_is_written(arguments: str) -> None:
    """It is not there in full, so that it is no success; and no defect of the program."""
    command = f'{sys.executable} -c "{PROGRAM}" {arguments} > /dev/full'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith("costguard: ")
    assert "cannot be written (No space left on device)" in done.stderr
    assert "internal error" not in done.stderr
    assert "Traceback" not in done.stderr
