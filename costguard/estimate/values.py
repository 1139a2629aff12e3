"""Values of constant expressions and of a column within one partition: a type and an interval.

A value that is not known is None, in every function here. A constant is an interval of one value.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NamedTuple

from costguard.estimate.dates import parse_date, parse_moment


class Known(NamedTuple):
    """All values from `low` to `high`, of a GoogleSQL type. Dates are `date`, times naive UTC `datetime`."""

    type: str
    low: Any
    high: Any

    @property
    def is_point(self) -> bool:
        """One value only."""
        return self.low is self.high or bool(self.low == self.high)


Value = Known | None

NULL: Final = Known("NULL", None, None)
TRUE: Final = Known("BOOL", True, True)
FALSE: Final = Known("BOOL", False, False)

NUMBERS: Final = frozenset({"INT64", "FLOAT64", "NUMERIC", "BIGNUMERIC"})
MOMENTS: Final = frozenset({"DATE", "DATETIME", "TIMESTAMP"})


def point(kind: str, value: Any) -> Known:
    """One value."""
    return Known(kind, value, value)


def number(text: str) -> Value:
    """A numeric literal."""
    try:
        return point("INT64", int(text, 0))
    except ValueError:
        pass
    try:
        return point("FLOAT64", Decimal(text))
    except InvalidOperation:
        return None


def literal_moment(kind: str, text: str) -> Value:
    """A DATE, DATETIME or TIMESTAMP from its text."""
    if kind == "DATE":
        day = parse_date(text)
        return point("DATE", day) if day is not None else None
    moment = parse_moment(text)
    return point(kind, moment) if moment is not None else None


def convert(value: Known, kind: str) -> Value:
    """CAST, of both ends of an interval; None where it would fail, or the order would not survive."""
    if value.type == kind or value is NULL:
        return value
    if value.type == "STRING" and kind in MOMENTS:
        if not value.is_point:
            return None
        found = literal_moment(kind, value.low)
        if found is None and kind == "DATE":
            moment = parse_moment(value.low)
            return point("DATE", moment.date()) if moment is not None else None
        return found
    if value.type in MOMENTS and kind in MOMENTS:
        return Known(kind, _as_moment(value.low, kind), _as_moment(value.high, kind))
    if value.type in MOMENTS and kind == "STRING":
        return Known("STRING", moment_text(value.low, value.type), moment_text(value.high, value.type))
    if kind == "STRING" and value.is_point:
        text = {True: "true", False: "false"}.get(value.low) if value.type == "BOOL" else None
        if text is None and value.type == "INT64":
            text = str(value.low)
        return point("STRING", text) if text is not None else None
    if kind == "INT64" and value.type == "STRING" and value.is_point:
        try:
            return point("INT64", int(value.low.strip()))
        except ValueError:
            return None
    if kind in NUMBERS and value.type == "STRING" and value.is_point:
        found = number(value.low.strip())
        return point(kind, found.low) if found is not None else None
    if kind in NUMBERS and value.type in NUMBERS:
        if kind != "INT64":
            return Known(kind, value.low, value.high)
        return Known(kind, _rounded(value.low), _rounded(value.high))
    return None


def _rounded(value: int | Decimal) -> int:
    if isinstance(value, int):
        return value
    half = Decimal("0.5")
    return int(value + half) if value >= 0 else int(value - half)


def _as_moment(value: date | datetime, kind: str) -> date | datetime:
    if kind == "DATE":
        return value.date() if isinstance(value, datetime) else value
    return value if isinstance(value, datetime) else datetime.combine(value, time())


def moment_text(value: date | datetime, kind: str) -> str:
    """CAST(value AS STRING): `2026-01-01`, `2026-01-01T00:00:00` is written with a space."""
    if not isinstance(value, datetime):
        return f"{value.year:04d}-{value.month:02d}-{value.day:02d}"
    text = f"{value.year:04d}-{value.month:02d}-{value.day:02d} {value:%H:%M:%S}"
    if value.microsecond:
        digits = f"{value.microsecond:06d}"
        text += f".{digits[:3]}" if digits.endswith("000") else f".{digits}"
    return f"{text}+00" if kind == "TIMESTAMP" else text


def alike(left: Known, right: Known) -> tuple[Known, Known] | None:
    """Both in a type in which they can be compared, as implicit coercion would have it; None when there is
    none."""
    if left.type == right.type or (left.type in NUMBERS and right.type in NUMBERS):
        return left, right
    for one, other, swapped in ((left, right, False), (right, left, True)):
        changed: Value = None
        if (one.type == "STRING" and other.type in MOMENTS) or (
            one.type in MOMENTS and other.type in MOMENTS
        ):
            if one.type in MOMENTS and other.type == "DATE":
                continue  # towards the finer type
            changed = convert(one, other.type)
        if changed is not None:
            return (other, changed) if swapped else (changed, other)
    return None


class Outcome:
    """What a condition can come to over some rows: a sum of these bits."""

    NEVER: Final = 0
    TRUE: Final = 1
    FALSE: Final = 2
    NULL: Final = 4
    ANY: Final = 7


def compare(operator: str, left: Value, right: Value) -> int:
    """Outcomes of a comparison of two intervals."""
    if left is NULL or right is NULL:
        return Outcome.NULL
    if left is None or right is None:
        return Outcome.ANY
    pair = alike(left, right)
    if pair is None:
        return Outcome.ANY
    first, second = pair
    if first.type in ("ARRAY", "INTERVAL", "NULL"):
        return Outcome.ANY
    if operator == ">":
        first, second, operator = second, first, "<"
    elif operator == ">=":
        first, second, operator = second, first, "<="
    if operator == "<":
        can, cannot = first.low < second.high, first.high >= second.low
    elif operator == "<=":
        can, cannot = first.low <= second.high, first.high > second.low
    else:
        can = first.low <= second.high and second.low <= first.high
        cannot = not (first.is_point and second.is_point and first.low == second.low)
        if operator == "!=":
            can, cannot = cannot, can
    return (Outcome.TRUE if can else 0) | (Outcome.FALSE if cannot else 0)


def outcome_of(value: Value) -> int:
    """A boolean value as outcomes."""
    if value is None:
        return Outcome.ANY
    if value is NULL:
        return Outcome.NULL
    if value.type == "BOOL" and value.is_point:
        return Outcome.TRUE if value.low else Outcome.FALSE
    return Outcome.ANY


def as_value(outcome: int) -> Value:
    """Outcomes as a boolean value, where only one is left."""
    return {Outcome.TRUE: TRUE, Outcome.FALSE: FALSE, Outcome.NULL: NULL}.get(outcome)


def negate(outcome: int) -> int:
    """NOT."""
    turned = outcome & Outcome.NULL
    if outcome & Outcome.TRUE:
        turned |= Outcome.FALSE
    if outcome & Outcome.FALSE:
        turned |= Outcome.TRUE
    return turned


def conjunction(outcomes: Sequence[int]) -> int:
    """AND: each row takes one outcome of every operand, independently."""
    result = Outcome.TRUE
    for outcome in outcomes:
        both = 0
        if result & Outcome.TRUE and outcome & Outcome.TRUE:
            both |= Outcome.TRUE
        if result & Outcome.FALSE or outcome & Outcome.FALSE:
            both |= Outcome.FALSE
        if (result & Outcome.NULL and outcome & (Outcome.NULL | Outcome.TRUE)) or (
            outcome & Outcome.NULL and result & (Outcome.NULL | Outcome.TRUE)
        ):
            both |= Outcome.NULL
        result = both
    return result


def disjunction(outcomes: Sequence[int]) -> int:
    """OR."""
    return negate(conjunction([negate(outcome) for outcome in outcomes]))
