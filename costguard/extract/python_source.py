"""Reads Python text into a syntax tree and turns its positions into character offsets."""

from __future__ import annotations

import ast
import re
import warnings
from bisect import bisect_right

from costguard.model import Unread

_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_PYTHON_2 = re.compile(
    r"^[ \t]*(?:print[ \t]+[\"'\w]|except[ \t]+\w+[ \t]*,[ \t]*\w+:|exec[ \t]+[\"'])", re.MULTILINE
)


class SourceMap:
    """Python text with a way from (line, UTF-8 byte column) of a syntax node to character offsets."""

    __slots__ = ("_ascii", "_ends", "_starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        # A byte order mark is no part of the program: Python counts the first line's columns after it.
        starts = [1 if text.startswith("\ufeff") else 0]
        ends = []
        for match in _LINE_BREAK.finditer(text):
            ends.append(match.start())
            starts.append(match.end())
        ends.append(len(text))
        self._starts = starts
        self._ends = ends
        self._ascii = text.isascii()

    def offset(self, line: int, byte_column: int) -> int:
        """The character offset of a 1-based line and a 0-based column counted in UTF-8 bytes."""
        start = self._starts[line - 1]
        if self._ascii or byte_column == 0:
            return start + byte_column
        line_text = self.text[start : self._ends[line - 1]]
        if line_text.isascii():
            return start + byte_column
        return start + len(line_text.encode("utf-8", "surrogatepass")[:byte_column].decode("utf-8", "ignore"))

    def start(self, node: ast.expr | ast.stmt) -> int:
        """The character offset of the first character of a node."""
        return self.offset(node.lineno, node.col_offset)

    def end(self, node: ast.expr | ast.stmt) -> int:
        """The character offset just after a node."""
        if node.end_lineno is None or node.end_col_offset is None:
            return self.start(node)
        return self.offset(node.end_lineno, node.end_col_offset)

    def segment(self, node: ast.expr | ast.stmt) -> str:
        """The text of a node."""
        return self.text[self.start(node) : self.end(node)]

    def line_of(self, offset: int) -> int:
        """The 1-based line that holds a character offset."""
        return max(bisect_right(self._starts, offset), 1)


def parse_python(text: str) -> ast.Module | Unread:
    """The syntax tree of a module, or why there is none. Never raises on bad input.

    Warnings about the scanned text (an invalid escape, `is` with a literal) are nobody's business here.
    """
    body = text[1:] if text.startswith("\ufeff") else text
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(body)
        except SyntaxError as error:
            offset = _error_offset(text, error)
            detail = error.msg or "invalid syntax"
            if _PYTHON_2.search(text):
                detail = f"looks like Python 2: {detail}"
            return Unread("Python syntax error", detail, offset, offset)
        except ValueError as error:
            return Unread("Python syntax error", str(error))
        except (RecursionError, MemoryError):
            return Unread("Python code nested too deeply")


def _error_offset(text: str, error: SyntaxError) -> int:
    if not error.lineno:
        return 0
    position = 0
    for number, match in enumerate(_LINE_BREAK.finditer(text), start=2):
        if number > error.lineno:
            break
        position = match.end()
    return min(position + max((error.offset or 1) - 1, 0), len(text))
