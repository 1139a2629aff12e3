"""What differs between the scans of two revisions: what the renderers and the gate of `costguard diff` read.

No third-party import, as in `costguard.result`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from costguard.result import Finding, QueryReport, ScanResult

QueryState = Literal["added", "removed", "dearer", "cheaper", "unchanged"]
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
    """Why it costs something else, in words, where that is known: `materialization: view -> table`."""


@dataclass(frozen=True, slots=True)
class FindingChange:
    """A finding of either side."""

    state: FindingState
    finding: Finding
    """As the head has it; a fixed one as the base had it."""


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
