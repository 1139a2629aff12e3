"""The roll-ups of `costguard.history.rollup` as GoogleSQL, for a bill that stays in BigQuery.

Columns and dimensions come from the same tables as those of the local roll-ups (`charge_columns`, `rollup`), so that
there is one definition of each: which column of the export is meant, that net is cost plus credits, that a charge falls
under one key. Amounts are NUMERIC here and Decimal(38, 9) there: each FLOAT64 is rounded to nine places once, and sums
are exact. Only names that were checked, and numbers, stand in the text; all else is parameters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import polars as pl

from costguard.errors import UsageProblem
from costguard.history.charge_columns import REQUIRED, SOURCES, Shape, shape_of
from costguard.history.columns import MONEY
from costguard.history.rollup import DIMENSIONS, LABEL_COLUMNS, PLAIN_COLUMNS, Period, time_zone

Parameters = Mapping[str, str | datetime]
_NAME: Final = re.compile(
    r"(?P<project>(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,61}[a-z0-9])\.(?P<dataset>\w+)\.(?P<table>[\w$-]+)"
)
_PATH: Final = re.compile(r"\w+(?:\.\w+)*")
_TIMES: Final = {"day": "%Y-%m-%d", "week": "%G-W%V"}
INGESTION_TIME: Final = "_PARTITIONTIME"


@dataclass(frozen=True, slots=True)
class TableName:
    """A table of BigQuery."""

    project: str
    dataset: str
    table: str

    def __str__(self) -> str:
        return f"{self.project}.{self.dataset}.{self.table}"


@dataclass(frozen=True, slots=True)
class BillTable:
    """A billing export in BigQuery."""

    name: TableName
    shape: Shape
    columns: Mapping[str, str]
    """Type of each column, by its dotted path as the table has it."""
    partition: str | None
    """What it is partitioned by: a column, or INGESTION_TIME; None when by nothing."""

    def paths(self, name: str) -> list[str]:
        """Where a column of CHARGES may be in the table, the first place first."""
        known = {path.lower(): path for path in self.columns}
        return [known[path.lower()] for path in SOURCES[self.shape][name] if path.lower() in known]

    def path(self, name: str) -> str | None:
        """The first of these; None where there is none."""
        return next(iter(self.paths(name)), None)


@dataclass(frozen=True, slots=True)
class Statement:
    """A query with its parameters."""

    sql: str
    parameters: Parameters


def table_name(text: str) -> TableName:
    """The table that `project.dataset.table` names.

    Raises:
        UsageProblem: it names none.
    """
    found = _NAME.fullmatch(text)
    if found is None:
        raise UsageProblem(
            f"{text!r} is no table such as my-project.billing.gcp_billing_export_v1_000000_AAAAAA_BBBBBB"
        )
    return TableName(found["project"], found["dataset"], found["table"])


def bill_table(name: TableName, columns: Mapping[str, str], partition: str | None) -> BillTable:
    """The table, checked.

    Raises:
        UsageProblem: it is no billing export.
    """
    tops = {path.split(".")[0]: pl.String() for path in columns}
    shape = shape_of(tops)
    if shape is None:
        raise UsageProblem(f"{name}: no billing export: there is neither a column `cost` nor `BilledCost`")
    table = BillTable(name, shape, columns, partition)
    lacking = [column for column in REQUIRED if table.path(column) is None]
    if lacking:
        raise UsageProblem(f"{name}: no billing export: there is nothing for {', '.join(lacking)}")
    return table


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
        f"{_column(table, 'usage_start')} AS usage_start",
        f"{_column(table, 'currency')} AS currency",
        f"{_gross(table)} AS cost",
        f"{_credit(table)} AS credit",
    ]
    selected = ",\n    ".join(columns)
    sums = "\nUNION ALL\n".join(_sums(number) for number in range(len(dimensions)))
    sql = (
        f"WITH charges AS (\n  SELECT\n    {selected}\n  FROM `{table.name}`{_where(table, period, parameters)}\n)\n"
        f"{sums}\nORDER BY dimension, net DESC, key NULLS LAST"
    )
    return Statement(sql, parameters)


def _sums(number: int) -> str:
    # The latest one: where the second argument is null, the row does not count.
    name = f"MAX_BY(name_{number}, IF(name_{number} IS NULL, NULL, usage_start))"
    return (  # numbers, and names of this module
        f"SELECT {number} AS dimension, key_{number} AS key, {name} AS name, COUNT(*) AS charges, "
        "SUM(cost) AS gross, SUM(credit) AS credits, SUM(cost + credit) AS net, "
        "COUNT(DISTINCT currency) AS currencies, MIN(currency) AS currency\n"
        f"FROM charges GROUP BY key_{number}"
    )


def _where(table: BillTable, period: Period, parameters: dict[str, str | datetime]) -> str:
    start = _column(table, "usage_start")
    conditions = []
    if period.start is not None:
        parameters["start"] = period.start
        conditions.append(f"{start} >= @start")
        if table.partition is not None:
            # A charge is exported after its usage, never before. How long after is promised by nobody: no end here.
            conditions.append(f"{_partition(table)} >= TIMESTAMP_TRUNC(@start, DAY)")
    if period.end is not None:
        parameters["end"] = period.end
        conditions.append(f"{start} < @end")
    return f"\n  WHERE {' AND '.join(conditions)}" if conditions else ""


def _key(
    table: BillTable, dimension: str, zone: str, label_name: str, parameters: dict[str, str | datetime]
) -> tuple[str, str]:
    """(key, name) as expressions."""
    nothing = "CAST(NULL AS STRING)"
    if dimension in PLAIN_COLUMNS:
        column, name = PLAIN_COLUMNS[dimension]
        if column == "invoice_month":
            return _invoice_month(table), nothing
        return _text(table, column), _text(table, name) if name is not None else nothing
    if dimension in _TIMES:
        time_zone(zone)
        parameters["zone"] = zone
        return f"FORMAT_TIMESTAMP('{_TIMES[dimension]}', {_column(table, 'usage_start')}, @zone)", nothing
    kind, _, label = dimension.partition(":")
    if kind in LABEL_COLUMNS and label:
        parameters[label_name] = label
        return _label(table, LABEL_COLUMNS[kind], label_name), nothing
    raise UsageProblem(f"charges cannot be added up by {dimension!r}; by one of {', '.join(DIMENSIONS)}")


def _label(table: BillTable, column: str, parameter: str) -> str:
    """The value of a label: of the first, where there are several."""
    path = table.path(column)
    if path is None:
        return "CAST(NULL AS STRING)"
    key, value = ("Key", "Value") if table.shape == "focus" else ("key", "value")
    labels = f"UNNEST({_checked(path)}) AS one WITH OFFSET AS position"
    return f"(SELECT one.{value} FROM {labels} WHERE one.{key} = @{parameter} ORDER BY position LIMIT 1)"  # noqa: S608


def _gross(table: BillTable) -> str:
    cost = _numeric(_column(table, "cost"))
    # FOCUS bills after credits.
    return f"{cost} - {_credit(table)}" if table.shape == "focus" else cost


def _credit(table: BillTable) -> str:
    """The sum of a charge's credits: a subquery, since a join would multiply charges or lose them."""
    path = table.path("credits")
    if path is None:
        return "CAST(0 AS NUMERIC)"
    amount = "Amount" if table.shape == "focus" else "amount"
    total = f"(SELECT SUM({_numeric(f'credit.{amount}')}) FROM UNNEST({_checked(path)}) AS credit)"  # noqa: S608
    return f"IFNULL({total}, CAST(0 AS NUMERIC))"


def _numeric(amount: str) -> str:
    """An amount as NUMERIC: by its digits, as where exports write it as text. (A cast of FLOAT64 would round its binary
    value, which differs where a tenth digit is a five that is none; emulators cut it to three places.)"""
    return f"PARSE_NUMERIC(CAST({amount} AS STRING))"


def _invoice_month(table: BillTable) -> str:
    path = table.path("invoice_month")
    if path is None:
        return "CAST(NULL AS STRING)"
    if table.shape == "focus":
        return f"FORMAT_TIMESTAMP('%Y%m', {_checked(path)}, 'America/Los_Angeles')"
    return f"CAST({_checked(path)} AS STRING)"


def _text(table: BillTable, name: str) -> str:
    """A column as text: the first of its places in the export that is not null."""
    paths = table.paths(name)
    if not paths:
        return "CAST(NULL AS STRING)"
    texts = [f"CAST({_checked(path)} AS STRING)" for path in paths]
    return texts[0] if len(texts) == 1 else f"COALESCE({', '.join(texts)})"


def _column(table: BillTable, name: str) -> str:
    path = table.path(name)
    assert path is not None
    return _checked(path)


def _partition(table: BillTable) -> str:
    assert table.partition is not None
    return table.partition if table.partition == INGESTION_TIME else _checked(table.partition)


def _checked(path: str) -> str:
    """A path with its parts quoted. It comes from the table's own description."""
    if _PATH.fullmatch(path) is None:
        raise UsageProblem(f"{path!r} is no name of a column")
    return ".".join(f"`{part}`" for part in path.split("."))


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
