"""Text on a grid of terminal cells: how wide it is, where it is cut, and which characters may be shown.

Code of a stranger is shown, so nothing in it may steer the terminal: escape sequences, and the marks that reorder
text so that a reader sees another program than the one that runs, become visible stand-ins.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Final

ELLIPSIS: Final = "…"
_UNSAFE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def harmless(text: str) -> str:
    r"""The text with each control, format and unassigned character replaced by one visible character.

    >>> harmless("a\x1b[31mb\tc\u202e")
    'a␛[31mb␉c�'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_harmless, text))


def _harmless(char: str) -> str:
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    return "�" if unicodedata.category(char) in _UNSAFE else char


def cell_width(char: str) -> int:
    """How many cells a character takes: none for a combining mark, two for a wide one."""
    if char.isascii():
        return 1
    if unicodedata.combining(char) or unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def text_width(text: str) -> int:
    """How many cells a text takes.

    >>> text_width("abc"), text_width("日本"), text_width("e\u0301")
    (3, 4, 1)
    """
    return len(text) if text.isascii() else sum(map(cell_width, text))


def cut_end(text: str, width: int) -> str:
    """The text in at most so many cells, an ellipsis where its end was.

    >>> cut_end("costguard", 5), cut_end("cost", 5)
    ('cost…', 'cost')
    """
    if text_width(text) <= width:
        return text
    return _fitting(text, width - 1) + ELLIPSIS


def cut_start(text: str, width: int) -> str:
    """The text in at most so many cells, an ellipsis where its start was: the end of a path says more.

    >>> cut_start("models/marts/orders.sql", 12)
    '…/orders.sql'
    """
    if text_width(text) <= width:
        return text
    return ELLIPSIS + _fitting(text[::-1], width - 1)[::-1]


def _fitting(text: str, width: int) -> str:
    used = 0
    for index, char in enumerate(text):
        used += cell_width(char)
        if used > width:
            return text[:index]
    return text


def wrap(text: str, width: int) -> Iterator[str]:
    """Lines of at most so many cells, broken at spaces; a longer word has a line to itself.

    >>> list(wrap("one two three", 8))
    ['one two', 'three']
    """
    for paragraph in text.split("\n"):
        line, used = "", 0
        for word in harmless(paragraph).split(" "):
            size = text_width(word)
            if line and used + 1 + size > width:
                yield line
                line, used = word, size
            else:
                line = f"{line} {word}" if line else word
                used += size + (1 if used else 0)
        yield line
