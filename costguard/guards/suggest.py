"""All suggestions, from whatever evidence there is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

import polars as pl

from costguard.guards.alert import alert_suggestions
from costguard.guards.code_check import LimitOf, check_code
from costguard.guards.declared import Guards
from costguard.guards.evidence import Evidence, on_demand
from costguard.guards.expiration import expiration_suggestions
from costguard.guards.max_bytes import max_bytes_of_groups, max_bytes_of_queries
from costguard.guards.partition_filter import candidates, partition_filter_suggestions
from costguard.guards.quota import quota_suggestions
from costguard.guards.suggestions import LeftOut, MaxBytesSuggestion, Suggestions
from costguard.guards.time_limits import time_limit_suggestions

_NEEDS: Final[Mapping[str, str]] = {
    "--jobs": "limits, quotas, alerts, expirations, and past queries that a partition filter would break",
    "--catalog": "partition filters and expirations",
    "PATH": "the check that each job of the code sets a limit, and queries that a partition filter would break",
    "--billing": "time limits of clusters, training jobs and notebooks",
}


def suggest(evidence: Evidence, declared: Guards) -> Suggestions:
    """Suggestions. A limit that the config declares for a path goes before what is suggested for its project."""
    jobs = on_demand(evidence.jobs) if evidence.jobs is not None else None
    groups: tuple[MaxBytesSuggestion, ...] = ()
    of_queries: dict[int, MaxBytesSuggestion] = {}
    code = evidence.code
    if jobs is not None:
        groups = tuple(max_bytes_of_groups(jobs, evidence.label_keys))
        if code is not None and code.matched is not None:
            ids = jobs.select("project", "job_id", "bytes")
            mine = code.matched.frame.join(ids, on=["project", "job_id"], nulls_equal=True)
            of_queries = max_bytes_of_queries(mine, code)
    check = None
    if code is not None:
        limit_of = _limit_of_path(declared, groups, evidence.settings.project)
        check = check_code(code, of_queries, limit_of)
    expirations = expiration_suggestions(evidence)
    first, last = _reach(evidence.jobs)
    return Suggestions(
        now=evidence.now,
        usd_per_tib=evidence.usd_per_tib,
        price_note=evidence.price_note,
        currency=evidence.currency,
        first=first,
        last=last,
        days=(last.date() - first.date()).days + 1 if first is not None and last is not None else 0,
        jobs=jobs.height if jobs is not None else 0,
        max_bytes=(*groups, *sorted(of_queries.values(), key=lambda one: (-one.limit, one.subject))),
        code=check,
        quotas=tuple(quota_suggestions(jobs)) if jobs is not None else (),
        partition_filters=tuple(partition_filter_suggestions(evidence)),
        expirations=expirations.found,
        alerts=tuple(alert_suggestions(jobs)) if jobs is not None else (),
        time_limits=tuple(time_limit_suggestions(evidence.charges)) if evidence.charges is not None else (),
        left_out=(*_left_out(evidence), *expirations.left_out),
        not_given={name: _NEEDS[name] for name in _missing(evidence)},
    )


def _limit_of_path(declared: Guards, groups: tuple[MaxBytesSuggestion, ...], project: str | None) -> LimitOf:
    """The declared limit of a path, else what is suggested for its project, else for the project that needs most."""
    projects = {one.subject: one.limit for one in groups if one.scope == "project"}

    def limit_of(path: str) -> tuple[int | None, str]:
        limit = declared.max_bytes.of_path(path, project)
        if limit is not None:
            return limit, "declared"
        if project in projects:
            return projects[project], f"jobs of {project}"
        return max(projects.values(), default=None), "jobs of the project that needs most"

    return limit_of


def _reach(jobs: pl.DataFrame | None) -> tuple[datetime | None, datetime | None]:
    if jobs is None:
        return None, None
    return jobs.select(pl.col("created").min(), pl.col("created").max().alias("last")).row(0)


def _missing(evidence: Evidence) -> Iterator[str]:
    if evidence.jobs is None:
        yield "--jobs"
    if not len(evidence.catalog):
        yield "--catalog"
    if evidence.code is None:
        yield "PATH"
    if evidence.charges is None:
        yield "--billing"


def _left_out(evidence: Evidence) -> Iterator[LeftOut]:
    if evidence.jobs is not None:
        billable = evidence.jobs.filter("billable")
        reserved = billable["reservation"].count()
        if reserved:
            yield LeftOut("max-bytes", reserved, "jobs in a reservation, which do not pay for bytes")
        unknown = billable["bytes_billed"].null_count()
        if unknown:
            yield LeftOut("max-bytes", unknown, "charged jobs that do not tell their bytes")
    _, small = candidates(evidence.catalog)
    if small:
        yield LeftOut("partition-filter", small, "partitioned tables of less than 1 GiB")
