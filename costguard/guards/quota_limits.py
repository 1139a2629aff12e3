"""The two daily quotas on queries, as Service Usage names them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from costguard.guards.declared import QuotaGuard
from costguard.money import MIB

SERVICE: Final = "bigquery.googleapis.com"
METRIC: Final = "bigquery.googleapis.com/quota/query/usage"


@dataclass(frozen=True, slots=True)
class QuotaLimit:
    """One of them, with its value."""

    name: str
    """QueryUsagePerDay or QueryUsagePerUserPerDay."""
    limit: str
    """As a resource of Service Usage: `/d/project`."""
    unit: str
    """As gcloud has it: `1/d/{project}`."""
    mib: int
    """The API counts MiB; a number of bytes would be a million times too much."""


def quota_limits(guard: QuotaGuard) -> Iterator[QuotaLimit]:
    """The quotas that a guard sets."""
    if guard.per_day is not None:
        yield QuotaLimit("QueryUsagePerDay", "/d/project", "1/d/{project}", guard.per_day // MIB)
    if guard.per_user_per_day is not None:
        yield QuotaLimit(
            "QueryUsagePerUserPerDay",
            "/d/project/user",
            "1/d/{project}/{user}",
            guard.per_user_per_day // MIB,
        )
