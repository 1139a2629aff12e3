"""Thresholds from hours with queries."""

from __future__ import annotations

from pathlib import Path

from costguard.guards.alert import alert_suggestions
from costguard.guards.suggestions import AlertSuggestion

from .evidence import GIB, TIB, charged, moment, ran


def test_hours_with_queries(tmp_path: Path) -> None:
    """Two hundred hours of 3 GiB in two jobs, of which two have much more: the p99 is the 198th."""
    rows = []
    for number in range(200):
        at = moment(1 + number // 24, number % 24)
        rows += [ran(f"a{number}", GIB, at=at), ran(f"b{number}", 2 * GIB, at=at.replace(minute=59))]
    rows.append(ran("wild", TIB, at=moment(3, 5)))
    rows.append(ran("more", 4 * GIB, at=moment(4, 5)))
    rows.append(ran("lab", GIB, project_id="lab"))
    shop, lab = alert_suggestions(charged(tmp_path, *rows))
    assert shop == AlertSuggestion(
        "shop", "scanned_bytes_billed", 6 * GIB, 200, 3 * GIB, TIB + 3 * GIB, above=2
    )
    assert (lab.project, lab.threshold, lab.hours, lab.above) == ("lab", 2 * GIB, 1, 0)
