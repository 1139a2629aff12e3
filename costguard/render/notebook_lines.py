"""Where the lines of a notebook's cell stand in the file: hosts show the JSON as it lies there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from json import JSONDecoder
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any, Final

from costguard.model import LineIndex, Span

_BLANKS: Final = re.compile(r"[ \t\n\r]*")
_UNIT: Final = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]"
)
"""One character in a JSON string, as it is written."""
_DECODER: Final = JSONDecoder()


@dataclass(frozen=True, slots=True)
class _Literal:
    """A JSON string of the file: its value, and where that begins."""

    value: str
    start: int


class NotebookLines:
    """The text of a notebook's file, and the places of its cells in it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def span(self, span: Span) -> Span | None:
        """The stretch of the file that holds a stretch of a cell; None where that is not exactly known."""
        cell = span.cell
        if cell is None or not 1 <= cell <= len(self._sources):
            return None
        literals = self._sources[cell - 1]
        start = self._offset(literals, span.start_line, span.start_column, end=False)
        end = self._offset(literals, span.end_line, span.end_column, end=True)
        if start is None or end is None or end < start:
            return None
        return self._index.span(start, end)

    @cached_property
    def _index(self) -> LineIndex:
        return LineIndex(self._text)

    @cached_property
    def _sources(self) -> list[list[_Literal]]:
        """The strings that make up the text of each cell; none when the text is no notebook."""
        try:
            top = self._members(_after_blanks(self._text, 0))
            return [self._literals(start) for start in self._items(top["cells"])] if "cells" in top else []
        except (ValueError, IndexError, RecursionError):
            return []

    def _literals(self, cell: int) -> list[_Literal]:
        members = self._members(cell)
        start = members.get("source", members.get("input"))
        if start is None:
            return []
        starts = list(self._items(start)) if self._text[start] == "[" else [start]
        return [
            _Literal(scanstring(self._text, begin + 1, True)[0], begin + 1)
            for begin in starts
            if self._text[begin] == '"'
        ]

    def _members(self, start: int) -> dict[str, int]:
        """Where the values of an object begin, by their keys; of equal keys the last one counts, as for `json`."""
        text, found = self._text, dict[str, int]()
        if text[start] != "{":
            return found
        at = _after_blanks(text, start + 1)
        while text[at] != "}":
            key, at = scanstring(text, at + 1, True)
            at = _after_blanks(text, _after_blanks(text, at) + 1)
            found[key] = at
            at = self._next(at)
        return found

    def _items(self, start: int) -> Iterator[int]:
        """Where the values of an array begin."""
        if self._text[start] != "[":
            return
        at = _after_blanks(self._text, start + 1)
        while self._text[at] != "]":
            yield at
            at = self._next(at)

    def _next(self, at: int) -> int:
        """What follows a value: the next member, or the closing bracket."""
        _, at = _DECODER.raw_decode(self._text, at)
        at = _after_blanks(self._text, at)
        return _after_blanks(self._text, at + 1) if self._text[at] == "," else at

    def _offset(self, literals: list[_Literal], line: int, column: int, *, end: bool) -> int | None:
        """The offset in the file of a line and column of the cell: for the end of a stretch, that behind its last
        character."""
        text = "".join(literal.value for literal in literals)
        start = 0
        for _ in range(line - 1):
            start = text.find("\n", start) + 1
            if start == 0:
                return None
        offset = start + column - 1
        if offset > len(text):
            return None
        before = 0
        for literal in literals:
            inside = offset - before
            if inside < len(literal.value) or (end and 0 < inside == len(literal.value)):
                return _as_written(self._text, literal.start, inside)
            before += len(literal.value)
        return None


def _after_blanks(text: str, at: int) -> int:
    found: Any = _BLANKS.match(text, at)
    end: int = found.end()
    return end


def _as_written(text: str, start: int, characters: int) -> int:
    """The offset behind so many characters of a JSON string."""
    for _ in range(characters):
        unit = _UNIT.match(text, start)
        assert unit is not None  # the string was read before
        start = unit.end()
    return start
