"""What a scan found, counted the way that a baseline counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from costguard.baseline.model import Entry
from costguard.baseline.scope import Scope
from costguard.judge.occurrence import firsts
from costguard.result import Finding, QueryReport, ScanResult


@dataclass(frozen=True, slots=True)
class Found:
    """Findings that no comment silences, and queries, by the fingerprints that entries have."""

    scope: Scope
    findings: dict[str, list[Finding]]
    queries: dict[str, list[QueryReport]]
    costs: dict[str, Decimal | None]
    """Dollars of a run by the ids of the queries; None: unknown."""
    unread: frozenset[str]
    """Files, as entries name them, of which something could not be read."""

    def of(self, entry: Entry) -> Sequence[Finding | QueryReport]:
        """What there is of what an entry is about."""
        return (self.queries if entry.rule is None else self.findings).get(entry.fingerprint, [])

    def gone(self, entry: Entry) -> int:
        """How much of what an entry is about is surely not there any more."""
        missing = max(entry.count - len(self.of(entry)), 0)
        return missing if self.scope.holds(entry) and entry.path not in self.unread else 0

    def is_unsure(self, entry: Entry) -> bool:
        """Something of what an entry is about was not found, and may stand where nothing could be read."""
        return self.scope.holds(entry) and entry.path in self.unread and len(self.of(entry)) < entry.count

    def covered(self, entry: Entry) -> Sequence[Finding | QueryReport]:
        """As much of what an entry is about as it counts."""
        return self.covered_queries(entry) if entry.rule is None else self.covered_findings(entry)

    def covered_findings(self, entry: Entry) -> list[Finding]:
        """Findings that an entry covers: the first ones."""
        return self.findings.get(entry.fingerprint, [])[: entry.count]

    def covered_queries(self, entry: Entry) -> list[QueryReport]:
        """Queries that an entry covers: those of its own file go first."""
        name = self.scope.paths.name
        queries = self.queries.get(entry.fingerprint, [])
        return sorted(queries, key=lambda query: name(query.path) != entry.path)[: entry.count]

    def is_over(self, entry: Entry, item: Finding | QueryReport) -> bool:
        """Whether a run costs more than the entry allows: of a query, or of that of a finding. An unknown cost is not
        held against it."""
        cost = self.cost(item)
        return entry.budget is not None and cost is not None and cost > entry.budget.usd_per_run

    def cost(self, item: Finding | QueryReport) -> Decimal | None:
        """What a run of a query, or of the query of a finding, costs; None: unknown, or there is no query."""
        query = item.query if isinstance(item, Finding) else item.id
        return self.costs.get(query) if query is not None else None

    def dearest(self, entry: Entry) -> Decimal | None:
        """What a run of the dearest query costs that an entry covers; None: unknown."""
        costs = [self.cost(item) for item in self.covered(entry)]
        return max((cost for cost in costs if cost is not None), default=None)


def found_in(result: ScanResult, scope: Scope) -> Found:
    """Count a result before a baseline is applied to it."""
    first = firsts([finding.fingerprint for finding in result.findings])
    findings: dict[str, list[Finding]] = defaultdict(list)
    for finding in result.findings:
        if finding.suppressed is None:
            findings[first[finding.fingerprint]].append(finding)
    queries: dict[str, list[QueryReport]] = defaultdict(list)
    for query in result.queries:
        queries[query.fingerprint].append(query)
    return Found(
        scope,
        dict(findings),
        dict(queries),
        {query.id: query.usd.point if query.usd is not None else None for query in result.queries},
        frozenset(scope.paths.name(item.path) for item in result.unread),
    )
