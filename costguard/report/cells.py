"""The charges of a report, added up as far as its figures can take it: they are read once, and every figure is made of
what is left. A bill that stays in BigQuery comes added up like this (`costguard.history.cells`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from costguard.history.adding_up import Label, add_up
from costguard.history.cells import CellRequest
from costguard.history.charges import MONTHLY
from costguard.history.columns import as_texts
from costguard.history.iterations import IterationSettings, with_marks
from costguard.history.rollup import DimensionKey, Period, within

_TEXTS: Final = (
    *("service_id", "service", "sku_id", "sku", "project", "project_name"),
    *("cost_type", "invoice_month"),
)


@dataclass(frozen=True, slots=True)
class ReportCells:
    """Charges of a report, added up. Where only the day of their usage counts, their times are the day's latest."""

    marked: pl.DataFrame
    """The columns of CHARGES that figures are made of, `credit`, `promotion`, `net`, `rows`, those of `with_phases` and
    `with_evidence`, `start` and `end`; texts as CATEGORY."""
    labels: Mapping[Label, str]
    """The column of each label that some charge has."""

    @property
    def frame(self) -> pl.LazyFrame:
        """The same with texts as such."""
        return as_texts(self.marked.lazy())

    def label(self, key: str) -> DimensionKey:
        """The value of a charge's label."""
        name = self.labels.get(("labels", key))
        return DimensionKey(pl.col(name) if name is not None else pl.lit(None, dtype=pl.String))

    def of_iterations(self, period: Period) -> pl.DataFrame:
        """The charges of a period, as `divide` takes them. It has to lie where the time of usage counts."""
        return within(self.marked.lazy(), period).collect()


def cells_of_report(charges: pl.LazyFrame, request: CellRequest, settings: IterationSettings) -> ReportCells:
    """The charges that a request is for, which has `exact` and `as_of`.

    Raises:
        UsageProblem: the bill cannot be read, or a rule of phases cannot be used.
    """
    assert request.exact is not None
    start, end = pl.col("usage_start"), pl.col("usage_end")
    exact = start.is_between(request.exact.start, request.exact.end, closed="left")
    added = add_up(
        within(charges, request.period),
        _TEXTS,
        request.labels,
        {
            "cell_start": pl.when(exact).then(start),
            "cell_end": pl.when(exact).then(end),
            "day": pl.when(~exact).then(start.dt.convert_time_zone(request.zone).dt.date()),
            "monthly": pl.when(~exact).then(end - start >= MONTHLY),
            "in_time": pl.when(exact).then(pl.col("export_time") <= request.as_of),
        },
        [
            # A charge is as long as a month, or not: then so are the latest end and the latest start of such charges.
            *(pl.col(name).max() for name in ("usage_start", "usage_end", "export_time")),
            *(pl.col(name).sum() for name in ("rows", "cost", "credit", "promotion", "net")),
        ],
    )
    marked = with_marks(added, settings).with_columns(
        start.alias("start"),
        pl.max_horizontal(start, end).alias("end"),
    )
    return ReportCells(marked.drop("cell_start", "cell_end", "day", "monthly", "in_time"), added.labels)
