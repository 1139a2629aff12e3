"""How good the estimates are, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from costguard.history.calibration import Calibration, Comparison, Distribution
from costguard.money import format_bytes
from costguard.render.amounts import counted
from costguard.render.cells import harmless
from costguard.render.match import place, query_place
from costguard.result import HistoryTotals

VERSION: Final = 1
WORST: Final = 10
_HEADS: Final = ("basis", "queries", "p10", "median", "p90", "within 5 %", "within 20 %", "within 2x")


def calibration_text(found: Calibration, totals: HistoryTotals) -> str:
    """The ratios of estimated to actual bytes, and the worst ones."""
    return "".join(f"{harmless(line).rstrip()}\n" for line in _lines(found, totals))


def _lines(found: Calibration, totals: HistoryTotals) -> Iterator[str]:
    yield f"History    {counted(totals.days, 'day')}, {counted(totals.jobs, 'charged job')}"
    if found.all is None:
        yield "Compared   no query: none has both an estimate and jobs of its own"
    else:
        yield f"Compared   {counted(found.all.queries, 'query', 'queries')}: estimated by actual bytes of a run"
    left = [
        *([f"{found.without_estimate:,} without an estimate"] if found.without_estimate else ()),
        *([f"{found.unsure:,} of which it is unsure what ran them"] if found.unsure else ()),
        *([f"{found.of_nothing:,} that read nothing"] if found.of_nothing else ()),
    ]
    if left:
        yield f"Left out   {', '.join(left)}"
    if found.all is None:
        return
    yield ""
    rows = [_HEADS, *(_row(basis, item) for basis, item in found.by_basis.items()), _row("all", found.all)]
    yield from _table(rows)
    yield ""
    worst = [item for item in found.comparisons[:WORST] if item.ratio != 1]
    if worst:
        heads = ("worst", "estimated", "actual", "ratio", "basis")
        yield from _table([heads, *map(_worst, worst)])


def _row(basis: str, item: Distribution) -> tuple[str, ...]:
    shares = (item.within_5_percent, item.within_20_percent, item.within_factor_2)
    return (
        basis,
        f"{item.queries:,}",
        *(f"{value:.3g}" for value in (item.p10, item.median, item.p90)),
        *(f"{share / item.queries:.0%}" for share in shares),
    )


def _worst(item: Comparison) -> tuple[str, ...]:
    place = query_place(item.query)
    return place, format_bytes(item.estimated), format_bytes(item.actual), f"{item.ratio:.3g}", item.basis


def _table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    """Columns as wide as they need be, the first to the left."""
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    for first, *rest in rows:
        yield "  ".join(
            [
                first.ljust(widths[0]),
                *(text.rjust(width) for text, width in zip(rest, widths[1:], strict=True)),
            ]
        )


def calibration_json(found: Calibration, totals: HistoryTotals) -> str:
    """The document that `docs/history.md` describes."""
    document: dict[str, Any] = {
        "version": VERSION,
        "days": totals.days,
        "jobs": totals.jobs,
        "all": _distribution(found.all) if found.all is not None else None,
        "by_basis": {basis: _distribution(item) for basis, item in found.by_basis.items()},
        "without_estimate": found.without_estimate,
        "unsure": found.unsure,
        "of_nothing": found.of_nothing,
        "queries": [
            {
                **place(item.query),
                "estimated": item.estimated,
                "actual": item.actual,
                "ratio": item.ratio,
                "basis": item.basis,
            }
            for item in found.comparisons
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def _distribution(item: Distribution) -> dict[str, Any]:
    return {
        "queries": item.queries,
        "p10": item.p10,
        "median": item.median,
        "p90": item.p90,
        "within_5_percent": item.within_5_percent,
        "within_20_percent": item.within_20_percent,
        "within_factor_2": item.within_factor_2,
    }
