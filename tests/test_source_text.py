"""The texts that findings point into, as they lie on disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from costguard.source_text import SourceTexts


def texts(tmp_path: Path, name: str, content: bytes) -> SourceTexts:
    path = tmp_path / name
    path.write_bytes(content)
    return SourceTexts({name: str(path)})


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"SELECT 1\nFROM t\n", "SELECT 1\nFROM t\n"),
        (b"a\r\nb\rc", "a\nb\nc"),
        (b"\xef\xbb\xbfSELECT 1", "SELECT 1"),
        ("größe".encode(), "größe"),
        (b"", ""),
        (b"\xff", None),
    ],
)
def test_a_file(tmp_path: Path, content: bytes, text: str | None) -> None:
    source = texts(tmp_path, "q.sql", content)
    assert source.text("q.sql") == text
    assert source.cells("q.sql") == 0


def test_unknown_and_vanished_files(tmp_path: Path) -> None:
    source = texts(tmp_path, "q.sql", b"x")
    assert source.text("other.sql") is None
    (tmp_path / "q.sql").unlink()
    assert source.text("q.sql") is None


def test_a_file_is_read_once(tmp_path: Path) -> None:
    source = texts(tmp_path, "q.sql", b"old")
    assert source.text("q.sql") == "old"
    (tmp_path / "q.sql").write_bytes(b"new")
    assert source.text("q.sql") == "old"


def test_cells_of_a_notebook(tmp_path: Path) -> None:
    cells = [{"source": ["a = 1\n", "b = 2"]}, {"source": "text"}, {"cell_type": "raw"}, "no cell"]
    source = texts(tmp_path, "n.ipynb", json.dumps({"cells": cells}).encode())
    assert source.cells("n.ipynb") == 4
    assert [source.text("n.ipynb", number) for number in range(6)] == [
        None,
        "a = 1\nb = 2",
        "text",
        "",
        "",
        None,
    ]


@pytest.mark.parametrize("content", [b"{", b"[]", b"{}", b'{"cells": 3}', b'{"cells": null}', b"\xff"])
def test_what_is_no_notebook_has_no_cells(tmp_path: Path, content: bytes) -> None:
    source = texts(tmp_path, "n.ipynb", content)
    assert source.cells("n.ipynb") == 0
    assert source.text("n.ipynb", 1) is None


def test_cells_that_nobody_wrote_by_hand(tmp_path: Path) -> None:
    """As they are read for their SQL: what is no text is left out."""
    cells = [{"source": [1, "a\n", None, "b"]}, {"source": {"a": 1}}, {"input": "old"}, {"source": 3}]
    source = texts(tmp_path, "n.ipynb", json.dumps({"cells": cells}).encode())
    assert [source.text("n.ipynb", number) for number in range(1, 5)] == ["a\nb", "", "old", ""]


def test_a_notebook_nested_too_deep_has_no_cells(tmp_path: Path) -> None:
    source = texts(tmp_path, "n.ipynb", b'{"cells": ' + b"[" * 100_000)
    assert source.cells("n.ipynb") == 0
