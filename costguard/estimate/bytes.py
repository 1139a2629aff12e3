"""Logical bytes of a table's leaf columns over some of its partitions.

Every figure is an `Amount`. What the catalog states is exact; what it leaves out is derived: a fixed-width
column that is never NULL follows from the rows, other columns take the partition's share of their total
(`modelled`).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from operator import sub
from typing import Final, NamedTuple

from costguard.catalog.model import UNPARTITIONED, Leaf, Table
from costguard.estimate.growth import Growth
from costguard.estimate.partitions import PartitionIndex, Runs
from costguard.money import worst_basis


class Amount(NamedTuple):
    """Logical bytes with bounds; point and high are None when unknown (low is then what is known)."""

    low: int
    point: int | None
    high: int | None
    basis: str

    def plus(self, other: Amount) -> Amount:
        """The sum; unknown if a part is."""
        if self.point is None or self.high is None or other.point is None or other.high is None:
            return Amount(self.low + other.low, None, None, "unknown")
        return Amount(
            self.low + other.low,
            self.point + other.point,
            self.high + other.high,
            worst_basis(self.basis, other.basis),
        )


NOTHING: Final = Amount(0, 0, 0, "exact")
UNKNOWN: Final = Amount(0, None, None, "unknown")


def exactly(count: int, basis: str = "exact") -> Amount:
    """An amount without width."""
    return Amount(count, count, count, basis)


class TableFacts:
    """A table with what follows from its catalog entry, worked out when first needed and kept."""

    __slots__ = (
        "_amounts",
        "_bytes",
        "_each",
        "_from_rows",
        "_left",
        "_partly",
        "_rows",
        "_stated",
        "by_path",
        "everything",
        "growth",
        "index",
        "positions",
        "table",
        "under",
    )

    def __init__(self, table: Table, growth: Growth | None = None) -> None:
        self.table = table
        self.growth = growth
        """The partitions that have come since the catalog was made; None when there are none."""
        partitioning = table.partitioning
        self.index = PartitionIndex(partitioning, table.leaves, growth) if partitioning is not None else None
        listed = self.index.count if self.index is not None else 0
        self.positions = listed or 1
        """Partitions; 1 when there are none or they are not listed."""
        self.everything: Runs = ((0, self.positions),)
        """All that the catalog lists, without what has come since."""
        self.by_path = {leaf.path.lower(): number for number, leaf in enumerate(table.leaves)}
        self.under: dict[str, list[int]] = {}
        """Leaves below each record, by the record's path."""
        for number, leaf in enumerate(table.leaves):
            around = leaf.path.lower()
            while "." in around:
                around = around.rpartition(".")[0]
                self.under.setdefault(around, []).append(number)
        partitions = (partitioning.partitions or ()) if partitioning is not None and listed else ()
        self._rows = _running([partition.rows for partition in partitions])
        self._bytes = _running([partition.bytes for partition in partitions])
        self._stated: dict[int, list[int] | None] = {}
        self._partly: dict[int, list[int | None]] = {}
        """Sizes of a leaf that some partitions state and others do not."""
        self._from_rows: set[int] = set()
        """Leaves whose sizes the catalog leaves to be derived from the rows."""
        self._each: dict[int, list[int]] = {}
        self._left: tuple[int | None, int | None, int] | None = None
        self._amounts: dict[tuple[int, Runs], Amount] = {}

    @property
    def listed(self) -> bool:
        """Partitioned, with the partitions listed."""
        return self.index is not None and self.index.count > 0

    # -- columns -----------------------------------------------------------------------------------

    def leaves_of(self, path: str) -> list[int] | None:
        """The leaves that a path (lower case) reads: itself, those below it, or the JSON column around it."""
        number = self.by_path.get(path)
        if number is not None:
            return [number]
        below = self.under.get(path)
        if below is not None:
            return below
        around = path
        while "." in around:
            around = around.rpartition(".")[0]
            number = self.by_path.get(around)
            if number is not None:
                kind = self.table.leaves[number].type
                # A record that the catalog does not split, or JSON, which cannot be split.
                return [number] if kind in ("JSON", "RECORD", "STRUCT") or "<" in kind else None
        return None

    # -- rows and bytes ----------------------------------------------------------------------------

    def rows_in(self, runs: Runs) -> int | None:
        """Rows in some partitions."""
        if self._reaches_beyond(runs):
            return self._with_since(runs, self._rows_as_amount).point
        if runs == self.everything and self.table.rows is not None:
            return self.table.rows
        if not runs:
            return 0
        return _over(self._rows, runs) if self._rows is not None else None

    def bytes_in(self, runs: Runs) -> Amount:
        """Bytes of all columns in some partitions."""
        if not runs:
            return NOTHING
        if self._reaches_beyond(runs):
            return self._with_since(runs, self.bytes_in)
        if runs == self.everything and self.table.bytes is not None:
            return exactly(self.table.bytes)
        if self.listed and self._bytes is not None:
            return exactly(_over(self._bytes, runs))
        total = NOTHING
        for number in range(len(self.table.leaves)):
            total = total.plus(self.leaf_in(number, runs))
        return total if self.table.leaves else UNKNOWN

    def leaf_in(self, number: int, runs: Runs) -> Amount:
        """Bytes of a leaf column in some partitions."""
        key = (number, runs)
        found = self._amounts.get(key)
        if found is None:
            if self._reaches_beyond(runs):
                found = self._with_since(runs, lambda part: self.leaf_in(number, part))
            else:
                found = self._leaf_in(self.table.leaves[number], number, runs)
            self._amounts[key] = found
        return found

    def _reaches_beyond(self, runs: Runs) -> bool:
        """Some of these partitions have come since the catalog was made."""
        return self.growth is not None and bool(runs) and runs[-1][1] > self.positions

    def _with_since(self, runs: Runs, amount_in: Callable[[Runs], Amount]) -> Amount:
        """What the catalog's partitions among these hold of something, and what those hold that have come since."""
        assert self.growth is not None
        end = self.positions
        listed = tuple((start, min(stop, end)) for start, stop in runs if start < end)
        total = amount_in(listed)
        for start, stop in runs:
            if stop > end:
                at = max(start, end) - end
                total = total.plus(
                    modelled(self.growth, at, stop - end, lambda place: amount_in(((place, place + 1),)))
                )
        return total

    def _rows_as_amount(self, runs: Runs) -> Amount:
        rows = self.rows_in(runs)
        return exactly(rows) if rows is not None else UNKNOWN

    def leaf_by_position(self, number: int) -> list[int]:
        """The point figure of a leaf in each partition, those that have come since last; empty when it is unknown."""
        return self._by_position(number, widest=False)

    def widest_by_position(self, number: int) -> list[int]:
        """As `leaf_by_position`, with the upper bound of those that have come since."""
        return self._by_position(number, widest=True)

    def _by_position(self, number: int, *, widest: bool) -> list[int]:
        listed = self._listed_by_position(number)
        if self.growth is None or not listed:
            return listed
        since: list[int] = []
        end, begun = self.positions, self.growth.begun
        new: int | None = None  # point and bounds are the same of all that are new: there may be thousands
        for at in range(len(self.growth.ids)):
            size = new
            if size is None or at in begun:
                amount = self.leaf_in(number, ((end + at, end + at + 1),))
                size = amount.high if widest else amount.point
                if size is None:
                    return []
                new = new if at in begun else size
            since.append(size)
        return [*listed, *since]

    def _listed_by_position(self, number: int) -> list[int]:
        found = self._each.get(number)
        if found is None:
            stated = self._running_of(number)
            if stated is not None:
                found = _differences(stated)
            elif self.positions == 1:
                point = self.leaf_in(number, self.everything).point
                found = [] if point is None else [point]
            else:
                found = self._points(self.table.leaves[number])
                own = self._partly.get(number)
                if own is not None and found:
                    found = [point if size is None else size for point, size in zip(found, own, strict=True)]
            self._each[number] = found
        return found

    def _points(self, leaf: Leaf) -> list[int]:
        """As `_leaf_in` for each partition by itself, when these do not state the leaf's size."""
        all_rows = self.table.rows
        if leaf.width is not None and not leaf.repeated and self._rows is not None:
            width = leaf.width
            return [self._fixed(leaf, width, rows, all_rows).point or 0 for rows in _differences(self._rows)]
        parts = self._bytes if self._bytes is not None else self._rows
        if parts is None:
            return []
        whole = parts[-1]
        if leaf.bytes is not None:
            return [leaf.bytes * part // whole if whole else 0 for part in _differences(parts)]
        likely, most, columns = self._rest()
        if likely is None or most is None:
            return []
        shares = [likely * part // whole // max(columns, 1) if whole else 0 for part in _differences(parts)]
        if self._bytes is None:
            return [min(share, most) for share in shares]
        return [min(share, most, size) for share, size in zip(shares, _differences(self._bytes), strict=True)]

    def _running_of(self, number: int) -> list[int] | None:
        """Running totals of a leaf over the partitions, when every partition states it."""
        if number not in self._stated:
            self._stated[number] = self._state(number, self.table.leaves[number])
        return self._stated[number]

    def _state(self, number: int, leaf: Leaf) -> list[int] | None:
        partitioning = self.table.partitioning
        if partitioning is None or not self.listed or partitioning.partitions is None:
            return None
        sizes: list[int | None] = []
        for partition in partitioning.partitions:
            size = partition.columns.get(leaf.path)
            if partition.id == UNPARTITIONED and partitioning.by_ingestion_time:
                size = 0  # the streaming buffer, which is not billed
            elif size is None and leaf.always_set and leaf.width is not None and partition.rows is not None:
                size = partition.rows * leaf.width
                if leaf.bytes is None:
                    self._from_rows.add(number)
            elif size is None and partition.rows == 0:
                size = 0
            sizes.append(size)
        running = _running(sizes)
        if running is None and any(leaf.path in partition.columns for partition in partitioning.partitions):
            self._partly[number] = sizes
        return running

    def _leaf_in(self, leaf: Leaf, number: int, runs: Runs) -> Amount:
        if not runs:
            return NOTHING
        whole = runs == self.everything
        if whole and leaf.bytes is not None:
            return exactly(leaf.bytes)
        stated = self._running_of(number)
        if stated is not None:
            return exactly(_over(stated, runs), "modelled" if number in self._from_rows else "exact")
        own = self._partly.get(number)
        if own is not None:
            parts = [size for start, stop in runs for size in own[start:stop]]
            known = [size for size in parts if size is not None]
            if len(known) == len(parts):  # those that are read state it, if not all others do
                return exactly(sum(known), "modelled" if number in self._from_rows else "exact")
        rows, all_rows = self.rows_in(runs), self.table.rows
        if leaf.width is not None and not leaf.repeated and rows is not None:
            return self._fixed(leaf, leaf.width, rows, all_rows)
        return self._shared(leaf, runs)

    @staticmethod
    def _fixed(leaf: Leaf, width: int, rows: int, all_rows: int | None) -> Amount:
        most = rows * width
        if leaf.bytes is None:
            # Derived, and so never called exact (the catalog format says so), though it may well be.
            return Amount(most if leaf.always_set else 0, most, most, "modelled")
        if leaf.always_set:
            return exactly(most)
        if all_rows is None:
            return Amount(0, most, most, "upper-bound")
        if leaf.bytes == all_rows * width:
            return exactly(most)  # no NULL anywhere
        low = max(0, leaf.bytes - max(all_rows - rows, 0) * width)
        high = max(min(leaf.bytes, most), low)
        point = leaf.bytes * rows // all_rows if all_rows else 0
        return Amount(low, min(max(point, low), high), high, "modelled")

    def _shared(self, leaf: Leaf, runs: Runs) -> Amount:
        """The share of the column's bytes that the partitions have of the table's bytes (or rows)."""
        part, whole = self._share(runs)
        if part is None or whole is None:
            return UNKNOWN
        if leaf.bytes is not None:
            point = leaf.bytes * part // whole if whole else 0
            high = leaf.bytes
            low = 0
            if self._bytes is not None:
                size = _over(self._bytes, runs)
                high = max(min(leaf.bytes, size), point)
                low = min(max(0, leaf.bytes - (self._bytes[-1] - size)), point)
            return Amount(low, point, high, "modelled")
        likely, most, columns = self._rest()
        if likely is None or most is None:
            return UNKNOWN
        if self._bytes is not None and runs != self.everything:
            most = min(most, _over(self._bytes, runs))
        point = likely * part // whole // max(columns, 1) if whole else 0
        return Amount(0, min(point, most), most, "modelled")

    def _share(self, runs: Runs) -> tuple[int | None, int | None]:
        if runs == self.everything:
            return 1, 1
        if self._bytes is not None:
            return _over(self._bytes, runs), self._bytes[-1]
        if self._rows is not None:
            return _over(self._rows, runs), self._rows[-1]
        return None, None

    def _rest(self) -> tuple[int | None, int | None, int]:
        """As `_work_out_rest`; it is asked for with every such column and partition."""
        if self._left is None:
            self._left = self._work_out_rest()
        return self._left

    def _work_out_rest(self) -> tuple[int | None, int | None, int]:
        """Bytes of the table that no column accounts for: likely, and at most, as NULL takes none; and the
        columns that share them."""
        if self.table.bytes is None:
            return None, None, 0
        likely = most = self.table.bytes
        columns = 0
        for leaf in self.table.leaves:
            if leaf.bytes is not None:
                likely -= leaf.bytes
                most -= leaf.bytes
            elif leaf.width is not None and not leaf.repeated and self.table.rows is not None:
                likely -= leaf.width * self.table.rows
                if leaf.always_set:
                    most -= leaf.width * self.table.rows
            else:
                columns += 1
        return max(likely, 0), max(most, 0), columns


def modelled(growth: Growth, start: int, stop: int, amount_at: Callable[[int], Amount]) -> Amount:
    """What `growth.ids[start:stop]` hold of something; `amount_at`: what a partition of the catalog holds of it.

    Each new one is as large as the average of the recent ones, times the part of units that had one; between the
    smallest of them (nothing, where it may not be there or complete yet) and the largest. One that had begun when the
    catalog was made is no smaller than it was.
    """
    recent = [amount_at(position) for position in range(*growth.recent)]
    own = [amount_at(position) for at, position in growth.begun.items() if start <= at < stop]
    points = [amount.point for amount in recent if amount.point is not None]
    highs = [amount.high for amount in recent if amount.high is not None]
    if len(points) < len(recent) or len(highs) < len(recent):
        return UNKNOWN
    count, new = len(recent), stop - start - len(own)
    surely = range(start, min(stop, growth.sure))
    sure = len(surely) - sum(at in surely for at in growth.begun)
    arrivals, steps = max(count - 1, 1), max(growth.steps, 1)
    low = sure * min(amount.low for amount in recent)
    point = new * sum(points) * arrivals // (count * steps)
    high = new * max(highs)
    for amount in own:
        if amount.point is None or amount.high is None:
            return UNKNOWN
        low += amount.low
        point += max(amount.point, sum(points) // count)
        high += max(amount.high, *highs)
    return Amount(low, point, high, "modelled")


def _running(sizes: list[int | None]) -> list[int] | None:
    """Running totals from 0; None when there is nothing or a part is missing."""
    if not sizes:
        return None
    known = [size for size in sizes if size is not None]
    return list(accumulate(known, initial=0)) if len(known) == len(sizes) else None


def _differences(running: list[int]) -> list[int]:
    """The parts of running totals."""
    return list(map(sub, running[1:], running))


def _over(running: list[int], runs: Runs) -> int:
    return sum(running[stop] - running[start] for start, stop in runs)
