"""Estimates held against what was measured: how far off they are, and where most."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from costguard.money import BASES
from costguard.result import QueryReport


@dataclass(frozen=True, slots=True)
class Comparison:
    """A query's bytes, estimated and measured."""

    query: QueryReport
    estimated: int
    actual: int
    """The median of its runs."""
    ratio: float
    """Estimated by actual: 1 is right, 2 is twice too much."""
    basis: str
    """Of the estimate."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """Ratios of estimated to actual bytes."""

    queries: int
    p10: float
    median: float
    p90: float
    within_5_percent: int
    """Queries."""
    within_20_percent: int
    within_factor_2: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """How good the estimates are."""

    all: Distribution | None
    """None when nothing could be compared."""
    by_basis: Mapping[str, Distribution]
    """Best basis first."""
    comparisons: tuple[Comparison, ...]
    """The worst first: twice too much is as bad as half of it."""
    unsure: int
    """Queries that ran, of which it is not sure enough which jobs are theirs."""
    without_estimate: int
    """Queries that ran, and whose bytes are not known without the history."""
    of_nothing: int
    """Queries that read nothing, whatever was estimated: there is no ratio."""


def calibrate(queries: Sequence[QueryReport]) -> Calibration:
    """Compare the bytes that each measured query processes in one run."""
    found: list[Comparison] = []
    unsure = without = nothing = 0
    for query in queries:
        measured = query.measured
        if measured is None or not measured.jobs:
            continue
        before = measured.estimate
        if before is None or query.bytes_processed is None:
            unsure += 1
        elif before.bytes_processed is None:
            without += 1
        else:
            estimated, actual = before.bytes_processed.point, query.bytes_processed.point
            if not actual and estimated:
                nothing += 1
                continue
            ratio = estimated / actual if actual else 1.0
            found.append(Comparison(query, estimated, actual, ratio, before.bytes_processed.basis))
    found.sort(key=lambda item: (-_badness(item.ratio), item.query.path, item.query.span.start_line))
    by_basis: dict[str, list[float]] = defaultdict(list)
    for item in found:
        by_basis[item.basis].append(item.ratio)
    return Calibration(
        _distribution([item.ratio for item in found]) if found else None,
        {basis: _distribution(by_basis[basis]) for basis in BASES if basis in by_basis},
        tuple(found),
        unsure,
        without,
        nothing,
    )


def _badness(ratio: float) -> float:
    return abs(math.log(ratio)) if ratio else math.inf


def _distribution(ratios: Sequence[float]) -> Distribution:
    ranked = sorted(ratios)
    return Distribution(
        len(ranked),
        _quantile(ranked, 0.1),
        _quantile(ranked, 0.5),
        _quantile(ranked, 0.9),
        sum(0.95 <= ratio <= 1.05 for ratio in ranked),
        sum(0.8 <= ratio <= 1.2 for ratio in ranked),
        sum(0.5 <= ratio <= 2 for ratio in ranked),
    )


def _quantile(ranked: Sequence[float], share: float) -> float:
    """By the nearest rank: a ratio that is there.

    >>> [_quantile([1.0, 2.0, 3.0, 4.0], share) for share in (0.1, 0.5, 0.9)]
    [1.0, 2.0, 4.0]
    """
    return ranked[max(math.ceil(share * len(ranked)) - 1, 0)]
