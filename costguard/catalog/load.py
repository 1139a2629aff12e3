"""Reads catalog files (`--catalog FILE`, `.json` or `.json.gz`), checks them, and puts several together."""

from __future__ import annotations

import gzip
import io
import json
import re
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from costguard.bounded_read import read_at_most, refuse_larger
from costguard.catalog.model import NULL_PARTITION, UNPARTITIONED, Catalog, CatalogError
from costguard.errors import UsageProblem

MAXIMUM_BYTES: Final = 512 << 20
"""A larger catalog is refused, decompressed size included: one file must not eat a build machine's memory."""

MAXIMUM_COUNT: Final = 1 << 56
"""No table has more rows or bytes; sums of larger figures would not fit into 64 bits."""

_LARGE_BYTES: Final = 2 << 20
"""From here on the faster parser's import (0.05 s) pays."""

KINDS: Final = ("table", "view", "materialized_view", "external", "snapshot")
PARTITION_TYPES: Final = ("HOUR", "DAY", "MONTH", "YEAR", "RANGE")
PARTITION_IDS: Final = {
    "HOUR": re.compile(r"\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])([01]\d|2[0-3])"),
    "DAY": re.compile(r"\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])"),
    "MONTH": re.compile(r"\d{4}(0[1-9]|1[0-2])"),
    "YEAR": re.compile(r"\d{4}"),
    "RANGE": re.compile(r"-?\d{1,19}"),
}
_MODES: Final = ("NULLABLE", "REQUIRED", "REPEATED")


def load_catalog(paths: Iterable[Path | str]) -> Catalog:
    """The tables of all files together; a table in a later file replaces one of the same name.

    Raises:
        CatalogError: when a file cannot be read, is not a catalog, or has a wrong field.
    """
    tables: dict[str, dict[str, Any]] = {}
    times: dict[str, str | None] = {}
    moments: list[str] = []
    for path in paths:
        found, as_of = _load(Path(path))
        tables.update(found)
        times.update(dict.fromkeys(found, as_of))
        if as_of is not None:
            moments.append(as_of)
    return Catalog(tables, min(moments, default=None), times)


def _load(path: Path) -> tuple[dict[str, dict[str, Any]], str | None]:
    data = _read(path)
    document = _parse_quickly(data)
    if document is not None:
        return _check(_Checker(str(path)), document)
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise CatalogError(f"{path}: not UTF-8 text (byte {error.start})") from None
    except json.JSONDecodeError as error:
        raise CatalogError(
            f"{path}: not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from None
    except (RecursionError, ValueError) as error:
        raise CatalogError(f"{path}: not JSON that can be read: {type(error).__name__}") from None
    if b"\\ud" in data or b"\\uD" in data:
        try:
            json.dumps(document, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            wrong = ascii(error.object[error.start]).strip("'")
            raise CatalogError(f"{path}: not UTF-8 text: {wrong} is half of a pair") from None
    return _check(_Checker(str(path)), document)


def _parse_quickly(data: bytes) -> Any:
    """A large document by pydantic's parser, twice as fast as `json`; None when that does not want it."""
    if len(data) < _LARGE_BYTES:
        return None
    from pydantic_core import from_json

    try:
        return from_json(data)
    except ValueError:
        return None  # `json` reads it, or says precisely what is wrong


def _read(path: Path) -> bytes:
    larger = "split it into several catalogs"
    try:
        data = read_at_most(path, MAXIMUM_BYTES, larger, missing="no such file")
        if data[:2] == b"\x1f\x8b":
            with gzip.open(io.BytesIO(data)) as packed:
                data = packed.read(MAXIMUM_BYTES + 1)
            refuse_larger(data, MAXIMUM_BYTES, str(path), larger)
    except UsageProblem as problem:
        raise CatalogError(str(problem)) from None
    except (zlib.error, EOFError, gzip.BadGzipFile) as error:
        raise CatalogError(f"{path}: damaged gzip file: {error}") from None
    return data


class _Checker:
    """Checks fields, and says in which file and field something is wrong."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path

    def fail(self, field: str, expected: str, value: Any) -> CatalogError:
        return CatalogError(f"{self.path}: {field}: expected {expected}, found {_describe(value)}")

    def text(self, raw: dict[str, Any], key: str, field: str) -> str:
        value = raw.get(key)
        if type(value) is not str or not value:
            raise self.fail(f"{field}.{key}", "a text", value)
        return value

    def count(self, raw: dict[str, Any], key: str, field: str) -> None:
        value = raw.get(key)
        if value is not None and (type(value) is not int or value < 0):
            raise self.fail(f"{field}.{key}", "a whole number of at least 0, or null", value)
        if value is not None and value > MAXIMUM_COUNT:
            raise CatalogError(f"{self.path}: {field}.{key}: more than 2^56, which no table has")

    def flag(self, raw: dict[str, Any], key: str, field: str) -> None:
        value = raw.get(key)
        if value is not None and type(value) is not bool:
            raise self.fail(f"{field}.{key}", "true or false", value)

    def texts(self, raw: dict[str, Any], key: str, field: str) -> None:
        value = raw.get(key)
        if value is not None and not (type(value) is list and all(type(item) is str for item in value)):
            raise self.fail(f"{field}.{key}", "a list of texts", value)


def _describe(value: Any) -> str:
    if value is None:
        return "nothing"
    words = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a text",
        list: "a list",
        dict: "an object",
    }
    kind = words.get(type(value), type(value).__name__)
    return kind if isinstance(value, (list, dict)) else f"{kind}: {json.dumps(value)[:60]}"


def _check(check: _Checker, document: Any) -> tuple[dict[str, dict[str, Any]], str | None]:
    if type(document) is not dict:
        raise check.fail("the document", 'an object with "version" and "tables"', document)
    version = document.get("version")
    if version is None:
        raise check.fail("version", "1", version)
    if type(version) is not int or version != 1:
        raise CatalogError(
            f"{check.path}: version: {json.dumps(version)[:40]} is not known; this program reads version 1"
        )
    as_of = document.get("as_of")
    if as_of is not None and type(as_of) is not str:
        raise check.fail("as_of", "a time as text", as_of)
    tables = document.get("tables")
    if type(tables) is not list:
        raise check.fail("tables", "a list", tables)
    found: dict[str, dict[str, Any]] = {}
    for number, raw in enumerate(tables):
        field = f"tables[{number}]"
        if type(raw) is not dict:
            raise check.fail(field, "an object", raw)
        name = check.text(raw, "name", field)
        parts = name.split(".")
        if len(parts) < 3 or not all(parts):
            raise check.fail(f"{field}.name", "project.dataset.table", name)
        if name in found:
            raise CatalogError(f"{check.path}: {field}.name: {name} stands twice in this catalog")
        _check_table(check, raw, f"{field} ({name})")
        found[name] = raw
    return found, as_of


def _check_table(check: _Checker, raw: dict[str, Any], field: str) -> None:
    kind = raw.get("kind")
    if kind is not None and kind not in KINDS:
        raise check.fail(f"{field}.kind", f"one of {', '.join(KINDS)}", kind)
    for key in ("location", "view_query"):
        if raw.get(key) is not None:
            check.text(raw, key, field)
    for key in ("rows", "bytes", "streaming_buffer_bytes"):
        check.count(raw, key, field)
    check.flag(raw, "row_access_policies", field)
    for key in ("clustering", "primary_key"):
        check.texts(raw, key, field)
    columns = raw.get("columns")
    if columns is not None:
        _check_columns(check, columns, f"{field}.columns")
    keys = raw.get("foreign_keys")
    if keys is not None and type(keys) is not list:
        raise check.fail(f"{field}.foreign_keys", "a list", keys)
    for number, key in enumerate(keys or ()):
        place = f"{field}.foreign_keys[{number}]"
        if type(key) is not dict:
            raise check.fail(place, "an object", key)
        check.text(key, "table", place)
        check.texts(key, "columns", place)
        check.texts(key, "references", place)
    partitioning = raw.get("partitioning")
    if partitioning is not None:
        _check_partitioning(check, partitioning, f"{field}.partitioning")


def _check_columns(check: _Checker, columns: Any, field: str) -> None:
    if type(columns) is not list:
        raise check.fail(field, "a list", columns)
    seen: set[str] = set()
    for number, column in enumerate(columns):
        place = f"{field}[{number}]"
        if type(column) is not dict:
            raise check.fail(place, "an object", column)
        path = check.text(column, "path", place)
        if path.lower() in seen:
            raise CatalogError(f"{check.path}: {place}.path: {path} stands twice in this table")
        seen.add(path.lower())
        check.text(column, "type", place)
        mode = column.get("mode")
        if mode is not None and (type(mode) is not str or mode.upper() not in _MODES):
            raise check.fail(f"{place}.mode", "NULLABLE, REQUIRED or REPEATED", mode)
        check.count(column, "bytes", place)


def _check_partitioning(check: _Checker, raw: Any, field: str) -> None:
    if type(raw) is not dict:
        raise check.fail(field, "an object", raw)
    check.text(raw, "column", field)
    kind = check.text(raw, "type", field).upper()
    if kind not in PARTITION_TYPES:
        raise check.fail(f"{field}.type", f"one of {', '.join(PARTITION_TYPES)}", raw["type"])
    check.flag(raw, "require_filter", field)
    span = raw.get("range")
    if span is not None or kind == "RANGE":
        if type(span) is not dict:
            raise check.fail(f"{field}.range", "an object with start, end and interval", span)
        for key in ("start", "end", "interval"):
            if type(span.get(key)) is not int:
                raise check.fail(f"{field}.range.{key}", "a whole number", span.get(key))
        if span["interval"] <= 0 or span["end"] <= span["start"]:
            raise check.fail(f"{field}.range", "an end after the start and an interval above 0", span)
    partitions = raw.get("partitions")
    if partitions is None:
        return
    if type(partitions) is not list:
        raise check.fail(f"{field}.partitions", "a list", partitions)
    matches = PARTITION_IDS[kind].fullmatch
    seen: set[str] = set()
    for number, item in enumerate(partitions):
        # Tens of thousands of these: the quick check first, the precise one where that fails.
        if type(item) is dict:
            identifier = item.get("id")
            rows, size, columns = item.get("rows"), item.get("bytes"), item.get("columns")
            if (
                type(identifier) is str
                and identifier not in seen
                and (matches(identifier) is not None or identifier in (NULL_PARTITION, UNPARTITIONED))
                and (rows is None or (type(rows) is int and 0 <= rows <= MAXIMUM_COUNT))
                and (size is None or (type(size) is int and 0 <= size <= MAXIMUM_COUNT))
                and (columns is None or _are_counts(columns))
            ):
                seen.add(identifier)
                continue
        _check_partition(check, item, f"{field}.partitions[{number}]", kind, seen)


def _are_counts(columns: Any) -> bool:
    """Whether these are surely sizes (False: look closely)."""
    if type(columns) is not dict:
        return False
    if not columns:
        return True
    sizes = columns.values()
    return set(map(type, sizes)) == {int} and min(sizes) >= 0 and max(sizes) <= MAXIMUM_COUNT


def _check_partition(check: _Checker, item: Any, place: str, kind: str, seen: set[str]) -> None:
    if type(item) is not dict:
        raise check.fail(place, "an object", item)
    identifier = item.get("id")
    if type(identifier) is not str or (
        identifier not in (NULL_PARTITION, UNPARTITIONED)
        and PARTITION_IDS[kind].fullmatch(identifier) is None
    ):
        raise check.fail(f"{place}.id", f"the id of a {kind} partition as text", identifier)
    if identifier in seen:
        raise CatalogError(f"{check.path}: {place}.id: {identifier} stands twice in this table")
    seen.add(identifier)
    check.count(item, "rows", place)
    check.count(item, "bytes", place)
    columns = item.get("columns")
    if columns is None:
        return
    if type(columns) is not dict:
        raise check.fail(f"{place}.columns", "an object of bytes by column", columns)
    for path in columns:
        check.count(columns, path, f"{place}.columns")
