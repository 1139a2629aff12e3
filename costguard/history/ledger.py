"""The ledger of iterations: a line for each beginning and end, with commit and comment. Lines are only ever added.

{"version": 1, "event": "start", "id": "20261120-143000-2844c7c", "time": "2026-11-20T14:30:00Z",
 "commit": "2844c7c...", "comment": "wider features"}
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final

from costguard.errors import UsageProblem

VERSION: Final = 1
LEDGER: Final = Path(".costguard") / "iterations.jsonl"
"""Where the ledger lies in a project."""
OWN_LABEL: Final = "cg_iteration"
"""The key of the label that jobs of a stamped iteration have."""
LABEL_VALUE: Final = re.compile(r"[a-z0-9_-]{1,63}")
"""What Google Cloud takes as the value of a label (it would take letters of other scripts too)."""
_SHORT: Final = 7
MAXIMUM_COMMENT: Final = 2000


@dataclass(frozen=True, slots=True)
class Entry:
    """An iteration, as somebody stamped it."""

    id: str
    start: datetime
    end: datetime | None = None
    """None while it is open."""
    commit: str | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a ledger holds."""

    path: Path
    entries: tuple[Entry, ...] = ()
    """In the order in which they began."""
    unread: tuple[int, ...] = ()
    """Numbers of lines that could not be read."""

    @property
    def open(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.end is None)


def read_ledger(path: Path) -> Ledger:
    """The iterations of a ledger; none where there is no file.

    Raises:
        UsageProblem: the file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return _read(path, stream.read())
    except FileNotFoundError:
        return Ledger(path)
    except OSError as error:
        raise UsageProblem(f"{path}: cannot be read ({error.strerror or error})") from None


def start(path: Path, now: datetime, commit: str | None, comment: str | None, wanted: str | None) -> Entry:
    """Begin an iteration: with an id of its own, or the wanted one.

    Raises:
        UsageProblem: the id is no value of a label or is taken, the comment is too long, or the file cannot be written.
    """
    _check_comment(comment)
    if wanted is not None and not LABEL_VALUE.fullmatch(wanted):
        raise UsageProblem(
            f"--id {wanted!r} cannot be the value of a label: 1 to 63 characters of a-z, 0-9, - and _"
        )
    with _held(path) as stream:
        taken = {entry.id for entry in _read(path, stream.read()).entries}
        if wanted is not None and wanted in taken:
            raise UsageProblem(f"{path}: there is an iteration {wanted!r} already; choose another --id")
        entry = Entry(wanted or _fresh_id(now, commit, taken), now, None, commit, comment)
        _append(
            stream,
            {"event": "start", "id": entry.id, "time": _text(now), "commit": commit, "comment": comment},
        )
    return entry


def end(path: Path, now: datetime, wanted: str | None, comment: str | None) -> Entry:
    """End an iteration: the wanted one, else the only one that is open.

    Raises:
        UsageProblem: it is not open, nobody can tell which one is meant, or the file cannot be written.
    """
    _check_comment(comment)
    if not path.exists():
        raise UsageProblem(f"{path}: there is no ledger; `costguard iteration start` begins one")
    with _held(path) as stream:
        ledger = _read(path, stream.read())
        entry = _meant(ledger, wanted)
        if now < entry.start:
            raise UsageProblem(f"{entry.id} began at {_text(entry.start)}, after {_text(now)}")
        _append(stream, {"event": "end", "id": entry.id, "time": _text(now), "comment": comment})
    return replace(entry, end=now, comment=_joined(entry.comment, comment))


def _meant(ledger: Ledger, wanted: str | None) -> Entry:
    names = ", ".join(entry.id for entry in ledger.open) or "none"
    if wanted is not None:
        for entry in ledger.entries:
            if entry.id == wanted:
                if entry.end is not None:
                    raise UsageProblem(f"iteration {wanted!r} ended at {_text(entry.end)}; open: {names}")
                return entry
        raise UsageProblem(f"{ledger.path}: there is no iteration {wanted!r}; open: {names}")
    if not ledger.open:
        raise UsageProblem(f"{ledger.path}: no iteration is open; `costguard iteration start` begins one")
    if len(ledger.open) > 1:
        raise UsageProblem(f"{len(ledger.open)} iterations are open; say which with --id: {names}")
    return ledger.open[0]


def entry_of(entries: Sequence[Entry], label: str | None, began: datetime) -> tuple[Entry, str] | None:
    """The entry of an iteration, and how it was found: `id`, by its label `cg_iteration`; `time`, when it has another
    label or none and began, to the hour, within exactly one entry that has ended."""
    if label is not None:
        return next(((entry, "id") for entry in entries if entry.id == label), None)
    within = [
        entry
        for entry in entries
        if entry.end is not None
        and entry.start.replace(minute=0, second=0, microsecond=0) <= began <= entry.end
    ]
    return (within[0], "time") if len(within) == 1 else None


# -- lines -----------------------------------------------------------------------------------------------


def _read(path: Path, data: bytes) -> Ledger:
    entries: dict[str, Entry] = {}
    unread: list[int] = []
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            _apply(json.loads(line), entries)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            unread.append(number)
    ordered = sorted(entries.values(), key=lambda entry: (entry.start, entry.id))
    return Ledger(path, tuple(ordered), tuple(unread))


def _apply(line: Any, entries: dict[str, Entry]) -> None:
    """What a line tells.

    Raises:
        ValueError, TypeError, KeyError, AttributeError: nothing that can be understood.
    """
    name, time = line["id"], datetime.fromisoformat(line["time"])
    if line["version"] != VERSION or time.tzinfo is None or not LABEL_VALUE.fullmatch(name):
        raise ValueError
    time = time.astimezone(UTC)
    comment, commit = line.get("comment"), line.get("commit")
    if not isinstance(comment, (str, type(None))) or not isinstance(commit, (str, type(None))):
        raise TypeError
    if line["event"] == "start" and name not in entries:
        entries[name] = Entry(name, time, None, commit, comment)
    elif line["event"] == "end" and entries[name].end is None:
        entries[name] = replace(entries[name], end=time, comment=_joined(entries[name].comment, comment))
    else:
        raise ValueError


def _joined(first: str | None, second: str | None) -> str | None:
    return "; ".join(text for text in (first, second) if text) or None


def _check_comment(comment: str | None) -> None:
    if comment is not None and len(comment) > MAXIMUM_COMMENT:
        raise UsageProblem(f"the comment has {len(comment):,} characters; at most {MAXIMUM_COMMENT:,}")


def _fresh_id(now: datetime, commit: str | None, taken: set[str]) -> str:
    base = f"{now.astimezone(UTC):%Y%m%d-%H%M%S}" + (f"-{commit[:_SHORT]}" if commit else "")
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    return name


def _text(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


# -- the file --------------------------------------------------------------------------------------------


@contextmanager
def _held(path: Path) -> Iterator[IO[bytes]]:
    """The file, to be read and added to by nobody else meanwhile.

    Raises:
        UsageProblem: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as stream:
            _lock(stream)
            stream.seek(0)
            yield stream
    except OSError as error:
        raise UsageProblem(f"{path}: cannot be written ({error.strerror or error})") from None


def _append(stream: IO[bytes], line: dict[str, Any]) -> None:
    """Add a line, on the disk before anybody is told. A line that broke off stays alone."""
    size = stream.seek(0, os.SEEK_END)
    broken = False
    if size:
        stream.seek(-1, os.SEEK_END)
        broken = stream.read(1) != b"\n"
    text = json.dumps({"version": VERSION, **line})
    stream.write((b"\n" if broken else b"") + text.encode() + b"\n")
    stream.flush()
    os.fsync(stream.fileno())


def _lock(stream: IO[bytes]) -> None:
    """Wait until nobody else holds the file; closing it lets it go."""
    if sys.platform == "win32":
        import msvcrt

        stream.seek(0)
        msvcrt.locking(stream.fileno(), msvcrt.LK_LOCK, 1)
    else:
        import fcntl

        fcntl.flock(stream.fileno(), fcntl.LOCK_EX)
