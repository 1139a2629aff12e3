"""What methods of strings, templates and dicts give, for values that are known in part."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from costguard.extract.python_formatting import fill_jinja, format_braces, format_template, replace_text
from costguard.extract.python_scopes import Scope
from costguard.extract.python_values import (
    MAXIMUM_LENGTH,
    DictValue,
    ListValue,
    Piece,
    ScalarValue,
    StringValue,
    Value,
    choice_of,
    constant,
    known_text,
    length,
    looked_up,
    strip_pieces,
)

if TYPE_CHECKING:
    from costguard.extract.python_strings import Evaluator

PASSING_METHODS = {
    "encode",
    "decode",
    "strip",
    "lstrip",
    "rstrip",
    "expandtabs",
    "as_string",
    "resolve",
    "absolute",
    "expanduser",
    "copy",
    "bindparams",
    "as_posix",
}
"""Methods whose result is the same text or path."""


def string_method(
    evaluator: Evaluator, node: ast.Call, receiver: StringValue, method: str, scope: Scope
) -> Value | None:
    pieces = receiver.pieces
    match method:
        case "strip" | "lstrip" | "rstrip" if not node.args:
            pieces = strip_pieces(pieces, method != "rstrip", method != "lstrip")
        case "format" | "format_map":
            pieces = _format(evaluator, node, pieces, scope)
        case "replace" if len(node.args) >= 2:
            pieces = replace_text(
                pieces, evaluator.evaluate(node.args[0], scope), evaluator.evaluate(node.args[1], scope)
            )
        case "join" if len(node.args) == 1:
            return _join(evaluator, node, receiver, scope)
        case "upper" | "lower":
            pieces = tuple(
                piece
                if piece.expression
                else Piece(getattr(piece.text, method)(), piece.start, piece.end, False)
                for piece in pieces
            )
        case "split" | "splitlines":
            # A script cut into statements still is that script; its statements are split later.
            text = known_text(receiver)
            separator = constant(evaluator.evaluate(node.args[0], scope)) if node.args else None
            if text is None or separator == ";" or (separator is None and len(text) > 200):
                return ListValue((receiver,), complete=False)
            if isinstance(separator, str) and separator:
                start, end = evaluator.source.start(node), evaluator.source.end(node)
                return ListValue(
                    tuple(StringValue((Piece(part, start, end, False),)) for part in text.split(separator))
                )
            return None
        case _ if method in PASSING_METHODS:
            return receiver
        case _:
            return None
    return StringValue(pieces, receiver.file)


def _format(
    evaluator: Evaluator, node: ast.Call, pieces: tuple[Piece, ...], scope: Scope
) -> tuple[Piece, ...]:
    named: dict[str, Value] = {}
    positional: list[Value] = []
    if isinstance(node.func, ast.Attribute) and node.func.attr == "format_map":
        mapping = evaluator.evaluate(node.args[0], scope) if node.args else None
        if isinstance(mapping, DictValue):
            named.update({key: value for key, value in mapping.items if isinstance(key, str)})
    else:
        for argument in node.args:
            value = evaluator.evaluate(argument, scope)
            if isinstance(argument, ast.Starred):
                positional.extend(value.elements if isinstance(value, ListValue) else ())
            else:
                positional.append(value)
    for keyword in node.keywords:
        value = evaluator.evaluate(keyword.value, scope)
        if keyword.arg:
            named[keyword.arg] = value
        elif isinstance(value, DictValue):
            named.update({key: item for key, item in value.items if isinstance(key, str)})
    return format_braces(pieces, positional, named, lambda _: None)


def _join(evaluator: Evaluator, node: ast.Call, separator: StringValue, scope: Scope) -> Value:
    elements = evaluator.evaluate(node.args[0], scope)
    if not isinstance(elements, ListValue) or not elements.elements:
        return evaluator.unknown(node)
    if not elements.complete:
        # One turn of a comprehension stands for all, where a turn is a part of a query in itevaluator.
        whole = [item for item in elements.elements if isinstance(item, StringValue)]
        if whole and re.search(r"\bselect\b", "".join(p.text for p in whole[0].pieces), re.IGNORECASE):
            return whole[0]
        if len(whole) < 2:
            return evaluator.unknown(node)
    pieces: list[Piece] = []
    for number, element in enumerate(elements.elements):
        if number:
            pieces.extend(separator.pieces)
        pieces.extend(evaluator.pieces_of(element, node.args[0]))
    if length(pieces) > MAXIMUM_LENGTH:
        return evaluator.unknown(node)
    return StringValue(tuple(pieces))


def template_method(
    evaluator: Evaluator, node: ast.Call, kind: str, template: StringValue, method: str, scope: Scope
) -> Value | None:
    if method not in ("substitute", "safe_substitute", "render"):
        return None
    named: dict[str, Value] = {}
    for argument in node.args:
        value = evaluator.evaluate(argument, scope)
        if isinstance(value, DictValue):
            named.update({key: item for key, item in value.items if isinstance(key, str)})
    for keyword in node.keywords:
        value = evaluator.evaluate(keyword.value, scope)
        if keyword.arg:
            named[keyword.arg] = value
        elif isinstance(value, DictValue):
            named.update({key: item for key, item in value.items if isinstance(key, str)})
    fill_in = fill_jinja if method == "render" or "jinja" in kind else format_template
    return StringValue(fill_in(template.pieces, named.get), template.file)


def dict_method(
    evaluator: Evaluator, node: ast.Call, receiver: DictValue, method: str, scope: Scope
) -> Value | None:
    match method:
        case "get" if node.args:
            wanted = evaluator.evaluate(node.args[0], scope)
            key = constant(wanted)
            found = looked_up(receiver, wanted)
            if found is not None:
                return found
            if key is ...:
                return choice_of(receiver, wanted)
            return evaluator.evaluate(node.args[1], scope) if len(node.args) > 1 else None
        case "values":
            return ListValue(tuple(value for _, value in receiver.items), receiver.complete)
        case "items":
            rows = []
            for key, value in receiver.items:
                key_value: Value = (
                    StringValue((Piece(key, 0, 0, False),)) if isinstance(key, str) else ScalarValue(key)
                )
                rows.append(ListValue((key_value, value)))
            return ListValue(tuple(rows), receiver.complete)
        case "keys" | "copy":
            return receiver
    return None
