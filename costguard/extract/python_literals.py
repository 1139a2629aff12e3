"""Maps the value of a Python string literal back to the characters it was written with."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LiteralText:
    """A known stretch of a string's value and where it is written."""

    text: str
    start: int
    end: int
    verbatim: bool


@dataclass(frozen=True, slots=True)
class LiteralField:
    """A replacement field of an f-string, braces included in the range."""

    expression: str
    start: int
    end: int
    shows_expression: bool
    """True for `{x=}`, which also prints its own source."""


LiteralPart = LiteralText | LiteralField

_OPENING = re.compile(r"([A-Za-z]{0,3})('''|\"\"\"|'|\")")
_NOTABLE = re.compile(r"[\\{}'\"]")
_BETWEEN = re.compile(r"(?:[ \t\f\r\n]+|\\\r?\n|#[^\r\n]*)+")
_SPECIAL = re.compile(
    r"\\(?:N\{[^}]*\}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{1,3}|\r\n|[\s\S])|\r\n?"
)
_RAW_SPECIAL = re.compile(r"\r\n?")
_SIMPLE_ESCAPES = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "\\": "\\",
    "'": "'",
    '"': '"',
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "v": "\v",
}


def scan_string(text: str, start: int, end: int) -> list[LiteralPart] | None:
    """The parts of the string literals written in `text[start:end]`, in order.

    Implicitly concatenated literals with comments and line breaks in between are one string. None when
    the range holds anything else.
    """
    parts: list[LiteralPart] = []
    position = start
    while position < end:
        gap = _BETWEEN.match(text, position, end)
        if gap:
            position = gap.end()
            continue
        opening = _OPENING.match(text, position, end)
        if not opening:
            return None
        prefix = opening.group(1).lower()
        closing = _scan_one(text, opening.end(), end, opening.group(2), "r" in prefix, "f" in prefix, parts)
        if closing is None:
            return None
        position = closing
    return parts


def _scan_one(
    text: str, position: int, limit: int, quote: str, raw: bool, formatted: bool, parts: list[LiteralPart]
) -> int | None:
    """Appends the parts of one literal whose body begins at `position`; returns where it ends."""
    chunk = position
    while match := _NOTABLE.search(text, position, limit):
        position = match.start()
        character = match.group()
        if character == "\\":
            if not raw and text.startswith("N{", position + 1):
                position = text.find("}", position, limit) + 1 or limit
            else:
                position += 2
        elif text.startswith(quote, position):
            _add_text(text, chunk, position, raw, parts)
            return position + len(quote)
        elif formatted and character in "{}":
            _add_text(text, chunk, position, raw, parts)
            if text.startswith(character * 2, position):
                parts.append(LiteralText(character, position, position + 2, False))
                position += 2
            elif character == "{":
                field = _scan_field(text, position, limit)
                if field is None:
                    return None
                parts.append(field)
                position = field.end
            else:
                return None
            chunk = position
        else:
            position += 1
    return None


def _add_text(text: str, start: int, end: int, raw: bool, parts: list[LiteralPart]) -> None:
    position = start
    for match in (_RAW_SPECIAL if raw else _SPECIAL).finditer(text, start, end):
        if match.start() > position:
            parts.append(LiteralText(text[position : match.start()], position, match.start(), True))
        value = _unescape(match.group())
        parts.append(LiteralText(value, match.start(), match.end(), value == match.group()))
        position = match.end()
    if end > position:
        parts.append(LiteralText(text[position:end], position, end, True))


def _unescape(escape: str) -> str:
    if escape[0] == "\r":
        return "\n"
    body = escape[1:]
    if body in _SIMPLE_ESCAPES:
        return _SIMPLE_ESCAPES[body]
    if body in ("\n", "\r", "\r\n"):
        return ""
    if body[0] in "01234567":
        return chr(int(body, 8))
    if body[0] in "xuU" and len(body) > 1:
        code = int(body[1:], 16)
        return chr(code) if code < 0x110000 else escape
    if body.startswith("N{"):
        try:
            return unicodedata.lookup(body[2:-1])
        except KeyError:
            return escape
    return escape


def _scan_field(text: str, start: int, limit: int) -> LiteralField | None:
    """The replacement field whose `{` is at `start`."""
    position = start + 1
    depth = 0
    expression_end: int | None = None
    while position < limit:
        character = text[position]
        if character in "'\"":
            skipped = _skip_nested_string(text, position, limit)
            if skipped is None:
                return None
            position = skipped
            continue
        if character in "([{":
            depth += 1
        elif character in ")]}" and depth:
            depth -= 1
        elif character == "}":
            break
        elif depth == 0 and character == "!" and text[position + 1 : position + 2] != "=":
            expression_end = expression_end or position
        elif depth == 0 and character == ":":
            expression_end = expression_end or position
            closing = _skip_format_specification(text, position + 1, limit)
            if closing is None:
                return None
            position = closing
            break
        position += 1
    if position >= limit:
        return None
    expression = text[start + 1 : expression_end or position].strip()
    shows = expression.endswith("=") and not expression.endswith(("==", "!=", "<=", ">="))
    return LiteralField(expression.rstrip("= ") if shows else expression, start, position + 1, shows)


def _skip_nested_string(text: str, start: int, limit: int) -> int | None:
    quote = text[start] * 3 if text.startswith(text[start] * 3, start) else text[start]
    position = start + len(quote)
    while position < limit:
        if text[position] == "\\":
            position += 2
        elif text.startswith(quote, position):
            return position + len(quote)
        else:
            position += 1
    return None


def _skip_format_specification(text: str, position: int, limit: int) -> int | None:
    depth = 0
    while position < limit:
        if text[position] == "{":
            depth += 1
        elif text[position] == "}":
            if not depth:
                return position
            depth -= 1
        position += 1
    return None
