"""Which words of Python code are only text about code: docstrings."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Iterator
from typing import Final

_NOTHING: Final = frozenset(
    {tokenize.ENCODING, tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT}
)
"""Tokens that may stand before a statement."""
_ENDS: Final = frozenset({tokenize.NEWLINE, tokenize.ENDMARKER})
_OPENS: Final = getattr(tokenize, "FSTRING_START", -1)
_CLOSES: Final = getattr(tokenize, "FSTRING_END", -1)
"""From Python 3.12 on an f-string is several tokens."""


def is_python(path: str, text: str, cell: int | None) -> bool:
    """Whether a text is Python: a file by its name, a cell of a notebook unless a magic has all of it."""
    if cell is None:
        return path.endswith((".py", ".pyi"))
    return not text.lstrip().startswith("%%")


def without_docstrings(text: str) -> str:
    r"""Python code with dots for the letters of its docstrings, and of other texts that nothing takes.

    >>> without_docstrings('def f():\n    "a"\n    return "b"')
    'def f():\n    ...\n    return "b"'
    """
    lines = text.split("\n")
    for (first, start), (last, end) in _lone_texts(text):
        for number in range(first - 1, last):
            line = lines[number]
            left = start if number == first - 1 else 0
            right = end if number == last - 1 else len(line)
            lines[number] = line[:left] + "." * (right - left) + line[right:]
    return "\n".join(lines)


_Place = tuple[int, int]


def _lone_texts(text: str) -> Iterator[tuple[_Place, _Place]]:
    """Start and end (line from 1, column from 0) of statements that are nothing but text."""
    start: _Place | None = None
    end = (0, 0)
    fresh, depth = True, 0
    for token in _tokens(text):
        if token.type in _ENDS or (token.type == tokenize.OP and token.string == ";"):
            if start is not None:
                yield start, end
            start, fresh = None, True
        elif depth or token.type in (tokenize.STRING, _OPENS):
            depth += (token.type == _OPENS) - (token.type == _CLOSES)
            if fresh:
                start = token.start
            fresh, end = False, token.end
        elif token.type not in _NOTHING:
            start, fresh = None, False


def _tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    """The tokens, as far as they can be told: what follows a place that is no Python stays as it is."""
    try:
        yield from tokenize.generate_tokens(io.StringIO(text).readline)
    except (tokenize.TokenError, SyntaxError):  # a magic in a cell, or code that is not finished
        return
