"""Tells whether an object of unknown type that runs `query` is likely BigQuery's client.

What such a call runs is counted even where it cannot be read. Many other objects have a method of that name (data
frames, sessions of an ORM, models of a datastore), so the name of the object and what the module imports decide.
"""

from __future__ import annotations

import ast
import re

_IMPORT = re.compile(
    r"^[ \t]*(?:import[ \t]+google\.cloud\.bigquery\b|from[ \t]+google\.cloud\.bigquery\b"
    r"|from[ \t]+google\.cloud[ \t]+import[ \t]+(?:\([^)]*|[^\n(]*)\bbigquery\b)",
    re.MULTILINE,
)
_BIGQUERY = re.compile(r"bq|gbq|big_?query", re.IGNORECASE)
_CLIENT = re.compile(r"client|cli\d*$|connect|conn\d*$|hook|warehouse|service|database|\bdb\b", re.IGNORECASE)
QUERY_METHODS = ("query", "query_and_wait")
"""Methods of the client that take SQL and nothing else."""


def imports_bigquery(text: str) -> bool:
    """Whether a module imports BigQuery's client library."""
    return bool(_IMPORT.search(text))


def is_likely_client(call: ast.Call, imports: bool) -> bool:
    """Whether a call runs SQL in BigQuery, as far as names tell. `imports`: the module imports the library."""
    function = call.func
    if not isinstance(function, ast.Attribute) or function.attr not in QUERY_METHODS:
        return False
    if function.attr == "query_and_wait" or any(keyword.arg == "job_config" for keyword in call.keywords):
        return True
    name = _own_name(function.value)
    if name is None or _is_class(name):
        return False
    return bool(_BIGQUERY.search(name)) or (imports and bool(_CLIENT.search(name)))


def _own_name(node: ast.expr) -> str | None:
    """The last name of what a method is called on: `client` of `self.client`, `get_client` of `get_client()`."""
    if isinstance(node, (ast.Call, ast.Await)):
        return _own_name(node.func if isinstance(node, ast.Call) else node.value)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None


def _is_class(name: str) -> bool:
    """`LastPoints.query()` asks a model, not a client."""
    return name[:1].isupper() and not name.isupper() and "client" not in name.lower()
