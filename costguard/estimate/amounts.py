"""Bytes that scans read, alone and together in one statement.

A scan's own figure is what it would read alone. A statement reads each column of each partition of a table
once, however many scans name it: the statement's figure is that union, which may be less than the sum of its
scans.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from operator import add
from typing import Final

from costguard.estimate.bytes import NOTHING, UNKNOWN, Amount, exactly
from costguard.estimate.columns import Reading
from costguard.estimate.partitions import Runs, joined, positions_of
from costguard.money import worst_basis

SAMPLED_WHOLE_BELOW: Final = 1 << 30
"""TABLESAMPLE picks blocks of about 1 GB; a smaller table is read whole
(docs.cloud.google.com/bigquery/docs/table-sampling)."""

_MODELLED_KINDS: Final = frozenset({"materialized_view"})


def unreadable(reading: Reading) -> bool:
    """Nothing can be said of its bytes: outside of BigQuery's storage, or hidden by row access policies."""
    table = reading.facts.table
    return table.kind == "external" or table.row_access_policies


def columns_amount(reading: Reading, runs: Runs) -> Amount:
    """Bytes of the columns that are read, in some partitions."""
    facts = reading.facts
    total = NOTHING
    for number in reading.uses:
        total = total.plus(facts.leaf_in(number, runs))
    for leaves in reading.arrays:
        if any(number in reading.uses for number in leaves):
            continue
        parts = [facts.leaf_in(number, runs) for number in leaves]
        points = [part.point for part in parts if part.point is not None]
        highs = [part.high for part in parts if part.high is not None]
        if len(points) < len(parts) or len(highs) < len(parts) or not parts:
            total = total.plus(UNKNOWN)
        elif len(parts) == 1:
            total = total.plus(parts[0])
        else:
            # Which field the engine reads to count the elements is not documented.
            basis = worst_basis("upper-bound", *(part.basis for part in parts))
            total = total.plus(Amount(min(part.low for part in parts), min(points), sum(highs), basis))
    if reading.hole or reading.missing:
        total = _widened(reading, runs, total)
    return total


def _widened(reading: Reading, runs: Runs, known: Amount) -> Amount:
    """Some columns are not known: up to all of the table."""
    every = reading.facts.bytes_in(runs)
    if known.point is None or known.high is None or every.high is None:
        return Amount(known.low, None, None, "unknown")
    high = max(known.high, every.high)
    if reading.hole:
        return Amount(known.low, high, high, worst_basis(known.basis, every.basis, "upper-bound"))
    if not reading.uses and not reading.arrays:
        return Amount(0, None, None, "unknown")  # all that is read is unknown, which is not nothing
    return Amount(known.low, known.point, high, worst_basis(known.basis, "lower-bound"))


def reading_amount(reading: Reading) -> Amount:
    """Bytes that one scan reads of one table."""
    if unreadable(reading):
        return UNKNOWN
    pruned = reading.pruned
    total = columns_amount(reading, pruned.runs)
    if total.point is None or total.high is None:
        return total
    if pruned.unknown:
        total = _narrowed(reading, total)
    elif pruned.pruning == "pruned" and reading.facts.index is not None and not reading.facts.listed:
        total = Amount(0, total.point, total.high, worst_basis(total.basis, "upper-bound"))
    if pruned.least is not None and pruned.least != pruned.runs:
        least = columns_amount(reading, pruned.least)
        total = total._replace(low=min(least.low, total.low), basis=worst_basis(total.basis, "upper-bound"))
    if (reading.cluster_filtered or reading.limited) and total.high:
        # Which blocks survive depends on their contents, which no catalog holds.
        total = total._replace(low=0, basis=worst_basis(total.basis, "upper-bound"))
    if reading.sample_percent is not None:
        total = _sampled(reading, total)
    if reading.unlikely:
        total = total._replace(low=0, point=0, basis=worst_basis(total.basis, "upper-bound"))
    table = reading.facts.table
    if reading.another_time or reading.assumed_project or table.kind in _MODELLED_KINDS:
        total = total._replace(basis=worst_basis(total.basis, "modelled"))
    return total


def _narrowed(reading: Reading, total: Amount) -> Amount:
    """A value known at run time only: from nothing (a partition that is not there) to all, or the largest few,
    that are left."""
    assert total.point is not None
    assert total.high is not None
    basis = worst_basis(total.basis, "upper-bound")
    everything = Amount(0, total.point, total.high, basis)
    bound = reading.pruned.at_most
    if bound is None or reading.hole:
        return everything
    facts, runs = reading.facts, reading.pruned.runs
    count = sum(stop - start for start, stop in runs)
    sizes = widest = [0] * count
    leaves: list[tuple[int, ...]] = [(number,) for number in reading.uses]
    # Which field of an array is read to count its elements is not documented: the smallest, or all of them.
    leaves += [fields for fields in reading.arrays if not any(number in reading.uses for number in fields)]
    for fields in leaves:
        each = [facts.leaf_by_position(number) for number in fields]
        if not all(each):
            return everything
        smallest = min(each, key=sum) if len(each) > 1 else each[0]
        sizes = list(map(add, sizes, _picked(smallest, runs)))
        for number in fields:
            widest = list(map(add, widest, _picked(facts.widest_by_position(number), runs)))
    regular = facts.index.regular if facts.index is not None else facts.positions
    ordinary = sum(min(stop, regular) - start for start, stop in runs if start < regular)
    listed = sum(min(stop, facts.positions) - start for start, stop in runs if start < facts.positions)
    newest = [*sizes[:ordinary], *sizes[listed:]][-bound:]  # without the special partitions
    # Columns that the catalog does not list may be as large as all of the table.
    high = total.high if reading.missing else sum(sorted(widest)[-bound:])
    return Amount(0, min(sum(newest), high), high, basis)


def _picked(values: list[int], runs: Runs) -> Iterator[int]:
    """The values at the positions of some runs."""
    return chain.from_iterable(values[start:stop] for start, stop in runs)


def _sampled(reading: Reading, total: Amount) -> Amount:
    assert total.point is not None
    assert total.high is not None
    basis = worst_basis(total.basis, "modelled")
    size = reading.facts.table.bytes
    if size is not None and size < SAMPLED_WHOLE_BELOW:
        return total._replace(basis=basis)
    percent = min(max(reading.sample_percent or 0.0, 0.0), 100.0)
    point = round(total.point * percent / 100)
    return Amount(0, point, max(total.high, point), basis)


def union_amount(readings: Sequence[Reading]) -> Amount:
    """Bytes that several scans read together: each column of each partition of a table once."""
    tables: dict[str, list[Reading]] = {}
    for reading in readings:
        tables.setdefault(reading.facts.table.name, []).append(reading)
    total = NOTHING
    for group in tables.values():
        total = total.plus(_table_union(group))
    return total


def _table_union(group: list[Reading]) -> Amount:
    if len(group) == 1:
        return reading_amount(group[0])
    amounts = [reading_amount(reading) for reading in group]
    if any(amount.point is None for amount in amounts):
        return Amount(max(amount.low for amount in amounts), None, None, "unknown")
    if any(not _is_plain(reading) for reading in group):
        return _bounded_union(group, amounts)
    facts = group[0].facts
    runs_of: dict[int, list[tuple[int, int]]] = {}
    for reading in group:
        for number in reading.uses:
            runs_of.setdefault(number, []).extend(reading.pruned.runs)
    total = NOTHING
    for number, runs in runs_of.items():
        total = total.plus(facts.leaf_in(number, joined(runs)))
    every = joined([run for reading in group for run in reading.pruned.runs])
    if all(joined(runs) == every for runs in runs_of.values()) or total.high is None:
        return total
    # Scans of other partitions name other columns: billed by the cell or by the rectangle is not documented.
    rectangle = NOTHING
    for number in runs_of:
        rectangle = rectangle.plus(facts.leaf_in(number, every))
    high = max(rectangle.high or 0, total.high)
    return total._replace(high=high, basis=worst_basis(total.basis, "upper-bound"))


def _is_plain(reading: Reading) -> bool:
    return not (
        reading.pruned.unknown
        or reading.pruned.least is not None
        or reading.cluster_filtered
        or reading.limited
        or reading.sample_percent is not None
        or reading.arrays
        or reading.hole
        or reading.missing
        or reading.another_time
        or reading.assumed_project
        or reading.facts.table.kind in _MODELLED_KINDS
        or (reading.facts.index is not None and not reading.facts.listed)
    )


def _bounded_union(group: list[Reading], amounts: list[Amount]) -> Amount:
    """Between the largest scan and the sum of all; no more than all their columns, where nothing is billed
    twice."""
    low = max(amount.low for amount in amounts)
    high = sum(amount.high or 0 for amount in amounts)
    point = sum(amount.point or 0 for amount in amounts)
    basis = worst_basis("upper-bound", *(amount.basis for amount in amounts))
    if not any(reading.cluster_filtered for reading in group):
        # Clustered tables with a filter are billed for each reference (docs: clustered-tables); others once.
        numbers = {number for reading in group for number in reading.uses}
        every = joined([run for reading in group for run in reading.pruned.runs])
        merged = Reading(
            group[0].facts,
            group[0].pruned,
            uses={number: use for reading in group for number, use in reading.uses.items()},
            arrays=[leaves for reading in group for leaves in reading.arrays],
            missing=any(reading.missing for reading in group),
            hole=any(reading.hole for reading in group),
        )
        bound = columns_amount(merged, every)
        if numbers and bound.high is not None:
            high = min(high, bound.high)
            point = min(point, high)
            low = min(low, point)
    return Amount(min(low, point), point, max(high, point), basis)


def modified_amount(reading: Reading, statement: str, *, alone: bool) -> Amount:
    """What UPDATE, DELETE and MERGE add for their target: all columns of the partitions that change.

    `alone`: no other table is read. Formulas: docs.cloud.google.com/bigquery/docs/reference/standard-sql/
    dml-syntax#on-demand-query-size-calculation.
    """
    if unreadable(reading):
        return UNKNOWN
    pruned, facts = reading.pruned, reading.facts
    every = facts.bytes_in(pruned.runs)
    if facts.index is None or every.point is None or every.high is None:
        return every
    if pruned.unknown:
        point, high = _largest_few(reading, every.point, every.high)
        return Amount(0, point, high, worst_basis(every.basis, "upper-bound"))
    if statement == "DELETE" and deletes_partitions(reading, alone=alone):
        return NOTHING if not facts.table.clustering else Amount(0, 0, every.high, "upper-bound")
    if pruned.always:
        return every
    return Amount(0, every.point, every.high, worst_basis(every.basis, "upper-bound"))


def _largest_few(reading: Reading, point: int, high: int) -> tuple[int, int]:
    """Bytes of as many partitions as a value of the run leaves: of the newest, and of the largest."""
    bound, index = reading.pruned.at_most, reading.facts.index
    if bound is None or index is None:
        return point, high
    places = positions_of(reading.pruned.runs)
    sizes = [reading.facts.bytes_in(((place, place + 1),)).high for place in places]
    known = [size for size in sizes if size is not None]
    if len(known) < len(sizes):
        return point, high
    newest = [
        size
        for place, size in zip(places, known, strict=True)
        if place < index.regular or place >= index.count
    ][-bound:]
    return min(point, sum(newest)), min(high, sum(sorted(known)[-bound:]))


def deletes_partitions(reading: Reading, *, alone: bool) -> bool:
    """A DELETE of whole partitions by a filter on the partition column alone, which reads nothing
    (docs.cloud.google.com/bigquery/docs/using-dml-with-partitioned-tables)."""
    return (
        alone
        and reading.facts.listed
        and reading.pruned.pruning == "pruned"
        and reading.pruned.always
        and not reading.facts.table.streaming_buffer_bytes
    )


def if_pruned(readings: Iterable[Reading], *, target: bool) -> int | None:
    """Bytes of a scan whose filter could prune; None where there is nothing to gain or it is unknown."""
    total = 0
    found = False
    for reading in readings:
        runs = reading.pruned.if_pruned
        if unreadable(reading):
            return None
        found = found or runs is not None
        amount = columns_amount(reading, runs if runs is not None else reading.pruned.runs)
        if target:
            amount = amount.plus(reading.facts.bytes_in(runs if runs is not None else reading.pruned.runs))
        if amount.point is None:
            return None
        total += amount.point
    return total if found else None


__all__ = [
    "deletes_partitions",
    "exactly",
    "if_pruned",
    "modified_amount",
    "reading_amount",
    "union_amount",
    "unreadable",
]
