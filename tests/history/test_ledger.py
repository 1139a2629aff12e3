"""The ledger of iterations: lines are only added, by one at a time, and a broken one costs nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from costguard.errors import UsageProblem
from costguard.history.ledger import LABEL_VALUE, Entry, end, entry_of, read_ledger, start

NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
LATER = NOW + timedelta(hours=2)
COMMIT = "2844c7c" + "0" * 33


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "iterations.jsonl"


def test_begin_and_end(path: Path) -> None:
    entry = start(path, NOW, COMMIT, "wider features", None)
    assert entry == Entry("20261120-143000-2844c7c", NOW, None, COMMIT, "wider features")
    assert read_ledger(path).open == (entry,)
    ended = end(path, LATER, None, "better by 2 %")
    assert ended == Entry(entry.id, NOW, LATER, COMMIT, "wider features; better by 2 %")
    assert read_ledger(path).entries == (ended,)
    assert [json.loads(line) for line in path.read_text().splitlines()] == [
        {
            "version": 1,
            "event": "start",
            "id": entry.id,
            "time": "2026-11-20T14:30:00Z",
            "commit": COMMIT,
            "comment": "wider features",
        },
        {
            "version": 1,
            "event": "end",
            "id": entry.id,
            "time": "2026-11-20T16:30:00Z",
            "comment": "better by 2 %",
        },
    ]


def test_ids_are_values_of_labels_and_never_the_same(path: Path) -> None:
    ids = [start(path, NOW, commit, None, None).id for commit in (COMMIT, COMMIT, None, COMMIT)]
    assert ids == [
        "20261120-143000-2844c7c",
        "20261120-143000-2844c7c-2",
        "20261120-143000",
        "20261120-143000-2844c7c-3",
    ]
    assert all(LABEL_VALUE.fullmatch(name) for name in ids)
    assert start(path, NOW, None, None, "own_id-1").id == "own_id-1"
    with pytest.raises(UsageProblem, match="there is an iteration 'own_id-1' already"):
        start(path, NOW, None, None, "own_id-1")


@pytest.mark.parametrize("wanted", ["", "A", "a b", "a.b", "é", "a" * 64, "a\n", "$(x)"])
def test_ids_that_are_no_values_of_labels(path: Path, wanted: str) -> None:
    with pytest.raises(UsageProblem, match="cannot be the value of a label"):
        start(path, NOW, None, None, wanted)
    assert not path.exists()


def test_which_one_ends(path: Path) -> None:
    with pytest.raises(UsageProblem, match="there is no ledger"):
        end(path, NOW, None, None)
    start(path, NOW, None, None, "a")
    start(path, NOW, None, None, "b")
    with pytest.raises(UsageProblem, match="2 iterations are open; say which with --id: a, b"):
        end(path, LATER, None, None)
    with pytest.raises(UsageProblem, match="no iteration 'c'; open: a, b"):
        end(path, LATER, "c", None)
    assert end(path, LATER, "a", None).id == "a"
    with pytest.raises(UsageProblem, match="'a' ended at 2026-11-20T16:30:00Z; open: b"):
        end(path, LATER, "a", None)
    with pytest.raises(UsageProblem, match="b began at 2026-11-20T14:30:00Z, after 2026-11-20T14:29:00Z"):
        end(path, NOW - timedelta(minutes=1), None, None)
    assert end(path, LATER, None, None).id == "b"
    with pytest.raises(UsageProblem, match="no iteration is open"):
        end(path, LATER, None, None)


def test_a_comment_that_is_too_long(path: Path) -> None:
    with pytest.raises(UsageProblem, match="the comment has 2,001 characters; at most 2,000"):
        start(path, NOW, None, "x" * 2001, None)


def test_lines_that_cannot_be_read_cost_only_themselves(path: Path) -> None:
    start(path, NOW, None, "one\ntwo \u202e", "a")
    broken = [
        "no json", "[]", "3", "{}", '{"version": 1}', "[" * 100_000,
        '{"version": 2, "event": "start", "id": "x", "time": "2026-11-20T14:30:00Z"}',
        '{"version": 1, "event": "start", "id": "a", "time": "2026-11-20T14:30:00Z"}',
        '{"version": 1, "event": "start", "id": "x", "time": "2026-11-20T14:30:00"}',
        '{"version": 1, "event": "start", "id": "x;rm", "time": "2026-11-20T14:30:00Z"}',
        '{"version": 1, "event": "start", "id": "x", "time": "2026-11-20T14:30:00Z", "comment": 3}',
        '{"version": 1, "event": "end", "id": "x", "time": "2026-11-20T14:30:00Z"}',
        '{"version": 1, "event": "stop", "id": "a", "time": "2026-11-20T14:30:00Z"}',
    ]  # fmt: skip
    with path.open("a") as stream:
        stream.write("\n".join(broken) + "\n\n" + '{"version": 1, "ev')
    end(path, LATER, "a", None)
    ledger = read_ledger(path)
    assert ledger.entries == (Entry("a", NOW, LATER, None, "one\ntwo \u202e"),)
    assert ledger.unread == (*range(2, 2 + len(broken)), 3 + len(broken))
    with path.open("ab") as stream:
        stream.write(b"\xff\xfe\n")
    assert read_ledger(path).unread[-1] == 5 + len(broken)


def test_no_ledger_is_an_empty_one_and_a_folder_is_none(tmp_path: Path) -> None:
    assert read_ledger(tmp_path / "gone").entries == ()
    with pytest.raises(UsageProblem, match="cannot be read"):
        read_ledger(tmp_path)
    with pytest.raises(UsageProblem, match="cannot be written"):
        start(tmp_path, NOW, None, None, None)


CODE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from costguard.history.ledger import end, start
now = datetime(2026, 11, 20, tzinfo=UTC)
for _ in range(25):
    end(Path(sys.argv[1]), now, start(Path(sys.argv[1]), now, None, "x" * 1500, None).id, None)
"""


def test_several_at_once_lose_nothing(path: Path) -> None:
    """Four processes begin and end 25 iterations each, all at the same second: every id is another one."""
    running = [subprocess.Popen([sys.executable, "-c", CODE, str(path)]) for _ in range(4)]
    assert [process.wait(timeout=60) for process in running] == [0] * 4
    ledger = read_ledger(path)
    assert ledger.unread == ()
    assert len(ledger.entries) == 100
    assert ledger.open == ()


def test_the_entry_of_an_iteration() -> None:
    one = Entry("one", NOW, LATER)
    other = Entry("other", LATER + timedelta(hours=1), LATER + timedelta(hours=2))
    still_open = Entry("open", NOW - timedelta(hours=9))
    entries = (still_open, one, other)
    hour = NOW.replace(minute=0)
    assert entry_of(entries, "other", NOW) == (other, "id")
    assert entry_of(entries, "open", LATER) == (still_open, "id")
    assert entry_of(entries, "else", NOW) is None
    assert entry_of(entries, None, hour) == (one, "time")
    assert entry_of(entries, None, LATER + timedelta(minutes=1)) is None
    assert entry_of((one, Entry("twin", NOW, LATER)), None, hour) is None
