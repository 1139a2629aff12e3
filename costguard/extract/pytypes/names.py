"""Public names of things that libraries also expose under private paths, and which classes extend which."""

from __future__ import annotations

from typing import Final

FRAME: Final = "pandas.DataFrame"
SERIES: Final = "pandas.Series"
FRAME_GROUPS: Final = "pandas.DataFrameGroupBy"
SERIES_GROUPS: Final = "pandas.SeriesGroupBy"
SPARK: Final = "pyspark.sql.SparkSession"
SPARK_FRAME: Final = "pyspark.sql.DataFrame"
QUERY_JOB: Final = "google.cloud.bigquery.QueryJob"
ROWS: Final = "google.cloud.bigquery.RowIterator"
ROW: Final = "google.cloud.bigquery.Row"

ENGINES: Final = {
    FRAME: "pandas",
    "geopandas.GeoDataFrame": "pandas",
    "polars.DataFrame": "polars",
    "polars.LazyFrame": "polars",
    SPARK_FRAME: "pyspark",
    "pyspark.pandas.DataFrame": "pyspark",
    "bigframes.pandas.DataFrame": "bigframes",
    "cudf.DataFrame": "cudf",
    "dask.dataframe.DataFrame": "dask",
    QUERY_JOB: "bigquery",
    ROWS: "bigquery",
}
"""Types that count as frames, and the engine of each."""

BASES: Final = {"geopandas.GeoDataFrame": FRAME, "geopandas.GeoSeries": SERIES}
"""Classes whose methods carry the name of the class they extend."""

_PREFIXES: Final = (
    ("pandas.core.frame.", "pandas."),
    ("pandas.core.series.", "pandas."),
    ("pandas.core.groupby.generic.", "pandas."),
    ("pandas.core.groupby.", "pandas."),
    ("pandas.core.api.", "pandas."),
    ("pandas.core.reshape.concat.", "pandas."),
    ("pandas.io.parsers.", "pandas."),
    ("pandas.io.gbq.", "pandas."),
    ("pandas.io.parquet.", "pandas."),
    ("geopandas.geodataframe.", "geopandas."),
    ("pyspark.sql.dataframe.", "pyspark.sql."),
    ("pyspark.sql.session.", "pyspark.sql."),
    ("pyspark.sql.context.", "pyspark.sql."),
    ("pyspark.sql.column.", "pyspark.sql."),
    ("pyspark.sql.group.", "pyspark.sql."),
    ("pyspark.sql.readwriter.", "pyspark.sql."),
    ("pyspark.sql.connect.", "pyspark.sql."),
    ("pyspark.rdd.", "pyspark."),
    ("pyspark.context.", "pyspark."),
    ("google.cloud.bigquery.client.", "google.cloud.bigquery."),
    ("google.cloud.bigquery.job.query.", "google.cloud.bigquery."),
    ("google.cloud.bigquery.job.", "google.cloud.bigquery."),
    ("google.cloud.bigquery.table.", "google.cloud.bigquery."),
    ("google.cloud.bigquery_v2.", "google.cloud.bigquery."),
    ("bigframes.dataframe.", "bigframes.pandas."),
    ("bigframes.series.", "bigframes.pandas."),
    ("lightgbm.sklearn.", "lightgbm."),
    ("lightgbm.engine.", "lightgbm."),
    ("lightgbm.basic.", "lightgbm."),
    ("xgboost.sklearn.", "xgboost."),
    ("xgboost.training.", "xgboost."),
    ("xgboost.core.", "xgboost."),
    ("catboost.core.", "catboost."),
    ("polars.dataframe.frame.", "polars."),
    ("polars.dataframe.", "polars."),
    ("polars.lazyframe.frame.", "polars."),
    ("polars.lazyframe.", "polars."),
    ("joblib.parallel.", "joblib."),
    ("sklearn.externals.joblib", "joblib"),
    ("shap.explainers.", "shap."),
)
_MOVABLE: Final = frozenset(source.partition(".")[0] for source, _ in _PREFIXES)


def public_name(name: str) -> str:
    """The documented name of a resolved dotted name."""
    if name.partition(".")[0] in _MOVABLE:
        for source, target in _PREFIXES:
            if name.startswith(source):
                return target + name[len(source) :]
    return name
