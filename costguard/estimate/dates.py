"""Date arithmetic as GoogleSQL defines it, on naive values: a TIMESTAMP is its UTC time.

Functions return None where GoogleSQL would raise, or where a part, format or zone is not known here.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Moment = date | datetime

_WEEKDAYS: Final = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
_SECONDS: Final[Mapping[str, int]] = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86_400, "WEEK": 604_800}
_MONTHS: Final[Mapping[str, int]] = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
_PARSED: Final = re.compile(
    r"\s*(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:[Tt ]\s*(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,6})\d*)?)?)?"
    r"\s*(Z|z|[+-]\d{1,2}(?::?\d{2})?|[A-Za-z]+(?:/[A-Za-z_+-]+\d*)*)?\s*"
)


def zone(name: str) -> ZoneInfo | None:
    """A time zone by its name; None when there is no such zone here."""
    try:
        return ZoneInfo("UTC" if name in ("Z", "z", "GMT") else name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def to_zone(moment: datetime, name: str) -> datetime | None:
    """UTC to the wall clock of a zone (a name, or an offset such as `+02:00`)."""
    offset = _offset(name)
    if offset is not None:
        return _shift(moment, offset)
    return _converted(moment, UTC, zone(name))


def from_zone(moment: datetime, name: str) -> datetime | None:
    """The wall clock of a zone to UTC."""
    offset = _offset(name)
    if offset is not None:
        return _shift(moment, -offset)
    return _converted(moment, zone(name), UTC)


def _converted(moment: datetime, source: tzinfo | None, target: tzinfo | None) -> datetime | None:
    if source is None or target is None:
        return None
    try:
        return moment.replace(tzinfo=source).astimezone(target).replace(tzinfo=None)
    except OverflowError:  # the first or last day of the calendar
        return None


def _offset(name: str) -> timedelta | None:
    match = re.fullmatch(r"([+-])(\d{1,2})(?::?(\d{2}))?", name)
    if match is None:
        return None
    size = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
    return -size if match[1] == "-" else size


def _shift(moment: datetime, by: timedelta) -> datetime | None:
    try:
        return moment + by
    except OverflowError:
        return None


def parse_moment(text: str) -> datetime | None:
    """A DATE, DATETIME or TIMESTAMP literal, in UTC when it names a zone."""
    match = _PARSED.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, named = match.groups()
    try:
        moment = datetime(
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int((fraction or "").ljust(6, "0")),
        )
    except ValueError:
        return None
    return from_zone(moment, named) if named else moment


def parse_date(text: str) -> date | None:
    """A DATE literal; None for anything with a time."""
    match = re.fullmatch(r"\s*(\d{4})-(\d{1,2})-(\d{1,2})\s*", text)
    if match is None:
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None


def add(moment: Moment, count: int, unit: str) -> Moment | None:
    """A moment and a number of units; a day that the month lacks becomes its last day."""
    try:
        if unit in _MONTHS:
            months = moment.year * 12 + moment.month - 1 + count * _MONTHS[unit]
            year, month = divmod(months, 12)
            last = monthrange(year, month + 1)[1]
            return moment.replace(year=year, month=month + 1, day=min(moment.day, last))
        if unit in ("MICROSECOND", "MILLISECOND"):
            scale = 1 if unit == "MICROSECOND" else 1000
            return moment + timedelta(microseconds=count * scale) if isinstance(moment, datetime) else None
        if unit not in _SECONDS or (unit not in ("DAY", "WEEK") and not isinstance(moment, datetime)):
            return None
        return moment + timedelta(seconds=count * _SECONDS[unit])
    except (ValueError, OverflowError):
        return None


def truncate(moment: Moment, unit: str) -> Moment | None:
    """The start of the unit that a moment lies in."""
    if isinstance(moment, datetime):
        clock = {"HOUR": 1, "MINUTE": 2, "SECOND": 3}.get(unit)
        if clock is not None:
            return moment.replace(
                minute=moment.minute if clock > 1 else 0,
                second=moment.second if clock > 2 else 0,
                microsecond=0,
            )
        if unit == "MILLISECOND":
            return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        if unit == "MICROSECOND":
            return moment
        day = truncate(moment.date(), unit)
        return datetime.combine(day, time()) if day is not None else None
    if unit == "DAY":
        return moment
    if unit == "MONTH":
        return moment.replace(day=1)
    if unit == "QUARTER":
        return date(moment.year, (moment.month - 1) // 3 * 3 + 1, 1)
    if unit == "YEAR":
        return date(moment.year, 1, 1)
    if unit == "ISOYEAR":
        return date.fromisocalendar(moment.isocalendar().year, 1, 1)
    first = week_start(unit)
    if first is None:
        return None
    try:
        return moment - timedelta(days=(moment.weekday() - first) % 7)
    except OverflowError:
        return None


def week_start(unit: str) -> int | None:
    """The weekday (0 is Monday) that a week part starts on; None when it is not a week part."""
    if unit == "WEEK":
        return 6
    if unit == "ISOWEEK":
        return 0
    match = re.fullmatch(r"WEEK\((\w+)\)", unit)
    return _WEEKDAYS.index(match[1]) if match and match[1] in _WEEKDAYS else None


def last_day(day: date, unit: str) -> date | None:
    """The last day of the unit that a day lies in."""
    start = truncate(day, unit)
    if start is None or isinstance(start, datetime):
        return None
    if unit == "DAY":
        return day
    months = _MONTHS.get(unit)
    if months is not None:
        month = start.month + months - 1
        return start.replace(month=month, day=monthrange(start.year, month)[1])
    try:
        if unit == "ISOYEAR":
            return date.fromisocalendar(start.isocalendar().year + 1, 1, 1) - timedelta(days=1)
        return start + timedelta(days=6)
    except (ValueError, OverflowError):  # it ends after the calendar does
        return None


def boundaries_between(late: Moment, early: Moment, unit: str) -> int | None:
    """DATE_DIFF and DATETIME_DIFF: boundaries of the unit that are crossed from early to late."""
    if unit in ("YEAR", "QUARTER", "MONTH"):
        months = (late.year - early.year) * 12
        if unit == "YEAR":
            return late.year - early.year
        if unit == "MONTH":
            return months + late.month - early.month
        return (late.year - early.year) * 4 + (late.month - 1) // 3 - (early.month - 1) // 3
    if unit == "ISOYEAR":
        return late.isocalendar().year - early.isocalendar().year
    first, second = truncate(late, unit), truncate(early, unit)
    if first is None or second is None or isinstance(first, datetime) != isinstance(second, datetime):
        return None
    gap = first - second
    size = 604_800 if week_start(unit) is not None else _SECONDS.get(unit)
    return _whole(gap, unit, size)


def whole_units_between(late: datetime, early: datetime, unit: str) -> int | None:
    """TIMESTAMP_DIFF: whole units between two moments, towards zero."""
    if unit not in ("DAY", "HOUR", "MINUTE", "SECOND", "MILLISECOND", "MICROSECOND"):
        return None
    return _whole(late - early, unit, _SECONDS.get(unit))


def _whole(gap: timedelta, unit: str, seconds: int | None) -> int | None:
    micros = gap // timedelta(microseconds=1)
    if unit in ("MILLISECOND", "MICROSECOND"):
        size = 1000 if unit == "MILLISECOND" else 1
    elif seconds is None:
        return None
    else:
        size = seconds * 1_000_000
    count = abs(micros) // size
    return count if micros >= 0 else -count


_EXTRACTED: Final[Mapping[str, Callable[[Moment], int]]] = {
    "YEAR": lambda moment: moment.year,
    "QUARTER": lambda moment: (moment.month - 1) // 3 + 1,
    "MONTH": lambda moment: moment.month,
    "DAY": lambda moment: moment.day,
    "DAYOFWEEK": lambda moment: moment.isoweekday() % 7 + 1,
    "DAYOFYEAR": lambda moment: moment.timetuple().tm_yday,
    "ISOWEEK": lambda moment: moment.isocalendar().week,
    "ISOYEAR": lambda moment: moment.isocalendar().year,
    "WEEK": lambda moment: int(moment.strftime("%U")),
}


def extract(moment: Moment, unit: str) -> int | None:
    """EXTRACT(unit FROM moment) for the parts that are numbers."""
    found = _EXTRACTED.get(unit)
    if found is not None:
        return found(moment)
    if not isinstance(moment, datetime):
        return None
    clock = {"HOUR": moment.hour, "MINUTE": moment.minute, "SECOND": moment.second}
    fractions = {"MILLISECOND": moment.microsecond // 1000, "MICROSECOND": moment.microsecond}
    return clock.get(unit, fractions.get(unit))


_FORMATS: Final[Mapping[str, str]] = {
    "Y": "year",
    "F": "day",
    "m": "month",
    "d": "day",
    "e": "day",
    "y": "year",
    "j": "day",
    "B": "month",
    "b": "month",
    "h": "month",
    "A": "day",
    "a": "day",
    "u": "day",
    "w": "day",
    "G": "day",
    "V": "day",
    "U": "day",
    "W": "day",
    "Q": "month",
    "H": "hour",
    "M": "minute",
    "S": "second",
    "T": "second",
    "R": "minute",
    "D": "day",
}
"""Format elements that are known here, and the part of a moment that each depends on."""

_FINENESS: Final = ("year", "month", "day", "hour", "minute", "second")


def format_fineness(pattern: str) -> str | None:
    """The finest part that a format depends on: `day` for `%Y%m%d`; None for an unknown element."""
    finest = 0
    for element in re.findall(r"%(.)", pattern.replace("%%", "")):
        part = _FORMATS.get(element)
        if part is None:
            return None
        finest = max(finest, _FINENESS.index(part))
    return _FINENESS[finest]


def format_moment(pattern: str, moment: Moment) -> str | None:
    """FORMAT_DATE and its kin."""
    if format_fineness(pattern) is None:
        return None
    full = moment if isinstance(moment, datetime) else datetime.combine(moment, time())

    def element(match: re.Match[str]) -> str:
        letter = match[1]
        if letter == "%":
            return "%"
        if letter == "Y":
            return f"{full.year:04d}"
        if letter == "F":
            return f"{full.year:04d}-{full.month:02d}-{full.day:02d}"
        if letter == "e":
            return f"{full.day:2d}"
        if letter == "Q":
            return str((full.month - 1) // 3 + 1)
        if letter == "G":
            return f"{full.isocalendar().year:04d}"
        if letter == "D":
            return full.strftime("%m/%d/%y")
        if letter in "BbhAa":  # not strftime: these must not follow the machine's language
            return _name(letter, full)
        return full.strftime(f"%{letter}")

    return re.sub(r"%(.)", element, pattern)


_MONTH_NAMES: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def _name(letter: str, moment: datetime) -> str:
    name = _MONTH_NAMES[moment.month - 1] if letter in "Bbh" else _WEEKDAYS[moment.weekday()].capitalize()
    return name if letter in "BA" else name[:3]


def parse_with(pattern: str, text: str) -> datetime | None:
    """PARSE_DATE and its kin, for formats that fix the year."""
    elements = re.findall(r"%(.)", pattern)
    if not set(elements) <= set("YmdFHMSTRy%") or not set(elements) & set("YFy"):
        return None
    spelled = pattern.replace("%F", "%Y-%m-%d").replace("%T", "%H:%M:%S").replace("%R", "%H:%M")
    try:
        return datetime.strptime(text, spelled)
    except (ValueError, re.error):
        return None
