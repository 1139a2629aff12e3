"""A walk that does not leave the directory."""

from __future__ import annotations

from pathlib import Path

from costguard.walk import walk


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


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert list(walk(str(tmp_path / "gone"))) == []
