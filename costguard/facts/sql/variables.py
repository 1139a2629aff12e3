"""Script variables become constants for partition filters, where their DEFAULT is one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from costguard.facts.sql.build import Builder
from costguard.facts.sql.condition import Converter

if TYPE_CHECKING:
    from costguard.extract.script import Variable

Json = Any


def variable_values(variables: Iterable[Variable], dialect: str) -> dict[str, Json]:
    """Lower-case name -> value as predicate JSON; None when it is only known at run time.

    A variable that is set more than once has no single value.
    """
    found: dict[str, Json] = {}
    seen: set[str] = set()
    for variable in variables:
        name = variable.name.lower()
        value = _constant(variable.default, dialect, found) if variable.default is not None else None
        if name in seen and found.get(name) is not None:
            value = None
        found[name] = value
        if variable.default is not None:
            seen.add(name)
    return found


def _constant(text: str, dialect: str, known: dict[str, Json]) -> Json:
    try:
        tree = parse_one(f"SELECT {text}", dialect=dialect)
    except (SqlglotError, RecursionError):
        return None
    if not isinstance(tree, exp.Select) or len(tree.expressions) != 1:
        return None
    builder = Builder(lambda start, end: False, frozenset())
    body = builder.empty_select()
    value = Converter(lambda start, end: None, dict(known)).convert(tree.expressions[0], body)
    return value if is_constant(value) else None


def is_constant(value: Json) -> bool:
    """No column, query, hole or opaque part inside."""
    if not isinstance(value, list):
        return not hasattr(value, "targets")
    if value and value[0] in ("subquery", "opaque", "other", "col", "hole", "param"):
        return False
    if value and value[0] == "var":
        return value[2] is not None
    return all(is_constant(item) for item in value)
