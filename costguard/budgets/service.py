"""What carrying out budgets needs of Google Cloud, and how its calls may end. `cloud.budgets` is the real one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from costguard.budgets.declared import Budget
from costguard.budgets.existing import ExistingBudget
from costguard.errors import UsageProblem


class CallFailed(UsageProblem):
    """A call was refused: nothing was done."""

    def __init__(self, text: str, *, whole: bool = False) -> None:
        """`whole`: the next calls would fail alike (no credentials, no service)."""
        super().__init__(text)
        self.whole = whole


class Denied(CallFailed):
    """A permission is missing."""


class Unanswered(CallFailed):
    """No answer came: it may have been done, or not."""


class ChangedUnderneath(CallFailed):
    """The budget is another one than the one that was read."""


class Gone(CallFailed):
    """There is no such budget any more."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where to look for budgets."""

    account: str
    """`000000-AAAAAA-BBBBBB`."""
    projects: tuple[str, ...] = ()
    """`projects/ID`: where the whole account may not be read, the budgets of these."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The budgets of a place."""

    budgets: tuple[ExistingBudget, ...]
    whole: bool
    """Of the whole account, and not only of the projects."""


@dataclass(frozen=True, slots=True)
class Account:
    """A billing account."""

    id: str
    name: str
    currency: str
    """ISO 4217; empty when the service does not say."""
    open: bool


class BudgetService(Protocol):
    """Each call raises `CallFailed` (see above) when it fails."""

    def account_of(self, project: str) -> str:
        """The id of the billing account that pays for a project."""

    def account(self, account: str) -> Account:
        """What a billing account is like."""

    def project_id(self, number: str) -> str:
        """The id of the project with this number, both as `projects/...`."""

    def budgets(self, place: Place) -> Listing:
        """The budgets that are there."""

    def budget(self, resource: str) -> ExistingBudget:
        """One budget as it is now."""

    def create(self, account: str, budget: Budget) -> ExistingBudget:
        """Make a budget. Not repeated by itself: when no answer comes, it may be there."""

    def update(self, existing: ExistingBudget, budget: Budget, fields: Sequence[str]) -> ExistingBudget:
        """Set these fields, if the budget is still in the state that was read."""

    def delete(self, resource: str) -> None:
        """Remove a budget."""
