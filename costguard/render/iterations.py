"""Iterations of a bill, for people and for programs."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from costguard.history.changes import Change
from costguard.history.iterations import Found, Iteration, IterationSettings, Part
from costguard.history.ledger import Entry, Ledger
from costguard.history.literals import masked
from costguard.history.runs import Runs
from costguard.money import decimal_string, format_bytes, format_seconds
from costguard.render.amounts import counted, percent_text, runs_text
from costguard.render.cells import cut_end, harmless
from costguard.render.currency import amount_text
from costguard.render.iteration import SHORT_COMMIT, unread_text
from costguard.render.tables import table
from costguard.render.times import moment, stamp

VERSION: Final = 1
_REASONS: Final = 5
_QUERIES: Final = 10
_ITERATIONS: Final = 40
_QUERY_WIDTH: Final = 60
_INDENT: Final = " " * 4


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown of a bill's iterations."""

    found: Found
    changes: Sequence[Change | None]
    entries: Sequence[tuple[Entry, str] | None]
    """Of each iteration: its entry in the ledger, and how it was found."""
    ledger: Ledger | None
    runs: Sequence[Runs] | None
    """None without a job history."""
    unhashed: int
    settings: IterationSettings
    currency: str | None
    gross_only: bool
    """Some file has no credits: its net is too high."""
    first: datetime | None
    last: datetime | None
    week: str | None
    timezone: str


# -- for people ------------------------------------------------------------------------------------------


def iterations_text(shown: Shown) -> str:
    """The sums, then each iteration, the newest first."""
    return "".join(f"{harmless(line)}\n" for line in _lines(shown))


def _lines(shown: Shown) -> Iterator[str]:
    found, currency = shown.found, shown.currency or ""
    if shown.first is not None and shown.last is not None:
        yield f"Usage         {moment(shown.first)} to {moment(shown.last)}, {counted(found.rows, 'charge')}"
    yield f"Net           {amount_text(found.net)} {currency}".rstrip()
    if shown.gross_only:
        yield "              there are no credits in some files: their amounts are gross, and the net is too high"
    yield f"Iterations    {_summary(found)}"
    for evidence, count, _, net in evidence_sums(found):
        yield f"              {counted(count, 'iteration')} by {evidence}: {amount_text(net)}"
    yield f"Standing      {_standing(found)}"
    yield f"Unattributed  {amount_text(found.unattributed_net)}"
    yield from _largest(found.unattributed)
    if found.unclassified:
        yield f"Unclassified  {amount_text(_net(found.unclassified))} of all that is in no phase"
        yield from _largest(found.unclassified)
    yield from _ledger_notes(shown)
    if found.iterations:
        yield ""
        yield from _table(shown)
    if shown.runs:
        yield ""
        yield from _runs(shown.runs, shown.unhashed)


def _summary(found: Found) -> str:
    nets = [item.net for item in found.iterations if item.rows]
    waiting = len(found.iterations) - len(nets)
    later = f"; {waiting:,} not billed yet" if waiting else ""
    if not nets:
        return f"none in this bill{later}"
    middle = amount_text(statistics.median(nets))
    span = f", from {amount_text(min(nets))} to {amount_text(max(nets))}" if len(nets) > 1 else ""
    return f"{len(nets):,} for {amount_text(found.to_iterations)}, median {middle}{span}{later}"


def _standing(found: Found) -> str:
    if not found.standing:
        return "0.00"
    parts = ", ".join(f"{part.name} {amount_text(part.net)}" for part in found.standing)
    each = found.standing_per_iteration
    bears = f"; {amount_text(each)} for each of {found.billed_iterations:,}" if each is not None else ""
    return f"{amount_text(found.standing_net)} with or without iterations: {parts}{bears}"


def _largest(parts: Sequence[Part]) -> Iterator[str]:
    rows = [(amount_text(part.net), cut_end(part.name, _QUERY_WIDTH)) for part in parts[:_REASONS]]
    width = max((len(amount) for amount, _ in rows), default=0)
    for amount, name in rows:
        yield f"              {amount.rjust(width)}  {name}"
    if len(parts) > _REASONS:
        yield f"              {len(parts) - _REASONS:,} more for {amount_text(_net(parts[_REASONS:]))}"


def _net(parts: Iterable[Part]) -> Decimal:
    return sum((part.net for part in parts), Decimal(0))


def _ledger_notes(shown: Shown) -> Iterator[str]:
    if shown.ledger is None:
        return
    if shown.ledger.unread:
        yield f"Ledger        {unread_text(shown.ledger)}"
    missing = without_charges(shown)
    if missing:
        names = ", ".join(missing[:_REASONS]) + (", ..." if len(missing) > _REASONS else "")
        yield f"Ledger        no charge has the label of {names}"


def _table(shown: Shown) -> Iterator[str]:
    found = shown.found
    rows: list[tuple[str, ...]] = [
        ("iteration", "began (UTC)", "lasts", f"net {shown.currency or ''}".strip(), "change")
    ]
    details: list[list[str]] = [[]]
    newest = zip(found.iterations[:_ITERATIONS], shown.changes, shown.entries, strict=False)
    for item, change, stamped in newest:
        lasts = Decimal((item.end - item.start) // timedelta(seconds=1))
        net = amount_text(item.net) if item.rows else "not billed yet"
        head = (harmless(item.id), f"{item.start:%Y-%m-%d %H:%M}", format_seconds(lasts), net)
        rows.append((*head, *_change_cells(change)))
        details.append(list(_details(item, stamped)))
    for line, below in zip(table(rows, left=2), details, strict=True):
        yield line
        yield from (_INDENT + text for text in below)
    if len(found.iterations) > _ITERATIONS:
        yield f"{counted(len(found.iterations) - _ITERATIONS, 'older one')} left out; --format json has all"


def _change_cells(change: Change | None) -> tuple[str, ...]:
    if change is None:
        return ()
    percent = percent_text(change.percent) if change.percent is not None else ""
    most = f"{change.phase} {amount_text(change.phase_net, signed=True)}" if change.phase is not None else ""
    return amount_text(change.net, signed=True), percent, most


def _details(item: Iteration, stamped: tuple[Entry, str] | None) -> Iterator[str]:
    if item.by_phase:
        yield ", ".join(f"{phase} {amount_text(net)}" for phase, net in item.by_phase.items())
    told = [item.evidence, *item.projects, *([counted(item.rows, "charge")] if item.rows else ())]
    if item.jobs:
        told.append(f"{counted(item.jobs, 'job')}, {format_bytes(item.bytes_billed)} billed")
    if item.unknown_bytes:
        told.append(f"{item.unknown_bytes:,} of unknown bytes")
    yield ", ".join(told)
    if stamped is not None:
        yield ledger_line(*stamped)


def ledger_line(entry: Entry, by: str) -> str:
    """Commit and comment of an iteration."""
    commit = f"commit {entry.commit[:SHORT_COMMIT]}" if entry.commit else "no commit"
    comment = f": {entry.comment}" if entry.comment else ""
    return f"{commit}{comment}" + (f" ({entry.id}, by its time)" if by == "time" else "")


def _runs(runs: Sequence[Runs], unhashed: int) -> Iterator[str]:
    rows: list[tuple[str, ...]] = [("query", "iterations", "runs", "median", "p90", "billed")]
    for item in runs[:_QUERIES]:
        counts = (f"{item.iterations:,}", f"{item.runs:,}", runs_text(item.median), runs_text(item.p90))
        rows.append((query_text(item.query, item.key), *counts, format_bytes(item.bytes_billed)))
    yield "Runs per iteration, the most bytes first"
    yield from table(rows)
    if len(runs) > _QUERIES:
        yield f"{len(runs) - _QUERIES:,} more queries"
    if unhashed:
        yield f"{counted(unhashed, 'charged job')} without a hash: nobody can tell which query it is"


def query_text(query: str | None, key: str) -> str:
    """A query on one line, or its hash where the history has no text."""
    return cut_end(harmless(masked(query)) if query else key, _QUERY_WIDTH)


# -- for programs ----------------------------------------------------------------------------------------


def iterations_json(shown: Shown) -> str:
    """The document that `docs/iterations.md` describes."""
    found, settings = shown.found, shown.settings
    each = found.standing_per_iteration
    document: dict[str, Any] = {
        "version": VERSION,
        "currency": shown.currency,
        "week": shown.week,
        "timezone": shown.timezone,
        "rows": found.rows,
        "net": decimal_string(found.net),
        "gross_only": shown.gross_only,
        "by_phase": phases(found.by_phase),
        "iterations": [
            {
                **iteration_document(item, stamped),
                "change": _change_document(change),
            }
            for item, change, stamped in zip(found.iterations, shown.changes, shown.entries, strict=True)
        ],
        "evidence": [
            {"evidence": evidence, "iterations": count, "rows": rows, "net": decimal_string(net)}
            for evidence, count, rows, net in evidence_sums(found)
        ],
        "standing": {
            "net": decimal_string(found.standing_net),
            "iterations": found.billed_iterations,
            "per_iteration": decimal_string(each) if each is not None else None,
            "parts": _part_documents(found.standing, "name"),
        },
        "unattributed": {
            "net": decimal_string(found.unattributed_net),
            "reasons": _part_documents(found.unattributed, "reason"),
        },
        "unclassified": _part_documents(found.unclassified, "name"),
        "rule": {
            "labels": [key for item in settings.evidence for key in item.keys],
            "gap_hours": settings.gap.total_seconds() / 3600,
            "max_hours": settings.longest.total_seconds() / 3600,
        },
        "ledger": {
            "path": str(shown.ledger.path),
            "unread_lines": list(shown.ledger.unread),
            "without_charges": without_charges(shown),
        }
        if shown.ledger is not None
        else None,
        "queries": {
            "without_hash": shown.unhashed,
            "runs": [
                {
                    "key": item.key,
                    "iterations": item.iterations,
                    "runs": item.runs,
                    "median": item.median,
                    "p90": item.p90,
                    "bytes_billed": item.bytes_billed,
                    "query": masked(item.query) if item.query is not None else None,
                }
                for item in shown.runs
            ],
        }
        if shown.runs is not None
        else None,
    }
    return json.dumps(document, indent=2) + "\n"


def iteration_document(item: Iteration, stamped: tuple[Entry, str] | None) -> dict[str, Any]:
    """One iteration."""
    return {
        "id": item.id,
        "evidence": item.evidence,
        "start": stamp(item.start),
        "end": stamp(item.end),
        "projects": list(item.projects),
        "rows": item.rows,
        "net": decimal_string(item.net) if item.rows else None,
        "by_phase": phases(item.by_phase),
        "jobs": item.jobs,
        "bytes_billed": item.bytes_billed,
        "unknown_bytes": item.unknown_bytes,
        "ledger": {
            "id": stamped[0].id,
            "found_by": stamped[1],
            "commit": stamped[0].commit,
            "comment": stamped[0].comment,
            "start": stamp(stamped[0].start),
            "end": stamp(stamped[0].end),
        }
        if stamped is not None
        else None,
    }


def _change_document(change: Change | None) -> dict[str, Any] | None:
    if change is None:
        return None
    return {
        "since": change.since,
        "net": decimal_string(change.net),
        "percent": round(change.percent, 2) if change.percent is not None else None,
        "phase": change.phase,
        "phase_net": decimal_string(change.phase_net),
    }


def phases(nets: Mapping[str, Decimal]) -> dict[str, str]:
    """Amounts by phase."""
    return {phase: decimal_string(net) for phase, net in nets.items()}


def _part_documents(parts: Iterable[Part], name: str) -> list[dict[str, Any]]:
    return [{name: part.name, "rows": part.rows, "net": decimal_string(part.net)} for part in parts]


# -- for both ----------------------------------------------------------------------------------------------


def evidence_sums(found: Found) -> list[tuple[str, int, int, Decimal]]:
    """(evidence, iterations that the bill knows of, charges, net), the largest first."""
    sums: dict[str, tuple[int, int, Decimal]] = {}
    for item in found.iterations:
        if not item.rows:
            continue
        count, rows, net = sums.get(item.evidence, (0, 0, Decimal(0)))
        sums[item.evidence] = (count + 1, rows + item.rows, net + item.net)
    return sorted(((name, *values) for name, values in sums.items()), key=lambda row: (-abs(row[3]), row[0]))


def without_charges(shown: Shown) -> list[str]:
    """Iterations of the ledger that began within the bill's time, and of which it knows nothing."""
    if shown.ledger is None or shown.first is None or shown.last is None:
        return []
    known = {stamped[0].id for stamped in shown.entries if stamped is not None}
    return [
        entry.id
        for entry in shown.ledger.entries
        if entry.id not in known and shown.first <= entry.start < shown.last
    ]
