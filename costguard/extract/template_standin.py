"""Puts a stand-in that parses in the place of every unknown value of a rendered SQL text.

What stands left and right of the unknown decides: a table or column name after FROM or next to a dot, a
literal after an operator, a condition after WHERE, a type in a cast, nothing where a whole clause is
missing, plain text inside quotes.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from costguard.extract.template_map import Origin, TrackedText, tracked
from costguard.extract.template_unknown import MARK, STRAY, decode
from costguard.extract.template_words import (
    CLAUSE_STARTS,
    COMPARISONS,
    CONDITION_AFTER,
    EXPRESSION_AFTER,
    LITERAL_AFTER,
    LITERAL_OPERATORS,
    NAME_AFTER,
    NUMBER_AFTER,
    NUMBER_OPERATORS,
    RESERVED,
)
from costguard.model import Hole, HoleKind


class _Token(NamedTuple):
    kind: str
    start: int
    end: int
    word: str


class _Found(NamedTuple):
    start: int
    end: int
    text: str
    kind: HoleKind | None
    """None: inside a comment, where nothing needs to be known."""
    name: str


@cache
def _lexer(backslash: bool, hash_comment: bool) -> re.Pattern[str]:
    one = r"(?:[^{0}\\]|\\.)*" if backslash else r"[^{0}]*"
    single, double = one.replace("{0}", "'"), one.replace("{0}", '"')
    triple = r"'''(?:[^\\]|\\.)*?'''|\"\"\"(?:[^\\]|\\.)*?\"\"\"|" if backslash else ""
    comment = r"--[^\n]*|/\*.*?\*/" + (r"|\#[^\n]*" if hash_comment else "")
    return re.compile(
        rf"(?P<comment>{comment})|(?P<hole>{MARK.pattern})"
        rf"|(?P<text>{triple}'{single}'|\"{double}\")|(?P<tick>`[^`]*`)"
        rf"|(?P<word>[^\W\d]\w*|@+\w+)|(?P<number>\d\w*)|(?P<sign><=|>=|<>|!=|\|\||=>|:=|==|\S)",
        re.DOTALL,
    )


def fill(text: str, dialect: str) -> tuple[str, tuple[Hole, ...]]:
    """`text` (tracked or not) with its unknown values replaced, and the holes in the new text."""
    if MARK.search(text) is None:
        return (text, ()) if STRAY.search(text) is None else (_without_strays(text), ())
    found = _replacements(text, dialect)
    pieces: list[str] = []
    holes: list[Hole] = []
    position = 0
    shift = 0
    for item in found:
        pieces.append(text[position : item.start])
        pieces.append(item.text)
        start = item.start + shift
        shift += len(item.text) - (item.end - item.start)
        if item.kind is not None:
            holes.append(Hole(start, item.end + shift, item.kind, item.name))
        position = item.end
    pieces.append(text[position:])
    filled = "".join(pieces)
    if isinstance(text, TrackedText):
        filled = tracked(filled, _moved(text.origins, found))
    return (filled if STRAY.search(filled) is None else _without_strays(filled)), tuple(holes)


def only_unknown(text: str) -> bool:
    """True when nothing but whitespace and signs is left of `text` without its unknown values."""
    return re.search(r"\w", STRAY.sub("", MARK.sub("", text))) is None


def _without_strays(text: str) -> str:
    """Halves of a mark that template code cut through become underscores: the length stays the same."""
    clean = STRAY.sub("_", text)
    return tracked(clean, text.origins) if isinstance(text, TrackedText) else clean


def _moved(origins: tuple[Origin, ...], found: list[_Found]) -> tuple[Origin, ...]:
    """The origins after the replacements: an origin that a replacement touches keeps its range."""
    result: list[Origin] = []
    start = 0
    index = 0
    debt = 0
    for origin in origins:
        end = start + origin.length
        length = origin.length + debt
        debt = 0
        while index < len(found) and found[index].start < end:
            item = found[index]
            length += len(item.text) - (item.end - item.start)
            index += 1
        if length < 0:
            length, debt = 0, length
        exact = origin.verbatim and length == origin.length
        result.append(Origin(length, origin.start, origin.end, exact))
        start = end
    return tuple(result)


def _replacements(text: str, dialect: str) -> list[_Found]:
    backslash = dialect in {"bigquery", "databricks", "spark", "snowflake", "mysql"}
    found: list[_Found] = []
    tokens: list[_Token] = []
    for match in _lexer(backslash, dialect in {"bigquery", "mysql"}).finditer(text):
        kind = match.lastgroup or ""
        start, end = match.span()
        word = ""
        if kind == "word":
            word = match.group().upper()
        elif kind == "sign":
            word = match.group()
        elif kind in {"comment", "text", "tick"}:
            inside: HoleKind | None = "literal" if kind == "text" else "name"
            for mark in MARK.finditer(text, start, end):
                expression, standin = decode(mark.group(1)), decode(mark.group(2))
                shown = standin or identifier(expression, reserved=False)
                found.append(
                    _Found(mark.start(), mark.end(), shown, None if kind == "comment" else inside, expression)
                )
            if kind == "comment":
                continue
        tokens.append(_Token(kind, start, end, word))
    found.extend(_outside_quotes(text, tokens))
    found.sort(key=lambda item: item.start)
    return found


def _outside_quotes(text: str, tokens: list[_Token]) -> list[_Found]:
    found: list[_Found] = []
    stack: list[str] = []
    between = False
    previous = before = None
    for index, token in enumerate(tokens):
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        if token.kind == "hole":
            mark = MARK.fullmatch(text, token.start, token.end)
            assert mark is not None
            expression, standin = decode(mark.group(1)), decode(mark.group(2))
            kind, shown = _choose(expression, standin, previous, before, following, token, stack, between)
            found.append(_Found(token.start, token.end, shown, kind, expression))
        elif token.word == "(":
            stack.append(previous.word if previous is not None else "")
        elif token.word == ")" and stack:
            stack.pop()
        if token.word == "BETWEEN":
            between = True
        elif token.word in {"WHERE", "SELECT"} or (previous is not None and previous.word == "AND"):
            between = False
        before, previous = previous, token
    return found


def _choose(
    expression: str,
    standin: str,
    previous: _Token | None,
    before: _Token | None,
    following: _Token | None,
    token: _Token,
    stack: list[str],
    between: bool,
) -> tuple[HoleKind, str]:
    """The kind and the text of the stand-in for one unknown value outside quotes."""
    name = identifier(expression)
    touches_left = previous is not None and previous.end == token.start
    touches_right = following is not None and following.start == token.end
    if standin and not (
        touches_left and previous is not None and previous.kind in {"word", "number", "hole"}
    ):
        return "literal", standin if standin.isdigit() else f"'{standin}'"
    if (
        touches_left
        and previous is not None
        and (previous.word == "." or previous.kind in {"word", "number", "hole"})
    ):
        if previous.kind == "hole" and not touches_right:
            return "name", f"_{identifier(expression, reserved=False)}"
        return "name", standin or identifier(expression, reserved=previous.word == ".")
    if touches_right and following is not None and following.word in {".", "("}:
        return "name", name
    if touches_right and following is not None and following.kind in {"word", "number", "hole"}:
        return "name", identifier(expression, reserved=False)
    left = previous.word if previous is not None else ""
    right = following.word if following is not None else ""
    if previous is None or left == ";":
        return "clause", f"/*{name}*/"
    if right == "AS" and left in {"WITH", ",", "RECURSIVE", ")"}:
        return "name", name
    if left == "WITH":
        return "clause", f"{name} AS (SELECT 1)"
    if left == "<" and before is not None and before.word in {"STRUCT", "ARRAY", "TABLE"}:
        if before.word == "ARRAY":
            return "name", "STRING"
        return "name", f"{name} STRING" if right in {",", ">"} else name
    if left in NAME_AFTER:
        return "name", name
    if left == "AS":
        if stack and stack[-1] in {"CAST", "SAFE_CAST", "TRY_CAST"}:
            return "name", "STRING"
        return "name", name
    if left == "AND" and between:
        return "literal", f"'{name}'"
    if left in CONDITION_AFTER:
        compared = right in COMPARISONS or right in LITERAL_OPERATORS or right in NUMBER_OPERATORS
        return ("name", name) if compared else ("condition", "TRUE")
    if left in NUMBER_AFTER or left in NUMBER_OPERATORS:
        return "literal", "1"
    if left in LITERAL_OPERATORS or left in LITERAL_AFTER:
        return "literal", f"'{name}'"
    if left == "IN":
        return "list", f"('{name}')"
    if left in {"(", "["} or left == ",":
        if stack and stack[-1] == "IN":
            return "list", f"'{name}'"
        if left == "(" and right in {"SELECT", "WITH"}:
            return "clause", f"/*{name}*/"
        return "name", name
    if left in EXPRESSION_AFTER:
        return "name", name
    if right in CLAUSE_STARTS or following is None or right in {")", ";", ","} or left == ")":
        return "clause", f"/*{name}*/"
    return "unknown", f"/*{name}*/" if previous.kind in {"word", "tick", "text", "number"} else name


def identifier(expression: str, reserved: bool = True) -> str:
    """A name for an expression: letters, digits and `_`, at most 40; no reserved word when `reserved`."""
    name = re.sub(r"\W+", "_", expression, flags=re.ASCII).strip("_")[:40] or "unknown"
    if name[0].isdigit():
        name = f"x{name}"
    return f"{name}_" if reserved and name.upper() in RESERVED else name
