"""Evaluates predicate trees: constants under a pinned clock, and columns as intervals over one partition.

The result of an expression is a `Known` interval, or None when it is not known; of a condition, the outcomes
that it can have (`Outcome`). An interval argument is allowed where a function keeps (or turns) the order of
its values, or where all values of the interval lie in the one unit that the function looks at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from costguard.estimate.dates import add, format_fineness, truncate
from costguard.estimate.functions import (
    CLOCK_FUNCTIONS,
    FUNCTIONS,
    current,
    scaled,
    time_literal,
)
from costguard.estimate.values import (
    FALSE,
    MOMENTS,
    NULL,
    NUMBERS,
    TRUE,
    Known,
    Outcome,
    Value,
    as_value,
    compare,
    conjunction,
    convert,
    disjunction,
    literal_moment,
    negate,
    number,
    outcome_of,
    point,
)

Json = Any

_DEPTH: Final = 60

_RISING: Final[Mapping[str, int]] = {
    "DATE_ADD": 0,
    "DATE_SUB": 0,
    "DATETIME_ADD": 0,
    "DATETIME_SUB": 0,
    "TIMESTAMP_ADD": 0,
    "TIMESTAMP_SUB": 0,
    "DATE_TRUNC": 0,
    "DATETIME_TRUNC": 0,
    "TIMESTAMP_TRUNC": 0,
    "DATE_DIFF": 0,
    "DATETIME_DIFF": 0,
    "TIMESTAMP_DIFF": 0,
    "DATE": 0,
    "DATETIME": 0,
    "TIMESTAMP": 0,
    "LAST_DAY": 0,
    "UNIX_SECONDS": 0,
    "UNIX_MILLIS": 0,
    "UNIX_MICROS": 0,
    "UNIX_DATE": 0,
    "TIMESTAMP_SECONDS": 0,
    "TIMESTAMP_MILLIS": 0,
    "TIMESTAMP_MICROS": 0,
    "DATE_FROM_UNIX_DATE": 0,
    "LEFT": 0,
    "STRING": 0,
    "AT_TIME_ZONE": 0,
    "SAFE_FUNC": 0,
    "TS_OR_DS_TO_DATE": 0,
    "TS_OR_DS_TO_DATETIME": 0,
    "TS_OR_DS_TO_TIMESTAMP": 0,
}
"""Functions that never fall while this argument rises and the others stay. A wall clock does fall, by an hour
once a year, but partitions begin and end on full hours: their first and last moment stay the bounds."""

_FALLING: Final[Mapping[str, int]] = {"DATE_DIFF": 1, "DATETIME_DIFF": 1, "TIMESTAMP_DIFF": 1}
_ORDERED_FORMATS: Final = frozenset({"%Y-%m-%d", "%F", "%Y%m%d", "%Y%m", "%Y-%m", "%Y"})
"""Formats whose texts stand in the order of their moments."""

_EXTRACT_UNITS: Final[Mapping[str, str]] = {
    "QUARTER": "MONTH",
    "MONTH": "MONTH",
    "HOUR": "HOUR",
    "MINUTE": "MINUTE",
    "SECOND": "SECOND",
}


@dataclass(slots=True)
class Evaluator:
    """Evaluates under one clock, one set of parameters, and the columns of one partition."""

    now: datetime
    """Naive UTC."""
    parameters: Mapping[str, Json]
    """Parameters and variables by lower-case name, as predicate trees."""
    columns: dict[str, Value] = field(default_factory=dict)
    """What is known of columns, by lower-case path; others are unknown."""

    def condition(self, node: Json, depth: int = 0) -> int:
        """Outcomes of a condition."""
        if depth > _DEPTH or not node:
            return Outcome.ANY
        kind = node[0]
        down = depth + 1
        if kind == "at":
            return self.condition(node[2], down)
        if kind == "maybe":
            return self.condition(node[1], down)
        if kind == "and":
            return conjunction([self.condition(item, down) for item in node[1]])
        if kind == "or":
            return disjunction([self.condition(item, down) for item in node[1]])
        if kind == "not":
            return negate(self.condition(node[1], down))
        if kind == "cmp":
            return compare(node[1], self.value(node[2], down), self.value(node[3], down))
        if kind == "between":
            value = self.value(node[1], down)
            return conjunction(
                [
                    compare(">=", value, self.value(node[2], down)),
                    compare("<=", value, self.value(node[3], down)),
                ]
            )
        if kind == "in":
            value = self.value(node[1], down)
            return disjunction([compare("=", value, self.value(item, down)) for item in node[2]])
        if kind == "in_unnest":
            return self._in_array(self.value(node[1], down), self.value(node[2], down))
        if kind == "is_null":
            value = self.value(node[1], down)
            if value is None:
                return Outcome.TRUE | Outcome.FALSE
            return Outcome.TRUE if value is NULL else Outcome.FALSE
        if kind == "like":
            return self._like(self.value(node[1], down), self.value(node[2], down))
        return outcome_of(self.value(node, down))

    @staticmethod
    def _in_array(value: Value, array: Value) -> int:
        if array is None or array.type != "ARRAY":
            return Outcome.ANY
        if len(array.low) > 50 and value is not None and value is not NULL:
            # Only the items that the interval can meet: the others say FALSE. Items of one type only.
            kinds = {item.type for item in array.low}
            if kinds == {value.type}:
                near = [item for item in array.low if value.low <= item.low <= value.high]
                return disjunction([compare("=", value, item) for item in near]) if near else Outcome.FALSE
        return disjunction([compare("=", value, item) for item in array.low]) if array.low else Outcome.FALSE

    @staticmethod
    def _like(value: Value, pattern: Value) -> int:
        if value is NULL or pattern is NULL:
            return Outcome.NULL
        if value is None or pattern is None or value.type != "STRING" or pattern.type != "STRING":
            return Outcome.ANY
        text: str = pattern.low
        prefix = text.rstrip("%")
        if not any(letter in prefix for letter in "%_\\"):
            if prefix == text:
                return compare("=", value, pattern)
            low, high = value.low[: len(prefix)], value.high[: len(prefix)]
            if low == high:
                return Outcome.TRUE if low == prefix else Outcome.FALSE
            return Outcome.TRUE | Outcome.FALSE if low <= prefix <= high else Outcome.FALSE
        if not value.is_point or "\\" in text:
            return Outcome.TRUE | Outcome.FALSE
        return Outcome.TRUE if _matches(value.low, text) else Outcome.FALSE

    def value(self, node: Json, depth: int = 0) -> Value:
        """The value of an expression."""
        if depth > _DEPTH or not node:
            return None
        kind = node[0]
        down = depth + 1
        if kind == "col":
            return self.columns.get(node[1].lower())
        if kind == "str":
            return point("STRING", node[1])
        if kind == "num":
            return number(node[1])
        if kind == "bool":
            return TRUE if node[1] else FALSE
        if kind == "null":
            return NULL
        if kind in ("date", "datetime", "timestamp"):
            return literal_moment(kind.upper(), node[1])
        if kind == "time":
            return time_literal(node[1])
        if kind == "unit":
            return point("UNIT", node[1])
        if kind == "interval":
            return self._interval(node, down)
        if kind == "param":
            given = self.parameters.get(node[1].lower())
            return self.value(given, down) if given is not None else None
        if kind == "var":
            given = self.parameters.get(node[1].lower(), node[2])
            return self.value(given, down) if given is not None else None
        if kind == "array":
            items = [self.value(item, down) for item in node[1]]
            return point("ARRAY", tuple(items)) if all(item is not None for item in items) else None
        if kind == "cast":
            return self._cast(node, down)
        if kind == "arith":
            return self._arithmetic(node[1], self.value(node[2], down), self.value(node[3], down))
        if kind == "if":
            chosen = self.condition(node[1], down)
            if chosen == Outcome.TRUE:
                return self.value(node[2], down)
            if chosen and not chosen & Outcome.TRUE:
                return self.value(node[3], down)
            return None
        if kind == "call":
            return self._call(node[1], node[2], down)
        if kind in ("and", "or", "not", "cmp", "between", "in", "in_unnest", "is_null", "like"):
            return as_value(self.condition(node, down))
        return None

    def _interval(self, node: Json, depth: int) -> Value:
        count = self.value(node[1], depth)
        if count is None or count is NULL or not count.is_point:
            return None
        try:
            return point("INTERVAL", (int(count.low), node[2].upper().removesuffix("S")))
        except (ValueError, TypeError):
            return None

    def _cast(self, node: Json, depth: int) -> Value:
        value = self.value(node[1], depth)
        if value is None:
            return None
        found = convert(value, node[2])
        return NULL if found is None and node[3] and value.is_point else found

    @staticmethod
    def _arithmetic(operator: str, left: Value, right: Value) -> Value:
        if left is NULL or right is NULL:
            return NULL
        if left is None or right is None:
            return None
        if left.type in NUMBERS and right.type in NUMBERS:
            if operator in ("*", "/"):
                if operator == "*" and left.is_point and not right.is_point:
                    left, right = right, left
                return scaled(left, right, operator)
            ends = (right.low, right.high) if operator == "+" else (-right.high, -right.low)
            kind = left.type if left.type == right.type else "FLOAT64"
            return Known(kind, left.low + ends[0], left.high + ends[1])
        if operator == "+" and right.type in MOMENTS:
            left, right = right, left
        if left.type in MOMENTS and operator in "+-" and right.is_point:
            sign = 1 if operator == "+" else -1
            if right.type == "INTERVAL":
                count, unit = right.low
            elif right.type == "INT64" and left.type == "DATE":
                count, unit = right.low, "DAY"
            else:
                return None
            kind = left.type
            low, high = left.low, left.high
            if kind == "DATE" and right.type == "INTERVAL":
                # GoogleSQL: DATE +- INTERVAL is a DATETIME.
                widened = convert(left, "DATETIME")
                assert widened is not None
                kind, low, high = "DATETIME", widened.low, widened.high
            ends_ = add(low, sign * count, unit), add(high, sign * count, unit)
            return Known(kind, *ends_) if None not in ends_ else None
        return None

    def _call(self, name: str, nodes: list[Json], depth: int) -> Value:
        if name in ("IFNULL", "COALESCE"):
            for node in nodes:
                value = self.value(node, depth)
                if value is not NULL:
                    return value
            return NULL if nodes else None
        arguments = [self.value(node, depth) for node in nodes]
        if name == "NULLIF" and len(arguments) == 2:
            same = compare("=", arguments[0], arguments[1])
            return NULL if same == Outcome.TRUE else arguments[0] if not same & Outcome.TRUE else None
        if NULL in arguments:
            return NULL if name in FUNCTIONS else None
        known = [value for value in arguments if value is not None]
        if len(known) < len(arguments):
            return None
        if name in CLOCK_FUNCTIONS:
            return current(name, self.now, known)
        function = FUNCTIONS.get(name)
        if function is None or not known:
            return None
        wide = [position for position, value in enumerate(known) if not value.is_point]
        try:
            if not wide:
                return function(known)
            if len(wide) > 1:
                return None
            return self._over_interval(name, known, wide[0])
        except IndexError:  # fewer arguments than the function needs
            return None

    @staticmethod
    def _over_interval(name: str, known: list[Known], position: int) -> Value:
        function = FUNCTIONS[name]
        value = known[position]

        def at(end: Any) -> Value:
            return function([*known[:position], point(value.type, end), *known[position + 1 :]])

        if name == "CONCAT":
            rises = position == len(known) - 1
        elif name in ("SUBSTR", "SUBSTRING"):
            rises = position == 0 and len(known) == 3 and known[1].low in (0, 1)
        elif name == "EXTRACT":
            rises = position == 1 and known[0].low in ("DATE", "DATETIME", "YEAR", "ISOYEAR")
        elif name.startswith("FORMAT_"):
            rises = position == 1 and known[0].low in _ORDERED_FORMATS
        else:
            rises = _RISING.get(name) == position
        falls = _FALLING.get(name) == position
        if not rises and not falls:
            unit = _fineness(name, known)
            if unit is None or value.type not in MOMENTS or not _in_one(value.low, value.high, unit):
                return None
            return at(value.low)
        low, high = at(value.low), at(value.high)
        if low is None or high is None or low is NULL or high is NULL or low.type != high.type:
            return None
        return Known(low.type, high.low, low.high) if falls else Known(low.type, low.low, high.high)


def _fineness(name: str, known: list[Known]) -> str | None:
    """The unit that a function of a moment looks at."""
    if name == "EXTRACT":
        return _EXTRACT_UNITS.get(str(known[0].low), "DAY")
    if name.startswith("FORMAT_") and len(known) == 2 and isinstance(known[0].low, str):
        fine = format_fineness(known[0].low)
        return fine.upper() if fine is not None else None
    return None


def _in_one(low: date | datetime, high: date | datetime, unit: str) -> bool:
    first, last = truncate(low, unit), truncate(high, unit)
    return first is not None and first == last


def _matches(text: str, pattern: str) -> bool:
    """LIKE with `%` and `_`, in time proportional to both lengths' product."""
    row = [True] + [False] * len(text)
    for letter in pattern:
        if letter == "%":
            reached = False
            following = []
            for before in row:
                reached = reached or before
                following.append(reached)
            row = following
        else:
            row = [False] + [row[index] and letter in ("_", text[index]) for index in range(len(text))]
    return row[-1]
