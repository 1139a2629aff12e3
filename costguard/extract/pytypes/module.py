"""Types of the expressions of one Python module."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from costguard.extract.pytypes.names import BASES
from costguard.extract.pytypes.statements import Statements
from costguard.extract.pytypes.values import UNKNOWN, Value


class ModuleTypes:
    """What every expression of a module is, as far as the module itself tells.

    `known` gives types of global names that something outside the text binds, such as the destination
    variables of notebook magics. Code nested too deeply to evaluate leaves the rest unknown:
    `complete` is False then. Nothing is raised.
    """

    def __init__(self, tree: ast.Module, known: Mapping[str, str] = {}) -> None:
        self.tree = tree
        self.evaluation = Statements(tree, known)
        self.complete = True
        try:
            self.evaluation.run(tree.body)
        except RecursionError:
            self.complete = False

    def value_of(self, node: ast.AST) -> Value:
        """Everything known about an expression."""
        return self.evaluation.values.get(node, UNKNOWN)

    def type_of(self, node: ast.expr) -> str | None:
        """The resolved type of an expression's value, None when unknown or a class of the module itself."""
        type_name = self.value_of(node).type
        if type_name is None or type_name.startswith("<module>"):
            return None
        return type_name

    def resolve(self, node: ast.expr) -> str | None:
        """The resolved name of the function or attribute that an expression denotes, None when unknown."""
        value = self.value_of(node)
        if value.symbol is not None:
            return value.symbol
        if value.type is not None and value.receiver is not None and isinstance(node, ast.Attribute):
            return self._member(value.receiver, node.attr)
        if value.type is not None and isinstance(node, ast.Attribute):
            return self._member(self.value_of(node.value), node.attr)
        return None

    @staticmethod
    def _member(owner: Value, name: str) -> str | None:
        if owner.type is None or owner.type.startswith("<module>"):
            return None
        return f"{BASES.get(owner.type, owner.type)}.{name}"
