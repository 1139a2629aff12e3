"""Bills for tests, row by row, written in the forms that exports come in."""

from __future__ import annotations

import copy
import csv
import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

Row = dict[str, Any]


def at(day: int, hour: int = 0, month: int = 9) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def charge(cost: float = 1.0, credits: tuple[tuple[str, float], ...] = (), **changes: Any) -> Row:
    """A row of the detailed export."""
    row: Row = {
        "billing_account_id": "000000-AAAAAA-BBBBBB",
        "service": {"id": "24E6-581D-38E5", "description": "BigQuery"},
        "sku": {"id": "3362-E469-6BEF", "description": "Analysis (US)"},
        "usage_start_time": at(1),
        "usage_end_time": at(1, 1),
        "project": {
            "id": "shop",
            "number": "123456789",
            "name": "Shop",
            "labels": [{"key": "env", "value": "prod"}],
        },
        "labels": [{"key": "team", "value": "ml"}],
        "system_labels": [],
        "tags": [],
        "location": {"location": "us", "region": "us-central1"},
        "resource": {"name": "job_1", "global_name": "//bigquery/job_1"},
        "cost": cost,
        "currency": "USD",
        "currency_conversion_rate": 1.0,
        "usage": {
            "amount": 10.0,
            "unit": "bytes",
            "amount_in_pricing_units": 1.5,
            "pricing_unit": "tebibyte",
        },
        "credits": [
            {"type": kind, "name": kind.title(), "amount": amount, "id": kind, "full_name": kind}
            for kind, amount in credits
        ],
        "invoice": {"month": "202609", "publisher_type": "GOOGLE"},
        "cost_type": "regular",
        "adjustment_info": None,
        "export_time": at(2),
        "cost_at_list": cost,
    }
    for path, value in changes.items():
        target = row
        *outer, name = path.split("__")
        for part in outer:
            target = target[part]
        target[name] = value
    return row


def without(row: Row, *names: str) -> Row:
    return {name: value for name, value in row.items() if name not in names}


def parquet(path: Path, rows: list[Row]) -> str:
    """As `bq extract` writes it."""
    frame = pl.DataFrame(
        rows,
        schema_overrides={"credits": CREDITS, "labels": PAIRS, "tags": PAIRS, "system_labels": PAIRS},
        infer_schema_length=None,
    )
    frame.write_parquet(path)
    return str(path)


PAIRS = pl.List(pl.Struct({"key": pl.String, "value": pl.String}))
CREDITS = pl.List(
    pl.Struct(
        {
            "type": pl.String,
            "name": pl.String,
            "amount": pl.Float64,
            "id": pl.String,
            "full_name": pl.String,
        }
    )
)


def plain(value: Any, written: str = "%Y-%m-%d %H:%M:%S UTC") -> Any:
    """As `bq query --format=json` writes it: every scalar as text."""
    if isinstance(value, dict):
        return {key: plain(item, written) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item, written) for item in value]
    if isinstance(value, datetime):
        return value.strftime(written)
    return value if value is None else str(value)


def array(path: Path, rows: list[Row]) -> str:
    path.write_text(json.dumps([plain(row) for row in rows]))
    return str(path)


def lines(path: Path, rows: list[Row]) -> str:
    """As an extract to NDJSON: floats as numbers, times with a T."""
    text = "\n".join(json.dumps({**plain(row, "%Y-%m-%dT%H:%M:%SZ"), "cost": row["cost"]}) for row in rows)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return str(path)


def lines_of(path: Path, rows: list[Row]) -> str:
    """Any rows, a line each, every scalar as text."""
    path.write_text("\n".join(json.dumps(plain(row)) for row in rows))
    return str(path)


def _cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list) else value


def flat(path: Path, rows: list[Row]) -> str:
    """As a query that takes structs apart, saved as CSV; lists are JSON text."""
    flattened = []
    for row in rows:
        values: Row = {}
        for name, value in plain(row).items():
            if isinstance(value, dict):
                values.update(
                    {
                        f"{name}_{key}": json.dumps(item) if isinstance(item, list) else item
                        for key, item in value.items()
                    }
                )
            else:
                values[name] = _cell(value)
        flattened.append(values)
    names = list(dict.fromkeys(name for values in flattened for name in values))
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, names)
        writer.writeheader()
        writer.writerows(flattened)
    return str(path)


def avro(path: Path, rows: list[Row]) -> str:
    """Flat: what polars can write."""
    names = ("cost", "currency", "usage_start_time", "cost_type")
    pl.DataFrame(
        [
            {**{name: plain(row[name]) for name in names}, "invoice_month": row["invoice"]["month"]}
            for row in rows
        ]
    ).write_avro(path)
    return str(path)


def focus(path: Path, rows: list[Row]) -> str:
    """The same charges as the FOCUS export has them."""
    found = []
    for row in copy.deepcopy(rows):
        credits = [
            {"Name": item["name"], "Type": item["type"], "Amount": item["amount"]} for item in row["credits"]
        ]
        found.append(
            {
                "BillingAccountId": row["billing_account_id"],
                "BillingPeriodStart": datetime(2026, int(row["invoice"]["month"][4:]), 1, 7, tzinfo=UTC),
                "ServiceName": row["service"]["description"],
                "x_ServiceId": row["service"]["id"],
                "SkuId": row["sku"]["id"],
                "ChargeDescription": row["sku"]["description"],
                "ChargePeriodStart": row["usage_start_time"],
                "ChargePeriodEnd": row["usage_end_time"],
                "SubAccountId": row["project"]["id"] if row["project"] else None,
                "RegionId": row["location"]["region"],
                "BilledCost": row["cost"] + sum(item["Amount"] for item in credits),
                "BillingCurrency": row["currency"],
                "x_CostType": row["cost_type"],
                "x_Credits": credits,
                "x_Labels": [{"Key": item["key"], "Value": item["value"]} for item in row["labels"] or ()],
                "x_ExportTime": row["export_time"],
            }
        )
    kind = pl.List(pl.Struct({"Name": pl.String, "Type": pl.String, "Amount": pl.Float64}))
    pairs = pl.List(pl.Struct({"Key": pl.String, "Value": pl.String}))
    pl.DataFrame(found, schema_overrides={"x_Credits": kind, "x_Labels": pairs}).write_parquet(path)
    return str(path)
