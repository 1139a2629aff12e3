"""Column reads of scans of which the catalog knows nothing, for a whole project at once."""

from __future__ import annotations

import polars as pl

from costguard.estimate.columns import PSEUDO_COLUMNS

_COLUMNS = ("query", "scan", "column", "at", "through_star", "ambiguous")


def unresolved_reads(plans: pl.DataFrame) -> pl.DataFrame:
    """Rows for `columns_read` from read plans: paths as written, each once per scan.

    A path that several scans could own has no scan. What has the name of a script variable is that variable.
    Stars give no rows: the columns are not known. An array that is unnested counts where no field of it is named.
    """
    named = (
        plans.lazy()
        .filter(pl.col("kind").is_in(["path", "unnest"]) & (pl.col("path") != "") & ~pl.col("variable"))
        .filter(~pl.col("path").str.to_lowercase().is_in(sorted(PSEUDO_COLUMNS)))
        .select(
            "query",
            pl.when(pl.col("scans").list.n_unique() == 1).then(pl.col("scans").list.first()).alias("scan"),
            pl.col("path").alias("column"),
            "at",
            "kind",
        )
        .collect()
    )
    arrays = named.filter(pl.col("kind") == "unnest")
    if arrays.height:
        fields = named.filter(pl.col("kind") == "path").join(
            arrays.select("query").unique(), on="query", how="semi"
        )
        inside: set[tuple[int, int | None, str]] = set()
        for query, scan, path in fields.select("query", "scan", "column").iter_rows():
            inside.add((query, scan, path))
            while "." in path:
                path = path.rpartition(".")[0]
                inside.add((query, scan, path))
        bare = [row not in inside for row in arrays.select("query", "scan", "column").iter_rows()]
        named = pl.concat(
            [named.filter(pl.col("kind") == "path"), arrays.filter(pl.Series(bare, dtype=pl.Boolean))]
        )
    return (
        named.lazy()
        .group_by("query", "scan", "column", maintain_order=True)
        .agg(pl.col("at").drop_nulls().first())
        .with_columns(pl.lit(False).alias("through_star"), pl.col("scan").is_null().alias("ambiguous"))
        .select(_COLUMNS)
        .collect()
    )
