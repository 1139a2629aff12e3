"""A bill added up here and by BigQuery's emulator: the same figures, to the nano."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from google.cloud.bigquery import SchemaField

from costguard.cloud.bigquery import Access, BigQuery
from costguard.cloud.bill import DEFAULT_LIMIT, roll_ups
from costguard.errors import UsageProblem
from costguard.history.charge_sql import table_name
from costguard.history.charges import load_charges
from costguard.history.rollup import Period, roll_up, roll_up_together, week_period, within
from tests.history.bills import Row, charge, parquet, plain

pytestmark = pytest.mark.xdist_group("emulator")

PROJECT = "test-project"
DIMENSIONS = (
    *("service", "sku", "project", "region", "resource", "cost-type", "invoice-month", "day", "week"),
    *("label:team", "label:none", "system-label:cores", "project-label:env", "tag:t"),
)
START = datetime(2026, 9, 1, tzinfo=UTC)


def bill() -> list[Row]:
    """Rows with all that makes adding up go wrong; no two at the same time, so that each name has a latest use."""
    chance = random.Random(20260901)
    rows: list[Row] = []
    for number in range(400):
        begin = START + timedelta(minutes=97 * number)
        kinds = chance.sample(["DISCOUNT", "PROMOTION", "FREE_TIER"], chance.randrange(3))
        rows.append(
            charge(
                chance.uniform(-1, 9) if chance.random() < 0.9 else 0.1 + 0.2,
                tuple((kind, -chance.random()) for kind in kinds),
                usage_start_time=begin,
                usage_end_time=begin + timedelta(hours=1),
                export_time=begin + timedelta(hours=8),
                invoice__month=f"{begin:%Y%m}",
                service__id=chance.choice("ab"),
                service__description=chance.choice(["A", "B", None]),
                sku__id=chance.choice("xyz"),
                project=chance.choice(
                    [None, {"id": "p", "name": "P", "labels": [{"key": "env", "value": "prod"}]}]
                ),
                labels=[{"key": "team", "value": chance.choice("mn")} for _ in range(chance.randrange(3))],
                system_labels=[{"key": "cores", "value": "4"}] * chance.randrange(2),
                tags=[{"key": "t", "value": "1"}] * chance.randrange(2),
                location=chance.choice(
                    [{"location": "us", "region": "us-east1"}, {"location": "eu", "region": None}]
                ),
                resource__global_name=chance.choice([None, "//r/1"]),
                cost_type=chance.choice(["regular", "tax"]),
            )
        )
    return rows


def pairs(name: str) -> SchemaField:
    return SchemaField(
        name, "RECORD", "REPEATED", fields=[SchemaField("key", "STRING"), SchemaField("value", "STRING")]
    )


def texts(name: str, *fields: str) -> SchemaField:
    return SchemaField(name, "RECORD", fields=[SchemaField(field, "STRING") for field in fields])


SCHEMA = [
    SchemaField("billing_account_id", "STRING"),
    texts("service", "id", "description"),
    texts("sku", "id", "description"),
    SchemaField("usage_start_time", "TIMESTAMP"),
    SchemaField("usage_end_time", "TIMESTAMP"),
    SchemaField(
        "project",
        "RECORD",
        fields=[SchemaField("id", "STRING"), SchemaField("name", "STRING"), pairs("labels")],
    ),
    pairs("labels"),
    pairs("system_labels"),
    pairs("tags"),
    texts("location", "location", "region"),
    texts("resource", "name", "global_name"),
    SchemaField("cost", "FLOAT"),
    SchemaField("currency", "STRING"),
    SchemaField(
        "credits",
        "RECORD",
        "REPEATED",
        fields=[SchemaField("type", "STRING"), SchemaField("amount", "FLOAT")],
    ),
    SchemaField(
        "usage",
        "RECORD",
        fields=[SchemaField("amount_in_pricing_units", "FLOAT"), SchemaField("pricing_unit", "STRING")],
    ),
    texts("invoice", "month", "publisher_type"),
    SchemaField("cost_type", "STRING"),
    SchemaField("export_time", "TIMESTAMP"),
]


def table(name: str, rows: list[Row], partitioned_by: str | None = None) -> None:
    """Make the table, partitioned by a column or by the time of ingestion, and put the rows into it, with Google's
    client."""
    client = bigquery.Client(project=PROJECT, credentials=AnonymousCredentials())  # type: ignore[no-untyped-call]
    client.create_dataset("billing", exists_ok=True)
    made = bigquery.Table(f"{PROJECT}.billing.{name}", schema=SCHEMA)
    made.time_partitioning = bigquery.TimePartitioning(type_="DAY", field=partitioned_by)
    client.delete_table(made, not_found_ok=True)
    client.create_table(made)
    known = {field.name for field in SCHEMA}
    assert client.insert_rows_json(made, [_known(plain(row), known) for row in rows]) == []


def _known(row: dict[str, Any], known: set[str]) -> dict[str, Any]:
    kept = {name: value for name, value in row.items() if name in known}
    kept["usage"] = {name: row["usage"][name] for name in ("amount_in_pricing_units", "pricing_unit")}
    kept["credits"] = [{"type": one["type"], "amount": one["amount"]} for one in row["credits"]]
    return kept


def pushed(name: str, dimensions: tuple[str, ...], period: Period, zone: str) -> dict[str, pl.DataFrame]:
    found = roll_ups(
        BigQuery(Access(PROJECT, label="test")),
        table_name(f"{PROJECT}.billing.{name}"),
        dimensions,
        period,
        zone,
        DEFAULT_LIMIT,
    )
    assert found.currency == "USD"
    assert found.table.partition == "_PARTITIONTIME"
    return dict(found.rolled)


@pytest.mark.parametrize(
    ("week", "zone"),
    [(None, "UTC"), ("2026-W38", "UTC"), ("2026-W38", "America/Los_Angeles"), ("2026-W39", "Asia/Kolkata")],
)
def test_the_same_to_the_nano(emulator: str, tmp_path: Path, week: str | None, zone: str) -> None:
    rows = bill()
    table("bill", rows)
    period = week_period(week, zone) if week is not None else Period()
    found = pushed("bill", DIMENSIONS, period, zone)
    local = within(load_charges([parquet(tmp_path / "bill.parquet", rows)]).frame, period)
    for dimension in DIMENSIONS:
        expected = roll_up(local, dimension, zone).collect()
        assert found[dimension].rows() == expected.rows(), dimension
        assert found[dimension]["net"].sum() == expected["net"].sum() != 0


TOGETHER = (
    ("week", "service", "label:team"),
    ("region", "sku"),
    ("invoice-month", "cost-type", "project", "day"),
)


@pytest.mark.parametrize(("week", "zone"), [(None, "UTC"), ("2026-W38", "America/Los_Angeles")])
def test_several_together_the_same_to_the_nano(
    emulator: str, tmp_path: Path, week: str | None, zone: str
) -> None:
    rows = bill()
    table("bill", rows)
    period = week_period(week, zone) if week is not None else Period()
    name = table_name(f"{PROJECT}.billing.bill")
    client = BigQuery(Access(PROJECT, label="test"))
    found = roll_ups(client, name, ("service",), period, zone, DEFAULT_LIMIT, TOGETHER).together
    local = within(load_charges([parquet(tmp_path / "bill.parquet", rows)]).frame, period)
    for dimensions in TOGETHER:
        expected = roll_up_together(local, dimensions, zone)
        assert expected.height > 2
        assert found[dimensions].columns == expected.columns
        assert found[dimensions].rows() == expected.rows(), dimensions


def test_two_currencies_are_refused(emulator: str) -> None:
    table("two", [charge(1.0), charge(1.0, currency="CHF")])
    with pytest.raises(UsageProblem, match=r"amounts in more than one currency .* cannot be added up"):
        pushed("two", ("service",), Period(), "UTC")


def test_a_label_key_is_a_parameter(emulator: str) -> None:
    table("odd", [charge(1.0, labels=[{"key": "a') OR TRUE --", "value": "v"}])])
    found = pushed("odd", ("label:a') OR TRUE --",), Period(), "UTC")
    assert found["label:a') OR TRUE --"]["key"].to_list() == ["v"]


def test_a_table_that_is_not_there(emulator: str) -> None:
    with pytest.raises(UsageProblem, match=r"test-project\.billing\.nothing"):
        pushed("nothing", ("service",), Period(), "UTC")
