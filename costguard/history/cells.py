"""A bill that stays in BigQuery, added up there as far as a report or a list of iterations can take it, and no further.

What comes back are cells: charges that no figure tells apart, with how many they are. They have the columns of
charges, so that all figures are worked out here by the code that reads files: there is one definition of each. What a
charge's net, service or label is says `charge_sql`, in the words of the files' columns.

A cell is one service, SKU, project, kind of cost, invoice month, currency, and value of each label that is asked for,
at one time of use: to the moment where iterations are looked for, else to the day (of the report's zone).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import polars as pl

from costguard.history.adding_up import Label
from costguard.history.charge_columns import CHARGES, CREDITS
from costguard.history.charge_sql import (
    BillTable,
    Statement,
    checked_path,
    column_sql,
    credit_sql,
    gross_sql,
    invoice_month_sql,
    label_sql,
    text_sql,
    where_sql,
)
from costguard.history.charges import MONTHLY, PROMOTION, Charges, ExportFile
from costguard.history.columns import MONEY, PAIRS, TIME, Found, read_as
from costguard.history.iterations import IterationSettings, iteration_labels
from costguard.history.rollup import Period, midnight

_TEXTS: Final = (
    *("service_id", "service", "sku_id", "sku", "project", "project_name"),
    *("cost_type", "currency", "invoice_month"),
)
_OF_PRICES: Final = ("region", "pricing_unit", "resource")
_FREE_TIER: Final = "FREE_TIER"
_WHOLE: Final = "whole_labels"


@dataclass(frozen=True, slots=True)
class CellRequest:
    """What a bill is added up for."""

    labels: tuple[Label, ...]
    """Those that some figure asks for."""
    period: Period = field(default_factory=Period)
    """Of usage."""
    exact: Period | None = None
    """Usage of which the time counts, and not only the day; None: all of it."""
    zone: str = "UTC"
    """Of days."""
    as_of: datetime | None = None
    """For a report (with `exact`): what had been exported by then is told apart, and how long rows took is counted."""
    prices: bool = False
    """Prices of jobs are asked for."""
    whole_labels: bool = False
    """All labels of a charge, not only some keys."""


def wanted_labels(settings: IterationSettings, keys: tuple[str, ...] = ()) -> tuple[Label, ...]:
    """The labels that tell of iterations and phases, and those under the keys of a report."""
    of_report = [("labels", key) for key in keys]
    return tuple(dict.fromkeys((*of_report, *iteration_labels(settings))))


# -- asking --------------------------------------------------------------------------------------------


def cells_sql(table: BillTable, request: CellRequest) -> Statement:
    """One query for all cells; with `as_of` it also counts rows by day and lag, in rows of which `lag` is not null."""
    parameters: dict[str, str | datetime] = {}
    source = ",\n    ".join(f"{sql} AS {name}" for name, sql in _charge(table, request, parameters))
    where = where_sql(table, request.period, parameters)
    keys, lag_values = _keys(request, parameters)
    # Names of this module, and paths that were checked.
    lines = [
        f"WITH charges AS (\n  SELECT\n    {source}\n  FROM `{table.name}`{where}\n),",
        f"cells AS (SELECT *, {', '.join(f'{sql} AS {name}' for name, sql in keys)} FROM charges)",  # noqa: S608
        _select([*_group_names(request), *(name for name, _ in keys)], _sums(request), "cells"),
    ]
    if request.as_of is not None:
        nothing = [(name, lag_values.get(name, "NULL")) for name, _ in _answer(request)]
        selected = ", ".join(f"{sql} AS {name}" for name, sql in nothing)
        lines += ["UNION ALL", f"SELECT {selected} FROM {_LAGGED} GROUP BY day, lag"]  # noqa: S608
    return Statement("\n".join(lines), parameters)


def _charge(
    table: BillTable, request: CellRequest, parameters: dict[str, str | datetime]
) -> Iterator[tuple[str, str]]:
    """(name, expression) of what is read of each charge."""
    for name in _TEXTS:
        yield name, invoice_month_sql(table) if name == "invoice_month" else text_sql(table, name)
    for number, (column, key) in enumerate(request.labels):
        if table.path(column) is not None:
            parameters[f"label_{number}"] = key
        yield f"label_{number}", label_sql(table, column, f"label_{number}")
    if request.whole_labels:
        yield _WHOLE, _whole_labels(table)
    yield "usage_start", column_sql(table, "usage_start")
    for name in ("usage_end", "export_time"):
        path = table.path(name)
        yield name, checked_path(path) if path is not None else "CAST(NULL AS TIMESTAMP)"
    yield "cost", gross_sql(table)
    yield "credit", credit_sql(table)
    yield "promotion", credit_sql(table, PROMOTION)
    if request.prices:
        yield "region", text_sql(table, "region")
        yield "pricing_unit", text_sql(table, "pricing_unit")
        # Only queries are looked for by the name of their job.
        is_query = f"STARTS_WITH(LOWER({text_sql(table, 'pricing_unit')}), 'tebibyte')"
        yield "resource", f"IF({is_query}, {text_sql(table, 'resource')}, NULL)"
        path = table.path("pricing_amount")
        yield "pricing_amount", checked_path(path) if path is not None else "CAST(NULL AS FLOAT64)"
        yield "free", credit_sql(table, _FREE_TIER)


def _whole_labels(table: BillTable) -> str:
    path = table.path("labels")
    if path is None:
        return "CAST(NULL AS STRING)"
    key, value = ("Key", "Value") if table.shape == "focus" else ("key", "value")
    labels = f"UNNEST({checked_path(path)}) AS one WITH OFFSET AS position"
    pairs = f"SELECT AS STRUCT one.{key} AS key, one.{value} AS value FROM {labels} ORDER BY position"  # noqa: S608
    return f"TO_JSON_STRING(ARRAY({pairs}))"


def _keys(
    request: CellRequest, parameters: dict[str, str | datetime]
) -> tuple[list[tuple[str, str]], dict[str, str]]:
    """The times that cells are told apart by, and what rows that count lags have."""
    if request.exact is None:
        keys = [("cell_start", "usage_start"), ("cell_end", "usage_end")]
    else:
        assert request.exact.start is not None
        assert request.exact.end is not None
        parameters |= {"exact_start": request.exact.start, "exact_end": request.exact.end}
        parameters["zone"] = request.zone
        exact = "usage_start >= @exact_start AND usage_start < @exact_end"
        month = f"IFNULL({_micros('usage_end', 'usage_start')} >= {_microseconds(MONTHLY)}, FALSE)"
        keys = [
            ("cell_start", f"IF({exact}, usage_start, NULL)"),
            ("cell_end", f"IF({exact}, usage_end, NULL)"),
            ("day", f"IF({exact}, NULL, {_DAY})"),
            ("monthly", f"IF({exact}, NULL, {month})"),
        ]
    if request.as_of is None:
        return keys, {}
    parameters |= {"as_of": request.as_of, "zone": request.zone}
    keys.append(("in_time", "export_time <= @as_of"))
    return keys, {"day": "day", "lag": "lag", "charges": "COUNT(*)"}


_DAY: Final = "FORMAT_TIMESTAMP('%Y-%m-%d', usage_start, @zone)"


def _micros(later: str, earlier: str) -> str:
    return f"(UNIX_MICROS({later}) - UNIX_MICROS({earlier}))"


def _microseconds(time: timedelta) -> int:
    return time // timedelta(microseconds=1)


_LAGGED: Final = (
    f"(SELECT {_DAY} AS day, DIV({_micros('export_time', 'usage_end')}, 60000000) AS lag FROM charges "  # noqa: S608
    "WHERE export_time IS NOT NULL AND usage_end IS NOT NULL)"
)


def _group_names(request: CellRequest) -> list[str]:
    names = [*_TEXTS, *(f"label_{number}" for number in range(len(request.labels)))]
    return [
        *names,
        *([_WHOLE] if request.whole_labels else []),
        *(_OF_PRICES if request.prices else ()),
    ]


def _sums(request: CellRequest) -> dict[str, str]:
    sums = {
        "charges": "COUNT(*)",
        "exported": "MAX(export_time)",
        "cost": "SUM(cost)",
        "credit": "SUM(credit)",
        "promotion": "SUM(promotion)",
    }
    if request.prices:
        sums |= {"pricing_amount": "SUM(pricing_amount)", "free": "SUM(free)"}
    if request.as_of is not None:
        sums |= {"first_exported": "MIN(export_time)", "lag": "NULL"}
    return sums


def _select(keys: list[str], sums: Mapping[str, str], source: str) -> str:
    columns = [*keys, *(f"{sql} AS {name}" for name, sql in sums.items())]
    return f"SELECT {', '.join(columns)} FROM {source} GROUP BY {', '.join(keys)}"  # noqa: S608


# -- reading -------------------------------------------------------------------------------------------


def _answer(request: CellRequest) -> Iterator[tuple[str, pl.DataType]]:
    for name in _group_names(request):
        yield name, pl.String()
    yield from (("cell_start", TIME), ("cell_end", TIME))
    if request.exact is not None:
        yield from (("day", pl.String()), ("monthly", pl.Boolean()))
    if request.as_of is not None:
        yield "in_time", pl.Boolean()
    yield from (("charges", pl.Int64()), ("exported", TIME))
    yield from (("cost", MONEY), ("credit", MONEY), ("promotion", MONEY))
    if request.prices:
        yield from (("pricing_amount", pl.Float64()), ("free", MONEY))
    if request.as_of is not None:
        yield from (("first_exported", TIME), ("lag", pl.Int64()))


def cells_schema(request: CellRequest) -> dict[str, pl.DataType]:
    """The columns of the answer, in their order."""
    return dict(_answer(request))


def charges_of_cells(answer: pl.DataFrame, table: BillTable, request: CellRequest) -> Charges:
    """The answer in the shape of charges."""
    lags, first_export = None, None
    if request.as_of is not None:
        lagging = answer.filter(pl.col("lag").is_not_null())
        answer = answer.filter(pl.col("lag").is_null())
        first_export = answer.select(pl.col("first_exported").min()).item()
        midnights = _midnights(lagging["day"], request.zone).alias("usage_start")
        lags = lagging.select(midnights, "lag", pl.col("charges").alias("rows")).lazy()
    start, end = pl.col("cell_start"), pl.col("cell_end")
    if request.exact is not None:
        day = pl.lit(_midnights(answer["day"], request.zone))
        start = pl.coalesce(start, day)
        end = pl.coalesce(end, pl.when(pl.col("monthly")).then(day + MONTHLY).otherwise(day))
    known: dict[str, pl.Expr] = {
        **{name: pl.col(name) for name in (*_TEXTS, "cost")},
        "usage_start": start,
        "usage_end": end,
        "export_time": pl.col("exported"),
        **_labels(request),
    }
    if request.prices:
        free = pl.struct(
            pl.lit(_FREE_TIER).alias("type"),
            pl.lit(None, dtype=pl.String).alias("name"),
            pl.col("free").alias("amount"),
        )
        known |= {name: pl.col(name) for name in (*_OF_PRICES, "pricing_amount")}
        known["credits"] = pl.concat_list(free).cast(CREDITS)
    frame = answer.select(
        *(
            known.get(name, pl.lit(None, dtype=wanted)).cast(wanted).alias(name)
            for name, wanted in CHARGES.items()
        ),
        pl.col("credit"),
        (pl.col("cost").fill_null(0) + pl.col("credit")).alias("net"),
        pl.col("promotion"),
        pl.col("charges").alias("rows"),
        pl.lit(value=False).alias("unreadable"),
        pl.lit(0, dtype=pl.Int32).alias("file"),
    )
    missing = tuple(name for name in CHARGES if table.path(name) is None)
    file = ExportFile(Path(str(table.name)), "bigquery", table.shape, missing)
    return Charges(frame.lazy(), (file,), lags, first_export)


def _midnights(days: pl.Series, zone: str) -> pl.Series:
    """When each day (`2026-09-01`) began in the zone."""
    known = {day: midnight(date.fromisoformat(day), zone) for day in days.drop_nulls().unique()}
    return days.replace_strict(known, default=None, return_dtype=TIME)


def _labels(request: CellRequest) -> dict[str, pl.Expr]:
    """The lists of labels, with the keys that were asked for."""
    found: dict[str, list[pl.Expr]] = {}
    for number, (column, key) in enumerate(request.labels):
        pair = pl.struct(pl.lit(key).alias("key"), pl.col(f"label_{number}").alias("value"))
        found.setdefault(column, []).append(pair)
    there = pl.element().struct.field("value").is_not_null()
    lists = {column: pl.concat_list(pairs).list.filter(there) for column, pairs in found.items()}
    if request.whole_labels:
        lists["labels"] = read_as(Found(pl.col(_WHOLE), pl.String()), PAIRS)
    return lists
