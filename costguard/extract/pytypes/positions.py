"""Where syntax nodes stand in the source."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass

Offsets = Callable[[int, int], tuple[int, int | None]]
"""(1-based line, 0-based column in UTF-8 bytes) to (character offset in its text, notebook cell or None)."""


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of a text."""

    start: int
    end: int
    cell: int | None


def place(node: ast.expr | ast.stmt | ast.arg, offsets: Offsets) -> Place:
    """The whole of a node."""
    return between(node, node, offsets)


def between(
    first: ast.expr | ast.stmt | ast.arg, last: ast.expr | ast.stmt | ast.arg, offsets: Offsets
) -> Place:
    """From the first character of one node to the end of another."""
    start, cell = offsets(first.lineno, first.col_offset)
    end, _ = offsets(last.end_lineno or last.lineno, last.end_col_offset or last.col_offset)
    return Place(start, end, cell)


def shortened(text: str, length: int) -> str:
    """One line of at most `length` characters."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 3] + "..."


def written(node: ast.AST | None, length: int) -> str:
    """The code of a node on one line; long literals are not spelled out first only to be cut."""
    if node is None:
        return ""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) > 4 * length:
        return shortened(repr(node.value[: 2 * length]), length)
    return shortened(ast.unparse(node), length)
