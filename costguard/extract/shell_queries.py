"""Finds the queries of `bq query` commands in shell text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_SPACE = r"(?:[ \t]|\\\r?\n)+"
_COMMAND = re.compile(
    rf"(?<![\w./$-])bq(?:{_SPACE}-[^\s;|&]+(?:{_SPACE}(?!query\b)[^\s;|&-][^\s;|&]*)?)*{_SPACE}query(?=\s|$)"
)
"""Up to the SQL: global options, with a value of their own perhaps, stand before `query`."""
_TOKEN = re.compile(
    r"(?P<space>(?:[ \t]|\\\r?\n)+)|(?P<heredoc><<-?[ \t]*(?P<mark>['\"]?\w+['\"]?))|(?P<input><[ \t]*\S+)"
    r"|(?P<output>\d*>{1,2}&?[ \t]*[^\s;|]*)"
    r"|(?P<end>[\n;|&)]|\#)|(?P<word>(?:'[^']*'|\"(?:\\.|[^\"\\])*\"|\$\([^)]*\)|\\.|[^\s;|&<>'\"\\)])+)|(?P<other>.)",
    re.DOTALL,
)
ESCAPED = re.compile(r"\\([`\"$\\])")
"""What a backslash protects between double quotation marks."""


@dataclass(frozen=True, slots=True)
class ShellQuery:
    """A `bq query` command; offsets in the shell text."""

    start: int
    end: int
    options: str
    """What stands between `query` and the SQL."""
    sql_start: int
    sql_end: int
    """The SQL without its quotation marks; empty where it comes from elsewhere."""
    escapes: bool = False
    """The shell takes backslashes out of it."""


def mentions_queries(text: str) -> bool:
    """Whether there may be such a command; costs next to nothing where there is none."""
    return "bq" in text and "query" in text and _COMMAND.search(text) is not None


def shell_queries(text: str, start: int = 0, end: int | None = None) -> Iterator[ShellQuery]:
    """The `bq query` commands of `text[start:end]`."""
    limit = len(text) if end is None else end
    position = start
    while (match := _COMMAND.search(text, position, limit)) is not None:
        found = _query(text, match.start(), match.end(), limit)
        position = max(found.end, match.end())
        yield found


def _query(text: str, start: int, after: int, limit: int) -> ShellQuery:
    position = after
    sql: tuple[int, int] | None = None
    while position < limit:
        token = _TOKEN.match(text, position, limit)
        if token is None or token.lastgroup == "end":
            break
        if token.group("heredoc"):
            return _heredoc(text, start, after, token, limit)
        if token.group("input"):
            sql = None
        elif token.group("word") and not token.group().startswith("-"):
            sql = token.span()
        position = token.end()
    if sql is None:
        return ShellQuery(start, position, text[after:position], position, position)
    options, quote = text[after : sql[0]], text[sql[0]]
    if quote in "'\"" and text.find(quote, sql[0] + 1) > 0 and text[sql[1] - 1] == quote:
        return ShellQuery(start, position, options, sql[0] + 1, sql[1] - 1, quote == '"')
    return ShellQuery(start, position, options, *sql)


def _heredoc(text: str, start: int, after: int, token: re.Match[str], limit: int) -> ShellQuery:
    mark = token.group("mark").strip("'\"")
    line_end = text.find("\n", token.end(), limit)
    closing = re.compile(rf"^\t*{re.escape(mark)}[ \t]*$", re.MULTILINE).search(text, max(line_end, 0), limit)
    if line_end == -1 or closing is None:
        return ShellQuery(start, limit, text[after : token.start()], limit, limit)
    escapes = token.group("mark") == mark
    return ShellQuery(
        start, closing.end(), text[after : token.start()], line_end + 1, closing.start(), escapes
    )
