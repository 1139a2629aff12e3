"""A plan of guards, and what came of it, for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from costguard.guards.past_stops import PastStop
from costguard.guards.plan import Action, PlanItem
from costguard.guards.suggestions import CodeCheck
from costguard.money import format_bytes
from costguard.render.amounts import counted
from costguard.render.cells import harmless
from costguard.render.guards import SHOWN
from costguard.render.tables import table

WORDS: Final[Mapping[Action, str]] = {
    "set": "to be set",
    "unchanged": "as declared",
    "stricter": "stricter already, left",
    "unfit": "cannot be set",
    "unreadable": "not known",
    "export": "export only",
}


def plan_text(
    items: Sequence[PlanItem], code: CodeCheck | None, past: Sequence[PastStop] | None, limited: bool
) -> str:
    """The plan, a line for each setting. `past`: what limits would have stopped; `limited`: some are declared."""
    return "".join(f"{harmless(line)}\n" for line in _lines(items, code, past, limited))


def results_text(results: Mapping[str, str]) -> str:
    """What came of each change."""
    return "".join(f"{harmless(line)}\n" for line in table([*results.items()], left=2)) if results else ""


def _lines(
    items: Sequence[PlanItem], code: CodeCheck | None, past: Sequence[PastStop] | None, limited: bool
) -> Iterator[str]:
    if items:
        rows: list[Sequence[str]] = [("guard", "subject", "setting", "is", "declared", "")]
        rows += [_row(item) for item in items]
        yield from table(rows, left=6)
        for item in items:
            if item.note:
                yield f"{item.subject}: {item.note}"
        counts = Counter(item.action for item in items)
        said = ", ".join(f"{counts[action]:,} {word}" for action, word in WORDS.items() if counts[action])
        yield ""
        yield f"{counted(len(items), 'setting')}: {said}"
        if counts["export"]:
            yield "What is export only is written down by `costguard guard export --terraform` or `--gcloud`."
    if code is not None:
        yield from _code(code)
    elif limited:
        yield "max_bytes is declared; give PATH to check that each job of the code sets a limit."
    for stop in past or ():
        stopped = f"{stop.stopped:,}" if stop.stopped else "none"
        would = f"would have stopped {stopped} of {counted(stop.jobs, 'past job')}"
        yield f"max-bytes: {stop.name}: {format_bytes(stop.limit)} {would}"


def _row(item: PlanItem) -> tuple[str, ...]:
    deletes = " (deletes data)" if item.destructive and item.action == "set" else ""
    return (
        item.guard,
        item.subject,
        item.setting,
        item.have if item.have is not None else "?",
        item.want,
        f"{WORDS[item.action]}{deletes}",
    )


def _code(code: CodeCheck) -> Iterator[str]:
    if not code.unguarded:
        yield f"max-bytes: {counted(code.guarded, 'call')} of the code, all with a limit"
    for call in code.unguarded[:SHOWN]:
        cell = f"cell {call.cell}:" if call.cell is not None else ""
        limit = f"; {format_bytes(call.limit)} ({call.basis})" if call.limit is not None else ""
        yield f"max-bytes: {call.path}:{cell}{call.line} sets no limit{limit}"
    if len(code.unguarded) > SHOWN:
        yield f"and {len(code.unguarded) - SHOWN:,} more; --format json lists them all"
    if code.unknown:
        yield f"max-bytes: of {counted(code.unknown, 'call')} it cannot be told: the settings come from elsewhere"
