"""What differs between the scans of two revisions: what the renderers and the gate of `costguard diff` read.

No third-party import, as in `costguard.result`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from costguard.money import Dollars, worst_basis
from costguard.result import Finding, PolicyViolation, QueryReport, ScanResult, Severity

QueryState = Literal["added", "removed", "dearer", "cheaper", "unknown", "unchanged"]
"""`unknown`: its cost is known on one side only, or its SQL is another one and the cost of neither side is known."""
NOTHING: Final = Dollars(Decimal(0), Decimal(0), Decimal(0), "exact")
FindingState = Literal["new", "known", "fixed"]


@dataclass(frozen=True, slots=True)
class Revision:
    """A state of the repository."""

    name: str
    """As it was asked for: `main`, `HEAD~3`, `the work tree`."""
    commit: str | None
    """Its full hash; None for the work tree."""


@dataclass(frozen=True, slots=True)
class QueryChange:
    """A query on both sides; one of them is None where it was added or removed."""

    state: QueryState
    before: QueryReport | None
    after: QueryReport | None
    moved: bool = False
    """It stands in another file, or in another place of its file, and is the same by its fingerprint."""
    reasons: tuple[str, ...] = ()
    """Why it costs something else, in words, where that is known: `materialization: view → table`."""
    edited: bool = False
    """What is run is something else, if only in a literal; or what a dbt model becomes is."""

    @property
    def query(self) -> QueryReport:
        """As the head has it; a removed one as the base had it."""
        found = self.after or self.before
        assert found is not None
        return found

    @property
    def change(self) -> Dollars | None:
        """What an iteration costs more (or, below zero, less); None when a side is not known. The bounds are those of
        both sides taken together, and nothing where both cost the same."""
        before, after = iteration_usd(self.before), iteration_usd(self.after)
        if before is None or after is None:
            return None
        basis = worst_basis(before.basis, after.basis)
        if (before.low, before.point, before.high) == (after.low, after.point, after.high):
            return Dollars(Decimal(0), Decimal(0), Decimal(0), basis)
        return Dollars(after.low - before.high, after.point - before.point, after.high - before.low, basis)


def iteration_usd(query: QueryReport | None) -> Dollars | None:
    """What a query adds to an iteration: nothing if it is not there or counts with another one; None when unknown."""
    if query is None or query.counted_with is not None:
        return NOTHING
    return query.usd_per_iteration


@dataclass(frozen=True, slots=True)
class FindingChange:
    """A finding of either side."""

    state: FindingState
    finding: Finding
    """As the head has it; a fixed one as the base had it."""
    before: Finding | None = None
    """As the base had it; None when it had none."""


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """A policy of the head, held against both sides."""

    name: str
    level: Severity
    before: int
    """Violations that the base has."""
    after: int
    fresh: int
    """Violations that the head has and the base has not."""
    violations: tuple[PolicyViolation, ...] = ()
    """The first of those."""


@dataclass(frozen=True, slots=True)
class ScanDiff:
    """Two scans, and what became of each query and finding between them."""

    base: Revision
    head: Revision
    before: ScanResult
    after: ScanResult
    queries: tuple[QueryChange, ...]
    """Dearest change first, then by path and line; `unchanged` ones last."""
    findings: tuple[FindingChange, ...]
    remarks: tuple[str, ...] = ()
    """What a reader has to know: other prices on both sides, files that could not be read."""
    min_usd: Decimal = Decimal(0)
    """Changes of less than this are not listed."""
    policies: tuple[PolicyChange, ...] = ()
    """In the order of the head's config."""
