"""What `costguard doctor --online` tries: each right that a command needs, at no cost."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from costguard.budgets.declared import Budget
from costguard.cloud.bigquery import Access, BigQuery, Say
from costguard.cloud.budgets import GoogleBudgets
from costguard.errors import UsageProblem

Tried = tuple[str, Callable[[], str], str]
"""(what, the attempt: says what it found, or raises UsageProblem; what to do when it fails)."""


def access_attempts(access: Access, location: str, say: Say = lambda text: None) -> Iterator[Tried]:
    """The attempts, in the order in which they build on each other. Dry runs are free. `say`: what is waited for."""
    if re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{1,40}", location) is None:
        raise UsageProblem(f"{location!r} is no location such as US or europe-west1")
    history = f"SELECT job_id FROM `region-{location.lower()}`.INFORMATION_SCHEMA.JOBS_BY_PROJECT"  # noqa: S608
    try:
        client = BigQuery(access, say)
    except UsageProblem as problem:
        yield "BigQuery", _raising(problem), "sign in, or name a --project"
        return
    yield (
        "run queries",
        lambda: _dry_run(client, "SELECT 1", location, f"{client.project} in {location}"),
        "grant roles/bigquery.jobUser on the project",
    )
    yield (
        "list datasets",
        lambda: f"{len(client.datasets(client.project)):,} in {client.project}",
        "grant roles/bigquery.metadataViewer on the project, for `catalog pull`",
    )
    yield (
        "read the job history",
        lambda: _dry_run(
            client,
            history,
            location,
            "INFORMATION_SCHEMA.JOBS",
        ),
        "grant roles/bigquery.resourceViewer on the project, for the job history",
    )


def budget_attempts(budgets: Sequence[Budget], service: GoogleBudgets) -> Iterator[Tried]:
    """Whether the declared budgets can be planned and applied: the rights on each billing account are asked for, and
    nothing is changed."""
    for account, project in dict.fromkeys((budget.billing_account, budget.project) for budget in budgets):
        yield (
            f"budgets of {account or f'project {project}'}",
            partial(_budget_rights, service, account, project),
            "grant roles/billing.costsManager on the billing account, for `budget plan` and `budget apply`",
        )


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
