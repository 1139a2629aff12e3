"""Daily quotas: days end at midnight Pacific time, and the quota of each user does for the one who needs most."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from costguard.guards.quota import quota_suggestions
from costguard.guards.suggestions import CutDay, QuotaSuggestion, QuotaValue

from .evidence import GIB, MIB, TIB, charged, moment, ran


def test_a_month_with_one_wild_day(tmp_path: Path) -> None:
    """Twenty days of 10 GiB by Ana and 4 GiB by Bob; on the 20th Bob asks for 1 TiB more."""
    rows = [ran(f"a{day}", 10 * GIB, at=moment(day, 18), user_email="ana@x.com") for day in range(1, 21)]
    rows += [ran(f"b{day}", 4 * GIB, at=moment(day, 19), user_email="bob@x.com") for day in range(1, 21)]
    rows.append(ran("wild", TIB, at=moment(20, 20), user_email="bob@x.com"))
    (found,) = quota_suggestions(charged(tmp_path, *rows))
    wild = 14 * GIB + TIB
    assert found == QuotaSuggestion(
        "shop",
        # The p95 of 20 days is the 19th of them: 14 GiB.
        QuotaValue(28 * GIB, 14 * GIB, wild, 20, (CutDay(date(2026, 10, 20), wild, None),)),
        QuotaValue(
            20 * GIB,
            10 * GIB,
            4 * GIB + TIB,
            20,
            (CutDay(date(2026, 10, 20), 4 * GIB + TIB, "bob@x.com"),),
            "ana@x.com",
        ),
    )


def test_the_day_is_that_of_the_west_coast(tmp_path: Path) -> None:
    """06:00 and 08:00 UTC are two days there in summer (UTC-7)."""
    rows = [ran("a", GIB, at=moment(2, 6)), ran("b", GIB, at=moment(2, 8))]
    (found,) = quota_suggestions(charged(tmp_path, *rows))
    assert found.per_day is not None
    assert (found.per_day.days, found.per_day.largest, found.per_day.value) == (2, GIB, 2 * GIB)
    # Each user would get as much as the project: no quota for users.
    assert found.per_user is None


def test_small_and_enormous_projects(tmp_path: Path) -> None:
    rows = [
        ran("a", 10 * MIB, project_id="small"),
        ran("b", 150 * TIB, project_id="huge", user_email="ana@x.com"),
        ran("c", 10 * TIB, project_id="huge", user_email="bob@x.com"),
    ]
    huge, small = quota_suggestions(charged(tmp_path, *rows))
    assert (huge.project, huge.per_day, huge.per_user) == ("huge", None, None)
    assert small.per_day is not None
    assert (small.project, small.per_day.value) == ("small", 20 * MIB)
