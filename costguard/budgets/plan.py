"""What to do so that the budgets that are there become those that are declared. Nothing is called here.

A budget of ours is told by the prefix of its display name; any other is never touched
(docs/decisions/016-budgets-by-prefix.md).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from costguard.budgets.declared import PREFIX, Budget
from costguard.budgets.existing import FIELDS, ExistingBudget, FieldValue, declared_fields
from costguard.budgets.service import Place
from costguard.budgets.survey import Survey
from costguard.errors import UsageProblem

Reason = Literal["not declared", "duplicate", "destroyed"]


@dataclass(frozen=True, slots=True)
class Change:
    """A field that is to become another."""

    field: str
    before: FieldValue
    after: FieldValue


@dataclass(frozen=True, slots=True)
class Create:
    """A budget that is not there yet."""

    budget: Budget
    place: Place


@dataclass(frozen=True, slots=True)
class Update:
    """A budget that is there, and otherwise than declared."""

    budget: Budget
    existing: ExistingBudget
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Delete:
    """A budget of ours that is not to be there."""

    existing: ExistingBudget
    reason: Reason


Step = Create | Update | Delete


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do, in the order in which it is done: what is new comes before what goes."""

    create: tuple[Create, ...] = ()
    update: tuple[Update, ...] = ()
    delete: tuple[Delete, ...] = ()
    unchanged: tuple[ExistingBudget, ...] = ()
    kept: tuple[ExistingBudget, ...] = ()
    """Ours, not declared, and left alone, for that was asked for."""
    foreign: int = 0
    """Budgets that are not ours."""

    @property
    def steps(self) -> tuple[Step, ...]:
        """Each change; none: all is as declared."""
        return (*self.create, *self.update, *self.delete)


def plan_changes(found: Survey, *, keep_undeclared: bool = False) -> Plan:
    """What makes the budgets that are there into those that are declared.

    `keep_undeclared` leaves budgets of ours that are not declared: another project may share the billing account.
    """
    create: list[Create] = []
    update: list[Update] = []
    delete: list[Delete] = []
    unchanged: list[ExistingBudget] = []
    for item in found.placed:
        same_name = [
            budget
            for budget in found.existing
            if (budget.account, budget.display_name) == (item.place.account, item.budget.display_name)
        ]
        if not same_name:
            create.append(Create(item.budget, item.place))
            continue
        changes = {
            budget.resource: tuple(differences(item.budget, budget, found.project_ids))
            for budget in same_name
        }
        # One that was made twice, for an answer was lost: the best one stays.
        kept, *others = sorted(same_name, key=lambda budget: (len(changes[budget.resource]), budget.resource))
        if changes[kept.resource]:
            update.append(Update(item.budget, kept, changes[kept.resource]))
        else:
            unchanged.append(kept)
        delete.extend(Delete(budget, "duplicate") for budget in others)
    rest = _undeclared(found)
    if not keep_undeclared:
        delete.extend(Delete(budget, "not declared") for budget in rest)
    return Plan(
        create=tuple(create),
        update=tuple(update),
        delete=tuple(delete),
        unchanged=tuple(unchanged),
        kept=tuple(rest) if keep_undeclared else (),
        foreign=_foreign(found.existing),
    )


def plan_destruction(found: Survey, names: Collection[str], *, keep_undeclared: bool = False) -> Plan:
    """Deletes budgets of ours: those of some names, given with or without the prefix, else all.

    Raises:
        UsageProblem: there is none of a name.
    """
    owned = sorted(
        (budget for budget in found.existing if budget.owned),
        key=lambda budget: (budget.display_name, budget.resource),
    )
    undeclared = {budget.resource for budget in _undeclared(found)} if keep_undeclared else set()
    ours = [budget for budget in owned if budget.resource not in undeclared]
    wanted = {name.removeprefix(PREFIX) for name in names}
    missing = sorted(wanted - {budget.name for budget in ours})
    if missing:
        known = ", ".join(dict.fromkeys(budget.name for budget in ours)) or "none"
        raise UsageProblem(f"there is no budget of costguard named {', '.join(missing)}; there are: {known}")
    chosen = [budget for budget in ours if not wanted or budget.name in wanted]
    left = {budget.resource for budget in chosen}
    return Plan(
        delete=tuple(Delete(budget, "destroyed") for budget in chosen),
        kept=tuple(budget for budget in owned if budget.resource not in left),
        foreign=_foreign(found.existing),
    )


def _undeclared(found: Survey) -> list[ExistingBudget]:
    declared = {(item.place.account, item.budget.display_name) for item in found.placed}
    rest = [
        budget
        for budget in found.existing
        if budget.owned and (budget.account, budget.display_name) not in declared
    ]
    return sorted(rest, key=lambda budget: (budget.display_name, budget.resource))


def _foreign(existing: Sequence[ExistingBudget]) -> int:
    return sum(not budget.owned for budget in existing)


def differences(budget: Budget, existing: ExistingBudget, project_ids: Mapping[str, str]) -> Iterator[Change]:
    """What is to change in a budget that is there; `project_ids` are ids of projects by their numbers."""
    wanted = declared_fields(budget)
    for field in FIELDS:
        before, after = existing.fields[field], wanted[field]
        same = before == after
        if field == "projects":
            same = _projects(before, project_ids) == _projects(after, project_ids)
        if not same:
            yield Change(field, before, after)


def _projects(value: FieldValue, project_ids: Mapping[str, str]) -> set[str]:
    """Projects by id where that is known; the same one may be told by its id here and by its number there."""
    names = map(str, value) if isinstance(value, list) else ()
    return {project_ids.get(name, name) for name in names}
