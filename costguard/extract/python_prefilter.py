"""Tells from the text alone what a Python file can hold, before it is parsed.

Most files of a repository touch neither SQL nor data frames; parsing is what costs, and a search for words
costs a few hundredths of it. The words are the top modules of the libraries whose calls become facts, and the
words without which no SQL statement reads or writes a table. A file without any of them holds nothing.
"""

from __future__ import annotations

import re

_LIBRARIES = (
    r"pandas|polars|pyspark|databricks|bigframes|pandas_gbq|cudf|dask|modin|geopandas|ibis|duckdb|sqlalchemy|sqlite3|psycopg2?|"
    r"pymysql|snowflake|sklearn|lightgbm|xgboost|catboost|shap|torch|tensorflow|keras|transformers|vertexai|"
    r"joblib|ray|numpy|statsmodels|optuna|connectorx|apache_beam|pyarrow|google|openai|anthropic|imblearn|cuml|"
    r"google_cloud_pipeline_components|tfx|kfp|airflow"
)
_IMPORT = re.compile(rf"^[ \t]*(?:from|import)[ \t]+(?:\w[\w. ,]*,[ \t]*)?(?:{_LIBRARIES})\b", re.MULTILINE)
_STATEMENT_WORDS = re.compile(
    r"\bselect\b|\binsert\s+into\b|\bmerge\s+into\b|\bdelete\s+from\b|\bupdate\s+\S+\s+set\b|\btruncate\s+table\b"
    r"|\b(?:create|replace|drop|alter)\s+(?:temp\w*\s+|external\s+|materialized\s+)?(?:table|view|model)\b|\bwith\s+\w+\s+as\s*\(",
    re.IGNORECASE,
)
_FROM = re.compile(r"\bfrom[\s\\n]+[`\w{\[(\"'$%]", re.IGNORECASE)
_CALLS = re.compile(r"bigquery|gbq|\bbq\b|\.sql\b|\bread_sql|read_database|spark", re.IGNORECASE)


def may_hold_sql(text: str) -> bool:
    """False only when the text has neither the words of a statement nor a name of what runs SQL."""
    if _CALLS.search(text):
        return True
    match = _STATEMENT_WORDS.search(text)
    return match is not None and (
        not match.group().lower().startswith("select") or bool(_FROM.search(text, match.end()))
    )


def may_matter(text: str) -> bool:
    """False only when the text neither imports a library of interest nor may hold SQL."""
    return bool(_IMPORT.search(text)) or may_hold_sql(text)
