"""Results come out of the cache as they went in: every field, filled with a value of its own."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from decimal import Decimal
from itertools import count
from typing import Any, Literal, Union

import pytest
from pydantic_core import from_json, to_json

from costguard import result_store
from costguard.money import ByteRange, Dollars, Seconds
from costguard.result import (
    Finding,
    PolicyReport,
    PolicyViolation,
    QueryReport,
    ScanReport,
    ScanResult,
    Summary,
    UnreadReport,
)
from tests.render.results import finding, query, result

NUMBERS = count(1)


def filled(kind: Any) -> Any:
    """A value of a type, different each time; Optional types get a value."""
    origin = typing.get_origin(kind)
    if origin is Literal:
        return typing.get_args(kind)[0]
    if origin in (Union, types.UnionType):
        return filled(next(item for item in typing.get_args(kind) if item is not type(None)))
    if origin is tuple:
        return (filled(typing.get_args(kind)[0]), filled(typing.get_args(kind)[0]))
    number = next(NUMBERS)
    if kind is ByteRange:
        return ByteRange(number, number + 1, number + 2, "modelled")
    if kind in (Dollars, Seconds):
        return kind(Decimal(number), Decimal(f"{number}.5"), Decimal(number + 1), "upper-bound")
    if dataclasses.is_dataclass(kind):
        types_by_name = typing.get_type_hints(kind)
        return kind(**{field.name: filled(types_by_name[field.name]) for field in dataclasses.fields(kind)})  # type: ignore[operator]
    plain: dict[Any, Any] = {
        str: f"text {number} ü",
        int: number,
        float: number + 0.5,
        bool: True,
        Decimal: Decimal(f"{number}.25"),
    }
    return plain[kind]


def filled_result() -> ScanResult:
    """All that the cache keeps: not what a baseline did."""
    parts = typing.get_type_hints(ScanResult)
    return ScanResult(**{name: filled(kind) for name, kind in parts.items() if name != "baseline"})


def encode(value: ScanResult) -> str:
    """As the cache keeps it."""
    return to_json(result_store.encode(value)).decode()


def decode(text: str) -> ScanResult:
    return result_store.decode(from_json(text))


def test_every_field_comes_back() -> None:
    full = filled_result()
    assert decode(encode(full)) == full
    values = json.dumps(dataclasses.asdict(full), default=str)
    for kind in (Summary, QueryReport, ScanReport, Finding, UnreadReport, PolicyReport, PolicyViolation):
        for field in dataclasses.fields(kind):
            assert f'"{field.name}"' in values


def test_each_field_counts() -> None:
    """Two results that differ in one field differ in the store: nothing is left out or mixed up."""
    full = filled_result()
    for part in ("queries", "findings", "unread", "policies"):
        (first, *rest) = getattr(full, part)
        hints = typing.get_type_hints(type(first))
        for field in dataclasses.fields(first):
            value = filled(hints[field.name])
            if value == getattr(first, field.name):
                value = (
                    typing.get_args(hints[field.name])[-1]
                    if typing.get_args(hints[field.name])
                    else not value
                )
            rows: dict[str, Any] = {part: (dataclasses.replace(first, **{field.name: value}), *rest)}
            changed = dataclasses.replace(full, **rows)
            assert decode(encode(changed)) == changed != full, field.name


def test_missing_values_come_back_as_missing() -> None:
    empty = result([query(size=None, price=None)], [finding(suppressed=""), finding(line=2, suppressed=None)])
    assert decode(encode(empty)) == empty
    assert decode(encode(result())) == result()


@pytest.mark.parametrize("amount", ["0", "0.1", "1E-12", "123456789012345678901234567890.12"])
def test_dollars_keep_every_digit(amount: str) -> None:
    cost = Dollars(Decimal(0), Decimal(amount), Decimal(amount), "exact")
    stored = decode(encode(result([query(usd=cost)])))
    assert stored.queries[0].usd == cost
    assert str(stored.queries[0].usd.point) == amount


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"summary": []}',
        encode(result([query()])).replace('"exact"', '"guessed"'),
        encode(result([query()])).replace('"summary":[1,', '"summary":['),
        encode(result(findings=[finding()])).replace('"findings":[[', '"findings":[["one too many",'),
    ],
)
def test_what_is_not_ours_is_refused(text: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError, IndexError)):
        decode(text)
