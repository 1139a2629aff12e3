"""Loops that try again: the first turn that succeeds is the last one."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import Final

from costguard.extract.pytypes.definitions import target_names

_ATTEMPT: Final = re.compile(r"_+|\w*(attempt|retr(?:y|ies)|tries)\w*", re.IGNORECASE)


def has_one_turn(loop: ast.For | ast.AsyncFor) -> bool:
    """Whether a loop, as long as nothing fails, ends in its first turn: it returns or breaks at the turn's end, or, of
    loops that only count attempts, somewhere in it."""
    if _ends(loop.body):
        return True
    is_count = isinstance(loop.iter, ast.Call) and getattr(loop.iter.func, "id", "") == "range"
    names = list(target_names(loop.target))
    return is_count and all(map(_ATTEMPT.fullmatch, names)) and any(map(_may_end, loop.body))


def _ends(body: Sequence[ast.stmt]) -> bool:
    """Whatever way these statements are gone through without an exception, the loop is left.

    A statement behind `continue` or an `if` that continues may come again: then it does not end.
    """
    if any(_continues(statement) for statement in body):
        return False
    return any(_is_end(statement) for statement in body)


def _is_end(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Return | ast.Break):
        return True
    if isinstance(statement, ast.Try):
        return _ends(statement.body) or (bool(statement.orelse) and _ends(statement.orelse))
    if isinstance(statement, ast.With | ast.AsyncWith):
        return _ends(statement.body)
    if isinstance(statement, ast.If):
        return bool(statement.orelse) and _ends(statement.body) and _ends(statement.orelse)
    return False


def _may_end(statement: ast.stmt) -> bool:
    """Somewhere in a statement, but in no loop or function of its own, the loop is left."""
    if isinstance(statement, ast.Return | ast.Break):
        return True
    return any(_may_end(inner) for body in _bodies(statement) for inner in body)


def _continues(statement: ast.stmt) -> bool:
    """Goes on to the next turn without a failure: `continue` in a handler is what a retry does."""
    if isinstance(statement, ast.Continue):
        return True
    return any(_continues(inner) for body in _bodies(statement) for inner in body)


def _bodies(statement: ast.stmt) -> list[list[ast.stmt]]:
    """The blocks of a statement that run when nothing fails."""
    if isinstance(statement, ast.Try):
        return [statement.body, statement.orelse, statement.finalbody]
    if isinstance(statement, ast.If):
        return [statement.body, statement.orelse]
    if isinstance(statement, ast.With | ast.AsyncWith):
        return [statement.body]
    return []
