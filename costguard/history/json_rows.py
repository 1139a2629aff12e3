"""Rows of JSON as columns: every scalar becomes text, since the same column may hold `"0.5"` in one row and `1` in the
next. What reads the columns knows which of them are amounts and times."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import polars as pl

EXACT_INTEGERS: Final = 2**53
"""Below it a FLOAT64 holds every integer."""
_HALF: Final = re.compile(rb"\\u[dD][89a-fA-F]")
"""Half of a character beyond the basic plane; without its other half it is no text."""


class Shape:
    """What the values of one column look like, as far as they were seen: lists, structs and, at their leaves, text.

    It grows with each value. `{}` says as much as null.
    """

    __slots__ = ("fields", "item", "kind", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        """With those of the structs around it, for errors."""
        self.kind: Literal["null", "text", "list", "struct"] = "null"
        self.fields: dict[str, Shape] = {}
        self.item: Shape | None = None

    def seen(self, value: Any) -> Any:
        """A value with text at its leaves, after which the shape fits it.

        Raises:
            ValueError: it is a scalar, a list or a struct where another row has something else.
        """
        if value is None:
            return None
        if isinstance(value, str):
            self._is("text")
            return value
        if isinstance(value, dict):
            if not value:
                return None
            self._is("struct")
            return {name: self._field(name).seen(item) for name, item in value.items()}
        if isinstance(value, list):
            shape = self._element()
            return [shape.seen(item) for item in value]
        self._is("text")
        return number_text(value)

    def include(self, kind: pl.DataType) -> None:
        """Fit also values of a type that has text at its leaves.

        Raises:
            ValueError: values of this type are something else than those seen before.
        """
        if isinstance(kind, pl.Struct):
            if kind.fields:
                self._is("struct")
            for field in kind.fields:
                self._field(field.name).include(_instance(field.dtype))
        elif isinstance(kind, pl.List):
            self._element().include(_instance(kind.inner))
        elif not isinstance(kind, pl.Null):
            self._is("text")

    def type(self) -> pl.DataType:
        """The type of the column."""
        if self.kind == "struct":
            return pl.Struct({name: shape.type() for name, shape in self.fields.items()})
        if self.kind == "list":
            assert self.item is not None
            return pl.List(self.item.type())
        return pl.String() if self.kind == "text" else pl.Null()

    def _field(self, name: str) -> Shape:
        if name not in self.fields:
            self.fields[name] = Shape(f"{self.name}.{name}")
        return self.fields[name]

    def _element(self) -> Shape:
        self._is("list")
        if self.item is None:
            self.item = Shape(self.name)
        return self.item

    def _is(self, kind: Literal["text", "list", "struct"]) -> None:
        if self.kind == "null":
            self.kind = kind
        elif self.kind != kind:
            raise ValueError(f"`{self.name}` is a {self.kind} in one row and a {kind} in another")


def _instance(kind: object) -> pl.DataType:
    return kind() if isinstance(kind, type) else kind  # type: ignore[return-value]


def number_text(value: bool | int | float) -> str:
    """A number or a truth value, always written alike: `1` and `1.0` are `1`, `1e-09` is `1e-9`.

    It is how polars writes a FLOAT64 (the shortest digits that give the same number), so that both ways of reading
    give the same text.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if value != value:
        return "NaN"
    if value.is_integer() and abs(value) < EXACT_INTEGERS:
        return str(int(value))
    mantissa, small, exponent = repr(value).partition("e-")
    if not small:
        return mantissa
    if exponent == "05":
        digits = mantissa.replace(".", "")
        return f"-0.0000{digits[1:]}" if digits.startswith("-") else f"0.0000{digits}"
    return f"{mantissa}e-{int(exponent)}"


def frame_of(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Rows of JSON as columns.

    Raises:
        ValueError: a column is a list or a struct in one row and something else in another.
    """
    columns = []
    for name in dict.fromkeys(name for row in rows for name in row):
        shape = Shape(name)
        values = [shape.seen(row.get(name)) for row in rows]
        # Given the type of a list, polars takes five times as long as for finding it out.
        column, kind = pl.Series(name, values, strict=False), shape.type()
        columns.append(column if column.dtype == kind else pl.Series(name, values, dtype=kind))
    return pl.DataFrame(columns or None, height=len(rows))


def row_of(line: bytes, number: int) -> dict[str, Any]:
    """The object on a line.

    Raises:
        ValueError: there is none; the text names the line.
    """
    try:
        row = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
        if _HALF.search(line):
            json.dumps(row, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise ValueError(f"line {number}: {error.msg} (column {error.colno})") from None
    except UnicodeError:
        raise ValueError(f"line {number} is not UTF-8") from None
    except RecursionError:
        raise ValueError(f"line {number} is nested too deeply") from None
    except ValueError as error:  # an integer of thousands of digits
        raise ValueError(f"line {number}: {error}") from None
    if not isinstance(row, dict):
        raise ValueError(f"line {number} is not an object")
    return row
