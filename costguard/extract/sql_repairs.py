"""Rewrites of valid GoogleSQL that sqlglot cannot parse into text of the same length that it can.

The same length matters: offsets in the parsed tree stay offsets in the statement as written. Each repair is a
function from a statement to `Edit`s; all that apply are made together, after the plain parse has failed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from costguard.extract.script_lexer import Token, tokens

_NAME_KINDS: Final = frozenset({"word", "string", "member"})


@dataclass(frozen=True, slots=True)
class Edit:
    """`text[start:start + len(replacement)]` gives way to `replacement`."""

    start: int
    replacement: str


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement and its tokens, without comments."""

    text: str
    tokens: tuple[Token, ...]
    closing: dict[int, int] = field(default_factory=dict)
    """Index of each opening parenthesis or brace to the index of the one that closes it."""

    @staticmethod
    def read(text: str) -> Statement:
        """Tokenises a statement."""
        written = tuple(tokens(text, 0))
        closing: dict[int, int] = {}
        opened: list[int] = []
        for index, token in enumerate(written):
            if token.text in ("(", "{"):
                opened.append(index)
            elif token.text in (")", "}") and opened:
                closing[opened.pop()] = index
        return Statement(text, written, closing)

    def word(self, index: int) -> str:
        """The token at `index` in upper case; empty outside the statement."""
        return self.tokens[index].text.upper() if 0 <= index < len(self.tokens) else ""

    def blank(self, first: int, last: int) -> Edit:
        """Spaces for the tokens `first` to `last`, both included. Line ends stay: lines still count."""
        start, end = self.tokens[first].start, self.tokens[last].end
        return Edit(start, re.sub(r"[^\n]", " ", self.text[start:end]))

    def name_end(self, index: int) -> int:
        """Index of the last token of the dotted name that begins at `index`."""
        while index + 1 < len(self.tokens):
            following = self.tokens[index + 1]
            # A project's name may have dashes: my-project.dataset.table.
            is_dash = following.text == "-" and following.start == self.tokens[index].end
            if following.kind != "member" and not (is_dash and following.end == self.start_of(index + 2)):
                break
            index += 2 if is_dash else 1
        return index

    def start_of(self, index: int) -> int:
        """Offset of the token at `index`; -1 outside the statement."""
        return self.tokens[index].start if index < len(self.tokens) else -1


@dataclass(frozen=True, slots=True)
class TableName:
    """The name of a table, as `text[start:end]` gives it."""

    name: str
    """Dotted, without quotes."""
    start: int
    end: int
    quoted: bool


@dataclass(frozen=True, slots=True)
class Repaired:
    """A statement after repairs."""

    text: str
    names: tuple[str, ...]
    """Which repairs were made."""
    tables: tuple[TableName, ...]
    """Tables whose names now stand where a column would."""


Repair = Callable[[Statement], Iterator[Edit]]


def model_argument(statement: Statement) -> Iterator[Edit]:
    """`ML.EVALUATE(MODEL d.m)`: the model's name becomes a string literal."""
    for index, token in enumerate(statement.tokens):
        if token.text != "MODEL" or token.kind != "word" or statement.word(index - 1) not in ("(", ","):
            continue
        if index + 1 >= len(statement.tokens) or statement.tokens[index + 1].kind not in _NAME_KINDS:
            continue
        end = statement.tokens[statement.name_end(index + 1)].end
        name = "".join(statement.text[statement.tokens[index + 1].start : end].replace("`", "").split())
        if "'" not in name:
            yield Edit(token.start, f"'{name}'".ljust(end - token.start))


def table_argument(statement: Statement) -> Iterator[Edit]:
    """`d.function(TABLE d.t)`: the name, in backticks, reads as a column (see `Repaired.tables`)."""
    for index, name in table_arguments(statement):
        start = statement.tokens[index].start
        yield Edit(start, f"`{name.name}`".rjust(name.end - start))


def table_arguments(statement: Statement) -> Iterator[tuple[int, TableName]]:
    """Indexes of the word TABLE where it marks an argument, with the name that follows."""
    for index, token in enumerate(statement.tokens):
        if token.kind != "word" or token.text != "TABLE" or index + 1 >= len(statement.tokens):
            continue
        before, behind = statement.word(index - 1), statement.tokens[index + 1]
        is_argument = before in ("(", ",") or (before == ">" and statement.word(index - 2) == "=")
        if is_argument and behind.kind in ("word", "string"):
            end = statement.tokens[statement.name_end(index + 1)].end
            name = "".join(statement.text[behind.start : end].replace("`", "").split())
            yield index, TableName(name, behind.start, end, behind.kind == "string")


def bytes_literal(statement: Statement) -> Iterator[Edit]:
    """`rb'...'` and `br'...'` become raw strings."""
    for token in statement.tokens:
        if token.kind == "string" and token.text[:2].lower() in ("rb", "br"):
            yield Edit(token.start, " r")


def hint(statement: Statement) -> Iterator[Edit]:
    """`JOIN@{...}` and `t@{...}`: hints go."""
    for index, token in enumerate(statement.tokens):
        if token.text == "@" and statement.word(index + 1) == "{" and index + 1 in statement.closing:
            yield statement.blank(index, statement.closing[index + 1])


def privacy_clause(statement: Statement) -> Iterator[Edit]:
    """`SELECT WITH DIFFERENTIAL_PRIVACY OPTIONS (...)`: the clause goes."""
    for index in range(len(statement.tokens)):
        if statement.word(index) != "SELECT" or statement.word(index + 1) != "WITH":
            continue
        if statement.word(index + 2) not in (
            "DIFFERENTIAL_PRIVACY",
            "AGGREGATION_THRESHOLD",
            "ANONYMIZATION",
        ):
            continue
        last = index + 2
        if statement.word(index + 3) == "OPTIONS":
            last = statement.closing.get(index + 4, last)
        yield statement.blank(index + 1, last)


def with_expression(statement: Statement) -> Iterator[Edit]:
    """`WITH(a AS 1, a + 1)` as an expression becomes a tuple of its parts."""
    for index in range(len(statement.tokens)):
        if statement.word(index) != "WITH" or statement.word(index + 1) != "(":
            continue
        yield statement.blank(index, index)
        end = statement.closing.get(index + 1, index + 1)
        position, depth = index + 2, 0
        while position < end:
            word = statement.word(position)
            if (
                depth == 0
                and statement.word(position - 1) in ("(", ",")
                and statement.word(position + 1) == "AS"
            ):
                yield statement.blank(position, position + 1)
            depth += (word in ("(", "[")) - (word in (")", "]"))
            position += 1


def assertion(statement: Statement) -> Iterator[Edit]:
    """`ASSERT condition AS 'message'` becomes `SELECT condition`."""
    if statement.word(0) != "ASSERT":
        return
    yield Edit(statement.tokens[0].start, "SELECT")
    last = len(statement.tokens) - 1
    if statement.word(last - 1) == "AS" and statement.tokens[last].kind == "string":
        yield statement.blank(last - 1, last)


def object_kind(statement: Statement) -> Iterator[Edit]:
    """CREATE SNAPSHOT TABLE, DROP SNAPSHOT TABLE, CREATE AGGREGATE FUNCTION: the middle word goes.

    So does what follows the name that is cloned: the time of its version, and options.
    """
    if statement.word(0) == "CREATE":
        clone = next((i for i in range(len(statement.tokens)) if statement.word(i) == "CLONE"), None)
        if clone is not None and clone + 1 < len(statement.tokens):
            after = statement.name_end(clone + 1) + 1
            if after < len(statement.tokens):
                yield statement.blank(after, len(statement.tokens) - 1)
    if statement.word(0) in ("CREATE", "DROP"):
        for index in range(1, min(6, len(statement.tokens))):
            if (statement.word(index), statement.word(index + 1)) in (
                ("SNAPSHOT", "TABLE"),
                ("AGGREGATE", "FUNCTION"),
            ):
                yield statement.blank(index, index)
                return


def model_queries(statement: Statement) -> Iterator[Edit]:
    """`CREATE MODEL ... AS (training_data AS (...), holidays AS (...))`: the queries become one union."""
    if statement.word(0) != "CREATE" or "MODEL" not in (statement.word(1), statement.word(3)):
        return
    for index in range(len(statement.tokens) - 4):
        if (
            statement.word(index) != "AS"
            or statement.word(index + 1) != "("
            or statement.word(index + 3) != "AS"
        ):
            continue
        end = statement.closing.get(index + 1, index)
        yield statement.blank(index + 2, index + 3)
        position = statement.closing.get(index + 4, end) + 1
        while position < end and statement.word(position) == "," and statement.word(position + 2) == "AS":
            blank = statement.blank(position, position + 2)
            if len(blank.replacement) >= len(" UNION ALL "):
                yield Edit(blank.start, " UNION ALL ".ljust(len(blank.replacement)))
            position = statement.closing.get(position + 3, end) + 1
        return


REPAIRS: Final[dict[str, Repair]] = {
    "model argument": model_argument,
    "table argument": table_argument,
    "bytes literal": bytes_literal,
    "hint": hint,
    "privacy clause": privacy_clause,
    "WITH expression": with_expression,
    "ASSERT": assertion,
    "object kind": object_kind,
    "model queries": model_queries,
}


def repair(text: str) -> Repaired:
    """Makes every repair that applies. The result is as long as `text`.

    >>> repair("SELECT * FROM a JOIN@{join_type=hash} b USING (x)").text
    'SELECT * FROM a JOIN                  b USING (x)'
    """
    statement = Statement.read(text)
    characters = list(text)
    names: list[str] = []
    for name, find in REPAIRS.items():
        edits = list(find(statement))
        for edit in edits:
            characters[edit.start : edit.start + len(edit.replacement)] = edit.replacement
        if edits:
            names.append(name)
    arguments = tuple(name for _, name in table_arguments(statement))
    return Repaired("".join(characters), tuple(names), arguments)
