"""Partitions of a table in the order of their values, and which of them a condition leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from costguard.catalog.model import NULL_PARTITION, UNPARTITIONED, IntegerRange, Leaf, Partitioning
from costguard.estimate.conjuncts import Keys
from costguard.estimate.constant import Evaluator
from costguard.estimate.dates import add
from costguard.estimate.growth import Growth
from costguard.estimate.periods import start_of
from costguard.estimate.values import NULL, Known, Outcome, Value

Json = Any
Runs = tuple[tuple[int, int], ...]
"""Positions [start, stop) that are kept, in order, not touching."""

_EARLIEST: Final = datetime(1960, 1, 1)
_LATEST: Final = datetime(2159, 12, 31, 23, 59, 59, 999_999)
"""Rows outside of this time lie in __UNPARTITIONED__."""
_TICK: Final = timedelta(microseconds=1)
_SAMPLE: Final = datetime(2024, 5, 17, 9, 30)


class PartitionIndex:
    """The key of every partition of a table.

    The positions of what has come since the catalog was made follow those of all that it lists.
    """

    __slots__ = (
        "_highs",
        "_lows",
        "_range",
        "begun",
        "count",
        "ids",
        "ingestion",
        "keys",
        "kind",
        "regular",
        "since",
    )

    def __init__(
        self, partitioning: Partitioning, leaves: Sequence[Leaf], growth: Growth | None = None
    ) -> None:
        partitions = partitioning.partitions or ()
        self.ids = tuple(partition.id for partition in partitions)
        self.count = len(self.ids)
        self.regular = sum(identifier not in (NULL_PARTITION, UNPARTITIONED) for identifier in self.ids)
        """The partitions before this position have values of their own; special ones follow."""
        self.since = growth.ids if growth is not None else ()
        """Partitions that have come since, at the positions from `count` on."""
        self.begun = tuple(growth.begun.values()) if growth is not None else ()
        """Positions that conditions do not pick any more: the same partition stands among `since`, complete."""
        self.ingestion = partitioning.by_ingestion_time
        self._range: IntegerRange | None = partitioning.range if partitioning.type == "RANGE" else None
        self.kind = _column_type(partitioning, leaves)
        self._lows: list[Any] = []
        self._highs: list[Any] = []
        for identifier in (*self.ids[: self.regular], *self.since):
            low, high = self._span_of(identifier, partitioning.type)
            self._lows.append(low)
            self._highs.append(high)
        self.keys = self._keys(partitioning)

    def _keys(self, partitioning: Partitioning) -> Keys:
        coarse = partitioning.type != "HOUR"
        if self.ingestion:
            samples = {
                "_partitiontime": Known("TIMESTAMP", _SAMPLE, _SAMPLE),
                "_partitiondate": Known("DATE", _SAMPLE.date(), _SAMPLE.date()),
            }
            return Keys(samples, coarse_as_date=coarse)
        value: Any = {"INT64": 7, "DATE": _SAMPLE.date()}.get(self.kind, _SAMPLE)
        sample = Known(self.kind, value, value)
        return Keys(
            {partitioning.column.lower(): sample}, by_range=self._range is not None, coarse_as_date=coarse
        )

    def _span_of(self, identifier: str, unit: str) -> tuple[Any, Any]:
        """First and last value of the key in a partition."""
        if self._range is not None:
            low = int(identifier)
            return low, low + self._range.interval - 1
        start = start_of(identifier)
        if self.ingestion:
            return start, start  # _PARTITIONTIME is cut to the start of the partition
        after = add(start, 1, unit)
        end = after - _TICK if isinstance(after, datetime) else datetime.max
        return (start.date(), end.date()) if self.kind == "DATE" else (start, end)

    def bind(self, columns: dict[str, Value], start: int, stop: int) -> None:
        """Set the key columns to what they are in some regular partitions."""
        special = self.count - self.regular if start >= self.count else 0  # they have no keys in these lists
        low, high = self._lows[start - special], self._highs[stop - 1 - special]
        if self.ingestion:
            columns["_partitiontime"] = Known("TIMESTAMP", low, high)
            columns["_partitiondate"] = Known("DATE", low.date(), high.date())
            return
        for name in self.keys.samples:
            columns[name] = Known(self.kind, low, high)

    @property
    def total(self) -> int:
        """All partitions that conditions choose from."""
        return self.count + len(self.since) - len(self.begun)

    def special_bindings(self, position: int) -> list[dict[str, Value]]:
        """What the key can be in a special partition, as alternatives."""
        names = list(self.keys.samples)
        if self.ids[position] == NULL_PARTITION or self.ingestion:
            return [dict.fromkeys(names, NULL)]
        # Rows with values that no partition is for. Rows of the streaming buffer may have any, but are not
        # billed.
        outside: list[tuple[Any, Any]]
        if self._range is not None:
            outside = [(-(1 << 63), self._range.start - 1), (self._range.end, (1 << 63) - 1)]
        elif self.kind == "DATE":
            outside = [
                (date.min, _EARLIEST.date() - timedelta(days=1)),
                (_LATEST.date() + timedelta(days=1), date.max),
            ]
        else:
            outside = [(datetime.min, _EARLIEST - _TICK), (_LATEST + _TICK, datetime.max)]
        return [{name: Known(self.kind, low, high) for name in names} for low, high in outside]


def _column_type(partitioning: Partitioning, leaves: Sequence[Leaf]) -> str:
    if partitioning.type == "RANGE":
        return "INT64"
    if partitioning.by_ingestion_time:
        return "TIMESTAMP"
    wanted = partitioning.column.lower()
    found = next((leaf.type for leaf in leaves if leaf.path.lower() == wanted), None)
    if found in ("DATE", "DATETIME", "TIMESTAMP"):
        return str(found)
    return "TIMESTAMP" if partitioning.type == "HOUR" else "DATE"


def bisected(count: int, outcome: Callable[[int, int], int]) -> tuple[Runs, bool]:
    """The positions where a condition can be true, and whether it surely is in all of them.

    `outcome(start, stop)` gives the outcomes over a stretch; a stretch where both are possible is halved.
    """
    kept: list[list[int]] = []
    always = True
    stack = [(0, count)] if count else []
    while stack:
        start, stop = stack.pop()
        found = outcome(start, stop)
        if not found & Outcome.TRUE:
            continue
        if found != Outcome.TRUE and stop - start > 1:
            middle = (start + stop) // 2
            stack.append((middle, stop))
            stack.append((start, middle))
            continue
        always = always and found == Outcome.TRUE
        if kept and kept[-1][1] == start:
            kept[-1][1] = stop
        else:
            kept.append([start, stop])
    return tuple((start, stop) for start, stop in kept), always


def kept_partitions(index: PartitionIndex, tree: Json, constants: Evaluator) -> tuple[Runs, bool]:
    """The partitions in which a condition can be true, and whether it is true for every row of them."""
    evaluator = Evaluator(constants.now, constants.parameters)

    def regular(start: int, stop: int) -> int:
        index.bind(evaluator.columns, start, stop)
        return evaluator.condition(tree)

    runs, always = bisected(index.regular, regular)
    since, in_all = bisected(
        len(index.since), lambda start, stop: regular(index.count + start, index.count + stop)
    )
    always = always and in_all
    positions = [
        *without(runs, index.begun),
        *((index.count + start, index.count + stop) for start, stop in since),
    ]
    for position in range(index.regular, index.count):
        outcomes = 0
        for binding in index.special_bindings(position):
            evaluator.columns.update(binding)
            outcomes |= evaluator.condition(tree)
        if outcomes & Outcome.TRUE:
            positions.append((position, position + 1))
            always = always and outcomes == Outcome.TRUE
    return joined(positions), always


def joined(runs: Sequence[tuple[int, int]]) -> Runs:
    """Runs in order, those that touch or overlap made one.

    >>> joined([(4, 6), (0, 2), (2, 3), (5, 8)])
    ((0, 3), (4, 8))
    """
    found: list[tuple[int, int]] = []
    for start, stop in sorted(runs):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], stop))
        else:
            found.append((start, stop))
    return tuple(found)


def without(runs: Runs, positions: Sequence[int]) -> Runs:
    """Runs less some single positions.

    >>> without(((0, 3), (4, 6)), (2, 4, 9))
    ((0, 2), (5, 6))
    """
    for position in positions:
        runs = tuple(
            part
            for start, stop in runs
            for part in ((start, min(stop, position)), (max(start, position + 1), stop))
            if part[0] < part[1]
        )
    return runs


def size_of(runs: Runs) -> int:
    """Number of positions."""
    return sum(stop - start for start, stop in runs)


def positions_of(runs: Runs) -> list[int]:
    """The positions one by one."""
    return [position for start, stop in runs for position in range(start, stop)]


def suffix_runs(
    suffixes: Sequence[str], tree: Json, constants: Evaluator, columns: Mapping[str, Value] | None = None
) -> Runs:
    """The members of a wildcard (in the order of their suffixes) that a condition on _TABLE_SUFFIX leaves."""
    evaluator = Evaluator(constants.now, constants.parameters, dict(columns or {}))

    def outcome(start: int, stop: int) -> int:
        evaluator.columns["_table_suffix"] = Known("STRING", suffixes[start], suffixes[stop - 1])
        return evaluator.condition(tree)

    return bisected(len(suffixes), outcome)[0]
