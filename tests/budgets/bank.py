"""A service that budgets are carried out with: the real clients, a real server."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from costguard.budgets.apply import Outcome, carry_out
from costguard.budgets.declared import Budget, declared_budgets
from costguard.budgets.plan import Plan, plan_changes
from costguard.budgets.service import BudgetService
from costguard.budgets.survey import Survey, survey
from costguard.cloud.billing_calls import Patience
from costguard.cloud.budgets import GoogleBudgets, google_budgets
from costguard.config import Config
from tests.servers.budgets import ACCOUNT, Bank, serving

QUICK = Patience(total=20, call=20, first_pause=0.001)
HURRIED = Patience(total=0.5, call=0.5, first_pause=0.001)
"""For what never succeeds."""


@contextmanager
def connected(bank: Bank) -> Iterator[GoogleBudgets]:
    """The official clients, connected with a server that has these budgets."""
    with serving(bank) as address, google_budgets(address, address, QUICK) as service:
        yield service


def hurried(service: GoogleBudgets) -> GoogleBudgets:
    """The same service for one who does not wait."""
    return dataclasses.replace(service, patience=HURRIED)


def budgets(*tables: dict[str, Any]) -> tuple[Budget, ...]:
    """What a config with these tables declares; the account may be left out."""
    placed = [
        {"amount": 5, **({} if "project" in table else {"billing_account": ACCOUNT}), **table}
        for table in tables
    ]
    return declared_budgets(Config.model_validate({"budgets": placed}))


def surveyed(service: BudgetService, *tables: dict[str, Any]) -> Survey:
    return survey(budgets(*tables), (), service)


def planned(service: BudgetService, *tables: dict[str, Any]) -> Plan:
    return plan_changes(surveyed(service, *tables))


def carried(service: BudgetService, plan: Plan) -> list[Outcome]:
    """Carries out a plan without waiting."""
    return list(carry_out(plan, service, lambda attempt: None))


def applied(service: BudgetService, *tables: dict[str, Any]) -> list[Outcome]:
    """Plans, and carries it out."""
    return carried(service, planned(service, *tables))


def states(outcomes: Sequence[Outcome]) -> list[tuple[str, str, str]]:
    """(what, name without prefix, how it ended)."""
    return [
        (outcome.action, outcome.display_name.removeprefix("costguard/"), outcome.state)
        for outcome in outcomes
    ]
