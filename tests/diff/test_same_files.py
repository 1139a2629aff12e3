"""Files that hold the same on both sides."""

from __future__ import annotations

from costguard.diff.same_files import SameFiles
from costguard.diff.tree import Tree, TreeFile


def test_by_their_hashes() -> None:
    before = Tree({"a.sql": TreeFile(1, "x"), "b.sql": TreeFile(1, "x"), "c.sql": TreeFile(1, "x")})
    after = Tree({"a.sql": TreeFile(1, "x"), "b.sql": TreeFile(1, "y")})

    def unread(path: str) -> bytes:
        raise AssertionError(path)

    same = SameFiles(before, after, unread, unread)
    assert "a.sql" in same
    assert "b.sql" not in same
    assert "c.sql" not in same
    assert 1 not in same


def test_of_a_work_tree_by_their_contents() -> None:
    names = ("a.sql", "b.sql", "c.sql", "d.sql")
    before = Tree({name: TreeFile(1, "x") for name in names})
    after = Tree({name: TreeFile(2 if name == "c.sql" else 1, None) for name in names})
    reads: list[str] = []

    def old(path: str) -> bytes:
        reads.append(path)
        return b"1"

    def new(path: str) -> bytes:
        if path == "d.sql":
            raise OSError
        return b"1" if path == "a.sql" else b"2"

    same = SameFiles(before, after, old, new)
    assert [name in same for name in (*names, "a.sql")] == [True, False, False, False, True]
    assert reads == ["a.sql", "b.sql", "d.sql"]
