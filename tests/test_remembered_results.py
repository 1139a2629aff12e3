"""A remembered result holds only as long as the clock does not change it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from costguard.discover import discover
from costguard.estimate.settings import EstimateSettings
from costguard.pipeline import scan
from costguard.project_paths import ProjectPaths
from costguard.request import ScanRequest
from tests.estimate.warehouse import days, partitioned

STEP = "SET d = DATE_ADD(d, INTERVAL 1 DAY); END WHILE;"
VIEW = {
    "name": "p.d.recent",
    "kind": "view",
    "view_query": "SELECT v FROM p.d.events WHERE dt >= DATE_SUB(Current_Date(), INTERVAL 1 DAY)",
}


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT v FROM p.d.events WHERE dt >= DATE_SUB(CURRENT_DATE(), INTERVAL 1 DAY)",
        "DECLARE since DATE DEFAULT CURRENT_DATE() - 1; SELECT v FROM p.d.events WHERE dt >= since",
        f"DECLARE d DATE DEFAULT '2026-11-01'; WHILE d <= CURRENT_DATE() DO SELECT v FROM p.d.events; {STEP}",
        "SELECT v FROM p.d.recent",
    ],
)
def test_another_day_gives_another_figure(sql: str, tmp_path: Path) -> None:
    (tmp_path / "q.sql").write_text(sql)
    catalog = tmp_path / "catalog.json"
    # 2 GB a day, so that rounding to whole MiB hides nothing
    tables = [partitioned("events", days("2026-11-01", 4), rows=10**8), VIEW]
    catalog.write_text(json.dumps({"version": 1, "tables": tables}))

    def usd(day: int, cached: bool) -> str:
        request = ScanRequest(
            discover([tmp_path / "q.sql"]),
            EstimateSettings(datetime(2026, 11, day, 12, tzinfo=UTC)),
            (catalog,),
            cache_directory=tmp_path / "cache" if cached else None,
            processes=1,
        )
        return str(scan(request).result.summary.usd_per_iteration.point)

    first, second = usd(2, cached=True), usd(4, cached=True)
    assert (first, second) == (usd(2, cached=False), usd(4, cached=False))
    assert first != second


def test_a_written_date_costs_more_when_its_day_has_come(tmp_path: Path) -> None:
    """What a table has grown by since the catalog is read, although the statement does not name the clock."""
    (tmp_path / "q.sql").write_text("SELECT v FROM p.d.events WHERE dt >= '2026-11-03'")
    catalog = tmp_path / "catalog.json"
    tables = [partitioned("events", days("2026-11-01", 3), rows=10**8)]
    catalog.write_text(json.dumps({"version": 1, "as_of": "2026-11-04T00:00:00Z", "tables": tables}))

    def scanned(day: int) -> Any:
        request = ScanRequest(
            discover([tmp_path / "q.sql"]),
            EstimateSettings(datetime(2026, 11, day, 12, tzinfo=UTC)),
            (catalog,),
            cache_directory=tmp_path / "cache",
            processes=1,
        )
        return scan(request).result.summary

    summaries = [scanned(day) for day in (3, 5, 5, 7)]
    found = [(summary.since_queries, summary.catalog_days) for summary in summaries]
    assert found == [(0, 0), (1, 1), (1, 1), (1, 3)]
    points = [summary.usd_per_iteration.point for summary in summaries]
    assert points[0] * 3 == pytest.approx(points[1])
    assert points[1] == points[2] < points[3]


def test_an_ignore_that_ends_ends_although_nothing_changed(tmp_path: Path) -> None:
    (tmp_path / "q.sql").write_text(
        "SELECT v FROM (SELECT v FROM p.d.t ORDER BY v)  -- costguard: ignore[order-by-useless] until=2026-11-02\n"
    )

    def suppressed(day: int) -> int:
        request = ScanRequest(
            discover([tmp_path / "q.sql"]),
            EstimateSettings(datetime(2026, 11, day, 12, tzinfo=UTC)),
            cache_directory=tmp_path / "cache",
            processes=1,
        )
        return scan(request).result.summary.suppressed

    assert [suppressed(day) for day in (1, 2, 3)] == [1, 1, 0]


def test_what_ignores_and_fingerprints_depend_on_is_part_of_the_key(tmp_path: Path) -> None:
    (tmp_path / "q.sql").write_text(
        "SELECT v FROM (SELECT v FROM p.d.t ORDER BY v)  -- costguard: ignore[order-by-useless]\n"
    )

    def found(**changes: Any) -> list[tuple[str, str]]:
        request = ScanRequest(
            discover([tmp_path / "q.sql"]),
            EstimateSettings(datetime(2026, 11, 1, tzinfo=UTC)),
            cache_directory=tmp_path / "cache",
            processes=1,
            **changes,
        )
        return [(item.rule, item.fingerprint) for item in scan(request).result.findings]

    ((rule, mark),) = found()
    assert rule == "order-by-useless"
    assert [name for name, _ in found(require_reason=True)] == ["order-by-useless", "unexplained-ignore"]
    ((_, other),) = found(paths=ProjectPaths(str(tmp_path), str(tmp_path)))
    assert other != mark
