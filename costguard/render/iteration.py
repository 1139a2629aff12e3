"""The ledger of iterations, for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from costguard.history.ledger import OWN_LABEL, Entry, Ledger
from costguard.money import format_seconds
from costguard.render.amounts import counted
from costguard.render.cells import harmless
from costguard.render.times import moment

SHORT_COMMIT: Final = 7


def started_text(entry: Entry, path: Path, variable: str) -> str:
    """What to do with an iteration that began."""
    return _text(
        [
            f"Iteration  {entry.id}",
            f"Began      {moment(entry.start)}{_at_commit(entry)}",
            f"Label      {OWN_LABEL}={entry.id}   (docs/iterations.md: how jobs get it)",
            f"Shell      export {variable}={entry.id}",
            f"Ledger     {path}",
        ]
    )


def ended_text(entry: Entry) -> str:
    """An iteration that has ended."""
    return _text(_described(entry, entry.end or entry.start))


def status_text(ledger: Ledger, now: datetime) -> str:
    """What is open, and what ended last."""
    return _text(_status(ledger, now))


def _status(ledger: Ledger, now: datetime) -> Iterator[str]:
    if not ledger.entries:
        yield f"no iterations yet in {ledger.path}"
    for entry in ledger.open:
        yield from _described(entry, now)
    ended = [entry for entry in ledger.entries if entry.end is not None]
    if ledger.entries and not ledger.open:
        yield "no iteration is open"
    if ended:
        last = max(ended, key=lambda entry: (entry.end or entry.start, entry.id))
        yield "Last ended:"
        yield from _described(last, last.end or last.start)
    if ledger.unread:
        yield unread_text(ledger)


def unread_text(ledger: Ledger) -> str:
    """Lines of a ledger that are left out."""
    lines = ", ".join(map(str, ledger.unread[:5])) + (", ..." if len(ledger.unread) > 5 else "")
    return f"{ledger.path}: {counted(len(ledger.unread), 'line')} cannot be read: {lines}"


def _described(entry: Entry, until: datetime) -> Iterator[str]:
    yield f"Iteration  {entry.id}"
    yield f"Began      {moment(entry.start)}{_at_commit(entry)}"
    lasted = format_seconds(Decimal(max(until - entry.start, timedelta()) // timedelta(seconds=1)))
    yield (
        f"Ended      {moment(entry.end)}, after {lasted}"
        if entry.end is not None
        else f"Open       for {lasted}"
    )
    if entry.comment:
        yield f"Comment    {entry.comment}"


def _at_commit(entry: Entry) -> str:
    return f", commit {entry.commit[:SHORT_COMMIT]}" if entry.commit else ""


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{harmless(line)}\n" for line in lines)
