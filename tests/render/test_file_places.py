"""Paths below the repository, and lines of files as they lie there."""

from __future__ import annotations

import pytest

from costguard.model import Span
from costguard.render.file_places import FilePlace, FilePlaces
from tests.render.results import texts

SPAN = Span(1, 2, 3, 4)


def no_source(path: str, cell: int | None) -> None:
    return None


@pytest.mark.parametrize(
    ("path", "shown", "inside"),
    [
        ("q.sql", "models/q.sql", True),
        ("../q.sql", "q.sql", True),
        ("./a//b/../q.sql", "models/a/q.sql", True),
        ("/work/repo/q.sql", "q.sql", True),
        ("../../q.sql", "/work/q.sql", False),
        ("/work/repository/q.sql", "/work/repository/q.sql", False),
        ("/q.sql", "/q.sql", False),
    ],
)
def test_a_path_counts_from_the_repository(path: str, shown: str, inside: bool) -> None:
    places = FilePlaces(no_source, "/work/repo", "/work/repo/models")
    assert places.file(path) == (shown, inside)
    assert places.place(path, SPAN) == FilePlace(shown, inside, SPAN)


def test_the_whole_file_system_as_repository() -> None:
    assert FilePlaces(no_source, "/", "/").file("a/q.sql") == ("a/q.sql", True)


def test_a_cell_stands_somewhere_in_its_file() -> None:
    sources = texts(n__ipynb='{"cells": [\n{"source": ["a\\n",\n"bc"]}]}')
    places = FilePlaces(sources, "/r", "/r")
    assert places.place("n.ipynb", Span(2, 1, 2, 3, cell=1)) == FilePlace(
        "n.ipynb", True, Span(3, 2, 3, 4), "cell 1, line 2"
    )
    assert places.place("n.ipynb", Span(9, 1, 9, 3, cell=1)).span is None


def test_a_notebook_that_is_gone_has_cells_still() -> None:
    places = FilePlaces(no_source, "/r", "/r")
    assert places.place("n.ipynb", Span(2, 1, 2, 3, cell=1)) == FilePlace(
        "n.ipynb", True, None, "cell 1, line 2"
    )
