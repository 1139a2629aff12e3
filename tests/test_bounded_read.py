"""Files of others are read as far as they may go, and refused in one form of words."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from costguard.bounded_read import read_at_most, read_standard_input, refuse_larger
from costguard.errors import UsageProblem


def said(work: Callable[[], object]) -> str:
    with pytest.raises(UsageProblem) as caught:
        work()
    return str(caught.value)


def test_a_file_of_just_the_size(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"x" * 1000)
    assert read_at_most(path, 1000, "split it") == b"x" * 1000
    assert said(lambda: read_at_most(path, 999, "split it")) == f"{path}: larger than 999 bytes; split it"


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no endless file")
def test_a_file_without_an_end() -> None:
    text = said(lambda: read_at_most(Path("/dev/zero"), 1 << 20, "split it"))
    assert text == "/dev/zero: larger than 1 MiB; split it"


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    assert said(lambda: read_at_most(gone, 9, "x")) == f"{gone}: cannot be read (No such file or directory)"
    assert said(lambda: read_at_most(gone, 9, "x", missing="no such list")) == f"{gone}: no such list"
    assert said(lambda: read_at_most(tmp_path, 9, "x")) == f"{tmp_path}: cannot be read (Is a directory)"


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"four")))
    assert read_standard_input(4, "x") == b"four"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"fives")))
    assert said(lambda: read_standard_input(4, "x")) == "standard input: larger than 4 bytes; x"


def test_what_was_read_already() -> None:
    refuse_larger("four", 4, "the message", "x")
    assert (
        said(lambda: refuse_larger("fives", 4, "the message", "x")) == "the message: larger than 4 bytes; x"
    )
