"""A tree in a single file."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from costguard.extract.dbt_files import PackedTree
from costguard.packed_files import Packed, PackedFiles, read_file
from costguard.template_project import find_template_root, template_state


@pytest.fixture
def packed(tmp_path: Path) -> PackedFiles:
    """Four files."""
    files = {
        "p/dbt_project.yml": b"name: p",
        "p/models/a.sql": b"SELECT 1",
        "p/venv/b.sql": b"SELECT 2",
        "latin.sql": b"\xfc",
    }
    index, offset = {}, 0
    for path, data in files.items():
        index[path] = Packed(offset, len(data), f"hash of {path}")
        offset += len(data)
    (tmp_path / "pack").write_bytes(b"".join(files.values()))
    return PackedFiles(str(tmp_path / "pack"), "/no/tree", index)


def test_reading(packed: PackedFiles) -> None:
    assert packed.read("/no/tree/p/models/a.sql") == b"SELECT 1"
    assert read_file("/no/tree/latin.sql", packed) == b"\xfc"
    for other in ("/no/tree/x.sql", "/no/tree2/latin.sql", "/no/tree", packed.pack):
        with pytest.raises(FileNotFoundError):
            packed.read(other)
    assert pickle.loads(pickle.dumps(packed)) == packed


def test_on_the_disk(packed: PackedFiles, tmp_path: Path) -> None:
    (tmp_path / "q.sql").write_text("SELECT 3")
    assert read_file(str(tmp_path / "q.sql"), None) == b"SELECT 3"
    Path(packed.pack).unlink()
    with pytest.raises(OSError, match="pack"):
        packed.read("/no/tree/latin.sql")


def test_below(packed: PackedFiles) -> None:
    assert list(packed.below("/no/tree/p")) == ["dbt_project.yml", "models/a.sql", "venv/b.sql"]
    assert len(list(packed.below("/no/tree"))) == 4


def test_the_files_of_a_template_project(packed: PackedFiles) -> None:
    root = find_template_root([Path("/no/tree/p/models")], packed)
    assert root == Path("/no/tree/p")
    files = PackedTree(packed, str(root))
    assert list(files.paths()) == ["dbt_project.yml", "models/a.sql"]
    assert files.read("models/../models/a.sql") == "SELECT 1"
    assert files.read("../latin.sql") is None
    assert files.read("models/none.sql") is None
    assert PackedTree(packed, "/no/tree").read("latin.sql") is None
    assert find_template_root([Path("/no/tree/other")], packed) == Path("/no/tree/other")


def test_the_state_of_a_template_project_is_that_of_its_contents(packed: PackedFiles) -> None:
    paths = ["dbt_project.yml", "models/a.sql", "notes.txt"]
    state = template_state("/no/tree/p", paths, packed)
    elsewhere = PackedFiles("/other/pack", "/other/place", packed.index)
    assert template_state("/other/place/p", paths, elsewhere) == state
    changed = {**packed.index, "p/models/a.sql": Packed(0, 1, "another")}
    assert template_state("/no/tree/p", paths, PackedFiles(packed.pack, packed.root, changed)) != state
