"""What a baseline holds. Its entries go by fingerprints, never by line numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Budget:
    """What a query may cost."""

    usd_per_run: Decimal
    until: date | None = None
    """The last day on which this holds; None: without end."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What was accepted: some findings that look alike, or the cost of some queries that look alike."""

    fingerprint: str
    """Of the finding (the first one of its kind), or of the query."""
    path: str
    """Where it was found, from the top of the project. For people."""
    rule: str | None = None
    """None: the entry is about the cost of a query."""
    count: int = 1
    reason: str = ""
    added: date | None = None
    expires: date | None = None
    """The last day on which it holds; None: without end."""
    budget: Budget | None = None
    """A query always has one. A finding with one is silent only while its query costs no more."""

    @property
    def last_day(self) -> date | None:
        """The day after which it holds no more; None: without end."""
        until = self.budget.until if self.budget is not None else None
        days = [day for day in (self.expires, until) if day is not None]
        return min(days, default=None)

    def holds(self, today: date) -> bool:
        """Whether its last day has not passed."""
        return self.last_day is None or today <= self.last_day


@dataclass(frozen=True, slots=True)
class Baseline:
    """Entries, each fingerprint once among those of findings and once among those of queries."""

    entries: tuple[Entry, ...] = ()

    @property
    def findings(self) -> dict[str, Entry]:
        """Entries about findings, by fingerprint."""
        return {entry.fingerprint: entry for entry in self.entries if entry.rule is not None}

    @property
    def queries(self) -> dict[str, Entry]:
        """Entries about queries, by fingerprint."""
        return {entry.fingerprint: entry for entry in self.entries if entry.rule is None}


def in_order(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Entries in the order of the file: findings before queries, each by path, rule and fingerprint."""
    return tuple(
        sorted(entries, key=lambda item: (item.rule is None, item.path, item.rule or "", item.fingerprint))
    )
