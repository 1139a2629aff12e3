"""However NDJSON is read, by pyarrow or by Python, whole or in pieces, its rows are the same to the last digit."""

from __future__ import annotations

import gzip
import io
import json
import math
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from costguard.errors import UsageProblem
from costguard.history import ndjson
from costguard.history.charge_columns import map_columns
from costguard.history.charges import load_charges, summarise
from costguard.history.json_rows import frame_of, number_text
from costguard.history.ndjson import Piece, lay_down, pieces
from tests.history.bills import Row, charge, plain

NewDirectory = Callable[[], Path]


@pytest.fixture(scope="module")
def new_directory(tmp_path_factory: pytest.TempPathFactory) -> NewDirectory:
    return lambda: tmp_path_factory.mktemp("parts")


def written(rows: list[Row]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def by_python(data: bytes) -> pl.DataFrame:
    return frame_of(list(Piece(data, 1).rows()))


def by_pyarrow(data: bytes, directory: Path, first: int = 1, size: int = 1) -> pl.DataFrame:
    return lay_down(pieces(io.BytesIO(data), first, size), directory).collect()


def bare(value: Any) -> Any:
    """A struct of nulls says as much as a null."""
    if isinstance(value, dict):
        told = {name: inner for name, item in value.items() if (inner := bare(item)) is not None}
        return told or None
    if isinstance(value, list):
        return [bare(item) for item in value]
    return value


def told(frame: pl.DataFrame) -> list[Any]:
    return [bare(row) for row in frame.to_dicts()]


@pytest.fixture
def without_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pyarrow should be able to, the test fails when it is not."""

    def refuse(piece: Piece) -> None:
        raise AssertionError(f"read by Python: {piece.data[:200]!r}")

    monkeypatch.setattr(Piece, "rows", refuse)


# -- the same by both ways -----------------------------------------------------------------------------

TEXTS = st.one_of(
    st.sampled_from(["2026-09-01", "2026-09-01 00:00:00", "2026-09-01T00:00:00.000Z", "12:30:00", "1", ""]),
    st.text(max_size=5),
)
NUMBERS = st.one_of(
    st.integers(-(10**3), 10**3), st.integers(-(10**20), 10**20), st.floats(allow_nan=False), st.booleans()
)
LEAVES = st.one_of(st.none(), TEXTS, NUMBERS)
PAIRS = st.lists(st.fixed_dictionaries({}, optional={"key": TEXTS, "value": LEAVES}) | st.none(), max_size=3)
ROWS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "cost": LEAVES,
            "whole": st.integers(-5, 5),
            "text": TEXTS,
            "labels": PAIRS | st.none(),
            "project": st.none()
            | st.fixed_dictionaries({}, optional={"id": TEXTS, "labels": PAIRS, "number": NUMBERS}),
            "nested": st.lists(st.lists(TEXTS, max_size=2), max_size=2),
            "nothing": st.none(),
        },
    ),
    min_size=1,
    max_size=12,
)


@given(ROWS, st.integers(1, 400), st.integers(1, 400))
@example([{"cost": 1}, {"cost": 0.5}, {"cost": 2**53 + 1}], 1000, 1000)
@example([{"cost": "0.5"}, {"cost": 1}], 1000, 1000)
@example([{}, {}, {"labels": []}, {"labels": [{"key": "a"}]}], 1, 1)
@settings(max_examples=150, deadline=None)
def test_any_rows_in_any_pieces(new_directory: NewDirectory, rows: list[Row], first: int, size: int) -> None:
    data = written(rows)
    assert told(by_pyarrow(data, new_directory(), first, size)) == told(by_python(data))


AMOUNTS = st.one_of(
    st.floats(-(10**6), 10**6),
    st.integers(-(10**6), 10**6),
    st.sampled_from([1e-9, 1.5e-9, 5e-10, 2.5e-9, 0.1, 1e-5, 123456.7890125]),
    st.decimals(-1000, 1000, places=9).map(str),
)
BILLS = st.lists(
    st.builds(
        lambda cost, credits, labels, dropped: {
            name: item
            for name, item in {
                **plain(charge(labels=[{"key": "k", "value": label} for label in labels])),
                "cost": cost,
                "credits": [{"type": "DISCOUNT", "amount": amount} for amount in credits],
            }.items()
            if name not in dropped
        },
        AMOUNTS,
        st.lists(AMOUNTS, max_size=2),
        st.lists(TEXTS, max_size=2),
        st.sets(st.sampled_from(["credits", "labels", "project", "resource", "adjustment_info", "tags"])),
    ),
    min_size=1,
    max_size=8,
)


@given(BILLS, st.integers(1, 3000), st.integers(1, 3000))
@settings(max_examples=60, deadline=None)
def test_charges_are_the_same(new_directory: NewDirectory, rows: list[Row], first: int, size: int) -> None:
    data = written(rows)
    frames = []
    for frame in (by_pyarrow(data, new_directory(), first, size), by_python(data)):
        frames.append(frame.select(*map_columns(dict(frame.schema), "detailed").expressions))
    assert_frame_equal(*frames)


@given(st.floats() | st.floats(1e-12, 1e-3) | st.integers(-(10**17), 10**17).map(float))
@example(1e-5)
@example(-1.25e-5)
@example(9.99e-6)
@example(-0.0)
@settings(deadline=None)
def test_numbers_are_written_as_polars_writes_them(value: float) -> None:
    (text,) = pl.Series([value]).cast(pl.String)
    if value.is_integer() and abs(value) < 2**53:
        text = text.removeprefix("-") if value == 0 else text
        text = text.removesuffix(".0")
    assert number_text(value) == text
    assert float(number_text(value)) == value or math.isnan(value)


# -- what pyarrow reads by itself ----------------------------------------------------------------------


@pytest.mark.usefixtures("without_python")
def test_text_that_looks_like_a_time_stays_text(tmp_path: Path) -> None:
    rows = [{"labels": [{"value": "2026-09-01"}], "run": "2026-09-01 12:00:00"}] * 3
    assert by_pyarrow(written(rows), tmp_path).to_dicts() == rows


@pytest.mark.usefixtures("without_python")
def test_fields_that_come_late(tmp_path: Path) -> None:
    rows: list[Row] = [
        {"cost": 1, "credits": [], "project": None},
        {"cost": 0.5, "project": {"id": "p", "ancestors": []}},
        {"cost": 2, "credits": [{"amount": -1e-9}], "project": {"ancestors": [{"name": "o"}]}},
    ]
    assert by_pyarrow(written(rows), tmp_path).to_dicts() == [
        {"cost": "1", "credits": [], "project": None},
        {"cost": "0.5", "credits": None, "project": {"id": "p", "ancestors": []}},
        {
            "cost": "2",
            "credits": [{"amount": "-1e-9"}],
            "project": {"id": None, "ancestors": [{"name": "o"}]},
        },
    ]


@pytest.mark.usefixtures("without_python")
def test_large_floats_stay_with_pyarrow(tmp_path: Path) -> None:
    rows = [{"bytes": 9.5e16}, {"bytes": 1.5}, {"bytes": 3.0}]
    assert by_pyarrow(written(rows), tmp_path, 1000)["bytes"].to_list() == ["9.5e+16", "1.5", "3"]


# -- what it would read otherwise ----------------------------------------------------------------------


def test_integers_that_a_float_does_not_hold(tmp_path: Path) -> None:
    data = b'{"id": 9007199254740993}\n{"id": 0.5}\n'
    assert by_pyarrow(data, tmp_path, 1000)["id"].to_list() == ["9007199254740993", "0.5"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b'{"cost": }', r"line 3: Expecting value \(column 10\)"),
        (b'{"cost": 1', r"line 3: Expecting ',' delimiter \(column 11\)"),
        (b'{"cost": 1}{"cost": 2}', r"line 3: Extra data \(column 12\)"),
        (b"null", "line 3 is not an object"),
        (b"[1]", "line 3 is not an object"),
        (b'{"cost": "\xff"}', "line 3 is not UTF-8"),
        (b'{"cost": "\\ud800"}', "line 3 is not UTF-8"),
        (b'{"cost": ' + b"9" * 5000 + b"}", "line 3: Exceeds the limit"),
        (b'{"cost": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "line 3 is nested too deeply"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "line 3 is nested too deeply"),
        (b'{"cost": [1]}', "`cost` is a (text|list) in one row and a (text|list) in another"),
        (b'{"cost": {"a": 1}}', "`cost` is a (text|struct) in one row and a (text|struct) in another"),
    ],
)
@pytest.mark.parametrize("size", [1, 10**6])
def test_a_line_that_is_no_row(tmp_path: Path, line: bytes, problem: str, size: int) -> None:
    data = b'{"cost": 1}\n\n' + line + b'\n{"cost": 2}\n'
    with pytest.raises(ValueError, match=problem):
        by_pyarrow(data, tmp_path, size, size)
    with pytest.raises(ValueError, match=problem):
        by_python(data)


@pytest.mark.parametrize("between", [b"\n\n", b"\r\n", b"\n \t\n"])
@pytest.mark.parametrize("size", [1, 10**6])
def test_lines_that_are_blank_or_end_otherwise(tmp_path: Path, between: bytes, size: int) -> None:
    data = b'\xef\xbb\xbf{"cost": 1}' + between + b'{"cost": 2}' + between
    assert by_pyarrow(data, tmp_path, size, size)["cost"].to_list() == ["1", "2"]


def test_a_line_that_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ndjson, "MAXIMUM_LINE_BYTES", 2**20)
    data = b'{"a": 1}\n{"a": "' + b"x" * 2**21 + b'"}\n'
    with pytest.raises(ValueError, match="line 2 is longer than 1 MiB"):
        list(pieces(io.BytesIO(data), 100, 100))


@given(st.lists(st.binary(max_size=9).map(lambda line: line.replace(b"\n", b""))), st.integers(1, 30))
@settings(deadline=None)
def test_pieces_are_all_of_the_lines(lines: list[bytes], size: int) -> None:
    data = b"\n".join(lines)
    found = list(pieces(io.BytesIO(data), size, size))
    assert b"".join(piece.data for piece in found) == data
    number = 1
    for piece in found:
        assert piece.number == number
        number += piece.data.count(b"\n")
    assert all(piece.data.endswith(b"\n") for piece in found[:-1])


# -- through the bill ----------------------------------------------------------------------------------


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Files are read in pieces of a few rows; where they are laid down."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(ndjson, "FIRST_PIECE_BYTES", 2000)
    monkeypatch.setattr(ndjson, "PIECE_BYTES", 5000)
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    return scratch


def bill(path: Path, count: int = 40) -> str:
    rows = [
        {**plain(charge(credits=(("DISCOUNT", -0.1),))), "cost": 0.1 if number % 3 else 1}
        for number in range(count)
    ]
    path.write_bytes(written(rows))
    return str(path)


def test_a_bill_that_is_laid_down(tmp_path: Path, small_pieces: Path) -> None:
    found = summarise(load_charges([bill(tmp_path / "b.ndjson")]))
    assert (found.rows, found.gross, found.credits) == (40, Decimal("16.6"), Decimal(-4))
    (directory,) = small_pieces.iterdir()
    assert len(list(directory.glob("*.parquet"))) > 2


def test_without_pyarrow_the_limit_holds(
    tmp_path: Path, small_pieces: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("costguard.history.files.can_read_any_size", lambda: False)
    path = bill(tmp_path / "b.ndjson")
    assert summarise(load_charges([path])).gross == Decimal("16.6")
    monkeypatch.setattr("costguard.history.files.MAXIMUM_NDJSON_BYTES", 10_000)
    with pytest.raises(
        UsageProblem, match=r"more than 0 MiB of lines; install the extra costguard-gcp\[arrow\]"
    ):
        load_charges([path])
    assert not list(small_pieces.iterdir())


def test_a_bad_line_is_named(tmp_path: Path, small_pieces: Path) -> None:
    path = Path(bill(tmp_path / "b.ndjson"))
    lines = path.read_bytes().splitlines(keepends=True)
    lines[30] = b'{"cost": 1,}\n'
    path.write_bytes(b"".join(lines))
    with pytest.raises(UsageProblem, match=r"b.ndjson: cannot be read as ndjson: line 31: "):
        load_charges([str(path)])


def test_blank_lines_may_come_first(tmp_path: Path) -> None:
    path = Path(bill(tmp_path / "b.ndjson"))
    path.write_bytes(b"\n \n" + path.read_bytes())
    assert summarise(load_charges([str(path)])).rows == 40


@pytest.mark.parametrize("cut", [True, False])
def test_a_packed_bill_that_is_damaged(tmp_path: Path, small_pieces: Path, cut: bool) -> None:
    data = gzip.compress(Path(bill(tmp_path / "b.ndjson", 2000)).read_bytes())
    path = tmp_path / "b.ndjson.gz"
    path.write_bytes(data)
    assert summarise(load_charges([str(path)])).rows == 2000
    middle = len(data) // 2
    path.write_bytes(data[:middle] if cut else data[:middle] + b"\xff" * 200 + data[middle + 200 :])
    with pytest.raises(UsageProblem, match=r"b.ndjson.gz: cannot be read as ndjson: "):
        load_charges([str(path)])
