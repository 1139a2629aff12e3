"""The values of string literals and f-strings, with the place of every character."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from costguard.extract.python_literals import LiteralField, scan_string
from costguard.extract.python_scopes import Scope
from costguard.extract.python_values import (
    PathValue,
    Piece,
    StringValue,
    UnknownValue,
    Value,
    fill,
    known_text,
)

if TYPE_CHECKING:
    from costguard.extract.python_strings import Evaluator


def constant_string(evaluator: Evaluator, node: ast.Constant) -> Value:
    start, end = evaluator.source.start(node), evaluator.source.end(node)
    parts = scan_string(evaluator.source.text, start, end)
    pieces: list[Piece] = []
    for part in parts or ():
        if isinstance(part, LiteralField):
            pieces.clear()
            break
        if part.text:
            pieces.append(Piece(part.text, part.start, part.end, part.verbatim))
    if "".join(piece.text for piece in pieces) != node.value:
        pieces = [Piece(str(node.value), start, end, False)]
    return StringValue(tuple(pieces))


def joined_string(evaluator: Evaluator, node: ast.JoinedStr, scope: Scope) -> Value:
    start, end = evaluator.source.start(node), evaluator.source.end(node)
    parts = scan_string(evaluator.source.text, start, end)
    fields = [value for value in node.values if isinstance(value, ast.FormattedValue)]
    if parts is None or sum(isinstance(part, LiteralField) for part in parts) != len(fields):
        return _joined_by_nodes(evaluator, node, start, end, scope)
    pieces: list[Piece] = []
    remaining = iter(fields)
    for part in parts:
        if isinstance(part, LiteralField):
            if part.shows_expression:
                pieces.append(Piece(f"{part.expression}=", part.start, part.end, False))
            pieces.extend(_field(evaluator, next(remaining), part.expression, part.start, part.end, scope))
        elif part.text:
            pieces.append(Piece(part.text, part.start, part.end, part.verbatim))
    return StringValue(tuple(pieces))


def _joined_by_nodes(evaluator: Evaluator, node: ast.JoinedStr, start: int, end: int, scope: Scope) -> Value:
    pieces: list[Piece] = []
    for value in node.values:
        if isinstance(value, ast.Constant):
            pieces.append(Piece(str(value.value), start, end, False))
        elif isinstance(value, ast.FormattedValue):
            pieces.extend(_field(evaluator, value, ast.unparse(value.value), start, end, scope))
    return StringValue(tuple(pieces))


def _field(
    evaluator: Evaluator, node: ast.FormattedValue, expression: str, start: int, end: int, scope: Scope
) -> tuple[Piece, ...]:
    gap = Piece("", start, end, False, " ".join(expression.split())[:80] or "value")
    value = evaluator.evaluate(node.value, scope)
    if node.conversion in (114, 97):
        text = known_text(value)
        return (gap,) if text is None else (Piece(repr(text), start, end, False),)
    if node.format_spec is not None and not isinstance(value, StringValue):
        return (gap,)
    if isinstance(value, UnknownValue):
        return (Piece("", start, end, False, gap.expression, value.parameter),)
    return in_text(evaluator, value, gap)


def in_text(evaluator: Evaluator, value: Value, gap: Piece) -> tuple[Piece, ...]:
    if isinstance(value, PathValue):
        return (Piece(value.path or ".", gap.start, gap.end, False),)
    return fill(value, gap)
