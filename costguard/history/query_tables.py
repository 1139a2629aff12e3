"""The history as fact tables, for `costguard query`: `jobs`, `charges` and `iterations` of `costguard.facts.schema`."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import TypeVar

import polars as pl

from costguard.facts.frames import empty_frame, polars_schema
from costguard.history.charges import Charges, check_charges, no_charges
from costguard.history.columns import MONEY
from costguard.history.iterations import CELL, Found, IterationSettings, find_iterations, marked_charges
from costguard.history.match import Found as Match
from costguard.history.match import Matched
from costguard.history.prices import BILLIONTH, PricedJobs

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)


@dataclass(frozen=True, slots=True)
class HistoryTables:
    """The three tables."""

    jobs: pl.DataFrame
    charges: pl.LazyFrame
    """Read from the export only as far as a question asks for it: a bill may be larger than memory."""
    iterations: pl.DataFrame


def history_tables(
    charges: Charges | None, jobs: tuple[PricedJobs, Matched] | None, settings: IterationSettings
) -> HistoryTables:
    """The tables of a bill, and of jobs with the statements that they ran; either may be missing.

    Raises:
        UsageProblem: the bill cannot be added up, or a rule of phases cannot be used.
    """
    if charges is not None:
        check_charges(charges)
    frame = charges.frame if charges is not None else no_charges()
    found = find_iterations(frame, jobs[0].frame if jobs is not None else None, settings)
    return HistoryTables(
        jobs=_jobs(found, *jobs) if jobs is not None else empty_frame("jobs"),
        charges=_charges(frame, found, settings) if charges is not None else empty_frame("charges").lazy(),
        iterations=_iterations(found),
    )


def _texts(pairs: pl.Expr) -> pl.Expr:
    """Labels as `key=value`."""
    element = pl.element().struct
    text = pl.concat_str(element.field("key"), pl.lit("="), element.field("value").fill_null(""))
    return pairs.list.eval(text).fill_null([])


def _jobs(found: Found, priced: PricedJobs, matched: Matched) -> pl.DataFrame:
    told = matched.frame.select("project", "job_id", "found")
    frame = found.jobs.join(
        told, on=["project", "job_id"], how="left", nulls_equal=True, maintain_order="left"
    )
    sure = pl.DataFrame(
        [(number, *_match(match)) for number, match in enumerate(matched.found)],
        schema={"found": pl.Int32, "query_key": pl.Int64, "matched_by": pl.String, "confidence": pl.String},
        orient="row",
    )
    usd = pl.Series("usd", _dollars(frame, priced), dtype=MONEY)
    return _declared(
        "jobs",
        frame.join(sure, on="found", how="left", maintain_order="left").with_columns(usd),
        text=pl.col("query"),
        query=pl.col("query_key"),
        charged=pl.col("billable"),
        labels=_texts(pl.col("labels")),
        tables=pl.col("tables").fill_null([]),
        allocated=pl.col("payment") == "slots",
    )


def _match(match: Match) -> tuple[int | None, str, str]:
    """One of several statements that fit alike is none."""
    return (match.statements[0] if len(match.statements) == 1 else None, match.grade, match.confidence)


def _dollars(frame: pl.DataFrame, priced: PricedJobs) -> list[Decimal | None]:
    """Of each job, to nine places; None where nobody knows, and 0 where nothing was charged."""
    found: list[Decimal | None] = []
    with localcontext(prec=80):
        for payment, price, billed, units in frame.select(
            "payment", "price", "bytes_billed", "billionths"
        ).iter_rows():
            if payment == "bytes":
                found.append(priced.prices[price].usd(billed).quantize(BILLIONTH))
            elif payment in ("bill", "slots"):
                found.append(units * BILLIONTH)
            else:
                found.append(Decimal(0) if payment == "none" else None)
    return found


def _charges(frame: pl.LazyFrame, found: Found, settings: IterationSettings) -> pl.LazyFrame:
    cells = found.charges.select(*CELL, "iteration").unique().lazy()
    rows = marked_charges(frame, settings).join(
        cells, on=CELL, how="left", nulls_equal=True, maintain_order="left"
    )
    return _declared(
        "charges",
        rows,
        gross=pl.col("cost"),
        credits=pl.col("credit"),
        promotions=pl.col("promotion"),
        **{name: _texts(pl.col(name)) for name in ("labels", "system_labels", "project_labels", "tags")},
    )


def _iterations(found: Found) -> pl.DataFrame:
    rows = [
        (
            *(number, item.id, item.evidence, item.start, item.end, list(item.projects), item.rows),
            *(item.net if item.rows else None, item.jobs, item.bytes_billed),
        )
        for number, item in enumerate(found.iterations)
    ]
    return pl.DataFrame(rows, schema=polars_schema("iterations"), orient="row")


def _declared(table: str, frame: Frame, **made: pl.Expr) -> Frame:
    """The columns that a table declares, as their types."""
    return frame.select(
        made.get(name, pl.col(name)).cast(kind).alias(name) for name, kind in polars_schema(table).items()
    )
