"""Sizes and times as people write them, rounding of limits, and the quantile that limits rest on."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from costguard.money import BYTES_MINIMUM, GIB, MIB, TIB

_SIZES: Final[dict[str, int]] = {
    "B": 1,
    "KiB": 1 << 10,
    "MiB": MIB,
    "GiB": GIB,
    "TiB": TIB,
    "PiB": 1 << 50,
}
_SIZE: Final = re.compile(r"(\d+)(?:\.(\d+))?\s*([A-Za-z]*)")
_SPANS: Final[dict[str, int]] = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_SPAN: Final = re.compile(r"(\d+)\s*([smhd])")
MOST_BYTES: Final = (1 << 63) - 1
"""What 64 bits hold, as the API has it."""


def parse_size(text: str) -> int:
    """Bytes of a size such as `50 GiB`; the units are those that BigQuery bills in.

    >>> parse_size("10 MiB"), parse_size("1.5TiB")
    (10485760, 1649267441664)

    Raises:
        ValueError: it is no size, or no whole number of bytes.
    """
    match = _SIZE.fullmatch(text.strip())
    unit = next((name for name in _SIZES if match and name.lower() == match[3].lower()), None)
    if match is None or unit is None:
        raise ValueError(f"{text!r} is no size such as 50 GiB (units: {', '.join(_SIZES)})")
    digits = match[2] or ""
    count, rest = divmod(int(match[1] + digits) * _SIZES[unit], int(f"1{'0' * len(digits)}"))
    if rest:
        raise ValueError(f"{text!r} is no whole number of bytes")
    if count > MOST_BYTES:
        raise ValueError(f"{text!r} is more than BigQuery can count")
    return count


def size_text(count: int) -> str:
    """A size that reads back as it was, in the largest unit of which it is a whole number.

    >>> size_text(10485760), size_text(1649267441664), size_text(7)
    ('10 MiB', '1536 GiB', '7 B')
    """
    unit = next(name for name in reversed(_SIZES) if count % _SIZES[name] == 0)
    return f"{count // _SIZES[unit]} {unit}" if count else "0 B"


def parse_span(text: str) -> timedelta:
    """A time such as `30m`, `8h` or `7d`.

    Raises:
        ValueError: it is none.
    """
    match = _SPAN.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no time such as 30m, 8h or 7d")
    return timedelta(seconds=int(match[1]) * _SPANS[match[2]])


def span_text(span: timedelta) -> str:
    """A time that reads back as it was.

    >>> span_text(timedelta(minutes=90)), span_text(timedelta(days=2)), span_text(timedelta(0))
    ('90m', '2d', '0s')
    """
    seconds = int(span.total_seconds())
    unit = next(name for name in reversed(_SPANS) if seconds % _SPANS[name] == 0) if seconds else "s"
    return f"{seconds // _SPANS[unit]}{unit}"


def round_up(count: int, least: int = BYTES_MINIMUM) -> int:
    """A limit that people can read: a whole MiB, from a GiB on a whole GiB. Never less than what a query is billed at
    least, since no lower limit can be set.

    >>> [size_text(round_up(count)) for count in (1, 10485761, 2**30 + 1)]
    ['10 MiB', '11 MiB', '2 GiB']
    """
    unit = MIB if count < GIB else GIB
    return max(least, -(-count // unit) * unit)


def rank(count: int, percent: int) -> int:
    """Where the nearest-rank percentile of so many sorted values stands, from 0 on: at most `100 - percent` of 100
    values are larger.

    >>> rank(100, 99), rank(101, 99), rank(1, 95)
    (98, 99, 0)
    """
    return -(-count * percent // 100) - 1
