"""What `costguard doctor --online` tries: each right that a command needs, at no cost."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from costguard.budgets.declared import Budget
from costguard.budgets.service import CallFailed, Denied
from costguard.cloud.bigquery import Access, BigQuery, Say
from costguard.cloud.budgets import GoogleBudgets
from costguard.cloud.problems import NotAllowed, NotReadable, role_with
from costguard.errors import UsageProblem

Step = Callable[[UsageProblem], str | None]
"""What to do about a problem; None where its text says that."""
Tried = tuple[str, Callable[[], str], Step]
"""(what, the attempt: says what it found, or raises UsageProblem; what to do when it fails)."""


def access_attempts(access: Access, location: str, say: Say = lambda text: None) -> Iterator[Tried]:
    """The attempts, in the order in which they build on each other. Dry runs are free. `say`: what is waited for."""
    try:
        client = BigQuery(access, say)
    except UsageProblem as problem:
        yield "BigQuery", _raising(problem), _as_said
        return
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{1,40}", location) is None:
        wrong = UsageProblem(f"{location!r} is no location such as US or europe-west1")
        yield "location", _raising(wrong), lambda _: "give another --location, or `location` in the config"
        yield _listing(client)
        return
    history = f"SELECT job_id FROM `region-{location.lower()}`.INFORMATION_SCHEMA.JOBS_BY_PROJECT"  # noqa: S608
    about = f"{client.project} in {location}"
    yield "run queries", lambda: _dry_run(client, "SELECT 1", location, about), _grant("")
    yield _listing(client)
    yield (
        "read the job history",
        lambda: _dry_run(client, history, location, "INFORMATION_SCHEMA.JOBS"),
        _grant(", for the job history"),
    )


def _listing(client: BigQuery) -> Tried:
    return (
        "list datasets",
        lambda: f"{len(client.datasets(client.project)):,} in {client.project}",
        _grant(", for `catalog pull`"),
    )


def _grant(purpose: str) -> Step:
    """What to do where a permission is missing. Whatever else is wrong (credentials, a quota project, an API that is
    off) is said with its own remedy."""

    def step(problem: UsageProblem) -> str | None:
        permission = problem.permission if isinstance(problem, NotReadable | NotAllowed) else None
        role = role_with(permission) if permission is not None else None
        return f"grant {role} on the project{purpose}" if role is not None else None

    return step


def _as_said(problem: UsageProblem) -> str | None:
    """The problem itself says what to do."""
    return None


def budget_attempts(budgets: Sequence[Budget], service: GoogleBudgets) -> Iterator[Tried]:
    """Whether the declared budgets can be planned and applied: the rights on each billing account are asked for, and
    nothing is changed."""
    for account, project in dict.fromkeys((budget.billing_account, budget.project) for budget in budgets):
        yield (
            f"budgets of {account or f'project {project}'}",
            partial(_budget_rights, service, account, project),
            _grant_budgets,
        )


def _grant_budgets(problem: UsageProblem) -> str | None:
    if isinstance(problem, CallFailed) and not isinstance(problem, Denied):
        return None
    return "grant roles/billing.costsManager on the billing account, for `budget plan` and `budget apply`"


def _budget_rights(service: GoogleBudgets, account: str | None, project: str | None) -> str:
    found = account or service.account_of(project or "")
    missing = service.missing_permissions(found)
    if missing:
        raise UsageProblem(f"missing on billing account {found}: {', '.join(missing)}")
    return f"all rights on billing account {found}"


def _dry_run(client: BigQuery, sql: str, location: str, about: str) -> str:
    client.dry_run(sql, location, about)
    return about


def _raising(problem: UsageProblem) -> Callable[[], str]:
    def fail() -> str:
        raise problem

    return fail
