"""Files with the same charges: what an older export left, exports that overlap, two kinds of export of one account.

Rows of a bill repeat each other but for an amount, and are never dropped for that. What stands in another file too, to
the moment of its export, day after day, would count twice, and is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Final

import polars as pl

from costguard.errors import UsageProblem
from costguard.history.files import collected

if TYPE_CHECKING:
    from costguard.history.charges import ExportFile

STALE_SHARE: Final = 0.5
"""A file of which so many rows stand in another one was left by an older export."""
OVERLAP_SHARE: Final = 0.9
"""A day of which a file has so many rows in common with another one was exported twice. Only rows with an amount: free
ones are alike, but for their labels."""
OVERLAP_ROWS: Final = 3
"""Over several such days. Files of one export may have a row in common by chance."""
OVERLAP_ROWS_OF_A_DAY: Final = 10
SAME_SUMS: Final = 0.5
"""Two kinds of export of which so many sums, by day and SKU, are the same are of the same charges."""
_MICRO: Final = 1e-6
_IDENTITY: Final = (
    *("billing_account", "invoice_month", "cost_type", "service_id", "sku_id", "usage_start", "usage_end"),
    *("project", "region", "resource", "cost", "usage_amount", "export_time"),
)
_NUMBERS: Final = ("usage_start", "usage_end", "cost", "usage_amount", "export_time")
"""Those of _IDENTITY that are no texts."""


def refuse_repeated(charges: pl.LazyFrame, files: Sequence[ExportFile]) -> None:
    """Look whether charges (with `file`, `net` and the columns of CHARGES) would count twice.

    Raises:
        UsageProblem: they would.
    """
    if len(files) < 2:
        return
    _refuse_two_kinds(charges, [file.shape for file in files])
    # A few numbers are read in a fraction of the time and room that all takes.
    if _repeated(_days(charges, _NUMBERS, at_most=True)).is_empty():
        return
    found = _repeated(_days(charges, _IDENTITY))
    if not found.is_empty():
        raise UsageProblem(
            "the same charges stand in several files, so they would count twice: "
            f"{', '.join(_described(files, found))}; exports that overlap leave such files, and a folder that was not "
            "emptied before an export"
        )


def _days(charges: pl.LazyFrame, columns: tuple[str, ...], *, at_most: bool = False) -> pl.DataFrame:
    """For each file and day of usage the `rows` that are different by `columns`, and those of them that another file
    has, too (`shared`); `paid` and `shared_paid` count only rows with an amount.

    `at_most`: `columns` do not tell all rows apart, so each row counts that may be shared, and the share is never less
    than that by more columns.
    """
    paid = (pl.col("net") != 0).any().alias("paid")
    count = (pl.len() if at_most else pl.lit(1, pl.UInt32)).alias("count")
    row = pl.struct(*columns).hash().alias("row")
    day = pl.col("usage_start").dt.date().alias("day")
    (rows,) = collected(charges.group_by("file", day, row).agg(paid, count))
    common = rows.group_by("row").agg(pl.col("file").n_unique().alias("files"))
    shared = pl.col("files") > 1
    return (
        rows.join(common, on="row")
        .group_by("file", "day")
        .agg(
            pl.len().alias("rows"),
            pl.col("count").filter(shared).sum().alias("shared"),
            pl.col("paid").sum(),
            pl.col("count").filter(shared & pl.col("paid")).sum().alias("shared_paid"),
        )
    )


def _repeated(days: pl.DataFrame) -> pl.DataFrame:
    """`file`, `share` of its rows that others have, `first` and `last` day of those that others have nearly whole."""
    twice = (pl.col("shared_paid") >= OVERLAP_SHARE * pl.col("paid")) & (pl.col("paid") > 0)
    among = pl.col("shared_paid").filter(twice)
    found = days.group_by("file").agg(
        (pl.col("shared").sum() / pl.col("rows").sum()).alias("share"),
        pl.col("day").filter(twice).min().alias("first"),
        pl.col("day").filter(twice).max().alias("last"),
        ((among.max() >= OVERLAP_ROWS_OF_A_DAY) | ((among.sum() >= OVERLAP_ROWS) & (among.len() > 1))).alias(
            "overlaps"
        ),
    )
    return found.filter((pl.col("share") >= STALE_SHARE) | pl.col("overlaps")).sort("file")


def _described(files: Sequence[ExportFile], found: pl.DataFrame) -> Iterator[str]:
    for file, share, first, last, overlaps in found.iter_rows():
        days = "" if not overlaps or share >= STALE_SHARE else f" of usage from {first} to {last}"
        yield f"{files[file].path} ({share:.0%}{days})"


def _refuse_two_kinds(charges: pl.LazyFrame, kinds: Sequence[str]) -> None:
    """The standard export, the detailed one and FOCUS tell of the same charges in other rows; sums by day and SKU are
    the same."""
    if len(set(kinds)) < 2:
        return
    kind = pl.col("file").replace_strict(dict(enumerate(kinds)), return_dtype=pl.String).alias("kind")
    day = pl.col("usage_start").dt.date().alias("day")
    amount = pl.col("cost").sum().cast(pl.Float64).alias("amount")
    (sums,) = collected(charges.group_by(kind, day, "sku_id").agg(amount))
    sums = sums.filter(pl.col("amount").abs() > _MICRO)
    for one, other in combinations(sorted(set(kinds)), 2):
        here, there = (sums.filter(pl.col("kind") == name) for name in (one, other))
        both = here.join(there, on="day", how="semi")  # of the days that both have
        also = there.join(here, on="day", how="semi")
        pairs = both.join(also, on=["day", "sku_id"], nulls_equal=True)
        same = pairs.filter((pl.col("amount") - pl.col("amount_right")).abs() < _MICRO).height
        least = min(both.height, also.height)
        if same >= OVERLAP_ROWS and same >= SAME_SUMS * least:
            raise UsageProblem(
                f"exports of two kinds ({one} and {other}) tell of the same charges, so they would count twice: of "
                f"{least:,} sums by day and SKU {same:,} are the same; give one of them"
            )
