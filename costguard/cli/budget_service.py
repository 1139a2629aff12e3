"""The budgets of Google Cloud, or of a test server that the environment names, as commands use them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from costguard.cloud.billing_calls import Patience
    from costguard.cloud.budgets import GoogleBudgets


@contextmanager
def budget_service(timeout: float, quiet: bool) -> Iterator[GoogleBudgets]:
    """The service; calls wait for `timeout` seconds, and say on stderr when they are repeated.

    Raises:
        UsageProblem: Google's clients are not installed, or an endpoint is not on this machine.
    """
    from costguard.cli.progress import Reporter
    from costguard.cloud.billing_endpoint import BUDGETS_VARIABLE, VARIABLE, loopback_endpoint
    from costguard.cloud.budgets import google_budgets

    def endpoint(variable: str) -> str | None:
        given = os.environ.get(variable)
        return loopback_endpoint(given, variable) if given else None

    budgets, billing = endpoint(BUDGETS_VARIABLE), endpoint(VARIABLE)
    with (
        Reporter(quiet) as reporter,
        google_budgets(budgets, billing, patience(timeout), reporter.note) as service,
    ):
        yield service


def patience(timeout: float) -> Patience:
    """How to wait so that it takes no longer than so many seconds."""
    from costguard.cloud.billing_calls import Patience

    usual = Patience()
    return Patience(timeout, min(timeout, usual.call), min(timeout / 10, usual.first_pause))
