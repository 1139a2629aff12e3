"""Walks a module statement by statement, keeps what every name holds, and notes each call that takes SQL."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from costguard.extract.python_files import FileReader
from costguard.extract.python_scopes import (
    ClassInfo,
    FunctionInfo,
    FunctionNode,
    Scope,
    dotted_name,
)
from costguard.extract.python_sinks import Sink, find_sink
from costguard.extract.python_source import SourceMap
from costguard.extract.python_strings import Evaluator, Types
from costguard.extract.python_values import (
    ChoiceValue,
    ClassValue,
    DictValue,
    FunctionValue,
    ListValue,
    ObjectValue,
    ScalarValue,
    StringValue,
    UnknownValue,
    Value,
    choose,
    join_branches,
)

STATEMENT = re.compile(
    r"(?:\s|--[^\n]*\n|\#[^\n]*\n|/\*.*?\*/|\()*"
    r"(?:SELECT|WITH\s+(?:RECURSIVE\s+)?[\w`{]+\s+AS\s*\(|INSERT\s+(?:INTO\s+)?[\w`{]|MERGE\s+(?:INTO\s+)?[\w`{]|UPDATE\s+[\w`.{}-]+"
    r"\s|DELETE\s+(?:FROM\s+)?[\w`{]|TRUNCATE\s+TABLE\s|CREATE\s+(?:OR\s+REPLACE\s+)?"
    r"(?:TEMP(?:ORARY)?\s+|EXTERNAL\s+|MATERIALIZED\s+|SNAPSHOT\s+)*(?:TABLE|VIEW|MODEL|FUNCTION|PROCEDURE|SCHEMA|SEARCH)\b"
    r"|DROP\s+(?:TABLE|VIEW|MODEL|SCHEMA|FUNCTION)\b|ALTER\s+(?:TABLE|VIEW|SCHEMA)\b|EXPORT\s+DATA\b|LOAD\s+DATA\b"
    r"|DECLARE\s+\w+\s|BEGIN\b|EXECUTE\s+IMMEDIATE\b|CALL\s+[\w`{]|ASSERT\b|SHOW\s+\w|EXPLAIN\s+\w|SET\s+\w+\s*=)",
    re.IGNORECASE | re.DOTALL,
)
"""How the text of a statement begins."""

_CANDIDATE = re.compile(r"\b(?:select|merge|insert|update|delete|create|with)\b", re.IGNORECASE)
_TELLERS = re.compile(
    r"^(?:print|pprint|debug|info|warn|warning|error|exception|critical|log|logger|format|dedent|len|str|repr|"
    r"isinstance|append|extend|add|insert|put|join|strip|replace|add_argument|option|Option|Argument|match|search|"
    r"compile|sub|findall|write|writelines|assert\w*|\w*(?:Error|Exception|Warning)|fail|echo|secho|display|Markdown|"
    r"HTML|md5|sha1|sha256|hash|split|startswith|endswith|remove_whitespace|clean|parse|parse_one|transpile|"
    r"Field|help|skip|param|update|set|setdefault|get|field|text)$"
)


@dataclass(slots=True, eq=False)
class SinkUse:
    """A call that runs SQL, and the value that reaches it."""

    sink: Sink
    call: ast.Call
    value: Value
    function: FunctionInfo | None
    scope: Scope
    in_branch: bool
    offset: int
    """Where the call is: decides which loop it is in."""
    inner: SinkUse | None = None
    """The sink inside the wrapper, when this call is one of a wrapper function."""


@dataclass(slots=True, eq=False)
class LocalCall:
    """A call of a function of the module."""

    function: FunctionInfo
    call: ast.Call
    arguments: dict[tuple[int, str], Value]
    caller: FunctionInfo | None
    scope: Scope
    in_branch: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """A string that looks like a statement and may reach no call that we know."""

    value: Value
    start: int
    end: int
    in_branch: bool


POSSIBLE = Sink("string", certain=False)
"""Stands for a call of an unknown function that is handed a whole statement."""


class ModuleFlow:
    """The values and calls of one module."""

    def __init__(self, tree: ast.Module, source: SourceMap, types: Types, files: FileReader) -> None:
        self.source = source
        self.types = types
        self.evaluator = Evaluator(source, types, files, self.follow)
        self.uses: list[SinkUse] = []
        self.calls: list[LocalCall] = []
        self.candidates: list[Candidate] = []
        self.functions: list[FunctionInfo] = []
        self.markers: dict[int, Callable[[Scope], None]] = {}
        """Called with the scope when the statement at an offset is reached: how magics join the flow."""
        self._tree = tree
        self._module = Scope({})
        self._recording = False
        self._depth = 0
        self._branch = 0
        self._seen_calls: set[int] = set()

    def run(self) -> None:
        """Walks everything: once to learn what module names finally hold, then for good."""
        self._body(self._tree.body, self._module)
        # A function sees the module's names as they are when it runs, which is mostly the end.
        final = self._module
        self._reset()
        self._recording = True
        self._final_names = dict(final.names)
        self._module = Scope({})
        self._body(self._tree.body, self._module)
        position = 0
        while position < len(self.functions):
            self.follow(self.functions[position])
            position += 1

    def _reset(self) -> None:
        self.functions = []
        self._branch = 0

    # functions and classes

    def follow(self, function: FunctionInfo) -> None:
        """Walks the body of a function once; its parameters are unknowns that calls fill later."""
        if function.state != "new" or self._depth > 25:
            return
        function.state = "busy"
        scope = Scope({}, self._closure(function), function, function.owner)
        function.scope = scope
        for name, default in function.default_nodes().items():
            value = self.evaluator.evaluate(default, function.closure)
            if not isinstance(value, UnknownValue):
                function.defaults[name] = value
        arguments = function.node.args
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            start = self.source.offset(argument.lineno, argument.col_offset)
            key = (function.number, argument.arg)
            scope.names[argument.arg] = UnknownValue(argument.arg, start, start + len(argument.arg), key)
        for extra in (arguments.vararg, arguments.kwarg):
            if extra is not None:
                scope.names[extra.arg] = UnknownValue(extra.arg, 0, 0)
        branch, self._branch = self._branch, 0
        self._depth += 1
        self._body(function.node.body, scope)
        self._depth -= 1
        self._branch = branch
        function.state = "done"

    def _closure(self, function: FunctionInfo) -> Scope:
        if function.closure.parent is None and self._recording:
            return Scope({**self._final_names, **_definitions(self._module)})
        if function.owner is not None:
            parent = function.owner.scope.parent
            if parent is not None and parent.parent is None and self._recording:
                return Scope({**self._final_names, **_definitions(self._module)})
        return function.closure

    def _define_function(self, node: FunctionNode, scope: Scope, owner: ClassInfo | None) -> None:
        function = FunctionInfo(self.source.start(node), node, owner, scope)
        self.functions.append(function)
        if owner is not None:
            owner.methods[node.name] = function
        else:
            scope.names[node.name] = FunctionValue(function)
        for decorator in node.decorator_list:
            self._visit(decorator, scope)

    def _define_class(self, node: ast.ClassDef, scope: Scope) -> None:
        inner = Scope({}, scope, scope.function)
        owner = ClassInfo(node.name, node, inner)
        for base in node.bases:
            value = self.evaluator.evaluate(base, scope)
            if isinstance(value, ClassValue):
                owner.bases.append(value.owner)
        scope.names[node.name] = ClassValue(owner)
        for statement in node.body:
            if isinstance(statement, FunctionNode):
                self._define_function(statement, inner, owner)
            else:
                self._statement(statement, inner)

    # statements

    def _body(self, statements: Sequence[ast.stmt], scope: Scope) -> None:
        for statement in statements:
            self._statement(statement, scope)

    def _statement(self, node: ast.stmt, scope: Scope) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._define_function(node, scope, None)
            case ast.ClassDef():
                self._define_class(node, scope)
            case ast.Assign(targets=targets, value=value_node):
                self._visit(value_node, scope)
                value = self.evaluator.evaluate(value_node, scope)
                for target in targets:
                    self.evaluator.bind(target, value, scope)
            case ast.AnnAssign(target=target, value=value_node) if value_node is not None:
                self._visit(value_node, scope)
                self.evaluator.bind(target, self.evaluator.evaluate(value_node, scope), scope)
            case ast.AugAssign():
                self._augmented(node, scope)
            case ast.Return(value=value_node):
                if value_node is not None:
                    self._visit(value_node, scope)
                    if scope.function is not None:
                        scope.function.returns.append(self.evaluator.evaluate(value_node, scope))
            case ast.Expr(value=ast.Constant() as constant_node):
                if self._recording and self.markers:
                    marker = self.markers.get(self.source.start(constant_node))
                    if marker is not None:
                        marker(scope)
            case ast.Expr(value=value_node):
                self._visit(value_node, scope)
                self._mutation(value_node, scope)
            case ast.If():
                self._if(node, scope)
            case ast.For() | ast.AsyncFor():
                self._visit(node.iter, scope)
                before = scope.branch()
                self.evaluator.bind_element(node.target, self.evaluator.evaluate(node.iter, scope), scope)
                self._body(node.body, scope)
                self._merge(scope, before, scope.branch())
                self._body(node.orelse, scope)
            case ast.While():
                self._visit(node.test, scope)
                before = scope.branch()
                self._body(node.body, scope)
                self._merge(scope, before, scope.branch())
                self._body(node.orelse, scope)
            case ast.With() | ast.AsyncWith():
                for item in node.items:
                    self._visit(item.context_expr, scope)
                    if item.optional_vars is not None:
                        value = self.evaluator.evaluate(item.context_expr, scope)
                        self.evaluator.bind(item.optional_vars, value, scope)
                self._body(node.body, scope)
            case ast.Try() | ast.TryStar():
                self._body(node.body, scope)
                self._body(node.orelse, scope)
                for handler in node.handlers:
                    self._branched(handler.body, scope)
                self._body(node.finalbody, scope)
            case ast.Match(subject=subject, cases=cases):
                self._visit(subject, scope)
                before = scope.branch()
                ends = [self._branched(case.body, scope.branch(), keep=True) for case in cases]
                scope.names = dict(before.names)
                for end in ends:
                    self._merge(scope, scope.branch(), end)
            case _:
                for child in ast.iter_child_nodes(node):
                    if isinstance(child, ast.expr):
                        self._visit(child, scope)

    def _branched(self, body: Sequence[ast.stmt], scope: Scope, keep: bool = False) -> Scope:
        """Walks statements that may not run."""
        inner = scope if keep else scope.branch()
        self._branch += 1
        self._body(body, inner)
        self._branch -= 1
        return inner

    def _if(self, node: ast.If, scope: Scope) -> None:
        self._visit(node.test, scope)
        if isinstance(node.test, ast.Constant) and node.test.value:
            self._body(node.body, scope)
            return
        if _is_main_guard(node.test):
            self._body(node.body, scope)
            return
        before = scope.branch()
        one = self._branched(node.body, before.branch(), keep=True)
        other = self._branched(node.orelse, before.branch(), keep=True)
        if _leaves(node.body):
            scope.names = other.names
        elif _leaves(node.orelse):
            scope.names = one.names
        else:
            scope.names = other.names
            self._merge(scope, other.branch(), one)

    def _merge(self, scope: Scope, one: Scope, other: Scope) -> None:
        """Leaves in `scope` what holds after either branch."""
        merged = dict(one.names)
        for name, value in other.names.items():
            present = one.names.get(name)
            if present is None:
                merged[name] = value
            elif present is not value:
                merged[name] = join_branches(None, value, present) or value
        scope.names = merged

    def _augmented(self, node: ast.AugAssign, scope: Scope) -> None:
        self._visit(node.value, scope)
        current = self.evaluator.evaluate(node.target, scope)
        addition = self.evaluator.evaluate(node.value, scope)
        value: Value | None = None
        if isinstance(node.op, ast.Add):
            if isinstance(current, ListValue) and isinstance(addition, ListValue):
                value = ListValue(current.elements + addition.elements, current.complete and addition.complete)
            else:
                value = self.evaluator.add(current, node.target, addition, node.value)
        self.evaluator.bind(node.target, value, scope)

    def _mutation(self, node: ast.expr, scope: Scope) -> None:
        """`items.append(x)`, `items.extend([...])`, `settings.update({...})` on names with known contents."""
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and len(node.args) == 1):
            return
        name = dotted_name(node.func.value)
        if name is None or node.func.attr not in ("append", "extend", "update"):
            return
        current = self.evaluator.evaluate(node.func.value, scope)
        addition = self.evaluator.evaluate(node.args[0], scope)
        if isinstance(current, ListValue) and node.func.attr == "append" and len(current.elements) < 500:
            scope.names[name] = ListValue((*current.elements, addition), current.complete)
        elif isinstance(current, ListValue) and isinstance(addition, ListValue):
            scope.names[name] = ListValue(current.elements + addition.elements, addition.complete)
        elif isinstance(current, DictValue) and isinstance(addition, DictValue):
            scope.names[name] = DictValue(current.items + addition.items, current.complete)

    # expressions

    def _visit(self, node: ast.expr, scope: Scope, inside: bool = False) -> None:
        """Notes the calls and the statement-like strings of an expression."""
        if not inside and isinstance(node, (ast.Constant, ast.JoinedStr, ast.BinOp, ast.Call)):
            inside = self._candidate(node, scope)
        match node:
            case ast.Constant() | ast.Name():
                return
            case ast.Call():
                self._call(node, scope)
                self._visit(node.func, scope, inside)
                for argument in node.args:
                    self._visit(argument, scope, inside)
                for keyword in node.keywords:
                    self._visit(keyword.value, scope, inside)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                for generator in node.generators:
                    self._visit(generator.iter, scope, inside)
                inner = self.evaluator.comprehension_scope(node.generators, scope)
                parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
                for part in (*parts, *(test for g in node.generators for test in g.ifs)):
                    self._visit(part, inner, inside)
            case ast.Lambda():
                inner = scope.branch()
                for argument_name in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
                    inner.names.pop(argument_name.arg, None)
                    inner.names[argument_name.arg] = UnknownValue(argument_name.arg, 0, 0)
                self._visit(node.body, inner, inside)
            case ast.NamedExpr(target=target, value=value):
                self._visit(value, scope, inside)
                self.evaluator.bind(target, self.evaluator.evaluate(value, scope), scope)
            case ast.IfExp(test=test, body=body, orelse=other):
                self._visit(test, scope, inside)
                self._branch += 1
                self._visit(body, scope, inside)
                self._visit(other, scope, inside)
                self._branch -= 1
            case _:
                for child in ast.iter_child_nodes(node):
                    if isinstance(child, ast.expr):
                        self._visit(child, scope, inside)

    def _candidate(self, node: ast.expr, scope: Scope) -> bool:
        """Notes a string expression that may be a statement; True when it is one."""
        if not self._recording:
            return False
        if isinstance(node, ast.Constant):
            if not isinstance(node.value, str) or len(node.value) < 15 or not _CANDIDATE.search(node.value):
                return False
        elif isinstance(node, ast.Call):
            if not _is_string_method(node):
                return False
        elif isinstance(node, ast.BinOp) and not isinstance(node.op, (ast.Add, ast.Mod)):
            return False
        if not isinstance(node, ast.Constant) and not _CANDIDATE.search(self.source.segment(node)):
            return False
        value = self.evaluator.evaluate(node, scope)
        text = leading_text(value)
        if text is None or not STATEMENT.match(text):
            return False
        self.candidates.append(
            Candidate(value, self.source.start(node), self.source.end(node), self._branch > 0)
        )
        return True

    def _call(self, node: ast.Call, scope: Scope) -> None:
        if not self._recording:
            return
        local = self.evaluator.callee(node.func, scope)
        if local is not None:
            self._local_call(local, node, scope)
            return
        self._callbacks(node, scope)
        written = dotted_name(node.func) or (node.func.attr if isinstance(node.func, ast.Attribute) else "")
        if isinstance(node.func, ast.Attribute) and "." not in written:
            written = f"?.{written}"
        sink = find_sink(self.types.resolve(node.func), written)
        sink = sink or self._reader_option(node)
        if sink is not None and self._note_sink(sink, node, scope):
            return
        self._possible(node, scope, written.rsplit(".", 1)[-1])

    def _local_call(self, local: FunctionValue | ClassValue, node: ast.Call, scope: Scope) -> None:
        function = local.function if isinstance(local, FunctionValue) else local.owner.method("__init__")
        if function is None:
            return
        arguments = self.evaluator.arguments(function, node, scope)
        if isinstance(local, FunctionValue) and local.instance is not None:
            arguments = {**local.instance.arguments, **arguments}
        self.calls.append(LocalCall(function, node, arguments, scope.function, scope, self._branch > 0))

    def _callbacks(self, node: ast.Call, scope: Scope) -> None:
        """`pool.map(run, queries)`, `executor.submit(run, sql)`, `PythonOperator(python_callable=run, ...)`."""
        keywords = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        target = keywords.get("python_callable") or keywords.get("target")
        if target is not None:
            local = self.evaluator.callee(target, scope)
            if isinstance(local, FunctionValue):
                arguments: dict[tuple[int, str], Value] = {}
                if "op_kwargs" in keywords:
                    mapping = self.evaluator.evaluate(keywords["op_kwargs"], scope)
                    if isinstance(mapping, DictValue):
                        arguments = {
                            (local.function.number, key): value
                            for key, value in mapping.items
                            if isinstance(key, str)
                        }
                for name in ("args", "op_args"):
                    if name in keywords:
                        listed = self.evaluator.evaluate(keywords[name], scope)
                        elements = listed.elements if isinstance(listed, ListValue) else ()
                        for parameter, value in zip(local.function.parameters(), elements, strict=False):
                            arguments[local.function.number, parameter] = value
                self._note_call(local.function, node, arguments, scope)
            return
        if not isinstance(node.func, (ast.Attribute, ast.Name)) or not node.args:
            return
        method = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
        if method in ("submit", "apply_async", "run_in_executor", "to_thread", "partial"):
            for position, argument in enumerate(node.args[:2]):
                local = self.evaluator.callee(argument, scope)
                if isinstance(local, FunctionValue):
                    passed = self.evaluator.arguments(local.function, node, scope, skip=position + 1)
                    self._note_call(local.function, node, passed, scope)
                    return
        if method in ("map", "imap", "imap_unordered", "starmap") and len(node.args) > 1:
            local = self.evaluator.callee(node.args[0], scope)
            if isinstance(local, FunctionValue):
                element = self.evaluator.element(self.evaluator.evaluate(node.args[1], scope))
                names = local.function.parameters()
                if element is not None and names:
                    self._note_call(local.function, node, {(local.function.number, names[0]): element}, scope)

    def _note_call(
        self, function: FunctionInfo, node: ast.Call, arguments: dict[tuple[int, str], Value], scope: Scope
    ) -> None:
        self.calls.append(LocalCall(function, node, arguments, scope.function, scope, self._branch > 0))

    def _reader_option(self, node: ast.Call) -> Sink | None:
        """`spark.read.format("bigquery").option("query", sql)` and `.load(sql)`."""
        if not isinstance(node.func, ast.Attribute) or node.func.attr not in ("option", "load", "options"):
            return None
        chain = self.source.segment(node.func.value)
        if "bigquery" not in chain.lower() or "read" not in chain:
            return None
        api = f"pyspark.sql.DataFrameReader.{node.func.attr}"
        if node.func.attr == "option":
            is_query = (
                len(node.args) == 2 and isinstance(node.args[0], ast.Constant) and node.args[0].value == "query"
            )
            return Sink(api, 1) if is_query else None
        if node.func.attr == "options":
            return Sink(api, None, ("query",)) if any(k.arg == "query" for k in node.keywords) else None
        return Sink(api, 0, certain=False) if node.args else None

    def _note_sink(self, sink: Sink, node: ast.Call, scope: Scope) -> bool:
        argument: ast.expr | None = None
        for keyword in node.keywords:
            if keyword.arg in sink.keywords:
                argument = keyword.value
        if argument is None and sink.position is not None and len(node.args) > sink.position:
            argument = node.args[sink.position]
        if argument is None or isinstance(argument, ast.Starred):
            return False
        value = self.evaluator.evaluate(argument, scope)
        if sink.configuration == "mapping" and "configuration" in sink.keywords:
            found = _configured_query(value)
            if found is None:
                if isinstance(value, DictValue):
                    return True  # A load, copy or extract job: no SQL.
                found = self.evaluator.unknown(argument)
            value = found
        if not sink.certain and not _could_be_statement(value):
            return False
        self.uses.append(
            SinkUse(sink, node, value, scope.function, scope, self._branch > 0, self.source.start(node))
        )
        return True

    def _possible(self, node: ast.Call, scope: Scope, name: str) -> None:
        """A statement handed to a function of another module: surely a query somewhere."""
        if _TELLERS.match(name):
            return
        for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
            if isinstance(argument, (ast.Constant, ast.Starred)) and not (
                isinstance(argument, ast.Constant) and isinstance(argument.value, str)
            ):
                continue
            value = self.evaluator.evaluate(argument, scope)
            text = leading_text(value)
            if text is not None and STATEMENT.match(text):
                self.uses.append(
                    SinkUse(POSSIBLE, node, value, scope.function, scope, self._branch > 0, self.source.start(node))
                )
                return


def leading_text(value: Value) -> str | None:
    """The text of a string with `{gap}` for gaps; of a choice, of its first string."""
    if isinstance(value, ChoiceValue):
        for member in value.values:
            text = leading_text(member)
            if text is not None and STATEMENT.match(text):
                return text
        return None
    if not isinstance(value, StringValue):
        return None
    return "".join("{gap}" if piece.expression else piece.text for piece in value.pieces[:50])


def _could_be_statement(value: Value) -> bool:
    """True for a statement and for a parameter that calls may fill with one."""
    if isinstance(value, UnknownValue):
        return value.parameter is not None
    if isinstance(value, ChoiceValue):
        return any(_could_be_statement(member) for member in value.values)
    if isinstance(value, StringValue):
        text = leading_text(value)
        if text is not None and STATEMENT.match(text):
            return True
        solid = [piece for piece in value.pieces if piece.expression or piece.text.strip()]
        return bool(solid) and solid[0].parameter is not None
    return False


def _configured_query(value: Value) -> Value | None:
    """The SQL of a job configuration in REST notation: `{"query": {"query": "..."}}`."""
    if isinstance(value, ChoiceValue):
        return choose([found for member in value.values if (found := _configured_query(member)) is not None])
    if not isinstance(value, DictValue):
        return None
    query = value.get("query")
    return query.get("query") if isinstance(query, DictValue) else None


def _is_string_method(node: ast.Call) -> bool:
    function = node.func
    if isinstance(function, ast.Name):
        return function.id in ("dedent", "cleandoc", "Template")
    if not isinstance(function, ast.Attribute):
        return False
    if function.attr in ("dedent", "cleandoc", "Template"):
        return True
    return function.attr in ("format", "strip", "lstrip", "rstrip", "replace", "join", "substitute",
                             "safe_substitute", "format_map")


def _definitions(module: Scope) -> dict[str, Value]:
    """The functions and classes defined so far: those of this walk, not of the first one."""
    return {
        name: value
        for name, value in module.names.items()
        if isinstance(value, (FunctionValue, ClassValue, ObjectValue))
    }


def _is_main_guard(test: ast.expr) -> bool:
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Name)
        and test.left.id == "__name__"
        and isinstance(test.ops[0], ast.Eq)
    )


def _leaves(body: Sequence[ast.stmt]) -> bool:
    """True when a block ends by leaving: what it bound does not reach the code after it."""
    return bool(body) and isinstance(body[-1], (ast.Return, ast.Raise, ast.Continue, ast.Break))


