"""A walk that does not leave the directory."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from costguard.walk import walk


def refuse(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """As for somebody without the right to list it; whoever runs the tests may have all rights."""
    listed = os.scandir

    def scandir(path: str) -> Any:
        if os.path.realpath(path) == str(folder):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)


def test_folders_and_files_count_from_the_top(tmp_path: Path) -> None:
    for name in ("a/b/deep.sql", "a/one.sql", "top.sql", "skipped/x.sql"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "a" / "again").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "a" / "link.sql").symlink_to("one.sql")
    (tmp_path / "a" / "nowhere").symlink_to("gone")
    found = {}
    for here, folders, files in walk(str(tmp_path)):
        if not here:
            folders.remove("skipped")
        found[here] = (sorted(folders), sorted(files))
    assert found == {
        "": (["a"], ["top.sql"]),
        "a/": (["b"], ["link.sql", "nowhere", "one.sql"]),
        "a/b/": ([], ["deep.sql"]),
    }


def test_a_folder_that_may_not_be_listed_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "top.sql").touch()
    refuse(monkeypatch, tmp_path / "closed")
    told: list[tuple[str, int | None]] = []
    found = list(walk(str(tmp_path), lambda folder, error: told.append((folder, error.errno))))
    assert [(here, files) for here, _, files in found] == [("", ["top.sql"])]
    assert told == [("closed/", errno.EACCES)]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert list(walk(str(tmp_path / "gone"))) == []
