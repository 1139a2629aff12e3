"""The files of an export: which there are, and how each is written."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final

import polars as pl

from costguard.errors import UsageProblem
from costguard.history.exports import SUFFIXES, FileFormat, find_export, suffix_of

MAXIMUM_JSON_BYTES: Final = 512 * 2**20
"""A JSON array is read as a whole; `bq query` does not write larger ones."""
MAXIMUM_NDJSON_BYTES: Final = 2**30
"""Lines are held as Python objects, which take ten times the room."""
_START: Final = 4096


def format_of(path: Path) -> FileFormat:
    """How a file is written: by its first bytes, else by its name.

    Raises:
        UsageProblem: it cannot be opened, or is empty.
    """
    try:
        with path.open("rb") as stream:
            start = stream.read(_START)
        if start[:2] == b"\x1f\x8b":
            with gzip.open(path, "rb") as packed:
                start = packed.read(_START)
    except (OSError, EOFError) as error:
        raise UsageProblem(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if not start.strip():
        raise UsageProblem(f"{path}: the file is empty")
    if start.startswith(b"PAR1"):
        return "parquet"
    if start.startswith(b"Obj\x01"):
        return "avro"
    first = start.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if first == b"[":
        return "json"
    if first == b"{":
        return "ndjson"
    return SUFFIXES.get(suffix_of(path), "csv")


@dataclass(frozen=True, slots=True)
class Opened:
    """A file of an export, not yet read."""

    path: Path
    format: FileFormat
    rows: pl.LazyFrame
    schema: dict[str, pl.DataType]

    def refused(self, why: str) -> UsageProblem:
        """The error that this is not an export of the kind that is wanted."""
        names = ", ".join(list(self.schema)[:8])
        return UsageProblem(f"{self.path}: {why} (the columns are {names})")


def opened(given: Sequence[str]) -> Iterator[Opened]:
    """The files that are meant, with their columns.

    Raises:
        UsageProblem: there is none, or one cannot be read.
    """
    for path in find_export(given):
        kind = format_of(path)
        rows = open_export(path, kind)
        yield Opened(path, kind, rows, dict(rows.collect_schema()))


def collected(*frames: pl.LazyFrame, where: str = "the export") -> list[pl.DataFrame]:
    """The frames, worked out together so that files are read once. `where` begins the error.

    Raises:
        UsageProblem: what a file's head promised, its body does not hold.
    """
    try:
        return pl.collect_all(frames, engine="streaming")
    except (OSError, pl.exceptions.PolarsError) as error:
        raise UsageProblem(f"{where}: cannot be read: {str(error).strip().splitlines()[0]}") from None


def open_export(path: Path, kind: FileFormat) -> pl.LazyFrame:
    """The rows of a file with its own columns.

    Raises:
        UsageProblem: it is not what it seems to be.
    """
    try:
        if kind == "parquet":
            frame = pl.scan_parquet(path, glob=False)
            frame.collect_schema()
            return frame
        if kind == "avro":
            return pl.read_avro(path).lazy()
        if kind == "csv":
            return pl.read_csv(path, infer_schema=False).lazy()
        return frame_of(list(documents(path, kind))).lazy()
    except (OSError, EOFError, ValueError, RecursionError, pl.exceptions.PolarsError) as error:
        first = str(error).strip().splitlines()
        raise UsageProblem(f"{path}: cannot be read as {kind}: {first[0] if first else error}") from None


def documents(path: Path, kind: FileFormat) -> Iterator[dict[str, Any]]:
    """The objects of a JSON file: a line each, an array, or the `jobs` of an answer of the REST API.

    Raises:
        ValueError: it is not JSON, or holds something else.
    """
    with path.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    with gzip.open(path, "rb") if packed else path.open("rb") as stream:
        if kind == "ndjson":
            first = stream.readline()
            if _is_row(first):
                size = 0
                for number, line in enumerate(chain([first], stream), 1):
                    size += len(line)
                    if size > MAXIMUM_NDJSON_BYTES:
                        limit = MAXIMUM_NDJSON_BYTES / 2**20
                        raise ValueError(f"more than {limit:,.0f} MiB of lines; export it as Parquet")
                    if line.strip():
                        yield _row(json.loads(line), f"line {number}")
                return
            data = first + stream.read(MAXIMUM_JSON_BYTES + 1)
        else:
            data = stream.read(MAXIMUM_JSON_BYTES + 1)
    if len(data) > MAXIMUM_JSON_BYTES:
        raise ValueError(f"more than {MAXIMUM_JSON_BYTES // 2**20} MiB in one document; export it as Parquet")
    document = json.loads(data)
    if isinstance(document, dict):
        document = document.get("jobs", document)
    if not isinstance(document, list):
        raise ValueError("not an array of rows")
    for number, row in enumerate(document, 1):
        yield _row(row, f"row {number}")


def _is_row(line: bytes) -> bool:
    """Whether a line is a row by itself, and not a whole answer or the first line of one."""
    try:
        document = json.loads(line)
    except ValueError:
        return False
    return isinstance(document, dict) and not isinstance(document.get("jobs"), list)


def _row(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{where} is not an object")
    return value


def frame_of(rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Rows of JSON as columns. Scalars become text: the same column may hold `"0.5"` in one row and `1` in the next."""
    names = dict.fromkeys(name for row in rows for name in row)
    return pl.DataFrame(
        {name: pl.Series(name, [_texts(row.get(name)) for row in rows], strict=False) for name in names}
    )


def _texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_texts(item) for item in value]
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value)
