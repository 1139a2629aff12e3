"""How often queries run in an iteration."""

from __future__ import annotations

from pathlib import Path

import pytest

from costguard.errors import UsageProblem
from costguard.history.runs import Runs, jobs_without_key, runs_per_iteration
from tests.history.bills import Row, at
from tests.history.runs_of_a_project import found, labels, ran, used

MIB = 2**20


def hashed(value: str | None) -> Row:
    return {"query_info": {"query_hashes": {"normalized_literals": value}}}


def history() -> list[Row]:
    """Query `h` runs once in nine iterations and 21 times in the tenth, a storm of retries; `g` twice in one."""
    jobs = []
    for day in range(1, 11):
        mine = {"labels": labels(cg_iteration=f"i{day}", cg_query="features")}
        times = 21 if day == 10 else 1
        jobs += [
            ran(f"h{day}-{time}", at(day), query=f"SELECT {day}", **hashed("h"), **mine)
            for time in range(times)
        ]
    mine = {"labels": labels(cg_iteration="i1"), "total_bytes_billed": 100 * MIB}
    jobs += [ran(f"g{time}", at(1), query="SELECT g", **hashed("g"), **mine) for time in range(2)]
    jobs.append(ran("unhashed", at(1), **hashed(None), **mine))
    jobs.append(ran("cached", at(1), cache_hit=True, **hashed("h"), **mine))
    jobs.append(ran("elsewhere", at(20), **hashed("h")))
    return jobs


def test_median_and_p90(tmp_path: Path) -> None:
    rows = [used(1, day, labels=labels(cg_iteration=f"i{day}")) for day in range(1, 11)]
    jobs = found(tmp_path, rows, history()).jobs
    assert runs_per_iteration(jobs) == [
        Runs("h", 10, 30, 1.0, 1.0, 300 * MIB, "SELECT 10"),
        Runs("g", 1, 2, 2.0, 2.0, 200 * MIB, "SELECT g"),
    ]
    assert jobs_without_key(jobs) == 1


def test_a_storm_in_two_of_ten_shows_in_the_p90(tmp_path: Path) -> None:
    """Ten iterations with 1, 1, 1, 1, 1, 1, 1, 1, 3 and 5 runs: the 90th percentile is the ninth of them."""
    counts = [1] * 8 + [5, 3]
    jobs = [
        ran(f"{day}-{time}", at(day), labels=labels(cg_iteration=f"i{day}"), **hashed("h"))
        for day, count in enumerate(counts, 1)
        for time in range(count)
    ]
    (one,) = runs_per_iteration(found(tmp_path, [used(1, 1)], jobs).jobs)
    assert (one.iterations, one.runs, one.median, one.p90) == (10, 16, 1.0, 3.0)


def test_by_a_label(tmp_path: Path) -> None:
    (one,) = runs_per_iteration(found(tmp_path, [used(1, 1)], history()).jobs, "label:cg_query")
    assert (one.key, one.iterations, one.runs) == ("features", 10, 30)


@pytest.mark.parametrize("by", ["user", "label:", "label", ""])
def test_what_runs_cannot_be_counted_by(tmp_path: Path, by: str) -> None:
    with pytest.raises(UsageProblem, match="cannot be counted by"):
        runs_per_iteration(found(tmp_path, [used(1, 1)], history()).jobs, by)


def test_without_jobs(tmp_path: Path) -> None:
    assert runs_per_iteration(found(tmp_path, [used(1, 1)]).jobs) == []
