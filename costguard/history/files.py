"""The files of an export: which there are, and how each is written."""

from __future__ import annotations

import atexit
import gzip
import json
import shutil
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Any, Final

import polars as pl

from costguard.errors import UsageProblem
from costguard.history.exports import SUFFIXES, FileFormat, find_export, suffix_of
from costguard.history.json_rows import frame_of
from costguard.history.ndjson import MAXIMUM_LINE_BYTES, Piece, can_read_any_size, lay_down, pieces

MAXIMUM_JSON_BYTES: Final = 512 * 2**20
"""A JSON array is read as a whole; `bq query` does not write larger ones."""
MAXIMUM_NDJSON_BYTES: Final = 2**30
"""Without pyarrow, lines are held as Python objects, which take ten times the room."""
_START: Final = 4096
_UNREADABLE: Final = (OSError, EOFError, ValueError, RecursionError, zlib.error)


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
    except (OSError, EOFError, zlib.error) as error:
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
        if not self.schema:  # `[]`: what was asked for has a name, and nothing in it
            return UsageProblem(f"{self.path}: the file has no rows")
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
        problem = str(error).strip().splitlines()[0]
        if "deserializing JSON" in problem:
            problem = (
                "a list (credits, labels or tags) is no JSON, such as TO_JSON_STRING(credits) writes it: "
                f"{problem.removeprefix('error deserializing JSON: ')}"
            )
        raise UsageProblem(f"{where}: cannot be read: {problem}") from None


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
        if kind == "ndjson" and _has_rows_on_lines(path):
            return _open_ndjson(path)
        return frame_of(list(documents(path))).lazy()
    except (*_UNREADABLE, pl.exceptions.PolarsError) as error:
        first = str(error).strip().splitlines()
        raise UsageProblem(f"{path}: cannot be read as {kind}: {first[0] if first else error}") from None


def _open_ndjson(path: Path) -> pl.LazyFrame:
    """Rows that stand on a line each. A large file is laid down as Parquet, in a directory that goes when the process
    does.

    Raises:
        ValueError: a line is no object, or there are too many lines to be read without pyarrow.
    """
    with _unpacked(path) as stream:
        found = pieces(stream)
        first = next(found)
        second = next(found, None)
        if second is None:
            return frame_of(list(first.rows())).lazy()
        if not can_read_any_size():
            return frame_of(list(_rows(chain([first, second], found)))).lazy()
        directory = Path(tempfile.mkdtemp(prefix="costguard-"))
        atexit.register(shutil.rmtree, directory, ignore_errors=True)
        return lay_down(chain([first, second], found), directory)


def _rows(found: Iterable[Piece]) -> Iterator[dict[str, Any]]:
    """The rows of some pieces.

    Raises:
        ValueError: a line is no object, or there are too many.
    """
    size = 0
    for piece in found:
        size += len(piece.data)
        if size > MAXIMUM_NDJSON_BYTES:
            raise ValueError(
                f"more than {MAXIMUM_NDJSON_BYTES // 2**20:,} MiB of lines; install the extra "
                "costguard-gcp[arrow], which reads any size, or export it as Parquet"
            )
        yield from piece.rows()


def _unpacked(path: Path) -> IO[bytes]:
    """The bytes of a file, which may be gzipped."""
    with path.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if packed else path.open("rb")  # type: ignore[return-value]


def _has_rows_on_lines(path: Path) -> bool:
    """Whether the first line is a row by itself, and not a whole answer of the REST API or the first line of one."""
    with _unpacked(path) as stream:
        line = b"\n"
        while line.isspace():
            line = stream.readline(MAXIMUM_LINE_BYTES)
    try:
        document = json.loads(line)
    except ValueError:
        return False
    return isinstance(document, dict) and not isinstance(document.get("jobs"), list)


def documents(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSON document: an array, or the `jobs` of an answer of the REST API.

    Raises:
        ValueError: it is not JSON, or holds something else.
    """
    with _unpacked(path) as stream:
        data = stream.read(MAXIMUM_JSON_BYTES + 1)
    if len(data) > MAXIMUM_JSON_BYTES:
        raise ValueError(f"more than {MAXIMUM_JSON_BYTES // 2**20} MiB in one document; export it as Parquet")
    document = json.loads(data)
    if isinstance(document, dict):
        document = document.get("jobs", document)
    if not isinstance(document, list):
        raise ValueError("not an array of rows")
    for number, row in enumerate(document, 1):
        if not isinstance(row, dict):
            raise ValueError(f"row {number} is not an object")
        yield row
