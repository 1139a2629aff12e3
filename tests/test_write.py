"""Output is written whole or not at all."""

from __future__ import annotations

import io
import os
import stat
import sys
from pathlib import Path

import pytest

from costguard.errors import UsageProblem
from costguard.write import append_text, check_output, write_text


def test_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    write_text("größe\n", None)
    assert capsys.readouterr().out == "größe\n"


def test_a_file_is_utf8_without_translation(tmp_path: Path) -> None:
    write_text("größe\r\n\n", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == "größe\r\n\n".encode()
    assert os.listdir(tmp_path) == ["out"]


def test_a_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("old and longer")
    write_text("new", tmp_path / "out")
    assert (tmp_path / "out").read_text() == "new"


def test_the_file_has_the_usual_mode(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        write_text("x", tmp_path / "out")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o640


def test_a_failure_on_the_way_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "out").write_text("old")
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UsageProblem, match=r"out: cannot be written \(No space left on device\)"):
        write_text("new", tmp_path / "out")
    assert (tmp_path / "out").read_text() == "old"
    assert os.listdir(tmp_path) == ["out"]


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="cannot be written"):
        write_text("x", tmp_path / "no" / "out")
    with pytest.raises(UsageProblem, match="there is no directory"):
        check_output(tmp_path / "no" / "out")


def test_what_can_be_written_is_not_refused(tmp_path: Path) -> None:
    check_output(None)
    check_output(tmp_path / "out")
    (tmp_path / "out").write_text("old")
    check_output(tmp_path / "out")
    assert (tmp_path / "out").read_text() == "old"
    with pytest.raises(UsageProblem, match="is a directory"):
        check_output(tmp_path)


def test_a_stream_without_unicode(monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(buffer, encoding="ascii"))
    write_text("1 │ é\n", None)
    assert buffer.getvalue() == b"1 ? ?\n"


def test_text_is_added_to_a_file(tmp_path: Path) -> None:
    append_text("größe\n", tmp_path / "out")
    append_text("more\n", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == "größe\nmore\n".encode()
    with pytest.raises(UsageProblem, match="out: cannot be written"):
        append_text("x", tmp_path / "no" / "out")


def test_a_pipe_is_written_to_and_stays(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        check_output(pipe)
        write_text("größe\n", pipe)
        assert os.read(reader, 100) == "größe\n".encode()
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_device_that_takes_nothing(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no device that is always full")
    with pytest.raises(UsageProblem, match="/dev/full: cannot be written"):
        write_text("x", Path("/dev/full"))
    assert Path("/dev/full").is_char_device()


def test_a_folder_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        os, "access", lambda path, mode: path != tmp_path
    )  # the superuser may write everywhere
    with pytest.raises(UsageProblem, match=r"out: cannot be written \(no permission\)"):
        check_output(tmp_path / "out")
