"""Writes catalog.json, the snapshot of the (invented) warehouse that this example is priced against.

Everything comes from one seeded generator, so running the script again gives the same file, byte for byte:

    python make_catalog.py

A table's bytes are the sum of its columns, and of its partitions. Sizes are logical bytes as BigQuery counts them:
8 for INT64, FLOAT64, DATE and TIMESTAMP, 1 for BOOL, 2 plus the UTF-8 length for STRING.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

AS_OF = date(2026, 11, 1)
LOCATION = "US"
PROJECT = "kestrel-prod"
FIXED_WIDTHS = {"INT64": 8, "FLOAT64": 8, "DATE": 8, "TIMESTAMP": 8, "BOOL": 1}


@dataclass(frozen=True)
class Column:
    """A leaf column. `width` is the mean number of bytes in a row; None means the fixed width of the type."""

    path: str
    type: str
    width: float | None = None
    mode: str = "NULLABLE"


EVENT_COLUMNS = (
    Column("event_id", "STRING", 38.0, "REQUIRED"),
    Column("event_date", "DATE", mode="REQUIRED"),
    Column("event_timestamp", "TIMESTAMP", mode="REQUIRED"),
    Column("event_name", "STRING", 13.0, "REQUIRED"),
    Column("customer_id", "INT64"),
    Column("session_id", "STRING", 34.0),
    Column("page_url", "STRING", 96.0),
    Column("referrer", "STRING", 61.0),
    Column("user_agent", "STRING", 128.0),
    Column("ip_hash", "STRING", 42.0),
    Column("country", "STRING", 4.0),
    Column("device.category", "STRING", 9.0),
    Column("device.os", "STRING", 11.0),
    Column("device.browser", "STRING", 14.0),
    Column("revenue", "FLOAT64"),
    Column("properties", "STRING", 310.0),
    Column("items", "RECORD", mode="REPEATED"),
    Column("items.sku", "STRING", 19.0),
    Column("items.category", "STRING", 23.0),
    Column("items.price", "FLOAT64", 12.0),
    Column("items.quantity", "INT64", 12.0),
)

SESSION_COLUMNS = (
    Column("session_id", "STRING", 34.0, "REQUIRED"),
    Column("customer_id", "INT64"),
    Column("started_at", "TIMESTAMP", mode="REQUIRED"),
    Column("ended_at", "TIMESTAMP"),
    Column("landing_page", "STRING", 88.0),
    Column("channel", "STRING", 12.0),
    Column("campaign", "STRING", 31.0),
    Column("page_views", "INT64"),
    Column("bounced", "BOOL"),
    Column("user_agent", "STRING", 128.0),
)

GA_COLUMNS = (
    Column("visitor_id", "STRING", 24.0, "REQUIRED"),
    Column("visit_start", "TIMESTAMP", mode="REQUIRED"),
    Column("customer_id", "INT64"),
    Column("traffic_source", "STRING", 18.0),
    Column("medium", "STRING", 9.0),
    Column("hits", "INT64"),
    Column("time_on_site", "INT64"),
    Column("landing_path", "STRING", 74.0),
    Column("raw_hits", "STRING", 1900.0),
)

CUSTOMER_COLUMNS = (
    Column("customer_id", "INT64", mode="REQUIRED"),
    Column("created_at", "TIMESTAMP", mode="REQUIRED"),
    Column("country", "STRING", 4.0),
    Column("segment", "STRING", 11.0),
    Column("email_hash", "STRING", 66.0),
    Column("birth_year", "INT64"),
    Column("marketing_consent", "BOOL"),
    Column("address", "STRING", 71.0),
    Column("notes", "STRING", 240.0),
)

SUBSCRIPTION_COLUMNS = (
    Column("subscription_id", "STRING", 26.0, "REQUIRED"),
    Column("customer_id", "INT64", mode="REQUIRED"),
    Column("plan", "STRING", 10.0),
    Column("started_on", "DATE", mode="REQUIRED"),
    Column("cancelled_on", "DATE", 2.5),
    Column("cancel_reason", "STRING", 15.0),
    Column("monthly_price", "FLOAT64"),
)

INVOICE_COLUMNS = (
    Column("invoice_id", "STRING", 26.0, "REQUIRED"),
    Column("customer_id", "INT64", mode="REQUIRED"),
    Column("issued_on", "DATE", mode="REQUIRED"),
    Column("amount", "FLOAT64"),
    Column("paid_on", "DATE", 7.5),
    Column("failed_attempts", "INT64"),
    Column("payment_method", "STRING", 12.0),
    Column("lines", "RECORD", mode="REPEATED"),
    Column("lines.description", "STRING", 210.0),
    Column("lines.amount", "FLOAT64", 26.0),
)

TICKET_COLUMNS = (
    Column("ticket_id", "INT64", mode="REQUIRED"),
    Column("customer_id", "INT64", mode="REQUIRED"),
    Column("opened_at", "TIMESTAMP", mode="REQUIRED"),
    Column("closed_at", "TIMESTAMP", 7.6),
    Column("topic", "STRING", 14.0),
    Column("satisfaction", "INT64", 3.1),
    Column("subject", "STRING", 62.0),
    Column("body", "STRING", 2_150.0),
    Column("transcript", "STRING", 5_400.0),
)

FEATURE_COLUMNS = (
    Column("customer_id", "INT64", mode="REQUIRED"),
    Column("snapshot_date", "DATE", mode="REQUIRED"),
    Column("segment", "STRING", 11.0),
    Column("plan", "STRING", 10.0),
    Column("tenure_days", "INT64"),
    Column("events_7d", "INT64"),
    Column("events_30d", "INT64"),
    Column("events_90d", "INT64"),
    Column("purchases_90d", "INT64"),
    Column("revenue_90d", "FLOAT64"),
    Column("days_since_last_event", "INT64"),
    Column("top_referrer", "STRING", 44.0),
    Column("distinct_skus_90d", "INT64"),
    Column("favourite_category", "STRING", 17.0),
    Column("sessions_90d", "INT64"),
    Column("bounced_90d", "INT64"),
    Column("failed_payments_90d", "INT64"),
)

LABEL_COLUMNS = (
    Column("customer_id", "INT64", mode="REQUIRED"),
    Column("snapshot_date", "DATE", mode="REQUIRED"),
    Column("churned", "BOOL", mode="REQUIRED"),
)

DAY_COLUMNS = (
    Column("customer_id", "INT64", mode="REQUIRED"),
    Column("event_date", "DATE", mode="REQUIRED"),
    Column("events", "INT64"),
    Column("sessions", "INT64"),
    Column("purchases", "INT64"),
    Column("revenue", "FLOAT64"),
)

SCORE_COLUMNS = (
    Column("customer_id", "INT64", mode="REQUIRED"),
    Column("scored_on", "DATE", mode="REQUIRED"),
    Column("segment", "STRING", 11.0),
    Column("probability", "FLOAT64", mode="REQUIRED"),
)


def leaf_bytes(columns: tuple[Column, ...], rows: int, random_source: random.Random) -> dict[str, int]:
    """Bytes of every leaf column of `rows` rows; a width that varies does so by up to 2 % around its mean."""
    sizes = {}
    for column in columns:
        if column.type == "RECORD":
            continue
        if column.width is None:
            sizes[column.path] = rows * FIXED_WIDTHS[column.type]
            continue
        size = int(rows * column.width * random_source.uniform(0.98, 1.02))
        width = FIXED_WIDTHS.get(column.type, 1)
        sizes[column.path] = size // width * width
    return sizes


def described(columns: tuple[Column, ...], sizes: dict[str, int]) -> list[dict[str, Any]]:
    """The catalog's column rows; a repeated record has a row of its own, without bytes."""
    rows: list[dict[str, Any]] = []
    for column in columns:
        row: dict[str, Any] = {"path": column.path, "type": column.type, "mode": column.mode}
        if column.type != "RECORD":
            row["bytes"] = sizes[column.path]
        rows.append(row)
    return rows


def plain_table(name: str, columns: tuple[Column, ...], rows: int, random_source: random.Random) -> dict[str, Any]:
    """A table without partitions."""
    sizes = leaf_bytes(columns, rows, random_source)
    return {
        "name": f"{PROJECT}.{name}",
        "kind": "table",
        "location": LOCATION,
        "rows": rows,
        "bytes": sum(sizes.values()),
        "columns": described(columns, sizes),
    }


def partitioned_table(
    name: str,
    columns: tuple[Column, ...],
    partitioning: tuple[str, str],
    rows_by_partition: dict[str, int],
    random_source: random.Random,
) -> dict[str, Any]:
    """A table partitioned by (column, granularity), with the bytes of every leaf in every partition."""
    totals: dict[str, int] = {}
    partitions = []
    for identifier, rows in rows_by_partition.items():
        sizes = leaf_bytes(columns, rows, random_source)
        for path, size in sizes.items():
            totals[path] = totals.get(path, 0) + size
        partitions.append({"id": identifier, "rows": rows, "bytes": sum(sizes.values()), "columns": sizes})
    column, granularity = partitioning
    return {
        "name": f"{PROJECT}.{name}",
        "kind": "table",
        "location": LOCATION,
        "rows": sum(rows_by_partition.values()),
        "bytes": sum(totals.values()),
        "columns": described(columns, totals),
        "partitioning": {"column": column, "type": granularity, "require_filter": False, "partitions": partitions},
    }


def daily_rows(days: int, mean: int, random_source: random.Random) -> dict[str, int]:
    """Rows of each of the last `days` days: 40 % growth over the time, quieter weekends, 5 % of noise."""
    rows = {}
    for index in range(days):
        day = AS_OF - timedelta(days=days - index)
        growth = 0.8 + 0.4 * index / days
        week = 0.78 if day.weekday() >= 5 else 1.09
        rows[f"{day:%Y%m%d}"] = int(mean * growth * week * random_source.uniform(0.95, 1.05))
    return rows


def monthly_rows(months: int, mean: int, random_source: random.Random) -> dict[str, int]:
    """Rows of each of the last `months` whole months."""
    rows = {}
    for index in range(months):
        month_number = AS_OF.year * 12 + AS_OF.month - 1 - (months - index)
        identifier = f"{month_number // 12:04d}{month_number % 12 + 1:02d}"
        rows[identifier] = int(mean * (0.7 + 0.6 * index / months) * random_source.uniform(0.97, 1.03))
    return rows


def make_catalog() -> dict[str, Any]:
    """The whole warehouse."""
    source = random.Random(20261101)
    tables = [
        partitioned_table(
            "shop.events", EVENT_COLUMNS, ("event_date", "DAY"), daily_rows(400, 6_300_000, source), source
        ),
        partitioned_table(
            "shop.web_sessions", SESSION_COLUMNS, ("started_at", "DAY"), daily_rows(400, 1_900_000, source), source
        ),
        plain_table("shop.customers", CUSTOMER_COLUMNS, 8_214_377, source),
        plain_table("shop.subscriptions", SUBSCRIPTION_COLUMNS, 11_908_562, source),
        partitioned_table(
            "shop.invoices", INVOICE_COLUMNS, ("issued_on", "MONTH"), monthly_rows(48, 5_400_000, source), source
        ),
        plain_table("shop.support_tickets", TICKET_COLUMNS, 19_406_113, source),
        partitioned_table(
            "ml.customer_days", DAY_COLUMNS, ("event_date", "DAY"), daily_rows(120, 1_150_000, source), source
        ),
        plain_table("ml.churn_features_today", FEATURE_COLUMNS, 7_961_480, source),
        partitioned_table(
            "ml.churn_features",
            FEATURE_COLUMNS,
            ("snapshot_date", "DAY"),
            {"20260901": 7_640_211, "20261001": 7_802_954, "20261101": 7_961_480},
            source,
        ),
        partitioned_table(
            "ml.churn_labels",
            LABEL_COLUMNS,
            ("snapshot_date", "DAY"),
            {"20260901": 7_640_211, "20261001": 7_802_954},
            source,
        ),
        plain_table("ml.churn_scores", SCORE_COLUMNS, 95_204_816, source),
    ]
    tables += [
        plain_table(f"web.ga_sessions_{day}", GA_COLUMNS, rows, source)
        for day, rows in daily_rows(122, 2_450_000, source).items()
    ]
    by_name = {table["name"].partition(".")[2]: table for table in tables}
    by_name["shop.events"]["clustering"] = ["customer_id"]
    by_name["shop.customers"]["primary_key"] = ["customer_id"]
    by_name["shop.subscriptions"]["primary_key"] = ["subscription_id"]
    by_name["shop.subscriptions"]["foreign_keys"] = [
        {"columns": ["customer_id"], "table": f"{PROJECT}.shop.customers", "references": ["customer_id"]}
    ]
    return {"version": 1, "as_of": f"{AS_OF:%Y-%m-%d}T00:00:00Z", "tables": tables}


def rendered(catalog: dict[str, Any]) -> str:
    """The catalog as JSON with one column or partition a line: small, and a change shows as few lines."""

    def compact(value: Any) -> str:
        return json.dumps(value, separators=(",", ":"))

    def lines(rows: list[Any], indent: str) -> str:
        return "[\n" + ",\n".join(indent + compact(row) for row in rows) + "\n" + indent[:-1] + "]"

    tables = []
    for table in catalog["tables"]:
        fields = []
        for key, value in table.items():
            if key == "columns":
                text = lines(value, "    ")
            elif key == "partitioning":
                inner = [
                    f'"{name}":' + (lines(part, "     ") if name == "partitions" else compact(part))
                    for name, part in value.items()
                ]
                text = "{" + ",".join(inner) + "}"
            else:
                text = compact(value)
            fields.append(f'   "{key}":{text}')
        tables.append("  {\n" + ",\n".join(fields) + "\n  }")
    head = f' "version":{catalog["version"]},\n "as_of":"{catalog["as_of"]}",\n "tables":[\n'
    return "{\n" + head + ",\n".join(tables) + "\n ]\n}\n"


if __name__ == "__main__":
    Path(__file__).with_name("catalog.json").write_text(rendered(make_catalog()), encoding="utf-8")
