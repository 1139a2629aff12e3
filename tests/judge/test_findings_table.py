"""Findings as a table: their places, their queries, their dollars."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from costguard.facts.places import Places
from costguard.judge.findings_table import findings_frame, judged_frames
from costguard.model import Span
from costguard.money import ByteRange, Dollars, Seconds
from costguard.query_reports import query_ids, query_reports
from costguard.result import HistoryTotals, ScanResult
from tests.judge.pages import TIB, estimated
from tests.render.results import finding, result, usd

SQL = "SELECT *\nFROM p.d.t;\nSELECT a FROM p.d.t;\n"


def test_a_row(tmp_path: Path) -> None:
    frames, _ = estimated({"q.sql": SQL, "r.sql": SQL}, tmp_path)
    ids = query_ids(frames)
    (at,) = frames["scans"].filter(frames["scans"]["scan"] == 2)["at"].to_list()
    places = Places(frames)
    full = finding(
        places.path(at),
        span=places.span(at),
        query=ids[2],
        wasted_bytes=ByteRange(1, 2, 3, "modelled"),
        wasted_seconds=Seconds(Decimal(1), Decimal(2), Decimal(3), "modelled"),
        wasted_usd=usd("0.5", "1.5", "2.5"),
        suppressed="small",
    )
    bare = finding("q.sql", span=Span(9, 1, 9, 2))
    first, second = findings_frame(frames, [full, bare], ids).to_dicts()
    assert first == {
        "finding": 0,
        "at": at,
        "query": 2,
        "rule": "select-star",
        "severity": "warning",
        "confidence": "high",
        "driver": "bytes-billed",
        "path": "r.sql",
        "cell": None,
        "start_line": 2,
        "end_line": 2,
        "message": "every column is read",
        "wasted_bytes": 2,
        "wasted_seconds": 2.0,
        "wasted_usd_low": 0.5,
        "wasted_usd": 1.5,
        "wasted_usd_high": 2.5,
        "suppressed": True,
        "reason": "small",
        "fingerprint": "r.sql:1",
    }
    assert {name for name, value in second.items() if value is None} == {
        "at",
        "query",
        "cell",
        "wasted_bytes",
        "wasted_seconds",
        "wasted_usd_low",
        "wasted_usd",
        "wasted_usd_high",
        "reason",
    }
    assert findings_frame(frames, [], ids).height == 0


def measured(result: ScanResult) -> ScanResult:
    """The first query was measured at 1 dollar, the second is of unknown cost."""
    known, unknown = result.queries
    size = ByteRange.exactly(7, "job")
    dollar = Dollars(Decimal(1), Decimal(1), Decimal(1), "job")
    totals = HistoryTotals(
        *(1, 1, 1, Decimal(1), Decimal(0), Decimal(1), Decimal(0)), *(0, 0, 1, 0), prices="list"
    )
    queries = (
        replace(
            known,
            bytes_processed=size,
            bytes_billed=size,
            usd=dollar,
            usd_per_iteration=dollar.times(3),
            runs=3.0,
            runs_basis="measured",
        ),
        replace(unknown, bytes_processed=None, bytes_billed=None, usd=None, usd_per_iteration=None),
    )
    return replace(result, queries=queries, history=totals)


def test_queries_have_the_figures_of_the_history(tmp_path: Path) -> None:
    frames, _ = estimated({"q.sql": SQL}, tmp_path)
    ids = query_ids(frames)
    plain = result(query_reports(frames, Places(frames), ids))
    assert judged_frames(frames, plain, ids)["queries"] is frames["queries"]
    figures = ("runs", "runs_basis", "bytes", "bytes_basis", "billed", "usd_low", "usd", "usd_per_iteration")
    estimates = frames["queries"].select(figures).rows()
    assert estimates[0] == (1.0, "assumed", TIB, "exact", TIB, 6.25, 6.25, 6.25)
    queries = judged_frames(frames, measured(plain), ids)["queries"]
    assert queries.select(figures).rows() == [
        (3.0, "measured", 7, "job", 7, 1.0, 1.0, 3.0),
        (1.0, "assumed", None, "unknown", None, None, None, None),
    ]
    assert queries.schema == frames["queries"].schema
    untouched = [name for name in queries.columns if not name.startswith(("runs", "bytes", "billed", "usd"))]
    assert queries.select(untouched).equals(frames["queries"].select(untouched))
