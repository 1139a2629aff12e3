"""What costs more than it may: queries, with their places, and iterations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Final

from costguard.model import Span
from costguard.money import format_usd
from costguard.result import Allowance, GatePoint, QueryReport, Severity

LISTED: Final = 3
"""Of them, in the reasons of a verdict."""


def limit_points(
    queries: Sequence[QueryReport], limit: Decimal, name: str, level: Severity = "error"
) -> list[GatePoint]:
    """Queries of which one run costs more than a limit, the dearest first. `name`: the option's, without its dashes."""
    return [
        _point(query, level, name, f"more than {format_usd(limit)} (--{name})") for query in _by_run(queries)
    ]


def allowance_points(over: Sequence[tuple[QueryReport, Allowance]]) -> list[GatePoint]:
    """Queries of which one run costs more than the baseline allows, the dearest first."""
    allowed = {query.id: allowance for query, allowance in over}
    return [
        _point(query, "error", "baseline-budget", _allowed(allowed[query.id]))
        for query in _by_run([query for query, _ in over])
    ]


def iteration_points(texts: Iterable[str], level: Severity) -> Iterator[GatePoint]:
    """What is said of the cost of a whole iteration."""
    return (GatePoint(level, "iteration", None, None, text) for text in texts)


def listed(points: Sequence[GatePoint], limit: str) -> list[str]:
    """The first of them in words, with their places, and how many more there are above the limit."""
    lines = [
        f"{point.path}:{_cell(point.span)}{point.span.start_line}: {point.text}"
        for point in points[:LISTED]
        if point.span is not None
    ]
    if len(points) > LISTED:
        lines.append(f"and {len(points) - LISTED} more queries above {limit}")
    return lines


def _cell(span: Span) -> str:
    return f"cell {span.cell}:" if span.cell is not None else ""


def _point(query: QueryReport, level: Severity, name: str, limit: str) -> GatePoint:
    return GatePoint(level, name, query.path, query.span, f"one run costs {format_usd(_usd(query))}, {limit}")


def _allowed(allowance: Allowance) -> str:
    until = f" until {allowance.until}" if allowance.until is not None else ""
    return f"more than the {format_usd(allowance.usd_per_run)} that the baseline allows{until}"


def _by_run(queries: Sequence[QueryReport]) -> list[QueryReport]:
    return sorted(queries, key=lambda query: (-_usd(query), query.path, query.span.start_line))


def _usd(query: QueryReport) -> Decimal:
    assert query.usd is not None
    return query.usd.point
