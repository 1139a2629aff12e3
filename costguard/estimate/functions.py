"""GoogleSQL functions on constants: what partition filters are written with.

Each takes the values of its arguments (one value each, none of them NULL) and returns a value, or None when
the result is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from costguard.estimate.dates import (
    add,
    boundaries_between,
    extract,
    format_moment,
    from_zone,
    last_day,
    parse_with,
    to_zone,
    truncate,
    whole_units_between,
)
from costguard.estimate.values import MOMENTS, NUMBERS, Known, Value, alike, convert, literal_moment, point

Arguments = Sequence[Known]
Function = Callable[[Arguments], Value]

MAXIMUM_ITEMS: Final = 100_000
"""Longer generated arrays are not written out."""

_EPOCH: Final = datetime(1970, 1, 1)


def _moment(kind: str, value: date | datetime | None) -> Value:
    return point(kind, value) if value is not None else None


def _text(value: str | None) -> Value:
    return point("STRING", value) if value is not None else None


def _integer(value: int | None) -> Value:
    return point("INT64", value) if value is not None else None


def _unit(arguments: Arguments, position: int, default: str = "DAY") -> str:
    if len(arguments) <= position:
        return default
    return str(arguments[position].low)


def _as(kind: str, value: Known) -> Any:
    """The value as a moment of a type, None when it is not one."""
    changed = convert(value, kind) if value.type in MOMENTS or value.type == "STRING" else None
    return changed.low if changed is not None else None


def _constructor(kind: str) -> Function:
    """DATE(...), DATETIME(...), TIMESTAMP(...): parts, text, or another moment, perhaps with a zone."""

    def build(arguments: Arguments) -> Value:
        if len(arguments) >= 3 and all(item.type == "INT64" for item in arguments):
            if len(arguments) not in (3, 6) or (kind == "DATE") != (len(arguments) == 3):
                return None
            try:
                moment = datetime(*(item.low for item in arguments))
            except (ValueError, OverflowError, TypeError):
                return None
            return point(kind, moment.date() if kind == "DATE" else moment)
        if not 1 <= len(arguments) <= 2:
            return None
        value = arguments[0]
        if len(arguments) == 1:
            return convert(value, kind) if value.type in MOMENTS or value.type == "STRING" else None
        second = arguments[1]
        if kind == "DATETIME" and value.type == "DATE" and second.type == "TIME":
            return point(kind, datetime.combine(value.low, second.low))
        if second.type != "STRING":
            return None
        if kind == "TIMESTAMP":
            wall = _as("DATETIME", value)
            return _moment(kind, from_zone(wall, second.low) if wall is not None else None)
        if value.type != "TIMESTAMP":
            return None
        local = to_zone(value.low, second.low)
        return convert(point("DATETIME", local), kind) if local is not None else None

    return build


def _adder(kind: str | None, sign: int) -> Function:
    def shift(arguments: Arguments) -> Value:
        if len(arguments) != 2 or arguments[1].type != "INTERVAL":
            return None
        value = arguments[0]
        if value.type == "STRING":
            if kind is None:
                return None
            literal = literal_moment(kind, value.low)
            if literal is None:
                return None
            value = literal
        if value.type not in MOMENTS:
            return None
        count, unit = arguments[1].low
        if value.type == "DATE" and unit not in ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR"):
            return None
        return _moment(value.type, add(value.low, sign * count, unit))

    return shift


def _truncation(kind: str) -> Function:
    def cut(arguments: Arguments) -> Value:
        value = arguments[0]
        if value.type == "STRING":
            literal = literal_moment(kind, value.low)
            if literal is None:
                return None
            value = literal
        if value.type not in MOMENTS:
            return None
        moment = value.low
        if len(arguments) == 3 and value.type == "TIMESTAMP" and arguments[2].type == "STRING":
            local = to_zone(moment, arguments[2].low)
            cut_local = truncate(local, _unit(arguments, 1)) if local is not None else None
            return _moment(
                "TIMESTAMP",
                from_zone(cut_local, arguments[2].low) if isinstance(cut_local, datetime) else None,
            )
        return _moment(value.type, truncate(moment, _unit(arguments, 1)))

    return cut


def _difference(kind: str) -> Function:
    def count(arguments: Arguments) -> Value:
        if len(arguments) < 2:
            return None
        late, early = _as(kind, arguments[0]), _as(kind, arguments[1])
        if late is None or early is None:
            return None
        if kind == "TIMESTAMP":
            return _integer(whole_units_between(late, early, _unit(arguments, 2)))
        return _integer(boundaries_between(late, early, _unit(arguments, 2)))

    return count


def _extract(arguments: Arguments) -> Value:
    if len(arguments) != 2 or arguments[1].type not in MOMENTS:
        return None
    part, value = str(arguments[0].low), arguments[1]
    if part in ("DATE", "DATETIME"):
        return convert(value, part)
    if part == "TIME":
        return point("TIME", value.low.time()) if isinstance(value.low, datetime) else None
    return _integer(extract(value.low, part))


def _formatter(arguments: Arguments) -> Value:
    if len(arguments) < 2 or arguments[0].type != "STRING" or arguments[1].type not in MOMENTS:
        return None
    moment = arguments[1].low
    if len(arguments) == 3:
        if arguments[1].type != "TIMESTAMP" or arguments[2].type != "STRING":
            return None
        moment = to_zone(moment, arguments[2].low)
        if moment is None:
            return None
    return _text(format_moment(arguments[0].low, moment))


def _parser(kind: str) -> Function:
    def parse(arguments: Arguments) -> Value:
        if len(arguments) < 2 or arguments[0].type != "STRING" or arguments[1].type != "STRING":
            return None
        moment = parse_with(arguments[0].low, arguments[1].low)
        if moment is None:
            return None
        if len(arguments) == 3:
            moment = from_zone(moment, str(arguments[2].low))
        return convert(point("DATETIME", moment), kind) if moment is not None else None

    return parse


def _last_day(arguments: Arguments) -> Value:
    day = _as("DATE", arguments[0]) if arguments else None
    return _moment("DATE", last_day(day, _unit(arguments, 1, "MONTH")) if day is not None else None)


def _epoch(unit: str) -> Function:
    """UNIX_SECONDS and its kin."""
    size = timedelta(**{unit: 1})

    def count(arguments: Arguments) -> Value:
        moment = _as("TIMESTAMP", arguments[0])
        return _integer((moment - _EPOCH) // size if moment is not None else None)

    return count


def _from_epoch(unit: str) -> Function:
    def moment(arguments: Arguments) -> Value:
        if arguments[0].type != "INT64":
            return None
        try:
            return point("TIMESTAMP", _EPOCH + timedelta(**{unit: arguments[0].low}))
        except OverflowError:
            return None

    return moment


def _unix_date(arguments: Arguments) -> Value:
    day = _as("DATE", arguments[0])
    return _integer((day - _EPOCH.date()).days if day is not None else None)


def _date_from_unix(arguments: Arguments) -> Value:
    if arguments[0].type != "INT64":
        return None
    try:
        return point("DATE", _EPOCH.date() + timedelta(days=arguments[0].low))
    except OverflowError:
        return None


def _generate_dates(arguments: Arguments) -> Value:
    start, end = _as("DATE", arguments[0]), _as("DATE", arguments[1])
    step = arguments[2].low if len(arguments) > 2 and arguments[2].type == "INTERVAL" else (1, "DAY")
    return _series("DATE", start, end, step)


def _generate_timestamps(arguments: Arguments) -> Value:
    start, end = _as("TIMESTAMP", arguments[0]), _as("TIMESTAMP", arguments[1])
    if len(arguments) < 3 or arguments[2].type != "INTERVAL":
        return None
    return _series("TIMESTAMP", start, end, arguments[2].low)


def _series(kind: str, start: Any, end: Any, step: tuple[int, str]) -> Value:
    count, unit = step
    if start is None or end is None or count == 0:
        return None
    items: list[Known] = []
    while True:
        moment = add(start, len(items) * count, unit)
        if moment is None or len(items) > MAXIMUM_ITEMS:
            return None
        if (moment > end) if count > 0 else (moment < end):
            return point("ARRAY", tuple(items))
        items.append(point(kind, moment))


def _generate_numbers(arguments: Arguments) -> Value:
    if not all(item.type == "INT64" for item in arguments):
        return None
    step = arguments[2].low if len(arguments) > 2 else 1
    if step == 0:
        return None
    first, last = arguments[0].low, arguments[1].low
    if abs(last - first) // abs(step) >= MAXIMUM_ITEMS:
        return None
    found = range(first, last + (1 if step > 0 else -1), step)
    return point("ARRAY", tuple(point("INT64", item) for item in found))


def _strings(change: Callable[..., str | bool | int | None], kind: str = "STRING") -> Function:
    """A function of texts (and whole numbers)."""

    def apply(arguments: Arguments) -> Value:
        if not all(item.type in ("STRING", "INT64") for item in arguments):
            return None
        try:
            found = change(*(item.low for item in arguments))
        except (TypeError, AttributeError):
            return None
        return point(kind, found) if found is not None else None

    return apply


def _substring(text: str, start: int, length: int | None = None) -> str | None:
    if length is not None and length < 0:
        return None
    if start > 0:
        first = start - 1
    elif start == 0:
        first = 0
    else:
        first = max(len(text) + start, 0)
    return text[first:] if length is None else text[first : first + length]


def _concatenate(arguments: Arguments) -> Value:
    if not all(item.type == "STRING" for item in arguments):
        return None
    return point("STRING", "".join(item.low for item in arguments))


def _pad(text: str, size: int, fill: str = " ") -> str | None:
    if not 0 <= size <= MAXIMUM_ITEMS or not fill:
        return None
    missing = size - len(text)
    return (fill * missing)[:missing] + text if missing > 0 else text[:size]


def _string(arguments: Arguments) -> Value:
    return convert(arguments[0], "STRING") if len(arguments) == 1 else None


def _extreme(pick: Callable[..., Any]) -> Function:
    def choose(arguments: Arguments) -> Value:
        chosen = arguments[0]
        for item in arguments[1:]:
            pair = alike(chosen, item)
            if pair is None or pair[0].type in ("ARRAY", "INTERVAL"):
                return None
            first, second = pair
            chosen = first if pick(first.low, second.low) == first.low else second
        return chosen

    return choose


def _numeric(change: Callable[..., Any]) -> Function:
    def apply(arguments: Arguments) -> Value:
        if not all(item.type in NUMBERS for item in arguments):
            return None
        try:
            found = change(*(item.low for item in arguments))
        except (TypeError, ArithmeticError):
            return None
        return point("INT64" if isinstance(found, int) else "FLOAT64", found)

    return apply


def _remainder(value: int, divisor: int) -> int:
    left = abs(value) % abs(divisor)
    return left if value >= 0 else -left


def _quotient(value: int, divisor: int) -> int:
    whole = abs(value) // abs(divisor)
    return whole if (value >= 0) == (divisor >= 0) else -whole


def _at_time_zone(arguments: Arguments) -> Value:
    """`moment AT TIME ZONE zone` inside EXTRACT."""
    if len(arguments) != 2 or arguments[0].type != "TIMESTAMP" or arguments[1].type != "STRING":
        return None
    return _moment("DATETIME", to_zone(arguments[0].low, arguments[1].low))


def _same(arguments: Arguments) -> Value:
    return arguments[0] if arguments else None


FUNCTIONS: Final[Mapping[str, Function]] = {
    "DATE": _constructor("DATE"),
    "DATETIME": _constructor("DATETIME"),
    "TIMESTAMP": _constructor("TIMESTAMP"),
    "DATE_ADD": _adder("DATE", 1),
    "DATE_SUB": _adder("DATE", -1),
    "DATETIME_ADD": _adder("DATETIME", 1),
    "DATETIME_SUB": _adder("DATETIME", -1),
    "TIMESTAMP_ADD": _adder("TIMESTAMP", 1),
    "TIMESTAMP_SUB": _adder("TIMESTAMP", -1),
    "DATE_TRUNC": _truncation("DATE"),
    "DATETIME_TRUNC": _truncation("DATETIME"),
    "TIMESTAMP_TRUNC": _truncation("TIMESTAMP"),
    "DATE_DIFF": _difference("DATE"),
    "DATETIME_DIFF": _difference("DATETIME"),
    "TIMESTAMP_DIFF": _difference("TIMESTAMP"),
    "EXTRACT": _extract,
    "LAST_DAY": _last_day,
    "FORMAT_DATE": _formatter,
    "FORMAT_DATETIME": _formatter,
    "FORMAT_TIMESTAMP": _formatter,
    "PARSE_DATE": _parser("DATE"),
    "PARSE_DATETIME": _parser("DATETIME"),
    "PARSE_TIMESTAMP": _parser("TIMESTAMP"),
    "UNIX_SECONDS": _epoch("seconds"),
    "UNIX_MILLIS": _epoch("milliseconds"),
    "UNIX_MICROS": _epoch("microseconds"),
    "UNIX_DATE": _unix_date,
    "TIMESTAMP_SECONDS": _from_epoch("seconds"),
    "TIMESTAMP_MILLIS": _from_epoch("milliseconds"),
    "TIMESTAMP_MICROS": _from_epoch("microseconds"),
    "DATE_FROM_UNIX_DATE": _date_from_unix,
    "GENERATE_DATE_ARRAY": _generate_dates,
    "GENERATE_TIMESTAMP_ARRAY": _generate_timestamps,
    "GENERATE_ARRAY": _generate_numbers,
    "CONCAT": _concatenate,
    "STRING": _string,
    "SUBSTR": _strings(_substring),
    "SUBSTRING": _strings(_substring),
    "LEFT": _strings(lambda text, size: text[:size] if size >= 0 else None),
    "RIGHT": _strings(lambda text, size: text[max(len(text) - size, 0) :] if size >= 0 else None),
    "REPLACE": _strings(lambda text, old, new: text.replace(old, new) if old else text),
    "UPPER": _strings(str.upper),
    "LOWER": _strings(str.lower),
    "TRIM": _strings(lambda text: text.strip()),
    "LPAD": _strings(_pad),
    "LENGTH": _strings(len, "INT64"),
    "CHAR_LENGTH": _strings(len, "INT64"),
    "STARTS_WITH": _strings(lambda text, start: text.startswith(start), "BOOL"),
    "ENDS_WITH": _strings(lambda text, end: text.endswith(end), "BOOL"),
    "GREATEST": _extreme(max),
    "LEAST": _extreme(min),
    "ABS": _numeric(abs),
    "MOD": _numeric(_remainder),
    "DIV": _numeric(_quotient),
    "AT_TIME_ZONE": _at_time_zone,
    "SAFE_FUNC": _same,  # SAFE.f(...): what f gives, NULL where it fails
    # Wrappers that the SQL parser puts around an argument to note its type.
    "TS_OR_DS_TO_DATE": _constructor("DATE"),
    "TS_OR_DS_TO_DATETIME": _same,
    "TS_OR_DS_TO_TIMESTAMP": _same,
}


def current(name: str, now: datetime, arguments: Arguments) -> Value:
    """CURRENT_DATE and its kin at a fixed moment (naive UTC)."""
    if name == "CURRENT_TIMESTAMP":
        return point("TIMESTAMP", now) if not arguments else None
    local: datetime | None = now
    if arguments:
        local = to_zone(now, arguments[0].low) if arguments[0].type == "STRING" else None
    if local is None:
        return None
    if name == "CURRENT_DATE":
        return point("DATE", local.date())
    return point("DATETIME", local) if name == "CURRENT_DATETIME" else point("TIME", local.time())


CLOCK_FUNCTIONS: Final = frozenset({"CURRENT_DATE", "CURRENT_DATETIME", "CURRENT_TIMESTAMP", "CURRENT_TIME"})


def naive_utc(now: datetime) -> datetime:
    """A moment as naive UTC; one without a zone counts as UTC."""
    return now.astimezone(UTC).replace(tzinfo=None) if now.tzinfo is not None else now


def time_literal(text: str) -> Value:
    """TIME '12:30:00'."""
    try:
        return point("TIME", time.fromisoformat(text))
    except ValueError:
        return None


def scaled(value: Known, other: Known, operator: str) -> Value:
    """`*` and `/` of a number (or an interval of numbers) and one number."""
    if value.type not in NUMBERS or other.type not in NUMBERS or not other.is_point:
        return None
    if operator == "/":
        if other.low == 0:
            return None
        ends = [Decimal(value.low) / Decimal(other.low), Decimal(value.high) / Decimal(other.low)]
    else:
        ends = [value.low * other.low, value.high * other.low]
    kind = "INT64" if all(isinstance(end, int) for end in ends) else "FLOAT64"
    return Known(kind, min(ends), max(ends))
