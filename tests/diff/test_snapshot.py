"""Files of a commit: packed or written, and gone in the end."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

import pytest

from costguard.diff import snapshot as module
from costguard.diff.git import Repository
from costguard.diff.snapshot import pack_work_tree, snapshot
from costguard.diff.tree import Tree, TreeFile, tree_of_commit
from costguard.errors import UsageProblem
from tests.diff.repository import Work


@pytest.fixture
def tree(work: Work, repository: Repository) -> Tree:
    work.put("sql/a.sql", "SELECT 1")
    work.put("sql/deep/b.sql", "SELECT 22")
    work.put("run.sh", "#!/bin/sh\n")
    os.chmod(work.top / "run.sh", 0o755)
    work.commit()
    return tree_of_commit(repository, "HEAD")


def test_packed(repository: Repository, tree: Tree) -> None:
    with snapshot(repository, tree) as taken:
        packed = taken.pack(["sql/deep/b.sql", "sql/a.sql", "not/there.sql", "sql/a.sql"])
        assert packed.read(f"{taken.root}/sql/a.sql") == b"SELECT 1"
        assert packed.read(f"{taken.root}/sql/deep/b.sql") == b"SELECT 22"
        assert list(packed.index) == ["sql/deep/b.sql", "sql/a.sql"]
        assert packed.index["sql/a.sql"].content == tree.files["sql/a.sql"].blob
        assert not taken.root.exists()


def test_written(repository: Repository, tree: Tree) -> None:
    with snapshot(repository, tree) as taken:
        taken.write(["run.sh", "sql/a.sql"])
        taken.write(["sql/a.sql", "not/there"])
        written = [path for path in taken.folder.rglob("*") if path.is_file()]
        assert sorted(path.relative_to(taken.folder).as_posix() for path in written) == [
            "run.sh",
            "sql/a.sql",
        ]
        assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}
        assert (taken.folder / "sql" / "a.sql").read_text() == "SELECT 1"


def test_a_work_tree(work: Work, repository: Repository, tree: Tree, tmp_path: Path) -> None:
    """What it holds now, with the hashes that git would give it."""
    work.put("sql/a.sql", "SELECT 3 AS edited")
    (work.top / "run.sh").unlink()
    packed = pack_work_tree(
        repository.top, tree, ["sql/a.sql", "run.sh", "none", "sql/deep/b.sql"], tmp_path / "pack"
    )
    work.put("sql/a.sql", "and once more")
    assert list(packed.index) == ["sql/a.sql", "sql/deep/b.sql"]
    assert packed.read(f"{work.top}/sql/a.sql") == b"SELECT 3 AS edited"
    assert packed.index["sql/deep/b.sql"].content == tree.files["sql/deep/b.sql"].blob
    with pytest.raises(UsageProblem, match=r"cannot be written \(File exists\)"):
        pack_work_tree(repository.top, tree, [], tmp_path / "pack")


@pytest.mark.parametrize("end", [KeyboardInterrupt, ValueError])
def test_nothing_is_left(
    repository: Repository,
    tree: Tree,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    end: type[BaseException],
) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))

    def interrupted() -> None:
        with snapshot(repository, tree) as taken:
            taken.write(tree.files)
            assert len(list(place.iterdir())) == 1
            raise end

    with pytest.raises(end):
        interrupted()
    assert list(place.iterdir()) == []


def test_not_in_the_repository(
    work: Work, repository: Repository, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(work.top / "sql"))
    with (
        pytest.raises(UsageProblem, match="lies in the repository; set TMPDIR to another"),
        snapshot(repository, tree),
    ):
        pass


def test_too_large(repository: Repository, tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 10)
    with (
        snapshot(repository, tree) as taken,
        pytest.raises(UsageProblem, match="name the folders to compare"),
    ):
        taken.pack(tree.files)


def test_an_object_that_is_missing(repository: Repository, tree: Tree) -> None:
    lost = Tree({"q.sql": TreeFile(3, "1" * 40)})
    with snapshot(repository, lost) as taken:
        with pytest.raises(UsageProblem, match=r"git cannot read the revision \(object 1{40} is missing\)"):
            taken.pack(["q.sql"])
        with pytest.raises(UsageProblem, match="is missing"):
            taken.write(["q.sql"])


def test_names_that_are_one_to_the_file_system(repository: Repository, tree: Tree) -> None:
    """As where upper and lower case are the same: the first is written, the others are said."""
    with snapshot(repository, tree) as taken:
        (taken.folder / "sql").mkdir()
        (taken.folder / "sql" / "a.sql").write_text("another")
        (taken.folder / "sql" / "deep").write_text("a file")
        taken.write(["sql/a.sql", "sql/deep/b.sql", "run.sh"])
        assert set(taken.refused) == {"sql/a.sql", "sql/deep/b.sql"}
        assert (taken.folder / "sql" / "a.sql").read_text() == "another"
        assert (taken.folder / "run.sh").exists()
