"""Roll-ups as GoogleSQL. That they give the same figures is tested in tests/emulator."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlglot

from costguard.errors import UsageProblem
from costguard.history.charge_sql import INGESTION_TIME, BillTable, bill_table, table_name
from costguard.history.rollup import DIMENSIONS, Period
from costguard.history.rollup_sql import one_currency, roll_ups_sql, rolled_up, rolled_up_together

NAME = table_name("my-project.billing.gcp_billing_export_v1_000000_AAAAAA_BBBBBB")
STANDARD = {
    "usage_start_time": "TIMESTAMP",
    "cost": "FLOAT",
    "currency": "STRING",
    "credits": "RECORD",
    "service": "RECORD",
    "service.id": "STRING",
    "labels": "RECORD",
}
FOCUS = {
    "ChargePeriodStart": "TIMESTAMP",
    "BilledCost": "NUMERIC",
    "BillingCurrency": "STRING",
    "x_Credits": "RECORD",
    "x_Labels": "RECORD",
    "BillingPeriodStart": "TIMESTAMP",
}
WEEK = Period(datetime(2026, 9, 7, tzinfo=UTC), datetime(2026, 9, 14, tzinfo=UTC))


def standard(partition: str | None = INGESTION_TIME) -> BillTable:
    return bill_table(NAME, STANDARD, partition)


def test_one_statement_reads_the_table_once() -> None:
    statement = roll_ups_sql(standard(), ("service", "label:team", "day"), WEEK, "Europe/Zurich")
    assert statement.sql.count(str(NAME)) == 1
    assert statement.parameters == {
        "label_1": "team",
        "zone": "Europe/Zurich",
        "start": WEEK.start,
        "end": WEEK.end,
    }
    assert (
        "WHERE `usage_start_time` >= @start AND _PARTITIONTIME >= TIMESTAMP_TRUNC(@start, DAY) AND "
        in statement.sql
    )


@pytest.mark.parametrize(
    ("partition", "unit", "cut"),
    [
        (INGESTION_TIME, "HOUR", "_PARTITIONTIME >= TIMESTAMP_TRUNC(@start, DAY)"),
        # A week of September is in the partition of 1 September, which begins before the week does.
        (INGESTION_TIME, "MONTH", "_PARTITIONTIME >= TIMESTAMP_TRUNC(@start, MONTH)"),
        (INGESTION_TIME, "YEAR", "_PARTITIONTIME >= TIMESTAMP_TRUNC(@start, YEAR)"),
        # A column is what it is, whatever its partitions are of.
        ("export_time", "MONTH", "`export_time` >= TIMESTAMP_TRUNC(@start, DAY)"),
    ],
)
def test_a_partition_that_begins_before_the_period_is_read(partition: str, unit: str, cut: str) -> None:
    table = bill_table(NAME, STANDARD, partition, unit)
    assert f" AND {cut} AND " in roll_ups_sql(table, ("service",), WEEK).sql


@pytest.mark.parametrize("columns", [STANDARD, FOCUS])
@pytest.mark.parametrize("dimension", [name.replace("KEY", "team") for name in DIMENSIONS])
def test_every_dimension_parses(columns: dict[str, str], dimension: str) -> None:
    statement = roll_ups_sql(bill_table(NAME, columns, None), (dimension,), WEEK)
    assert sqlglot.parse_one(statement.sql, "bigquery").key == "union" or "UNION" not in statement.sql


def test_partitioned_by_another_column_or_by_nothing() -> None:
    assert (
        "`export_time` >= TIMESTAMP_TRUNC(@start"
        in roll_ups_sql(standard("export_time"), ("service",), WEEK).sql
    )
    assert "TIMESTAMP_TRUNC" not in roll_ups_sql(standard(None), ("service",), WEEK).sql
    assert "WHERE" not in roll_ups_sql(standard(), ("service",), Period()).sql


def test_focus_is_billed_after_credits() -> None:
    sql = roll_ups_sql(bill_table(NAME, FOCUS, None), ("invoice-month", "label:team"), Period()).sql
    assert (
        "PARSE_NUMERIC(CAST(`BilledCost` AS STRING)) - IFNULL((SELECT SUM(PARSE_NUMERIC(CAST(credit.Amount AS STRING)))"
        in sql
    )
    assert "FORMAT_TIMESTAMP('%Y%m', `BillingPeriodStart`, 'America/Los_Angeles')" in sql
    assert "one.Value FROM UNNEST(`x_Labels`)" in sql


def test_a_table_without_credits_has_none() -> None:
    columns = {name: kind for name, kind in STANDARD.items() if name != "credits"}
    sql = roll_ups_sql(bill_table(NAME, columns, None), ("sku",), Period()).sql
    assert "CAST(0 AS NUMERIC) AS credit" in sql
    assert "CAST(NULL AS STRING) AS key_0" in sql


@pytest.mark.parametrize(
    "text", ["d.t", "p.d.t", "my-project.d", "my-project.d.t; DROP", "my-project.d.`t`", "x" * 9]
)
def test_no_table(text: str) -> None:
    with pytest.raises(UsageProblem, match="is no table such as"):
        table_name(text)


@pytest.mark.parametrize("text", ["my-project.d.t", "example.com:my-project.d.t", "my-project.d.t$20260901"])
def test_tables(text: str) -> None:
    assert str(table_name(text)) == text


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"a": "STRING"}, "neither a column `cost` nor `BilledCost`"),
        ({"cost": "FLOAT"}, "there is nothing for usage_start, currency"),
    ],
)
def test_no_bill(columns: dict[str, str], why: str) -> None:
    with pytest.raises(UsageProblem, match=why):
        bill_table(NAME, columns, None)


def test_names_of_columns_are_checked() -> None:
    table = bill_table(NAME, STANDARD, "x`; DROP TABLE y")
    with pytest.raises(UsageProblem, match="is no name of a column"):
        roll_ups_sql(table, ("service",), WEEK)


@pytest.mark.parametrize("dimension", ["colour", "label:", "label"])
def test_no_such_dimension(dimension: str) -> None:
    with pytest.raises(UsageProblem, match="cannot be added up by"):
        roll_ups_sql(standard(), (dimension,), Period())


def answer(dimension: int, key: str | None, net: str, currency: str | None = "USD") -> dict[str, Any]:
    amount = Decimal(net)
    sums = {"charges": 1, "gross": amount, "credits": Decimal(0), "net": amount}
    return {"dimension": dimension, "key": key, "name": None, **sums, "currencies": 1, "currency": currency}


def test_the_answer_as_frames() -> None:
    found = rolled_up([answer(0, "a", "2"), answer(0, None, "1"), answer(1, "b", "3")], ("service", "sku"))
    assert found["service"].rows() == [
        ("a", None, 1, Decimal(2), Decimal(0), Decimal(2)),
        (None, None, 1, Decimal(1), Decimal(0), Decimal(1)),
    ]
    assert found["sku"]["key"].to_list() == ["b"]
    assert rolled_up([], ("service",))["service"].height == 0


def test_several_dimensions_together() -> None:
    together = (("service", "label:team"), ("week", "service", "sku"))
    statement = roll_ups_sql(standard(), ("service",), WEEK, "UTC", together)
    assert statement.sql.count(str(NAME)) == 1
    assert statement.parameters["label_1"] == "team"
    parts = statement.sql.split("UNION ALL")
    assert [part.strip().splitlines()[-1] for part in parts[:2]] == [
        "FROM charges GROUP BY key_0",
        "FROM charges GROUP BY key_0, key_1",
    ]
    assert "FROM charges GROUP BY key_2, key_0, key_3\n" in parts[2]
    assert statement.sql.endswith(
        "ORDER BY dimension, net DESC, key NULLS LAST, key_2 NULLS LAST, key_3 NULLS LAST"
    )
    assert sqlglot.parse_one(statement.sql, "bigquery").key == "union"


def test_the_answer_of_several_together() -> None:
    rows = [
        {**answer(0, "a", "2"), "key_2": None},
        {**answer(1, "a", "2"), "key_2": "x"},
        {**answer(1, None, "1"), "key_2": "y"},
    ]
    found = rolled_up_together(rows, ("service",), [("service", "label:team")])
    frame = found["service", "label:team"]
    assert frame.columns == ["service", "label:team", "rows", "gross", "credits", "net"]
    assert frame.rows() == [
        ("a", "x", 1, Decimal(2), Decimal(0), Decimal(2)),
        (None, "y", 1, Decimal(1), Decimal(0), Decimal(1)),
    ]


def test_the_currency_of_an_answer() -> None:
    assert one_currency([]) is None
    assert one_currency([answer(0, "a", "1"), answer(0, "b", "1", None)]) == "USD"
    with pytest.raises(UsageProblem, match=r"\(CHF, USD, \.\.\.\)"):
        one_currency([answer(0, "a", "1"), answer(0, "b", "1", "CHF")])
    with pytest.raises(UsageProblem, match="more than one currency"):
        one_currency([{**answer(0, "a", "1"), "currencies": 2}])
