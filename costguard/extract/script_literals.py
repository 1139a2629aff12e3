"""String literals of GoogleSQL: their text, and which characters of the source it came from.

EXECUTE IMMEDIATE runs SQL that is written inside literals. A finding in that SQL has to point at the
characters inside the literal, so decoding keeps a `Segment` for every stretch.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from costguard.extract.script_lexer import tokens
from costguard.model import Segment

_LITERAL: Final = re.compile(r"(?P<prefix>[rRbB]{0,2})(?P<quote>\"\"\"|'''|\"|')", re.S)
_ESCAPE: Final = re.compile(
    r"\\(?:(?P<simple>[abfnrtv\\?\"'`])|[xX](?P<hex>[0-9a-fA-F]{2})|u(?P<short>[0-9a-fA-F]{4})"
    r"|U(?P<long>[0-9a-fA-F]{8})|(?P<octal>[0-3][0-7]{2}))",
    re.S,
)
_SIMPLE: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_HIGHEST_CODE_POINT: Final = 0x10FFFF


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text that literals stand for. `segments` cover it without gaps."""

    text: str
    segments: tuple[Segment, ...]


def decode_literal(source: str, start: int, end: int) -> Decoded | None:
    """The text of the literal `source[start:end]`; None when that is not one string literal."""
    opening = _LITERAL.match(source, start, end)
    if opening is None or "b" in opening["prefix"].lower():
        return None
    quote = opening["quote"]
    first, last = opening.end(), end - len(quote)
    if last < first or source[last:end] != quote:
        return None
    if opening["prefix"]:
        return Decoded(source[first:last], (Segment(0, last - first, first, last),))
    parts: list[str] = []
    segments: list[Segment] = []
    length, position = 0, first

    def add(written: str, to: int, verbatim: bool) -> None:
        nonlocal length, position
        if written:
            segments.append(Segment(length, length + len(written), position, to, verbatim))
            parts.append(written)
            length += len(written)
        position = to

    while position < last:
        backslash = source.find("\\", position, last)
        stop = last if backslash == -1 else backslash
        add(source[position:stop], stop, verbatim=True)
        if backslash == -1:
            break
        escape = _ESCAPE.match(source, backslash, last)
        if escape is None:
            # Not a valid escape: BigQuery would refuse it. The characters stay, so that the SQL still reads.
            add(source[backslash : backslash + 2], min(backslash + 2, last), verbatim=True)
        else:
            add(_unescaped(escape), escape.end(), verbatim=False)
    return Decoded("".join(parts), tuple(segments))


def _unescaped(escape: re.Match[str]) -> str:
    simple = escape["simple"]
    if simple is not None:
        return _SIMPLE.get(simple, simple)
    if escape["octal"] is not None:
        return chr(int(escape["octal"], 8))
    code = int(escape["hex"] or escape["short"] or escape["long"], 16)
    return chr(code) if code <= _HIGHEST_CODE_POINT else "\N{REPLACEMENT CHARACTER}"


def joined(parts: Sequence[Decoded]) -> Decoded:
    """The texts of several literals, one after the other."""
    segments: list[Segment] = []
    length = 0
    for part in parts:
        segments.extend(
            Segment(length + s.start, length + s.end, s.source_start, s.source_end, s.verbatim)
            for s in part.segments
        )
        length += len(part.text)
    return Decoded("".join(part.text for part in parts), tuple(segments))


def slice_decoded(decoded: Decoded, start: int, end: int) -> Decoded:
    """`decoded.text[start:end]` with the segments that belong to it."""
    segments: list[Segment] = []
    for segment in decoded.segments:
        low, high = max(segment.start, start), min(segment.end, end)
        if low >= high:
            continue
        if segment.verbatim:
            shift = segment.source_start - segment.start
            segments.append(Segment(low - start, high - start, low + shift, high + shift))
        else:
            segments.append(
                Segment(low - start, high - start, segment.source_start, segment.source_end, False)
            )
    return Decoded(decoded.text[start:end], tuple(segments))


def list_length(source: str, start: int, end: int) -> int | None:
    """Number of elements when `source[start:end]` is an array literal `[...]`, else None.

    >>> list_length("['a', 'b,c', (1, 2)]", 0, 20)
    3
    """
    depth, commas, seen, closed = 0, 0, False, False
    for token in tokens(source, start, end):
        if closed or (depth == 0 and token.text != "["):
            return None
        if token.kind == "mark" and token.text in "([{":
            seen = seen or depth > 0
            depth += 1
        elif token.kind == "mark" and token.text in ")]}":
            depth -= 1
            closed = depth == 0
        elif token.text == "," and depth == 1:
            commas += 1
        else:
            seen = True
    if not closed:
        return None
    return commas + 1 if seen else 0
