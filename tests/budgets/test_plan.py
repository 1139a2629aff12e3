"""What is to be done so that what is there becomes what is declared."""

from __future__ import annotations

from typing import Any

import pytest

from costguard.budgets.existing import ExistingBudget, Fields, declared_fields
from costguard.budgets.plan import Change, Plan, plan_changes, plan_destruction
from costguard.budgets.service import Place
from costguard.budgets.survey import Placed, Survey
from costguard.errors import UsageProblem
from tests.servers.budgets import ACCOUNT, OTHER_ACCOUNT

from .bank import budgets


def existing(
    display_name: str, number: int = 1, account: str = ACCOUNT, fields: Fields | None = None, **table: Any
) -> ExistingBudget:
    """A budget that is there, as if this table had declared it."""
    (budget,) = budgets({"name": "x", **table})
    return ExistingBudget(
        resource=f"billingAccounts/{account}/budgets/{number}",
        etag=f"etag-{number}",
        display_name=display_name,
        currency="USD",
        fields={**declared_fields(budget), **(fields or {})},
    )


def found(
    tables: list[dict[str, Any]], *there: ExistingBudget, project_ids: dict[str, str] | None = None
) -> Survey:
    placed = tuple(Placed(budget, Place(budget.billing_account or "")) for budget in budgets(*tables))
    return Survey(placed, {ACCOUNT: None}, there, project_ids or {}, ())


def names(plan: Plan) -> dict[str, list[str]]:
    return {
        "create": [step.budget.name for step in plan.create],
        "update": [step.existing.resource.rpartition("/")[2] for step in plan.update],
        "delete": [f"{step.existing.resource.rpartition('/')[2]} {step.reason}" for step in plan.delete],
        "unchanged": [budget.resource.rpartition("/")[2] for budget in plan.unchanged],
        "kept": [budget.resource.rpartition("/")[2] for budget in plan.kept],
    }


def test_each_kind() -> None:
    plan = plan_changes(
        found(
            [{"name": "new"}, {"name": "same"}, {"name": "other", "amount": 6}],
            existing("costguard/same", 1),
            existing("costguard/other", 2),
            existing("costguard/old", 3),
            existing("foreign", 4),
            existing("Costguard/foreign", 5),
            existing("my costguard/foreign", 6),
        )
    )
    assert names(plan) == {
        "create": ["new"],
        "update": ["2"],
        "delete": ["3 not declared"],
        "unchanged": ["1"],
        "kept": [],
    }
    assert plan.foreign == 3
    assert len(plan.steps) == 3
    assert plan.update[0].changes == (Change("amount", "5.00", "6.00"),)


def test_nothing_is_there_and_nothing_is_to_be() -> None:
    plan = plan_changes(found([]))
    assert plan == Plan()
    assert plan.steps == ()


@pytest.mark.parametrize(
    ("table", "changes"),
    [
        ({"amount": "5.000000001"}, [("amount", "5.00", "5.000000001")]),
        ({"amount": "last-period"}, [("amount", "5.00", "last-period")]),
        ({"projects": ["projects/2", "projects/1"]}, [("projects", [], ["projects/1", "projects/2"])]),
        ({"services": "services/24E6-581D-38E5"}, [("services", [], ["services/24E6-581D-38E5"])]),
        ({"label": {"team": "ml"}}, [("label", None, {"team": "ml"})]),
        ({"period": "year"}, [("period", "month", "year")]),
        ({"credits": "exclude-all"}, [("credits", "include-all", "exclude-all")]),
        ({"credits": ["DISCOUNT"]}, [("credits", "include-all", ["DISCOUNT"])]),
        (
            {"thresholds": [{"at": 1.5}]},
            [
                (
                    "thresholds",
                    [
                        {"at": "0.5", "on": "actual"},
                        {"at": "0.8", "on": "actual"},
                        {"at": "1", "on": "actual"},
                        {"at": "1", "on": "forecast"},
                    ],
                    [{"at": "1.5", "on": "actual"}],
                )
            ],
        ),
        (
            {
                "projects": "projects/1",
                "notify": {
                    "pubsub_topic": "projects/p/topics/t",
                    "channels": "projects/p/notificationChannels/1",
                    "project_owners": True,
                    "default_recipients": False,
                },
            },
            [
                ("projects", [], ["projects/1"]),
                ("notify.pubsub_topic", None, "projects/p/topics/t"),
                ("notify.channels", [], ["projects/p/notificationChannels/1"]),
                ("notify.project_owners", False, True),
                ("notify.default_recipients", True, False),
            ],
        ),
    ],
)
def test_a_change_of_each_field_both_ways(table: dict[str, Any], changes: list[tuple[str, Any, Any]]) -> None:
    there = plan_changes(found([{"name": "b", **table}], existing("costguard/b")))
    assert [(change.field, change.before, change.after) for change in there.update[0].changes] == changes
    back = plan_changes(found([{"name": "b"}], existing("costguard/b", **table)))
    assert [(change.field, change.after, change.before) for change in back.update[0].changes] == changes


@pytest.mark.parametrize(
    "table",
    [
        {"amount": "5.00"},
        {"amount": 5.0},
        {"projects": []},
        {"thresholds": [{"at": 1, "on": "forecast"}, {"at": 1}, {"at": 0.80}, {"at": "0.50"}]},
        {"currency": "USD"},
    ],
)
def test_another_spelling_is_no_change(table: dict[str, Any]) -> None:
    assert names(plan_changes(found([{"name": "b", **table}], existing("costguard/b"))))["unchanged"] == ["1"]


def test_what_cannot_be_declared_is_cleared() -> None:
    there = existing("costguard/b", fields={"resource_ancestors": ["folders/1"], "subaccounts": ["x"]})
    plan = plan_changes(found([{"name": "b"}], there))
    assert plan.update[0].changes == (
        Change("resource_ancestors", ["folders/1"], []),
        Change("subaccounts", ["x"], []),
    )


def test_a_project_by_its_id_and_by_its_number_is_the_same() -> None:
    there = existing("costguard/b", projects=["projects/1", "projects/2"])
    tables = [{"name": "b", "projects": ["projects/q", "projects/p"]}]
    ids = {"projects/1": "projects/p", "projects/2": "projects/q"}
    assert plan_changes(found(tables, there, project_ids=ids)).steps == ()
    (step,) = plan_changes(found(tables, there, project_ids={"projects/1": "projects/p"})).update
    assert step.changes == (Change("projects", ["projects/1", "projects/2"], ["projects/p", "projects/q"]),)


def test_of_two_of_a_name_the_better_one_stays() -> None:
    tables = [{"name": "b"}]
    first, second = existing("costguard/b", 1, amount=6), existing("costguard/b", 2)
    plan = plan_changes(found(tables, first, second, existing("costguard/b", 3)))
    assert names(plan) == {
        "create": [],
        "update": [],
        "delete": ["3 duplicate", "1 duplicate"],
        "unchanged": ["2"],
        "kept": [],
    }


def test_a_name_belongs_to_its_account() -> None:
    plan = plan_changes(found([{"name": "b"}], existing("costguard/b", account=OTHER_ACCOUNT)))
    assert (names(plan)["create"], names(plan)["delete"]) == (["b"], ["1 not declared"])


def test_what_is_not_declared_may_be_kept() -> None:
    there = (existing("costguard/old", 1), existing("costguard/b", 2), existing("costguard/b", 3))
    plan = plan_changes(found([{"name": "b"}], *there), keep_undeclared=True)
    assert (names(plan)["delete"], names(plan)["kept"]) == (["3 duplicate"], ["1"])


# -- destroy -----------------------------------------------------------------------------------------------------

THERE = (
    existing("costguard/b", 2),
    existing("costguard/b", 3),
    existing("costguard/a", 1),
    existing("a", 4),
    existing("costguard/old", 5),
)


def test_all_of_ours_are_destroyed_and_no_others() -> None:
    plan = plan_destruction(found([{"name": "a"}], *THERE), ())
    assert names(plan)["delete"] == ["1 destroyed", "2 destroyed", "3 destroyed", "5 destroyed"]
    assert (plan.kept, plan.foreign) == ((), 1)


def test_some_are_destroyed() -> None:
    plan = plan_destruction(found([], *THERE), ["costguard/b", "old"])
    assert names(plan)["delete"] == ["2 destroyed", "3 destroyed", "5 destroyed"]
    assert names(plan)["kept"] == ["1"]


def test_those_that_are_declared_are_destroyed() -> None:
    survey = found([{"name": "a"}, {"name": "b"}], *THERE)
    plan = plan_destruction(survey, (), keep_undeclared=True)
    assert names(plan)["delete"] == ["1 destroyed", "2 destroyed", "3 destroyed"]
    assert names(plan)["kept"] == ["5"]


def test_what_is_not_there_cannot_be_destroyed() -> None:
    with pytest.raises(UsageProblem, match=r"no budget of costguard named c, d; there are: a, b, old$"):
        plan_destruction(found([], *THERE), ["d", "a", "c"])
    with pytest.raises(UsageProblem, match=r"named old; there are: none$"):
        plan_destruction(found([], *THERE), ["old"], keep_undeclared=True)
