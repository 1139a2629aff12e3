"""Scan results built by hand, for the tests of everything that reads one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from costguard.iteration_cost import iteration_cost
from costguard.model import Span
from costguard.money import ByteRange, Dollars, billed_bytes, price_bytes
from costguard.result import (
    Estimate,
    Finding,
    Measured,
    QueryReport,
    RunRate,
    ScanReport,
    ScanResult,
    Summary,
    UnreadReport,
    Verdict,
)

PRICE = "6.25 USD/TiB, US, list of 2026-07-25"
PASSED = Verdict("pass", ())


def usd(low: str, point: str | None = None, high: str | None = None, basis: str = "exact") -> Dollars:
    """Dollars; a bound that is not given is the point, a point the lower bound."""
    middle = point or low
    return Dollars(Decimal(low), Decimal(middle), Decimal(high or middle), basis)


def scan_report(table: str = "p.d.t", size: int | None = 2**40, **changes: Any) -> ScanReport:
    """A whole table read; of unknown size for None."""
    values: dict[str, Any] = {
        "table": table,
        "columns": ("a", "b.c"),
        "star": False,
        "role": "read",
        "pruning": "unknown" if size is None else "unpartitioned",
        "pruning_reason": None,
        "partitions_kept": None,
        "partitions_total": None,
        "bytes": None if size is None else ByteRange.exactly(size),
    }
    return ScanReport(**{**values, **changes})


def query(path: str = "q.sql", line: int = 1, size: int | None = 2**40, **changes: Any) -> QueryReport:
    """A SELECT that processes so many bytes at 6.25 dollars a TiB; of unknown cost for None."""
    processed = None if size is None else ByteRange.exactly(size)
    billed = None if size is None else ByteRange.exactly(billed_bytes(size))
    cost = None if billed is None else price_bytes(billed, Decimal("6.25"))
    runs = changes.pop("runs", 1.0)
    values: dict[str, Any] = {
        "id": f"{path}:{line}",
        "path": path,
        "span": Span(line, 1, line, 10),
        "via": "file",
        "statement": "SELECT",
        "loop_depth": 0,
        "fingerprint": "f" * 16,
        "runs": runs,
        "runs_basis": "assumed",
        "bytes_processed": processed,
        "bytes_billed": billed,
        "usd": cost,
        "usd_per_iteration": None if cost is None else cost.times(Decimal(str(runs))),
        "price": PRICE,
        "scans": (scan_report(size=size),),
    }
    return QueryReport(**{**values, **changes})


def finding(path: str = "q.sql", line: int = 1, **changes: Any) -> Finding:
    """A warning about the first nine characters of a line."""
    values: dict[str, Any] = {
        "rule": "select-star",
        "severity": "warning",
        "confidence": "high",
        "driver": "bytes-billed",
        "path": path,
        "span": Span(line, 1, line, 10),
        "message": "every column is read",
        "query": None,
        "wasted_bytes": None,
        "wasted_usd": None,
        "fingerprint": f"{path}:{line}",
    }
    return Finding(**{**values, **changes})


def result(
    queries: Sequence[QueryReport] = (),
    findings: Sequence[Finding] = (),
    unread: Sequence[UnreadReport] = (),
    files: int = 1,
    files_unread: int = 0,
) -> ScanResult:
    """The scan that found these."""
    counted = [item for item in queries if item.counted_with is None]
    summary = Summary(
        files=files,
        files_unread=files_unread,
        queries=len(queries),
        findings=sum(item.suppressed is None for item in findings),
        suppressed=sum(item.suppressed is not None for item in findings),
        unread=len(unread),
        usd_per_iteration=iteration_cost(tuple(queries)),
        unknown_queries=sum(item.usd is None for item in counted),
        assumed_runs=sum(item.usd is not None and item.runs_basis == "assumed" for item in counted),
        counted_elsewhere=len(queries) - len(counted),
    )
    return ScanResult(summary, tuple(queries), tuple(findings), tuple(unread))


def texts(**files: str) -> Callable[[str, int | None], str | None]:
    """Source texts by path, `__` standing for a dot; cells of a notebook as `nb__ipynb_2`."""

    def source(path: str, cell: int | None) -> str | None:
        name = path.replace(".", "__")
        return files.get(name if cell is None else f"{name}_{cell}")

    return source


def measured_query(
    path: str, estimated: ByteRange | None, actual: int, line: int = 1, **changes: Any
) -> QueryReport:
    """A query that ran once a day for ten days, each time over so many bytes."""
    before = query(path, line, size=None)
    estimate = Estimate(estimated, estimated, None, None, 1.0, "assumed")
    values: dict[str, Any] = {
        "jobs": 10,
        "runs": 12,
        "grade": "fingerprint",
        "confidence": "high",
        "shared": 0,
        "shared_with": (),
        "runs_per_day": 1.0,
        "rate": RunRate(1.0, 1.0, 10, ()),
        "bytes_billed": 10 * actual,
        "slot_ms": 1000,
        "on_demand": Decimal("62.50"),
        "allocated": Decimal(0),
        "unpriced": 0,
        "estimate": estimate,
    }
    size = ByteRange.exactly(actual, "job")
    return replace(
        before, bytes_processed=size, bytes_billed=size, measured=Measured(**{**values, **changes})
    )
