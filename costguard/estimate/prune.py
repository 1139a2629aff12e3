"""Which partitions of a table, or members of a wildcard, a scan reads under its conditions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from costguard.estimate.conjuncts import SUFFIX, Defeat, Keys, Reduced, Reducer
from costguard.estimate.constant import Evaluator
from costguard.estimate.partitions import PartitionIndex, Runs, joined, kept_partitions, size_of, suffix_runs
from costguard.estimate.values import Outcome, point

Json = Any

_SUFFIX_KEYS: Final = Keys({SUFFIX: point("STRING", "20240517")}, any_function=True)
_NO_KEYS: Final = Keys({})
_PROBES: Final = 5
"""Partitions on which a defeated condition is tried before all are."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What a scan's conditions leave of its partitions (or members)."""

    pruning: str
    """unpartitioned, missing, defeated, pruned"""
    runs: Runs
    """Positions that are read; of an unpartitioned table (0, 1) or nothing."""
    total: int
    cause: str | None = None
    reason: str | None = None
    at: int | None = None
    unknown: bool = False
    """A value that is only known at run time narrows it further."""
    at_most: int | None = None
    """To at most so many partitions."""
    always: bool = False
    """The conditions hold for every row that is read, and speak of the partition key only."""
    if_pruned: Runs | None = None
    """Where a condition that cannot prune, or a missing one, would lead; None when it prunes."""
    by_meaning: bool = False
    """`if_pruned` follows from what the condition means; else it is the newest partition."""
    since: bool = False
    """Some of what is read has come since the catalog was made."""
    least: Runs | None = None
    """What is read if conditions prune of which that is not documented; None when there are none."""


def never_true(predicate: Json | None, constants: Evaluator) -> bool:
    """The conditions are constant, and no row meets them."""
    if predicate is None:
        return False
    return Reducer(_NO_KEYS, constants).reduce(predicate).tree is False


def prune_whole(predicate: Json | None, constants: Evaluator) -> Pruned:
    """A table without partitions: read whole, or not at all."""
    if predicate is None:
        return Pruned("unpartitioned", ((0, 1),), 1)
    reduced = Reducer(_NO_KEYS, constants).reduce(predicate)
    return Pruned("unpartitioned", () if reduced.tree is False else ((0, 1),), 1, always=reduced.whole)


def prune_partitions(
    index: PartitionIndex, predicate: Json | None, constants: Evaluator, column: str
) -> Pruned:
    """A partitioned table."""
    found, doubted = _prune_partitions(index, predicate, constants, column, trusting=False)
    if not doubted:
        return found
    trusting, _ = _prune_partitions(index, predicate, constants, column, trusting=True)
    return replace(found, always=False, least=trusting.runs)


def _prune_partitions(
    index: PartitionIndex, predicate: Json | None, constants: Evaluator, column: str, *, trusting: bool
) -> tuple[Pruned, bool]:
    """What is left, and whether there are conditions of which it is not documented whether they prune."""
    everything: Runs = ((0, index.count),) if index.count else ()
    newest: Runs = ((index.regular - 1, index.regular),) if index.regular else everything
    if predicate is None:
        missing = f"no condition on {column}"
        return Pruned("missing", everything, index.count, reason=missing, if_pruned=newest), False
    reducer = Reducer(index.keys, constants, trusting=trusting)
    reduced = reducer.reduce(predicate)
    if reduced.tree is False:
        return Pruned("pruned", (), index.total, always=True), False
    runs, always = everything, True
    if reduced.tree is not True:
        runs, always = kept_partitions(index, reduced.tree, constants)
    if reduced.used or reduced.unknown:
        whole = always and reduced.whole and reduced.used
        since = bool(runs) and runs[-1][1] > index.count
        total = index.total if reduced.tree is not True else index.count
        selected = replace(_selected(reduced, runs, total, column, always=whole), since=since)
        return selected, reducer.doubted
    meant, by_meaning = newest, False
    if reduced.defeats:
        found = _meant(index, predicate, constants)
        if found is not None and size_of(found) < index.total:
            meant, by_meaning = found, True
    unselected = _unselected(reduced.defeats, runs, index.count, column, meant, by_meaning=by_meaning)
    return unselected, reducer.doubted


def prune_members(suffixes: Sequence[str], predicate: Json | None, constants: Evaluator) -> Pruned:
    """The members of a wildcard, in the order of their suffixes."""
    found, doubted = _prune_members(suffixes, predicate, constants, trusting=False)
    if not doubted:
        return found
    return replace(found, least=_prune_members(suffixes, predicate, constants, trusting=True)[0].runs)


def _prune_members(
    suffixes: Sequence[str], predicate: Json | None, constants: Evaluator, *, trusting: bool
) -> tuple[Pruned, bool]:
    total = len(suffixes)
    everything: Runs = ((0, total),)
    newest: Runs = ((total - 1, total),)
    if predicate is None:
        missing = "no condition on _TABLE_SUFFIX"
        return Pruned("missing", everything, total, reason=missing, if_pruned=newest), False
    reducer = Reducer(_SUFFIX_KEYS, constants, trusting=trusting)
    reduced = reducer.reduce(predicate)
    if reduced.tree is False:
        return Pruned("pruned", (), total, always=True), False
    runs = everything if reduced.tree is True else suffix_runs(suffixes, reduced.tree, constants)
    if reduced.used or reduced.unknown:
        return _selected(reduced, runs, total, "_TABLE_SUFFIX", always=False), reducer.doubted
    found = _unselected(reduced.defeats, runs, total, "_TABLE_SUFFIX", newest, by_meaning=False)
    return found, reducer.doubted


def _selected(reduced: Reduced, runs: Runs, total: int, column: str, *, always: bool) -> Pruned:
    if not reduced.unknown:
        return Pruned("pruned", runs, total, always=always)
    bound = reduced.at_most
    if bound is not None and bound >= size_of(runs):
        bound = None
    return Pruned(
        "pruned",
        runs,
        total,
        cause="unknown-value",
        reason=f"{column} is compared with a value that is only known when the query runs",
        unknown=True,
        at_most=bound,
    )


def _unselected(
    defeats: tuple[Defeat, ...], runs: Runs, total: int, column: str, meant: Runs, *, by_meaning: bool
) -> Pruned:
    if not defeats:
        return Pruned("missing", runs, total, reason=f"no condition on {column}", if_pruned=meant)
    first = defeats[0]
    return Pruned(
        "defeated",
        runs,
        total,
        cause=first.cause,
        reason=first.reason,
        at=first.at,
        if_pruned=meant,
        by_meaning=by_meaning,
        # Measured to read everything; whether it always does is not documented.
        least=meant if first.cause == "coercion" else None,
    )


def _meant(index: PartitionIndex, predicate: Json, constants: Evaluator) -> Runs | None:
    """The partitions in which the conditions can be true, by whatever functions; None when they do not
    tell."""
    evaluator = Evaluator(constants.now, constants.parameters)
    count = index.regular
    if count == 0:
        return None
    probes = {count * step // _PROBES for step in range(_PROBES)} | {count - 1}
    telling = False
    for position in probes:
        index.bind(evaluator.columns, position, position + 1)
        telling = telling or not evaluator.condition(predicate) & Outcome.TRUE
    if not telling:
        return None
    runs, _ = kept_partitions(index, predicate, constants)
    return joined(runs)
