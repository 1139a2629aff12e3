"""For any valid configuration: a plan after it was applied is empty, whatever came between, and what is not ours is as
it was, byte for byte. Over a real connection."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costguard.budgets.declared import CREDIT_TYPES
from costguard.budgets.service import BudgetService
from costguard.cloud.budgets import GoogleBudgets
from tests.servers.budgets import ACCOUNT, Bank

from .bank import applied, budgets, connected, planned

FEW = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
PROJECTS = ["projects/p", "projects/2", "projects/my-project", "projects/77"]
SERVICES = ["services/24E6-581D-38E5", "services/6F81-5844-456A"]
CHANNELS = [f"projects/p/notificationChannels/{number}" for number in range(5)]
NAMES = ["a", "b", "team/c", "d.e_f-9"]


def some(values: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), unique=True)


@st.composite
def tables(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """A valid `[[tool.costguard.budgets]]`: each key there or not, and as it may stand beside the others."""
    start = draw(st.dates(date(2017, 1, 2), date(2030, 1, 1)))
    custom = {"start": start}
    if draw(st.booleans()):
        custom["end"] = start + timedelta(days=draw(st.integers(1, 900)))
    period = draw(st.sampled_from([None, "month", "quarter", "year", custom]))
    calendar = period is not custom
    amount = st.decimals(0, 10**12, places=draw(st.integers(0, 9))).map(str)
    projects = draw(some(PROJECTS))
    bases = ["actual", "forecast"] if calendar else ["actual"]
    thresholds = st.lists(
        st.tuples(st.integers(1, 3000), st.sampled_from(bases)), unique=True, min_size=1, max_size=4
    ).map(lambda items: [{"at": at / 1000, "on": on} for at, on in items])
    notify = {
        "channels": draw(some(CHANNELS)),
        "project_owners": len(projects) == 1 and draw(st.booleans()),
        "default_recipients": draw(st.booleans()),
    }
    topic = draw(st.booleans())
    if topic or not any(notify.values()):
        notify["pubsub_topic"] = "projects/p/topics/t"
    found: dict[str, Any] = {
        "name": name,
        "amount": draw(st.one_of(amount, st.just("last-period")) if calendar else amount),
        "currency": draw(st.sampled_from([None, "USD"])),
        "projects": projects,
        "services": draw(some(SERVICES)),
        "label": draw(st.sampled_from([None, {"team": "ml"}, {"team": "bi"}, {"goog-dataproc-x": "1"}])),
        "period": period,
        "credits": draw(
            st.one_of(st.sampled_from([None, "include-all", "exclude-all"]), some(list(CREDIT_TYPES)))
        ),
        "thresholds": draw(st.one_of(st.none(), thresholds)),
        "notify": notify,
    }
    return {key: value for key, value in found.items() if value is not None and value != []}


@st.composite
def configurations(draw: st.DrawFn) -> list[dict[str, Any]]:
    return [draw(tables(name)) for name in draw(some(NAMES))]


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Bank, GoogleBudgets]]:
    bank = Bank()
    with connected(bank) as service:
        yield bank, service


def emptied(server: tuple[Bank, GoogleBudgets]) -> tuple[Bank, GoogleBudgets, Callable[[], list[bytes]]]:
    """The server with two budgets that are not ours, and what they are."""
    bank, service = server
    bank.budgets.clear()
    bank.lost.clear()
    names = [
        bank.add("Costguard", threshold_rules=[{"threshold_percent": 0.7}]),
        bank.add("team/a", budget_filter={"projects": ["projects/1"], "labels": {"x": ["y"]}}),
    ]
    return bank, service, lambda: [bank.budgets[name].SerializeToString() for name in names]


@given(first=configurations(), second=configurations())
@FEW
def test_a_plan_after_it_was_applied_is_empty(
    server: tuple[Bank, GoogleBudgets], first: list[dict[str, Any]], second: list[dict[str, Any]]
) -> None:
    bank, service, foreign = emptied(server)
    before = foreign()
    for configuration in (first, second, first):
        assert all(outcome.state == "done" for outcome in applied(service, *configuration, KEPT))
        after = planned(service, *configuration, KEPT)
        assert after.steps == ()
        assert {budget.name for budget in after.unchanged} == {
            item["name"] for item in (*configuration, KEPT)
        }
        assert after.foreign == 2
    assert foreign() == before
    assert len(bank.budgets) == len(first) + 3


KEPT = {"name": "kept", "billing_account": ACCOUNT}
"""So that the account is looked at, however few others there are."""


class Interrupted(Exception):  # noqa: N818 - as a person does it
    """In place of the user's ctrl-C."""


@dataclasses.dataclass
class Interrupting:
    """A service that is interrupted at its n-th call that changes something: before it, or when it is done."""

    service: BudgetService
    at: int
    after: bool

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.service, name)
        if name not in ("create", "update", "delete"):
            return method

        def call(*arguments: Any) -> Any:
            self.at -= 1
            if self.at == 0 and not self.after:
                raise Interrupted
            found = method(*arguments)
            if self.at == 0:
                raise Interrupted
            return found

        return call


@given(first=configurations(), second=configurations(), at=st.integers(1, 5), after=st.booleans())
@FEW
def test_what_is_interrupted_and_run_again_comes_to_the_same(
    server: tuple[Bank, GoogleBudgets],
    first: list[dict[str, Any]],
    second: list[dict[str, Any]],
    at: int,
    after: bool,
) -> None:
    bank, service, foreign = emptied(server)
    before = foreign()
    applied(service, *first, KEPT)
    try:
        applied(Interrupting(service, at, after), *second, KEPT)  # type: ignore[arg-type]
    except Interrupted:
        applied(service, *second, KEPT)
    assert planned(service, *second, KEPT).steps == ()
    assert bank.names == sorted(
        ["Costguard", "team/a", "costguard/kept", *(f"costguard/{t['name']}" for t in second)]
    )
    assert foreign() == before


@given(
    configuration=configurations(),
    lost=st.fixed_dictionaries(
        {}, optional={name: st.integers(1, 3) for name in ("CreateBudget", "UpdateBudget", "DeleteBudget")}
    ),
)
@FEW
def test_answers_may_be_lost(
    server: tuple[Bank, GoogleBudgets], configuration: list[dict[str, Any]], lost: dict[str, int]
) -> None:
    bank, service, foreign = emptied(server)
    before = foreign()
    bank.add("costguard/a")
    bank.add("costguard/old")
    bank.lost.update(lost)
    assert all(outcome.state == "done" for outcome in applied(service, *configuration, KEPT))
    bank.lost.clear()
    assert planned(service, *configuration, KEPT).steps == ()
    assert len(bank.budgets) == len(configuration) + 3
    assert foreign() == before


def test_the_tables_of_these_tests_are_all_different() -> None:
    """That the strategy reaches what it is for."""
    seen: set[str] = set()

    @given(configurations())
    @settings(FEW, max_examples=40)
    def look(configuration: list[dict[str, Any]]) -> None:
        for budget in budgets(*configuration):
            seen.add("custom" if not isinstance(budget.period, str) else budget.period)
            seen.add("last-period" if budget.amount == "last-period" else "amount")
            seen.add("types" if isinstance(budget.credits, tuple) else budget.credits)
            seen.add("owners" if budget.notify.project_owners else "no owners")
            seen.add("label" if budget.label else "no label")

    look()
    assert seen >= {"custom", "month", "quarter", "year", "last-period", "amount", "types", "exclude-all"}
    assert seen >= {"owners", "no owners", "label", "no label", "include-all"}
