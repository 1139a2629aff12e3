"""The Jinja environment that renders templates of a stranger's repository.

On top of Jinja's sandbox every loop turn, call, text and collection is counted (`template_limits`), names
that nobody knows give `Unknown` values, and `return()` ends a macro as in dbt.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from jinja2 import Template, TemplateError, TemplateNotFound, nodes
from jinja2.ext import Extension
from jinja2.loaders import BaseLoader
from jinja2.parser import Parser
from jinja2.runtime import Context, Macro, missing  # type: ignore[attr-defined]
from jinja2.sandbox import ImmutableSandboxedEnvironment

from costguard.extract.template_direct import CHUNK, DirectTemplate, Value, direct_value, has_names
from costguard.extract.template_limits import MAX_SIZE, Budget, TemplateLimit, widths_allowed
from costguard.extract.template_map import join
from costguard.extract.template_unknown import Unknown

__all__ = ["MacroReturn", "ProjectLoader", "TemplateEnvironment", "TemplateError", "missing"]

_NAMES_A_FILE = re.compile(r"\{%\s*(?:import|from|extends)\b")
"""Tags that mean another file in another folder."""
_SHARED_TEMPLATES = 256
_SHARED_EXPRESSIONS = 2000
_NESTED_WIDTH = re.compile(r"\{[^{}]*:[^{}]*\{")
_OPERATORS = frozenset({"+", "-", "*", "/", "//", "**", "%"})
_MUTATORS = frozenset({"append", "extend", "insert", "update", "setdefault", "add", "pop", "remove", "clear"})
_PADDING = frozenset({"center", "ljust", "rjust", "zfill", "expandtabs"})
_DROPPED_FILTERS = frozenset({"random", "urlize", "xmlattr", "filesizeformat"})
_WIDTH_FILTERS = frozenset({"center", "indent", "wordwrap", "batch", "slice", "truncate", "tojson"})


Renders = Callable[[str], Iterable[str]]
"""Gives the pieces of a template's output, at a path."""


class MacroReturn(Exception):  # noqa: N818 - no error, it ends a macro
    """Raised by `return(value)` inside a macro, caught where the macro was called."""

    def __init__(self, value: Any) -> None:
        super().__init__("return outside of a macro")
        self.value = value


class NameContext(Context):
    """Asks the environment for names that the template does not define."""

    def resolve_or_missing(self, key: str) -> Any:
        if key in self.vars:
            return self.vars[key]
        if key in self.parent:
            return self.parent[key]
        environment = self.environment
        assert isinstance(environment, TemplateEnvironment)
        return environment.lookup(key)


class DbtBlocks(Extension):
    """`{% snapshot %}` and `{% test %}` give their body, `{% materialization %}` and `{% docs %}` nothing."""

    tags = {"snapshot", "test", "data_test", "materialization", "docs", "unit_test"}  # noqa: RUF012

    def parse(self, parser: Parser) -> nodes.Node | list[nodes.Node]:
        token = next(parser.stream)
        name = parser.stream.expect("name").value
        signature = nodes.Macro(lineno=token.lineno)
        signature.args, signature.defaults = [], []
        if token.value in {"test", "data_test"}:
            parser.parse_signature(signature)
        while parser.stream.current.type != "block_end":
            next(parser.stream)
        ends = (
            ("name:endtest", "name:enddata_test")
            if token.value in {"test", "data_test"}
            else (f"name:end{token.value}",)
        )
        body = parser.parse_statements(ends, drop_needle=True)
        if token.value in {"materialization", "docs", "unit_test"}:
            return []
        start: list[nodes.Node] = [
            nodes.ExprStmt(_call("__block__", [nodes.Const(token.value), nodes.Const(name)]))
        ]
        # What the arguments of a test are is known where the test is used, in YAML: here they are unknown.
        without_default = len(signature.args) - len(signature.defaults)
        for index, argument in enumerate(signature.args):
            given: nodes.Expr = _call("__argument__", [nodes.Const(argument.name)])
            if index >= without_default:
                given = signature.defaults[index - without_default]
            start.append(nodes.Assign(nodes.Name(argument.name, "store"), given))
        for node in start:
            node.set_lineno(token.lineno)
        return nodes.Scope([*start, *body]).set_lineno(token.lineno)


class TemplateEnvironment(ImmutableSandboxedEnvironment):
    """See the module. `lookup` answers names; `budget` is replaced before every rendering."""

    intercepted_binops = _OPERATORS
    intercepted_unops = frozenset()

    def __init__(self, lookup: Callable[[str], Any], loader: BaseLoader) -> None:
        super().__init__(
            extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols", DbtBlocks],
            undefined=Unknown,
            optimized=False,
            loader=loader,
            cache_size=2000,
            auto_reload=False,
            keep_trailing_newline=True,
        )
        self.lookup = lookup
        self.budget = Budget()
        self.chunks: Sequence[str | Value] = ()
        """Parts of the template that is being rendered, by number; see `read_direct`."""
        self._direct: dict[str, Renders] = {}
        self._expressions: dict[str, Value] = {}
        self._shared: dict[str, Template] = {}
        self.context_class = NameContext
        self.globals.clear()
        self.filters = {
            name: self._guarded(name, function)
            for name, function in self.filters.items()
            if name not in _DROPPED_FILTERS
        }
        self.filters["as_bool"] = self.filters["as_native"] = self.filters["as_number"] = _itself
        self.filters["as_text"] = _itself
        self.binop_table = {
            name: self._operator(name, function) for name, function in self.binop_table.items()
        }

    def concat(self, pieces: Any) -> str:
        """Join output pieces, keeping their origins and counting their characters."""
        collected: list[str] = []
        total = 0
        for piece in pieces:
            collected.append(piece)
            total += len(piece)
            if total > 4_000_000:
                self.budget.write(total)
        self.budget.write(total)
        return join(collected) if collected else ""

    def compile_bounded(self, text: str, path: str) -> Template:
        """A template whose loops, collections and printed values are counted."""
        return self._compiled(text, path, chunked=False)

    def read_direct(self, text: str, path: str) -> Renders:
        """Renders, at a path, a template in which all but its statement tags stand as numbers of `chunks`, each between
        two NUL characters. What is left is often the same in many files: it is read once.

        Raises:
            NotDirectError: it has a tag or an expression that only Jinja's compiler knows.
            TemplateError: it is no template.
        """
        found = self._direct.get(text)
        if found is None:
            tree = nodes.Template(Parser(self, text, path).subparse(), lineno=1)
            found = DirectTemplate(self, tree).pieces
            if len(self._direct) >= _SHARED_TEMPLATES:
                self._direct.clear()
            self._direct[text] = found
        return found

    def printed(self, index: int, code: str) -> Value:
        """What the tag with this number prints: the value of an expression, through `__out__`. Raises as above."""
        value = self._expressions.get(code)
        if value is None:
            if len(self._expressions) >= _SHARED_EXPRESSIONS:
                self._expressions.clear()
            value = self._expressions[code] = direct_value(self, Parser(self, f"{{{{({code})}}}}").subparse())
        return lambda scope: self.call(scope.context, self.lookup("__out__"), index, value(scope))

    def read_compiled(self, text: str, path: str) -> Renders:
        """Renders, at a path, a template in which data stands as numbers of `chunks`, each between two NUL
        characters."""
        template = self._shared.get(text)
        if template is None:
            template = self._compiled(text, path, chunked=True)
            if _NAMES_A_FILE.search(text) is None:
                if len(self._shared) >= _SHARED_TEMPLATES:
                    self._shared.clear()
                self._shared[text] = template
        return lambda _: template.root_render_func(template.new_context({}))

    def _compiled(self, text: str, path: str, chunked: bool) -> Template:
        tree = Parser(self, text, path).parse()
        _Bounder(chunked).visit(tree)
        return Template.from_code(self, self.compile(tree, name=path, filename=path), {})

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """What Jinja loads by itself (`import`, `extends`) is bounded too."""
        tree = super()._parse(source, name, filename)
        _Bounder(chunked=False).visit(tree)
        return tree

    def join_path(self, template: str, parent: str) -> str:
        """An included name is first looked for beside the template that includes it."""
        return f"{parent}\n{template}"

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """As in the immutable sandbox, but a template may change the lists and mappings it built itself."""
        if isinstance(obj, (list, dict, set)) and attr in _MUTATORS:
            return True
        return super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> Any:
        """Jinja's own guard around `format`, which looks at attributes; this one looks at widths."""
        wrapped = super().wrap_str_format(value)
        if wrapped is None:
            return None
        pattern = value.__self__

        def formatted(*arguments: Any, **keywords: Any) -> Any:
            given = (*arguments, *keywords.values())
            self.budget.pattern(pattern)
            if _NESTED_WIDTH.search(pattern) is not None:
                widths_allowed(given)
            for argument in given:
                self.budget.measure(argument)
            return wrapped(*arguments, **keywords)

        return formatted

    def unsafe_undefined(self, obj: Any, attribute: str) -> Any:
        return Unknown(name=attribute)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        budget = __self.budget
        budget.spend()
        if isinstance(__obj, Macro):
            try:
                return super().call(__context, __obj, *args, **kwargs)
            except MacroReturn as returned:
                return returned.value
        owner = getattr(__obj, "__self__", None)
        if owner is not None:
            name = getattr(__obj, "__name__", "")
            if isinstance(owner, str):
                __self._check_text_call(owner, name, args)
            elif isinstance(owner, (list, dict, set)) and name in _MUTATORS:
                for argument in args:
                    budget.measure(argument)
                if name in {"extend", "update"} and len(owner) > MAX_SIZE:
                    raise TemplateLimit("template too large")
        try:
            return budget.result(super().call(__context, __obj, *args, **kwargs))
        except TypeError:
            # Python functions know nothing of unknown values: `', '.join(unknown)` is as unknown.
            for argument in args:
                if isinstance(argument, Unknown):
                    return argument
            raise

    def _check_text_call(self, owner: str, name: str, arguments: tuple[Any, ...]) -> None:
        if name in _PADDING:
            widths_allowed(arguments)
        elif name == "replace" and len(arguments) >= 2:
            self._check_replace(owner, arguments[0], arguments[1])
        elif name == "join" and arguments and isinstance(arguments[0], (list, tuple)):
            self.budget.measure(arguments[0])
            self.budget.write(
                len(owner) * len(arguments[0])
                + sum(len(item) for item in arguments[0] if isinstance(item, str))
            )

    def _check_replace(self, text: Any, old: Any, new: Any) -> None:
        if isinstance(text, str) and isinstance(old, str) and isinstance(new, str) and len(new) > len(old):
            times = text.count(old) if old else len(text) + 1
            self.budget.write(len(text) + times * len(new))

    def _operator(self, name: str, function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        def operate(left: Any, right: Any) -> Any:
            self.budget.spend()
            self.budget.operate(name, left, right)
            try:
                return self.budget.result(function(left, right))
            except (TypeError, ValueError):
                for side in (left, right):
                    if isinstance(side, Unknown):
                        return side
                raise

        return operate

    def _guarded(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """A filter that keeps unknown values unknown and cannot be made to build huge values."""
        passes = 1 if hasattr(function, "jinja_pass_arg") else 0

        @functools.wraps(function)
        def guarded(*arguments: Any, **keywords: Any) -> Any:
            self.budget.spend()
            given = arguments[passes:]
            value = given[0] if given else None
            if isinstance(value, Unknown) and name not in {"default", "d"}:
                return value if name in _KEEPING else value._grown(f"|{name}", value.standin)
            if name in _WIDTH_FILTERS:
                widths_allowed(given[1:])
                widths_allowed(tuple(keywords.values()))
            elif name == "format" and isinstance(value, str):
                self.budget.operate("%", value, given[1:] or tuple(keywords.values()))
            elif name == "replace" and len(given) >= 3:
                self._check_replace(value, given[1], given[2])
            elif name == "join":
                items = list(self.budget.turns(value))
                separator = str(given[1] if len(given) > 1 else keywords.get("d", ""))
                self.budget.write(len(items) * len(separator))
                if "attribute" not in keywords and len(given) < 3:
                    return separator.join([self.budget.text(item) for item in items])
                arguments = (*arguments[:passes], items, *given[1:])
            self.budget.measure(value)
            for argument in given[1:]:
                self.budget.measure(argument)
            try:
                return self.budget.result(function(*arguments, **keywords))
            except (TypeError, ValueError):
                for argument in given[1:]:
                    if isinstance(argument, Unknown):
                        return argument
                raise

        return guarded


_KEEPING = frozenset(
    {"trim", "string", "safe", "list", "lower", "upper", "e", "escape", "as_text", "unique", "sort"}
)


def _itself(value: Any) -> Any:
    return value


class ProjectLoader(BaseLoader):
    """Gives Jinja the files of the scanned project, and nothing else."""

    def __init__(self, find: Callable[[str, str], tuple[str, str] | None]) -> None:
        self._find = find

    def get_source(self, environment: Any, template: str) -> tuple[str, str, Callable[[], bool]]:
        """The text of an included file; raises TemplateNotFound for whatever is not in the project."""
        parent, _, name = template.rpartition("\n")
        found = self._find(parent.rpartition("\n")[2], name)
        if found is None:
            raise TemplateNotFound(name)
        return found[1], found[0], _never_stale


def _never_stale() -> bool:
    return True


class _Bounder:
    """Rewrites a tree in place: counted loops, texts and collections.

    In a chunked template data stands as a number between NUL characters and becomes
    `environment.chunks[number]`; in any other one printed values are bounded.
    """

    def __init__(self, chunked: bool) -> None:
        self._chunked = chunked

    def visit(self, node: nodes.Node) -> nodes.Node:
        for field_name in node.fields:
            value = getattr(node, field_name)
            if isinstance(value, list):
                setattr(node, field_name, [self._replace(item) for item in value])
            elif isinstance(value, nodes.Node):
                setattr(node, field_name, self._replace(value))
        if isinstance(node, nodes.For):
            width = len(node.target.items) if isinstance(node.target, nodes.Tuple) else 0
            node.iter = _call("__turns__", [node.iter, nodes.Const(width)])
        elif isinstance(node, nodes.Output):
            node.nodes = (
                self._chunks(node.nodes)
                if self._chunked
                else [
                    item if isinstance(item, nodes.TemplateData) else _call("__text__", [item])
                    for item in node.nodes
                ]
            )
        return node

    def _chunks(self, items: Sequence[nodes.Expr]) -> list[nodes.Expr]:
        result: list[nodes.Expr] = []
        for item in items:
            if isinstance(item, nodes.TemplateData):
                # One node, not three: half of a template is data. Jinja writes `environment.` before the name.
                result.extend(
                    nodes.EnvironmentAttribute(f"chunks[{int(number)}]")
                    for number in CHUNK.findall(item.data)
                )
            else:
                result.append(item)
        return result

    def _replace(self, item: Any) -> Any:
        if not isinstance(item, nodes.Node):
            return item
        node = self.visit(item)
        kind = type(node)
        if kind is nodes.Concat:
            return _call("__join__", node.nodes)  # type: ignore[attr-defined]
        if kind is nodes.List or kind is nodes.Dict or (kind is nodes.Tuple and node.ctx == "load"):  # type: ignore[attr-defined]
            return _call("__sized__", [node]) if has_names(node) else node
        if kind is nodes.Compare and len(node.ops) == 1 and node.ops[0].op in {"in", "notin"}:  # type: ignore[attr-defined]
            inside = _call("__in__", [node.expr, node.ops[0].expr])  # type: ignore[attr-defined]
            return inside if node.ops[0].op == "in" else _call("__not__", [inside])  # type: ignore[attr-defined]
        if kind is nodes.CondExpr and node.expr2 is None:  # type: ignore[attr-defined]
            node.expr2 = nodes.Const("")  # type: ignore[attr-defined]
        if kind is nodes.Not:
            return _call("__not__", [node.node])  # type: ignore[attr-defined]
        return node


def _call(name: str, arguments: Sequence[nodes.Node]) -> nodes.Call:
    return nodes.Call(nodes.Name(name, "load"), list(arguments), [], None, None)
