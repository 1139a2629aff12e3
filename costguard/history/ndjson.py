"""NDJSON of any size: pieces of whole lines, each read by pyarrow with every core and laid down as Parquet.

What pyarrow cannot read as `json_rows` does, it does not read: such a piece goes through Python, row by row. Both ways
give the same text at every leaf, to the last digit of a number.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import polars as pl

from costguard.errors import UsageProblem
from costguard.history.json_rows import EXACT_INTEGERS, Shape, frame_of, row_of

if TYPE_CHECKING:
    import pyarrow

FIRST_PIECE_BYTES: Final = 4 * 2**20
"""The first piece tells which columns hold text, so that the larger ones need not be read twice. A file that ends in it
is not worth the start of pyarrow."""
PIECE_BYTES: Final = 16 * 2**20
"""Larger pieces take more memory and no less time."""
MAXIMUM_LINE_BYTES: Final = 128 * 2**20
"""BigQuery reads and writes rows of up to 100 MB."""
_BLOCK_BYTES: Final = 2 * 2**20
"""What one thread parses at a time."""
_SHORT_LINE: Final = 2000
_MAXIMUM_BRACKETS: Final = 500
"""pyarrow ends the process where a line is nested tens of thousands deep. One that is not short and has more brackets
than this may be, and goes through Python, which says so."""
_LONG_INTEGER: Final = re.compile(rb"[\s:\[,]-?\d{16,}[\s,}\]]")
"""An integer that a FLOAT64 might not hold."""


class _UnfitError(Exception):
    """A piece that pyarrow would read otherwise than Python."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some lines of a file, whole."""

    data: bytes
    number: int
    """Of its first line, from 1."""

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows, read by Python.

        Raises:
            ValueError: a line is no object; the text names it.
        """
        for number, line in enumerate(self.data.split(b"\n"), self.number):
            if line.strip():
                yield row_of(line, number)


def pieces(stream: IO[bytes], first: int | None = None, size: int | None = None) -> Iterator[Piece]:
    """The lines of a file, in pieces of about so many bytes (FIRST_PIECE_BYTES, then PIECE_BYTES).

    Raises:
        ValueError: a line is too long to be a row.
    """
    number = 1
    wanted = first or FIRST_PIECE_BYTES
    while data := stream.read(wanted):
        if not data.endswith(b"\n"):
            rest = stream.readline(MAXIMUM_LINE_BYTES)
            if len(rest) == MAXIMUM_LINE_BYTES:
                line = number + data.count(b"\n")
                raise ValueError(f"line {line} is longer than {MAXIMUM_LINE_BYTES // 2**20} MiB")
            data += rest
        yield Piece(data, number)
        number += data.count(b"\n")
        wanted = size or PIECE_BYTES


def can_read_any_size() -> bool:
    """Whether pyarrow is installed."""
    return importlib.util.find_spec("pyarrow") is not None


def lay_down(found: Iterator[Piece], directory: Path) -> pl.LazyFrame:
    """The rows of all pieces, written to a directory as Parquet, a file for each piece.

    They are read from there, as often as wanted; the directory is the caller's to remove.

    Raises:
        ValueError: a line is no object, or a column is a list or a struct in one row and something else in another.
        UsageProblem: the directory has no room.
    """
    shapes: dict[str, Shape] = {}
    texts: pyarrow.Schema | None = None
    parts: list[Path] = []
    for piece in found:
        try:
            table, texts = _parsed(piece.data, texts)
            frame = _as_text(table, piece.data)
        except _UnfitError:
            frame = frame_of(list(piece.rows()))
        for name, kind in frame.schema.items():
            shapes.setdefault(name, Shape(name)).include(kind)
        if frame.height:
            parts.append(directory / f"{len(parts):06}.parquet")
            _write(frame, parts[-1])
        del frame
    schema = {name: shape.type() for name, shape in shapes.items()}
    return pl.scan_parquet(
        parts,
        schema=schema,
        glob=False,
        missing_columns="insert",
        cast_options=pl.ScanCastOptions(missing_struct_fields="insert"),
    )


def _write(frame: pl.DataFrame, part: Path) -> None:
    try:
        frame.write_parquet(part, compression="lz4")
    except (OSError, pl.exceptions.PolarsError) as error:
        why = (str(error).strip() or repr(error)).splitlines()[0]
        raise UsageProblem(
            f"{part.parent}: what large NDJSON holds cannot be written there ({why}); TMPDIR names another place"
        ) from None


# -- by pyarrow ----------------------------------------------------------------------------------------


def _parsed(data: bytes, texts: pyarrow.Schema | None) -> tuple[pyarrow.Table, pyarrow.Schema]:
    """The rows of a piece, and which of their leaves are text. `texts` are those known from pieces before.

    pyarrow takes text for a time where all of a column looks like one (a label's value, say): such a piece is read
    again with the column as text.
    """
    import pyarrow

    lines = data.rstrip().split(b"\n")
    if not all(line.startswith(b"{") for line in lines) or any(
        len(line) > _SHORT_LINE and line.count(b"{") + line.count(b"[") > _MAXIMUM_BRACKETS for line in lines
    ):
        raise _UnfitError
    try:
        table = _read(data, texts)
        texts = pyarrow.schema(_text_fields(table.schema))
        if any(_holds_times(field.type) for field in table.schema):
            table = _read(data, texts)
        table.validate(full=True)  # text that is not UTF-8 is none
    except (pyarrow.ArrowException, RecursionError):
        raise _UnfitError from None
    if table.num_rows != len(lines):
        raise _UnfitError
    return table, texts


def _read(data: bytes, texts: pyarrow.Schema | None) -> pyarrow.Table:
    import pyarrow
    import pyarrow.json

    return pyarrow.json.read_json(
        pyarrow.BufferReader(data),
        read_options=pyarrow.json.ReadOptions(block_size=_BLOCK_BYTES),
        parse_options=pyarrow.json.ParseOptions(explicit_schema=texts),
    )


def _text_fields(fields: pyarrow.Schema | pyarrow.StructType) -> list[pyarrow.Field]:
    """Those of the fields that hold text, with that only. Numbers are left out: a piece of whole numbers is read as
    such, though another piece has fractions."""
    import pyarrow

    found = []
    for field in fields:
        kind = _text_type(field.type)
        if kind is not None:
            found.append(pyarrow.field(field.name, kind))
    return found


def _text_type(kind: pyarrow.DataType) -> pyarrow.DataType | None:
    import pyarrow
    from pyarrow import types

    if types.is_string(kind) or types.is_temporal(kind):
        return pyarrow.string()
    if types.is_struct(kind):
        fields = _text_fields(kind)
        return pyarrow.struct(fields) if fields else None
    if types.is_list(kind):
        item = _text_type(kind.value_type)
        return pyarrow.list_(item) if item is not None else None
    return None


def _holds_times(kind: pyarrow.DataType) -> bool:
    from pyarrow import types

    return types.is_temporal(kind) or any(
        _holds_times(kind.field(index).type) for index in range(kind.num_fields)
    )


# -- as text -------------------------------------------------------------------------------------------


def _as_text(table: pyarrow.Table, data: bytes) -> pl.DataFrame:
    """The table with text at its leaves."""
    import pyarrow

    columns = [
        pyarrow.chunked_array([_texts(chunk, data) for chunk in column.chunks]) for column in table.columns
    ]
    if not columns:
        return pl.DataFrame(height=table.num_rows)
    frame = pl.from_arrow(pyarrow.table(columns, names=table.column_names))
    assert isinstance(frame, pl.DataFrame)
    return frame


def _texts(array: pyarrow.Array, data: bytes) -> pyarrow.Array:
    import pyarrow
    from pyarrow import types

    kind = array.type
    if types.is_struct(kind):
        if not kind.num_fields:
            return pyarrow.nulls(len(array))
        fields = [_texts(array.field(index), data) for index in range(kind.num_fields)]
        names = [kind.field(index).name for index in range(kind.num_fields)]
        return pyarrow.StructArray.from_arrays(fields, names=names, mask=array.is_null())
    if types.is_list(kind):
        return pyarrow.ListArray.from_arrays(array.offsets, _texts(array.values, data), mask=array.is_null())
    if types.is_floating(kind):
        return _float_texts(array, data).to_arrow()
    if types.is_integer(kind) or types.is_boolean(kind):
        return array.cast(pyarrow.string())
    return array


def _float_texts(array: pyarrow.Array, data: bytes) -> pl.Series:
    """As `json_rows.number_text` writes them."""
    values = pl.from_arrow(array)
    assert isinstance(values, pl.Series)
    size = values.abs()
    if (size >= EXACT_INTEGERS).any() and _LONG_INTEGER.search(data):
        raise _UnfitError
    whole = (values == values.round()) & (size < EXACT_INTEGERS)
    texts = values.cast(pl.String)
    if not whole.any():
        return texts
    return pl.select(
        pl.when(whole).then(values.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(texts)
    ).to_series()
