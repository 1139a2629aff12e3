"""Carries out a plan, one call after the other, so that it may be interrupted anywhere and run again.

- What is new comes before what goes, so that nothing is without a budget in between.
- The client does not repeat the call that makes a budget: what is there is listed before it, and after it when no
  answer came.
- An update names the state that was planned for, and a budget is looked at again before it is deleted: one that
  somebody changed in the meantime is reported and left as it is.
- One that fails does not keep the others from being tried, unless they would fail alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from costguard.budgets.plan import Create, Delete, Plan, Step, Update, differences
from costguard.budgets.service import BudgetService, CallFailed, ChangedUnderneath, Gone, Place, Unanswered
from costguard.budgets.survey import numbers_in_question, project_ids

Action = Literal["create", "update", "delete"]
State = Literal["done", "failed", "not tried"]

MOST_ATTEMPTS: Final = 3
"""To make one budget, while no answer comes and it is not there."""
_CHANGED: Final = "somebody changed it since it was planned: it is left as it is; plan again"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a step of a plan ended."""

    action: Action
    display_name: str
    state: State
    text: str = ""
    """Why it failed, or what was particular."""


Wait = Callable[[int], None]
"""Lets a while pass before the attempt of this number is followed up: what is under way may still arrive."""


def carry_out(plan: Plan, service: BudgetService, wait: Wait) -> Iterator[Outcome]:
    """Each step of the plan, as soon as it ended."""
    before = _Before(service)
    stopped = False
    for step in plan.steps:
        action, name = _what(step)
        if stopped:
            yield Outcome(action, name, "not tried", "the step before it failed, as this one would")
            continue
        try:
            text = _do(step, service, before, wait)
        except CallFailed as problem:
            stopped = problem.whole
            yield Outcome(action, name, "failed", str(problem))
        else:
            yield Outcome(action, name, "done", text)


def _what(step: Step) -> tuple[Action, str]:
    match step:
        case Create():
            return "create", step.budget.display_name
        case Update():
            return "update", step.existing.display_name
        case Delete():
            return "delete", step.existing.display_name


def _do(step: Step, service: BudgetService, before: _Before, wait: Wait) -> str:
    match step:
        case Create():
            return _create(step, service, before, wait)
        case Update():
            return _update(step, service)
        case Delete():
            return _delete(step, service)


class _Before:
    """What was there before the first budget of an account was made: the plan may be some minutes old."""

    def __init__(self, service: BudgetService) -> None:
        self._service = service
        self._found: dict[Place, frozenset[str]] = {}

    def names(self, place: Place) -> frozenset[str]:
        if place not in self._found:
            budgets = self._service.budgets(place).budgets
            self._found[place] = frozenset(budget.display_name for budget in budgets)
        return self._found[place]


def _create(step: Create, service: BudgetService, before: _Before, wait: Wait) -> str:
    name, account = step.budget.display_name, step.place.account
    if name in before.names(step.place):
        raise ChangedUnderneath("somebody made a budget of this name since it was planned: plan again")
    for attempt in range(1, MOST_ATTEMPTS + 1):
        try:
            service.create(account, step.budget)
            return ""
        except Unanswered as problem:
            last = problem
        wait(attempt)
        if _is_there(step, service, last):
            return "no answer came, and it is there"
    raise CallFailed(f"{last}; it was tried {MOST_ATTEMPTS} times, and is not there", whole=True)


def _is_there(step: Create, service: BudgetService, problem: Unanswered) -> bool:
    try:
        budgets = service.budgets(step.place).budgets
    except CallFailed as another:
        raise Unanswered(f"{problem}; whether it is there cannot be told: {another}", whole=True) from None
    return any(budget.display_name == step.budget.display_name for budget in budgets)


def _update(step: Update, service: BudgetService) -> str:
    try:
        service.update(step.existing, step.budget, [change.field for change in step.changes])
        return ""
    except ChangedUnderneath:
        if _is_done(step, service):  # an update that got no answer was repeated, and met its own work
            return "it was so already"
        raise ChangedUnderneath(_CHANGED) from None


def _is_done(step: Update, service: BudgetService) -> bool:
    now = service.budget(step.existing.resource)
    ids = project_ids(numbers_in_question(step.budget, now), service, [])
    return now.display_name == step.budget.display_name and not any(differences(step.budget, now, ids))


def _delete(step: Delete, service: BudgetService) -> str:
    """The service takes no etag here: what is there is compared first."""
    try:
        now = service.budget(step.existing.resource)
        if now != step.existing:
            raise ChangedUnderneath(_CHANGED)
        service.delete(step.existing.resource)
    except Gone:
        return "it was gone already"
    return ""
