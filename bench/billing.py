"""An invented detailed billing export of any size, the same for the same seed.

Columns and nesting are those of Google's detailed usage cost export
(cloud.google.com/billing/docs/how-to/export-data-bigquery-tables/detailed-usage). Nothing of a real bill is in it: the
values come from the number of a row by arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

ROWS_PER_FILE = 1_000_000
SERVICES = 30
SKUS_PER_SERVICE = 40
PROJECTS = 200
TEAMS = 25
HOURS = 24 * 7 * 13
"""A quarter of a year."""

_MULTIPLIER = 6_364_136_223_846_793_005
_PRIME = 1_442_695_040_888_963_407


def drawn(below: int, stream: int, seed: int) -> pl.Expr:
    """A number from 0 on for each row, by its column `row`; streams are independent of each other."""
    mixed = pl.col("row") + pl.lit(stream * 1_000_003 + seed * 7_919 + 1, dtype=pl.UInt64)
    for _ in range(2):
        mixed = mixed * pl.lit(_MULTIPLIER, dtype=pl.UInt64) + pl.lit(_PRIME, dtype=pl.UInt64)
        mixed = mixed ^ (mixed // pl.lit(2**31, dtype=pl.UInt64))
    return (mixed // pl.lit(2**20, dtype=pl.UInt64)) % pl.lit(below, dtype=pl.UInt64)


def export_frame(start: int, rows: int, seed: int) -> pl.DataFrame:
    """Rows of the export, from a number on."""

    def draw(below: int, stream: int) -> pl.Expr:
        return drawn(below, stream, seed)

    numbered = pl.select(
        pl.int_range(start, start + rows, dtype=pl.UInt64).alias("row"),
    ).with_columns(
        draw(SERVICES, 1).alias("service"),
        draw(SKUS_PER_SERVICE, 2).alias("sku"),
        draw(PROJECTS, 3).alias("project"),
        draw(HOURS, 4).cast(pl.Int64).alias("hour"),
        # Most rows cost little, a few much; millionths, so that whoever rounds to billionths gets the same.
        ((draw(1_000_000, 5) + 1).cast(pl.Float64) / (draw(100_000, 6) + 1).cast(pl.Float64) / 1000)
        .round(6)
        .alias("cost"),
        draw(TEAMS, 8).alias("team"),
    )
    begin = pl.lit(1_782_864_000_000_000).cast(pl.Datetime("us", "UTC")) + pl.duration(hours=pl.col("hour"))
    service, sku = pl.col("service").cast(pl.String), pl.col("sku").cast(pl.String)
    project = pl.col("project").cast(pl.String)

    def pair(key: str, value: pl.Expr) -> pl.Expr:
        return pl.struct(pl.lit(key).alias("key"), value.alias("value"))

    # Up to three labels. (polars joins lists of structs slowly: numbers are listed, and become structs in one go.)
    code = (pl.col("team") * 3000 + draw(3000, 10)).cast(pl.Int64) * 3
    kind, value = pl.element() % 3, pl.element() // 3
    label = pl.struct(
        pl.when(kind == 0)
        .then(pl.lit("team"))
        .when(kind == 1)
        .then(pl.lit("env"))
        .otherwise(pl.lit("run"))
        .alias("key"),
        pl.when(kind == 0)
        .then(pl.format("team-{}", value // 3000))
        .when(kind == 1)
        .then(pl.when(value % 3 == 0).then(pl.lit("prod")).otherwise(pl.lit("dev")))
        .otherwise((value % 1000).cast(pl.String))
        .alias("value"),
    )
    labels = pl.int_ranges(code, code + draw(4, 9).cast(pl.Int64)).list.eval(label)
    credit = pl.struct(
        pl.lit("Sustained usage").alias("name"),
        (pl.col("cost") * -0.2).alias("amount"),
        pl.lit("sustained").alias("id"),
        pl.lit("SUSTAINED_USAGE_DISCOUNT").alias("type"),
        pl.lit("Sustained usage discount").alias("full_name"),
    )
    credits = pl.concat_list(credit).list.head((draw(10, 7) < 3).cast(pl.UInt32))
    return numbered.select(
        pl.lit("012345-ABCDEF-678901").alias("billing_account_id"),
        pl.struct(
            pl.format("SERV-{}", service).alias("id"),
            pl.format("Service number {}", service).alias("description"),
        ).alias("service"),
        pl.struct(
            pl.format("SKU-{}-{}", service, sku).alias("id"),
            pl.format("Unit {} of service {} in Americas", sku, service).alias("description"),
        ).alias("sku"),
        begin.alias("usage_start_time"),
        (begin + pl.duration(hours=1)).alias("usage_end_time"),
        pl.struct(
            pl.format("project-{}", project).alias("id"),
            pl.format("{}", pl.col("project") + 100_000_000_000).alias("number"),
            pl.format("Project {}", project).alias("name"),
            pl.concat_list(pair("cost_center", (pl.col("project") % 12).cast(pl.String))).alias("labels"),
            pl.lit("/1234567890/").alias("ancestry_numbers"),
        ).alias("project"),
        labels.alias("labels"),
        pl.concat_list(pair("compute.googleapis.com/cores", (pl.col("sku") % 8).cast(pl.String))).alias(
            "system_labels"
        ),
        pl.struct(
            pl.lit("us-central1").alias("location"),
            pl.lit("US").alias("country"),
            pl.lit("us-central1").alias("region"),
            pl.lit(None, dtype=pl.String).alias("zone"),
        ).alias("location"),
        pl.struct(
            pl.format("instance-{}", draw(100_000, 12)).alias("name"),
            pl.format("//compute.googleapis.com/instances/{}", draw(100_000, 12)).alias("global_name"),
        ).alias("resource"),
        pl.lit(None, dtype=pl.List(pl.Struct({"key": pl.String, "value": pl.String}))).alias("tags"),
        pl.struct(
            (pl.col("cost") / 1.25).alias("effective_price"), pl.lit(1.0).alias("pricing_unit_quantity")
        ).alias("price"),
        pl.col("cost"),
        pl.lit("USD").alias("currency"),
        pl.lit(1.0).alias("currency_conversion_rate"),
        pl.struct(
            draw(1_000_000_000, 13).cast(pl.Float64).alias("amount"),
            pl.lit("seconds").alias("unit"),
            (pl.col("cost") * 2.5).alias("amount_in_pricing_units"),
            pl.lit("hour").alias("pricing_unit"),
        ).alias("usage"),
        credits.alias("credits"),
        pl.struct(begin.dt.strftime("%Y%m").alias("month"), pl.lit("GOOGLE").alias("publisher_type")).alias(
            "invoice"
        ),
        pl.lit("regular").alias("cost_type"),
        (begin + pl.duration(hours=6)).alias("export_time"),
        (pl.col("cost") * 1.1).alias("cost_at_list"),
    )


def spans(rows: int, size: int) -> Iterator[tuple[int, int]]:
    """Starts and lengths of files."""
    for start in range(0, rows, size):
        yield start, min(size, rows - start)


def write_parquet(directory: Path, rows: int, seed: int) -> None:
    """An export in Parquet, in files of up to ROWS_PER_FILE rows."""
    for number, (start, count) in enumerate(spans(rows, ROWS_PER_FILE)):
        frame = export_frame(start, count, seed)
        frame.write_parquet(directory / f"{number:012}.parquet", compression="snappy", statistics=True)


def write_ndjson(path: Path, rows: int, seed: int) -> None:
    """The same rows as `bq extract` writes them to NDJSON: a line each, without what is null."""
    with path.open("wb") as stream:
        for start, count in spans(rows, 100_000):
            frame = export_frame(start, count, seed).drop("tags")
            times = [pl.col(name).dt.strftime("%Y-%m-%d %H:%M:%S UTC") for name in _TIMES]
            frame.with_columns(times).write_ndjson(stream)


_TIMES = ("usage_start_time", "usage_end_time", "export_time")
