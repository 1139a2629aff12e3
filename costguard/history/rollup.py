"""Sums of charges by one thing. Every row falls under exactly one key, null where it has none: each roll-up adds up to
the total."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from costguard.errors import UsageProblem
from costguard.history.columns import CATEGORY, as_texts, value_of
from costguard.history.files import collected

PLAIN_COLUMNS: Final[Mapping[str, tuple[str, str | None]]] = {
    "service": ("service_id", "service"),
    "sku": ("sku_id", "sku"),
    "project": ("project", "project_name"),
    "region": ("region", None),
    "resource": ("resource", None),
    "cost-type": ("cost_type", None),
    "invoice-month": ("invoice_month", None),
}
"""Dimension -> (column of the key, column of its name)."""
LABEL_COLUMNS: Final[Mapping[str, str]] = {
    "label": "labels",
    "system-label": "system_labels",
    "project-label": "project_labels",
    "tag": "tags",
}
DIMENSIONS: Final = (*PLAIN_COLUMNS, "day", "week", *(f"{name}:KEY" for name in LABEL_COLUMNS))
_WEEK: Final = re.compile(r"(\d{4})-W(\d{2})")


@dataclass(frozen=True, slots=True)
class Sum:
    """What one key comes to."""

    key: str | None
    name: str | None
    """What the key is called, by its latest usage: services and SKUs are renamed, their ids are not."""
    rows: int
    gross: Decimal
    credits: Decimal
    net: Decimal


@dataclass(frozen=True, slots=True)
class Period:
    """From a moment on, and before another one; open where None."""

    start: datetime | None = None
    end: datetime | None = None


def week_period(text: str, zone: str = "UTC") -> Period:
    """An ISO week such as `2026-W47`, in a time zone.

    Raises:
        UsageProblem: there is no such week or zone.
    """
    match = _WEEK.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        monday = date.fromisocalendar(int(match[1]), int(match[2]), 1)
    except ValueError:
        raise UsageProblem(f"{text!r} is no ISO week such as 2026-W47") from None
    return Period(midnight(monday, zone), midnight(monday + timedelta(days=7), zone))


def time_zone(name: str) -> ZoneInfo:
    """A zone by its name.

    Raises:
        UsageProblem: there is none of this name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageProblem(f"{name!r} is no time zone such as Europe/Zurich") from None


def midnight(day: date, zone: str) -> datetime:
    """When a day begins in a zone.

    Raises:
        UsageProblem: there is no such zone.
    """
    return datetime(day.year, day.month, day.day, tzinfo=time_zone(zone)).astimezone(UTC)


def within(frame: pl.LazyFrame, period: Period, time: str = "usage_start") -> pl.LazyFrame:
    """The charges whose usage began in a period; with another `time`, the jobs that were `created` in it."""
    if period.start is not None:
        frame = frame.filter(pl.col(time) >= period.start)
    if period.end is not None:
        frame = frame.filter(pl.col(time) < period.end)
    return frame


def roll_up(frame: pl.LazyFrame, dimension: str, zone: str = "UTC") -> pl.LazyFrame:
    """`key`, `name`, `rows`, `gross`, `credits`, `net` for each key, the dearest first.

    Raises:
        UsageProblem: there is no such dimension.
    """
    key = dimension_key(dimension, zone)
    name = pl.col(key.name) if key.name is not None else pl.lit(None, dtype=pl.String)
    keyed = frame.select(
        key.grouped.alias("key"), name.alias("name"), *("usage_start", "rows", "cost", "credit")
    )
    return (
        keyed.group_by("key")
        .agg(latest("name"), *_AMOUNTS)
        .with_columns(key.written(pl.col("key")), _NET)
        .sort("net", "key", descending=[True, False], nulls_last=True)
    )


def roll_up_together(frame: pl.LazyFrame, dimensions: Sequence[str], zone: str = "UTC") -> pl.DataFrame:
    """The dimensions' keys, each in a column of its dimension's name, then `rows`, `gross`, `credits`, `net`: a row for
    each combination of keys that is there, the dearest first.

    Raises:
        UsageProblem: there is no such dimension, or the charges cannot be read.
    """
    names = list(dict.fromkeys(dimensions))
    keys = {name: dimension_key(name, zone) for name in names}
    keyed = frame.select(
        *(key.grouped.alias(name) for name, key in keys.items()), *("rows", "cost", "credit")
    )
    (summed,) = collected(keyed.group_by(names).agg(_AMOUNTS))
    # There may be half a million combinations: in polars' plan of the whole the rest would take twice as long.
    found = _sorted(summed.with_columns(_NET), names)
    return found.with_columns(key.written(pl.col(name)).alias(name) for name, key in keys.items())


def _sorted(frame: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """By `net`, falling; rows of the same `net` by these columns, null last. Few rows have a net that others have, too,
    and to compare texts takes long: these alone are sorted by names."""
    order = frame["net"].arg_sort(descending=True, nulls_last=True)
    net = frame["net"].gather(order)
    as_before = net.eq_missing(net.shift(1))
    if order.len():
        as_before[0] = False
    tied = as_before | as_before.shift(-1, fill_value=False)
    if tied.any():
        rows = order.filter(tied)
        of_one_net = as_texts(frame.select("net", *names)[rows]).with_columns(rows.alias(_ROW))
        falling = [True, *(False for _ in names)]
        of_one_net = of_one_net.sort("net", *names, descending=falling, nulls_last=True)
        order = order.scatter(tied.arg_true(), of_one_net[_ROW])
    return frame[order]


_ROW: Final = " row"
"""No dimension is called so."""


def latest(name: str) -> pl.Expr:
    """What something is called by its latest usage: of several names at one time the last in the alphabet, so that the
    order of rows does not matter."""
    value = pl.col(name)
    there = value.is_not_null()
    return value.filter(there).sort_by(pl.col("usage_start").filter(there), value.filter(there)).last()


_AMOUNTS: Final = (
    pl.col("rows").sum(),
    pl.col("cost").sum().alias("gross"),
    pl.col("credit").sum().alias("credits"),
)
_NET: Final = (pl.col("gross") + pl.col("credits")).alias("net")
"""Net is cost plus credits of each charge, so that sums are as well: there is one less to add up."""


def sums(frame: pl.DataFrame) -> list[Sum]:
    """The rows of a roll-up."""
    return [Sum(*row) for row in frame.iter_rows()]


def _as_text(key: pl.Expr) -> pl.Expr:
    return key.cast(pl.String)


def _as_week(monday: pl.Expr) -> pl.Expr:
    return monday.dt.strftime("%G-W%V")


@dataclass(frozen=True, slots=True)
class DimensionKey:
    """What charges are added up by."""

    value: pl.Expr
    """Of each charge."""
    name: str | None = None
    """The column of what the key is called."""
    written: Callable[[pl.Expr], pl.Expr] = _as_text
    """The key as text: made once for each key, not for each charge."""
    is_text: bool = True

    @property
    def grouped(self) -> pl.Expr:
        """The value as charges are told apart by it: texts as categories, which takes less time where there are
        millions."""
        return self.value.cast(CATEGORY) if self.is_text else self.value


def dimension_key(dimension: str, zone: str) -> DimensionKey:
    """The key of a charge.

    Raises:
        UsageProblem: there is no such dimension or zone.
    """
    if dimension in PLAIN_COLUMNS:
        column, name = PLAIN_COLUMNS[dimension]
        return DimensionKey(pl.col(column), name)
    if dimension in ("day", "week"):
        time_zone(zone)
        day = pl.col("usage_start").dt.convert_time_zone(zone).dt.date()
        return (
            DimensionKey(day, is_text=False)
            if dimension == "day"
            else DimensionKey(day.dt.truncate("1w"), written=_as_week, is_text=False)
        )
    kind, _, label = dimension.partition(":")
    if kind in LABEL_COLUMNS and label:
        return DimensionKey(value_of(pl.col(LABEL_COLUMNS[kind]), label))
    raise UsageProblem(f"charges cannot be added up by {dimension!r}; by one of {', '.join(DIMENSIONS)}")
