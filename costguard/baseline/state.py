"""What has become of each entry of a baseline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from costguard.baseline.found import Found
from costguard.baseline.model import Baseline, Entry

State = Literal["holds", "fewer", "stale", "expired", "over-budget", "unread", "not-scanned"]


@dataclass(frozen=True, slots=True)
class EntryState:
    """An entry, held against a scan."""

    entry: Entry
    state: State
    found: int
    """How much there is of what it is about, covered or not."""
    usd: Decimal | None
    """What its findings waste in an iteration, or what a run of its dearest query costs; None: unknown."""


def states(baseline: Baseline, found: Found, today: date) -> tuple[EntryState, ...]:
    """Every entry, in the order of the file."""
    return tuple(
        EntryState(entry, _state(entry, found, today), len(found.of(entry)), _usd(entry, found))
        for entry in baseline.entries
    )


def _state(entry: Entry, found: Found, today: date) -> State:
    if not found.scope.holds(entry):
        return "not-scanned"
    if found.is_unsure(entry):
        return "unread"
    gone = found.gone(entry)
    if gone:
        return "stale" if gone == entry.count else "fewer"
    if not entry.holds(today):
        return "expired"
    return "over-budget" if any(found.is_over(entry, item) for item in found.covered(entry)) else "holds"


def _usd(entry: Entry, found: Found) -> Decimal | None:
    if entry.rule is None:
        return found.dearest(entry)
    wasted = [finding.wasted_usd for finding in found.covered_findings(entry)]
    known = [usd.point for usd in wasted if usd is not None]
    return sum(known, Decimal(0)) if known else None
