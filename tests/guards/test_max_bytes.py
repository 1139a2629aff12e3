"""Limits from what jobs were billed: worked out by hand, and never stopping more than one past job of a hundred."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from costguard.guards.evidence import on_demand
from costguard.guards.max_bytes import limit_of, max_bytes_of_groups, max_bytes_of_queries
from costguard.guards.suggestions import MaxBytesSuggestion
from tests.history.bills import Row

from .evidence import GIB, MIB, charged, evidence, ran, table

HUNDRED = [*[10 * MIB] * 90, *[100 * MIB] * 9, 50 * GIB]
"""A hundred jobs: the p99 (nearest rank, the 99th) is 100 MiB."""


def of(found: list[MaxBytesSuggestion], scope: str) -> dict[str, MaxBytesSuggestion]:
    return {one.subject: one for one in found if one.scope == scope}


def test_figures_of_a_project(tmp_path: Path) -> None:
    jobs = charged(tmp_path, *(ran(f"j{number}", size) for number, size in enumerate(HUNDRED)))
    assert of(list(max_bytes_of_groups(jobs, ())), "project") == {
        "shop": MaxBytesSuggestion(
            scope="project",
            subject="shop",
            path=None,
            limit=200 * MIB,
            jobs=100,
            p99=100 * MIB,
            largest=50 * GIB,
            stopped=1,
            stopped_bytes=50 * GIB,
        )
    }


def test_users_and_labels(tmp_path: Path) -> None:
    team = [{"key": "team", "value": "ml"}]
    rows = [
        ran("a", 3 * GIB, user_email="ana@x.com"),
        ran("b", 5 * GIB, user_email="bob@x.com", labels=team),
        ran("c", 600 * MIB, user_email="bob@x.com", labels=team),
        ran("d", 700 * MIB, user_email=None, project_id="lab"),
    ]
    found = list(max_bytes_of_groups(charged(tmp_path, *rows), ("team", "env")))
    assert {name: (one.jobs, one.limit) for name, one in of(found, "user").items()} == {
        "bob@x.com": (2, 10 * GIB),
        "ana@x.com": (1, 6 * GIB),
    }
    assert {name: one.limit for name, one in of(found, "label").items()} == {"team=ml": 10 * GIB}
    # 1400 MiB is more than a GiB: a whole number of GiB.
    assert [(one.subject, one.limit) for one in found if one.scope == "project"] == [
        ("shop", 10 * GIB),
        ("lab", 2 * GIB),
    ]


def test_which_jobs_count(tmp_path: Path) -> None:
    """Neither those in a reservation, nor from the cache, nor failed, nor a script beside its statements."""
    rows = [
        ran("a", 20 * MIB),
        ran("b", 9 * GIB, reservation_id="p:US.r"),
        ran("c", 0, cache_hit=True),
        ran("d", 9 * GIB, error_result={"reason": "invalidQuery", "message": ""}),
        ran("e", 9 * GIB, statement_type="SCRIPT"),
        ran("f", 0),
    ]
    jobs = charged(tmp_path, *rows)
    assert jobs["job_id"].to_list() == ["a"]
    assert next(max_bytes_of_groups(jobs, ())).limit == 40 * MIB


def test_never_below_what_a_query_is_billed() -> None:
    assert limit_of(1) == 10 * MIB
    assert limit_of(512 * MIB) == GIB
    assert limit_of(512 * MIB + 1) == 2 * GIB


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(min_value=1, max_value=2**45), min_size=1, max_size=300))
def test_at_most_one_job_of_a_hundred_is_stopped(sizes: list[int]) -> None:
    jobs = pl.DataFrame(
        {"project": "p", "user": "u", "bytes": sizes},
        schema={"project": pl.String, "user": pl.String, "bytes": pl.Int64},
    )
    one = next(max_bytes_of_groups(jobs, ()))
    assert one.stopped == sum(size > one.limit for size in sizes)
    assert one.stopped <= len(sizes) / 100
    assert one.stopped_bytes == sum(size for size in sizes if size > one.limit)
    assert one.limit >= 2 * one.p99


def test_queries_of_the_code(tmp_path: Path) -> None:
    text = "SELECT note FROM shop.d.plain WHERE day = '2026-10-01'"
    clustered = "SELECT note FROM shop.d.sorted WHERE day = '2026-10-02'"
    rows: list[Row] = [
        *(ran(f"a{number}", GIB, text) for number in range(3)),
        ran("b", 100 * MIB, clustered),
        ran("c", GIB, "SELECT 1 FROM shop.d.other"),
    ]
    found = evidence(
        tmp_path,
        rows,
        [table("shop.d.plain"), table("shop.d.sorted", 62 * GIB, clustering=["note"])],
        {"a.sql": text, "b.sql": clustered},
    )
    assert found.jobs is not None
    assert found.code is not None
    assert found.code.matched is not None
    mine = on_demand(found.jobs).select("project", "job_id", "bytes")
    jobs = found.code.matched.frame.join(mine, on=["project", "job_id"])
    by_path = {Path(one.path or "").name: one for one in max_bytes_of_queries(jobs, found.code).values()}
    assert set(by_path) == {"a.sql", "b.sql"}
    assert (by_path["a.sql"].jobs, by_path["a.sql"].limit, by_path["a.sql"].estimate) == (3, 2 * GIB, None)
    # Twice 100 MiB would refuse it: before clusters spare anything, the estimate is a whole day of 2 GiB.
    sorted_one = by_path["b.sql"]
    assert sorted_one.estimate is not None
    assert 2 * GIB - MIB < sorted_one.estimate <= 2 * GIB + MIB
    assert sorted_one.limit in (2 * GIB, 3 * GIB)
    assert sorted_one.limit >= sorted_one.estimate
    assert found.now == datetime(2026, 11, 1, tzinfo=UTC)
