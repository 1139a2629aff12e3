"""Which files of a tree are read: what a scan of the work tree would read."""

from __future__ import annotations

from pathlib import Path

import pytest

from costguard.diff.sources import config_files, discover_tree, lost, needed
from costguard.diff.tree import Tree, TreeFile
from costguard.discover import SourceFile
from costguard.errors import UsageProblem

FOLDER = Path("/packed/tree")


def tree(*paths: str, **sizes: int) -> Tree:
    return Tree(
        {path: TreeFile(sizes.get(path.replace(".", "_").replace("/", "__"), 10), "b") for path in paths}
    )


def test_the_sources_of_a_tree() -> None:
    found = discover_tree(
        tree("b.sql", "a/x.py", "a/tests/test_x.py", "node_modules/m.sql", "README.md", "c.j2.sql"),
        FOLDER,
        [""],
        (),
    )
    assert found.files == (
        SourceFile("a/tests/test_x.py", "/packed/tree/a/tests/test_x.py", "python", 10, True),
        SourceFile("a/x.py", "/packed/tree/a/x.py", "python", 10, False),
        SourceFile("b.sql", "/packed/tree/b.sql", "sql", 10, False),
        SourceFile("c.j2.sql", "/packed/tree/c.j2.sql", "template", 10, False),
    )
    assert (found.roots, found.folder) == ((FOLDER,), FOLDER)


def test_below_paths_and_not_excluded() -> None:
    files = tree("a/x.sql", "a/y.sql", "b/z.sql", "b/w.sql", "c.sql")
    found = discover_tree(files, FOLDER, ["a", "b/z.sql"], ("y.sql", "b/"))
    assert [file.path for file in found.files] == ["a/x.sql", "b/z.sql"]
    assert found.roots == (FOLDER / "a", FOLDER / "b")
    with pytest.raises(UsageProblem, match="exclude"):
        discover_tree(files, FOLDER, [""], ("[z-a]/**/\\",))


def test_too_large() -> None:
    found = discover_tree(tree("a.sql", "b.sql", a_sql=3 * 2**20), FOLDER, [""], ())
    assert [file.path for file in found.files] == ["b.sql"]
    (item,) = found.unread
    assert (item.path, item.reason, item.detail) == (
        "a.sql",
        "file too large",
        "3 MiB is more than the limit of 2 MiB",
    )


def test_configs_at_a_path_and_above() -> None:
    files = tree("costguard.toml", "a/pyproject.toml", "a/b/costguard.toml", "c/costguard.toml")
    assert config_files(files, "a/b") == ["a/b/costguard.toml", "a/pyproject.toml", "costguard.toml"]
    assert config_files(files, "a/q.sql") == ["a/pyproject.toml", "costguard.toml"]
    assert config_files(files, "") == ["costguard.toml"]


def test_what_is_packed() -> None:
    files = tree(
        *("q.sql", "large.sql", "notes.txt", "large.txt", "photo.PNG", "node_modules/x.sql", "schema.yml"),
        *("target/manifest.json", "nb.ipynb"),
        large_sql=3 * 2**20,
        large_txt=3 * 2**20,
        nb_ipynb=3 * 2**20,
        target__manifest_json=3 * 2**20,
    )
    assert list(needed(files, [""])) == [
        "q.sql",
        "notes.txt",
        "schema.yml",
        "target/manifest.json",
        "nb.ipynb",
    ]


def test_of_a_dbt_project_all_that_rendering_reads() -> None:
    files = tree("p/dbt_project.yml", "p/models/a.sql", "p/macros/m.sql", "p/notes.txt", "other/b.sql")
    assert list(dict.fromkeys(needed(files, ["p/models"]))) == [
        "p/models/a.sql",
        "p/dbt_project.yml",
        "p/macros/m.sql",
    ]
    assert list(needed(files, ["other"])) == ["other/b.sql"]


def test_contents_that_are_not_here() -> None:
    """The same one on both sides is a place that is not read; of one side only, nothing could be compared."""
    here, gone = Tree({"a.sql": TreeFile(1, "a")}), Tree({}, missing={"a.sql": "a", "photo.png": "b"})
    assert lost(gone, gone, [""]) is None
    assert lost(here, gone, [""]) == lost(gone, here, [""]) == "a.sql"
    assert lost(gone, Tree({}, missing={"a.sql": "c"}), [""]) == "a.sql"
    assert lost(here, gone, ["sql"]) is None
    assert lost(here, Tree(here.files, missing={"photo.png": "b"}), [""]) is None
    found = discover_tree(gone, FOLDER, [""], ())
    assert [(item.path, item.reason) for item in found.unread] == [("a.sql", "content not here")]
