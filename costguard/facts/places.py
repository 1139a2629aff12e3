"""Location keys become paths and spans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from costguard.model import Span

if TYPE_CHECKING:
    import polars as pl


class Places:
    """Where things stand. Of the many locations of a large project few are ever shown: those of statements, and of what
    could not be read, are fetched at once, any other when it is asked for."""

    def __init__(self, frames: Mapping[str, pl.DataFrame]) -> None:
        import polars as pl

        self._paths: list[str] = frames["sources"]["path"].to_list()
        self._locations = frames["locations"]
        shown = pl.concat([frames[table]["at"] for table in ("queries", "unread")]).unique()
        self._rows: dict[int, tuple[Any, ...]] = {row[0]: row for row in self._locations[shown].rows()}

    def __len__(self) -> int:
        return self._locations.height

    def _row(self, at: int) -> tuple[Any, ...]:
        row = self._rows.get(at)
        if row is None:
            row = self._rows[at] = self._locations.row(at)
        return row

    def source(self, at: int) -> int:
        """The key of the file."""
        source: int = self._row(at)[1]
        return source

    def path(self, at: int) -> str:
        """The path of the file."""
        return self._paths[self.source(at)]

    def span(self, at: int) -> Span:
        """The place in it."""
        _, _, start_line, start_column, end_line, end_column, cell = self._row(at)
        return Span(start_line, start_column, end_line, end_column, cell)
