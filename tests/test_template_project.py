"""Templates belong to their dbt project, and a change of anything that rendering reads is noticed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from costguard.extract.dbt_files import DirectoryFiles
from costguard.template_project import find_template_root, template_state


def make(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")


def test_the_project_at_or_above(tmp_path: Path) -> None:
    make(tmp_path, ".git/HEAD", "dbt/dbt_project.yml", "dbt/models/a.sql", "other/b.sql")
    assert find_template_root([tmp_path / "dbt"]) == tmp_path / "dbt"
    assert find_template_root([tmp_path / "dbt" / "models"]) == tmp_path / "dbt"
    assert find_template_root([tmp_path / "dbt" / "models" / "a.sql"]) == tmp_path / "dbt"


def test_without_a_project_the_scanned_folder(tmp_path: Path) -> None:
    make(tmp_path, ".git/HEAD", "other/b.sql")
    assert find_template_root([tmp_path / "other"]) == tmp_path / "other"
    assert find_template_root([tmp_path / "other" / "b.sql"]) == tmp_path / "other"
    assert find_template_root([tmp_path / "other", tmp_path]) == tmp_path / "other"


def test_the_nearest_project_counts(tmp_path: Path) -> None:
    make(tmp_path, "dbt_project.yml", "inner/dbt_project.yml", "inner/models/a.sql")
    assert find_template_root([tmp_path / "inner" / "models"]) == tmp_path / "inner"


@pytest.mark.parametrize("mark", [".git/HEAD", ".git"])
def test_nothing_above_the_work_tree(tmp_path: Path, mark: str) -> None:
    """A folder, or in a worktree a file, called .git ends the search."""
    make(tmp_path, "dbt_project.yml", f"repository/{mark}", "repository/models/a.sql")
    models = tmp_path / "repository" / "models"
    assert find_template_root([models]) == models


def test_a_project_at_the_top_of_the_work_tree(tmp_path: Path) -> None:
    make(tmp_path, ".git/HEAD", "dbt_project.yml", "models/a.sql")
    assert find_template_root([tmp_path / "models"]) == tmp_path


def test_no_path_is_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_template_root([]) == tmp_path


# -- the state of a project ------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path) -> Path:
    make(tmp_path, "models/a.sql", "macros/m.jinja", "models/schema.yml", "target/manifest.json", "notes.md")
    make(tmp_path, "node_modules/x.sql", ".git/x.sql")
    return tmp_path


def later(path: Path) -> None:
    """The same file, written a millisecond later."""
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000))


SEEN: dict[str, Callable[[Path], object]] = {
    "a new model": lambda root: make(root, "models/b.sql"),
    "a model less": lambda root: (root / "models/a.sql").unlink(),
    "another size": lambda root: (root / "models/a.sql").write_text("xx"),
    "another time": lambda root: later(root / "models/a.sql"),
    "a macro": lambda root: later(root / "macros/m.jinja"),
    "a schema": lambda root: later(root / "models/schema.yml"),
    "the manifest": lambda root: later(root / "target/manifest.json"),
    "another name": lambda root: (root / "models/a.sql").rename(root / "models/c.sql"),
    "a link that leads nowhere and back": lambda root: (
        (root / "models/d.sql").symlink_to("gone.sql"),
        make(root, "models/gone.sql"),
    ),
}
UNSEEN: dict[str, Callable[[Path], object]] = {
    "nothing": lambda root: None,
    "a note": lambda root: later(root / "notes.md"),
    "code": lambda root: make(root, "run.py"),
    "data": lambda root: make(root, "seeds/data.csv", "other.json"),
    "a library": lambda root: make(root, "node_modules/y.sql"),
    "git's own": lambda root: make(root, ".git/y.sql"),
    "a link that leads nowhere": lambda root: (root / "models/d.sql").symlink_to("gone.sql"),
}


def state(root: Path) -> str:
    files = DirectoryFiles(str(root))
    return template_state(files.root, files.paths())


@pytest.mark.parametrize("change", SEEN.values(), ids=SEEN)
def test_what_rendering_reads(project: Path, change: Callable[[Path], object]) -> None:
    before = state(project)
    change(project)
    assert state(project) != before


@pytest.mark.parametrize("change", UNSEEN.values(), ids=UNSEEN)
def test_what_rendering_does_not_read(project: Path, change: Callable[[Path], object]) -> None:
    before = state(project)
    change(project)
    assert state(project) == before


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert state(tmp_path / "gone") == state(tmp_path / "nowhere")
