"""What a scan says of its baseline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from costguard.render.amounts import counted
from costguard.result import BaselineMatter, BaselineReport

NAMED: Final = 3


def baseline_lines(report: BaselineReport, silenced: int) -> Iterator[str]:
    """Sentences. `silenced`: findings."""
    budgets = len(report.allowances)
    told = f" and gives {counted(budgets, 'query', 'queries')} a budget" if budgets else ""
    yield f"{report.path} silences {counted(silenced, 'finding')}{told}"
    if report.expired:
        does = "has expired and silences" if len(report.expired) == 1 else "have expired and silence"
        yield f"{_entries(report.expired)} {does} nothing: {_named(report.expired)}"
    if report.over_budget:
        does = "allows" if len(report.over_budget) == 1 else "allow"
        named = _named(report.over_budget)
        yield f"{_entries(report.over_budget)} {does} less than is spent now, so that findings count: {named}"
    if report.stale:
        verb = "is" if len(report.stale) == 1 else "are"
        yield (
            f"{_entries(report.stale)} {verb} stale, since code was repaired or is gone "
            f"(`costguard baseline prune`): {_named(report.stale)}"
        )
    if report.unchecked:
        verb = "is" if report.unchecked == 1 else "are"
        yield (
            f"{counted(report.unchecked, 'entry', 'entries')} {verb} kept although nothing was found: the files could "
            "not be read whole"
        )


def _entries(matters: Sequence[BaselineMatter]) -> str:
    return counted(len(matters), "entry", "entries")


def _named(matters: Sequence[BaselineMatter]) -> str:
    names = [_name(item) for item in matters[:NAMED]]
    rest = len(matters) - len(names)
    return ", ".join(names) + (f" and {rest:,} more" if rest else "")


def _name(item: BaselineMatter) -> str:
    return f"{item.rule or 'cost'} in {item.path}"
