"""Scans and baselines for the tests of the baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from costguard.baseline.found import Found, found_in
from costguard.baseline.model import Budget, Entry
from costguard.baseline.scope import Scope
from costguard.judge.run import told_apart
from costguard.model import Span
from costguard.project_paths import ProjectPaths
from costguard.result import Finding, QueryReport, ScanResult, UnreadReport
from tests.render.results import finding, query, result

TODAY = date(2026, 11, 1)
LATER = date(2027, 1, 1)
PATHS = ProjectPaths("/shop", "/shop")
EVERYTHING = Scope(PATHS, ("/shop",))


def findings_of(counts: Mapping[str, int], path: str = "a.sql") -> list[Finding]:
    """So many findings for each fingerprint, in the order of their lines."""
    marks = [mark for mark, count in counts.items() for _ in range(count)]
    return told_apart(finding(path, line, fingerprint=mark) for line, mark in enumerate(marks, 1))


def scan_of(
    counts: Mapping[str, int] | None = None,
    queries: Sequence[QueryReport] = (),
    unread: Sequence[str] = (),
    extra: Sequence[Finding] = (),
) -> ScanResult:
    """A scan that found so many of each."""
    places = [UnreadReport(path, Span(1, 1, 1, 1), "syntax error") for path in unread]
    return result(queries, [*findings_of(counts or {}), *extra], places)


def found(scan: ScanResult, scope: Scope = EVERYTHING) -> Found:
    return found_in(scan, scope)


def entry(mark: str = "aa", count: int = 1, **changes: object) -> Entry:
    """An entry about findings of `select-star` in a.sql."""
    values: dict[str, object] = {"rule": "select-star", "path": "a.sql", "reason": "legacy", "count": count}
    return Entry(mark, **{**values, **changes})  # type: ignore[arg-type]


def cost(usd: str, mark: str = "f" * 16, until: date | None = None, **changes: object) -> Entry:
    """An entry about the cost of a query."""
    return entry(mark, **{"rule": None, "budget": Budget(Decimal(usd), until), **changes})


def dear(path: str = "a.sql", line: int = 1, tib: int = 1, **changes: object) -> QueryReport:
    """A query of 6.25 dollars a TiB."""
    return query(path, line, size=tib * 2**40, **changes)
