"""The source lines of a finding, with its span underlined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from costguard.model import Span
from costguard.render.cells import ELLIPSIS, cell_width, harmless
from costguard.render.paint import Look, Paint

TAB: Final = 4
"""Cells between tab stops."""
CONTEXT: Final = 8
"""Cells that stay visible before and after a span where a long line is cut."""
SHOWN_LINES: Final = 4
"""A longer span shows its first two lines and its last."""
_LONGEST: Final = 2000
"""Characters of a line that are looked at: generated code has lines of megabytes."""


@dataclass(frozen=True, slots=True)
class _Fitted:
    """A line as it is shown, and the stretch of the span in it, in cells."""

    text: str
    start: int
    end: int


def snippet(lines: Sequence[str], span: Span, width: int, look: Look, paint: Paint) -> list[str]:
    """The lines to print, none when the span is not in the text. `width`: cells for a whole line."""
    if not 1 <= span.start_line <= len(lines):
        return []
    last = min(max(span.end_line, span.start_line), len(lines))
    end = span.end_column if last == span.end_line else len(lines[last - 1]) + 1
    if last > span.start_line and not lines[last - 1][: end - 1].strip():
        # The span ends before the first character of its last line: it ends with the line above.
        last -= 1
        end = len(lines[last - 1]) + 1
    digits = max(len(str(last)), 4)
    gutter = _Gutter(digits, paint)
    room = max(width - digits - 3, 20)
    if last == span.start_line:
        fitted = _fit(lines[last - 1], span.start_column, end, room)
        return [
            gutter.line(last, fitted.text),
            gutter.line(None, " " * fitted.start + paint("^" * (fitted.end - fitted.start), look)),
        ]
    return _block(lines, span, last, end, room, gutter, look, paint)


@dataclass(frozen=True, slots=True)
class _Gutter:
    digits: int
    paint: Paint

    def line(self, number: int | None, text: str) -> str:
        label = "" if number is None else str(number)
        return f"{self.paint(f'{label:>{self.digits}} │', 'frame')} {text}".rstrip()


def _block(
    lines: Sequence[str],
    span: Span,
    last: int,
    end: int,
    room: int,
    gutter: _Gutter,
    look: Look,
    paint: Paint,
) -> list[str]:
    """A span of several lines: a bar to the left of them, from its first character to its last."""
    room -= 2
    head = lines[span.start_line - 1]
    fitted = _fit(head, span.start_column, len(head) + 1, room)
    if head[: span.start_column - 1].strip():
        shown = [
            gutter.line(span.start_line, f"  {fitted.text}"),
            gutter.line(None, paint("╭" + "─" * (fitted.start + 1) + "^", look)),
        ]
    else:
        shown = [gutter.line(span.start_line, f"{paint('╭', look)} {fitted.text}")]
    bar = paint("│", look)
    inner = range(span.start_line + 1, last)
    kept = inner if len(inner) <= SHOWN_LINES - 2 else inner[:1]
    for number in kept:
        text = lines[number - 1]
        shown.append(gutter.line(number, f"{bar} {_fit(text, 1, 1, room).text}"))
    hidden = len(inner) - len(kept)
    if hidden:
        shown.append(gutter.line(None, f"{paint('┆', look)} {paint(f'({hidden} more lines)', 'dim')}"))
    tail = lines[last - 1]
    if tail[end - 1 :].strip(" \t;"):
        fitted = _fit(tail, end - 1, end, room)
        shown.append(gutter.line(last, f"{bar} {fitted.text}"))
        shown.append(gutter.line(None, paint("╰" + "─" * (fitted.start + 1) + "^", look)))
    else:
        shown.append(gutter.line(last, f"{paint('╰', look)} {_fit(tail, 1, 1, room).text}"))
    return shown


def _fit(line: str, start_column: int, end_column: int, room: int) -> _Fitted:
    """The line in so many cells; where it is longer, the part around the span (1-based, end exclusive)."""
    start = min(max(start_column - 1, 0), len(line))
    end = min(max(end_column - 1, start), len(line))
    first = max(start - _LONGEST // 2, 0) if len(line) > _LONGEST else 0
    part = line[first : first + _LONGEST].rstrip()
    pieces, offsets = _pieces(part)
    total = offsets[-1]
    here = offsets[min(start - first, len(part))]
    there = max(offsets[min(end - first, len(part))], here + 1)
    cut_before, cut_after = first > 0, first + _LONGEST < len(line)
    left = 0
    if total > room:
        if there > room - (CONTEXT if there + CONTEXT < total else 0):
            left = max(min(there + CONTEXT, total) - room, 0)
            if left > here - CONTEXT:
                left = max(here - CONTEXT, 0)
        cut_before, cut_after = cut_before or left > 0, cut_after or left + room < total
    low, high = left + cut_before, left + room - cut_after
    shown = "".join(
        piece
        for piece, from_cell, to_cell in zip(pieces, offsets, offsets[1:], strict=False)
        if from_cell >= low and to_cell <= high
    )
    # A wide character that straddles the cut leaves a cell empty.
    gap = next((cell - low for cell in offsets if cell >= low), 0) if cut_before else 0
    text = (ELLIPSIS + " " * gap if cut_before else "") + shown + (ELLIPSIS if cut_after else "")
    start_cell = max(here, low) - left
    return _Fitted(text, start_cell, max(min(there, high) - left, start_cell + 1))


def _pieces(text: str) -> tuple[list[str], list[int]]:
    """Each character as it is shown, and the cell at which it starts; the last offset is the width."""
    pieces: list[str] = []
    offsets = [0]
    for char in text:
        cell = offsets[-1]
        piece = " " * (TAB - cell % TAB) if char == "\t" else harmless(char)
        pieces.append(piece)
        offsets.append(cell + (len(piece) if char == "\t" else cell_width(piece)))
    return pieces, offsets
