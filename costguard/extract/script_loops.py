"""How many turns does a FOR loop of a script take, when the code says so?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from costguard.extract.script_lexer import Token, scan, tokens
from costguard.extract.script_literals import list_length

_CHANGES_ROWS: Final = frozenset(
    {
        "WHERE",
        "JOIN",
        "CROSS",
        "LIMIT",
        "GROUP",
        "HAVING",
        "QUALIFY",
        "UNION",
        "INTERSECT",
        "EXCEPT",
        "DISTINCT",
    }
)

ValueSpan = Callable[[str], tuple[int, int] | None]


def written_turns(source: str, start: int, end: int, value_span: ValueSpan) -> int | None:
    """Rows of `SELECT ... FROM UNNEST(list)` for a literal list, a GENERATE_ARRAY of literals, or a variable
    (`value_span`) that holds one; None for any other query.

    >>> written_turns("SELECT * FROM UNNEST(['de', 'fr']) AS country", 0, 45, lambda name: None)
    2
    """
    written = list(tokens(source, start, end))
    texts = [token.text for token in written]
    if not texts or texts[0] != "SELECT" or "FROM" not in texts:
        return None
    at = texts.index("FROM")
    if texts[at + 1 : at + 3] != ["UNNEST", "("] or "(" in texts[:at]:
        return None
    inside = scan(source, written[at + 2].end, frozenset({")"}))
    outside = [token.text for token in written[:at]] + [
        t.text for t in written if t.start > inside.stop_start
    ]
    if inside.stop != ")" or _CHANGES_ROWS & set(outside) or "," in outside[at:]:
        return None
    argument = [token for token in written[at + 3 :] if token.end <= inside.end]
    if len(argument) == 1 and argument[0].kind == "word":
        span = value_span(source[argument[0].start : argument[0].end])
        if span is None:
            return None
        argument = list(tokens(source, *span))
    return _elements(source, argument)


def _elements(source: str, written: list[Token]) -> int | None:
    if not written:
        return None
    if written[0].text == "GENERATE_ARRAY":
        return _generated([token.text for token in written[1:]])
    return list_length(source, written[0].start, written[-1].end)


def _generated(arguments: list[str]) -> int | None:
    """Elements of GENERATE_ARRAY(first, last[, step]) for whole numbers with a positive step."""
    inner = arguments[1:-1]
    numbers = inner[::2]
    if (
        len(inner) not in (3, 5)
        or any(mark != "," for mark in inner[1::2])
        or not all(n.isdecimal() for n in numbers)
    ):
        return None
    first, last, step = int(numbers[0]), int(numbers[1]), int(numbers[2]) if len(numbers) == 3 else 1
    return None if step == 0 else max(0, (last - first) // step + 1)
