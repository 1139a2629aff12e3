"""What a week spent for nothing, worked out by hand: 6.25 US dollars a TiB."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from costguard.history.charges import load_charges
from costguard.history.phases import phase_rules, with_phases
from costguard.history.prices import PricedJobs, price_jobs
from costguard.history.rollup import Period, week_period
from costguard.report.waste import Waste, waste_of, wasteful_charges
from tests.history.bills import Row, charge, parquet
from tests.history.past import TIB, history, run

WEEK = week_period("2026-W37")
PAST = Period(None, WEEK.end)
TUESDAY = datetime(2026, 9, 8, tzinfo=UTC)
NOTHING = pl.DataFrame(
    schema={
        "kind": pl.String,
        "key": pl.String,
        "name": pl.String,
        "rows": pl.Int64,
        "net": pl.Decimal(38, 9),
    }
)


def ran(name: str, minute: int = 0, day: datetime = TUESDAY, **changes: Any) -> Row:
    begin = day + timedelta(minutes=minute)
    times = {"creation_time": begin, "start_time": begin, "end_time": begin}
    return run(
        name, **{"total_bytes_billed": TIB, "query": f"SELECT '{name}' FROM {name[0]}", **times, **changes}
    )


def priced(folder: Path, *rows: Row) -> PricedJobs:
    return price_jobs(history(folder, *rows).frame, lambda *_: Decimal("6.25"), "US")


def test_jobs_that_were_for_nothing(tmp_path: Path) -> None:
    stopped = {"error_result": {"reason": "stopped"}, "query": "SELECT 1 FROM s"}
    found = waste_of(
        NOTHING,
        priced(
            tmp_path,
            ran("stop", **stopped, total_bytes_billed=TIB // 2),
            *(ran(f"again{number}", number * 60, query="SELECT x FROM again") for number in range(3)),
            *(ran(f"early{number}", number, TUESDAY - timedelta(weeks=1), query="SELECT y") for number in range(3)),
            *(ran(f"slots{number}", number, query="SELECT z", reservation_id="p:US.r") for number in range(3)),
            *(ran(f"n{number}", number, query=f"SELECT v FROM t WHERE id = {number}", total_bytes_billed=TIB // 8)
              for number in range(20)),
        ),
        WEEK,
        PAST,
    )  # fmt: skip
    assert found == (
        Waste("one-by-one", "select v from t where id = ?", 20, Decimal("6.25") * 19 / 8, "jobs"),
        Waste("asked-again", "select x from again", 3, Decimal("12.5"), "jobs"),
        Waste("stopped", "queries that were stopped, and charged for", 1, Decimal("3.125"), "jobs"),
    )


def test_what_no_job_reads_takes_two_weeks_to_tell(tmp_path: Path) -> None:
    table = {"project_id": "p", "dataset_id": "d", "table_id": "out"}
    writes = [
        ran(
            f"w{number}",
            0,
            TUESDAY - timedelta(days=10 - 7 * number),
            destination_table=table,
            referenced_tables=[],
        )
        for number in range(3)
    ]
    other = ran("x", 0, TUESDAY - timedelta(days=20), referenced_tables=[], destination_table=None)
    found = waste_of(NOTHING, priced(tmp_path, *writes, other), WEEK, PAST)
    assert found == (
        Waste("nobody-reads", "p.d.out", 1, Decimal("6.25"), "jobs"),
    )  # one of three in the week
    assert waste_of(NOTHING, priced(tmp_path, *writes[1:]), WEEK, PAST) == ()


def test_rows_of_the_bill(tmp_path: Path) -> None:
    times = {"usage_start_time": TUESDAY, "usage_end_time": TUESDAY + timedelta(hours=1)}
    unused = [{"key": "compute.googleapis.com/is_unused_reservation", "value": "true"}]
    compute = {"service__id": "6F81-5844-456A", **times}
    rows = [
        charge(
            3.0,
            (("DISCOUNT", -1.0),),
            **compute,
            sku__id="a",
            sku__description="N2 Core",
            system_labels=unused,
        ),
        charge(4.0, (), **compute, sku__id="a", sku__description="N2 Core"),
        charge(1.5, (), **times, sku__id="b", sku__description="Long Term Logical Storage (US)"),
        charge(0.5, (), **times, sku__id="b", sku__description="Long Term Logical Storage (US)"),
        charge(0.75, (), **compute, sku__id="c", sku__description="Network Inter Zone Data Transfer"),
        charge(0.001, (), **compute, sku__id="d", sku__description="Network Internet Egress"),
        charge(9.0, (), **times),
    ]
    frame = with_phases(load_charges([parquet(tmp_path / "bill.parquet", rows)]).frame, phase_rules())
    assert waste_of(wasteful_charges(frame).collect(), None, WEEK, PAST) == (
        Waste("idle-reservation", "N2 Core", 1, Decimal(2), "bill"),
        Waste("unchanged-storage", "Long Term Logical Storage (US)", 2, Decimal(2), "bill"),
        Waste("network", "Network Inter Zone Data Transfer", 1, Decimal("0.75"), "bill"),
    )
