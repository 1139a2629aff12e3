"""Splits a Jinja template into data and tags, with exact offsets into the template.

Jinja's own lexer forgets where a stretch of data began (it strips whitespace and rewrites newlines), so
the split is made here. The rules are Jinja's: a tag ends at the first `}}` or `%}` that is outside a
string and outside brackets; `-` next to a tag takes the whitespace of the neighbouring data; the inside
of a raw block is data.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

PartKind = Literal["data", "output", "statement"]

_OPENING = re.compile(r"\{\{|\{%|\{#")
_RAW_OPENING = re.compile(r"\{%[-+]?\s*raw\s*[-+]?%\}")
_RAW_CLOSING = re.compile(r"\{%[-+]?\s*endraw\s*[-+]?%\}")
_INSIDE = re.compile(
    r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[({\[]|%\}|[)}\]]|;",
    re.DOTALL,
)
_OPENERS = frozenset("({[")
_CLOSERS = frozenset(")}]")
_SIGNS = {"{{": "-", "{%": "-+"}
_KEYWORD = re.compile(r"[A-Za-z_]\w*")
_LIKELY = re.compile(
    r"\{%[-+]?\s*(?:if|for|set|macro|block|include|import|from|extends|call|filter|raw|do|with|snapshot|test|"
    r"data_test|materialization|docs|autoescape)\b|\{\{-?\s*[\w'\"(\[{~-][^;]*?\}\}"
)


@dataclass(frozen=True, slots=True)
class Part:
    """`template[start:end]`: data that is output as it stands, or a whole tag with its braces."""

    kind: PartKind
    start: int
    end: int
    inner_start: int = 0
    """For a tag: where the code between the braces (and the `-` signs) starts."""
    inner_end: int = 0
    keyword: str = ""
    """The first word of a statement tag: `if`, `for`, `endfor`, `set`."""


def is_template(text: str) -> bool:
    """True when the text holds at least one Jinja tag. A brace pair with `;` inside is JavaScript, not a tag.
    Cheap: two substring searches for a text without braces.
    """
    return "{" in text and ("{{" in text or "{%" in text) and _LIKELY.search(text) is not None


def scan(text: str) -> list[Part]:
    """The parts of a template, in order. Comments and the whitespace that `-` removes belong to no part.

    Raises ValueError when a tag is not closed.
    """
    parts: list[Part] = []
    position = 0
    data_start = 0
    trim_next = False

    def add_data(end: int, trim_right: bool) -> None:
        start = data_start
        if trim_next:
            while start < end and text[start].isspace():
                start += 1
        if trim_right:
            while end > start and text[end - 1].isspace():
                end -= 1
        if start < end:
            parts.append(Part("data", start, end))

    while opening := _OPENING.search(text, position):
        start = opening.start()
        mark = opening.group()
        if mark == "{#":
            closing = text.find("#}", start + 2)
            if closing == -1:
                raise ValueError("a comment is not closed")
            add_data(start, text.startswith("-", start + 2))
            trim_next = text[closing - 1] == "-" and closing - 1 >= start + 2
            position = data_start = closing + 2
            continue
        if mark == "{%" and (raw := _RAW_OPENING.match(text, start)):
            raw_end = _RAW_CLOSING.search(text, raw.end())
            if raw_end is None:
                raise ValueError("a raw block is not closed")
            add_data(start, text.startswith("-", start + 2))
            trim_next = raw.group().endswith("-%}")
            data_start = raw.end()
            add_data(raw_end.start(), raw_end.group().startswith("{%-"))
            trim_next = raw_end.group().endswith("-%}")
            position = data_start = raw_end.end()
            continue
        part = _tag(text, start, mark)
        if part is None:
            position = start + 2
            continue
        add_data(start, text[start + 2 : start + 3] == "-")
        trim_next = text[part.end - 3] == "-" and part.end - 3 >= part.inner_end
        parts.append(part)
        position = data_start = part.end
    add_data(len(text), False)
    return parts


def _tag(text: str, start: int, mark: str) -> Part | None:
    """The tag that opens at `start`; None for braces of another language (a `;` outside strings)."""
    closing = "}}" if mark == "{{" else "%}"
    inner_start = start + 2
    if text[inner_start : inner_start + 1] in {"-", "+"}:
        inner_start += 1
    depth = 0
    position = inner_start
    while token := _INSIDE.search(text, position):
        found = token.group()
        position = token.end()
        if found == ";":
            return None
        if found in _OPENERS:
            depth += 1
        elif depth == 0 and text.startswith(closing, token.start()):
            inner_end = token.start()
            if inner_end > inner_start and text[inner_end - 1] in _SIGNS[mark]:
                inner_end -= 1
            keyword = _KEYWORD.match(text, _skip_space(text, inner_start)) if mark == "{%" else None
            return Part(
                kind="output" if mark == "{{" else "statement",
                start=start,
                end=token.start() + 2,
                inner_start=inner_start,
                inner_end=inner_end,
                keyword=keyword.group() if keyword else "",
            )
        elif found in _CLOSERS:
            depth = max(depth - 1, 0)
    raise ValueError("a tag is not closed")


def _skip_space(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position
