"""What queries cost together in one iteration.

Arms of an IF or CASE of a script exclude each other, so that their costs do not add up: no run is cheaper than with
the cheapest arm of each choice, none is dearer than with the dearest. The point is the dearest arm, too: a limit has
to hold whichever way a script goes. Statements behind an IF without ELSE may not run at all, and a handler of errors
does not in a run that goes well (decision 020). The texts that code decides between before a call exclude each other
in the same way; one of them runs.

Measured queries are left out of this: how often they ran says which way was taken.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from costguard.money import Dollars, worst_basis
from costguard.result import QueryReport

_NOTHING = Dollars(Decimal(0), Decimal(0), Decimal(0), "exact")


@dataclass(slots=True)
class _Stretch:
    """Statements that run together, and the choices between them."""

    costs: list[Dollars] = field(default_factory=list)
    choices: dict[str, dict[str, _Stretch]] = field(default_factory=dict)

    def total(self) -> Dollars:
        """What all of it costs."""
        parts = [*self.costs, *map(_choice, self.choices.values())]
        return Dollars(
            sum((part.low for part in parts), Decimal(0)),
            sum((part.point for part in parts), Decimal(0)),
            sum((part.high for part in parts), Decimal(0)),
            worst_basis(*(part.basis for part in parts)),
        )


def iteration_cost(queries: Iterable[QueryReport]) -> Dollars:
    """The sum of what is known, each query once, and of arms that exclude each other what one of them costs."""
    everything = _Stretch()
    for query in queries:
        cost = query.usd_per_iteration
        if cost is None or query.counted_with is not None:
            continue
        stretch = everything
        for arm in query.branch if query.runs_basis != "measured" else ():
            stretch = stretch.choices.setdefault(arm.choice, {}).setdefault(arm.arm, _Stretch())
        stretch.costs.append(cost)
    return everything.total()


def _choice(arms: dict[str, _Stretch]) -> Dollars:
    if "handler" in arms:
        cost = arms["handler"].total()
        if not cost.high:
            return cost
        return Dollars(Decimal(0), Decimal(0), cost.high, worst_basis(cost.basis, "upper-bound"))
    costs = [arm.total() for arm in arms.values()]
    if len(arms) == 1 and not arms.keys().isdisjoint(("then", "else")):
        costs.append(_NOTHING)
    basis = worst_basis(*(cost.basis for cost in costs))
    if len({(cost.low, cost.point, cost.high) for cost in costs}) > 1:
        basis = worst_basis(basis, "upper-bound")
    return Dollars(
        min(cost.low for cost in costs),
        max(cost.point for cost in costs),
        max(cost.high for cost in costs),
        basis,
    )
