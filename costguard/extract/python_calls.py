"""Notes the calls of a module that run SQL, and the strings that look like it."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace

from costguard.extract.python_binding import element
from costguard.extract.python_clients import imports_bigquery, is_likely_client
from costguard.extract.python_commands import commanded
from costguard.extract.python_files import SQL_FILES
from costguard.extract.python_scopes import FunctionInfo, Scope, dotted_name
from costguard.extract.python_sinks import Sink, find_sink
from costguard.extract.python_source import SourceMap
from costguard.extract.python_strings import Evaluator, Types
from costguard.extract.python_values import (
    ChoiceValue,
    ClassValue,
    DictValue,
    FunctionValue,
    ListValue,
    Piece,
    StringValue,
    UnknownValue,
    Value,
    choose,
    known_text,
)

STATEMENT = re.compile(
    r"(?>\s+|--[^\n]*\n|\#[^\n]*\n|/\*.*?\*/|\(|\{gap\})*+"
    r"(?:SELECT|WITH\s+(?:RECURSIVE\s+)?[\w`{]+\s+AS\s*\(|INSERT\s+(?:INTO\s+)?[\w`{]|MERGE\s+(?:INTO\s+)?[\w`{]|UPDATE\s+[\w`.{}-]+"
    r"\s|DELETE\s+(?:FROM\s+)?[\w`{]|TRUNCATE\s+TABLE\s|CREATE\s+(?:OR\s+REPLACE\s+)?"
    r"(?:TEMP(?:ORARY)?\s+|EXTERNAL\s+|MATERIALIZED\s+|SNAPSHOT\s+)*(?:TABLE|VIEW|MODEL|FUNCTION|PROCEDURE|SCHEMA|SEARCH)\b"
    r"|DROP\s+(?:TABLE|VIEW|MODEL|SCHEMA|FUNCTION)\b|ALTER\s+(?:TABLE|VIEW|SCHEMA)\b|EXPORT\s+DATA\b|LOAD\s+DATA\b"
    r"|DECLARE\s+\w+\s|BEGIN\b|EXECUTE\s+IMMEDIATE\b|CALL\s+[\w`{]|ASSERT\b|SHOW\s+\w|EXPLAIN\s+\w|SET\s+\w+\s*=)",
    re.IGNORECASE | re.DOTALL,
)
"""How the text of a statement begins; `{gap}` is an unknown part."""

_COMMAND = re.compile(r"\bbq\b['\",\s][^\n]{0,300}?\bquery\b|['\"]bq['\"]")
"""The command-line tool of BigQuery, in a text or as a word of a list."""
_CANDIDATE = re.compile(r"\b(?:select|merge|insert|update|delete|create|with)\b", re.IGNORECASE)
_TELLERS = re.compile(
    r"^(?:print|pprint|debug|info|warn|warning|error|exception|critical|log|logger|format|dedent|len|str|repr|"
    r"isinstance|append|extend|add|insert|put|join|strip|replace|add_argument|option|Option|Argument|match|search|"
    r"compile|sub|findall|write|writelines|assert\w*|\w*(?:Error|Exception|Warning)|fail|echo|secho|display|Markdown|"
    r"HTML|md5|sha1|sha256|hash|split|startswith|endswith|remove_whitespace|clean|parse|parse_one|transpile|"
    r"reformat|prettify|sqlformat|format_sql|Field|help|skip|param|update|set|setdefault|get|field|text)$"
)

_SHOWS = re.compile(
    r"^(?:print|pprint|debug|info|warn|warning|error|exception|critical|fatal|assert\w*|fail|echo|secho|display|"
    r"\w*(?:Error|Exception|Warning)|Markdown|HTML|match|search|fullmatch|findall|startswith|endswith|"
    r"md5|sha1|sha256)$"
)
"""Functions that show a text to a person or compare it, and nothing else: no query is in what they are given."""
_DESCRIPTIONS = (
    "help",
    "description",
    "epilog",
    "usage",
    "doc",
    "docs",
    "doc_md",
    "title",
    "label",
    "message",
)
"""Parameters that take a text for people."""
_FOR_PEOPLE = re.compile(
    r"(?:^|_)(?:help|usage|example|expected|output|epilog|description|docs?)(?:_|s?$)", re.IGNORECASE
)
_QUERY = re.compile(r"sql|quer|statement", re.IGNORECASE)


def shows(call: ast.Call) -> bool:
    """Whether a call only shows what it is given."""
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return bool(_SHOWS.match(name))


def describes(keyword: str | None) -> bool:
    """Whether an argument is a text for people."""
    return keyword in _DESCRIPTIONS


def is_for_people(target: ast.expr) -> bool:
    """Whether a variable, by its name, holds a text for people."""
    name = target.id if isinstance(target, ast.Name) else ""
    return bool(_FOR_PEOPLE.search(name)) and not _QUERY.search(name)


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

BQ_QUERY = Sink("bq query")
"""The command-line tool of BigQuery, run by code."""


class CallNotes:
    """The calls and strings noted so far."""

    def __init__(self, source: SourceMap, types: Types, evaluator: Evaluator) -> None:
        self.source = source
        self.types = types
        self.evaluator = evaluator
        self.uses: list[SinkUse] = []
        self.calls: list[LocalCall] = []
        self.candidates: list[Candidate] = []
        self.elsewhere: set[int] = set()
        """Offsets of text that a query outside Python uses (a magic's `$variable`)."""
        self.in_branch = False
        """Whether what is noted next may not run; the walk keeps it up to date."""
        self._imports_bigquery = imports_bigquery(source.text)
        self._runs_commands = bool(_COMMAND.search(source.text))

    def candidate(self, node: ast.expr, scope: Scope) -> bool:
        """Notes a string expression that may be a statement; True when it is one."""
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
            Candidate(value, self.source.start(node), self.source.end(node), self.in_branch)
        )
        return True

    def call(self, node: ast.Call, scope: Scope) -> None:
        local = self.evaluator.callee(node.func, scope)
        if local is not None:
            self._local_call(local, node, scope)
            return
        self._callbacks(node, scope)
        if self._runs_commands and not shows(node) and self._command(node, scope):
            return
        written = dotted_name(node.func) or (node.func.attr if isinstance(node.func, ast.Attribute) else "")
        if isinstance(node.func, ast.Attribute) and "." not in written:
            written = f"?.{written}"
        sink = find_sink(self.types.resolve(node.func), written)
        if sink is not None and not sink.certain and sink.dialect == "bigquery":
            sink = replace(sink, likely=is_likely_client(node, self._imports_bigquery))
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
        self.calls.append(LocalCall(function, node, arguments, scope.function, scope, self.in_branch))

    def _callbacks(self, node: ast.Call, scope: Scope) -> None:
        """`pool.map(run, queries)`, `pool.submit(run, sql)`, `PythonOperator(python_callable=run, ...)`."""
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
                passed_element = element(self.evaluator.evaluate(node.args[1], scope))
                names = local.function.parameters()
                if passed_element is not None and names:
                    self._note_call(
                        local.function, node, {(local.function.number, names[0]): passed_element}, scope
                    )

    def _note_call(
        self, function: FunctionInfo, node: ast.Call, arguments: dict[tuple[int, str], Value], scope: Scope
    ) -> None:
        self.calls.append(LocalCall(function, node, arguments, scope.function, scope, self.in_branch))

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
                len(node.args) == 2
                and isinstance(node.args[0], ast.Constant)
                and node.args[0].value == "query"
            )
            return Sink(api, 1) if is_query else None
        if node.func.attr == "options":
            return Sink(api, None, ("query",)) if any(k.arg == "query" for k in node.keywords) else None
        return Sink(api, 0, certain=False) if node.args else None

    def _command(self, node: ast.Call, scope: Scope) -> bool:
        """`os.system("bq query '...'")`, `subprocess.run(["bq", "query", sql])`: notes what it runs."""
        noted = False
        for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
            for value in commanded(self.evaluator.evaluate(argument, scope), self.evaluator.unknown(node)):
                self.uses.append(
                    SinkUse(
                        BQ_QUERY, node, value, scope.function, scope, self.in_branch, self.source.start(node)
                    )
                )
                noted = True
        return noted

    def _note_sink(self, sink: Sink, node: ast.Call, scope: Scope) -> bool:
        argument: ast.expr | None = None
        for keyword in node.keywords:
            if keyword.arg in sink.keywords:
                argument = keyword.value
        if argument is None and sink.position is not None and len(node.args) > sink.position:
            argument = node.args[sink.position]
        value = self._passed(sink, node, argument, scope)
        if value is None:
            return False
        if sink.configuration == "mapping" and "configuration" in sink.keywords:
            found = _configured_query(value)
            if found is None:
                if isinstance(value, DictValue):
                    return True  # A load, copy or extract job: no SQL.
                found = value if isinstance(value, UnknownValue) else self.evaluator.unknown(argument or node)
            value = found
        if not sink.certain and not _could_be_statement(value) and not (sink.likely and _may_be_text(value)):
            return False
        self.uses.append(
            SinkUse(sink, node, value, scope.function, scope, self.in_branch, self.source.start(node))
        )
        return True

    def _passed(self, sink: Sink, node: ast.Call, argument: ast.expr | None, scope: Scope) -> Value | None:
        """The SQL that a call is given; what is in `**arguments` too. None where it is given none."""
        if argument is not None and not isinstance(argument, ast.Starred):
            return self.evaluator.evaluate(argument, scope)
        if sink.position is None and not sink.keywords:
            return self.evaluator.unknown(node)
        for keyword in node.keywords:
            if keyword.arg is not None or not sink.certain:
                continue
            mapping = self.evaluator.evaluate(keyword.value, scope)
            if not isinstance(mapping, DictValue):
                return self.evaluator.unknown(keyword.value)
            found = [value for name in sink.keywords if (value := mapping.get(name)) is not None]
            if found or not mapping.complete:
                return found[0] if found else self.evaluator.unknown(keyword.value)
        return None

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
                    SinkUse(
                        POSSIBLE,
                        node,
                        value,
                        scope.function,
                        scope,
                        self.in_branch,
                        self.source.start(node),
                    )
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
    return "".join(_leading(piece) for piece in value.pieces[:50])


def _leading(piece: Piece) -> str:
    if piece.alternatives is not None:
        text = leading_text(StringValue(piece.alternatives.texts[0]))
        return text or ""
    return "{gap}" if piece.expression else piece.text


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


def _may_be_text(value: Value) -> bool:
    """True for what may turn out to be SQL, of which nothing is known but perhaps a file's name."""
    if isinstance(value, ChoiceValue):
        return any(_may_be_text(member) for member in value.values)
    if isinstance(value, StringValue):
        return any(piece.expression for piece in value.pieces[:1]) or _names_file(value)
    return isinstance(value, UnknownValue)


def _names_file(value: StringValue) -> bool:
    return (known_text(value) or "").strip().endswith(SQL_FILES)


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
    return function.attr in (
        "format",
        "strip",
        "lstrip",
        "rstrip",
        "replace",
        "join",
        "substitute",
        "safe_substitute",
        "format_map",
    )
