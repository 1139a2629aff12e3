"""The files of a project on disk: nothing outside of it, nothing that never ends."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from costguard.extract.dbt_files import DirectoryFiles


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "models").mkdir(parents=True)
    (root / "models" / "a.sql").write_text("inside")
    (tmp_path / "secret.sql").write_text("secret")
    return root


def test_paths_are_in_order_and_without_folders_of_machines(project: Path) -> None:
    (project / "dbt_project.yml").write_text("name: x")
    (project / "node_modules").mkdir()
    (project / "node_modules" / "b.sql").write_text("")
    assert list(DirectoryFiles(str(project)).paths()) == ["dbt_project.yml", "models/a.sql"]


def test_the_tree_is_walked_once_but_in_another_process_again(project: Path) -> None:
    files = DirectoryFiles(str(project))
    assert list(files.paths()) == ["models/a.sql"]
    (project / "models" / "b.sql").write_text("")
    assert list(files.paths()) == ["models/a.sql"]
    assert list(pickle.loads(pickle.dumps(files)).paths()) == ["models/a.sql", "models/b.sql"]


def test_a_link_to_a_folder_is_not_walked(project: Path) -> None:
    (project / "again").symlink_to(project, target_is_directory=True)
    assert list(DirectoryFiles(str(project)).paths()) == ["models/a.sql"]


@pytest.mark.parametrize(
    "path", ["models/a.sql", "./models/a.sql", "models/../models/a.sql", "link.sql", "also/a.sql"]
)
def test_what_is_read(project: Path, path: str) -> None:
    (project / "link.sql").symlink_to("models/a.sql")
    (project / "also").symlink_to("models", target_is_directory=True)
    assert DirectoryFiles(str(project)).read(path) == "inside"


@pytest.mark.parametrize(
    "path",
    [
        "../secret.sql",
        "models/../../secret.sql",
        "link.sql",
        "above/secret.sql",
        "circle.sql",
        "pipe.sql",
        "latin.sql",
        "gone.sql",
        "models",
        "",
        "a\x00b",
        "/etc/hostname",
    ],
)
def test_what_is_not_read(project: Path, path: str) -> None:
    (project / "link.sql").symlink_to("../secret.sql")
    (project / "above").symlink_to("..", target_is_directory=True)
    (project / "circle.sql").symlink_to("circle.sql")
    (project / "latin.sql").write_bytes(b"\xe9")
    os.mkfifo(project / "pipe.sql")
    assert DirectoryFiles(str(project)).read(path) is None
