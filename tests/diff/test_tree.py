"""What a commit or a work tree holds; names of strangers."""

from __future__ import annotations

import os

import pytest

from costguard.diff.git import Repository
from costguard.diff.tree import TreeFile, below, missing_objects, tree_of_commit, tree_on_disk, unsafe
from costguard.errors import UsageProblem
from tests.diff.repository import Work


def commit_of(work: Work, *entries: tuple[str, str, str]) -> str:
    """A commit of (mode, object, path), which no checkout could make. Paths without `/`."""
    lines = "".join(
        f"{mode} {'commit' if mode == '160000' else 'blob'} {name}\t{path}\0" for mode, name, path in entries
    )
    tree = work.git("mktree", "-z", "--missing", data=lines.encode())
    return work.git("commit-tree", tree, "-m", "odd")


def test_files_links_and_submodules(work: Work, repository: Repository) -> None:
    work.put("sql/a.sql", "SELECT 1\n")
    os.symlink("/etc/passwd", work.top / "sql" / "link.sql")
    work.git("add", "-A")
    work.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},vendor")
    work.git("commit", "-qm", "x")
    blob = work.git("rev-parse", "HEAD:sql/a.sql")
    tree = tree_of_commit(repository, "HEAD")
    assert tree.files == {"sql/a.sql": TreeFile(9, blob)}
    assert (tree.links, tree.submodules, tree.refused) == (("sql/link.sql",), ("vendor",), ())
    (work.top / "vendor").mkdir()
    tree = tree_on_disk(repository)
    assert tree.files == {"sql/a.sql": TreeFile(9, None)}
    assert (tree.links, tree.submodules) == (("sql/link.sql",), ("vendor",))


def test_the_work_tree_as_it_is(work: Work, repository: Repository) -> None:
    work.write(kept__sql="SELECT 1", gone__sql="SELECT 1", __gitignore="ignored.sql\n")
    work.commit()
    work.write(new__sql="SELECT 22", ignored__sql="SELECT 1")
    (work.top / "gone.sql").unlink()
    os.mkfifo(work.top / "pipe.sql")
    assert tree_on_disk(repository).files == {
        ".gitignore": TreeFile(12, None),
        "kept.sql": TreeFile(8, None),
        "new.sql": TreeFile(9, None),
    }


def test_names_that_lead_out(work: Work, repository: Repository) -> None:
    blob = work.git("hash-object", "-w", "--stdin", data=b"SELECT 1")
    inner = work.git("mktree", data=f"100644 blob {blob}\tq.sql\n".encode())
    lines = b"".join(
        f"040000 tree {inner}\t{name}\0".encode() for name in ("..", ".git", ".GIT.", "GIT~1", "fine")
    )
    tree = work.git("mktree", "-z", data=lines)
    found = tree_of_commit(repository, work.git("commit-tree", tree, "-m", "hostile"))
    assert list(found.files) == ["fine/q.sql"]
    assert dict(found.refused) == {
        "../q.sql": "leads out of its folder",
        ".git/q.sql": "lies in git's own folder",
        ".GIT./q.sql": "lies in git's own folder",
        "GIT~1/q.sql": "lies in git's own folder",
    }


def test_long_names() -> None:
    assert unsafe(b"x" * 256) == "the name is too long"
    assert unsafe(b"x/" * 1001 + b"x") == "the path is too long"
    assert unsafe(b"x" * 255) is None


def test_names_that_are_not_utf_8(work: Work, repository: Repository) -> None:
    blob = work.git("hash-object", "-w", "--stdin", data=b"SELECT 1")
    tree = work.git("mktree", "-z", data=b"100644 blob " + blob.encode() + b"\tgr\xfcn.sql\0")
    found = tree_of_commit(repository, work.git("commit-tree", tree, "-m", "latin"))
    assert list(found.files) == [os.fsdecode(b"gr\xfcn.sql")]


def test_missing_contents(work: Work, repository: Repository) -> None:
    commit = commit_of(work, ("100644", "2" * 40, "q.sql"))
    assert tree_of_commit(repository, commit).missing == {"q.sql": "2" * 40}


def test_a_commit_that_is_missing(work: Work, repository: Repository) -> None:
    with pytest.raises(
        UsageProblem, match=r"git cannot read the revision .*; `git fsck` says what is damaged"
    ):
        tree_of_commit(repository, "1" * 40)
    work.git("config", "remote.origin.promisor", "true")
    assert "it is a partial clone; clone without --filter" in missing_objects(repository, "fatal: gone")


@pytest.mark.parametrize(
    ("folders", "found"),
    [
        ([""], ["a/b.sql", "ab.sql", "c"]),
        (["a"], ["a/b.sql"]),
        (["c", "a/b.sql"], ["a/b.sql", "c"]),
        (["x"], []),
    ],
)
def test_below(folders: list[str], found: list[str]) -> None:
    assert list(below(["a/b.sql", "ab.sql", "c"], folders)) == found
