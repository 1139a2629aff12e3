"""Text that remembers where in the template each of its characters came from.

`TrackedText` is a `str`, so template code can compare, split and search it as usual; any such operation
gives a plain `str` and loses the origin, while output, `set` blocks, macro calls and `~` keep it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from costguard.model import Segment


class Origin(NamedTuple):
    """`length` characters came from `template[start:end]`; `verbatim`: they are the same characters."""

    length: int
    start: int
    end: int
    verbatim: bool


class TrackedText(str):
    """A `str` with the origins of its characters: their lengths add up to its own."""

    __slots__ = ("origins",)

    origins: tuple[Origin, ...]
    """A negative start stands for an unknown origin."""

    def __str__(self) -> str:
        return self


def tracked(text: str, origins: tuple[Origin, ...]) -> TrackedText:
    """`text` with its origins."""
    result = TrackedText(text)
    result.origins = origins
    return result


def plain(text: str) -> str:
    """`text` as an ordinary `str`, without origins."""
    return "".join((text, "")) if isinstance(text, TrackedText) else text


def join(pieces: Sequence[str]) -> str:
    """The pieces as one text; tracked as soon as one piece is (a plain piece then has an unknown origin)."""
    if len(pieces) == 1:
        return pieces[0]
    text = "".join(pieces)
    if not any(isinstance(piece, TrackedText) for piece in pieces):
        return text
    return tracked(text, tuple(_origins(pieces)))


def _origins(pieces: Iterable[str]) -> Iterable[Origin]:
    for piece in pieces:
        if isinstance(piece, TrackedText):
            yield from piece.origins
        elif piece:
            yield Origin(len(piece), -1, -1, False)


def output(value: str, start: int, end: int) -> TrackedText:
    """`value` as the output of the tag `template[start:end]`: what has no origin yet comes from that tag."""
    if isinstance(value, TrackedText):
        if all(origin.start >= 0 for origin in value.origins):
            return value
        return tracked(
            value,
            tuple(
                origin if origin.start >= 0 else Origin(origin.length, start, end, False)
                for origin in value.origins
            ),
        )
    return tracked(value, (Origin(len(value), start, end, False),) if value else ())


def segments_of(text: str, template_length: int) -> tuple[Segment, ...]:
    """The segments of a rendered text; text of unknown origin maps to the whole template."""
    if not isinstance(text, TrackedText):
        return (Segment(0, len(text), 0, template_length, False),) if text else ()
    segments: list[Segment] = []
    position = 0
    for length, start, end, verbatim in text.origins:
        if start < 0:
            start, end = 0, template_length
        if length:
            segments.append(Segment(position, position + length, start, end, verbatim))
        position += length
    return tuple(segments)


def from_segments(text: str, segments: Sequence[Segment]) -> TrackedText:
    """`text` with the origins that sorted segments give; what no segment covers has an unknown origin."""
    origins: list[Origin] = []
    position = 0
    for segment in segments:
        if segment.start > position:
            origins.append(Origin(segment.start - position, -1, -1, False))
        length = segment.end - segment.start
        origins.append(Origin(length, segment.source_start, segment.source_end, segment.verbatim))
        position = segment.end
    if position < len(text):
        origins.append(Origin(len(text) - position, -1, -1, False))
    return tracked(text, tuple(origins))


class SegmentMap:
    """Answers where a stretch of a mapped text came from."""

    __slots__ = ("_segments", "_starts")

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._segments = segments
        self._starts = [segment.start for segment in segments]

    def cut(self, start: int, end: int) -> list[Segment]:
        """The segments that cover `text[start:end]`, cut to it, in coordinates of the text."""
        found: list[Segment] = []
        index = max(bisect_right(self._starts, start) - 1, 0)
        while index < len(self._segments) and self._segments[index].start < end:
            segment = self._segments[index]
            index += 1
            low, high = max(segment.start, start), min(segment.end, end)
            if low >= high:
                continue
            if segment.verbatim:
                shift = segment.source_start - segment.start
                found.append(Segment(low, high, low + shift, high + shift, True))
            else:
                found.append(Segment(low, high, segment.source_start, segment.source_end, False))
        return found

    def range(self, start: int, end: int) -> tuple[int, int] | None:
        """The smallest source range that covers all that `text[start:end]` came from."""
        pieces = self.cut(start, end)
        if not pieces:
            return None
        return min(piece.source_start for piece in pieces), max(piece.source_end for piece in pieces)


def compose(outer: Sequence[Segment], inner: Sequence[Segment]) -> tuple[Segment, ...]:
    """Segments of a text rendered from a text that was itself rendered: text -> middle -> template.

    `outer` maps the final text to the middle one, `inner` the middle one to the template.
    """
    middle = SegmentMap(inner)
    segments: list[Segment] = []
    for segment in outer:
        if segment.verbatim:
            shift = segment.start - segment.source_start
            segments.extend(
                replace(piece, start=piece.start + shift, end=piece.end + shift)
                for piece in middle.cut(segment.source_start, segment.source_end)
            )
        else:
            found = middle.range(segment.source_start, segment.source_end)
            if found is not None:
                segments.append(Segment(segment.start, segment.end, *found, False))
    return tuple(segments)
