"""The functions, classes and scopes of a module: where a name gets its value."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from costguard.extract.python_values import Value


@dataclass(slots=True, eq=False)
class Scope:
    """The names bound so far in a module, class or function body."""

    names: dict[str, Value]
    parent: Scope | None = None
    function: FunctionInfo | None = None
    owner: ClassInfo | None = None

    def lookup(self, name: str) -> Value | None:
        """The value bound to a name here or in an enclosing scope; class bodies are not seen from methods."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names and (scope is self or scope.function or scope.parent is None):
                return scope.names[name]
            scope = scope.parent
        return None

    def branch(self) -> Scope:
        """A copy whose bindings do not touch this one's."""
        return Scope(dict(self.names), self.parent, self.function, self.owner)


FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(slots=True, eq=False)
class FunctionInfo:
    """A function of the module."""

    number: int
    node: FunctionNode
    owner: ClassInfo | None
    closure: Scope
    state: str = "new"
    """`new`, `busy` while its body is being followed, `done`."""
    returns: list[Value] = field(default_factory=list)
    scope: Scope | None = None
    defaults: dict[str, Value] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def is_static(self) -> bool:
        return any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in self.node.decorator_list)

    @property
    def is_property(self) -> bool:
        return any(
            (isinstance(d, ast.Name) and d.id in ("property", "cached_property"))
            or (isinstance(d, ast.Attribute) and d.attr in ("cached_property", "getter"))
            for d in self.node.decorator_list
        )

    @property
    def own_name(self) -> str | None:
        """`self` or `cls` of a method, as it is called there."""
        if self.owner is None or self.is_static:
            return None
        positional = (*self.node.args.posonlyargs, *self.node.args.args)
        return positional[0].arg if positional else None

    def parameters(self) -> list[str]:
        """Names of the parameters that a call can fill by position, without `self`."""
        names = [argument.arg for argument in (*self.node.args.posonlyargs, *self.node.args.args)]
        return names[1:] if self.own_name else names

    def keyword_parameters(self) -> list[str]:
        return [argument.arg for argument in self.node.args.kwonlyargs]

    def default_nodes(self) -> dict[str, ast.expr]:
        """Default value expressions by parameter name."""
        arguments = self.node.args
        positional = [*arguments.posonlyargs, *arguments.args]
        found: dict[str, ast.expr] = {}
        for argument, default in zip(reversed(positional), reversed(arguments.defaults), strict=False):
            found[argument.arg] = default
        for argument, keyword_default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            if keyword_default is not None:
                found[argument.arg] = keyword_default
        return found


@dataclass(slots=True, eq=False)
class ClassInfo:
    """A class of the module."""

    name: str
    node: ast.ClassDef
    scope: Scope
    bases: list[ClassInfo] = field(default_factory=list)
    methods: dict[str, FunctionInfo] = field(default_factory=dict)
    _writers: dict[str, list[str]] | None = None

    @property
    def writers(self) -> dict[str, list[str]]:
        """Attribute set through `self` -> the methods that set it, `__init__` first."""
        if self._writers is None:
            self._writers = attribute_writers(self.node)
        return self._writers

    def method(self, name: str) -> FunctionInfo | None:
        """A method of the class or of a base class in the module."""
        for owner in self.lineage():
            if name in owner.methods:
                return owner.methods[name]
        return None

    def lineage(self) -> list[ClassInfo]:
        """The class and its base classes in the module, nearest first."""
        order: list[ClassInfo] = []
        queue = [self]
        while queue:
            owner = queue.pop(0)
            if owner not in order:
                order.append(owner)
                queue.extend(owner.bases)
        return order


def attribute_writers(node: ast.ClassDef) -> dict[str, list[str]]:
    """Which methods of a class assign which attributes of `self`."""
    writers: dict[str, list[str]] = {}
    for method in node.body:
        if not isinstance(method, FunctionNode) or not method.args.args:
            continue
        own = method.args.args[0].arg
        for child in walk(method):
            if (
                isinstance(child, ast.Attribute)
                and isinstance(child.ctx, ast.Store)
                and isinstance(child.value, ast.Name)
                and child.value.id == own
            ):
                names = writers.setdefault(child.attr, [])
                if method.name not in names:
                    names.append(method.name)
    for names in writers.values():
        names.sort(key=lambda name: name != "__init__")
    return writers


def children(node: ast.AST) -> list[ast.AST]:
    """The child nodes that can hold code; `ast.iter_child_nodes` is three times slower."""
    found: list[ast.AST] = []
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, ast.AST):
            if not isinstance(value, (ast.expr_context, ast.operator)):
                found.append(value)
        elif isinstance(value, list):
            found.extend([item for item in value if isinstance(item, ast.AST)])
    return found


def walk(node: ast.AST) -> list[ast.AST]:
    """A node and everything below it."""
    found = [node]
    for current in found:
        found.extend(children(current))
    return found


def dotted_name(node: ast.expr) -> str | None:
    """`a.b.c` of nested attributes of a name, else None."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    parts.append(node.id)
    return ".".join(reversed(parts))
