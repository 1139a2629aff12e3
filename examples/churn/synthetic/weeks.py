"""What happened when: the eight weeks 2026-W37 to 2026-W44.

W37, W39, W40   two iterations, as planned
W38             a Dataproc cluster of kestrel-dev is left on over the weekend
W41             an iteration every working day, before a release
W42             two iterations, and customer_days is filled again for 60 days, day by day
W43             from Tuesday on, the monitor's query reads one partition; it had read the whole table
W44             two iterations
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

FIRST_DAY = date(2026, 9, 7)
DAYS = tuple(FIRST_DAY + timedelta(days=index) for index in range(56))
WEEKS = tuple(DAYS[index : index + 7] for index in range(0, 56, 7))
END = datetime(2026, 11, 2, tzinfo=UTC)
"""Midnight after the last day."""

TEAM_LABELS_FROM = date(2026, 9, 16)
ITERATION_LABELS_FROM = date(2026, 9, 23)
"""Labels tell of usage from the day on which somebody set them."""
IDLE_FROM, IDLE_UNTIL = datetime(2026, 9, 18, 16, tzinfo=UTC), datetime(2026, 9, 21, 7, tzinfo=UTC)
BACKFILL_DAY = date(2026, 10, 14)
BACKFILL_FROM = date(2026, 8, 15)
CAP_DAY = date(2026, 10, 19)
"""The monitor got its cap on bytes, and failed; the next day its query was mended."""
PRICE_CHANGE = date(2026, 10, 12)
"""A core of an N2 machine became dearer."""
RENAMED_FROM = date(2026, 10, 5)
"""Vertex AI got another name, and kept its id."""
NEW_COMMITMENT_MODEL_FROM = date(2026, 10, 1)
"""Committed spend is credited as FEE_UTILIZATION_OFFSET, no longer as COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE."""
RESERVATION_DAYS = tuple(date(2026, 9, 28) + timedelta(days=index) for index in range(14))
"""Reserved machines that nobody used."""

_WEEKDAYS = ((1, 4), (1, 4), (1, 4), (1, 4), (0, 1, 2, 3, 4), (1, 4), (1, 4), (1, 4))


@dataclass(frozen=True)
class Iteration:
    """One pass of the pipeline."""

    name: str
    day: date
    first_of_week: bool


ITERATIONS = tuple(
    Iteration(f"churn-2026w{37 + index}-{number + 1}", week[weekday], number == 0)
    for index, (week, weekdays) in enumerate(zip(WEEKS, _WEEKDAYS, strict=True))
    for number, weekday in enumerate(weekdays)
)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """A moment of a day, UTC."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def grown(size: int, day: date) -> int:
    """What a size of today's catalog was on a day: everything has grown evenly, by a tenth in eight weeks."""
    return size * (550 + (day - FIRST_DAY).days) // 605


def team_labels(day: date, **more: str) -> list[dict[str, str]]:
    """The labels of what belongs to the team, as far as they were set by then."""
    if day < TEAM_LABELS_FROM:
        return []
    labels = {"team": "churn", "env": "prod", **more}
    if day < ITERATION_LABELS_FROM:
        labels.pop("cg_iteration", None)
    return pairs(labels)


def pairs(labels: dict[str, str]) -> list[dict[str, str]]:
    """Labels as the exports have them."""
    return [{"key": key, "value": value} for key, value in labels.items()]
