"""Script variables become constants for partition filters, where their DEFAULT is one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from costguard.facts.sql.build import Builder
from costguard.facts.sql.condition import Converter

if TYPE_CHECKING:
    from costguard.extract.script import Variable
    from costguard.extract.script_counters import CountedLoop

Json = Any

_MOMENTS = frozenset({"DATE", "DATETIME", "TIMESTAMP"})


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


def loop_counts(
    loops: Iterable[CountedLoop],
    times: int,
    rows: Iterable[int],
    variables: Mapping[str, Json],
    dialect: str,
) -> Json | None:
    """Loops as JSON, to be counted once the clock and the catalog are known; None when one is not simple enough.

    `{"times": 3, "loops": [{"name": "d", "start": tree, "condition": tree, "step": tree}], "rows": [4]}` with trees of
    `costguard.facts.sql.condition`, in which the loop's own variable is `["var", name, null]`. `until`, `stepped` and
    `more` of a loop: as in `CountedLoop`. `rows`: the positions in the script of the queries whose rows FOR loops take.
    `times`: the turns of other loops around.
    """
    found = []
    for loop in loops:
        name = loop.variable
        start = _constant(loop.start, dialect, variables)
        own = {**variables, name: None}
        condition, step = _value(loop.condition, dialect, own), _value(loop.step, dialect, own)
        if start is None or not _speaks_of(condition, name) or not _speaks_of(step, name):
            return None
        if loop.type is not None and loop.type.upper() in _MOMENTS:
            start = ["cast", start, loop.type.upper(), False]  # DECLARE d DATE DEFAULT '2026-01-01'
        described = {"name": name, "start": start, "condition": condition, "step": step}
        if loop.until:
            described.update(until=True, stepped=loop.stepped, more=loop.more)
        found.append(described)
    counts = {"times": times, "loops": found}
    queries = list(rows)
    return {**counts, "rows": queries} if queries else counts


def _speaks_of(value: Json, name: str) -> bool:
    """Nothing in it but constants and one variable."""
    if value == ["var", name, None]:
        return True
    if not isinstance(value, list):
        return is_constant(value)
    if is_constant(value):
        return True
    if value and value[0] in ("subquery", "opaque", "other", "col", "hole", "param", "var"):
        return False
    return all(_speaks_of(item, name) for item in value)


def _constant(text: str, dialect: str, known: Mapping[str, Json]) -> Json:
    value = _value(text, dialect, known)
    return value if is_constant(value) else None


def _value(text: str, dialect: str, known: Mapping[str, Json]) -> Json:
    """The tree of an expression outside of any query; None when it cannot be read."""
    try:
        tree = parse_one(f"SELECT {text}", dialect=dialect)
    except (SqlglotError, RecursionError):
        return None
    if not isinstance(tree, exp.Select) or len(tree.expressions) != 1:
        return None
    body = Builder(lambda start, end: False, frozenset(known)).empty_select()
    return Converter(None, known).convert(tree.expressions[0], body)


def is_constant(value: Json) -> bool:
    """No column, query, hole or opaque part inside."""
    if not isinstance(value, list):
        return not hasattr(value, "targets")
    if value and value[0] in ("subquery", "opaque", "other", "col", "hole", "param"):
        return False
    if value and value[0] == "var":
        return value[2] is not None
    return all(is_constant(item) for item in value)
