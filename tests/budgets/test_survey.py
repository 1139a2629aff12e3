"""What is looked up before a plan can be made."""

from __future__ import annotations

import grpc
import pytest

from costguard.budgets.service import Account, Gone, Place
from costguard.budgets.survey import survey
from costguard.cloud.budgets import GoogleBudgets
from costguard.errors import UsageProblem
from tests.servers.billing_catalog import Refusal
from tests.servers.budgets import ACCOUNT, OTHER_ACCOUNT, Bank

from .bank import budgets, surveyed

DENIED = Refusal(grpc.StatusCode.PERMISSION_DENIED, "no")


def test_accounts_are_those_of_the_budgets_and_of_their_projects(bank: Bank, service: GoogleBudgets) -> None:
    bank.add("costguard/there", OTHER_ACCOUNT)
    found = surveyed(
        service, {"name": "a"}, {"name": "b", "project": "elsewhere"}, {"name": "c", "project": "elsewhere"}
    )
    assert [item.place for item in found.placed] == [
        Place(ACCOUNT),
        Place(OTHER_ACCOUNT),
        Place(OTHER_ACCOUNT),
    ]
    assert found.accounts == {
        ACCOUNT: Account(ACCOUNT, "Account 0", "USD", True),
        OTHER_ACCOUNT: Account(OTHER_ACCOUNT, "Account 1", "EUR", True),
    }
    assert [budget.name for budget in found.existing] == ["there"]
    assert (found.project_ids, found.notes) == ({}, ())
    assert bank.asked.count("GetProjectBillingInfo") == 1
    assert bank.asked.count("ListBudgets") == 2


def test_more_accounts(bank: Bank, service: GoogleBudgets) -> None:
    found = survey(budgets({"name": "a"}), (OTHER_ACCOUNT, ACCOUNT), service)
    assert list(found.accounts) == [ACCOUNT, OTHER_ACCOUNT]


def test_a_budget_in_another_currency_than_its_account(bank: Bank, service: GoogleBudgets) -> None:
    with pytest.raises(UsageProblem) as problem:
        surveyed(
            service,
            {"name": "a", "currency": "EUR"},
            {"name": "b", "currency": "USD"},
            {"name": "c", "currency": "USD", "project": "elsewhere"},
        )
    assert str(problem.value).splitlines() == [
        f"budget 'a': currency EUR, but billing account {ACCOUNT} is billed in USD: give the amount in that, or leave "
        "`currency` out",
        f"budget 'c': currency USD, but billing account {OTHER_ACCOUNT} is billed in EUR: give the amount in that, or "
        "leave `currency` out",
    ]
    assert "ListBudgets" not in bank.asked


def test_a_currency_that_may_not_be_seen_is_said(bank: Bank, service: GoogleBudgets) -> None:
    bank.always["GetBillingAccount"] = DENIED
    found = surveyed(service, {"name": "a", "currency": "EUR"})
    assert found.accounts == {ACCOUNT: None}
    (note,) = found.notes
    assert note.startswith(
        f"the currency of billing account {ACCOUNT} is not checked: billing account {ACCOUNT}: "
    )
    assert "billing.accounts.get" in note


def test_a_closed_account(bank: Bank, service: GoogleBudgets) -> None:
    bank.closed = frozenset({ACCOUNT})
    assert surveyed(service, {"name": "a"}).notes == (
        f"billing account {ACCOUNT} is closed: its budgets tell nothing any more",
    )


def test_an_account_that_is_not_there(bank: Bank, service: GoogleBudgets) -> None:
    with pytest.raises(
        Gone, match="budgets of billing account 222222-AAAAAA-BBBBBB: it is not there, or may not"
    ):
        surveyed(service, {"name": "a", "billing_account": "222222-AAAAAA-BBBBBB"})


def test_the_budgets_of_projects_will_do_for_their_owner(bank: Bank, service: GoogleBudgets) -> None:
    bank.without_account_rights = True
    bank.add("costguard/a", budget_filter={"projects": ["projects/1"]})
    bank.add("costguard/of-all")
    found = surveyed(
        service, {"name": "a", "projects": "projects/1"}, {"name": "b", "projects": "projects/q"}
    )
    assert [budget.name for budget in found.existing] == ["a"]
    assert found.notes == (
        f"billing account {ACCOUNT} may not be read as a whole: only the budgets of projects/1, projects/q were "
        "compared, and no others will be deleted",
    )


@pytest.mark.parametrize("table", [{}, {"projects": ["projects/1", "projects/2"]}])
def test_but_not_where_a_budget_is_for_more(
    bank: Bank, service: GoogleBudgets, table: dict[str, object]
) -> None:
    bank.without_account_rights = True
    with pytest.raises(UsageProblem, match=r"permission billing\.budgets\.list is missing"):
        surveyed(service, {"name": "a", "projects": "projects/1"}, {"name": "b", **table})


def test_numbers_of_projects_are_looked_up_where_ids_are_declared(bank: Bank, service: GoogleBudgets) -> None:
    bank.add("costguard/by-id", budget_filter={"projects": ["projects/1", "projects/123456789"]})
    bank.add("costguard/by-number", budget_filter={"projects": ["projects/2"]})
    bank.add("costguard/undeclared", budget_filter={"projects": ["projects/3"]})
    bank.add("by-id", budget_filter={"projects": ["projects/4"]})
    found = surveyed(
        service,
        {"name": "by-id", "projects": ["projects/p", "projects/my-project"]},
        {"name": "by-number", "projects": ["projects/2"]},
    )
    assert found.project_ids == {"projects/1": "projects/p", "projects/123456789": "projects/my-project"}
    assert found.notes == ()
    assert bank.asked.count("GetProjectBillingInfo") == 2


def test_numbers_that_cannot_be_looked_up_are_said(bank: Bank, service: GoogleBudgets) -> None:
    bank.add("costguard/a", budget_filter={"projects": ["projects/1", "projects/99", "projects/98"]})
    found = surveyed(service, {"name": "a", "projects": ["projects/p", "projects/q"]})
    assert found.project_ids == {"projects/1": "projects/p"}
    (note,) = found.notes
    assert note.startswith(
        "projects/98, projects/99: which projects have these numbers cannot be looked up, so that they count as others "
        "than those that are declared by id; declare them by number if they are the same (billing account of "
        "projects/98: permission "
    )
    assert bank.asked.count("GetProjectBillingInfo") == 3


def test_without_the_service_no_more_numbers_are_looked_up(bank: Bank, service: GoogleBudgets) -> None:
    bank.add("costguard/a", budget_filter={"projects": ["projects/1", "projects/2"]})
    bank.always["GetProjectBillingInfo"] = Refusal(grpc.StatusCode.UNAUTHENTICATED, "expired")
    found = surveyed(service, {"name": "a", "projects": ["projects/p", "projects/q"]})
    assert found.project_ids == {}
    assert found.notes[0].startswith("projects/1, projects/2: which projects")
    assert bank.asked.count("GetProjectBillingInfo") == 1
