"""What SQL text does an expression build? For EXECUTE IMMEDIATE of literals, `||`, CONCAT and FORMAT.

Parts that cannot be known offline become holes: stand-ins that read as a name, so that the tables and columns
written around them are still seen.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from costguard.extract.script_lexer import Token, boundaries, skip_blank, tokens
from costguard.extract.script_literals import Decoded, decode_literal, joined, slice_decoded
from costguard.model import Hole, HoleKind, Segment

_LARGEST_TEXT: Final = 200_000
"""Characters; BigQuery's own limit for a query is 1 MB. Keeps a variable that doubles itself from growing."""
_MOST_PIECES: Final = 1_000
_DEEPEST: Final = 50
"""Levels of nested calls that are followed."""
_SPECIFIER: Final = re.compile(r"%(?:%|[-+ #0']*(?:\d+|\*)?(?:\.(?:\d+|\*))?[a-zA-Z])")
_STATEMENT_HEAD: Final = re.compile(
    r"\(*\s*(?:SELECT|WITH|FROM|INSERT|UPDATE|DELETE|MERGE|CREATE|DROP|ALTER|TRUNCATE|EXPORT|LOAD|CALL|ASSERT|GRANT"
    r"|REVOKE)\b",
    re.IGNORECASE,
)
_NAME_BEFORE: Final = re.compile(
    r"(?:\b(?:FROM|JOIN|INTO|TABLE|UPDATE|VIEW|SCHEMA|EXISTS|REPLACE)\s+|[.`\w-])\Z", re.I
)


@dataclass(frozen=True, slots=True)
class Unknown:
    """A part of the text that only the run can tell: `source[start:end]` computes it."""

    start: int
    end: int


Pieces = tuple[Decoded | Unknown, ...]
KnownText = Callable[[str], Pieces | None]


@dataclass(frozen=True, slots=True)
class DynamicText:
    """The SQL that an expression builds, with stand-ins for its unknown parts."""

    text: str
    segments: tuple[Segment, ...]
    holes: tuple[Hole, ...]


def pieces_of(source: str, start: int, end: int, known_text: KnownText) -> Pieces | None:
    """The parts of the text that `source[start:end]` builds; None when it is not made of string literals."""
    reader = _Reader(source, list(tokens(source, start, end)), known_text)
    pieces = reader.joined_terms(0)
    if reader.position != len(reader.tokens) or not any(isinstance(piece, Decoded) for piece in pieces):
        return None
    if len(pieces) > _MOST_PIECES:
        return None
    if sum(len(piece.text) for piece in pieces if isinstance(piece, Decoded)) > _LARGEST_TEXT:
        return None
    return pieces


def dynamic_text(source: str, pieces: Pieces) -> DynamicText | None:
    """One statement made of `pieces`; None when its beginning is unknown or is not SQL."""
    parts: list[Decoded] = []
    holes: list[Hole] = []
    text = ""
    for piece in pieces:
        if isinstance(piece, Unknown):
            name = " ".join(source[piece.start : piece.end].split())[:80]
            stand_in = f"hole_{len(holes) + 1}"
            holes.append(Hole(len(text), len(text) + len(stand_in), _hole_kind(text), name))
            piece = Decoded(stand_in, (Segment(0, len(stand_in), piece.start, piece.end, verbatim=False),))
        parts.append(piece)
        text += piece.text
    whole = joined(parts)
    first = skip_blank(whole.text, 0)
    last = len(whole.text.rstrip().rstrip(";").rstrip())
    if first >= last or (holes and not _STATEMENT_HEAD.match(whole.text, first)):
        return None
    cut = slice_decoded(whole, first, last)
    kept = tuple(
        Hole(hole.start - first, hole.end - first, hole.kind, hole.name)
        for hole in holes
        if first <= hole.start and hole.end <= last
    )
    return DynamicText(cut.text, cut.segments, kept)


def _hole_kind(before: str) -> HoleKind:
    """What a hole after the text `before` stands for."""
    rest = boundaries("bigquery").sub("", before)
    if rest.rpartition("\n")[2].count("'") % 2 or rest.rpartition("\n")[2].count('"') % 2:
        return "literal"
    return "name" if _NAME_BEFORE.search(before[-40:]) else "unknown"


class _Reader:
    """Reads an expression of literals, `||`, CONCAT, FORMAT, parentheses and variables."""

    __slots__ = ("known_text", "position", "source", "tokens")

    def __init__(self, source: str, written: list[Token], known_text: KnownText) -> None:
        self.source = source
        self.tokens = written
        self.known_text = known_text
        self.position = 0

    def joined_terms(self, depth: int) -> Pieces:
        """term || term || ..."""
        pieces: list[Decoded | Unknown] = list(self._term(depth))
        while self._at("||"):
            self.position += 1
            pieces.extend(self._term(depth))
        return tuple(pieces)

    def _at(self, mark: str, ahead: int = 0) -> bool:
        index = self.position + ahead
        return index < len(self.tokens) and self.tokens[index].text == mark

    def _term(self, depth: int) -> Pieces:
        begin = self.position
        pieces = self._known_term(depth) if depth < _DEEPEST else None
        if pieces is not None and self._at_term_end():
            return pieces
        self.position = begin
        return self._unknown_term()

    def _at_term_end(self) -> bool:
        return self.position >= len(self.tokens) or self.tokens[self.position].text in ("||", ",", ")")

    def _known_term(self, depth: int) -> Pieces | None:
        if self.position >= len(self.tokens):
            return None
        token = self.tokens[self.position]
        if token.kind == "string":
            return self._literals()
        if token.text == "(":
            self.position += 1
            pieces = self.joined_terms(depth + 1)
            return pieces if self._close() else None
        if token.kind == "word" and self._at("(", ahead=1) and token.text in ("CONCAT", "FORMAT"):
            self.position += 2
            arguments = [self.joined_terms(depth + 1)]
            while self._at(","):
                self.position += 1
                arguments.append(self.joined_terms(depth + 1))
            if not self._close():
                return None
            return (
                _formatted(arguments)
                if token.text == "FORMAT"
                else tuple(p for part in arguments for p in part)
            )
        if token.kind == "word":
            self.position += 1
            return self.known_text(self.source[token.start : token.end])
        return None

    def _close(self) -> bool:
        if not self._at(")"):
            return False
        self.position += 1
        return True

    def _literals(self) -> Pieces | None:
        """Literals side by side are one literal."""
        found: list[Decoded | Unknown] = []
        while self.position < len(self.tokens) and self.tokens[self.position].kind == "string":
            token = self.tokens[self.position]
            decoded = decode_literal(self.source, token.start, token.end)
            if decoded is None:
                return None
            found.append(decoded)
            self.position += 1
        return tuple(found)

    def _unknown_term(self) -> Pieces:
        begin, depth = self.position, 0
        while self.position < len(self.tokens):
            text = self.tokens[self.position].text
            if depth == 0 and text in ("||", ",", ")"):
                break
            if text in ("(", "["):
                depth += 1
            elif text in (")", "]"):
                depth -= 1
            self.position += 1
        if begin == self.position:
            return ()
        return (Unknown(self.tokens[begin].start, self.tokens[self.position - 1].end),)


def _formatted(arguments: list[Pieces]) -> Pieces | None:
    """FORMAT(template, values...): each specifier gives way to its value."""
    if len(arguments[0]) != 1 or not isinstance(arguments[0][0], Decoded):
        return None
    template = arguments[0][0]
    found: list[Decoded | Unknown] = []
    position, used = 0, 1
    for match in _SPECIFIER.finditer(template.text):
        found.append(slice_decoded(template, position, match.start()))
        position = match.end()
        if match.group() == "%%":
            found.append(slice_decoded(template, match.start(), match.start() + 1))
        elif used < len(arguments):
            found.extend(arguments[used])
            used += 1
        else:
            return None
    found.append(slice_decoded(template, position, len(template.text)))
    return tuple(found)
