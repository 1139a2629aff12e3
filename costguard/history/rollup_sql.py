"""The roll-ups of `costguard.history.rollup` as GoogleSQL, for a bill that stays in BigQuery.

Dimensions come from the same table as those of the local roll-ups, and what a charge holds from `charge_sql`, so that
there is one definition of each: that net is cost plus credits, that a charge falls under one key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import chain
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

_NOTHING: Final = "CAST(NULL AS STRING)"
_TIMES: Final = {"day": "%Y-%m-%d", "week": "%G-W%V"}


def roll_ups_sql(
    table: BillTable,
    dimensions: Sequence[str],
    period: Period,
    zone: str = "UTC",
    together: Sequence[Sequence[str]] = (),
) -> Statement:
    """One query for the columns of `roll_up`, for several dimensions, and for those of `roll_up_together`: what is read
    is paid for once.

    Its rows have `dimension`, a number, besides, that of `together` after those of `dimensions`; a row of `together`
    has its keys in `key`, `key_2`, `key_3` and so on. They come in the order of the local roll-ups.

    Raises:
        UsageProblem: there is no such dimension or zone.
    """
    parameters: dict[str, str | datetime] = {}
    columns_of = {
        dimension: number
        for number, dimension in enumerate(dict.fromkeys((*dimensions, *chain.from_iterable(together))))
    }
    keys = [
        _key(table, dimension, zone, f"label_{number}", parameters)
        for dimension, number in columns_of.items()
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
    grouped = [(dimension,) for dimension in dimensions] + [tuple(names) for names in together]
    width = max(map(len, grouped), default=1)
    sums = "\nUNION ALL\n".join(
        _sums(number, [columns_of[name] for name in names], width) for number, names in enumerate(grouped)
    )
    order = ", ".join(f"{name} NULLS LAST" for name in _key_columns(width))
    sql = (
        f"WITH charges AS (\n  SELECT\n    {selected}\n  FROM `{table.name}`{where_sql(table, period, parameters)}\n)\n"
        f"{sums}\nORDER BY dimension, net DESC, {order}"
    )
    return Statement(sql, parameters)


def _key_columns(width: int) -> list[str]:
    return ["key", *(f"key_{number}" for number in range(2, width + 1))]


def _sums(number: int, columns: Sequence[int], width: int) -> str:
    """The sums by these columns of `charges`; keys up to `width` are null, since all parts have the same columns."""
    # The latest one: where the second argument is null, the row does not count.
    name = f"MAX_BY(name_{columns[0]}, IF(name_{columns[0]} IS NULL, NULL, usage_start))"
    if len(columns) > 1:
        name = _NOTHING  # each dimension's own roll-up tells it
    keys = [f"key_{column}" for column in columns] + [_NOTHING] * (width - len(columns))
    selected = ", ".join(f"{key} AS {alias}" for key, alias in zip(keys, _key_columns(width), strict=True))
    grouped = ", ".join(keys[: len(columns)])
    return (  # numbers, and names of this module
        f"SELECT {number} AS dimension, {selected}, {name} AS name, COUNT(*) AS charges, "
        "IFNULL(SUM(cost), 0) AS gross, SUM(credit) AS credits, IFNULL(SUM(cost), 0) + SUM(credit) AS net, "
        "COUNT(DISTINCT currency) AS currencies, MIN(currency) AS currency\n"
        f"FROM charges GROUP BY {grouped}"
    )


def _key(
    table: BillTable, dimension: str, zone: str, label_name: str, parameters: dict[str, str | datetime]
) -> tuple[str, str]:
    """(key, name) as expressions."""
    if dimension in PLAIN_COLUMNS:
        column, name = PLAIN_COLUMNS[dimension]
        if column == "invoice_month":
            return invoice_month_sql(table), _NOTHING
        return text_sql(table, column), text_sql(table, name) if name is not None else _NOTHING
    if dimension in _TIMES:
        time_zone(zone)
        parameters["zone"] = zone
        return f"FORMAT_TIMESTAMP('{_TIMES[dimension]}', {column_sql(table, 'usage_start')}, @zone)", _NOTHING
    kind, _, label = dimension.partition(":")
    if kind in LABEL_COLUMNS and label:
        parameters[label_name] = label
        return label_sql(table, LABEL_COLUMNS[kind], label_name), _NOTHING
    raise UsageProblem(f"charges cannot be added up by {dimension!r}; by one of {', '.join(DIMENSIONS)}")


def rolled_up(rows: Sequence[Mapping[str, Any]], dimensions: Sequence[str]) -> dict[str, pl.DataFrame]:
    """The answer as the frames that `roll_up` gives.

    Raises:
        UsageProblem: there is more than one currency.
    """
    one_currency(rows)
    return {
        dimension: _frame(rows, number, ("key", "name"), ("key", "name"))
        for number, dimension in enumerate(dimensions)
    }


def rolled_up_together(
    rows: Sequence[Mapping[str, Any]], dimensions: Sequence[str], together: Sequence[tuple[str, ...]]
) -> dict[tuple[str, ...], pl.DataFrame]:
    """The answer as the frames that `roll_up_together` gives."""
    return {
        names: _frame(rows, number, _key_columns(len(names)), names)
        for number, names in enumerate(together, len(dimensions))
    }


def _frame(
    rows: Sequence[Mapping[str, Any]], number: int, keys: Sequence[str], names: Sequence[str]
) -> pl.DataFrame:
    """The rows of one part; `keys` of the answer are called `names`."""
    columns = (*keys, "charges", "gross", "credits", "net")
    schema: dict[str, pl.DataType] = {
        **{name: pl.String() for name in names},
        "rows": pl.Int64(),
        "gross": MONEY,
        "credits": MONEY,
        "net": MONEY,
    }
    found = [tuple(row[name] for name in columns) for row in rows if row["dimension"] == number]
    return pl.DataFrame(found, schema=schema, orient="row")


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
