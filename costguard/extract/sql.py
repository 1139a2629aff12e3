"""Parses one statement by itself, and says why when that fails.

Bad SQL is an expected input: every failure becomes an `Unread` with a short, stable reason. What parses to
something that is not a statement (a bare name, a call) counts as a failure too, never as clean SQL.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import ParseError, SqlglotError, TokenError
from sqlglot.parser import Parser
from sqlglot.tokenizer_core import TokenType
from sqlglot.tokens import Tokenizer

from costguard.extract.script_lexer import skip_blank, tokens
from costguard.extract.sql_depth import too_deep
from costguard.extract.sql_functions import rename_call, rename_calls, restore_names
from costguard.extract.sql_pipe_operators import OPERATORS
from costguard.extract.sql_pipes import finish
from costguard.extract.sql_repairs import Repaired, TableName, repair
from costguard.model import Unread

# sqlglot logs a warning for each statement it keeps as an opaque Command. Here that is an `Unread` value.
logging.getLogger("sqlglot").setLevel(logging.ERROR)

_MOST_RENAMED: Final = 8
"""Functions per statement that may be renamed one by one; each costs a parse."""

_STATEMENTS: Final = (
    *(exp.Query, exp.Create, exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.MultitableInserts, exp.Drop),
    *(exp.Alter, exp.TruncateTable, exp.Export, exp.LoadData, exp.Cache, exp.Copy),
)
_READ_WHEN_THEY_QUERY: Final = (
    *(exp.Set, exp.Declare, exp.Grant, exp.Revoke, exp.Use, exp.Transaction, exp.Commit, exp.Rollback),
    *(exp.Describe, exp.Show, exp.Pragma, exp.Comment, exp.Kill, exp.Uncache, exp.Refresh, exp.Analyze),
)

INERT_STATEMENTS: Final = re.compile(
    r"(?:GRANT|REVOKE|ALTER|DROP|UNDROP|CALL|SHOW|USE|SET|DECLARE|COMMIT|ROLLBACK|RAISE|RETURN|BREAK|LEAVE|CONTINUE"
    r"|ITERATE|BEGIN\s*(?:TRANSACTION\b.*)?\Z|EXPORT\s+(?:MODEL|METADATA)|LOAD\s+DATA|ANALYZE|REFRESH"
    r"|(?:MSCK|VACUUM|OPTIMIZE|UNCACHE)"
    r"|CREATE\s+(?:OR\s+REPLACE\s+)?(?:SEARCH\s+INDEX|VECTOR\s+INDEX|ROW\s+ACCESS\s+POLICY|RESERVATION|CAPACITY"
    r"|ASSIGNMENT|CONNECTION|DATA_POLICY|EXTERNAL\s+(?:TABLE|SCHEMA)|SCHEMA|DATABASE|PROPERTY\s+GRAPH|ROLE"
    r"|MATERIALIZED\s+VIEW\s+\S+\s+(?:OPTIONS\s*\([^()]*\)\s*)?AS\s+REPLICA))\b",
    re.IGNORECASE | re.DOTALL,
)
"""Statements that read no table data, or whose reading happens elsewhere (CALL): no loss if not parsed."""

_STATEMENT_HEAD: Final = re.compile(
    r"\(|(?:SELECT|WITH|FROM|INSERT|UPDATE|DELETE|MERGE|CREATE|TRUNCATE|EXPORT|ASSERT|EXPLAIN)\b",
    re.IGNORECASE,
)
"""What a statement of GoogleSQL that reads or writes data can begin with."""
_QUERY_STARTS: Final = (TokenType.SELECT, TokenType.WITH, TokenType.FROM, TokenType.TABLE)
_MORE_FIRST_WORDS: Final = ("VALUES", "ASSERT", "REFRESH")
_WORD: Final = re.compile(r"[A-Za-z_]\w*")
_LEGACY_NAME: Final = re.compile(r"\b(?:FROM|JOIN|,)\s*\(*\s*\[(?:[\w.:\-$]|/\*[^*]*\*/)+\]", re.IGNORECASE)
"""Comments stand for unknown parts of the name."""
_LEGACY_FUNCTION: Final = re.compile(r"\bTABLE_(?:DATE_RANGE|QUERY)(?:_STRICT)?\s*\(\s*\[")
_NOT_ANALYSED: Final = re.compile(
    r"\b(?:GRAPH_TABLE|MATCH_RECOGNIZE)\s*\(|\AGRAPH\b|\ACREATE\b.{0,40}\bPROCEDURE\b"
    r"|\|>\s*(?:DESCRIBE|FINISH|FORK|IF|LOG|RECURSIVE|STATIC_DESCRIBE|TEE)\b",
    re.I,
)
_SAFE_TOKEN: Final = re.compile(r"[A-Za-z_]{1,20}|[^\w\s\"'`]{1,3}")
# What sqlglot raises from its own code on input that it did not expect.
_INTERNAL_ERRORS: Final = (
    AttributeError,
    TypeError,
    ValueError,
    LookupError,
    AssertionError,
    NotImplementedError,
)


@dataclass(frozen=True, slots=True)
class Parsed:
    """One statement after parsing. Exactly one of `tree`, `unread` and `inert` says what became of it."""

    tree: exp.Expression | None
    """Offsets in the nodes' meta (`start`, `end` inclusive) count in the statement as written."""
    unread: Unread | None = None
    """Offsets count in the statement."""
    repaired: tuple[str, ...] = ()
    """Repairs without which it does not parse: names in `sql_repairs.REPAIRS`, or `function name`."""
    inert: bool = False
    """A statement that reads no table data (`INERT_STATEMENTS`)."""


def parse_leaf(text: str, dialect: str = "bigquery", user_functions: frozenset[str] = frozenset()) -> Parsed:
    """Parses one statement. Bad SQL gives an `Unread`; only an unknown dialect raises ValueError.

    `user_functions` are names, in lower case, of functions that the source defines: when the plain parse
    fails, calls of these are not taken for built-in functions of the same name.
    """
    reader = _dialect(dialect)
    upper = text.upper()
    if too_deep(text, upper):
        return _unread("nested too deep", "", text)
    google = dialect == "bigquery"
    if google and ("TABLE_DATE_RANGE" in upper or "TABLE_QUERY" in upper) and _LEGACY_FUNCTION.search(upper):
        # It would parse, as an unknown function of an array.
        return _unread("legacy SQL", "", text)
    if google and not _may_be_statement(text, reader):
        return _judge(None, text, google)
    first = _parse(text, reader)
    outcome = _judge(first, text, google)
    if outcome.unread is None or not google:
        return outcome
    repaired = repair(text)
    calls = rename_calls(repaired.text, user_functions)
    names = (*repaired.names, *(("function name",) if calls.originals else ()))
    second = _parse(calls.text, reader) if names else first
    written = calls
    for _ in range(_MOST_RENAMED):
        renamed = rename_call(written, second) if isinstance(second, ParseError) else None
        if renamed is None:
            break
        written, names = renamed, (*repaired.names, "function name")
        second = _parse(written.text, reader)
    if not names or _judge(second, text, google).tree is None:
        return outcome
    tree = second if isinstance(second, exp.Expression) else None
    if tree is not None:
        restore_names(tree, written)
        _restore_tables(tree, repaired)
    return Parsed(tree, repaired=names)


@dataclass(frozen=True, slots=True)
class _Reader:
    """A dialect, ready to read. Both parts forget one text when they are given the next; making them takes longer than
    reading a short statement."""

    tokenizer: Tokenizer
    parser: Parser
    first_words: frozenset[str]
    """Every word, in upper case, that the parser takes for the beginning of a statement."""


@cache
def _dialect(name: str) -> _Reader:
    """The dialect. Its parser leaves `FROM t, t.items` as it is: to make an UNNEST of it, it would copy every table of
    every FROM, a fifth of the time of a parse, and `costguard.facts.sql.build` knows such names by itself."""
    dialect = Dialect.get_or_raise(name)
    parser = dialect.parser_class
    parser.SUPPORTS_IMPLICIT_UNNEST = False
    if name == "bigquery":
        parser.PIPE_SYNTAX_TRANSFORM_PARSERS = OPERATORS
    kinds = {*parser.STATEMENT_PARSERS, *dialect.tokenizer_class.COMMANDS, *_QUERY_STARTS}
    words = (word.split()[0] for word, kind in dialect.tokenizer_class.KEYWORDS.items() if kind in kinds)
    return _Reader(dialect.tokenizer(), dialect.parser(), frozenset((*words, *_MORE_FIRST_WORDS)))


def _may_be_statement(text: str, reader: _Reader) -> bool:
    """Whether a text begins as a statement does, or with something other than a word. What does not is no statement,
    whatever it parses to."""
    word = _WORD.match(text, skip_blank(text, 0))
    return word is None or word[0].upper() in reader.first_words


def _parse(text: str, reader: _Reader) -> exp.Expr | Exception | None:
    """The only statement of `text`, what was raised instead, or None when there is not exactly one."""
    try:
        trees = [
            tree
            for tree in reader.parser.parse(reader.tokenizer.tokenize(text), text)
            if tree is not None and not isinstance(tree, exp.Semicolon)
        ]
    except (SqlglotError, RecursionError, *_INTERNAL_ERRORS) as error:
        return error
    if len(trees) != 1:
        return None
    return finish(trees[0]) if "|>" in text else trees[0]


def _judge(result: exp.Expr | Exception | None, text: str, google: bool) -> Parsed:
    """Whether a parse is a statement, and if not, why."""
    if isinstance(result, _STATEMENTS) and isinstance(result, exp.Expression):
        return Parsed(result)
    if isinstance(result, _READ_WHEN_THEY_QUERY) and isinstance(result, exp.Expression):
        return Parsed(result) if result.find(exp.Query) is not None else Parsed(None, inert=True)
    if isinstance(result, RecursionError):
        return _unread("nested too deep", "", text)
    start = skip_blank(text, 0)
    if INERT_STATEMENTS.match(text, start):
        return Parsed(None, inert=True)
    if isinstance(result, exp.Command):
        if result.name.upper() == "CREATE" and not _reads(text, start):
            return Parsed(None, inert=True)
        head = next(iter(tokens(text, start)), None)
        return _unread("statement kind not analysed", head.text if head and head.kind == "word" else "", text)
    if isinstance(result, exp.Expr):
        return _unread("not a statement", "", text)
    if _LEGACY_NAME.search(text):
        return _unread("legacy SQL", "", text)
    if _NOT_ANALYSED.search(text, start):
        return _unread("statement kind not analysed", "", text)
    if google and not _STATEMENT_HEAD.match(text, start):
        return _unread("not a statement", "", text)
    if isinstance(result, ParseError) and result.errors:
        return _syntax_error(result, text)
    if isinstance(result, TokenError):
        return _unread("syntax error", "a string or comment does not end", text)
    return _unread("syntax error", "", text)


def _reads(text: str, start: int) -> bool:
    """Whether a query or another table's name is among the words of a statement."""
    sources = {"SELECT", "FROM", "CLONE", "COPY", "LIKE"}
    return any(token.kind == "word" and token.text in sources for token in tokens(text, start))


def _syntax_error(error: ParseError, text: str) -> Parsed:
    """Names the line; quotes the token only if it is a plain word or mark, which cannot hold a secret."""
    first = error.errors[0]
    line, column, token = int(first["line"] or 1), int(first["col"] or 1), str(first["highlight"] or "")
    lines = text.split("\n")
    end = min(len(text), sum(len(one) + 1 for one in lines[: line - 1]) + column)
    detail = f"line {line} of the statement"
    if _SAFE_TOKEN.fullmatch(token):
        detail += f", at {token}"
    return Parsed(None, Unread("syntax error", detail, max(0, end - len(token)), end))


def _unread(reason: str, detail: str, text: str) -> Parsed:
    return Parsed(None, Unread(reason, detail, 0, len(text)))


def _restore_tables(tree: exp.Expression, repaired: Repaired) -> None:
    """Names that a repair left where a column stands become tables again."""
    names = {table.name: table for table in repaired.tables}
    if not names:
        return
    for column in list(tree.find_all(exp.Column)):
        table = names.get(".".join(part.name for part in column.parts))
        if table is not None and isinstance(column.parent, (exp.Func, exp.Kwarg)):
            column.replace(_table(table))


def _table(name: TableName) -> exp.Table:
    """The table as sqlglot would have read it, with the offsets of the whole name on every part."""
    parts = name.name.rsplit(".", 2)
    identifiers = [exp.to_identifier(part, quoted=name.quoted) for part in parts]
    for identifier in identifiers:
        identifier.meta.update({"start": name.start, "end": name.end - 1})
    return exp.Table(**dict(zip(("this", "db", "catalog"), reversed(identifiers), strict=False)))
