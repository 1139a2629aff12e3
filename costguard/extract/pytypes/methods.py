"""Types of attributes and of method results, by type of the object."""

from __future__ import annotations

from typing import Final

from costguard.extract.pytypes.names import FRAME, FRAME_GROUPS, SERIES, SERIES_GROUPS, SPARK_FRAME
from costguard.extract.pytypes.words import words


def _methods(*groups: tuple[str, str]) -> dict[str, str]:
    return {name: result for names, result in groups for name in names.split()}


_SCALAR_REDUCTIONS = (
    "sum mean median min max std var prod product sem skew kurt kurtosis quantile count nunique any all mode"
)
FRAME_METHODS: Final = _methods(
    (
        "abs add add_prefix add_suffix align append applymap asfreq assign astype at_time"
        " between_time bfill clip"
        "  combine combine_first convert_dtypes copy corr cov cummax cummin cumprod cumsum describe"
        " diff div divide"
        "  drop drop_duplicates dropna explode eq eval ffill fillna filter first from_dict"
        " from_records ge gt head"
        "  infer_objects interpolate isin isna isnull join last le lt map mask melt merge mod mul"
        " multiply ne nlargest"
        " notna notnull nsmallest pct_change pipe pivot pivot_table pow query rank reindex rename rename_axis"
        "  reorder_levels replace reset_index round sample select_dtypes set_axis set_index shift"
        " sort_index sort_values"
        " stack sub subtract swaplevel tail take to_timestamp transform transpose truediv truncate tz_convert"
        " tz_localize unstack where xs",
        FRAME,
    ),
    (
        f"{_SCALAR_REDUCTIONS} duplicated memory_usage idxmax idxmin squeeze pop value_counts dot",
        SERIES,
    ),
    ("groupby", FRAME_GROUPS),
    ("rolling expanding ewm resample", "pandas.Window"),
    ("to_numpy to_records", "numpy.ndarray"),
    ("to_dict", "builtins.dict"),
    ("to_json to_string to_html to_markdown", "builtins.str"),
    ("iterrows itertuples items iteritems", "builtins.iterator"),
)
FRAME_ATTRIBUTES: Final = _methods(
    ("T", FRAME),
    ("values", "numpy.ndarray"),
    ("columns index axes", "pandas.Index"),
    ("dtypes", SERIES),
    ("shape", "builtins.tuple"),
    ("empty", "builtins.bool"),
    ("size ndim", "builtins.int"),
    ("loc", "pandas.DataFrame.loc"),
    ("iloc", "pandas.DataFrame.iloc"),
    ("at", "pandas.DataFrame.at"),
    ("iat", "pandas.DataFrame.iat"),
    ("plot", "pandas.Plot"),
    ("style", "pandas.Styler"),
    ("attrs", "builtins.dict"),
)
FRAME_OTHER_METHODS: Final = words(
    "apply agg aggregate info insert update to_csv to_parquet to_gbq to_sql to_excel to_pickle"
    " to_feather to_hdf to_stata to_clipboard to_latex to_xarray hist boxplot keys get equals"
    " to_orc to_period compare"
)

SERIES_METHODS: Final = _methods(
    (
        "abs add append apply astype between bfill clip combine_first copy cumsum cumprod cummax"
        " cummin diff div drop"
        "  drop_duplicates dropna duplicated eq explode ffill fillna ge gt head interpolate isin isna"
        " isnull le lt map"
        "  mask mod mul ne nlargest notna notnull nsmallest pct_change rank reindex rename replace"
        " reset_index round"
        " sample shift sort_index sort_values sub tail transform truediv value_counts where set_axis",
        SERIES,
    ),
    ("to_frame describe_frame unstack", FRAME),
    ("groupby", SERIES_GROUPS),
    ("unique to_numpy", "numpy.ndarray"),
    ("tolist to_list", "builtins.list"),
    ("to_dict", "builtins.dict"),
    ("rolling expanding ewm resample", "pandas.SeriesWindow"),
    ("nunique", "builtins.int"),
    ("items iteritems", "builtins.iterator"),
)
SERIES_ATTRIBUTES: Final = _methods(
    ("str", "pandas.Series.str"),
    ("dt", "pandas.Series.dt"),
    ("cat", "pandas.Series.cat"),
    ("values array", "numpy.ndarray"),
    ("index", "pandas.Index"),
    ("loc iloc at iat", "pandas.Series.loc"),
    ("plot", "pandas.Plot"),
)
GROUP_RESULTS: Final = words(
    "agg aggregate sum mean median min max std var first last nth head tail count nunique size"
    " cumsum cumcount shift transform apply filter rank ffill bfill fillna describe quantile prod"
    " diff pct_change idxmax idxmin sample"
)
SAME_FRAME_METHODS: Final = {
    SPARK_FRAME: words(
        "alias cache coalesce checkpoint colRegex crossJoin cube_ describe distinct drop"
        " dropDuplicates drop_duplicates dropna exceptAll fillna filter hint intersect"
        " intersectAll join limit localCheckpoint melt na_ observe orderBy persist repartition"
        " repartitionByRange replace sample sampleBy select selectExpr sort sortWithinPartitions"
        " subtract summary toDF transform union unionAll unionByName unpersist unpivot where"
        " withColumn withColumnRenamed withColumns withColumnsRenamed withWatermark mapInPandas"
        " mapInArrow agg to"
    ),
    "polars.DataFrame": words(
        "select with_columns filter sort join drop rename head tail limit sample unique"
        " drop_nulls fill_null cast slice with_row_index with_row_count vstack hstack extend clone"
        " explode pivot unpivot melt top_k bottom_k sum mean min max describe rechunk select_seq"
        " map_rows reverse shift join_asof with_column transpose unnest"
    ),
    "polars.LazyFrame": words(
        "select with_columns filter sort join drop rename head tail limit unique drop_nulls"
        " fill_null cast slice with_row_index with_row_count explode unpivot melt top_k bottom_k"
        " sum mean min max cache shift join_asof with_column first last unnest"
    ),
    "bigframes.pandas.DataFrame": words(
        "head tail sort_values sort_index drop dropna fillna rename reset_index set_index merge"
        " join assign astype copy cache sample drop_duplicates query where mask filter reindex"
        " describe isna notna isnull nlargest nsmallest rank shift diff round explode melt pivot"
        " apply map"
    ),
    "cudf.DataFrame": words(
        "head tail sort_values sort_index drop dropna fillna rename reset_index set_index merge"
        " join assign astype copy sample drop_duplicates query append apply_rows"
    ),
    "dask.dataframe.DataFrame": words(
        "head_ tail_ sort_values drop dropna fillna rename reset_index set_index merge join"
        " assign astype copy sample drop_duplicates query repartition persist map_partitions"
    ),
    "modin.pandas.DataFrame": words("head tail sort_values drop dropna fillna merge join copy"),
    "pyspark.pandas.DataFrame": words(
        "head tail sort_values drop dropna fillna rename reset_index set_index merge join assign astype copy"
    ),
    "pyspark.RDD": words(
        "map flatMap filter mapPartitions distinct union intersection repartition coalesce cache"
        " persist reduceByKey groupByKey sortBy sortByKey mapValues flatMapValues keyBy keys"
        " values sample zipWithIndex join"
    ),
}
"""Methods that give another object of the same type."""

OTHER_METHODS: Final[dict[str, dict[str, str]]] = {
    SPARK_FRAME: _methods(
        ("groupBy groupby rollup cube", "pyspark.sql.GroupedData"),
        ("toPandas", FRAME),
        ("collect take tail", "builtins.list"),
        ("toLocalIterator", "builtins.iterator"),
        ("count", "builtins.int"),
        ("first head", "pyspark.sql.Row"),
        ("to_pandas_on_spark pandas_api to_koalas", "pyspark.pandas.DataFrame"),
        ("isEmpty", "builtins.bool"),
    ),
    "pyspark.sql.GroupedData": _methods(
        ("agg count sum avg mean max min apply applyInPandas", SPARK_FRAME),
        ("pivot", "pyspark.sql.GroupedData"),
    ),
    "pyspark.sql.SQLContext": {},
    "pyspark.pandas.DataFrame": _methods(("to_pandas", FRAME), ("to_spark", SPARK_FRAME)),
    "pyspark.RDD": _methods(
        ("collect take takeOrdered top", "builtins.list"), ("toDF", SPARK_FRAME), ("count", "builtins.int")
    ),
    "polars.DataFrame": _methods(
        ("to_pandas", FRAME),
        ("lazy", "polars.LazyFrame"),
        ("group_by groupby group_by_dynamic", "polars.GroupBy"),
        ("to_dicts rows iter_rows", "builtins.list"),
        ("to_series get_column", "polars.Series"),
    ),
    "polars.LazyFrame": _methods(
        ("collect fetch", "polars.DataFrame"),
        ("lazy", "polars.LazyFrame"),
        ("group_by groupby", "polars.LazyGroupBy"),
    ),
    "polars.GroupBy": _methods(("agg count sum mean min max first last len head tail", "polars.DataFrame")),
    "polars.LazyGroupBy": _methods(
        ("agg count sum mean min max first last len head tail", "polars.LazyFrame")
    ),
    "polars.Series": _methods(("map_elements apply cast", "polars.Series"), ("to_list", "builtins.list")),
    "bigframes.pandas.DataFrame": _methods(
        ("to_pandas peek", FRAME), ("to_arrow", "pyarrow.Table"), ("groupby", "bigframes.pandas.GroupBy")
    ),
    "bigframes.pandas.GroupBy": _methods(
        ("agg sum mean min max count size median std var first last", "bigframes.pandas.DataFrame")
    ),
    "cudf.DataFrame": _methods(("to_pandas", FRAME), ("groupby", "cudf.GroupBy")),
    "cudf.GroupBy": _methods(("agg sum mean min max count size", "cudf.DataFrame")),
    "dask.dataframe.DataFrame": _methods(("compute head tail", FRAME), ("groupby", "dask.GroupBy")),
    "dask.GroupBy": _methods(("agg sum mean min max count size", "dask.dataframe.DataFrame")),
    "pyarrow.Table": _methods(("to_pandas", FRAME)),
    "pandas.ExcelFile": _methods(("parse", FRAME)),
    "pandas.HDFStore": _methods(("select get", FRAME)),
    "datasets.Dataset": _methods(("to_pandas", FRAME)),
}
OTHER_ATTRIBUTES: Final[dict[str, dict[str, str]]] = {
    "pyspark.sql.SparkSession": _methods(
        ("read", "pyspark.sql.DataFrameReader"),
        ("readStream", "pyspark.sql.DataStreamReader"),
        ("sparkContext", "pyspark.SparkContext"),
        ("udf", "pyspark.sql.UDFRegistration"),
        ("catalog", "pyspark.sql.Catalog"),
        ("conf", "pyspark.sql.RuntimeConfig"),
    ),
    "pyspark.sql.SQLContext": _methods(
        ("read", "pyspark.sql.DataFrameReader"), ("udf", "pyspark.sql.UDFRegistration")
    ),
    SPARK_FRAME: _methods(
        ("write", "pyspark.sql.DataFrameWriter"),
        ("writeStream", "pyspark.sql.DataStreamWriter"),
        ("rdd", "pyspark.RDD"),
        ("columns", "builtins.list"),
        ("schema", "pyspark.sql.types.StructType"),
        ("dtypes", "builtins.list"),
        ("na", "pyspark.sql.DataFrameNaFunctions"),
        ("stat", "pyspark.sql.DataFrameStatFunctions"),
        ("isStreaming", "builtins.bool"),
        ("sparkSession", "pyspark.sql.SparkSession"),
    ),
}
