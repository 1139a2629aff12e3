"""Tells from the text alone whether a Python file can hold anything of interest, before it is parsed.

Most files of a repository touch neither SQL nor data frames; parsing is what costs, and a search for words
costs a hundredth of it. The words are the top modules of the libraries whose calls become facts, and the
words without which no SQL statement reads or writes a table. A file without any of them has nothing to report.
"""

from __future__ import annotations

import re

_LIBRARIES = (
    "pandas|polars|pyspark|databricks|bigquery|bigframes|gbq|cudf|dask|modin|geopandas|ibis|duckdb|sqlalchemy|sqlite3|psycopg|"
    "pymysql|snowflake|sklearn|lightgbm|xgboost|catboost|shap|torch|tensorflow|keras|transformers|aiplatform|vertexai|"
    "joblib|ray|numpy|statsmodels|optuna|connectorx|apache_beam|pyarrow|google[.]cloud|openai|anthropic|genai"
)
_IMPORT = re.compile(rf"^[ \t]*(?:from|import)[ \t][^\n#]*\b(?:{_LIBRARIES})", re.MULTILINE)
_SQL = re.compile(
    r"\bselect\b.{0,20000}?\bfrom\b|\binsert\s+(?:into\s+)?[`\w{]|\bmerge\s+into\b|\bdelete\s+from\b|\bupdate\s+\S+\s+set\b"
    r"|\bcreate\s+(?:or\s+replace\s+)?(?:temp(?:orary)?\s+)?(?:table|view|model)\b|\bfrom\s+\{|\.sql\b",
    re.IGNORECASE | re.DOTALL,
)
_QUICK = re.compile(r"select|insert|merge|delete|update|create|\.sql", re.IGNORECASE)


def may_matter(text: str) -> bool:
    """False only when the text neither imports a library of interest nor contains the words of a statement."""
    if _IMPORT.search(text):
        return True
    return bool(_QUICK.search(text)) and bool(_SQL.search(text))
