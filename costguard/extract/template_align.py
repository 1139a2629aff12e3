"""Maps SQL that dbt compiled back to its template, line by line.

Nothing tells which line came from where, so a line counts as found when the same line (without outer
whitespace) stands in the data of the template. Between two found lines the compiled text maps to what
stands between them in the template.
"""

from __future__ import annotations

from bisect import bisect_left

from costguard.extract.template_scan import scan
from costguard.model import Segment

_SHORTEST = 4
"""Characters of a line that may be matched: `)` or `,` stand everywhere and prove nothing."""


def align(template: str, compiled: str) -> tuple[Segment, ...]:
    """Segments that cover all of `compiled`; what cannot be placed maps to the whole template."""
    places = _lines_of_data(template)
    segments: list[Segment] = []
    position = 0
    reached = 0
    for start, end in _lines(compiled, 0, len(compiled)):
        found = places.get(compiled[start:end])
        if found is None:
            continue
        # The next occurrence after the last match; a loop that starts over takes the first one again.
        index = bisect_left(found, reached)
        place = found[index] if index < len(found) else found[0]
        if start > position:
            segments.append(_gap(position, start, reached, place, len(template)))
        segments.append(Segment(start, end, place, place + end - start, True))
        position, reached = end, place + end - start
    if position < len(compiled):
        segments.append(_gap(position, len(compiled), reached, len(template), len(template)))
    return tuple(segments)


def _gap(start: int, end: int, source_start: int, source_end: int, length: int) -> Segment:
    if source_start >= source_end:
        source_start, source_end = 0, length
    return Segment(start, end, source_start, source_end, False)


def _lines_of_data(template: str) -> dict[str, list[int]]:
    """Line -> offsets where it stands in the template's data, ascending."""
    places: dict[str, list[int]] = {}
    try:
        parts = scan(template)
    except ValueError:
        return places
    for part in parts:
        if part.kind == "data":
            for start, end in _lines(template, part.start, part.end):
                if end - start >= _SHORTEST:
                    places.setdefault(template[start:end], []).append(start)
    return places


def _lines(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """(start, end) of every non-blank line of `text[start:end]`, without outer whitespace."""
    found: list[tuple[int, int]] = []
    while start < end:
        newline = text.find("\n", start, end)
        stop = end if newline == -1 else newline
        low, high = start, stop
        while low < high and text[low].isspace():
            low += 1
        while high > low and text[high - 1].isspace():
            high -= 1
        if low < high:
            found.append((low, high))
        start = stop + 1
    return found
