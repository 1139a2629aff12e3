"""The roll-ups of `costguard.history.rollup` as GoogleSQL, for a bill that stays in BigQuery.

Dimensions come from the same table as those of the local roll-ups, and what a charge holds from `charge_sql`, so that
there is one definition of each: that net is cost plus credits, that a charge falls under one key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import polars as pl

from costguard.errors import UsageProblem
from costguard.history.charge_sql import (
    BillTable,
    Statement,
    column_sql,
    credit_sql,
    gross_sql,
    invoice_month_sql,
    label_sql,
    text_sql,
    where_sql,
)
from costguard.history.columns import MONEY
from costguard.history.rollup import DIMENSIONS, LABEL_COLUMNS, PLAIN_COLUMNS, Period, time_zone

_TIMES: Final = {"day": "%Y-%m-%d", "week": "%G-W%V"}


def roll_ups_sql(table: BillTable, dimensions: Sequence[str], period: Period, zone: str = "UTC") -> Statement:
    """One query for the columns of `roll_up`, for several dimensions: what is read is paid for once.

    Its rows have `dimension`, a number, besides; they come in the order of `roll_up`.

    Raises:
        UsageProblem: there is no such dimension or zone.
    """
    parameters: dict[str, str | datetime] = {}
    keys = [
        _key(table, dimension, zone, f"label_{number}", parameters)
        for number, dimension in enumerate(dimensions)
    ]
    columns = [
        f"{expression} AS {name}_{number}"
        for number, pair in enumerate(keys)
        for name, expression in zip(("key", "name"), pair, strict=True)
    ]
    columns += [
        f"{column_sql(table, 'usage_start')} AS usage_start",
        f"{column_sql(table, 'currency')} AS currency",
        f"{gross_sql(table)} AS cost",
        f"{credit_sql(table)} AS credit",
    ]
    selected = ",\n    ".join(columns)
    sums = "\nUNION ALL\n".join(_sums(number) for number in range(len(dimensions)))
    sql = (
        f"WITH charges AS (\n  SELECT\n    {selected}\n  FROM `{table.name}`{where_sql(table, period, parameters)}\n)\n"
        f"{sums}\nORDER BY dimension, net DESC, key NULLS LAST"
    )
    return Statement(sql, parameters)


def _sums(number: int) -> str:
    # The latest one: where the second argument is null, the row does not count.
    name = f"MAX_BY(name_{number}, IF(name_{number} IS NULL, NULL, usage_start))"
    return (  # numbers, and names of this module
        f"SELECT {number} AS dimension, key_{number} AS key, {name} AS name, COUNT(*) AS charges, "
        "IFNULL(SUM(cost), 0) AS gross, SUM(credit) AS credits, IFNULL(SUM(cost), 0) + SUM(credit) AS net, "
        "COUNT(DISTINCT currency) AS currencies, MIN(currency) AS currency\n"
        f"FROM charges GROUP BY key_{number}"
    )


def _key(
    table: BillTable, dimension: str, zone: str, label_name: str, parameters: dict[str, str | datetime]
) -> tuple[str, str]:
    """(key, name) as expressions."""
    nothing = "CAST(NULL AS STRING)"
    if dimension in PLAIN_COLUMNS:
        column, name = PLAIN_COLUMNS[dimension]
        if column == "invoice_month":
            return invoice_month_sql(table), nothing
        return text_sql(table, column), text_sql(table, name) if name is not None else nothing
    if dimension in _TIMES:
        time_zone(zone)
        parameters["zone"] = zone
        return f"FORMAT_TIMESTAMP('{_TIMES[dimension]}', {column_sql(table, 'usage_start')}, @zone)", nothing
    kind, _, label = dimension.partition(":")
    if kind in LABEL_COLUMNS and label:
        parameters[label_name] = label
        return label_sql(table, LABEL_COLUMNS[kind], label_name), nothing
    raise UsageProblem(f"charges cannot be added up by {dimension!r}; by one of {', '.join(DIMENSIONS)}")


def rolled_up(rows: Sequence[Mapping[str, Any]], dimensions: Sequence[str]) -> dict[str, pl.DataFrame]:
    """The answer as the frames that `roll_up` gives.

    Raises:
        UsageProblem: there is more than one currency.
    """
    one_currency(rows)
    columns = ("key", "name", "charges", "gross", "credits", "net")
    schema: dict[str, pl.DataType] = {
        "key": pl.String(),
        "name": pl.String(),
        "rows": pl.Int64(),
        "gross": MONEY,
        "credits": MONEY,
        "net": MONEY,
    }
    return {
        dimension: pl.DataFrame(
            [tuple(row[name] for name in columns) for row in rows if row["dimension"] == number],
            schema=schema,
            orient="row",
        )
        for number, dimension in enumerate(dimensions)
    }


def one_currency(rows: Sequence[Mapping[str, Any]]) -> str | None:
    """The currency of an answer; None when there is nothing in it.

    Raises:
        UsageProblem: there is more than one.
    """
    currencies = sorted({row["currency"] for row in rows if row["currency"] is not None})
    if len(currencies) > 1 or any(row["currencies"] > 1 for row in rows):
        raise UsageProblem(
            f"amounts in more than one currency ({', '.join(currencies)}, ...) cannot be added up; give one billing "
            "account at a time"
        )
    return currencies[0] if currencies else None
