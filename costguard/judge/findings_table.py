"""Findings become a fact table themselves, for policies and for `costguard query`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from costguard.facts.schema import FindingFact
from costguard.model import Span
from costguard.result import Finding, QueryReport, ScanResult

if TYPE_CHECKING:
    import polars as pl

Frames = Mapping[str, "pl.DataFrame"]

_PLACE = ("path", "start_line", "start_column", "end_line", "end_column", "cell")


def judged_frames(frames: Frames, result: ScanResult, query_ids: Sequence[str]) -> dict[str, pl.DataFrame]:
    """The fact tables, with the findings of a result, and queries with its figures. `query_ids`: by their keys."""
    judged = {**frames, "findings": findings_frame(frames, result.findings, query_ids)}
    if result.history is not None:
        judged["queries"] = measured_queries(frames["queries"], result.queries, query_ids)
    return judged


def findings_frame(frames: Frames, findings: Sequence[Finding], query_ids: Sequence[str]) -> pl.DataFrame:
    """The table `findings`."""
    from costguard.facts.frames import frame_from_rows

    keys = {identity: key for key, identity in enumerate(query_ids)}
    ats = _locations(frames, findings)
    return frame_from_rows(
        "findings",
        [
            _row(number, item, ats.get((item.path, item.span)), keys.get(item.query or ""))
            for number, item in enumerate(findings)
        ],
    )


def _row(number: int, item: Finding, at: int | None, query: int | None) -> FindingFact:
    usd, seconds = item.wasted_usd, item.wasted_seconds
    return FindingFact(
        finding=number,
        at=at,
        query=query,
        rule=item.rule,
        severity=item.severity,
        confidence=item.confidence,
        driver=item.driver,
        path=item.path,
        cell=item.span.cell,
        start_line=item.span.start_line,
        end_line=item.span.end_line,
        message=item.message,
        wasted_bytes=item.wasted_bytes.point if item.wasted_bytes is not None else None,
        wasted_seconds=float(seconds.point) if seconds is not None else None,
        wasted_usd_low=float(usd.low) if usd is not None else None,
        wasted_usd=float(usd.point) if usd is not None else None,
        wasted_usd_high=float(usd.high) if usd is not None else None,
        suppressed=item.suppressed is not None,
        reason=item.suppressed,
        fingerprint=item.fingerprint,
    )


def _locations(frames: Frames, findings: Sequence[Finding]) -> dict[tuple[str, Span], int]:
    """The keys of the places of findings."""
    import polars as pl

    places = {(item.path, item.span) for item in findings}
    if not places:
        return {}
    wanted = pl.DataFrame(
        [
            (path, span.start_line, span.start_column, span.end_line, span.end_column, span.cell)
            for path, span in places
        ],
        schema=dict(zip(_PLACE, (pl.String, *[pl.Int64] * 5), strict=True)),
        orient="row",
    )
    sources = frames["sources"].select("source", "path")
    found = (
        frames["locations"]
        .join(sources, on="source")
        .join(wanted, on=_PLACE, nulls_equal=True)
        .group_by(_PLACE)
        .agg(pl.col("at").min())
    )
    return {(path, Span(*span)): at for path, *span, at in found.select(*_PLACE, "at").rows()}


_MEASURED: Final = (
    *("runs", "runs_basis", "bytes_low", "bytes", "bytes_high", "bytes_basis"),
    *("billed_low", "billed", "billed_high", "usd_low", "usd", "usd_high", "usd_per_iteration"),
)
_UNKNOWN: Final = (None, None, None)


def measured_queries(
    queries: pl.DataFrame, reports: Sequence[QueryReport], query_ids: Sequence[str]
) -> pl.DataFrame:
    """The table `queries` with the figures of the job history, as the reports have them."""
    import polars as pl

    by_id = {report.id: report for report in reports}
    figures = pl.DataFrame(
        [_figures(by_id[identity]) for identity in query_ids],
        schema={name: queries.schema[name] for name in _MEASURED},
        orient="row",
    )
    return queries.with_columns(figures)


def _figures(report: QueryReport) -> tuple[Any, ...]:
    processed, billed = report.bytes_processed, report.bytes_billed
    usd, total = report.usd, report.usd_per_iteration
    return (
        *(report.runs, report.runs_basis),
        *((processed.low, processed.point, processed.high) if processed is not None else _UNKNOWN),
        processed.basis if processed is not None else "unknown",
        *((billed.low, billed.point, billed.high) if billed is not None else _UNKNOWN),
        *((float(usd.low), float(usd.point), float(usd.high)) if usd is not None else _UNKNOWN),
        float(total.point) if total is not None else None,
    )
