"""The texts of scanned files, read again when someone wants to see a line."""

from __future__ import annotations

import json
from collections.abc import Mapping

from costguard.declared_encoding import decode_python
from costguard.packed_files import PackedFiles, read_file


class SourceTexts:
    """Texts by path as reported. Notebooks are split into cells once."""

    def __init__(self, absolute: Mapping[str, str], packed: PackedFiles | None = None) -> None:
        self._absolute = absolute
        self._packed = packed
        self._texts: dict[str, str | None] = {}
        self._cells: dict[str, list[str]] = {}

    def text(self, path: str, cell: int | None = None) -> str | None:
        """The text of a file, or of a cell (1-based) of a notebook; None when it cannot be read."""
        if path not in self._texts:
            self._texts[path] = self._read(path)
        text = self._texts[path]
        if cell is None or text is None:
            return text
        if path not in self._cells:
            self._cells[path] = _cells(text)
        cells = self._cells[path]
        return cells[cell - 1] if 0 < cell <= len(cells) else None

    def cells(self, path: str) -> int:
        """How many cells a notebook has; 0 for any other file."""
        if not path.endswith(".ipynb"):
            return 0
        self.text(path, 1)
        return len(self._cells.get(path, ()))

    def _read(self, path: str) -> str | None:
        absolute = self._absolute.get(path)
        if absolute is None:
            return None
        try:
            data = read_file(absolute, self._packed)
            text = decode_python(data) if path.endswith(".py") else data.decode("utf-8-sig")
        except (OSError, UnicodeDecodeError):
            return None
        return text.replace("\r\n", "\n").replace("\r", "\n")


def _cells(text: str) -> list[str]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return []
    cells = document.get("cells") if isinstance(document, dict) else None
    found: list[str] = []
    for cell in cells if isinstance(cells, list) else ():
        source = cell.get("source", cell.get("input")) if isinstance(cell, dict) else None
        lines = source if isinstance(source, list) else [source]
        found.append("".join(line for line in lines if isinstance(line, str)))
    return found
