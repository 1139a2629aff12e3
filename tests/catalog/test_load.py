"""Catalog files: the documented format is taken as it is, anything else is refused in one line that names the place."""

from __future__ import annotations

import copy
import gzip
import json
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from costguard.catalog import load as module
from costguard.catalog import model
from costguard.catalog.load import load_catalog
from costguard.catalog.model import CatalogError

DOCUMENT: dict[str, Any] = {
    "version": 1,
    "as_of": "2026-11-01T00:00:00Z",
    "tables": [
        {
            "name": "project.dataset.table",
            "kind": "table",
            "location": "US",
            "rows": 164656,
            "bytes": 6432064,
            "columns": [
                {"path": "items", "type": "RECORD", "mode": "REPEATED"},
                {"path": "items.sku", "type": "STRING", "mode": "NULLABLE", "bytes": 1332943},
                {"path": "dt", "type": "DATE", "mode": "REQUIRED", "bytes": None},
            ],
            "partitioning": {
                "column": "dt",
                "type": "DAY",
                "require_filter": False,
                "partitions": [
                    {"id": "20260101", "rows": 1000, "bytes": 52000, "columns": {"items.sku": 8000}},
                    {"id": "__NULL__", "rows": 1, "bytes": 8},
                ],
            },
            "clustering": ["customer_id"],
            "primary_key": ["id"],
            "foreign_keys": [{"columns": ["cid"], "table": "p.d.c", "references": ["id"]}],
            "view_query": None,
            "row_access_policies": False,
            "streaming_buffer_bytes": 0,
        },
        {"name": "project.dataset.view", "kind": "view", "view_query": "SELECT 1"},
    ],
}


def write(folder: Path, document: Any, name: str = "c.json") -> Path:
    path = folder / name
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    path.write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
    return path


def refusal(path: Path) -> str:
    """The one line that a file is refused with, without its name."""
    with pytest.raises(CatalogError) as caught:
        load_catalog([path])
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith(f"{path}: ")
    return text.removeprefix(f"{path}: ")


# -- what is taken -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["c.json", "c.json.gz", "packed.json"])
def test_the_documented_format(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, DOCUMENT, name)
    if name == "packed.json":
        path.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    catalog = load_catalog([path])
    assert list(catalog) == ["project.dataset.table", "project.dataset.view"]
    assert len(catalog) == 2
    assert catalog.as_of == "2026-11-01T00:00:00Z"
    assert catalog.raw()["project.dataset.table"] == DOCUMENT["tables"][0]


def test_a_byte_order_mark(tmp_path: Path) -> None:
    assert len(load_catalog([write(tmp_path, b"\xef\xbb\xbf" + json.dumps(DOCUMENT).encode())])) == 2


def test_whole_pairs_are_text(tmp_path: Path) -> None:
    data = b'{"version": 1, "tables": [{"name": "p.d.\\ud83d\\ude00"}]}'
    assert list(load_catalog([write(tmp_path, data)])) == ["p.d.\U0001f600"]


def test_a_name_is_enough_for_a_table(tmp_path: Path) -> None:
    assert len(load_catalog([write(tmp_path, {"version": 1, "tables": [{"name": "p.d.t"}]})])) == 1


def test_no_tables_and_no_files(tmp_path: Path) -> None:
    assert len(load_catalog([write(tmp_path, {"version": 1, "tables": []})])) == 0
    empty = load_catalog([])
    assert (len(empty), empty.as_of) == (0, None)


def test_fields_that_are_not_known_yet_are_left_alone(tmp_path: Path) -> None:
    document = {"version": 1, "made_by": "us", "tables": [{"name": "p.d.t", "labels": {"a": "b"}}]}
    assert len(load_catalog([write(tmp_path, document)])) == 1


def test_several_files(tmp_path: Path) -> None:
    first = {"version": 1, "as_of": "2026-10-01", "tables": [{"name": "p.d.t", "rows": 1}, {"name": "p.d.u"}]}
    second = {"version": 1, "as_of": "2026-11-01", "tables": [{"name": "p.d.t", "rows": 2}]}
    catalog = load_catalog([write(tmp_path, first, "1.json"), write(tmp_path, second, "2.json")])
    assert sorted(catalog) == ["p.d.t", "p.d.u"]
    assert catalog.as_of == "2026-10-01"
    table = catalog.table("p.d.t")
    assert table is not None
    assert table.rows == 2
    october, november = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
    assert (catalog.moment("p.d.t"), catalog.moment("p.d.u"), catalog.moment("p.d.v")) == (
        november,
        october,
        None,
    )


def test_a_large_file_is_read_by_the_faster_parser_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = load_catalog([write(tmp_path, DOCUMENT)])
    monkeypatch.setattr(module, "_LARGE_BYTES", 0)
    fast = load_catalog([write(tmp_path, DOCUMENT)])
    assert fast.raw() == slow.raw()
    assert (
        refusal(write(tmp_path, b'{"version": 1, "tables": [}'))
        == "not JSON: Expecting value at line 1, column 27"
    )


def test_tables_are_built_when_they_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[str] = []
    true_build = model.build_table

    def build(name: str, raw: Any) -> model.Table:
        built.append(name)
        return true_build(name, raw)

    monkeypatch.setattr(model, "build_table", build)
    catalog = load_catalog([write(tmp_path, DOCUMENT)])
    assert "project.dataset.view" in catalog
    assert built == []
    view = catalog.table("project.dataset.view")
    assert catalog.table("project.dataset.view") is view
    assert catalog.table("project.dataset.nope") is None
    assert built == ["project.dataset.view"]


# -- files that are none ---------------------------------------------------------------------------------


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert refusal(tmp_path / "gone.json") == "no such file"
    assert refusal(tmp_path) == "cannot be read (Is a directory)"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "not JSON: Expecting value at line 1, column 1"),
        (b'{"version": 1,\n "tables": [}', "not JSON: Expecting value at line 2, column 13"),
        (b'{"version": "\xff"}', "not UTF-8 text (byte 13)"),
        (b'{"version": 1, "tables": [{"name": "p.d.\\ud800"}]}', "not UTF-8 text: \\ud800 is half of a pair"),
        (b'{"version": 1, "tables": [{"name": "p.d.\\uD800"}]}', "not UTF-8 text: \\ud800 is half of a pair"),
        (b"[" * 100_000, "not JSON that can be read: RecursionError"),
        (b'{"version": ' + b"1" * 5000 + b"}", "not JSON that can be read: ValueError"),
        (gzip.compress(json.dumps(DOCUMENT).encode(), mtime=0)[:40], "damaged gzip file: "),
        (b"\x1f\x8b nonsense", "damaged gzip file: "),
        (gzip.compress(b"\xff", mtime=0), "not UTF-8 text (byte 0)"),
    ],
)
def test_what_is_not_json(tmp_path: Path, data: bytes, expected: str) -> None:
    assert refusal(write(tmp_path, data)).startswith(expected)


def test_a_damaged_body(tmp_path: Path) -> None:
    data = bytearray(gzip.compress(json.dumps(DOCUMENT).encode(), mtime=0))
    data[20] ^= 0xFF
    assert refusal(write(tmp_path, bytes(data))).startswith("damaged gzip file: ")


def test_size_is_bounded_before_and_after_unpacking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAXIMUM_BYTES", 1 << 20)
    expected = "larger than 1 MiB; split it into several catalogs"
    assert refusal(write(tmp_path, b" " * ((1 << 20) + 1))) == expected
    packer = zlib.compressobj(wbits=31)
    bomb = packer.compress(b" " * (64 << 20)) + packer.flush()
    assert len(bomb) < 100_000
    assert refusal(write(tmp_path, bomb)) == expected
    fits = json.dumps(DOCUMENT).encode().ljust(1 << 20)
    assert len(load_catalog([write(tmp_path, fits)])) == 2
    assert len(load_catalog([write(tmp_path, fits, "c.json.gz")])) == 2


# -- documents that are none -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ([], 'the document: expected an object with "version" and "tables", found a list'),
        (None, 'the document: expected an object with "version" and "tables", found nothing'),
        ({"tables": []}, "version: expected 1, found nothing"),
        ({"version": 2, "tables": []}, "version: 2 is not known; this program reads version 1"),
        ({"version": "1", "tables": []}, 'version: "1" is not known; this program reads version 1'),
        ({"version": True, "tables": []}, "version: true is not known; this program reads version 1"),
        ({"version": 1}, "tables: expected a list, found nothing"),
        ({"version": 1, "tables": {}}, "tables: expected a list, found an object"),
        ({"version": 1, "as_of": 3, "tables": []}, "as_of: expected a time as text, found a number: 3"),
        ({"version": 1, "tables": ["t"]}, 'tables[0]: expected an object, found a text: "t"'),
        ({"version": 1, "tables": [{}]}, "tables[0].name: expected a text, found nothing"),
        (
            {"version": 1, "tables": [{"name": "d.t"}]},
            'tables[0].name: expected project.dataset.table, found a text: "d.t"',
        ),
        (
            {"version": 1, "tables": [{"name": "p..t"}]},
            'tables[0].name: expected project.dataset.table, found a text: "p..t"',
        ),
        (
            {"version": 1, "tables": [{"name": "p.d.t"}, {"name": "p.d.u"}, {"name": "p.d.t"}]},
            "tables[2].name: p.d.t stands twice in this catalog",
        ),
    ],
)
def test_documents(tmp_path: Path, document: Any, expected: str) -> None:
    assert refusal(write(tmp_path, document)) == expected


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """The document with a change to its first table."""
    document = copy.deepcopy(DOCUMENT)
    change(document["tables"][0])
    return document


def put(path: str, value: Any) -> Callable[[dict[str, Any]], object]:
    """A change of one field: `columns.0.path`."""

    def change(table: dict[str, Any]) -> None:
        *way, last = path.split(".")
        place: Any = table
        for step in way:
            place = place[int(step)] if step.isdigit() else place[step]
        if last.isdigit():
            place[int(last)] = value
        else:
            place[last] = value

    return change


WHOLE = "a whole number of at least 0, or null"
RANGE = {"column": "n", "type": "RANGE", "range": {"start": 0, "end": 100, "interval": 10}}


@pytest.mark.parametrize(
    ("path", "value", "field", "expected"),
    [
        (
            "kind",
            "tabel",
            "kind",
            'expected one of table, view, materialized_view, external, snapshot, found a text: "tabel"',
        ),
        (
            "kind",
            ["table"],
            "kind",
            "expected one of table, view, materialized_view, external, snapshot, found a list",
        ),
        ("location", 3, "location", "expected a text, found a number: 3"),
        ("view_query", "", "view_query", 'expected a text, found a text: ""'),
        ("rows", -1, "rows", f"expected {WHOLE}, found a number: -1"),
        ("rows", 1.5, "rows", f"expected {WHOLE}, found a number: 1.5"),
        ("rows", "1", "rows", f'expected {WHOLE}, found a text: "1"'),
        ("rows", True, "rows", f"expected {WHOLE}, found true or false: true"),
        ("bytes", float("nan"), "bytes", f"expected {WHOLE}, found a number: NaN"),
        ("bytes", 2**56 + 1, "bytes", "more than 2^56, which no table has"),
        ("rows", 10**400, "rows", "more than 2^56, which no table has"),
        (
            "partitioning.partitions.0.columns",
            {"a": 2**56 + 1},
            "partitioning.partitions[0].columns.a",
            "more than 2^56, which no table has",
        ),
        ("streaming_buffer_bytes", [], "streaming_buffer_bytes", f"expected {WHOLE}, found a list"),
        ("row_access_policies", 1, "row_access_policies", "expected true or false, found a number: 1"),
        ("clustering", "id", "clustering", 'expected a list of texts, found a text: "id"'),
        ("primary_key", [1], "primary_key", "expected a list of texts, found a list"),
        ("foreign_keys", {}, "foreign_keys", "expected a list, found an object"),
        ("foreign_keys.0", "p.d.c", "foreign_keys[0]", 'expected an object, found a text: "p.d.c"'),
        ("foreign_keys.0.table", None, "foreign_keys[0].table", "expected a text, found nothing"),
        (
            "foreign_keys.0.columns",
            "id",
            "foreign_keys[0].columns",
            'expected a list of texts, found a text: "id"',
        ),
        ("columns", {}, "columns", "expected a list, found an object"),
        ("columns.1", 7, "columns[1]", "expected an object, found a number: 7"),
        ("columns.1.path", "", "columns[1].path", 'expected a text, found a text: ""'),
        ("columns.1.type", None, "columns[1].type", "expected a text, found nothing"),
        (
            "columns.1.mode",
            "LIST",
            "columns[1].mode",
            'expected NULLABLE, REQUIRED or REPEATED, found a text: "LIST"',
        ),
        ("columns.1.bytes", "8", "columns[1].bytes", f'expected {WHOLE}, found a text: "8"'),
        ("partitioning", "dt", "partitioning", 'expected an object, found a text: "dt"'),
        ("partitioning.column", None, "partitioning.column", "expected a text, found nothing"),
        (
            "partitioning.type",
            "WEEK",
            "partitioning.type",
            'expected one of HOUR, DAY, MONTH, YEAR, RANGE, found a text: "WEEK"',
        ),
        (
            "partitioning.require_filter",
            "no",
            "partitioning.require_filter",
            'expected true or false, found a text: "no"',
        ),
        ("partitioning.partitions", {}, "partitioning.partitions", "expected a list, found an object"),
        (
            "partitioning.partitions.0",
            1,
            "partitioning.partitions[0]",
            "expected an object, found a number: 1",
        ),
        (
            "partitioning.partitions.0.id",
            20260101,
            "partitioning.partitions[0].id",
            "expected the id of a DAY partition as text, found a number: 20260101",
        ),
        (
            "partitioning.partitions.0.id",
            "20261301",
            "partitioning.partitions[0].id",
            'expected the id of a DAY partition as text, found a text: "20261301"',
        ),
        (
            "partitioning.partitions.0.rows",
            -1,
            "partitioning.partitions[0].rows",
            f"expected {WHOLE}, found a number: -1",
        ),
        (
            "partitioning.partitions.0.columns",
            [],
            "partitioning.partitions[0].columns",
            "expected an object of bytes by column, found a list",
        ),
        (
            "partitioning.partitions.0.columns",
            {"a": 1, "b": "2"},
            "partitioning.partitions[0].columns.b",
            f'expected {WHOLE}, found a text: "2"',
        ),
        (
            "partitioning.partitions.0.columns",
            {"a": True},
            "partitioning.partitions[0].columns.a",
            f"expected {WHOLE}, found true or false: true",
        ),
        (
            "partitioning",
            {**RANGE, "range": None},
            "partitioning.range",
            "expected an object with start, end and interval, found nothing",
        ),
        (
            "partitioning",
            {**RANGE, "range": {"start": 0, "end": 10}},
            "partitioning.range.interval",
            "expected a whole number, found nothing",
        ),
        (
            "partitioning",
            {**RANGE, "range": {"start": 9, "end": 9, "interval": 1}},
            "partitioning.range",
            "expected an end after the start and an interval above 0, found an object",
        ),
    ],
)
def test_fields(tmp_path: Path, path: str, value: Any, field: str, expected: str) -> None:
    document = changed(put(path, value))
    assert refusal(write(tmp_path, document)) == f"tables[0] (project.dataset.table).{field}: {expected}"


def test_a_column_and_a_partition_stand_once(tmp_path: Path) -> None:
    document = changed(lambda table: table["columns"].append({"path": "Items.SKU", "type": "STRING"}))
    assert refusal(write(tmp_path, document)) == (
        "tables[0] (project.dataset.table).columns[3].path: Items.SKU stands twice in this table"
    )
    document = changed(lambda table: table["partitioning"]["partitions"].append({"id": "20260101"}))
    assert refusal(write(tmp_path, document)) == (
        "tables[0] (project.dataset.table).partitioning.partitions[2].id: 20260101 stands twice in this table"
    )


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("HOUR", ["2026010100", "2026123123", "__NULL__"], ["20260101", "2026010124"]),
        ("DAY", ["20260101", "__UNPARTITIONED__"], ["2026-01-01", "20260132"]),
        ("MONTH", ["202601"], ["202613"]),
        ("YEAR", ["2026"], ["26"]),
        ("RANGE", ["0", "-10", "100"], ["a", "1.5", ""]),
    ],
)
def test_ids_of_partitions(tmp_path: Path, kind: str, good: list[str], bad: list[str]) -> None:
    def partitioned(identifiers: list[str]) -> dict[str, Any]:
        partitioning = {
            **RANGE,
            "type": kind,
            "partitions": [{"id": identifier} for identifier in identifiers],
        }
        return {"version": 1, "tables": [{"name": "p.d.t", "partitioning": partitioning}]}

    assert len(load_catalog([write(tmp_path, partitioned(good))])) == 1
    for identifier in bad:
        assert refusal(write(tmp_path, partitioned([identifier]))) == (
            "tables[0] (p.d.t).partitioning.partitions[0].id: "
            f'expected the id of a {kind} partition as text, found a text: "{identifier}"'
        )
