"""The calls that run SQL: which argument holds it, in which dialect, and what comes back.

Sources: the reference pages of google-cloud-bigquery, pandas, pandas-gbq, bigframes, PySpark, Airflow's
Google provider, Apache Beam, Kubeflow's Google Cloud components, SQLAlchemy and PEP 249 (DB-API).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Configuration = Literal["job-config", "mapping", "keyword", "none"]


@dataclass(frozen=True, slots=True)
class Sink:
    """A call that runs SQL."""

    api: str
    """Resolved name of the call."""
    position: int | None = 0
    """Position of the SQL among the positional arguments; None when it is only passed by name."""
    keywords: tuple[str, ...] = ("query", "sql")
    """Names of the SQL among the keywords. Without one and without a position the call makes its SQL up."""
    dialect: str = "bigquery"
    """sqlglot's name of the dialect; `by-connection` when the connection decides."""
    materialises: bool = False
    """True when the call itself brings the whole result to the client."""
    configuration: Configuration = "none"
    """Where a limit of bytes and labels stand: in a `QueryJobConfig`, a job in REST notation, or keywords."""
    certain: bool = True
    """False when only the method's name speaks for it: then the SQL must look like a statement."""
    likely: bool = False
    """True when names say that it is BigQuery, though not the type: then what cannot be read is counted."""

    @property
    def counted(self) -> bool:
        """Whether a query is missed when its SQL cannot be read."""
        return self.certain or self.likely


_CLIENT = "google.cloud.bigquery.Client"
_PYSPARK = "pyspark.sql.SparkSession"

_EXACT: dict[str, Sink] = {
    sink.api: sink
    for sink in (
        Sink(f"{_CLIENT}.query", configuration="job-config"),
        Sink(f"{_CLIENT}.query_and_wait", configuration="job-config"),
        Sink("google.cloud.bigquery.QueryJob", 1, configuration="job-config"),
        Sink(
            "google.cloud.bigquery.dbapi.Cursor.execute", keywords=("operation",), configuration="job-config"
        ),
        Sink("pandas.read_gbq", materialises=True, configuration="mapping"),
        Sink(
            "pandas_gbq.read_gbq",
            keywords=("query_or_table", "query"),
            materialises=True,
            configuration="mapping",
        ),
        Sink("bigframes.pandas.read_gbq", keywords=("query_or_table", "query"), configuration="mapping"),
        Sink("bigframes.pandas.read_gbq_query", configuration="mapping"),
        Sink("pandas.read_sql", keywords=("sql",), dialect="by-connection", materialises=True),
        Sink("pandas.read_sql_query", keywords=("sql",), dialect="by-connection", materialises=True),
        Sink("dask.dataframe.read_sql_query", keywords=("sql",), dialect="by-connection"),
        Sink("polars.read_database", dialect="by-connection", materialises=True),
        Sink("polars.read_database_uri", dialect="by-connection", materialises=True),
        Sink("connectorx.read_sql", 1, dialect="by-connection", materialises=True),
        Sink(f"{_PYSPARK}.sql", keywords=("sqlQuery",), dialect="spark"),
        Sink("sqlalchemy.text", keywords=("text",), dialect="by-connection"),
        Sink("duckdb.sql", dialect="duckdb"),
        Sink("duckdb.query", dialect="duckdb"),
        Sink("duckdb.execute", dialect="duckdb"),
        Sink("google.datalab.bigquery.Query"),
    )
}

_ALIASES = {
    "google.cloud.bigquery.client.Client": _CLIENT,
    "google.cloud.bigquery.job.QueryJob": "google.cloud.bigquery.QueryJob",
    "google.cloud.bigquery.job.query.QueryJob": "google.cloud.bigquery.QueryJob",
    "pandas.io.gbq.read_gbq": "pandas.read_gbq",
    "pandas.io.sql.read_sql": "pandas.read_sql",
    "bigframes.Session": "bigframes.pandas",
    "bigframes.session.Session": "bigframes.pandas",
    "pyspark.sql.SQLContext": _PYSPARK,
    "pyspark.sql.HiveContext": _PYSPARK,
    "pyspark.sql.session.SparkSession": _PYSPARK,
    "databricks.connect.DatabricksSession": _PYSPARK,
    "sqlalchemy.sql.text": "sqlalchemy.text",
    "sqlalchemy.sql.expression.text": "sqlalchemy.text",
}

_BY_LAST_NAME: dict[str, Sink] = {
    "BigQueryInsertJobOperator": Sink("", None, ("configuration",), configuration="mapping"),
    "BigQueryInsertJobAsyncOperator": Sink("", None, ("configuration",), configuration="mapping"),
    "BigQueryExecuteQueryOperator": Sink("", None, ("sql", "bql"), configuration="keyword"),
    "BigQueryOperator": Sink("", None, ("sql", "bql"), configuration="keyword"),
    "BigQueryCheckOperator": Sink("", None, ("sql",)),
    "BigQueryValueCheckOperator": Sink("", None, ("sql",)),
    "BigQueryCheckAsyncOperator": Sink("", None, ("sql",)),
    "BigQueryValueCheckAsyncOperator": Sink("", None, ("sql",)),
    "BigQueryToGCSQueryOperator": Sink("", None, ("sql",)),
    "ReadFromBigQuery": Sink("", None, ("query",)),
    "ReadAllFromBigQueryRequest": Sink("", None, ("query",)),
    "BigQuerySource": Sink("", None, ("query",)),
    "BigqueryQueryJobOp": Sink("", None, ("query",), configuration="mapping"),
    "BigqueryCreateModelJobOp": Sink("", None, ("query",), configuration="mapping"),
    "BigqueryPredictModelJobOp": Sink("", None, ("query_statement",), configuration="mapping"),
    "BigqueryEvaluateModelJobOp": Sink("", None, ("query_statement",), configuration="mapping"),
    "BigqueryExplainPredictModelJobOp": Sink("", None, ("query_statement",), configuration="mapping"),
    "BigqueryDetectAnomaliesModelJobOp": Sink("", None, ("query_statement",), configuration="mapping"),
    "BigQueryExampleGen": Sink("", 0, ("query",)),
    # What these run they put together from the names of a table and of checks.
    "BigQueryIntervalCheckOperator": Sink("", None, ()),
    "BigQueryIntervalCheckAsyncOperator": Sink("", None, ()),
    "BigQueryColumnCheckOperator": Sink("", None, ()),
    "BigQueryTableCheckOperator": Sink("", None, ()),
}

_BY_METHOD: dict[str, Sink] = {
    "query": Sink("", configuration="job-config", certain=False),
    "query_and_wait": Sink("", configuration="job-config", certain=False),
    "query_to_pandas": Sink("", materialises=True, certain=False),
    "query_to_pandas_safe": Sink("", materialises=True, certain=False),
    "read_gbq": Sink("", materialises=True, configuration="mapping", certain=False),
    "read_gbq_query": Sink("", configuration="mapping", certain=False),
    "read_sql": Sink("", dialect="by-connection", materialises=True, certain=False),
    "read_sql_query": Sink("", dialect="by-connection", materialises=True, certain=False),
    "get_pandas_df": Sink("", dialect="by-connection", materialises=True, certain=False),
    "get_records": Sink("", dialect="by-connection", certain=False),
    "execute": Sink(
        "", keywords=("operation", "statement", "query", "sql"), dialect="by-connection", certain=False
    ),
    "executemany": Sink("", keywords=("operation", "sql"), dialect="by-connection", certain=False),
    "executescript": Sink("", keywords=("sql_script",), dialect="by-connection", certain=False),
    "sql": Sink("", dialect="by-connection", certain=False),
}

_CONNECTION_CLASSES = ("Cursor", "Connection", "Engine", "Session", "cursor", "connection", "engine")
_NOT_SQL = (
    "pandas.",
    "polars.",
    "geopandas.",
    "cudf.",
    "dask.",
    "googleapiclient.",
    "google.cloud.ndb",
    "google.cloud.datastore",
    "google.cloud.firestore",
    "concurrent.futures",
    "sqlglot.",
)

DRIVERS: dict[str, str] = {
    "psycopg2": "postgres",
    "psycopg": "postgres",
    "asyncpg": "postgres",
    "pg8000": "postgres",
    "sqlite3": "sqlite",
    "aiosqlite": "sqlite",
    "pymysql": "mysql",
    "MySQLdb": "mysql",
    "mysql": "mysql",
    "mariadb": "mysql",
    "snowflake": "snowflake",
    "duckdb": "duckdb",
    "cx_Oracle": "oracle",
    "oracledb": "oracle",
    "pyodbc": "tsql",
    "pymssql": "tsql",
    "teradatasql": "teradata",
    "redshift_connector": "redshift",
    "trino": "trino",
    "prestodb": "presto",
    "pyhive": "hive",
    "clickhouse_driver": "clickhouse",
}
"""Database drivers by their top module, and the dialect of the SQL that goes through them."""


def canonical(name: str) -> str:
    """One name for the several paths by which a library exposes the same class."""
    for alias, target in _ALIASES.items():
        if name == alias or name.startswith(f"{alias}."):
            return target + name[len(alias) :]
    return name


def find_sink(resolved: str | None, written: str) -> Sink | None:
    """The sink that a call is, from its resolved name (None when unknown) and its name as written."""
    name = canonical(resolved) if resolved and not resolved.startswith("builtins.") else ""
    if name in _EXACT:
        return _EXACT[name]
    last = (name or written).rsplit(".", 1)[-1]
    if last in _BY_LAST_NAME:
        return _named(_BY_LAST_NAME[last], name or written)
    if last not in _BY_METHOD or "." not in (name or written):
        return None
    if name.startswith(_NOT_SQL):
        return None
    sink = _BY_METHOD[last]
    owner = name.rsplit(".", 1)[0] if name else ""
    if name.startswith("google.cloud.bigquery"):
        return _named(sink, name, certain=last in ("query", "query_and_wait", "execute"), dialect="bigquery")
    if last.startswith("execute") and owner.rsplit(".", 1)[-1] in _CONNECTION_CLASSES:
        return _named(sink, name, certain=True, dialect=DRIVERS.get(name.split(".", 1)[0], "by-connection"))
    driver = DRIVERS.get(name.split(".", 1)[0])
    if driver is not None:
        return _named(sink, name, dialect=driver)
    return _named(sink, name or written)


def _named(sink: Sink, api: str, certain: bool | None = None, dialect: str | None = None) -> Sink:
    return Sink(
        api,
        sink.position,
        sink.keywords,
        dialect or sink.dialect,
        sink.materialises,
        sink.configuration,
        sink.certain if certain is None else certain,
    )
