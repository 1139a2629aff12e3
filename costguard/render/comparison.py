"""Two iterations side by side, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from costguard.history.changes import Comparison, Movement, QueryMovement
from costguard.history.iterations import Iteration
from costguard.history.ledger import Entry
from costguard.history.literals import masked
from costguard.money import decimal_string, format_bytes
from costguard.render.amounts import counted, percent_text
from costguard.render.cells import harmless
from costguard.render.currency import amount_text
from costguard.render.iterations import VERSION, iteration_document, ledger_line, query_text
from costguard.render.tables import table
from costguard.render.times import moment

_SHOWN: Final = 12
Stamped = tuple[Entry, str] | None
"""The entry in the ledger of an iteration, and how it was found."""


def comparison_text(result: Comparison, stamped: tuple[Stamped, Stamped], currency: str | None) -> str:
    """What is new, gone, dearer and cheaper, the largest change first."""
    return "".join(f"{harmless(line)}\n" for line in _lines(result, stamped, currency or ""))


def _lines(result: Comparison, stamped: tuple[Stamped, Stamped], currency: str) -> Iterator[str]:
    yield from _side("Before", result.before, stamped[0], currency)
    yield from _side("After", result.after, stamped[1], currency)
    change = result.after.net - result.before.net
    percent = f" ({percent_text(float(change / result.before.net * 100))})" if result.before.net > 0 else ""
    yield f"Change  {amount_text(change, signed=True)} {currency}{percent}".rstrip()
    for head, movements in (
        ("phase", result.phases),
        ("service: SKU", result.skus),
        ("label", result.labels),
    ):
        if movements:
            yield ""
            yield from _movements(head, movements)
    if result.queries:
        yield ""
        yield from _queries(result.queries)
    if result.unhashed:
        yield f"{counted(result.unhashed, 'charged job')} without a hash: nobody can tell which query it is"


def _side(head: str, item: Iteration, stamped: Stamped, currency: str) -> Iterator[str]:
    net = f"{amount_text(item.net)} {currency}".rstrip() if item.rows else "not billed yet"
    yield f"{head:<6}  {item.id}, {moment(item.start)}, {net}"
    if stamped is not None:
        yield f"        {ledger_line(*stamped)}"


def _movements(head: str, movements: Sequence[Movement]) -> Iterator[str]:
    moved = [item for item in movements if item.kind != "same"]
    if not moved:
        yield f"{head}: no change"
        return
    rows: list[tuple[str, ...]] = [(head, "before", "after", "change")]
    for item in moved[:_SHOWN]:
        sides = (amount_text(side) if side is not None else "-" for side in (item.before, item.after))
        name = harmless(item.name or item.key or "(none)")
        rows.append((name, *sides, amount_text(item.change, signed=True), item.kind))
    yield from table(rows)
    yield from _left_out(len(moved) - _SHOWN, len(movements) - len(moved))


def _queries(queries: Sequence[QueryMovement]) -> Iterator[str]:
    moved = [item for item in queries if item.kind != "same"]
    if not moved:
        yield "query: no change"
        return
    rows: list[tuple[str, ...]] = [("query", "runs", "", "billed before", "after")]
    for item in moved[:_SHOWN]:
        billed = (format_bytes(item.bytes_before), format_bytes(item.bytes_after))
        runs = (f"{item.runs_before:,}", f"-> {item.runs_after:,}")
        rows.append((query_text(item.query, item.key), *runs, *billed, item.kind))
    yield from table(rows)
    yield from _left_out(len(moved) - _SHOWN, len(queries) - len(moved))


def _left_out(more: int, same: int) -> Iterator[str]:
    if more > 0:
        yield f"{more:,} more changed"
    if same:
        yield f"{same:,} the same"


def comparison_json(result: Comparison, stamped: tuple[Stamped, Stamped], currency: str | None) -> str:
    """The document that `docs/iterations.md` describes."""
    document: dict[str, Any] = {
        "version": VERSION,
        "currency": currency,
        "before": iteration_document(result.before, stamped[0]),
        "after": iteration_document(result.after, stamped[1]),
        "change": decimal_string(result.after.net - result.before.net),
        "phases": _documents(result.phases),
        "skus": _documents(result.skus),
        "labels": _documents(result.labels),
        "queries": [_query_document(item) for item in result.queries] if result.queries is not None else None,
        "jobs_without_hash": result.unhashed,
    }
    return json.dumps(document, indent=2) + "\n"


def _documents(movements: Sequence[Movement]) -> list[dict[str, Any]]:
    return [
        {
            "key": item.key,
            "name": item.name,
            "before": decimal_string(item.before) if item.before is not None else None,
            "after": decimal_string(item.after) if item.after is not None else None,
            "change": decimal_string(item.change),
            "kind": item.kind,
        }
        for item in movements
    ]


def _query_document(item: QueryMovement) -> dict[str, Any]:
    return {
        "key": item.key,
        "query": masked(item.query) if item.query is not None else None,
        "runs": {"before": item.runs_before, "after": item.runs_after},
        "bytes_billed": {"before": item.bytes_before, "after": item.bytes_after},
        "slot_ms": {"before": item.slot_ms_before, "after": item.slot_ms_after},
        "kind": item.kind,
    }
