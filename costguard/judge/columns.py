"""What the query of a rule has to give: the columns that a finding is made of, and those that its message names."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from costguard.judge.message import placeholders
from costguard.judge.page import Rule

if TYPE_CHECKING:
    import polars as pl

KEYS: Final = ("at", "query")
NUMBERS: Final = ("wasted_bytes", "wasted_bytes_low", "wasted_bytes_high", "wasted_seconds", "wasted_usd")
TEXTS: Final = ("wasted_basis", "severity", "confidence")


def columns_problems(rule: Rule, schema: Mapping[str, pl.DataType]) -> list[str]:
    """What is wrong with the columns that a rule's query gives."""
    import polars as pl

    problems = []
    if "at" not in schema:
        problems.append("the query must give a column `at`, the place of the finding")
    for name, dtype in schema.items():
        if dtype == pl.Null and name != "at":
            continue  # NULL as it is written: no value at all
        if name in KEYS and not dtype.is_integer():
            table = "locations" if name == "at" else "queries"
            problems.append(f"the column `{name}` must be a key of {table}, not {_kind(dtype)}")
        elif name in NUMBERS and not dtype.is_numeric():
            problems.append(f"the column `{name}` must be a number, not {_kind(dtype)}")
        elif name in TEXTS and dtype != pl.String:
            problems.append(f"the column `{name}` must be a text, not {_kind(dtype)}")
    return [*problems, *message_problems(f"{rule.message} {rule.fix or ''}", schema)]


def place_problems(schema: Mapping[str, pl.DataType]) -> list[str]:
    """What is wrong with the column `at`, which a query may give."""
    import polars as pl

    dtype = schema.get("at")
    if dtype is None or dtype == pl.Null or dtype.is_integer():
        return []
    return [f"the column `at` must be a key of locations, not {_kind(dtype)}"]


def message_problems(message: str, schema: Mapping[str, pl.DataType]) -> list[str]:
    """What a message names that a query does not give, or not as it needs it."""
    import polars as pl

    problems = []
    for name, form in sorted(placeholders(message)):
        if name not in schema:
            close = difflib.get_close_matches(name, schema, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            problems.append(f"the message names {{{name}}}, which the query does not give{hint}")
        elif form and not (schema[name].is_numeric() or schema[name] == pl.Null):
            problems.append(f"the message writes {{{name}:{form}}}, but {name} is {_kind(schema[name])}")
    return problems


def _kind(dtype: pl.DataType) -> str:
    import polars as pl

    if dtype == pl.String:
        return "a text"
    if dtype == pl.Boolean:
        return "true or false"
    if dtype.is_float():
        return "a number with decimals"
    return "a number" if dtype.is_numeric() else str(dtype).lower()
