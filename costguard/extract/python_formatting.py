"""String templates: `%`, `.format`, `string.Template`, Jinja and placeholders left in the text.

Each function takes the pieces of a template and gives the pieces of the result, gaps where the value is
not known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from costguard.extract.python_values import (
    DictValue,
    ListValue,
    ObjectValue,
    Piece,
    ScalarValue,
    StringValue,
    Value,
    constant,
    cut,
    fill,
    marked_optional,
)

_PERCENT = re.compile(
    r"%(?:\((?P<name>[^)]*)\))?(?P<flags>[-#0 +]*\d*(?:\.\d+)?)[hlL]?(?P<kind>[sdifgeruxXoc%])"
)
_BRACES = re.compile(r"\{\{|\}\}|\{(?P<field>[^{}!:]*)(?:![rsa])?(?::(?:[^{}]|\{[^{}]*\})*)?\}")
_TEMPLATE = re.compile(r"\$(?:(?P<escape>\$)|(?P<name>[A-Za-z_]\w*)|\{(?P<braced>[A-Za-z_]\w*)\})")
_JINJA = re.compile(r"\{\{-?(?P<expression>.{0,500}?)-?\}\}|\{%.{0,1000}?%\}|\{#.{0,2000}?#\}", re.DOTALL)
"""Bounded, so that a text full of opening braces costs linear time."""
_PLACEHOLDER = re.compile(
    r"\$?\{(?P<braced>[A-Za-z_][\w.]*|\d+)(?::\w*)?\}|(?<![\w$])\$(?P<dollar>[A-Za-z_]\w*)|%\((?P<named>\w+)\)[sd]|(?<!%)%s(?!\w)"
)

Lookup = Callable[[str], "Value | None"]
Replacer = Callable[["re.Match[str]", Piece], "tuple[Piece, ...]"]


def replace_matches(
    pieces: Sequence[Piece], pattern: re.Pattern[str], replacer: Replacer
) -> tuple[Piece, ...]:
    """Pieces with every match inside known text replaced; `replacer` gets the match and the matched piece.

    A match may go over several pieces: `{{{{ ds }}}}` in an f-string is five of them.
    """
    result: list[Piece] = []
    run: list[Piece] = []
    for piece in pieces:
        if piece.expression:
            result.extend(_replace_in_run(run, pattern, replacer))
            run = []
            result.append(piece)
        else:
            run.append(piece)
    result.extend(_replace_in_run(run, pattern, replacer))
    return tuple(result)


def _replace_in_run(run: Sequence[Piece], pattern: re.Pattern[str], replacer: Replacer) -> list[Piece]:
    text = "".join(piece.text for piece in run)
    result: list[Piece] = []
    position = 0
    for match in pattern.finditer(text):
        result.extend(slice_pieces(run, position, match.start()))
        matched = slice_pieces(run, match.start(), match.end())
        whole = matched[0] if matched else Piece("", 0, 0, verbatim=False)
        if len(matched) > 1:
            whole = Piece(
                match.group(), matched[0].start, matched[-1].end, verbatim=False, optional=matched[0].optional
            )
        filled = replacer(match, whole)
        result.extend(marked_optional(filled) if whole.optional else filled)
        position = match.end()
    if position == 0:
        return list(run)
    result.extend(slice_pieces(run, position, len(text)))
    return result


def slice_pieces(run: Sequence[Piece], start: int, end: int) -> list[Piece]:
    """The pieces of `text[start:end]` of a run of known pieces."""
    result: list[Piece] = []
    offset = 0
    for piece in run:
        first, last = max(start - offset, 0), min(end - offset, len(piece.text))
        if first < last:
            result.append(piece if last - first == len(piece.text) else cut(piece, first, last))
        offset += len(piece.text)
        if offset >= end:
            break
    return result


def _gap(piece: Piece, expression: str) -> Piece:
    return Piece("", piece.start, piece.end, False, expression or "value")


def _filled(value: Value | None, piece: Piece, expression: str) -> tuple[Piece, ...]:
    gap = _gap(piece, expression)
    return (gap,) if value is None else fill(value, gap)


def format_percent(pieces: Sequence[Piece], operand: Value) -> tuple[Piece, ...]:
    """`template % operand`."""
    positional: list[Value] = []
    if isinstance(operand, ListValue):
        positional = list(operand.elements)
    elif not isinstance(operand, DictValue):
        positional = [operand]
    number = 0

    def replacer(match: re.Match[str], piece: Piece) -> tuple[Piece, ...]:
        nonlocal number
        if match.group("kind") == "%":
            return (Piece("%", piece.start, piece.end, False),)
        name = match.group("name")
        if name is not None:
            return _filled(operand.get(name) if isinstance(operand, DictValue) else None, piece, name)
        number += 1
        value = positional[number - 1] if number <= len(positional) else None
        return _filled(value, piece, f"argument {number}")

    return replace_matches(pieces, _PERCENT, replacer)


def format_braces(
    pieces: Sequence[Piece], positional: Sequence[Value], named: Mapping[str, Value], fallback: Lookup
) -> tuple[Piece, ...]:
    """`template.format(*positional, **named)`; `fallback` answers for names in neither."""
    number = 0

    def replacer(match: re.Match[str], piece: Piece) -> tuple[Piece, ...]:
        nonlocal number
        if match.group() in ("{{", "}}"):
            return (Piece(match.group()[0], piece.start, piece.end, False),)
        field = (match.group("field") or "").strip()
        head = re.split(r"[.\[]", field, maxsplit=1)[0]
        if not head:
            index = number
            number += 1
        elif head.isdigit():
            index = int(head)
        else:
            index = -1
        if index >= 0:
            value = positional[index] if index < len(positional) else None
            return _filled(value if field == head else None, piece, field or f"argument {index + 1}")
        value = named.get(head)
        if value is None:
            value = fallback(head)
        if field != head and value is not None:
            value = _member(value, field[len(head) :])
        return _filled(value, piece, field)

    return replace_matches(pieces, _BRACES, replacer)


def _member(value: Value, path: str) -> Value | None:
    """The value of `[key]` or `.name` of a known value."""
    key = path.strip(".[]'\" ")
    if isinstance(value, DictValue) and path.startswith("["):
        return value.get(key)
    if isinstance(value, ObjectValue):
        return value.settings.get(key)
    return None


def format_template(pieces: Sequence[Piece], lookup: Lookup) -> tuple[Piece, ...]:
    """`string.Template(template).substitute(...)`."""

    def replacer(match: re.Match[str], piece: Piece) -> tuple[Piece, ...]:
        if match.group("escape"):
            return (Piece("$", piece.start, piece.end, False),)
        name = match.group("name") or match.group("braced")
        return _filled(lookup(name), piece, name)

    return replace_matches(pieces, _TEMPLATE, replacer)


def fill_jinja(pieces: Sequence[Piece], lookup: Lookup) -> tuple[Piece, ...]:
    """Jinja expressions become values or gaps; tags and comments go, what they enclose stays."""

    def replacer(match: re.Match[str], piece: Piece) -> tuple[Piece, ...]:
        expression = match.group("expression")
        if expression is None:
            return ()
        name = expression.strip()
        return _filled(lookup(name), piece, name)

    return replace_matches(pieces, _JINJA, replacer)


def fill_placeholders(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """Placeholders that code elsewhere will fill (`{table}`, `$table`, `%s`, `{{ ds }}`) become gaps."""
    text = "".join(piece.text for piece in pieces if not piece.expression)
    if "{{" in text or "{%" in text:
        pieces = fill_jinja(pieces, lambda _: None)

    def replacer(match: re.Match[str], piece: Piece) -> tuple[Piece, ...]:
        name = match.group("braced") or match.group("dollar") or match.group("named") or "value"
        return (_gap(piece, name),)

    return replace_matches(pieces, _PLACEHOLDER, replacer)


def replace_text(pieces: tuple[Piece, ...], old: Value, new: Value) -> tuple[Piece, ...]:
    """`template.replace(old, new)`; unchanged when `old` is not known."""
    wanted = constant(old)
    if not isinstance(wanted, str) or not wanted:
        return pieces

    def replacer(match: re.Match[str], piece: Piece) -> tuple[Piece, ...]:
        return fill(new, _gap(piece, wanted.strip("{}$@%<>[] ") or "value"))

    return replace_matches(pieces, re.compile(re.escape(wanted)), replacer)


def as_pieces(value: Value | None) -> tuple[Piece, ...] | None:
    """The pieces of a string value, else None."""
    return value.pieces if isinstance(value, StringValue) else None


def scalar_pieces(value: ScalarValue, start: int, end: int) -> tuple[Piece, ...]:
    """A number printed as text."""
    return (Piece(str(value.value), start, end, False),)
