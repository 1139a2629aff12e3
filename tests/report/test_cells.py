"""Charges that were added up give the figures that they give one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings

from bench.billing import export_frame
from costguard.config import PhaseRule
from costguard.history import iterations
from costguard.history.adding_up import CATEGORY, AddedUp, Label, label_of_charge
from costguard.history.charges import load_charges
from costguard.history.iterations import IterationSettings
from costguard.history.jobs import load_jobs
from costguard.history.rollup import within
from costguard.render.report_json import report_document
from costguard.report import cells
from costguard.report.cells import cells_of_report
from costguard.report.weekly import ReportSettings, build_report, report_cells, week_of
from tests.history.bills import Row, parquet
from tests.report.test_properties import EXAMPLES, NOW, START, WITHOUT_SHRINKING, bills, is_reported
from tests.report.weeks import daily, moment

CHURN = Path(__file__).resolve().parents[2] / "examples" / "churn" / "history"
OWN = IterationSettings(
    labels=("team",),
    phases=(
        PhaseRule(phase="training", sku="Core", project="p"),
        PhaseRule(phase="serving", label="team=ml"),
    ),
)


def one_by_one(
    charges: pl.LazyFrame,
    texts: Sequence[str],
    labels: Sequence[Label],
    others: Mapping[str, pl.Expr],
    sums: Sequence[pl.Expr],
) -> AddedUp:
    """In the shape of `add_up`, each charge by itself, with all labels that are asked for."""
    names = {label: f"label_{number}" for number, label in enumerate(labels)}
    keys = [
        "charge",
        *(pl.col(name).cast(CATEGORY) for name in texts),
        *(label_of_charge(*label).cast(CATEGORY).alias(name) for label, name in names.items()),
        *(other.alias(name) for name, other in others.items()),
    ]
    frame = charges.with_row_index("charge").group_by(keys).agg(*sums).drop("charge").collect()
    return AddedUp(frame, names)


@contextmanager
def not_added_up() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for module in (cells, iterations):
            patch.setattr(module, "add_up", one_by_one)
        yield


def documents(
    paths: Sequence[str],
    week: str,
    now: datetime,
    chosen: ReportSettings,
    zone: str = "UTC",
    jobs: Sequence[str] = (),
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The report with and without adding up."""
    history = load_jobs(jobs).frame if jobs else None

    def built() -> dict[str, Any]:
        return report_document(
            build_report(load_charges(paths), week_of(week, zone, now), now, chosen, history)
        )

    with not_added_up():
        expected = built()
    return built(), expected


@pytest.mark.parametrize(
    ("of_iterations", "zone"),
    [(IterationSettings(), "Asia/Kolkata"), (OWN, "UTC"), (OWN, "America/Los_Angeles")],
    ids=["shipped", "own", "own-west"],
)
def test_any_bill(
    of_iterations: IterationSettings, zone: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    chosen = ReportSettings(("team", "nobody-has-it"), of_iterations)

    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, phases=WITHOUT_SHRINKING)
    @given(rows=bills().filter(is_reported))
    def check(rows: list[Row]) -> None:
        # Twice the same but for the resource, as detailed exports have them, so that there is something to add up.
        path = parquet(tmp_path_factory.mktemp("bill") / "bill.parquet", [*rows, *rows])
        found, expected = documents([path], "2026-W37", NOW, chosen, zone)
        assert found == expected

    check()


def test_the_benchmark_s_bill(tmp_path: Path) -> None:
    export_frame(0, 3000, 7).write_parquet(tmp_path / "bill.parquet")
    found, expected = documents(
        [str(tmp_path)],
        "2026-W37",
        datetime(2026, 9, 15, tzinfo=UTC),
        ReportSettings(("team", "env"), IterationSettings(labels=("run",))),
    )
    assert found == expected
    assert found["iterations"]


@pytest.mark.parametrize("week", ["2026-W37", "2026-W42"])
def test_the_example_s_bill(week: str) -> None:
    found, expected = documents(
        [str(CHURN / "billing")],
        week,
        datetime(2026, 11, 5, 6, tzinfo=UTC),
        ReportSettings(),
        jobs=[str(CHURN / "jobs")],
    )
    assert found == expected
    assert found["iterations"]


def test_only_days_of_earlier_weeks_are_told_apart(tmp_path: Path) -> None:
    """By the hour is told what the figures of iterations need: the week, those around it, and a day more."""
    first = date(2026, 7, 27)
    rows = [
        daily(day, 1.0, usage_start_time=moment(day, hour))
        for day in (first + timedelta(days=number) for number in range(49))
        for hour in range(12)
    ]
    charges = load_charges([parquet(tmp_path / "bill.parquet", rows)])
    week = week_of("2026-W37", "UTC", NOW)
    request = report_cells(week, NOW, ReportSettings(), prices=False)
    found = cells_of_report(charges.frame, request, IterationSettings())
    by_day = found.marked.group_by(pl.col("usage_start").dt.date()).agg(pl.len(), pl.col("rows").sum())
    assert set(by_day["rows"]) == {12}
    exact = by_day.filter(pl.col("len") == 12)["usage_start"]
    assert (exact.min(), exact.max()) == (date(2026, 8, 30), date(2026, 9, 13))
    assert set(by_day.filter(pl.col("len") != 12)["len"]) == {1}
    assert found.marked["net"].sum() == within(charges.frame, request.period).collect()["net"].sum()


def test_a_name_is_the_latest_of_its_day(tmp_path: Path) -> None:
    """Also where only the day of usage is told apart."""
    day = START.date() - timedelta(days=21)
    rows = [
        daily(day, 1.0, usage_start_time=moment(day, hour), service__description=name)
        for hour, name in ((1, "Zeta"), (5, "Alpha"))
    ]
    charges = load_charges([parquet(tmp_path / "bill.parquet", rows)])
    request = report_cells(week_of("2026-W37", "UTC", NOW), NOW, ReportSettings(), prices=False)
    frame = cells_of_report(charges.frame, request, IterationSettings()).frame
    assert frame.sort("usage_start").last().collect()["service"].to_list() == ["Alpha"]
