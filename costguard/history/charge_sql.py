"""What a charge holds, as GoogleSQL over a billing export in BigQuery: which column is meant, as which type.

The columns are those of `charge_columns`, so that there is one definition of each. Amounts are NUMERIC here and
Decimal(38, 9) there: each FLOAT64 is rounded to nine places once, and sums are exact. Only names that were checked, and
numbers, stand in the text; all else is parameters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from costguard.errors import UsageProblem
from costguard.history.charge_columns import REQUIRED, SOURCES, Shape, shape_of
from costguard.history.rollup import Period

Parameters = Mapping[str, str | datetime]
_NAME: Final = re.compile(
    r"(?P<project>(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,61}[a-z0-9])\.(?P<dataset>\w+)\.(?P<table>[\w$-]+)"
)
_PATH: Final = re.compile(r"\w+(?:\.\w+)*")
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
    unit: str = "DAY"
    """HOUR, DAY, MONTH or YEAR: what a partition is of. `_PARTITIONTIME` is its beginning."""

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


def bill_table(
    name: TableName, columns: Mapping[str, str], partition: str | None, unit: str = "DAY"
) -> BillTable:
    """The table, checked.

    Raises:
        UsageProblem: it is no billing export.
    """
    tops = {path.split(".")[0]: pl.String() for path in columns}
    shape = shape_of(tops)
    if shape is None:
        raise UsageProblem(f"{name}: no billing export: there is neither a column `cost` nor `BilledCost`")
    table = BillTable(name, shape, columns, partition, unit)
    lacking = [column for column in REQUIRED if table.path(column) is None]
    if lacking:
        raise UsageProblem(f"{name}: no billing export: there is nothing for {', '.join(lacking)}")
    return table


def where_sql(table: BillTable, period: Period, parameters: dict[str, str | datetime]) -> str:
    """The charges whose usage began in a period; empty for all. Its moments become parameters."""
    start = column_sql(table, "usage_start")
    conditions = []
    if period.start is not None:
        parameters["start"] = period.start
        conditions.append(f"{start} >= @start")
        if table.partition is not None:
            # A charge is exported after its usage, never before. How long after is promised by nobody: no end here.
            conditions.append(f"{partition_sql(table)} >= TIMESTAMP_TRUNC(@start, {_first_unit(table)})")
    if period.end is not None:
        parameters["end"] = period.end
        conditions.append(f"{start} < @end")
    return f"\n  WHERE {' AND '.join(conditions)}" if conditions else ""


def _first_unit(table: BillTable) -> str:
    """What the beginning of a period is cut to, so that its partition is not left out: that of a month begins before
    its days."""
    whole = table.partition == INGESTION_TIME and table.unit in ("MONTH", "YEAR")
    return table.unit if whole else "DAY"


def label_sql(table: BillTable, column: str, parameter: str) -> str:
    """The value of a label: of the first, where there are several."""
    path = table.path(column)
    if path is None:
        return "CAST(NULL AS STRING)"
    key, value = ("Key", "Value") if table.shape == "focus" else ("key", "value")
    labels = f"UNNEST({checked_path(path)}) AS one WITH OFFSET AS position"
    return f"(SELECT one.{value} FROM {labels} WHERE one.{key} = @{parameter} ORDER BY position LIMIT 1)"  # noqa: S608


def gross_sql(table: BillTable) -> str:
    """A charge's cost before credits."""
    cost = numeric_sql(column_sql(table, "cost"))
    # FOCUS bills after credits.
    return f"{cost} - {credit_sql(table)}" if table.shape == "focus" else cost


def credit_sql(table: BillTable, kind: str | None = None) -> str:
    """The sum of a charge's credits (of one type, a name of this package): a subquery, since a join would multiply
    charges or lose them."""
    path = table.path("credits")
    if path is None:
        return "CAST(0 AS NUMERIC)"
    amount, name = ("Amount", "Type") if table.shape == "focus" else ("amount", "type")
    only = f" WHERE credit.{name} = '{kind}'" if kind is not None else ""
    credits = f"UNNEST({checked_path(path)}) AS credit{only}"
    total = f"(SELECT SUM({numeric_sql(f'credit.{amount}')}) FROM {credits})"  # noqa: S608
    return f"IFNULL({total}, CAST(0 AS NUMERIC))"


def numeric_sql(amount: str) -> str:
    """An amount as NUMERIC: by its digits, as where exports write it as text. (A cast of FLOAT64 would round its binary
    value, which differs where a tenth digit is a five that is none; emulators cut it to three places.)"""
    return f"PARSE_NUMERIC(CAST({amount} AS STRING))"


def invoice_month_sql(table: BillTable) -> str:
    """`202609`; null where the table does not tell."""
    path = table.path("invoice_month")
    if path is None:
        return "CAST(NULL AS STRING)"
    if table.shape == "focus":
        return f"FORMAT_TIMESTAMP('%Y%m', {checked_path(path)}, 'America/Los_Angeles')"
    return f"CAST({checked_path(path)} AS STRING)"


def text_sql(table: BillTable, name: str) -> str:
    """A column as text: the first of its places in the export that is not null."""
    paths = table.paths(name)
    if not paths:
        return "CAST(NULL AS STRING)"
    texts = [f"CAST({checked_path(path)} AS STRING)" for path in paths]
    return texts[0] if len(texts) == 1 else f"COALESCE({', '.join(texts)})"


def column_sql(table: BillTable, name: str) -> str:
    """A column that every export has."""
    path = table.path(name)
    assert path is not None
    return checked_path(path)


def partition_sql(table: BillTable) -> str:
    """What a partitioned table is partitioned by."""
    assert table.partition is not None
    return table.partition if table.partition == INGESTION_TIME else checked_path(table.partition)


def checked_path(path: str) -> str:
    """A path with its parts quoted. It comes from the table's own description."""
    if _PATH.fullmatch(path) is None:
        raise UsageProblem(f"{path!r} is no name of a column")
    return ".".join(f"`{part}`" for part in path.split("."))
