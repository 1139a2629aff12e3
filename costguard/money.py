"""Bytes and dollars that refuse to mix, always as a range with a basis."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Final

MIB: Final = 1 << 20
GIB: Final = 1 << 30
TIB: Final = 1 << 40
BYTES_MINIMUM: Final = 10 * MIB
"""On-demand queries bill at least 10 MiB (cloud.google.com/bigquery/pricing#on_demand_pricing; the unit is
MiB: "10485760 or higher required", and 17 of 17 published processed/billed pairs)."""

BASES: Final = ("billed", "job", "dry-run", "exact", "upper-bound", "lower-bound", "modelled", "unknown")
"""Where a figure comes from, best first."""


def worst_basis(*bases: str) -> str:
    """The weakest of several bases: a sum is only as good as its worst part; of nothing it is `exact`."""
    return max(bases, key=BASES.index, default="exact")


def _check(what: str, bounds: tuple[int | Decimal, ...], basis: str) -> None:
    """A range has a known basis and its bounds in order.

    Raises:
        ValueError: it has not.
    """
    if basis not in BASES:
        raise ValueError(f"unknown basis {basis!r}; one of {', '.join(BASES)}")
    if any(one > other for one, other in pairwise(bounds)):
        raise ValueError(f"{what} out of order: {', '.join(map(str, bounds[-3:]))}")


@dataclass(frozen=True, slots=True)
class ByteRange:
    """A number of bytes with its bounds."""

    low: int
    point: int
    high: int
    basis: str

    def __post_init__(self) -> None:
        _check("bytes", (0, self.low, self.point, self.high), self.basis)

    def __add__(self, other: ByteRange) -> ByteRange:
        if not isinstance(other, ByteRange):
            return NotImplemented
        return ByteRange(
            self.low + other.low,
            self.point + other.point,
            self.high + other.high,
            worst_basis(self.basis, other.basis),
        )

    @staticmethod
    def exactly(count: int, basis: str = "exact") -> ByteRange:
        """A range without width."""
        return ByteRange(count, count, count, basis)


@dataclass(frozen=True, slots=True)
class Seconds:
    """A time that a machine is busy, with its bounds."""

    low: Decimal
    point: Decimal
    high: Decimal
    basis: str

    def __post_init__(self) -> None:
        _check("seconds", (0, self.low, self.point, self.high), self.basis)

    def price(self, usd_per_hour: Decimal) -> Dollars:
        """Dollars of a machine that costs so much."""
        low, point, high = (usd_per_hour * value / 3600 for value in (self.low, self.point, self.high))
        return Dollars(low, point, high, self.basis)


def billed_bytes(processed: int) -> int:
    """Bytes that BigQuery bills on demand for a statement that processes this many: none for none, else
    rounded up to a whole MiB, at least 10 MiB.

    >>> billed_bytes(0), billed_bytes(1), billed_bytes(110_355_534)
    (0, 10485760, 111149056)
    """
    if processed < 0:
        raise ValueError(f"negative bytes: {processed}")
    if processed == 0:
        return 0
    return max(BYTES_MINIMUM, -(-processed // MIB) * MIB)


@dataclass(frozen=True, slots=True)
class Dollars:
    """An amount of US dollars with its bounds."""

    low: Decimal
    point: Decimal
    high: Decimal
    basis: str

    def __post_init__(self) -> None:
        _check("dollars", (self.low, self.point, self.high), self.basis)

    def __add__(self, other: Dollars) -> Dollars:
        if not isinstance(other, Dollars):
            return NotImplemented
        return Dollars(
            self.low + other.low,
            self.point + other.point,
            self.high + other.high,
            worst_basis(self.basis, other.basis),
        )

    def times(self, count: int | Decimal) -> Dollars:
        """The same amount, paid `count` times."""
        return Dollars(self.low * count, self.point * count, self.high * count, self.basis)


def price_bytes(amount: ByteRange, usd_per_tib: Decimal) -> Dollars:
    """Dollars for an amount of billed bytes at a price per TiB (2^40 bytes)."""

    def usd(count: int) -> Decimal:
        return usd_per_tib * count / TIB

    return Dollars(usd(amount.low), usd(amount.point), usd(amount.high), amount.basis)


def format_usd(amount: Decimal) -> str:
    """Dollars for people: at least two significant digits, so that small amounts never read as nothing.

    >>> [format_usd(Decimal(v)) for v in ("0", "0.004", "0.0000123", "1.5", "12345.678", "-0.004")]
    ['$0.00', '$0.004', '$0.000012', '$1.50', '$12,345.68', '-$0.004']
    """
    sign = "-" if amount < 0 else ""
    size = abs(amount)
    if size == 0:
        return "$0.00"
    if size >= Decimal("0.095"):
        return f"{sign}${size:,.2f}"
    digits = -size.adjusted() + 1
    text = f"{size:.{digits}f}".rstrip("0")
    return f"{sign}${text}"


def format_bytes(count: int) -> str:
    """Bytes for people, in the binary units that BigQuery bills in.

    >>> [format_bytes(v) for v in (0, 1023, 10 * MIB, 3 * GIB // 2, 5 * TIB)]
    ['0 B', '1,023 B', '10 MiB', '1.5 GiB', '5 TiB']
    """
    size = float(count)
    for unit in ("B", "KiB", "MiB", "GiB", "TiB", "PiB"):
        if abs(size) < 1024 or unit == "PiB":
            break
        size /= 1024
    if unit == "B":
        return f"{count:,} B"
    text = f"{size:,.1f}" if abs(size) < 100 else f"{size:,.0f}"
    return f"{text.removesuffix('.0')} {unit}"


def format_seconds(seconds: Decimal) -> str:
    """A time for people, in the unit in which it is a number of up to three digits.

    >>> [format_seconds(Decimal(v)) for v in ("0", "0.0042", "1.5", "59.9", "90", "5400", "200000")]
    ['0 s', '0.0042 s', '1.5 s', '60 s', '1.5 min', '1.5 h', '56 h']
    """
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{_two_digits(seconds / size)} {unit}"
    return f"{_two_digits(seconds)} s"


def _two_digits(value: Decimal) -> str:
    """At least two significant digits, no zeros behind the point."""
    if value == 0:
        return "0"
    text = f"{value:,.{max(0, 1 - value.adjusted())}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def decimal_string(amount: Decimal) -> str:
    """A decimal string for machine output: plain notation, no trailing zeros beyond the cent.

    >>> [decimal_string(Decimal(v)) for v in ("0", "1.5", "0.0000120", "1E+3")]
    ['0.00', '1.50', '0.000012', '1000.00']
    """
    text = f"{amount:f}"
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0").ljust(2, "0")
    return f"{whole}.{fraction}"


def plain_decimal(amount: Decimal) -> str:
    """A decimal without exponent and without zeros at its end.

    >>> [plain_decimal(Decimal(text)) for text in ("6.250000000", "0.000", "1E+1", "0.031611")]
    ['6.25', '0', '10', '0.031611']
    """
    text = f"{amount:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
