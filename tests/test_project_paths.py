"""A file has the same name in fingerprints, wherever a scan is started."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

from costguard import project_paths as module
from costguard.project_paths import AS_PRINTED, ProjectPaths, project_paths


def test_examples_in_docstrings() -> None:
    done = doctest.testmod(module)
    assert (done.failed, done.attempted > 0) == (0, True)


@pytest.mark.parametrize(
    ("here", "path", "name"),
    [
        ("/shop", "sql/a.sql", "sql/a.sql"),
        ("/shop/sql", "a.sql", "sql/a.sql"),
        ("/shop/sql/deep", "../a.sql", "sql/a.sql"),
        ("/", "shop/sql/a.sql", "sql/a.sql"),
        ("/elsewhere", "/shop/sql/a.sql", "sql/a.sql"),
        ("/shop", "/shop/sql/a.sql", "sql/a.sql"),
        ("/shop", "../shop/sql/a.sql", "sql/a.sql"),
        ("/shop", "../shopping/a.sql", "../shopping/a.sql"),
        ("/shop", "/shopping/a.sql", "/shopping/a.sql"),
    ],
)
def test_names(here: str, path: str, name: str) -> None:
    assert ProjectPaths("/shop", here).name(path) == name


def test_without_a_project_paths_stay_as_they_are() -> None:
    assert AS_PRINTED.name("../a.sql") == "../a.sql"
    assert AS_PRINTED.mark() == ""


def test_what_names_depend_on() -> None:
    assert ProjectPaths("/shop", "/shop/sql").mark() == "sql"
    assert ProjectPaths("/shop", "/shop").mark() == ProjectPaths("/other", "/other").mark() == "."


def test_the_top_of_a_project(tmp_path: Path) -> None:
    (tmp_path / "sql").mkdir()
    file = tmp_path / "sql" / "a.sql"
    file.touch()
    here = Path("/elsewhere")
    assert project_paths(file, None, here).top is None
    assert project_paths(file, tmp_path / "sql", here).top == str(tmp_path / "sql")
    (tmp_path / ".git").mkdir()
    assert project_paths(file, tmp_path / "sql", here).top == str(tmp_path)
    assert project_paths(tmp_path, None, here) == ProjectPaths(str(tmp_path), "/elsewhere")
