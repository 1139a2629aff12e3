"""Finds the ends of SQL statements without reading every token.

Two speeds: `statement_end` jumps from one string, comment or semicolon to the next, which is all that a
plain statement needs; `tokens` and `scan` also see words and parentheses, for the procedural language.
Nothing here raises on any text: an unterminated quote counts as one ordinary character, so that a broken
statement cannot swallow the ones after it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

# In GoogleSQL a backslash hides the character after it in every string, raw ones included, so prefixes
# (r, b, rb, br) do not change where a string ends and need not be recognised here.
_GOOGLE_STRING: Final = (
    r'"""(?:[^"\\]++|\\.|"(?!""))*+"""'
    r"|'''(?:[^'\\]++|\\.|'(?!''))*+'''"
    r'|"(?:[^"\\\n]++|\\.)*+"'
    r"|'(?:[^'\\\n]++|\\.)*+'"
    r"|`(?:[^`\\\n]++|\\.)*+`"
)
_SPARK_STRING: Final = r'"(?:[^"\\]++|\\.)*+"' r"|'(?:[^'\\]++|\\.)*+'" r"|`[^`]*+`"
_STANDARD_STRING: Final = r'"[^"]*+"' r"|'[^']*+'" r"|`[^`]*+`"
_BLOCK_COMMENT: Final = r"/\*.*?(?:\*/|\Z)"
_COMMENT: Final = r"--[^\n]*+|" + _BLOCK_COMMENT
_GOOGLE_COMMENT: Final = r"\#[^\n]*+|" + _COMMENT

_STRINGS: Final = {"bigquery": _GOOGLE_STRING, "spark": _SPARK_STRING, "databricks": _SPARK_STRING}
_QUOTES: Final = frozenset("\"'`")

BLANK: Final = re.compile(rf"(?:\s++|{_GOOGLE_COMMENT})*+", re.S)
"""White space and comments of GoogleSQL."""
_BLANK_STANDARD: Final = re.compile(rf"(?:\s++|{_COMMENT})*+", re.S)

_TOKEN: Final = re.compile(
    rf"(?P<comment>{_GOOGLE_COMMENT})"
    rf"|(?P<string>[rRbB]{{0,2}}(?:{_GOOGLE_STRING}))"
    r"|(?P<member>\.\s*+[A-Za-z_]\w*+|@++\w++)"
    r"|(?P<word>[A-Za-z_]\w*+)"
    r"|(?P<number>\d[\w.]*+)"
    r"|(?P<mark>\|\||[^\s])",
    re.S,
)


class Token(NamedTuple):
    """A token of GoogleSQL, comments left out."""

    kind: str
    """`string` (backticked names too), `member` (`.name` or `@parameter`), `word`, `number` or `mark`."""
    start: int
    end: int
    text: str
    """Words in upper case, anything else as written."""


@dataclass(frozen=True, slots=True)
class Scan:
    """Where a scan stopped, and what it saw on the way."""

    end: int
    """Offset after the last token before the stop."""
    stop: str
    """The word, `;` or `)` that ended the scan; empty at the end of the text."""
    stop_start: int
    stop_end: int
    has_query: bool
    """A SELECT, or a FROM right after a parenthesis, was among the tokens."""


@cache
def boundaries(dialect: str) -> re.Pattern[str]:
    """Matches whatever can hide or be the end of a statement: strings, comments and semicolons."""
    comment = _GOOGLE_COMMENT if dialect == "bigquery" else _COMMENT
    return re.compile(rf"{comment}|{_STRINGS.get(dialect, _STANDARD_STRING)}|;", re.S)


def skip_blank(text: str, position: int, dialect: str = "bigquery") -> int:
    """The offset of the first character at or after `position` that is neither space nor comment."""
    pattern = BLANK if dialect == "bigquery" else _BLANK_STANDARD
    match = pattern.match(text, position)
    return position if match is None else match.end()


def statement_end(text: str, start: int, dialect: str = "bigquery") -> tuple[int, int]:
    """The end of the statement at `start` without trailing comments, and where the next one may begin."""
    comments: list[tuple[int, int]] = []
    for match in boundaries(dialect).finditer(text, start):
        first = text[match.start()]
        if first == ";":
            return _without_comments(text, start, match.start(), comments), match.end()
        if first not in _QUOTES:
            comments.append(match.span())
    return _without_comments(text, start, len(text), comments), len(text)


def _without_comments(text: str, start: int, end: int, comments: list[tuple[int, int]]) -> int:
    """Moves `end` back over white space and over the comments that nothing follows."""
    while True:
        while end > start and text[end - 1].isspace():
            end -= 1
        if not comments or comments[-1][1] < end or comments[-1][0] < start:
            return end
        end = comments.pop()[0]


def tokens(text: str, start: int, end: int | None = None) -> Iterator[Token]:
    """The tokens of `text[start:end]`, read as GoogleSQL."""
    for match in _TOKEN.finditer(text, start, len(text) if end is None else end):
        kind = match.lastgroup
        if kind is None or kind == "comment":
            continue
        written = match.group()
        yield Token(kind, match.start(), match.end(), written.upper() if kind == "word" else written)


def scan(text: str, position: int, stops: frozenset[str] = frozenset(), limit: int | None = None) -> Scan:
    """Reads on to a semicolon, or to one of `stops`: words in upper case, outside parentheses and CASE.

    With `)` among the stops, the scan also ends at the parenthesis that closes the one it started in.
    """
    length = len(text) if limit is None else limit
    end, depth, cases, has_query = position, 0, 0, False
    previous = ""
    for token in tokens(text, position, length):
        kind, written = token.kind, token.text
        if kind == "mark":
            if written == ";":
                return Scan(end, ";", token.start, token.end, has_query)
            if written == "(":
                depth += 1
            elif written == ")":
                if depth == 0 and ")" in stops:
                    return Scan(end, ")", token.start, token.end, has_query)
                depth = max(depth - 1, 0)
        elif kind == "word":
            if written == "SELECT" or (written == "FROM" and previous == "("):
                has_query = True
            if depth == 0 and cases == 0 and written in stops:
                return Scan(end, written, token.start, token.end, has_query)
            if written == "CASE":
                cases += 1
            elif written == "END":
                cases = max(cases - 1, 0)
        previous = written
        end = token.end
    return Scan(end, "", length, length, has_query)
