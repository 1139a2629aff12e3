"""A report and the iterations of a bill that BigQuery's emulator added up: the same as of the bill's rows."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from costguard.cloud.bigquery import Access, BigQuery
from costguard.cloud.bill import DEFAULT_LIMIT, cells
from costguard.errors import UsageProblem
from costguard.history.cells import CellRequest, wanted_labels
from costguard.history.changes import compare
from costguard.history.charge_sql import table_name
from costguard.history.charges import Charges, check_charges, load_charges
from costguard.history.iterations import IterationSettings, find_iterations
from costguard.history.jobs import load_jobs
from costguard.history.prices import price_jobs
from costguard.render.report_json import report_document
from costguard.report.weekly import ReportSettings, build_report, report_cells, week_of
from tests.emulator.test_bill import PROJECT, table
from tests.history.bills import Row, charge, parquet
from tests.history.test_jobs import job
from tests.history.test_jobs import parquet as jobs_parquet

pytestmark = pytest.mark.xdist_group("emulator")

START = datetime(2026, 8, 3, tzinfo=UTC)
NOW = datetime(2026, 9, 14, 6, tzinfo=UTC)
SERVICES = {
    "24E6-581D-38E5": "BigQuery",
    "6F81-5844-456A": "Compute Engine",
    "95FF-2EF5-5EA1": "Cloud Storage",
}
SKUS = {"a": "Analysis (US)", "b": "N1 Core", "c": "Standard Storage US"}


def bill() -> list[Row]:
    """Seven weeks with iterations by label and in time, charges of a month, promotions, late rows, several projects."""
    chance = random.Random(20260803)
    rows: list[Row] = []
    for number in range(700):
        begin = START + timedelta(minutes=101 * number - chance.randrange(60))
        service, sku = chance.choice(list(SERVICES)), chance.choice(list(SKUS))
        kinds = chance.sample(["DISCOUNT", "PROMOTION", "FREE_TIER"], chance.randrange(3))
        labels = [{"key": "team", "value": chance.choice("mn")}] * chance.randrange(2)
        if chance.random() < 0.4:
            labels.append({"key": "cg_iteration", "value": f"{begin:%Y%m%d}"})
        if chance.random() < 0.7:
            labels.append({"key": "other", "value": chance.choice("xyz")})
        rows.append(
            charge(
                chance.uniform(0, 9),
                tuple((kind, -chance.random()) for kind in kinds),
                usage_start_time=begin,
                usage_end_time=begin + timedelta(days=28 if number % 90 == 0 else 0, hours=1),
                export_time=begin + timedelta(hours=chance.choice([5, 8, 9, 200])),
                invoice__month=f"{begin:%Y%m}",
                service__id=service,
                service__description=SERVICES[service],
                sku__id=sku,
                sku__description=SKUS[sku],
                project=chance.choice(
                    [None, *({"id": name, "name": name.upper(), "labels": []} for name in ("p", "q"))]
                ),
                labels=labels,
                system_labels=[],
                tags=[{"key": "phase", "value": "t"}] * chance.randrange(2),
                cost_type=chance.choice(["regular"] * 9 + ["tax"]),
            )
        )
    return rows


def pushed(name: str, request: CellRequest) -> Charges:
    found, asked = cells(
        BigQuery(Access(PROJECT, label="test")),
        table_name(f"{PROJECT}.billing.{name}"),
        request,
        DEFAULT_LIMIT,
    )
    assert asked.rows == (
        found.frame.collect().height + (found.lags.collect().height if request.as_of else 0)
    )
    return found


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Asia/Kolkata"])
def test_the_same_report(emulator: str, tmp_path: Path, zone: str) -> None:
    rows = bill()
    table("report", rows)
    settings = ReportSettings(("team", "other"))
    week = week_of("2026-W37", zone, NOW)
    found = pushed("report", report_cells(week, NOW, settings, prices=False))
    expected = build_report(load_charges([parquet(tmp_path / "bill.parquet", rows)]), week, NOW, settings)
    assert report_document(build_report(found, week, NOW, settings)) == report_document(expected)
    assert expected.iterations
    assert expected.totals.rows > 90
    assert expected.freshness.before_known != expected.totals.net_before
    before = found.frame.collect().filter(pl.col("usage_start") < week.earlier(2).start)
    assert before.height > 100
    assert before["usage_start"].n_unique() <= 28  # days before are not told by the hour


def test_the_same_iterations(emulator: str, tmp_path: Path) -> None:
    rows = bill()
    table("iterations", rows)
    settings = IterationSettings(labels=("team", "tag:phase"))
    local = load_charges([parquet(tmp_path / "bill.parquet", rows)])
    for whole_labels in (False, True):
        found = pushed("iterations", CellRequest(wanted_labels(settings), whole_labels=whole_labels))
        assert check_charges(found) == check_charges(local)
        ours, theirs = (find_iterations(one.frame, None, settings) for one in (found, local))
        assert ours.iterations == theirs.iterations
        assert (ours.standing, ours.unattributed, ours.net) == (
            theirs.standing,
            theirs.unattributed,
            theirs.net,
        )
    most = sorted(range(len(theirs.iterations)), key=lambda number: -theirs.iterations[number].rows)
    two = [
        compare(one.frame, each, most[0], most[1], settings) for one, each in ((found, ours), (local, theirs))
    ]
    assert two[0] == two[1]
    assert any(item.key == "other=x" for item in two[0].labels)


def test_the_same_prices(emulator: str, tmp_path: Path) -> None:
    rows = bill()
    table("prices", rows)
    week = week_of("2026-W37", "UTC", NOW)
    found = pushed("prices", report_cells(week, NOW, ReportSettings(), prices=True))
    local = load_charges([parquet(tmp_path / "bill.parquet", rows)])
    begin = week.start + timedelta(hours=1)
    jobs = load_jobs(
        [jobs_parquet(tmp_path / "jobs.parquet", [job("job_1", creation_time=begin, project_id="p")])]
    )
    ours, theirs = (
        price_jobs(jobs.frame, lambda *_: Decimal("6.25"), "us-central1", one) for one in (found, local)
    )
    assert ours.bill == theirs.bill
    assert ours.bill is not None
    assert ours.bill.free_tier < 0
    assert ours.frame.equals(theirs.frame)
    assert ours.frame["payment"].to_list() == ["bill"]


def test_two_currencies_are_refused(emulator: str) -> None:
    table("mixed", [charge(1.0), charge(1.0, currency="CHF")])
    with pytest.raises(UsageProblem, match="amounts in CHF and USD cannot be added up"):
        check_charges(pushed("mixed", CellRequest(())))


def test_too_many_rows(emulator: str) -> None:
    table("many", [charge(1.0), charge(1.0, service__id="other")])
    with pytest.raises(UsageProblem, match="the answer has 2 rows, more than 1; choose a shorter time"):
        cells(
            BigQuery(Access(PROJECT)),
            table_name(f"{PROJECT}.billing.many"),
            CellRequest(()),
            DEFAULT_LIMIT,
            1,
        )
