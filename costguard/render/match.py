"""The code held against the job history, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from costguard.history.literals import masked
from costguard.history.spend import History, Spend, StatementSpend, Stranger
from costguard.money import decimal_string, format_bytes, format_usd
from costguard.render.amounts import counted, runs_text
from costguard.render.cells import cut_end, cut_start, harmless
from costguard.render.times import moment, stamp
from costguard.result import HistoryTotals, QueryReport

VERSION: Final = 1
SHOWN: Final = 20
"""Rows of a list, unless all are asked for."""
_PLACE: Final = 44
_SHARED_OUT: Final = "*"
_SHARED_OUT_NOTE: Final = (
    f"{_SHARED_OUT} slots are in it, shared out by slot time: no part of what is paid by bytes"
)
_TEXT: Final = 60

Queries = Mapping[int, QueryReport]
"""By the key of the statement."""


def query_place(query: QueryReport) -> str:
    """The file and the line of a query."""
    cell = f"cell {query.span.cell}:" if query.span.cell is not None else ""
    variant = f" ({query.variant})" if query.variant else ""
    return f"{query.path}:{cell}{query.span.start_line}{variant}"


def place(query: QueryReport) -> dict[str, Any]:
    """The same for programs."""
    return {
        "id": query.id,
        "path": query.path,
        "start_line": query.span.start_line,
        "end_line": query.span.end_line,
        "cell": query.span.cell,
        "variant": query.variant,
    }


def match_text(
    history: History, totals: HistoryTotals, queries: Queries, never_run: Sequence[int], everything: bool
) -> str:
    """What was matched, and what is left over on both sides."""
    room = None if everything else SHOWN
    lines = [
        *_summary(history, totals),
        *_matched(history, queries, room),
        *_strangers(history, room),
        *_never_run(never_run, queries, room),
        *(["", _SHARED_OUT_NOTE] if history.total.allocated else ()),
    ]
    return "".join(f"{harmless(line).rstrip()}\n" for line in lines)


def _summary(history: History, totals: HistoryTotals) -> Iterator[str]:
    if history.first is not None and history.last is not None:
        days = counted(history.days, "day")
        yield f"History    {moment(history.first)} to {moment(history.last)}, {days}"
    yield f"Charged    {_spend(history.total)}"
    if totals.prices:
        yield f"Prices     {totals.prices}"
    if history.free_tier:
        yield f"           {format_usd(-history.free_tier)} of the free tier lower the prices of the bill"
    grades = ", ".join(f"{spend.jobs:,} by {grade}" for grade, spend in history.by_grade.items())
    yield f"Matched    {_spend(history.matched)}{f' ({grades})' if grades else ''}"
    if history.ambiguous.jobs:
        what = _spend(history.ambiguous)
        yield f"Split      {what}: several queries fit alike, and each gets an equal part"
    yield f"Left over  {_spend(history.unmatched)}"
    if history.slots_unused:
        amount = format_usd(history.slots_unused)
        yield f"Slots      {amount} on days on which no job here ran in a reservation: shared out to none"


def _spend(spend: Spend) -> str:
    parts = [
        counted(spend.jobs, "job"),
        f"{format_bytes(spend.bytes_billed)} billed",
        format_usd(spend.on_demand),
    ]
    if spend.allocated:
        parts.append(f"and {format_usd(spend.allocated)} of slots, shared out by slot time")
    if spend.unpriced:
        parts.append(f"{spend.unpriced:,} of unknown cost")
    return ", ".join(parts)


def _matched(history: History, queries: Queries, room: int | None) -> Iterator[str]:
    found = sorted(
        history.statements.items(),
        key=lambda item: (-item[1].spend.usd, -item[1].spend.bytes_billed, queries[item[0]].path, item[0]),
    )
    if not found:
        return
    yield ""
    yield _row("In the code and in the history", ("jobs", "billed", "$", "a day", "by"))
    for key, item in found[:room]:
        evidence = ", ".join(item.grades) or "only free jobs"
        sure = "" if item.confidence == "high" else f", {item.confidence}"
        split = ", split" if item.shared else ""
        yield _row(
            query_place(queries[key]),
            (*_cells(item.spend), runs_text(item.runs_per_day), evidence + sure + split),
        )
    yield from _more(len(found), room, "query", "queries")


def _strangers(history: History, room: int | None) -> Iterator[str]:
    if not history.strangers:
        return
    yield ""
    yield _row("In the history, not in the code", ("jobs", "billed", "$"))
    for item in history.strangers[:room]:
        yield _row(_title(item), _cells(item.spend))
    yield from _more(len(history.strangers), room, "text", "texts")


def _title(item: Stranger) -> str:
    if item.text is None:
        return f"({item.statement or 'query'} without text, such as {item.example})"
    return cut_end(harmless(masked(item.text)), _PLACE)


def _cells(spend: Spend) -> tuple[str, str, str]:
    usd = format_usd(spend.usd) if spend.unpriced < spend.jobs or not spend.jobs else "unknown"
    return (
        f"{spend.jobs:,}",
        format_bytes(spend.bytes_billed),
        f"{usd}{_SHARED_OUT if spend.allocated else ''}",
    )


def _never_run(keys: Sequence[int], queries: Queries, room: int | None) -> Iterator[str]:
    if not keys:
        return
    yield ""
    yield _row("In the code, never run", ("estimated $",))
    for key in keys[:room]:
        usd = queries[key].usd_per_iteration
        yield _row(query_place(queries[key]), (format_usd(usd.point) if usd is not None else "unknown",))
    yield from _more(len(keys), room, "query", "queries")


def _row(first: str, cells: Sequence[str]) -> str:
    widths = (7, 10, 11, 6, 1)
    rest = "".join(
        f"  {text:>{width}}" if width > 1 else f"  {text}" for text, width in zip(cells, widths, strict=False)
    )
    return f"{cut_start(harmless(first), _PLACE):<{_PLACE}}{rest}"


def _more(count: int, room: int | None, noun: str, nouns: str) -> Iterator[str]:
    if room is not None and count > room:
        yield f"  and {counted(count - room, f'more {noun}', f'more {nouns}')}; --all shows every one"


# -- for programs --------------------------------------------------------------------------------------


def match_json(history: History, totals: HistoryTotals, queries: Queries, never_run: Sequence[int]) -> str:
    """The document that `docs/history.md` describes."""
    document: dict[str, Any] = {
        "version": VERSION,
        "first": stamp(history.first),
        "last": stamp(history.last),
        "days": history.days,
        "queries_in_history": history.queries,
        "texts": history.texts,
        "prices": totals.prices,
        "free_tier": decimal_string(history.free_tier),
        "slots_unused": decimal_string(history.slots_unused),
        "total": _amounts(history.total),
        "matched": _amounts(history.matched),
        "matched_by": {grade: _amounts(spend) for grade, spend in history.by_grade.items()},
        "split": _amounts(history.ambiguous),
        "not_in_code": _amounts(history.unmatched),
        "queries": [
            {**place(queries[key]), **_statement(item, queries)}
            for key, item in sorted(history.statements.items())
        ],
        "texts_not_in_code": [
            {
                "text": masked(item.text) if item.text is not None else None,
                "statement": item.statement,
                "example": item.example,
                **_amounts(item.spend),
            }
            for item in history.strangers
        ],
        "never_run": [
            {**place(queries[key]), "usd_per_iteration": _point(queries[key])} for key in never_run
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def _statement(item: StatementSpend, queries: Queries) -> dict[str, Any]:
    return {
        **_amounts(item.spend),
        "runs": item.runs,
        "runs_per_day": item.runs_per_day,
        "by": dict(item.grades),
        "confidence": item.confidence,
        "split_jobs": item.shared,
        "split_with": sorted(queries[key].id for key in item.others),
        "first": stamp(item.first),
        "last": stamp(item.last),
    }


def _amounts(spend: Spend) -> dict[str, Any]:
    return {
        "jobs": spend.jobs,
        "bytes_processed": spend.bytes_processed,
        "bytes_billed": spend.bytes_billed,
        "slot_ms": spend.slot_ms,
        "usd": decimal_string(spend.on_demand),
        "allocated_usd": decimal_string(spend.allocated),
        "reserved": spend.reserved,
        "unpriced": spend.unpriced,
    }


def _point(query: QueryReport) -> str | None:
    usd = query.usd_per_iteration
    return decimal_string(usd.point) if usd is not None else None
