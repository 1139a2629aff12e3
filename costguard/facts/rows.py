"""Collects the fact rows of one source, with its locations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from costguard.facts.schema import Location
from costguard.model import LineIndex, Segment, SqlText


class SourceRows:
    """Rows of one source. Keys count from 0 within it."""

    def __init__(self, texts: Sequence[str], is_notebook: bool) -> None:
        self.rows: dict[str, list[tuple[Any, ...]]] = {}
        self._indexes: list[LineIndex | None] = [None] * len(texts)
        self._texts = texts
        self._is_notebook = is_notebook
        self._places: dict[tuple[int, int, int | None], int] = {}
        self._locations: list[tuple[Any, ...]] = []
        if texts:
            self.rows["locations"] = self._locations

    def add(self, table: str, row: tuple[Any, ...]) -> int:
        """Append a row; returns its key."""
        rows = self.rows.get(table)
        if rows is None:
            rows = self.rows[table] = []
        rows.append(row)
        return len(rows) - 1

    def count(self, table: str) -> int:
        """Rows so far."""
        return len(self.rows.get(table, ()))

    def cut_back(self, counts: Mapping[str, int]) -> None:
        """Forget rows added since these counts were taken (locations stay: they do no harm)."""
        for table, values in self.rows.items():
            if table != "locations":
                del values[counts.get(table, 0) :]

    def place(self, start: int, end: int, cell: int | None) -> int:
        """The location key of a stretch of the source (of a cell, 1-based, in a notebook)."""
        key = (start, end, cell)
        known = self._places.get(key)
        if known is not None:
            return known
        number = cell - 1 if cell is not None else 0
        index = self._indexes[number]
        if index is None:
            index = self._indexes[number] = LineIndex(self._texts[number])
        locations = self._locations
        at = len(locations)
        line, column, end_line, end_column = index.range(start, end)
        values = (at, 0, line, column, end_line, end_column, cell if self._is_notebook else None)
        locations.append(
            tuple.__new__(Location, values)
        )  # by far the most rows: half the time of `Location(...)`
        self._places[key] = at
        return at


def to_source(segments: Sequence[Segment], start: int, end: int) -> tuple[int, int]:
    """Where a stretch of a text came from, by its segments (none: the text is the source).

    It begins where its first character stands, and ends where its last one does: a value that is put into it may
    have been written far above or below.

    >>> to_source([Segment(0, 4, 10, 14), Segment(4, 6, 20, 30, verbatim=False)], 1, 5)
    (11, 30)
    >>> to_source([Segment(0, 4, 10, 14), Segment(4, 6, 2, 4), Segment(6, 8, 16, 18)], 0, 8)
    (10, 18)
    """
    if not segments:
        return start, end
    low: int | None = None
    high: int | None = None
    for segment in segments:
        if segment.end <= start and not (segment.start == segment.end == start):
            continue
        if segment.start >= max(end, start + 1):
            break
        if segment.verbatim:
            first = segment.source_start + max(start - segment.start, 0)
            last = segment.source_start + min(end - segment.start, segment.end - segment.start)
        else:
            first, last = segment.source_start, segment.source_end
        low = first if low is None else low
        high = last if high is None or last >= low else high
    if low is None or high is None:
        edges = [segment for segment in segments if segment.end <= start] or [segments[0]]
        edge = edges[-1]
        return edge.source_end, edge.source_end
    return low, max(low, high)


class TextPlaces:
    """Turns offsets of one statement into location keys: statement -> SQL text -> source."""

    def __init__(self, rows: SourceRows, text: SqlText, offset: int, segments: Sequence[Segment]) -> None:
        self._rows = rows
        self._text = text
        self._offset = offset
        self._segments = segments
        self._is_source = not segments and not text.segments
        """Offsets of the statement and of the source differ by a constant: nearly always."""

    def text_range(self, start: int, end: int) -> tuple[int, int]:
        """Offsets in the SQL text."""
        if self._segments:
            return to_source(self._segments, start, end)
        return start + self._offset, end + self._offset

    def __call__(self, start: int, end: int) -> int:
        """The location key."""
        if start < 0:
            start = 0
        if end < start:
            end = start
        text = self._text
        if self._is_source:
            offset = self._offset
            return self._rows.place(start + offset, end + offset, text.cell)
        low, high = self.text_range(start, end)
        if text.segments:
            low, high = to_source(text.segments, low, high)
        return self._rows.place(low, high, text.cell)
