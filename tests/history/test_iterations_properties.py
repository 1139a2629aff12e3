"""Whatever a bill holds: the parts add up to it, and neither the order of rows nor their files matter."""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costguard.history.charges import load_charges, summarise
from costguard.history.iterations import Found, find_iterations
from costguard.history.jobs import load_jobs
from tests.history import test_jobs
from tests.history.bills import Row, at, parquet
from tests.history.runs_of_a_project import COMPUTE, DATAPROC, ran, used

KEYS = ("cg_iteration", "dbt_invocation_id", "airflow-dag", "goog-dataproc-cluster-uuid", "team")
LABELS = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(["a", "b", ""]), max_size=3).map(
    lambda found: [{"key": key, "value": value} for key, value in found.items()]
)
ROWS = st.lists(
    st.builds(
        lambda cost, day, hour, hours, service, sku, project, kind, mine: used(
            float(cost), day, hour, hours, service, sku, project, cost_type=kind, labels=mine
        ),
        st.decimals(-1000, 1000, places=4),
        st.integers(1, 4),
        st.integers(0, 23),
        st.sampled_from([0, 1, 1, 24]),
        st.sampled_from([COMPUTE, DATAPROC, {"id": "24E6-581D-38E5", "description": "BigQuery"}]),
        st.sampled_from(["Analysis (US)", "Active Logical Storage (US)", "Commitment v1", "N2 Core"]),
        st.sampled_from(["p", "q", None]),
        st.sampled_from(["regular", "regular", "regular", "tax", "adjustment"]),
        LABELS,
    ),
    min_size=1,
    max_size=30,
)
STARTS = st.builds(at, st.integers(1, 4), st.integers(0, 23))
JOBS = st.lists(st.fixed_dictionaries({"start": STARTS, "labels": LABELS}), max_size=8)


def shown(found: Found) -> tuple[object, ...]:
    return found.iterations, found.standing, found.unattributed, found.net, found.by_phase, found.unclassified


def written(folder: Path, pieces: list[list[Row]]) -> list[str]:
    return [parquet(folder / f"{number}.parquet", piece) for number, piece in enumerate(pieces) if piece]


@given(ROWS, JOBS, st.integers(0, 30), st.integers())
@settings(max_examples=25, deadline=None)
def test_the_parts_are_the_bill_in_any_order_and_any_files(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row], jobs: list[Row], cut: int, seed: int
) -> None:
    history = [ran(f"j{number}", job["start"], labels=job["labels"]) for number, job in enumerate(jobs)]
    frame = None
    if history:
        frame = load_jobs([test_jobs.parquet(tmp_path_factory.mktemp("jobs") / "j.parquet", history)]).frame
    whole = written(tmp_path_factory.mktemp("bill"), [rows])
    one = find_iterations(load_charges(whole).frame, frame)
    total = summarise(load_charges(whole))
    assert one.to_iterations + one.standing_net + one.unattributed_net == one.net == total.net
    assert sum(one.by_phase.values()) == one.net
    together = [*one.iterations, *one.standing, *one.unattributed]
    assert sum(item.rows for item in together) == one.rows == total.rows
    assert one.charges["rows"].sum() == total.rows
    for item in one.iterations:
        assert sum(item.by_phase.values(), Decimal(0)) == item.net
        assert item.start <= item.end
    assert len({(item.evidence, item.id) for item in one.iterations}) == len(one.iterations)

    shuffled = random.Random(seed).sample(rows, len(rows))
    pieces = written(tmp_path_factory.mktemp("bill"), [shuffled[:cut], shuffled[cut:]])
    other = find_iterations(load_charges(pieces).frame, frame)
    assert shown(other) == shown(one)
