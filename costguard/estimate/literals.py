"""GoogleSQL literals as predicate trees: what a user may give as the value of a parameter."""

from __future__ import annotations

import re
from typing import Any, Final

Json = Any

_TYPED: Final = re.compile(r"(DATE|DATETIME|TIMESTAMP|TIME)\s*(?=['\"])", re.IGNORECASE)
_QUOTED: Final = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")


def parse_literal(text: str) -> Json | None:
    """The predicate tree of a literal: text, number, TRUE, NULL, DATE '...' and its kin, arrays of these.

    None when it is no literal.

    >>> parse_literal("DATE '2026-01-01'"), parse_literal("7"), parse_literal("['a', 'b']")
    (['date', '2026-01-01'], ['num', '7'], ['array', [['str', 'a'], ['str', 'b']]])
    """
    text = text.strip()
    word = text.upper()
    if word in ("TRUE", "FALSE"):
        return ["bool", word == "TRUE"]
    if word == "NULL":
        return ["null"]
    if _NUMBER.fullmatch(text):
        return ["num", text.removeprefix("+")]
    if text.startswith("[") and text.endswith("]"):
        return _array(text[1:-1])
    typed = _TYPED.match(text)
    kind = "str"
    if typed is not None:
        kind, text = typed[1].lower(), text[typed.end() :]
    if _QUOTED.fullmatch(text) is None:
        return None
    return [kind, re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)]


def _array(inner: str) -> Json | None:
    items: list[Json] = []
    start = 0
    for place in _commas(inner):
        item = parse_literal(inner[start:place])
        if item is None:
            return None if inner.strip() else ["array", []]
        items.append(item)
        start = place + 1
    return ["array", items]


def _commas(text: str) -> list[int]:
    """Positions of the commas outside of quotes, and the end."""
    covered = [match.span() for match in _QUOTED.finditer(text)]
    found = [
        place
        for place, letter in enumerate(text)
        if letter == "," and not any(start <= place < end for start, end in covered)
    ]
    return [*found, len(text)]
