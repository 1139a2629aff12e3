"""What becomes of a query's result: whether all of it is brought to the client, and in which variable."""

from __future__ import annotations

import ast

from costguard.extract.python_scopes import children, dotted_name

_MATERIALISING = {
    "to_dataframe",
    "to_arrow",
    "to_geodataframe",
    "to_dataframe_iterable",
    "to_arrow_iterable",
    "to_pandas",
    "toPandas",
    "fetch_pandas_all",
    "fetchall",
    "to_local_iterator",
}
_PASSING = {
    "result",
    "query",
    "_result",
    "exception",
    "to_dataframe",
    "copy",
    "reset_index",
    "set_index",
    "astype",
    "fillna",
    "dropna",
    "rename",
    "sort_values",
}
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.Module)


class ResultUses:
    """Finds how the results of calls are used, from the syntax tree alone."""

    def __init__(self, tree: ast.Module) -> None:
        self._parents: dict[int, ast.AST] = {}
        self._materialised: dict[tuple[int, str], int] = {}
        stack: list[tuple[ast.AST, int]] = [(tree, id(tree))]
        while stack:
            node, scope = stack.pop()
            for child in children(node):
                self._parents[id(child)] = node
                stack.append((child, id(child) if isinstance(child, _SCOPES) else scope))
            if isinstance(node, ast.Attribute) and node.attr in _MATERIALISING:
                name = self._base_name(node.value)
                if name is not None:
                    key = (0 if "." in name else scope, name)
                    self._materialised[key] = max(self._materialised.get(key, 0), node.lineno)

    @staticmethod
    def _base_name(node: ast.expr) -> str | None:
        """`job` of `job.result()`, through calls that pass the result on."""
        while (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _PASSING
        ):
            node = node.func.value
        return dotted_name(node)

    def look(self, call: ast.Call) -> tuple[bool, str | None, bool]:
        """(brought to the client, variable that takes the result, returned to a caller) for a call."""
        node: ast.AST = call
        materialised = False
        while True:
            parent = self._parents.get(id(node))
            if isinstance(parent, ast.Attribute):
                outer = self._parents.get(id(parent))
                if parent.attr in _MATERIALISING:
                    materialised = True
                elif parent.attr not in _PASSING:
                    return materialised, None, False
                node = outer if isinstance(outer, ast.Call) and outer.func is parent else parent
            elif isinstance(parent, (ast.Await, ast.IfExp, ast.NamedExpr)):
                node = parent
            elif isinstance(parent, (ast.Assign, ast.AnnAssign)) and parent.value is node:
                target = parent.targets[0] if isinstance(parent, ast.Assign) else parent.target
                name = dotted_name(target)
                if name is not None and not materialised:
                    key = (0 if "." in name else self._scope(parent), name)
                    materialised = self._materialised.get(key, 0) >= parent.lineno
                return materialised, name, False
            else:
                return materialised, None, isinstance(parent, ast.Return)

    def _scope(self, node: ast.AST) -> int:
        current: ast.AST | None = node
        while current is not None and not isinstance(current, _SCOPES):
            current = self._parents.get(id(current))
        return id(current)
