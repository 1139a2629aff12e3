"""The entries of a baseline, and changes of it, for people and for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

from costguard.baseline.change import Change, Kind
from costguard.baseline.model import Entry
from costguard.baseline.state import EntryState, State
from costguard.money import decimal_string, format_usd
from costguard.render.amounts import counted
from costguard.render.cells import harmless
from costguard.render.tables import table

VERSION: Final = 1
SHOWN: Final = 20
"""Entries that a change names one by one; more are counted by rule."""
_STATES: Final[dict[State, tuple[str, str]]] = {
    "holds": ("holds", "hold"),
    "fewer": ("counts more than there is", "count more than there is"),
    "stale": ("is stale", "are stale"),
    "expired": ("has expired", "have expired"),
    "over-budget": ("is over its budget", "are over their budgets"),
    "unread": ("is in a file that could not be read whole", "are in files that could not be read whole"),
    "not-scanned": ("is about what was not scanned", "are about what was not scanned"),
}


def states_text(path: str, found: Sequence[EntryState], today: date) -> str:
    """A table of all entries."""
    counts = Counter(item.state for item in found)
    said = [
        f"{counts[state]:,} {words[counts[state] != 1]}" for state, words in _STATES.items() if counts[state]
    ]
    head = f"{harmless(path)}: {counted(len(found), 'entry', 'entries')}"
    lines = [f"{head}; {', '.join(said)}" if said else head]
    if found:
        rows: list[tuple[str, ...]] = [
            ("about", "path", "count", "found", "age", "until", "dollars", "state")
        ]
        rows += [_cells(item, today) for item in found]
        lines += ["", *table(rows, left=2)]
    return "\n".join(lines) + "\n"


def _cells(item: EntryState, today: date) -> tuple[str, ...]:
    entry = item.entry
    age = f"{(today - entry.added).days:,} d" if entry.added is not None else ""
    until = entry.last_day.isoformat() if entry.last_day is not None else ""
    return (
        _about(entry),
        harmless(entry.path),
        f"{entry.count:,}",
        f"{item.found:,}",
        age,
        until,
        _dollars(item),
        item.state,
        harmless(entry.reason),
    )


def _dollars(item: EntryState) -> str:
    text = format_usd(item.usd) if item.usd is not None else "unknown"
    budget = item.entry.budget
    return text if budget is None else f"{text} of {format_usd(budget.usd_per_run)} a run"


def _about(entry: Entry) -> str:
    return harmless(entry.rule) if entry.rule is not None else "cost of a run"


def states_json(path: str, found: Sequence[EntryState], today: date) -> str:
    """The same as a document."""
    rows = [_object(item, today) for item in found]
    return json.dumps({"version": VERSION, "path": path, "entries": rows}, indent=2) + "\n"


def _object(item: EntryState, today: date) -> dict[str, Any]:
    entry = item.entry
    budget = entry.budget
    return {
        "kind": "query" if entry.rule is None else "finding",
        "fingerprint": entry.fingerprint,
        "rule": entry.rule,
        "path": entry.path,
        "count": entry.count,
        "found": item.found,
        "state": item.state,
        "reason": entry.reason,
        "added": entry.added.isoformat() if entry.added is not None else None,
        "age_days": (today - entry.added).days if entry.added is not None else None,
        "last_day": entry.last_day.isoformat() if entry.last_day is not None else None,
        "budget_usd_per_run": decimal_string(budget.usd_per_run) if budget is not None else None,
        "usd": decimal_string(item.usd) if item.usd is not None else None,
    }


def _each(change: Change) -> list[tuple[str, ...]]:
    steps = sorted(change.steps, key=lambda step: (step.entry.path, step.entry.rule or "", step.kind))
    return [
        (f"  {_DONE[step.kind]}", _about(step.entry), f"{harmless(step.entry.path)}{_times(step.entry)}")
        for step in steps
    ]


def _by_rule(change: Change) -> list[tuple[str, ...]]:
    """How many entries of each rule, most first."""
    counts = Counter((step.kind, _about(step.entry)) for step in change.steps)
    ranked = sorted(counts.items(), key=lambda item: (item[0][0], -item[1], item[0][1]))
    return [(f"  {_DONE[kind]}", rule, counted(count, "entry", "entries")) for (kind, rule), count in ranked]


def _times(entry: Entry) -> str:
    return f" ({entry.count:,} times)" if entry.count > 1 else ""


_DONE: Final[dict[Kind, str]] = {
    "added": "added",
    "raised": "accepts more",
    "renewed": "renewed",
    "lowered": "lowered",
    "removed": "removed",
    "refused": "new, NOT added",
}


def change_text(path: str, change: Change) -> str:
    """What became of a baseline."""
    return "\n".join(_change(path, change)) + "\n"


def _change(path: str, change: Change) -> Iterator[str]:
    entries = counted(len(change.baseline.entries), "entry", "entries")
    counts = Counter(step.kind for step in change.steps)
    said = [f"{counts[kind]:,} {word}" for kind, word in _DONE.items() if counts[kind]]
    yield f"{harmless(path)}: {entries}; {', '.join(said) or 'nothing changed'}"
    if change.steps:
        yield from table(_by_rule(change) if len(change.steps) > SHOWN else _each(change), left=3)
    if counts["refused"]:
        yield "What is new is only accepted with --accept-new; better: repair it."
