"""Partitions that must have come to a table since its catalog was made, and how large they may be.

A catalog is a picture of one day. A condition such as "yesterday" speaks of partitions that it does not list, if it is
older than the clock; they are not nothing, but modelled on the last complete ones
(docs/decisions/019-what-has-come-since.md).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import sub
from typing import Final

from costguard.estimate.periods import identifier_of, number_at, number_of

COMPLETE: Final = 7
"""So many of the last complete partitions stand for those that follow: of days, each day of the week once."""
NEAR: Final[Mapping[str, int]] = {"HOUR": 48, "DAY": 7, "MONTH": 2, "YEAR": 1}
"""Units between the newest partition and the catalog within which a table is taken to grow. Rows of an hour may come
with the load of the next night, those of a day with that of the week, those of a month some time in the next."""
LONGEST_PAUSE: Final = 31
"""A longer time without a partition is none of its own habits, however often it paused before (monthly snapshots in
partitions of a day do for 31 units)."""
MOST: Final = 10_000
"""No table has more partitions (docs.cloud.google.com/bigquery/quotas#partitioned_tables)."""


@dataclass(frozen=True, slots=True)
class Growth:
    """The partitions (or shards) that have come since, and on which of the catalog's they are modelled."""

    ids: tuple[str, ...]
    """The oldest first. With them those that the catalog has, but that were not over when it was made, and are now."""
    begun: Mapping[int, int]
    """Position of such a one in `ids` -> its position in the catalog."""
    sure: int
    """So many of the first must be there and complete; the others may still be empty."""
    recent: tuple[int, int]
    """Positions [start, stop) in the catalog of the last complete ones."""
    steps: int
    """Units from the first to the last of these: one less than there are, where none is missing between them."""


def growth_of(ids: Sequence[str], unit: str, made: datetime | None, now: datetime) -> Growth | None:
    """How a table has grown that had these partitions (in order, without special ones) when its catalog was made; None
    where it did not, or where nothing can be told of it. Times are UTC, without a zone."""
    if made is None or now <= made or unit not in NEAR:
        return None
    numbers = [number_of(identifier, unit) for identifier in ids]
    then, clock = number_at(made, unit), number_at(now, unit)
    over, begun = bisect_left(numbers, then), bisect_right(numbers, then)
    if begun == 0:
        return None
    stop = over or begun
    start = max(0, stop - COMPLETE)
    newest = numbers[begun - 1]
    pause = max(map(sub, numbers[start + 1 : begun], numbers[start : begun - 1]), default=0)
    if then - newest > max(NEAR[unit], min(pause, LONGEST_PAUSE)):
        return None
    listed = {number: position for position, number in enumerate(numbers[over:], over)}
    # On the catalog's own day only that day's partition can have come since: what it lacked of others, it lacks.
    first = max(newest + 1 if clock > then else then, clock + 1 - MOST)
    since = [number for number in range(first, clock + 1) if number not in listed]
    since += [number for number in listed if number < clock]
    since.sort()
    if not since:
        return None
    steps = numbers[stop - 1] - numbers[start]
    usual = min(newest + clock - then, clock - 1)
    regular = over > 0 and steps == stop - start - 1
    return Growth(
        tuple(identifier_of(number, unit) for number in since),
        {at: listed[number] for at, number in enumerate(since) if number in listed},
        bisect_right(since, usual) if regular else 0,
        (start, stop),
        steps,
    )
