"""What the functions of data libraries return, by resolved name."""

from __future__ import annotations

from typing import Final

from costguard.extract.pytypes.names import FRAME, QUERY_JOB, ROWS, SERIES, SPARK, SPARK_FRAME
from costguard.extract.pytypes.words import words


def _table(*groups: tuple[str, str, str]) -> dict[str, str]:
    """Rows (`prefix`, names separated by blanks, type of the result) as one dictionary."""
    return {f"{prefix}.{name}": result for prefix, names, result in groups for name in names.split()}


_BIGFRAMES = "bigframes.pandas.DataFrame"

FUNCTIONS: Final = _table(
    (
        "pandas",
        "DataFrame read_csv read_table read_fwf read_excel read_json read_parquet read_feather"
        " read_orc read_pickle"
        "  read_gbq read_sql read_sql_query read_sql_table read_hdf read_sas read_stata read_spss"
        " read_clipboard"
        " read_xml merge merge_asof merge_ordered get_dummies pivot pivot_table crosstab melt"
        " json_normalize wide_to_long",
        FRAME,
    ),
    ("pandas.DataFrame", "from_dict from_records", FRAME),
    ("pandas.io.json", "json_normalize", FRAME),
    ("pandas", "Series to_numeric cut qcut", SERIES),
    ("pandas", "ExcelFile", "pandas.ExcelFile"),
    ("pandas", "HDFStore", "pandas.HDFStore"),
    ("pandas", "date_range bdate_range period_range DatetimeIndex", "pandas.DatetimeIndex"),
    ("pandas", "Index RangeIndex MultiIndex", "pandas.Index"),
    ("pandas", "Timestamp", "pandas.Timestamp"),
    ("pandas_gbq", "read_gbq", FRAME),
    ("pydata_google_auth", "default", "google.auth.credentials"),
    (
        "geopandas",
        "GeoDataFrame read_file read_parquet read_postgis read_feather sjoin overlay",
        "geopandas.GeoDataFrame",
    ),
    ("pyarrow.parquet", "read_table", "pyarrow.Table"),
    ("pyarrow", "Table", "pyarrow.Table"),
    ("datasets", "load_dataset", "datasets.Dataset"),
    (
        "dask.dataframe",
        "read_csv read_parquet read_json read_hdf read_table from_pandas concat merge",
        "dask.dataframe.DataFrame",
    ),
    (
        "cudf",
        "DataFrame read_csv read_parquet read_json read_orc read_feather concat merge from_pandas",
        "cudf.DataFrame",
    ),
    ("cudf", "Series", "cudf.Series"),
    (
        "modin.pandas",
        "DataFrame read_csv read_parquet read_json read_sql read_excel concat merge",
        "modin.pandas.DataFrame",
    ),
    ("vaex", "open from_csv from_pandas", "vaex.DataFrame"),
    (
        "polars",
        "DataFrame read_csv read_parquet read_json read_ndjson read_ipc read_excel read_database"
        " read_avro from_pandas"
        " from_dict from_dicts from_records from_arrow",
        "polars.DataFrame",
    ),
    ("polars", "LazyFrame scan_csv scan_parquet scan_ndjson scan_ipc scan_delta", "polars.LazyFrame"),
    ("polars", "col lit when struct concat_str", "polars.Expr"),
    ("polars", "Series", "polars.Series"),
    (
        "bigframes.pandas",
        "DataFrame read_gbq read_gbq_query read_gbq_table read_csv read_parquet read_pandas concat merge",
        _BIGFRAMES,
    ),
    (
        "pyspark.pandas",
        "DataFrame read_csv read_parquet read_table read_delta from_pandas sql concat",
        "pyspark.pandas.DataFrame",
    ),
    (
        "databricks.koalas",
        "DataFrame read_csv read_parquet read_table from_pandas sql concat",
        "pyspark.pandas.DataFrame",
    ),
    ("google.cloud.bigquery", "Client", "google.cloud.bigquery.Client"),
    (
        "google.cloud.bigquery.Client",
        "from_service_account_json from_service_account_info",
        "google.cloud.bigquery.Client",
    ),
    ("google.cloud.bigquery.Client", "query get_job", QUERY_JOB),
    ("google.cloud.bigquery.Client", "query_and_wait list_rows", ROWS),
    ("google.cloud.bigquery.Client", "get_table create_table update_table", "google.cloud.bigquery.Table"),
    (
        "google.cloud.bigquery.Client",
        "get_dataset create_dataset update_dataset",
        "google.cloud.bigquery.Dataset",
    ),
    (
        "google.cloud.bigquery.Client",
        "load_table_from_dataframe load_table_from_file load_table_from_json load_table_from_uri",
        "google.cloud.bigquery.LoadJob",
    ),
    ("google.cloud.bigquery.Client", "copy_table", "google.cloud.bigquery.CopyJob"),
    ("google.cloud.bigquery.Client", "extract_table", "google.cloud.bigquery.ExtractJob"),
    ("google.cloud.bigquery.QueryJob", "result", ROWS),
    ("google.cloud.bigquery.QueryJob", "to_dataframe", FRAME),
    ("google.cloud.bigquery.QueryJob", "to_geodataframe", "geopandas.GeoDataFrame"),
    ("google.cloud.bigquery.QueryJob", "to_arrow", "pyarrow.Table"),
    ("google.cloud.bigquery.RowIterator", "to_dataframe", FRAME),
    ("google.cloud.bigquery.RowIterator", "to_geodataframe", "geopandas.GeoDataFrame"),
    ("google.cloud.bigquery.RowIterator", "to_arrow", "pyarrow.Table"),
    ("google.cloud.storage", "Client", "google.cloud.storage.Client"),
    ("pyspark.sql", "SQLContext HiveContext", "pyspark.sql.SQLContext"),
    ("pyspark.sql.SparkSession.builder", "getOrCreate", SPARK),
    ("pyspark.sql.SparkSession", "getActiveSession newSession", SPARK),
    ("pyspark", "SparkContext", "pyspark.SparkContext"),
    ("pyspark.SparkContext", "getOrCreate", "pyspark.SparkContext"),
    ("pyspark.SparkContext", "parallelize textFile wholeTextFiles", "pyspark.RDD"),
    ("pyspark.sql.SparkSession", "sql table createDataFrame range", SPARK_FRAME),
    ("pyspark.sql.SQLContext", "sql table createDataFrame range", SPARK_FRAME),
    (
        "pyspark.sql.DataFrameReader",
        "load csv parquet json orc text table jdbc delta",
        SPARK_FRAME,
    ),
    ("pyspark.sql.DataFrameReader", "format option options schema", "pyspark.sql.DataFrameReader"),
    ("pyspark.sql.DataStreamReader", "format option options schema", "pyspark.sql.DataStreamReader"),
    (
        "pyspark.sql.DataFrameWriter",
        "format option options mode partitionBy bucketBy sortBy",
        "pyspark.sql.DataFrameWriter",
    ),
    ("pyspark.sql.functions", "broadcast", SPARK_FRAME),
    ("sqlite3", "connect", "sqlite3.Connection"),
    ("sqlalchemy", "create_engine", "sqlalchemy.Engine"),
    ("requests", "Session session", "requests.Session"),
    ("concurrent.futures", "ThreadPoolExecutor ProcessPoolExecutor", "concurrent.futures.Executor"),
    ("multiprocessing", "Pool", "multiprocessing.Pool"),
    ("multiprocessing.pool", "Pool ThreadPool", "multiprocessing.Pool"),
    ("multiprocessing.dummy", "Pool", "multiprocessing.Pool"),
    ("lightgbm", "train", "lightgbm.Booster"),
    ("xgboost", "train", "xgboost.Booster"),
    ("catboost", "train", "catboost.CatBoost"),
    (
        "numpy",
        "array arange zeros ones empty full linspace concatenate stack vstack hstack where unique"
        " sort asarray"
        "  zeros_like ones_like full_like load genfromtxt loadtxt random.rand random.randn"
        " random.randint random.choice"
        " mean_axis repeat tile",
        "numpy.ndarray",
    ),
    ("builtins", "list sorted", "builtins.list"),
    ("builtins", "dict vars locals globals", "builtins.dict"),
    ("builtins", "set frozenset", "builtins.set"),
    ("builtins", "str repr format input chr ascii hex bin oct", "builtins.str"),
    ("builtins", "int len ord hash id", "builtins.int"),
    ("builtins", "float", "builtins.float"),
    ("builtins", "bool isinstance hasattr callable issubclass any all", "builtins.bool"),
    ("builtins", "open", "builtins.file"),
    ("builtins", "tuple", "builtins.tuple"),
    ("builtins", "range", "builtins.range"),
    ("collections", "defaultdict OrderedDict Counter", "builtins.dict"),
    ("collections", "deque", "builtins.list"),
    ("copy", "copy deepcopy", "="),
)
"""The type of the result by function; `=` means the type of the first argument."""

TUPLES: Final = {
    "pyspark.sql.DataFrame.randomSplit": SPARK_FRAME,
}
"""Functions that return a list or tuple of things of one type."""

SPLITTERS: Final = frozenset(
    {"sklearn.model_selection.train_test_split", "sklearn.cross_validation.train_test_split"}
)
"""Functions that return two values of the type of every positional argument."""

BUILTIN_NAMES: Final = words(
    "abs all any ascii bin bool bytearray bytes callable chr classmethod compile complex delattr"
    " dict dir divmod enumerate eval exec filter float format frozenset getattr globals hasattr"
    " hash help hex id input int isinstance issubclass iter len list locals map max memoryview min"
    " next object oct open ord pow print property range repr reversed round set setattr slice"
    " sorted staticmethod str sum super tuple type vars zip __import__"
)
SPARK_FUNCTION_NAMES: Final = words(
    "udf pandas_udf col lit when broadcast expr count sum avg max min countDistinct collect_list collect_set"
)
"""What `from pyspark.sql.functions import *` is taken to bring in."""

METADATA_CONTAINERS: Final = frozenset({"builtins.list", "builtins.dict", "builtins.set", "builtins.tuple"})
