"""Every roll-up adds up to the total, whatever it is by."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costguard.errors import UsageProblem
from costguard.history.charges import load_charges, summarise
from costguard.history.columns import MONEY
from costguard.history.rollup import Period, Sum, roll_up, roll_up_together, sums, week_period, within
from tests.history.bills import Row, at, charge, parquet

ALL = (
    "service",
    "sku",
    "project",
    "region",
    "resource",
    "cost-type",
    "invoice-month",
    "day",
    "week",
    "label:team",
    "tag:x",
)


EVER = Period()


def by(path: str, dimension: str, zone: str = "UTC", period: Period = EVER) -> list[Sum]:
    frame = within(load_charges([path]).frame, period)
    return sums(roll_up(frame, dimension, zone).collect())


def nets(path: str, dimension: str, **options: Any) -> dict[str | None, Decimal]:
    return {item.key: item.net for item in by(path, dimension, **options)}


BILL = [
    charge(5.0, (("DISCOUNT", -1.0),)),
    charge(2.0, labels=[{"key": "team", "value": "web"}, {"key": "x", "value": "y"}]),
    charge(1.0, labels=None, service={"id": "S2", "description": "Storage"}, usage_start_time=at(2, 23)),
    charge(-0.5, project=None, labels=[], service={"id": "S2", "description": "Storage"}),
]


def test_of_one_net_by_the_names_and_null_last(tmp_path: Path) -> None:
    labels = [[{"key": "team", "value": name}] for name in ("b", "a", "c")]
    rows = [charge(2.0, labels=labels[0]), charge(2.0, labels=labels[1]), charge(2.0, labels=None)]
    path = parquet(tmp_path / "b.parquet", [charge(1.0, labels=labels[2]), *rows])
    assert [(item.key, item.net) for item in by(path, "label:team")] == [
        *(("a", Decimal(2)), ("b", Decimal(2)), (None, Decimal(2)), ("c", Decimal(1)))
    ]
    together = roll_up_together(load_charges([path]).frame, ["project", "label:team"])
    assert together["label:team"].to_list() == ["a", "b", None, "c"]


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from(["a", "b", "", None]), st.booleans()),
        min_size=0,
        max_size=12,
    )
)
def test_the_order_is_that_of_a_sort_by_net_and_names(rows: list[tuple[float, str | None, bool]]) -> None:
    frame = pl.LazyFrame(
        [(Decimal(str(cost)), Decimal(0), 1, name, "x" if other else "y") for cost, name, other in rows],
        schema={"cost": MONEY, "credit": MONEY, "rows": pl.Int64, "project": pl.String, "region": pl.String},
        orient="row",
    )
    found = roll_up_together(frame, ["project", "region"])
    wanted = found.sort("net", "project", "region", descending=[True, False, False], nulls_last=True)
    assert found.rows() == wanted.rows()


def test_a_credit_without_a_cost_counts(tmp_path: Path) -> None:
    path = parquet(tmp_path / "b.parquet", [charge(3.0), charge(None, (("DISCOUNT", -1.0),))])
    (item,) = by(path, "service")
    assert (item.gross, item.credits, item.net) == (Decimal(3), Decimal(-1), Decimal(2))
    summary = summarise(load_charges([path]))
    assert (summary.gross, summary.credits, summary.net) == (item.gross, item.credits, item.net)


def test_the_dearest_first_and_the_null_key_too(tmp_path: Path) -> None:
    path = parquet(tmp_path / "b.parquet", BILL)
    assert by(path, "label:team") == [
        Sum("ml", None, 1, Decimal(5), Decimal(-1), Decimal(4)),
        Sum("web", None, 1, Decimal(2), Decimal(0), Decimal(2)),
        Sum(None, None, 2, Decimal("0.5"), Decimal(0), Decimal("0.5")),
    ]
    assert nets(path, "project") == {"shop": Decimal(7), None: Decimal("-0.5")}
    assert nets(path, "day") == {"2026-09-01": Decimal("5.5"), "2026-09-02": Decimal(1)}


def test_a_day_is_one_of_the_time_zone(tmp_path: Path) -> None:
    path = parquet(tmp_path / "b.parquet", BILL)
    assert nets(path, "day", zone="Asia/Tokyo") == {"2026-09-01": Decimal("5.5"), "2026-09-03": Decimal(1)}


def test_18_a_renamed_service_keeps_its_id_and_shows_its_latest_name(tmp_path: Path) -> None:
    rows = [
        charge(1.0, service={"id": "S", "description": "Vertex AI"}, usage_start_time=at(1)),
        charge(1.0, service={"id": "S", "description": "Agent Platform"}, usage_start_time=at(9)),
        charge(1.0, service={"id": "S", "description": None}, usage_start_time=at(20)),
    ]
    (found,) = by(parquet(tmp_path / "b.parquet", rows), "service")
    assert (found.key, found.name, found.net) == ("S", "Agent Platform", Decimal(3))


def test_a_label_that_is_there_twice(tmp_path: Path) -> None:
    labels = [{"key": "team", "value": "a"}, {"key": "team", "value": "b"}]
    assert nets(parquet(tmp_path / "b.parquet", [charge(1.0, labels=labels)]), "label:team") == {
        "a": Decimal(1)
    }


CHARGES = st.lists(
    st.builds(
        lambda cost, credits, service, project, team, day, region: charge(
            float(cost),
            tuple(("DISCOUNT", float(-amount)) for amount in credits),
            service={"id": service, "description": service},
            project=None if project is None else {"id": project, "name": None, "labels": []},
            labels=[{"key": "team", "value": value} for value in team],
            usage_start_time=at(day),
            location={"location": "x", "region": region},
        ),
        st.decimals(-1000, 1000, places=4),
        st.lists(st.decimals(0, 10, places=4), max_size=3),
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(["p", "q", None]),
        st.lists(st.sampled_from(["ml", "web", ""]), max_size=3),
        st.integers(1, 28),
        st.sampled_from(["us", None]),
    ),
    min_size=1,
    max_size=25,
)


@given(CHARGES)
@settings(max_examples=40, deadline=None)
def test_every_dimension_adds_up_to_the_total(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row]
) -> None:
    path = parquet(tmp_path_factory.mktemp("bill") / "b.parquet", rows)
    total = summarise(load_charges([path]))
    for dimension in ALL:
        found = by(path, dimension)
        assert sum(item.net for item in found) == total.net, dimension
        assert sum(item.gross for item in found) == total.gross
        assert sum(item.credits for item in found) == total.credits
        assert sum(item.rows for item in found) == total.rows
        assert len({item.key for item in found}) == len(found)


@pytest.mark.parametrize(
    ("week", "zone", "start", "end"),
    [
        ("2026-W47", "UTC", datetime(2026, 11, 16, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)),
        ("2026-W01", "UTC", datetime(2025, 12, 29, tzinfo=UTC), datetime(2026, 1, 5, tzinfo=UTC)),
        # the clocks go back on Sunday: 169 hours
        (
            "2026-W43",
            "Europe/Zurich",
            datetime(2026, 10, 18, 22, tzinfo=UTC),
            datetime(2026, 10, 25, 23, tzinfo=UTC),
        ),
    ],
)
def test_weeks(week: str, zone: str, start: datetime, end: datetime) -> None:
    assert week_period(week, zone) == Period(start, end)


def test_charges_of_a_week(tmp_path: Path) -> None:
    rows = [
        charge(1.0, usage_start_time=at(6, 23)),
        charge(2.0, usage_start_time=at(7)),
        charge(4.0, usage_start_time=at(14)),
    ]
    path = parquet(tmp_path / "b.parquet", rows)
    assert nets(path, "day", period=week_period("2026-W37")) == {"2026-09-07": Decimal(2)}
    assert sum(nets(path, "day").values()) == 7


def test_by_week(tmp_path: Path) -> None:
    rows = [
        charge(1.0, usage_start_time=datetime(2025, 12, 28, 23, tzinfo=UTC)),
        charge(2.0, usage_start_time=datetime(2025, 12, 29, tzinfo=UTC)),
        charge(4.0, usage_start_time=datetime(2026, 1, 4, 23, tzinfo=UTC)),
        charge(8.0, usage_start_time=datetime(2026, 1, 5, tzinfo=UTC)),
    ]
    path = parquet(tmp_path / "b.parquet", rows)
    assert nets(path, "week") == {"2025-W52": 1, "2026-W01": 6, "2026-W02": 8}
    assert nets(path, "week", zone="Asia/Tokyo") == {"2026-W01": 3, "2026-W02": 12}


def test_several_dimensions_at_once(tmp_path: Path) -> None:
    frame = load_charges([parquet(tmp_path / "b.parquet", BILL)]).frame
    found = roll_up_together(frame, ("week", "service", "label:team", "service"))
    assert found.columns == ["week", "service", "label:team", "rows", "gross", "credits", "net"]
    assert found.rows() == [
        ("2026-W36", "24E6-581D-38E5", "ml", 1, Decimal(5), Decimal(-1), Decimal(4)),
        ("2026-W36", "24E6-581D-38E5", "web", 1, Decimal(2), Decimal(0), Decimal(2)),
        ("2026-W36", "S2", None, 2, Decimal("0.5"), Decimal(0), Decimal("0.5")),
    ]
    with pytest.raises(UsageProblem, match="cannot be added up by 'colour'"):
        roll_up_together(frame, ("week", "colour"))


@given(CHARGES, st.lists(st.sampled_from(ALL), min_size=1, max_size=3, unique=True))
@settings(max_examples=40, deadline=None)
def test_together_adds_up_to_each_alone(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row], dimensions: list[str]
) -> None:
    path = parquet(tmp_path_factory.mktemp("bill") / "b.parquet", rows)
    together = roll_up_together(load_charges([path]).frame, dimensions)
    assert not together.select(dimensions).is_duplicated().any()
    for dimension in dimensions:
        found: dict[str | None, list[Any]] = {}
        for row in together.iter_rows(named=True):
            sofar = found.setdefault(row[dimension], [0, Decimal(0), Decimal(0), Decimal(0)])
            for place, name in enumerate(("rows", "gross", "credits", "net")):
                sofar[place] += row[name]
        assert found == {
            item.key: [item.rows, item.gross, item.credits, item.net] for item in by(path, dimension)
        }


@pytest.mark.parametrize("week", ["2026-47", "2026-W54", "2025-W53", "W47", "2026-W00", ""])
def test_weeks_that_are_none(week: str) -> None:
    with pytest.raises(UsageProblem, match="is no ISO week such as 2026-W47"):
        week_period(week)


def test_what_there_is_not(tmp_path: Path) -> None:
    path = parquet(tmp_path / "b.parquet", BILL)
    for dimension in ("colour", "label:", "label", "days"):
        with pytest.raises(UsageProblem, match="cannot be added up by"):
            by(path, dimension)
    for zone in ("Mars/Base", "../etc/passwd", ""):
        with pytest.raises(UsageProblem, match="is no time zone"):
            by(path, "day", zone)
