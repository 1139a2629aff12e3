"""Tells SQL that is nested deeper than a parser bears, before it is parsed.

The compiled parser recurses on the C stack: past its end the process is gone, and no `RecursionError` says so.
"""

from __future__ import annotations

import re
from typing import Final

from costguard.extract.script_lexer import tokens

DEEPEST_NESTING: Final = 200
"""Levels of parentheses. From about 700 on sqlglot runs out of stack, and tries again at every level."""
DEEPEST_STRUCT: Final = 10
"""Levels of STRUCT( in STRUCT(. An error inside costs sqlglot twice the time for each level."""
DEEPEST_TYPE: Final = 40
"""Levels of types in types, `ARRAY<STRUCT<...>>`; BigQuery itself allows 15."""
LONGEST_CHAIN: Final = 50
"""Links of `a[0][1]...`, `x -> y -> ...` or `COLLATE ... COLLATE ...`: each is a level, or costs a new attempt."""

_NOT_BRACKETS: Final = re.compile(r"[^()\[\]]+")
_TYPE: Final = re.compile(r"\b(?:ARRAY|STRUCT|MAP|ROW|RANGE)\s*<|>")
_CHAINS: Final = tuple(
    (mark, re.compile(pattern % LONGEST_CHAIN))
    for mark, pattern in (
        ("[", r"(?:\[[^\[\]]*\]\s*){%d}"),
        ("->", r"(?:\w+\s*->\s*){%d}"),
        ("COLLATE", r"(?:\bCOLLATE\s+\S+\s*){%d}"),
    )
)


def too_deep(text: str, upper: str | None = None) -> bool:
    """Whether a statement is deeper than real SQL goes, and deep enough to run out of stack or of time.

    `upper`: the text in upper case, when the caller has it already.

    >>> too_deep("SELECT " + "(" * 201 + "1" + ")" * 201), too_deep("SELECT ((1))")
    (True, False)
    >>> too_deep("SELECT CAST(x AS " + "ARRAY<STRUCT<a " * 30 + "INT64" + ">>" * 30 + ")")
    True
    """
    upper = text.upper() if upper is None else upper
    return _brackets_too_deep(text, upper) or _types_too_deep(upper) or _chains_too_long(upper)


def _types_too_deep(upper: str) -> bool:
    if upper.count("<") <= DEEPEST_TYPE:
        return False
    depth = 0
    for match in _TYPE.finditer(upper):
        if match[0] == ">":
            depth = max(depth - 1, 0)
        else:
            depth += 1
            if depth > DEEPEST_TYPE:
                return True
    return False


def _chains_too_long(upper: str) -> bool:
    return any(upper.count(mark) >= LONGEST_CHAIN and chain.search(upper) for mark, chain in _CHAINS)


def _brackets_too_deep(text: str, upper: str) -> bool:
    cases = upper.count("CASE")
    allowed = DEEPEST_STRUCT if "STRUCT" in upper else DEEPEST_NESTING
    if text.count("(") + text.count("[") + cases <= allowed:
        return False
    depth = deepest = 0
    # A rough count, strings included, is fast and settles nearly every statement.
    for bracket in _NOT_BRACKETS.sub("", text):
        if bracket in "([":
            depth += 1
            deepest = max(deepest, depth)
        elif depth:
            depth -= 1
    if deepest <= allowed and cases <= DEEPEST_NESTING:
        return False
    opened: list[bool] = []
    struct_depth, previous = 0, ""
    for token in tokens(text, 0):
        if token.text in ("(", "[", "CASE"):
            opened.append(previous == "STRUCT")
            struct_depth += previous == "STRUCT"
            if len(opened) > DEEPEST_NESTING or struct_depth > DEEPEST_STRUCT:
                return True
        elif token.text in (")", "]", "END") and opened:
            struct_depth -= opened.pop()
        previous = token.text
    return False
