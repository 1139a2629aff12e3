"""Charts as inline SVG: no script, no font of their own, readable without seeing them (a title, a description, and the
same figures in a table nearby). Colours come from the page's CSS, so that they follow light and dark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from typing import Final

WIDTH: Final = 720
_HEIGHT: Final = 180
_LEFT: Final = 64
_BOTTOM: Final = 22
_TOP: Final = 10
_ROW: Final = 24
_NAME: Final = 220


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar: what it is, how long, and whether it belongs to what is reported."""

    name: str
    value: Decimal
    shown: str
    """The value in words."""
    current: bool = True


def bar_chart(title: str, description: str, bars: Sequence[Bar], scale: str) -> str:
    """Upright bars over time. `scale` is the highest value in words."""
    highest = max((bar.value for bar in bars), default=Decimal(0))
    lowest = min(min((bar.value for bar in bars), default=Decimal(0)), Decimal(0))
    if highest <= 0 and lowest >= 0:
        highest = Decimal(1)
    span = highest - lowest
    room = Decimal(_HEIGHT - _TOP - _BOTTOM)
    step = Decimal(WIDTH - _LEFT) / max(len(bars), 1)
    zero = _TOP + room * highest / span
    parts = [
        f'<line class="grid" x1="{_LEFT}" y1="{_TOP}" x2="{WIDTH}" y2="{_TOP}"/>',
        f'<line class="axis" x1="{_LEFT}" y1="{_px(zero)}" x2="{WIDTH}" y2="{_px(zero)}"/>',
        f'<text class="label" x="{_LEFT - 6}" y="{_TOP + 4}" text-anchor="end">{escape(scale)}</text>',
        f'<text class="label" x="{_LEFT - 6}" y="{_px(zero + 4)}" text-anchor="end">0</text>',
    ]
    for index, bar in enumerate(bars):
        height = room * abs(bar.value) / span
        top = zero - height if bar.value >= 0 else zero
        left = _LEFT + step * index
        kind = "bar now" if bar.current else "bar"
        parts.append(
            f'<rect class="{kind}" x="{_px(left + step / 10)}" y="{_px(top)}" width="{_px(step * 8 / 10)}" '
            f'height="{_px(height)}"><title>{escape(bar.name)}: {escape(bar.shown)}</title></rect>'
        )
    parts.extend(_ends(bars))
    return _svg(title, description, _HEIGHT, parts)


def _ends(bars: Sequence[Bar]) -> Iterator[str]:
    """The names of the first and the last bar."""
    if bars:
        yield f'<text class="label" x="{_LEFT}" y="{_HEIGHT - 6}">{escape(bars[0].name)}</text>'
    if len(bars) > 1:
        yield f'<text class="label" x="{WIDTH}" y="{_HEIGHT - 6}" text-anchor="end">{escape(bars[-1].name)}</text>'


def ranked_chart(title: str, description: str, bars: Sequence[Bar]) -> str:
    """Bars that lie, the longest first, each with its name and its value in words."""
    longest = max((abs(bar.value) for bar in bars), default=Decimal(0)) or Decimal(1)
    room = Decimal(WIDTH - _NAME - 110)
    parts: list[str] = []
    for index, bar in enumerate(bars):
        top = index * _ROW
        length = room * abs(bar.value) / longest
        name = bar.name if len(bar.name) <= 32 else bar.name[:31] + "…"
        kind = "bar now" if bar.value >= 0 else "bar credit"
        parts.append(
            f'<text class="label" x="{_NAME - 8}" y="{top + 16}" text-anchor="end">{escape(name)}</text>'
            f'<rect class="{kind}" x="{_NAME}" y="{top + 4}" width="{_px(max(length, Decimal(1)))}" '
            f'height="{_ROW - 8}">'
            f"<title>{escape(bar.name)}: {escape(bar.shown)}</title></rect>"
            f'<text class="label" x="{_px(_NAME + length + 6)}" y="{top + 16}">{escape(bar.shown)}</text>'
        )
    return _svg(title, description, max(len(bars), 1) * _ROW, parts)


def _svg(title: str, description: str, height: int, parts: Sequence[str]) -> str:
    return (
        f'<svg class="chart" role="img" viewBox="0 0 {WIDTH} {height}" '
        f'aria-label="{escape(title)}. {escape(description)}">'
        f"<title>{escape(title)}</title><desc>{escape(description)}</desc>{''.join(parts)}</svg>"
    )


def _px(value: Decimal) -> str:
    """A length in the picture, to a tenth."""
    text = f"{value:.1f}"
    return text.removesuffix(".0")
