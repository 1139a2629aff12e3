"""The encoding that Python code declares in its first two lines (PEP 263)."""

from __future__ import annotations

import re
from typing import Final

_COMMENT: Final = re.compile(
    rb"(?:[ \t\f]*(?:#[^\r\n]*)?(?:\r\n|\r|\n))?[ \t\f]*#.*?coding[:=][ \t]*(?P<name>[-\w.]+)"
)
_CHARACTERS: Final = re.compile(
    r"(?:latin|iso[-_]?8859|cp\d|windows|koi8|mac|euc|gb|big5|shift|sjis|hz|iso2022|johab|l\d)[-_\w]*$",
    re.IGNORECASE,
)
"""Encodings of characters; Python has others, that unpack or encrypt."""


def declared_encoding(data: bytes) -> str | None:
    """The encoding of Python code that is not UTF-8; None where it declares none that is known."""
    match = _COMMENT.match(data[:400])
    if match is None:
        return None
    name = match["name"].decode("ascii", "replace")
    if not _CHARACTERS.match(name):
        return None
    try:
        "".encode(name)
    except LookupError:
        return None
    return name


def decode_python(data: bytes) -> str:
    """The text of Python code.

    Raises:
        UnicodeDecodeError: it is not in UTF-8, nor in what it declares.
    """
    return data.decode(declared_encoding(data) or "utf-8-sig")
