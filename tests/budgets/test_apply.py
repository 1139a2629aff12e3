"""A plan is carried out: step by step, once, and never over what somebody else did."""

from __future__ import annotations

import grpc
import pytest

from costguard.budgets.apply import MOST_ATTEMPTS, Outcome, carry_out
from costguard.cloud.budgets import GoogleBudgets
from tests.servers.billing_catalog import Refusal
from tests.servers.budgets import ACCOUNT, OTHER_ACCOUNT, Bank

from .bank import applied, carried, hurried, planned, states

UNAVAILABLE = Refusal(grpc.StatusCode.UNAVAILABLE, "Socket closed")
DENIED = Refusal(grpc.StatusCode.PERMISSION_DENIED, "no")
INVALID = Refusal(grpc.StatusCode.INVALID_ARGUMENT, "bad")


def test_all_three_in_their_order(bank: Bank, service: GoogleBudgets) -> None:
    bank.add("costguard/old")
    bank.add("costguard/other")
    outcomes = applied(service, {"name": "other", "amount": 6}, {"name": "new"})
    assert states(outcomes) == [
        ("create", "new", "done"),
        ("update", "other", "done"),
        ("delete", "old", "done"),
    ]
    assert [outcome.text for outcome in outcomes] == ["", "", ""]
    assert bank.names == ["costguard/new", "costguard/other"]
    assert planned(service, {"name": "other", "amount": 6}, {"name": "new"}).steps == ()


def test_each_account_has_its_own(bank: Bank, service: GoogleBudgets) -> None:
    tables = ({"name": "a"}, {"name": "b", "project": "elsewhere", "currency": "EUR"})
    assert states(applied(service, *tables)) == [("create", "a", "done"), ("create", "b", "done")]
    assert [budget.name.split("/")[1] for name in bank.names for budget in bank.named(name)] == [
        ACCOUNT,
        OTHER_ACCOUNT,
    ]
    assert planned(service, *tables).steps == ()


def test_what_is_there_is_listed_once_before_several_are_made(bank: Bank, service: GoogleBudgets) -> None:
    plan = planned(service, {"name": "a"}, {"name": "b"}, {"name": "c"})
    bank.asked.clear()
    carried(service, plan)
    assert bank.asked == ["ListBudgets", "CreateBudget", "CreateBudget", "CreateBudget"]


def test_an_update_only_names_what_changes(bank: Bank, service: GoogleBudgets) -> None:
    bank.add(
        "costguard/a", budget_filter={"labels": {"team": ["ml"]}}, threshold_rules=[{"threshold_percent": 1}]
    )
    applied(service, {"name": "a", "amount": 6, "thresholds": [{"at": 1}]})
    assert list(bank.requests[-1].update_mask.paths) == [
        "amount.specified_amount.units",
        "amount.specified_amount.nanos",
        "budget_filter.labels",
    ]
    assert bank.requests[-1].budget.etag


# -- answers that do not come ------------------------------------------------------------------------------------


def test_a_lost_answer_to_a_creation(bank: Bank, service: GoogleBudgets) -> None:
    bank.lost["CreateBudget"] = 1
    assert applied(service, {"name": "a"}) == [
        Outcome("create", "costguard/a", "done", "no answer came, and it is there")
    ]
    assert bank.names == ["costguard/a"]
    assert bank.asked.count("CreateBudget") == 1


def test_a_creation_that_did_not_arrive_is_made_again(bank: Bank, service: GoogleBudgets) -> None:
    bank.refusals["CreateBudget"] = [UNAVAILABLE, UNAVAILABLE]
    plan = planned(service, {"name": "a"})
    waits: list[int] = []
    assert states(list(carry_out(plan, service, waits.append))) == [("create", "a", "done")]
    assert (bank.names, waits) == (["costguard/a"], [1, 2])


def test_a_creation_that_arrives_late(bank: Bank, service: GoogleBudgets) -> None:
    """It is still under way when the first list is made; waiting is what tells."""
    bank.refusals["CreateBudget"] = [UNAVAILABLE]
    plan = planned(service, {"name": "a"})
    (outcome,) = carry_out(plan, service, lambda attempt: bank.add("costguard/a") and None)
    assert outcome.text == "no answer came, and it is there"
    assert bank.names == ["costguard/a"]


def test_creations_that_never_arrive_end(bank: Bank, service: GoogleBudgets) -> None:
    bank.always["CreateBudget"] = UNAVAILABLE
    bank.add("costguard/old")
    outcomes = applied(service, {"name": "a"}, {"name": "b"})
    assert states(outcomes) == [
        ("create", "a", "failed"),
        ("create", "b", "not tried"),
        ("delete", "old", "not tried"),
    ]
    assert outcomes[0].text == (
        "budget 'a': no answer (Socket closed); it was tried 3 times, and is not there"
    )
    assert outcomes[1].text == "the step before it failed, as this one would"
    assert bank.asked.count("CreateBudget") == MOST_ATTEMPTS
    assert bank.names == ["costguard/old"]


def test_when_nobody_can_tell_whether_it_was_made(bank: Bank, service: GoogleBudgets) -> None:
    plan = planned(service, {"name": "a"}, {"name": "b"})
    bank.lost["CreateBudget"] = 1
    bank.before["CreateBudget"] = lambda: bank.always.update({"ListBudgets": UNAVAILABLE})
    outcomes = carried(hurried(service), plan)
    assert states(outcomes) == [("create", "a", "failed"), ("create", "b", "not tried")]
    assert outcomes[0].text == (
        "budget 'a': no answer (Socket closed); whether it is there cannot be told: budgets of billing account "
        f"{ACCOUNT}: the service cannot be reached (Socket closed): check the network, and try again"
    )
    bank.always.clear()
    assert states(applied(service, {"name": "a"}, {"name": "b"})) == [("create", "b", "done")]


def test_a_lost_answer_to_an_update_is_no_conflict(bank: Bank, service: GoogleBudgets) -> None:
    """The client repeats the update, whose etag its own first try has made stale."""
    bank.add("costguard/a", budget_filter={"projects": ["projects/2"]})
    table = {"name": "a", "amount": 6, "projects": "projects/p"}
    bank.lost["UpdateBudget"] = 1
    assert applied(service, table) == [Outcome("update", "costguard/a", "done", "it was so already")]
    assert planned(service, table).steps == ()


def test_a_lost_answer_to_a_deletion(bank: Bank, service: GoogleBudgets) -> None:
    bank.add("costguard/old")
    bank.lost["DeleteBudget"] = 1
    assert applied(service, {"name": "a"})[1:] == [
        Outcome("delete", "costguard/old", "done", "it was gone already")
    ]


# -- what others do meanwhile ------------------------------------------------------------------------------------


def test_a_name_that_somebody_took_meanwhile(bank: Bank, service: GoogleBudgets) -> None:
    plan = planned(service, {"name": "a"}, {"name": "b"})
    bank.add("costguard/a")
    outcomes = carried(service, plan)
    assert states(outcomes) == [("create", "a", "failed"), ("create", "b", "done")]
    assert outcomes[0].text == "somebody made a budget of this name since it was planned: plan again"
    assert bank.names == ["costguard/a", "costguard/b"]


def test_an_update_of_what_somebody_changed_meanwhile(bank: Bank, service: GoogleBudgets) -> None:
    name = bank.add("costguard/a")
    plan = planned(service, {"name": "a", "amount": 6})
    bank.touch(name, budget_filter={"services": ["services/0000-0000-0000"]})
    before = bank.budgets[name].SerializeToString()
    (outcome,) = carried(service, plan)
    assert (outcome.state, outcome.text) == (
        "failed",
        "somebody changed it since it was planned: it is left as it is; plan again",
    )
    assert bank.budgets[name].SerializeToString() == before


def test_an_update_of_what_somebody_took_over_meanwhile(bank: Bank, service: GoogleBudgets) -> None:
    """Changed to what was wanted, but no longer ours."""
    name = bank.add("costguard/a")
    plan = planned(service, {"name": "a", "amount": 6, "thresholds": [{"at": 1}]})
    bank.touch(
        name,
        display_name="theirs",
        amount={"specified_amount": {"units": 6}},
        threshold_rules=[{"threshold_percent": 1}],
    )
    (outcome,) = carried(service, plan)
    assert outcome.state == "failed"
    assert bank.names == ["theirs"]


def test_an_update_of_what_somebody_deleted_meanwhile(bank: Bank, service: GoogleBudgets) -> None:
    name = bank.add("costguard/a")
    plan = planned(service, {"name": "a", "amount": 6})
    del bank.budgets[name]
    (outcome,) = carried(service, plan)
    assert (outcome.state, outcome.text) == (
        "failed",
        "budget 'a': it is not there, or may not be seen (Requested entity was not found.)",
    )
    assert states(applied(service, {"name": "a", "amount": 6})) == [("create", "a", "done")]


@pytest.mark.parametrize(
    "changes", [{"display_name": "theirs"}, {"budget_filter": {"projects": ["projects/2"]}}]
)
def test_a_deletion_of_what_somebody_changed_meanwhile(
    bank: Bank, service: GoogleBudgets, changes: dict[str, object]
) -> None:
    name = bank.add("costguard/old")
    plan = planned(service, {"name": "a"})
    bank.touch(name, **changes)
    outcome = carried(service, plan)[-1]
    assert (outcome.state, outcome.text) == (
        "failed",
        "somebody changed it since it was planned: it is left as it is; plan again",
    )
    assert name in bank.budgets


def test_a_deletion_of_what_is_gone(bank: Bank, service: GoogleBudgets) -> None:
    name = bank.add("costguard/old")
    plan = planned(service, {"name": "a"})
    del bank.budgets[name]
    assert carried(service, plan)[-1] == Outcome("delete", "costguard/old", "done", "it was gone already")


# -- one fails, the others do not --------------------------------------------------------------------------------


def test_one_that_is_refused_leaves_the_others(bank: Bank, service: GoogleBudgets) -> None:
    bank.add("costguard/old")
    bank.add("costguard/b")
    bank.refusals["CreateBudget"] = [None, INVALID, None]
    tables = [{"name": name} for name in ("x", "y", "z", "b")]
    outcomes = applied(service, *tables)
    assert states(outcomes) == [
        ("create", "x", "done"),
        ("create", "y", "failed"),
        ("create", "z", "done"),
        ("update", "b", "done"),
        ("delete", "old", "done"),
    ]
    assert states(applied(service, *tables)) == [("create", "y", "done")]


def test_a_permission_for_one_kind_of_call_leaves_the_others(bank: Bank, service: GoogleBudgets) -> None:
    bank.add("costguard/old")
    bank.add("costguard/b")
    bank.always["CreateBudget"] = bank.always["DeleteBudget"] = DENIED
    assert states(applied(service, {"name": "a"}, {"name": "b"})) == [
        ("create", "a", "failed"),
        ("update", "b", "done"),
        ("delete", "old", "failed"),
    ]


@pytest.mark.parametrize("code", ["UNAUTHENTICATED", "UNAVAILABLE", "RESOURCE_EXHAUSTED"])
def test_what_all_would_meet_ends_it(bank: Bank, service: GoogleBudgets, code: str) -> None:
    bank.add("costguard/a")
    bank.add("costguard/b")
    plan = planned(service, {"name": "a", "amount": 6}, {"name": "b", "amount": 6})
    bank.always["UpdateBudget"] = Refusal(grpc.StatusCode[code], "no")
    bank.asked.clear()
    assert states(carried(hurried(service), plan)) == [
        ("update", "a", "failed"),
        ("update", "b", "not tried"),
    ]
    assert {request.budget.display_name for request in bank.requests if hasattr(request, "update_mask")} == {
        "costguard/a"
    }


def test_a_list_that_fails_before_anything_is_made(bank: Bank, service: GoogleBudgets) -> None:
    plan = planned(service, {"name": "a"})
    bank.always["ListBudgets"] = UNAVAILABLE
    (outcome,) = carried(hurried(service), plan)
    assert outcome.state == "failed"
    assert "CreateBudget" not in bank.asked
