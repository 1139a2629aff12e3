"""Decides which database a query of a generic interface goes to: only BigQuery's are priced as such."""

from __future__ import annotations

import ast
import re

from costguard.extract.python_scopes import Scope, dotted_name, walk
from costguard.extract.python_sinks import DRIVERS, Sink
from costguard.extract.python_strings import Evaluator
from costguard.extract.python_values import ObjectValue, known_text

_BIGQUERY = re.compile(r"bigquery|gbq|\bbq_?|_bq\b", re.IGNORECASE)
_BIGQUERY_INTERFACE = re.compile(
    r"bigquery(?:\.|_|\s+import\s+)dbapi|bigquery://|sqlalchemy_bigquery|pybigquery|BigQueryHook|\bbq\w*\.execute",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"(?P<postgres>postgres|psycopg|alloydb)|(?P<mysql>mysql|mariadb)|(?P<snowflake>snowflake)|(?P<tsql>mssql)|(?P<sqlite>sqlite)"
    r"|(?P<oracle>oracle)|(?P<redshift>redshift)|(?P<trino>trino)|(?P<presto>presto)|(?P<hive>hive)|(?P<athena>athena)"
    r"|(?P<clickhouse>clickhouse)|(?P<duckdb>duckdb)",
    re.IGNORECASE,
)
"""Databases that the name of a call or of its receiver tells: `PostgresOperator`, `mysql_hook.run`."""
_SPARK = re.compile(r"\bpyspark\b|\bspark\b|databricks", re.IGNORECASE)
_SCHEMES = {
    "bigquery": "bigquery",
    "postgresql": "postgres",
    "postgres": "postgres",
    "redshift": "redshift",
    "mysql": "mysql",
    "mariadb": "mysql",
    "sqlite": "sqlite",
    "snowflake": "snowflake",
    "duckdb": "duckdb",
    "mssql": "tsql",
    "oracle": "oracle",
    "trino": "trino",
    "presto": "presto",
    "clickhouse": "clickhouse",
}
GENERIC = ""
"""sqlglot's own dialect: a database that is surely not known to be BigQuery."""


class ModuleDialect:
    """What a module's imports and text say about the databases it talks to."""

    def __init__(self, tree: ast.Module, text: str) -> None:
        self._drivers: list[str] = []
        for node in walk(tree):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            for name in names:
                driver = DRIVERS.get(name.split(".", 1)[0])
                if driver is not None and driver not in self._drivers:
                    self._drivers.append(driver)
        self._bigquery = bool(_BIGQUERY.search(text))
        self._bigquery_interface = bool(_BIGQUERY_INTERFACE.search(text))
        self._spark = bool(_SPARK.search(text))

    def of(self, sink: Sink, call: ast.Call, evaluator: Evaluator, scope: Scope) -> str:
        """The dialect of the SQL that a call runs."""
        if sink.dialect != "by-connection":
            return sink.dialect
        named = self._named(call)
        if named is not None:
            return named
        for name in ("con", "connection", "uri", "conn", "engine"):
            for keyword in call.keywords:
                if keyword.arg == name:
                    found = self._connection(keyword.value, evaluator, scope)
                    if found is not None:
                        return found
        for argument in call.args:
            found = self._connection(argument, evaluator, scope)
            if found is not None:
                return found
        if isinstance(call.func, ast.Attribute):
            found = self._connection(call.func.value, evaluator, scope)
            if found is not None:
                return found
            if call.func.attr == "sql" and self._spark:
                return "spark"
        if self._bigquery_interface:
            return "bigquery"
        if self._drivers:
            return self._drivers[0] if len(self._drivers) == 1 else GENERIC
        # A cursor in a module that merely mentions BigQuery is mostly the other end of a migration.
        cursor = sink.api.rsplit(".", 1)[-1].startswith("execute")
        return "bigquery" if self._bigquery and not cursor else GENERIC

    def of_text(self, call: ast.Call | None = None) -> str:
        """The dialect of SQL of which only the text is known, and perhaps the call that it is handed to."""
        named = None if call is None else self._named(call)
        if named is not None:
            return named
        if self._bigquery:
            return "bigquery"
        if len(self._drivers) == 1:
            return self._drivers[0]
        return "spark" if self._spark else "bigquery"

    @staticmethod
    def _named(call: ast.Call) -> str | None:
        name = dotted_name(call.func) or (call.func.attr if isinstance(call.func, ast.Attribute) else "")
        match = _NAMED.search(name)
        return match.lastgroup if match and "bigquery" not in name.lower().rsplit(".", 1)[-1] else None

    @staticmethod
    def _connection(node: ast.expr, evaluator: Evaluator, scope: Scope) -> str | None:
        if isinstance(node, (ast.Constant, ast.JoinedStr)):
            return None
        value = evaluator.evaluate(node, scope)
        if isinstance(value, ObjectValue):
            if "bigquery" in value.name:
                return "bigquery"
            if value.name.endswith("create_engine") and value.positional:
                address = known_text(value.positional[0]) or ""
                if not address and hasattr(value.positional[0], "pieces"):
                    address = value.positional[0].pieces[0].text
                return _SCHEMES.get(re.split(r"[+:]", address, maxsplit=1)[0])
            return None
        resolved = evaluator.type_name(node)
        if resolved is None:
            return None
        if resolved.startswith("google.cloud.bigquery"):
            return "bigquery"
        return DRIVERS.get(resolved.split(".", 1)[0])
