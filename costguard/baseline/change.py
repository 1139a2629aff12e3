"""Changes of a baseline. It ratchets down by itself: only what is asked for in so many words makes it accept more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_CEILING, Decimal
from typing import Literal

from costguard.baseline.found import Found
from costguard.baseline.model import Baseline, Budget, Entry, in_order
from costguard.result import QueryReport

Kind = Literal["added", "raised", "renewed", "lowered", "removed", "refused"]
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Step:
    """What happened to an entry; `refused`: it was not made to accept more."""

    kind: Kind
    entry: Entry
    """As it is now; as it was, where it was removed; as it would have been, where that was refused."""


@dataclass(frozen=True, slots=True)
class Change:
    """A baseline, and what became of the entries of the one before."""

    baseline: Baseline
    steps: tuple[Step, ...] = ()

    def of(self, kind: Kind) -> tuple[Entry, ...]:
        """The entries to which something happened."""
        return tuple(step.entry for step in self.steps if step.kind == kind)

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return any(step.kind != "refused" for step in self.steps)


@dataclass(frozen=True, slots=True)
class Terms:
    """On what new entries are accepted."""

    today: date
    reason: str = ""
    expires: date | None = None
    max_usd_per_query: Decimal | None = None
    """Queries that cost more get a budget."""


def prune(baseline: Baseline, found: Found) -> Change:
    """The baseline without what is not there any more: never an entry more, never a higher count."""
    entries: list[Entry] = []
    steps: list[Step] = []
    for entry in baseline.entries:
        left = entry.count - found.gone(entry)
        if left == entry.count:
            entries.append(entry)
        elif left > 0:
            entries.append(replace(entry, count=left))
            steps.append(Step("lowered", entries[-1]))
        else:
            steps.append(Step("removed", entry))
    return Change(Baseline(in_order(entries)), tuple(steps))


def write(baseline: Baseline, found: Found, terms: Terms, accept_new: bool) -> Change:
    """The baseline pruned, and with everything accepted that is there now, if that is wanted.

    Reasons, days and budgets of entries that still hold stay as they are.
    """
    pruned = prune(baseline, found)
    entries = {(entry.rule is None, entry.fingerprint): entry for entry in pruned.baseline.entries}
    steps = list(pruned.steps)
    for kind, entry in _wanted(pruned.baseline, found, terms):
        if not accept_new:
            steps.append(Step("refused", entry))
            continue
        steps.append(Step(kind, entry))
        entries[entry.rule is None, entry.fingerprint] = entry
    return Change(Baseline(in_order(entries.values())), tuple(steps))


def _wanted(baseline: Baseline, found: Found, terms: Terms) -> Iterator[tuple[Kind, Entry]]:
    """Entries that would accept everything that counts now."""
    known = baseline.findings
    for mark, findings in found.findings.items():
        first = findings[0]
        path = found.scope.paths.name(first.path)
        entry = known.get(mark)
        if entry is None:
            yield (
                "added",
                Entry(mark, path, first.rule, len(findings), terms.reason, terms.today, terms.expires),
            )
        else:
            yield from _more(entry, len(findings), found, terms)
    known = baseline.queries
    for mark, queries in found.queries.items():
        entry = known.get(mark)
        dear = _are_dear(queries, terms.max_usd_per_query)
        if entry is not None and (dear or entry.holds(terms.today)):
            yield from _more(entry, len(queries) if dear else entry.count, found, terms)
        elif entry is None and dear:
            path = found.scope.paths.name(queries[0].path)
            new = Entry(mark, path, None, len(queries), terms.reason, terms.today)
            yield "added", replace(new, budget=Budget(_cents(found.dearest(new)), terms.expires))


def _more(entry: Entry, count: int, found: Found, terms: Terms) -> Iterator[tuple[Kind, Entry]]:
    """An entry that accepts what this one does not: more of the same, a higher cost, another day."""
    kinds: list[Kind] = []
    wanted = entry
    if count > entry.count:
        kinds.append("raised")
        wanted = replace(wanted, count=count)
    if wanted.budget is not None and any(found.is_over(wanted, item) for item in found.covered(wanted)):
        kinds.append("raised")
        wanted = replace(wanted, budget=Budget(_cents(found.dearest(wanted)), wanted.budget.until))
    if not entry.holds(terms.today):
        kinds.append("renewed")
        if wanted.budget is not None and wanted.rule is None:
            wanted = replace(wanted, expires=None, budget=replace(wanted.budget, until=terms.expires))
        else:
            budget = replace(wanted.budget, until=None) if wanted.budget is not None else None
            wanted = replace(wanted, expires=terms.expires, budget=budget)
    if kinds:
        yield kinds[-1], replace(wanted, reason=terms.reason or entry.reason)


def _are_dear(queries: list[QueryReport], limit: Decimal | None) -> bool:
    return limit is not None and any(query.usd is not None and query.usd.point > limit for query in queries)


def _cents(amount: Decimal | None) -> Decimal:
    """Rounded up: a budget covers what it was made for."""
    assert amount is not None  # only what has a known cost is dear
    return amount.quantize(_CENT, ROUND_CEILING)
