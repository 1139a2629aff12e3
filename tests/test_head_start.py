"""When processes begin to load before the command line is understood."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from costguard import collect, crew
from costguard.discover import at_least
from costguard.head_start import head_start

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks are used on Linux only")


@pytest.fixture(autouse=True)
def forks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "_may_fork", lambda: True)
    monkeypatch.setattr(collect, "_load_all", _nothing)


def _nothing() -> None:
    pass


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """As many files as a second process pays for, four in each folder."""
    for number in range(collect.PARALLEL_FROM_FILES):
        folder = tmp_path / "code" / str(number // 4)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.sql").write_text("SELECT 1")
    return tmp_path / "code"


@pytest.fixture
def nowhere(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def workers(arguments: list[str], cache: Path) -> int | None:
    started = head_start(arguments, cache)
    if started is None:
        return None
    with started:
        assert started._ready is not None
        return started.workers


def test_many_files_and_no_cache(tree: Path, nowhere: Path) -> None:
    arguments = [str(tree), "--format", "json", "--jobs-parallel", "3"]
    assert workers(arguments, nowhere) == 3
    nowhere.mkdir()
    assert workers(arguments, nowhere) == 3


def test_a_cache_may_hold_everything(tree: Path, nowhere: Path) -> None:
    nowhere.mkdir()
    (nowhere / "costguard-cache.sqlite").write_bytes(b"")
    assert workers([str(tree), "--jobs-parallel=2"], nowhere) is None
    assert workers([str(tree), "--jobs-parallel=2", "--no-cache"], nowhere) == 2


def test_few_files_need_no_second_process(tree: Path, nowhere: Path) -> None:
    next(tree.rglob("*.sql")).unlink()
    assert workers([str(tree), "--jobs-parallel", "2"], nowhere) is None


@pytest.mark.parametrize("arguments", [[], ["no-such-folder"], ["--help"]])
def test_nothing_to_look_at(arguments: list[str], nowhere: Path) -> None:
    assert workers(arguments, nowhere) is None


@pytest.mark.parametrize("value", ["1", "--jobs-parallel=1"])
def test_one_process_is_the_caller(tree: Path, nowhere: Path, value: str) -> None:
    arguments = [value] if "=" in value else ["--jobs-parallel", value]
    assert workers([str(tree), *arguments], nowhere) is None


@pytest.mark.parametrize("value", ["many", "-2", "999999999999", ""])
def test_a_number_that_is_none_is_for_the_command_to_refuse(
    tree: Path, nowhere: Path, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert workers([str(tree), "--jobs-parallel", value], nowhere) == 2


def test_a_short_look(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.py").write_text("")
    (tmp_path / "notes.txt").write_text("")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "x.py").write_text("")
    assert at_least([str(tmp_path)], 3)
    assert not at_least([str(tmp_path)], 4)
    assert at_least([str(tmp_path), str(tmp_path)], 6)


def test_a_tree_of_many_folders_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("costguard.discover._SHORT_LOOK", 5)
    for number in range(9):
        (tmp_path / str(number)).mkdir()
    (tmp_path / "0" / "last.sql").write_text("")
    (tmp_path / "8" / "last.sql").write_text("")
    assert not at_least([str(tmp_path)], 2)


SCAN = """
import os, sys
os.cpu_count = lambda: 2
from costguard import crew
start, started = crew.Crew.start, []
def note(self):
    start(self)
    started.append(self)
crew.Crew.start = note
sys.argv = ["costguard", "scan", *sys.argv[1:]]
from costguard.cli.main import run
try:
    run()
finally:
    print("crews:", len(set(map(id, started))), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("arguments", "code", "crews"),
    [
        (["--jobs-parallel", "2"], 0, 1),  # the one that was started is the one that reads
        (["--jobs-parallel", "2", "--location", "nowhere"], 2, 1),  # it is sent home
        (["--config", "few.toml"], 0, 2),  # the config leaves few files: nobody is needed
    ],
)
def test_a_scan_takes_what_was_started(tree: Path, arguments: list[str], code: int, crews: int) -> None:
    (tree / "few.toml").write_text('exclude = ["/[1-9]*/"]\n')
    done = subprocess.run(
        [sys.executable, "-c", SCAN, ".", "--quiet", *arguments],
        cwd=tree,
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "XDG_CACHE_HOME": str(tree.parent / "cache"), "PYTHONPATH": os.getcwd()},
    )
    assert done.returncode == code, done.stderr
    assert done.stderr.splitlines()[-1] == f"crews: {crews}", done.stderr
