"""Reads the first line of notebook magics that run SQL.

Sources: the reference of `%%bigquery` (bigquery-magics and google-cloud-bigquery), of ipython-sql and JupySQL
(`%%sql`), of Datalab (`%%bq`) and of Spark kernels (`%%sparksql`, `%%spark -c sql`).
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from costguard.extract.python_jobs import literal_parameters
from costguard.extract.python_values import DictValue, ListValue, Piece, ScalarValue, StringValue, Value

SQL_MAGICS = {
    "bigquery": "bigquery",
    "bigquery_async": "bigquery",
    "bqsql": "bigquery",
    "bq": "bigquery",
    "sql": "",
    "sparksql": "spark",
    "sql_magic": "",
    "duckdb": "duckdb",
    "snowsql": "snowflake",
}
"""Magics whose body is SQL, and its dialect; empty where the notebook's connection decides."""

_WITH_VALUE = frozenset(
    [
        "--destination_table",
        "--project",
        "--max_results",
        "--maximum_bytes_billed",
        "--params",
        "--context",
        "--bqstorage_api_endpoint",
        "--bigquery_api_endpoint",
        "--progress_bar_type",
        "--location",
        "--job_id",
        "--job-id",
        "--engine",
        "--name",
        "-n",
        "-q",
        "--query",
        "-o",
        "--output",
        "-c",
        "--connections",
        "--section",
        "--persist",
        "--alias",
        "--save",
        "--with",
        "-d",
        "--dataset",
        "-b",
        "--billing",
        "--limit",
        "--maxrows",
    ]
)
"""Options that are followed by a value."""
_TOKEN = re.compile(r"\{[^\n]*\}|'[^']*'|\"[^\"]*\"|\S+")


@dataclass(frozen=True, slots=True)
class MagicArguments:
    """What the line of a SQL magic says."""

    destination: str | None = None
    """The variable that takes the result."""
    table: str | None = None
    """The table that takes the result."""
    options: tuple[tuple[str, str], ...] = ()
    """Options with their values; flags have an empty one."""
    statement: str = ""
    """SQL on the line itself (`%sql SELECT 1`)."""

    def option(self, *names: str) -> str | None:
        """The value of the first option given of several spellings, None when there is none."""
        for name, value in self.options:
            if name in names:
                return value
        return None

    @property
    def bytes_cap(self) -> bool:
        return self.option("--maximum_bytes_billed") not in (None, "None")

    @property
    def dry_run(self) -> bool:
        return self.option("--dry_run") is not None

    @property
    def parameters(self) -> tuple[tuple[str, str], ...]:
        """Parameters written on the line; `--params $name` is the caller's to look up."""
        written = self.option("--params")
        if not written or written.startswith("$"):
            return ()
        return literal_parameters(_mapping(written))


def read_arguments(magic: str, line: str) -> MagicArguments:
    """Reads what follows the name of a magic on its line."""
    options: list[tuple[str, str]] = []
    positional: list[str] = []
    statement = ""
    matches = list(_TOKEN.finditer(line))
    index = 0
    while index < len(matches):
        token = matches[index].group()
        if token.startswith("-") and len(token) > 1 and not token[1].isdigit():
            name, equals, value = token.partition("=")
            if not equals and name in _WITH_VALUE and index + 1 < len(matches):
                index += 1
                value = matches[index].group()
            options.append((name, value.strip("'\"") if not value.startswith("{") else value))
        elif magic != "bigquery" and re.match(
            r"(?i)(?:select|with|insert|create|merge|update|delete)\b", token
        ):
            statement = line[matches[index].start() :]
            break
        else:
            positional.append(token)
        index += 1
    destination: str | None = None
    if magic in ("bigquery", "bigquery_async", "bqsql"):
        names = [token for token in positional if token.isidentifier()]
        destination = names[0] if names else None
    elif "<<" in positional:
        position = positional.index("<<")
        destination = positional[position - 1] if position else None
    given = dict(options)
    output = given.get("-o") or given.get("--output")
    if destination is None and output and output.isidentifier():
        destination = output
    return MagicArguments(destination, given.get("--destination_table"), tuple(options), statement)


def _mapping(text: str) -> Value | None:
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    return DictValue(tuple((key, _value(item)) for key, item in value.items()))


def _value(item: object) -> Value:
    if isinstance(item, str):
        return StringValue((Piece(item, 0, 0, False),))
    if isinstance(item, (list, tuple)):
        return ListValue(tuple(_value(element) for element in item))
    return ScalarValue(item)
