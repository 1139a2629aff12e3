"""Looks up all that a plan needs: the accounts of the declared budgets, and the budgets that are in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from costguard.budgets.declared import Budget
from costguard.budgets.existing import ExistingBudget
from costguard.budgets.service import Account, BudgetService, CallFailed, Listing, Place
from costguard.errors import UsageProblem


@dataclass(frozen=True, slots=True)
class Placed:
    """A declared budget, and the account that it is in."""

    budget: Budget
    place: Place


@dataclass(frozen=True, slots=True)
class Survey:
    """What is declared, and what is there."""

    placed: tuple[Placed, ...]
    accounts: Mapping[str, Account | None]
    """By id, in order; None where its name and its currency may not be read."""
    existing: tuple[ExistingBudget, ...]
    project_ids: Mapping[str, str]
    """Of numbers, as far as they were needed and could be looked up."""
    notes: tuple[str, ...]
    """What could not be looked up or checked."""


def survey(declared: Sequence[Budget], accounts: Iterable[str], service: BudgetService) -> Survey:
    """Looks at the accounts of the declared budgets, and at some more.

    Raises:
        UsageProblem: an account cannot be found or listed, or a budget has another currency than its account.
    """
    placed = _placed(declared, service)
    places = {item.place.account: item.place for item in placed}
    for account in accounts:
        places.setdefault(account, Place(account))
    notes: list[str] = []
    found = {account: _account(account, service, notes) for account in sorted(places)}
    problems = list(_currencies(placed, found))
    if problems:
        raise UsageProblem("\n".join(problems))
    existing: list[ExistingBudget] = []
    for account in found:
        listing = service.budgets(places[account])
        existing.extend(listing.budgets)
        notes.extend(_limits(places[account], listing))
    numbers = {
        number
        for item in placed
        for budget in existing
        if (budget.account, budget.display_name) == (item.place.account, item.budget.display_name)
        for number in numbers_in_question(item.budget, budget)
    }
    ids = project_ids(sorted(numbers), service, notes)
    return Survey(tuple(placed), found, tuple(existing), ids, tuple(notes))


def _placed(declared: Sequence[Budget], service: BudgetService) -> list[Placed]:
    """Each budget with its account. Where all budgets of an account are for one project each, those projects will do
    for a list: their owners may manage such budgets without a right on the account."""
    account_of: dict[str, str] = {}
    accounts: list[str] = []
    for budget in declared:
        account = budget.billing_account
        if account is None:
            project = budget.project or ""  # one of the two is there: `declared_budgets`
            if project not in account_of:
                account_of[project] = service.account_of(project)
            account = account_of[project]
        accounts.append(account)
    projects: dict[str, set[str]] = {}
    for account, budget in zip(accounts, declared, strict=True):
        projects.setdefault(account, set()).add(budget.projects[0] if len(budget.projects) == 1 else "")
    places = {
        account: Place(account, () if "" in names else tuple(sorted(names)))
        for account, names in projects.items()
    }
    return [Placed(budget, places[account]) for budget, account in zip(declared, accounts, strict=True)]


def _account(account: str, service: BudgetService, notes: list[str]) -> Account | None:
    try:
        found = service.account(account)
    except CallFailed as problem:
        notes.append(f"the currency of billing account {account} is not checked: {problem}")
        return None
    if not found.open:
        notes.append(f"billing account {account} is closed: its budgets tell nothing any more")
    return found


def _currencies(placed: Sequence[Placed], accounts: Mapping[str, Account | None]) -> Iterator[str]:
    for item in placed:
        account, currency = accounts[item.place.account], item.budget.currency
        if account is not None and currency is not None and currency != account.currency:
            yield (
                f"budget {item.budget.name!r}: currency {currency}, but billing account {account.id} is billed in "
                f"{account.currency or 'an unknown currency'}: give the amount in that, or leave `currency` out"
            )


def _limits(place: Place, listing: Listing) -> Iterator[str]:
    if not listing.whole:
        yield (
            f"billing account {place.account} may not be read as a whole: only the budgets of "
            f"{', '.join(place.projects)} were compared, and no others will be deleted"
        )


def numbers_in_question(budget: Budget, existing: ExistingBudget) -> list[str]:
    """The service takes ids of projects and gives numbers: those whose ids may be among the declared ones."""
    there = existing.fields["projects"]
    if all(map(_is_number, budget.projects)) or not isinstance(there, list):
        return []
    return [name for name in map(str, there) if _is_number(name)]


def project_ids(numbers: Sequence[str], service: BudgetService, notes: list[str]) -> dict[str, str]:
    """The ids of projects by their numbers, as far as they can be looked up; `notes` gets what cannot."""
    found: dict[str, str] = {}
    problems: list[CallFailed] = []
    for number in numbers:
        try:
            found[number] = service.project_id(number)
        except CallFailed as problem:
            problems.append(problem)
            if problem.whole:
                break
    if problems:
        unknown = ", ".join(number for number in numbers if number not in found)
        notes.append(
            f"{unknown}: which projects have these numbers cannot be looked up, so that they count as others than "
            f"those that are declared by id; declare them by number if they are the same ({problems[0]})"
        )
    return found


def _is_number(project: str) -> bool:
    return project.removeprefix("projects/").isdigit()
