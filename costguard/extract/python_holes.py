"""Fills the unknown parts of a SQL text so that it still parses, by what stands around them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from costguard.extract.python_values import Piece
from costguard.model import Hole, HoleKind, Segment

_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<line>--|\#)|(?P<block>/\*)|(?P<quote>[rRbB]{0,2}(?:'''|\"\"\"|'|\"))|(?P<tick>`)"
    r"|(?P<number>\d+(?:\.\d+)?)|(?P<word>[A-Za-z_@][\w@]*)|(?P<operator><>|<=|>=|!=|\|\||[=<>+\-*/%])|(?P<other>.)",
    re.DOTALL,
)
_NEXT = re.compile(r"\s*(<>|<=|>=|!=|\|\||[A-Za-z_]\w*|[^\s])")
_AFTER_NAME = {
    "FROM",
    "JOIN",
    "INTO",
    "UPDATE",
    "TABLE",
    "VIEW",
    "MODEL",
    "EXISTS",
    "MERGE",
    "SCHEMA",
    "FUNCTION",
    "PROCEDURE",
    "CALL",
    "DECLARE",
    "SELECT",
    "BY",
    "DISTINCT",
    "THEN",
    "ELSE",
    "CASE",
    "DELETE",
    "USING",
    "CLONE",
    "COPY",
    "COLUMN",
    "EXCEPT",
    "STRUCT",
    "DATASET",
    "RETURNING",
}
_AFTER_CONDITION = {"WHERE", "AND", "OR", "ON", "HAVING", "QUALIFY", "WHEN", "NOT", "IF"}
_AFTER_LITERAL = {
    "=",
    "<",
    ">",
    "<=",
    ">=",
    "!=",
    "<>",
    "LIKE",
    "BETWEEN",
    "LIMIT",
    "OFFSET",
    "INTERVAL",
    "OF",
    "||",
    "+",
    "-",
    "/",
    "%",
    "DEFAULT",
    "DATE",
    "TIMESTAMP",
    "DATETIME",
    "PERCENT",
}
_COMPARISONS = {
    "=",
    "<",
    ">",
    "<=",
    ">=",
    "!=",
    "<>",
    "IN",
    "IS",
    "LIKE",
    "BETWEEN",
    "NOT",
    "+",
    "-",
    "*",
    "/",
    "||",
}
_STARTERS = {
    "SELECT",
    "WITH",
    "INSERT",
    "MERGE",
    "UPDATE",
    "DELETE",
    "CREATE",
    "DROP",
    "DECLARE",
    "BEGIN",
    "SET",
    "EXPLAIN",
    "TRUNCATE",
    "ALTER",
    "CALL",
    "EXPORT",
    "(",
    ";",
}
_PARTS = {
    "DATE_TRUNC",
    "TIMESTAMP_TRUNC",
    "DATETIME_TRUNC",
    "DATE_DIFF",
    "TIMESTAMP_DIFF",
    "DATETIME_DIFF",
    "EXTRACT",
}
_DATE_WORDS = {
    "date",
    "day",
    "ds",
    "dt",
    "since",
    "until",
    "start",
    "end",
    "begin",
    "today",
    "yesterday",
    "timestamp",
    "ts",
    "time",
    "datetime",
    "now",
}
_STATEMENT = "SELECT 1"


@dataclass(slots=True)
class _Context:
    """What the text so far leaves open."""

    quote: str = ""
    """The closing mark of an open string, backtick or comment (`\\n`, `*/`), else empty."""
    previous: str = ""
    """The last token, upper case; `name`, `literal` for what is not a keyword or mark."""
    before: str = ""
    last_character: str = " "
    parentheses: list[str] = field(default_factory=list)
    """The token before each open parenthesis."""
    between: bool = False
    first: str = ""
    selected: bool = False
    """A SELECT or VALUES has been seen at the outermost level of the statement."""

    def token(self, text: str) -> None:
        word = text.upper()
        if not self.first and word not in ("(",):
            self.first = word
        if word in ("SELECT", "VALUES") and not self.parentheses:
            self.selected = True
        if word == "(":
            self.parentheses.append(self.previous)
        elif word == ")" and self.parentheses:
            self.parentheses.pop()
        elif word == ";":
            self.first, self.selected, self.previous, self.before = "", False, "", ""
            return
        if word == "BETWEEN":
            self.between = True
        elif word == "AND" and self.between:
            self.between = False
            word = "BETWEEN"
        self.before, self.previous = self.previous, word

    def feed(self, text: str) -> None:
        """Reads known text."""
        position = 0
        while position < len(text):
            if self.quote:
                position = self._close(text, position)
                continue
            match = _TOKEN.match(text, position)
            if match is None:
                break
            position = match.end()
            kind = match.lastgroup
            if kind == "space":
                continue
            if kind == "line":
                self.quote = "\n"
            elif kind == "block":
                self.quote = "*/"
            elif kind == "quote":
                self.quote = match.group().lstrip("rRbB")
            elif kind == "tick":
                self.quote = "`"
            elif kind == "number":
                self.token("literal")
            else:
                self.token(match.group())
        if text:
            self.last_character = text[-1]

    def _close(self, text: str, position: int) -> int:
        """Reads on inside a string or comment; returns where it goes on."""
        while position < len(text):
            if text[position] == "\\" and self.quote not in ("\n", "*/"):
                position += 2
                continue
            if text.startswith(self.quote, position):
                position += len(self.quote)
                if self.quote not in ("\n", "*/"):
                    self.token("name" if self.quote == "`" else "literal")
                self.quote = ""
                return position
            position += 1
        return position


@dataclass(frozen=True, slots=True)
class FilledText:
    """A SQL text with its gaps filled, and the way back to the source."""

    text: str
    segments: tuple[Segment, ...]
    holes: tuple[Hole, ...]


def fill_gaps(pieces: Sequence[Piece]) -> FilledText:
    """Joins pieces into a text; gaps get stand-ins that fit where they are."""
    context = _Context()
    parts: list[str] = []
    segments: list[Segment] = []
    holes: list[Hole] = []
    position = 0
    for index, piece in enumerate(pieces):
        text = piece.text
        if piece.expression:
            following = _following(pieces, index)
            kind, stand_in = _stand_in(context, piece, following)
            # A value that the code writes elsewhere is a better stand-in than an invented one.
            text = text if text and kind in ("name", "literal") and context.quote != "\n" else stand_in
            holes.append(Hole(position, position + len(text), kind, piece.expression))
        if not text:
            continue
        context.feed(text)
        parts.append(text)
        end = position + len(text)
        last = segments[-1] if segments else None
        if (
            last
            and last.verbatim
            and piece.verbatim
            and not piece.expression
            and last.source_end == piece.start
        ):
            segments[-1] = Segment(last.start, end, last.source_start, piece.end)
        else:
            verbatim = piece.verbatim and not piece.expression
            segments.append(Segment(position, end, piece.start, piece.end, verbatim))
        position = end
    return FilledText("".join(parts), tuple(segments), tuple(holes))


def _following(pieces: Sequence[Piece], index: int) -> str:
    """Up to 200 characters of what comes after a gap; a further gap reads as a name."""
    text = ""
    for piece in pieces[index + 1 : index + 6]:
        text += "gap" if piece.expression else piece.text[:200]
        if len(text) > 200:
            break
    return text


def _identifier(expression: str) -> str:
    """An identifier that is the same for the same expression and is no keyword."""
    words = re.sub(r"\W+", "_", expression).strip("_")[:60]
    return f"hole_{words}" if words else "hole"


def _words(expression: str) -> set[str]:
    return set(re.split(r"[^a-z]+|_", re.sub(r"([a-z])([A-Z])", r"\1_\2", expression).lower()))


def _quoted(piece: Piece, context: _Context, following: str) -> str:
    """Text for a gap inside a string: a date where the name says so."""
    words = _words(piece.expression)
    whole = context.last_character in "'\"" and following[:1] in ("'", '"')
    if "nodash" in words:
        return "20240101"
    if whole and words & _DATE_WORDS:
        return "2024-01-01"
    if "year" in words:
        return "2024"
    if words & {"month", "day", "hour"} and not whole:
        return "01"
    return _identifier(piece.expression)


def _literal(piece: Piece) -> str:
    words = _words(piece.expression)
    return "'2024-01-01'" if words & {"date", "ds", "dt", "timestamp", "datetime"} else "1"


def _stand_in(context: _Context, piece: Piece, following: str) -> tuple[HoleKind, str]:
    """What a gap stands for, and a text for it that parses."""
    name = _identifier(piece.expression)
    comment = f"/* {name} */"
    if context.quote in ("\n", "*/"):
        return "clause", name
    if context.quote == "`":
        return "name", name
    if context.quote:
        return "literal", _quoted(piece, context, following)
    match = _NEXT.match(following)
    after = match.group(1).upper() if match else ""
    glued_before = context.last_character.isalnum() or context.last_character in "_.@$`"
    glued_after = following[:1].isalnum() or following[:1] in ("_", ".", "`")
    previous = context.previous
    if glued_before and previous == "literal" and context.last_character.isdigit():
        return "literal", "01"
    if glued_before or glued_after or (context.last_character == "-" and following[:1] in "-."):
        return "name", name
    if not previous:
        if not after:
            return "unknown", _STATEMENT
        if after in _STARTERS:
            return "clause", comment
        return ("unknown", "SELECT *") if after == "FROM" else ("unknown", comment)
    if previous == "(":
        return _in_parenthesis(context, name, after)
    if previous in ("VALUES", "IN"):
        return "list", "(1)"
    if previous == "INTERVAL" or (previous == "LIMIT" or previous == "OFFSET"):
        return "literal", "1"
    if context.before == "INTERVAL":
        return "name", "DAY"
    if previous in _AFTER_LITERAL and after != "(":
        return "literal", _literal(piece)
    if previous == "*" and context.before not in ("SELECT", ",", "DISTINCT"):
        return "literal", "1"
    if previous in _AFTER_CONDITION:
        return ("name", name) if after in _COMPARISONS or after == "(" else ("condition", "TRUE")
    if previous == "SET":
        return ("name", name) if after == "=" else ("clause", f"{name} = 1")
    if previous == "AS":
        return _after_as(context, name, after)
    if previous in ("UNION", "INTERSECT") or (previous in ("ALL", "DISTINCT") and context.before == "UNION"):
        return "unknown", _STATEMENT
    if previous == ",":
        if context.first == "WITH" and not context.selected and not context.parentheses:
            return "clause", comment  # Between the parts of a WITH: `a AS (...), {more} b AS (...)`.
        return _after_comma(context, piece, name)
    if previous in _AFTER_NAME:
        return "name", name
    if not after and not context.selected and context.first in ("INSERT", "WITH") and not context.parentheses:
        return "unknown", _STATEMENT
    return "clause", comment


def _in_parenthesis(context: _Context, name: str, after: str) -> tuple[HoleKind, str]:
    opener = context.before
    if opener == "UNNEST":
        return "list", "[1]"
    if opener == "IN":
        return ("list", "1") if after == ")" else ("literal", "1")
    if opener in ("FROM", "JOIN", "AS", "EXISTS", "ALL") and after == ")":
        return "unknown", _STATEMENT
    if opener == "VALUES":
        return "literal", "1"
    if opener in ("OPTIONS", "OVER"):
        return "clause", f"/* {name} */"
    if opener in ("DATE", "TIMESTAMP", "DATETIME", "PARSE_DATE", "PARSE_TIMESTAMP"):
        return "literal", "'2024-01-01'"
    if opener in _AFTER_CONDITION and after in (")", "AND", "OR"):
        return "condition", "TRUE"
    if (
        context.first == "CREATE"
        and not context.selected
        and len(context.parentheses) == 1
        and opener not in ("BY",)
    ):
        return "clause", f"{name} STRING"
    return "name", name


def _after_as(context: _Context, name: str, after: str) -> tuple[HoleKind, str]:
    if context.first == "CREATE" and not context.selected and not context.parentheses:
        return ("unknown", _STATEMENT) if not after or after == ";" else ("clause", f"/* {name} */")
    if context.parentheses and context.parentheses[-1] in ("CAST", "SAFE_CAST"):
        return "name", "STRING"
    return "name", name


def _after_comma(context: _Context, piece: Piece, name: str) -> tuple[HoleKind, str]:
    opener = context.parentheses[-1] if context.parentheses else ""
    if opener in ("IN", "VALUES"):
        return "literal", "1"
    if opener in _PARTS:
        return "name", "DAY"
    if opener and opener not in ("FROM", "JOIN", "AS", "SELECT", "BY") and context.first != "INSERT":
        return ("literal", _literal(piece)) if opener.isidentifier() and opener != "NAME" else ("name", name)
    return "name", name
