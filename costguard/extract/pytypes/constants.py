"""Constant strings and lists of strings, such as column names."""

from __future__ import annotations

import ast
from collections.abc import Mapping


def constant_strings(node: ast.expr | None, constants: Mapping[str, ast.expr]) -> list[str] | None:
    """The strings of a string or list literal (or of a name bound once to one); None when unknown."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) else None
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        found: list[str] = []
        for element in node.elts:
            if isinstance(element, ast.Starred):
                inner = constant_strings(element.value, constants)
            elif isinstance(element, ast.Constant | ast.Name):
                inner = constant_strings(element, constants)
            else:
                inner = None
            if inner is None:
                return None
            found.extend(inner)
        return found
    if isinstance(node, ast.Name):
        constant = constants.get(node.id)
        # One step only: a constant is a literal by construction, and its names are resolved in turn.
        return constant_strings(constant, constants) if constant is not None else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left = constant_strings(node.left, constants)
        right = constant_strings(node.right, constants)
        return (
            left + right if left is not None and right is not None and is_list(node.left, constants) else None
        )
    if isinstance(node, ast.Dict):
        keys = [constant_strings(key, constants) for key in node.keys]
        return [key[0] for key in keys if key] if all(keys) else None
    return None


def is_list(node: ast.expr | None, constants: Mapping[str, ast.expr]) -> bool:
    """Whether an expression is a list of constants rather than one string."""
    if isinstance(node, ast.Name):
        node = constants.get(node.id)
    if isinstance(node, ast.BinOp):
        return is_list(node.left, constants)
    return isinstance(node, ast.List | ast.Tuple | ast.Set)


def keyword(call: ast.Call, name: str, position: int | None = None) -> ast.expr | None:
    """The argument of a call by keyword, or by 0-based position."""
    for argument in call.keywords:
        if argument.arg == name:
            return argument.value
    if position is not None and position < len(call.args):
        found = call.args[position]
        return None if isinstance(found, ast.Starred) else found
    return None


def is_true(node: ast.expr | None) -> bool:
    """Whether an argument is the literal True."""
    return isinstance(node, ast.Constant) and node.value is True


def constant_number(node: ast.expr | None, constants: Mapping[str, ast.expr]) -> int | None:
    """The value of an integer literal, or of a name bound once to one."""
    if isinstance(node, ast.Name):
        node = constants.get(node.id)
    if isinstance(node, ast.Constant) and isinstance(node.value, int) and not isinstance(node.value, bool):
        return node.value
    return None
