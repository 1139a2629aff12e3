"""Answers are kept beside the output."""

from __future__ import annotations

from pathlib import Path

import pytest

from costguard.cloud.progress_file import ProgressFile
from costguard.errors import UsageProblem

KEY = ("p.d.t", "1793500000000", "SELECT t.`é` AS c0 FROM `p.d.t` AS t")


def test_answers_are_there_again(tmp_path: Path) -> None:
    with ProgressFile(tmp_path / "c.json") as kept:
        assert kept.get(KEY) is None
        kept.put(KEY, 12)
        assert kept.path == tmp_path / ".c.json.progress"
    with ProgressFile(tmp_path / "c.json") as kept:
        assert (kept.get(KEY), len(kept)) == (12, 1)
        assert kept.get(("p.d.t", "1793500000001", KEY[2])) is None  # the table has changed
        kept.remove()
    assert not list(tmp_path.iterdir())


def test_an_interrupted_line_does_no_harm(tmp_path: Path) -> None:
    with ProgressFile(tmp_path / "c.json") as kept:
        kept.put(KEY, 12)
        kept.put(("b", "1", "x"), 3)
    path = kept.path
    path.write_bytes(path.read_bytes()[:-4])
    with ProgressFile(tmp_path / "c.json") as kept:
        assert len(kept) == 1
        kept.put(("c", "1", "x"), 4)
    with ProgressFile(tmp_path / "c.json") as kept:
        assert (kept.get(KEY), kept.get(("b", "1", "x")), kept.get(("c", "1", "x"))) == (12, None, 4)


@pytest.mark.parametrize("rest", ['{"costguard": "cata', "{", '{"cost\0\0\0', "\0\0"])
def test_an_interrupted_first_line_does_no_harm(tmp_path: Path, rest: str) -> None:
    path = tmp_path / ".c.json.progress"
    path.write_text(rest)
    with ProgressFile(tmp_path / "c.json") as kept:
        assert (kept.torn, len(kept)) == (True, 0)
        kept.put(KEY, 12)
    with ProgressFile(tmp_path / "c.json") as kept:
        assert (kept.torn, kept.get(KEY)) == (False, 12)


@pytest.mark.parametrize(
    "rest", ["my notes", '{"costguard": "catalog pull", "version": 2}\n', '{"costguard"\n']
)
def test_another_first_line_is_of_somebody_else(tmp_path: Path, rest: str) -> None:
    path = tmp_path / ".c.json.progress"
    path.write_text(rest)
    with pytest.raises(UsageProblem, match="is not the progress of a catalog pull"):
        ProgressFile(tmp_path / "c.json")
    assert path.read_text() == rest


@pytest.mark.parametrize("line", ["[1, 2, 3, 4]", '["a", "b", "c", -1]', '["a", "b", "c"]', "{}", "\x00"])
def test_lines_of_another_form_are_left_out(tmp_path: Path, line: str) -> None:
    with ProgressFile(tmp_path / "c.json") as kept:
        kept.put(KEY, 12)
    with kept.path.open("a") as stream:
        stream.write(line + "\n")
    assert len(ProgressFile(tmp_path / "c.json")) == 1


def test_a_file_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".c.json.progress").write_text("my notes\n")
    with pytest.raises(UsageProblem, match="is not the progress of a catalog pull"):
        ProgressFile(tmp_path / "c.json")
    (tmp_path / ".d.json.progress").mkdir()
    with pytest.raises(UsageProblem, match="cannot be read"):
        ProgressFile(tmp_path / "d.json")


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    kept = ProgressFile(tmp_path / "gone" / "c.json")
    with pytest.raises(UsageProblem, match="cannot be written"):
        kept.put(KEY, 1)
