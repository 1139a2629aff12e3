"""A server for each test, and the clients that talk to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from costguard.cloud.budgets import GoogleBudgets
from tests.servers.budgets import Bank

from .bank import connected


@pytest.fixture
def bank() -> Bank:
    return Bank()


@pytest.fixture
def service(bank: Bank) -> Iterator[GoogleBudgets]:
    with connected(bank) as found:
        yield found
