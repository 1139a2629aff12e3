"""Places as hosts of code count them: a path below the repository, and lines of the file as it lies there."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import dataclass

from costguard.model import Span
from costguard.render.notebook_lines import NotebookLines

Sources = Callable[[str, int | None], str | None]
"""The text of a file, or of a cell of a notebook; None when it is gone."""


@dataclass(frozen=True, slots=True)
class FilePlace:
    """Where a finding is."""

    path: str
    """Below the repository; of a file outside of it the whole path."""
    inside: bool
    """Whether it is a file of the repository."""
    span: Span | None
    """Lines and columns of the file; None for a cell whose lines in the notebook's file are not exactly known."""
    cell_text: str = ""
    """`cell 3, line 4` in a notebook, where people count in cells."""


class FilePlaces:
    """The places of one scan."""

    def __init__(self, sources: Sources, root: str, folder: str) -> None:
        """`root`: the repository; `folder`: what the paths of the scan count from. Both are absolute, with forward
        slashes."""
        self._sources = sources
        self._root = posixpath.normpath(root)
        self._folder = folder
        self._notebook: tuple[str, NotebookLines | None] | None = None

    def file(self, path: str) -> tuple[str, bool]:
        """The path below the repository, and True; of a file outside of it the whole path, and False."""
        whole = posixpath.normpath(posixpath.join(self._folder, path))
        below = whole.removeprefix(self._root.rstrip("/") + "/")
        return (below, True) if below != whole else (whole, False)

    def place(self, path: str, span: Span) -> FilePlace:
        """The place of a stretch of a scanned file."""
        name, inside = self.file(path)
        if span.cell is None:
            return FilePlace(name, inside, span)
        lines = self._lines(path)
        found = lines.span(span) if lines is not None else None
        return FilePlace(name, inside, found, f"cell {span.cell}, line {span.start_line}")

    def _lines(self, path: str) -> NotebookLines | None:
        """One notebook is kept, since findings come in the order of the files."""
        if self._notebook is None or self._notebook[0] != path:
            text = self._sources(path, None)
            self._notebook = (path, None if text is None else NotebookLines(text))
        return self._notebook[1]
