"""Texts with gaps, held against whole texts: in time that grows with their length, whatever they hold."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from costguard.facts.fingerprint import NAME_GAP, OPEN_GAP

LEAST_FIXED: Final = 12
"""Characters that a text with gaps has to say, a name among them: `SELECT * FROM {table}` may be anybody's."""
LEAST_FIXED_OPEN: Final = 20
"""The same where some gap may stand for anything."""

_KEYWORDS: Final = frozenset(
    {
        *("CASE", "COUNT", "CREATE", "CROSS", "DELETE", "DESC", "DISTINCT", "DROP", "ELSE"),
        *("EXCEPT", "EXISTS", "EXTERNAL", "FROM", "FULL", "FUNCTION", "GROUP", "HAVING", "INNER"),
        *("INSERT", "INTO", "JOIN", "LEFT", "LIMIT", "MATERIALIZED", "MERGE", "NULL", "OFFSET"),
        *("ORDER", "OUTER", "PARTITION", "REPLACE", "RIGHT", "SELECT", "TABLE", "TEMP", "TEMPORARY"),
        *("THEN", "UNION", "UPDATE", "USING", "VALUES", "VIEW", "WHEN", "WHERE", "WITH"),
    }
)
_GAP: Final = re.compile(f"[{NAME_GAP}{OPEN_GAP}]")
_NAME: Final = re.compile(r"[\w.*\-?$:]*")
_WORD: Final = re.compile(r"[A-Z_][A-Z0-9_]{3,}")
_CHARACTER: Final = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A normal form with gaps."""

    key: int
    pieces: tuple[str, ...]
    gaps: str
    """The gap behind each piece but the last."""

    @property
    def fixed(self) -> int:
        """Characters that are known."""
        return sum(map(len, self.pieces))

    @property
    def open(self) -> bool:
        """Some gap stands for anything."""
        return OPEN_GAP in self.gaps

    def matches(self, text: str) -> bool:
        """Whether the gaps can be filled so that this is the text.

        Each piece is taken where it stands first: a gap of a name that is too long for that would be too long anywhere.
        """
        first, last = self.pieces[0], self.pieces[-1]
        if not text.startswith(first) or len(text) < self.fixed or not text.endswith(last):
            return False
        position, end = len(first), len(text) - len(last)
        for number, gap in enumerate(self.gaps):
            piece = self.pieces[number + 1]
            if number == len(self.gaps) - 1:
                place = end if end >= position and _fills(gap, text, position, end) else -1
            else:
                place = _next_place(gap, piece, text, position, end)
            if place < 0:
                return False
            position = place + len(piece)
        return True


def _next_place(gap: str, piece: str, text: str, start: int, end: int) -> int:
    """The first place of a piece behind a gap that can be filled; -1 when there is none."""
    place = text.find(piece, start, end)
    while place >= 0 and not _fills(gap, text, start, place):
        place = text.find(piece, place + 1, end) if gap == OPEN_GAP else -1
    return place


def _fills(gap: str, text: str, start: int, end: int) -> bool:
    if gap == NAME_GAP:
        return _NAME.fullmatch(text, start, end) is not None
    # Something that stood apart in the code is no part of a word.
    before, after = text[start - 1 : start + 1], text[end - 1 : end + 1]
    return not (_is_word(before) or _is_word(after))


def _is_word(pair: str) -> bool:
    return len(pair) == 2 and all(map(_CHARACTER.match, pair))


def pattern_of(key: int, form: str) -> Pattern | None:
    """The pattern of a normal form with gaps; None where too little of it is known."""
    if set(_WORD.findall(form)) <= _KEYWORDS:
        return None
    pattern = Pattern(key, tuple(_GAP.split(form)), "".join(_GAP.findall(form)))
    return pattern if pattern.fixed >= (LEAST_FIXED_OPEN if pattern.open else LEAST_FIXED) else None


class Patterns:
    """Many patterns, of which only those are tried that share a rare word with the text."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        given = list(patterns)
        words = [frozenset(word for piece in item.pieces for word in _whole_words(piece)) for item in given]
        common = Counter(word for found in words for word in found)
        self._by_word: dict[str, list[Pattern]] = defaultdict(list)
        self._rest: list[Pattern] = []
        for item, found in zip(given, words, strict=True):
            if found:
                self._by_word[min(found, key=lambda word: (common[word], word))].append(item)
            else:
                self._rest.append(item)

    def best(self, text: str) -> Sequence[Pattern]:
        """The patterns that match and of which most is known: several where these say the same."""
        tried = list(self._rest)
        for word in set(_WORD.findall(text)):
            tried.extend(self._by_word.get(word, ()))
        found = [item for item in tried if item.matches(text)]
        most = max((item.fixed for item in found), default=0)
        return sorted((item for item in found if item.fixed == most), key=lambda item: item.key)


def _whole_words(piece: str) -> Iterable[str]:
    """Words that stand in every text that matches: one at the edge of a piece may go on in the gap."""
    for match in _WORD.finditer(piece):
        if match.start() > 0 and match.end() < len(piece) and not _CHARACTER.match(piece[match.start() - 1]):
            yield match.group()
