"""What an iteration costs before and after, and what may be said of the difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from costguard.diff.model import NOTHING, QueryChange, QueryState, ScanDiff, iteration_usd
from costguard.money import Dollars
from costguard.result import ScanResult


@dataclass(frozen=True, slots=True)
class DiffTotals:
    """Sums over a diff. Dollars are of one iteration."""

    before: Dollars | None
    """Of what is known; None where there are queries and the cost of none is known."""
    after: Dollars | None
    change: Dollars
    """Over the queries of which the change is known; the others are counted in `unknown`."""
    compared: Decimal
    """What those queries cost before."""
    unknown: int
    """Queries of which it is not known what they cost more or less, since a side is not known."""
    states: Counter[QueryState]
    moved: int

    @property
    def percent(self) -> Decimal | None:
        """The change in percent; None when nothing was known to cost anything before."""
        return self.change.point * 100 / self.compared if self.compared else None


def diff_totals(diff: ScanDiff) -> DiffTotals:
    """The sums of a diff."""
    change, compared, unknown = NOTHING, Decimal(0), 0
    for item in diff.queries:
        usd = item.change
        if usd is None:
            # Unknown on both sides and the same: no change that anybody would ask for.
            unknown += item.state != "unchanged"
            continue
        if usd.point or usd.low or usd.high:
            change += usd
        before = iteration_usd(item.before)
        compared += before.point if before is not None else 0
    shared, shared_before = _shared(diff.after), _shared(diff.before)
    if shared != shared_before:
        # Arms of scripts that exclude each other: an iteration does not cost the sum of its queries.
        point = change.point - shared.point + shared_before.point
        change = Dollars(
            min(change.low - shared.low, point),
            point,
            max(change.high + shared_before.low, point),
            change.basis,
        )
    compared = max(compared - shared_before.point, Decimal(0))
    return DiffTotals(
        before=diff.before.summary.known_usd,
        after=diff.after.summary.known_usd,
        change=change,
        compared=compared,
        unknown=unknown,
        states=Counter(item.state for item in diff.queries),
        moved=sum(item.moved for item in diff.queries),
    )


@dataclass(frozen=True, slots=True)
class _Shared:
    """What the queries of an iteration cost more, each for itself, than together."""

    low: Decimal
    point: Decimal


def _shared(result: ScanResult) -> _Shared:
    each = [usd for usd in map(iteration_usd, result.queries) if usd is not None]
    together = result.summary.usd_per_iteration
    return _Shared(
        sum((usd.low for usd in each), Decimal(0)) - together.low,
        sum((usd.point for usd in each), Decimal(0)) - together.point,
    )


def listed_changes(diff: ScanDiff) -> Sequence[QueryChange]:
    """What is worth a row: changes of cost from the noise floor on, and queries of which the change is not known."""
    return [item for item in diff.queries if _kind(item, diff.min_usd) == "listed"]


def same_cost_changes(diff: ScanDiff) -> Sequence[QueryChange]:
    """Queries that were edited, added or removed, and nothing costs more or less for it: a model that became another
    kind of table, say."""
    return [item for item in diff.queries if _kind(item, diff.min_usd) == "same cost"]


def new_findings(diff: ScanDiff) -> ScanResult:
    """The scan of the head with only the findings that the base has not: what formats for findings show of a diff."""
    fresh = tuple(change.finding for change in diff.findings if change.state == "new")
    return replace(diff.after, findings=fresh)


def quiet_changes(diff: ScanDiff) -> Sequence[QueryChange]:
    """Changes of cost below the noise floor."""
    return [item for item in diff.queries if _kind(item, diff.min_usd) == "quiet"]


def _kind(change: QueryChange, floor: Decimal) -> str:
    usd = change.change
    if change.state == "unchanged":
        return "same cost" if change.edited else "unchanged"
    if usd is None:
        return "listed"
    if not usd.point:
        return "same cost"
    return "listed" if abs(usd.point) >= floor else "quiet"
