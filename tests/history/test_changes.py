"""What changed from one iteration to another."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from costguard.errors import UsageProblem
from costguard.history.changes import Change, Comparison, QueryMovement, changes, choose, compare
from costguard.history.charges import load_charges
from costguard.history.iterations import IterationSettings, find_iterations
from costguard.history.jobs import load_jobs
from tests.history import test_jobs
from tests.history.bills import Row, at, parquet
from tests.history.runs_of_a_project import COMPUTE, VERTEX, found, labels, ran, used

TRAINING = {"service": VERTEX, "sku": "Custom job training"}


def test_against_the_one_before(tmp_path: Path) -> None:
    rows = [
        used(4, 1, labels=labels(cg_iteration="a")),
        used(6, 1, labels=labels(cg_iteration="a"), **TRAINING),
        used(3, 2, labels=labels(cg_iteration="b")),
        used(9, 2, labels=labels(cg_iteration="b"), **TRAINING),
        used(3, 3, labels=labels(cg_iteration="c")),
        used(9, 3, labels=labels(cg_iteration="c"), **TRAINING),
    ]
    result = found(tmp_path, rows)
    assert changes(result.iterations) == [
        Change("b", Decimal(0), 0.0, None, Decimal(0)),
        Change("a", Decimal(2), 20.0, "training", Decimal(3)),
        None,
    ]


def test_only_the_like_is_compared(tmp_path: Path) -> None:
    """Found by the same label, in one of its projects; runs of one DAG with each other; never with one that the bill
    does not know; no percentage of nothing."""
    rows = [
        used(0, 1, labels=labels(dbt_invocation_id="d1")),
        used(1, 2, labels=labels(cg_iteration="other"), project="web"),
        used(2, 3, labels=labels(airflow__dag="x")),
        used(3, 4, labels=labels(airflow__dag="y")),
        used(4, 5, labels=labels(airflow__dag="x")),
        used(5, 6, labels=labels(dbt_invocation_id="d2")),
        used(6, 7),
        used(7, 8, labels=labels(cg_iteration="mine")),
        used(8, 9),
    ]
    jobs = [ran("j", at(3), labels=labels(dbt_invocation_id="unbilled"))]
    result = found(tmp_path, rows, jobs)
    told = {
        item.id: change and (change.since, change.net, change.percent)
        for item, change in zip(result.iterations, changes(result.iterations), strict=True)
    }
    assert told == {
        "shop@2026-09-09T00:00": ("shop@2026-09-07T00:00", Decimal(2), pytest.approx(33.33, abs=0.01)),
        "mine": None,
        "shop@2026-09-07T00:00": None,
        "d2": ("d1", Decimal(5), None),
        "x@2026-09-05T00:00": ("x@2026-09-03T00:00", Decimal(2), 100.0),
        "y@2026-09-04T00:00": None,
        "x@2026-09-03T00:00": None,
        "unbilled": None,
        "other": None,
        "d1": None,
    }


def test_of_several_projects_the_latest_counts(tmp_path: Path) -> None:
    rows = [
        used(1, 1, labels=labels(cg_iteration="p"), project="p"),
        used(2, 2, labels=labels(cg_iteration="q"), project="q"),
        used(4, 3, labels=labels(cg_iteration="both"), project="p"),
        used(8, 3, labels=labels(cg_iteration="both"), project="q"),
    ]
    both, *others = changes(found(tmp_path, rows).iterations)
    assert both is not None
    assert (both.since, both.net, others) == ("q", Decimal(10), [None, None])


def test_an_iteration_by_its_name(tmp_path: Path) -> None:
    rows = [
        used(1, 1, labels=labels(cg_iteration="20260901-a")),
        used(1, 2, labels=labels(cg_iteration="20260902-a")),
        used(1, 3, labels=labels(dbt_invocation_id="same")),
        used(1, 4, labels=labels(cg_iteration="same")),
        used(1, 5, labels=labels(cg_iteration="same-but-longer")),
    ]
    iterations = found(tmp_path, rows).iterations
    ids = [(item.evidence, item.id) for item in iterations]
    assert ids[choose(iterations, "20260901-a")] == ("label:cg_iteration", "20260901-a")
    assert ids[choose(iterations, "20260902")] == ("label:cg_iteration", "20260902-a")
    assert ids[choose(iterations, "cg_iteration=same")] == ("label:cg_iteration", "same")
    with pytest.raises(UsageProblem, match="'same' may be any of 2 iterations: cg_iteration=same, dbt_invo"):
        choose(iterations, "same")
    with pytest.raises(UsageProblem, match="'2026090' may be any of 2 iterations"):
        choose(iterations, "2026090")
    for nothing in ("x", ""):
        with pytest.raises(
            UsageProblem, match=r"no iteration '.?' in this bill; the newest are same-but-longer, sa"
        ):
            choose(iterations, nothing)
    with pytest.raises(UsageProblem, match="the newest are none"):
        choose((), "x")


def compared(folder: Path, rows: list[Row], jobs: list[Row] | None = None) -> Comparison:
    """Iteration `a` against iteration `b`."""
    charges = load_charges([parquet(folder / "bill.parquet", rows)]).frame
    frame = load_jobs([test_jobs.parquet(folder / "jobs.parquet", jobs)]).frame if jobs else None
    settings = IterationSettings()
    result = find_iterations(charges, frame, settings)
    pair = (choose(result.iterations, name) for name in ("a", "b"))
    return compare(charges, result, *pair, settings)


def test_two_iterations(tmp_path: Path) -> None:
    machine = {"service": COMPUTE, "sku": "N2 Instance Core running"}
    disk = {"service": COMPUTE, "sku": "Storage PD Capacity"}
    rows = [
        used(4, 1, labels=labels(cg_iteration="a", team="ml", stage="dev")),
        used(1, 1, 1, labels=labels(cg_iteration="a", team="ml")),
        used(8, 1, labels=labels(cg_iteration="a"), **machine),
        used(2, 1, labels=labels(cg_iteration="a"), **disk),
        used(3, 2, labels=labels(cg_iteration="b", team="ml")),
        used(8, 2, labels=labels(cg_iteration="b"), **machine),
        used(20, 2, labels=labels(cg_iteration="b", team="web"), **TRAINING),
        used(99, 3, labels=labels(cg_iteration="c", team="ml")),
        used(99, 1, 9, labels=labels(team="ml")),
    ]
    result = compared(tmp_path, rows)
    assert (result.before.id, result.before.net, result.after.id, result.after.net) == ("a", 15, "b", 31)
    assert [(item.key, item.before, item.after, item.kind) for item in result.phases] == [
        ("training", None, Decimal(20), "added"),
        ("preprocessing", Decimal(5), Decimal(3), "cheaper"),
        ("storage", Decimal(2), None, "removed"),
        ("infrastructure", Decimal(8), Decimal(8), "same"),
    ]
    assert [(item.name, item.change) for item in result.skus] == [
        ("Vertex AI: Custom job training", Decimal(20)),
        ("BigQuery: Analysis (US)", Decimal(-2)),
        ("Compute Engine: Storage PD Capacity", Decimal(-2)),
        ("Compute Engine: N2 Instance Core running", Decimal(0)),
    ]
    assert [(item.key, item.before, item.after, item.kind) for item in result.labels] == [
        ("team=web", None, Decimal(20), "added"),
        ("stage=dev", Decimal(4), None, "removed"),
        ("team=ml", Decimal(5), Decimal(3), "cheaper"),
    ]
    assert result.queries is None
    for movements in (result.phases, result.skus):
        assert sum(item.change for item in movements) == result.after.net - result.before.net


def test_queries_of_two_iterations(tmp_path: Path) -> None:
    rows = [used(1, 1, labels=labels(cg_iteration="a")), used(1, 2, labels=labels(cg_iteration="b"))]

    def run(name: str, side: str, key: str | None, size: int, slots: int = 10, **changes: object) -> Row:
        hashes = {"query_info": {"query_hashes": {"normalized_literals": key}}}
        mine = labels(cg_iteration=side)
        return ran(name, at(1 if side == "a" else 2), labels=mine, query=f"SELECT {name}", **hashes,
                   total_bytes_billed=size, total_slot_ms=slots, **changes)  # fmt: skip

    jobs = [
        run("1", "a", "grows", 100), run("2", "b", "grows", 100), run("3", "b", "grows", 100),
        run("4", "a", "goes", 70), run("5", "b", "comes", 60),
        run("6", "a", "slower", 50), run("7", "b", "slower", 50, 30),
        run("8", "a", "same", 5), run("9", "b", "same", 5),
        run("10", "b", None, 5), run("11", "b", "grows", 0, cache_hit=True), run("12", "c", "grows", 999),
    ]  # fmt: skip
    result = compared(tmp_path, rows, jobs)
    assert result.queries is not None
    assert [(item.key, item.kind) for item in result.queries] == [
        ("grows", "dearer"),
        ("goes", "removed"),
        ("comes", "added"),
        ("slower", "dearer"),
        ("same", "same"),
    ]
    assert result.queries[0] == QueryMovement("grows", "SELECT 3", 1, 2, 100, 200, 10, 20)
    assert result.unhashed == 1


def test_two_that_are_not_billed_yet(tmp_path: Path) -> None:
    jobs = [ran(side, at(day), labels=labels(cg_iteration=side)) for day, side in ((1, "a"), (2, "b"))]
    result = compared(tmp_path, [used(1, 9)], jobs)
    assert (result.before.rows, result.after.rows) == (0, 0)
    assert (result.phases, result.skus, result.labels) == ((), (), ())
    assert result.queries is not None
    assert [item.kind for item in result.queries] == ["same"]
