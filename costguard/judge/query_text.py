"""What may not stand in the text of a rule's query, whatever a parser makes of it.

A query is checked by one parser and run by another. Where the two read the same characters differently, something
could pass the first and mean more to the second: in block comments, for instance (`/*! code */`, and `/* /* */ code`).
So those few forms are refused in the text itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_TOKEN: Final = re.compile(
    r"""
    (?P<prefixed>(?<![A-Za-z0-9_])(?:[BENQRXbenqrx]|[Uu]&)')
  | (?P<string>'(?:[^']|'')*')
  | (?P<name>"(?:[^"]|"")*"|`[^`]*`)
  | (?P<comment>--[^\r\n]*)
  | (?P<block>/\*)
  | (?P<dollar>\$)
    """,
    re.VERBOSE,
)
_FILE_FUNCTION: Final = re.compile(r"\b((?:read|scan)_\w+)[\"`]?\s*\(", re.IGNORECASE)


def refused_forms(sql: str) -> Iterator[str]:
    """What a text may not hold, one phrase for each thing that is there.

    >>> list(refused_forms("SELECT 'pandas.read_csv(' AS a -- read_csv('x')"))
    []
    >>> list(refused_forms("SELECT 1 FROM read_csv('x') /* all of it */"))
    ['a comment begins with --, not with /*', "'read_csv': a query may only name fact tables, not functions or files"]
    """
    code: list[str] = []
    position = 0
    seen: set[str] = set()
    for match in _TOKEN.finditer(sql):
        kind = match.lastgroup or ""
        code.append(sql[position : match.start()])
        code.append(match[0] if kind == "name" else " ")
        position = match.end()
        if kind in _REFUSED and kind not in seen:
            seen.add(kind)
            yield _REFUSED[kind].format(match[0])
    code.append(sql[position:])
    for match in _FILE_FUNCTION.finditer("".join(code)):
        yield f"{match[1]!r}: a query may only name fact tables, not functions or files"


_REFUSED: Final = {
    "prefixed": "a text is written '...', without {} before it",
    "block": "a comment begins with --, not with /*",
    "dollar": "a text is written '...', not with $",
}
