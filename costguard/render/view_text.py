"""A report to be read, as plain text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from costguard.render.cells import text_width, wrap
from costguard.render.report_view import Table, View

WIDTH: Final = 110


def view_text(view: View) -> str:
    """Lines of text; what the view holds is harmless already."""
    return "".join(f"{line.rstrip()}\n" for line in _lines(view))


def _lines(view: View) -> Iterator[str]:
    yield from wrap(view.title, WIDTH)
    yield from wrap(view.headline, WIDTH)
    yield ""
    left = max((text_width(name) for name, _ in view.facts), default=0)
    for name, text in view.facts:
        for number, line in enumerate(wrap(text, WIDTH - left - 2)):
            head = name if not number else ""
            yield f"{head}{' ' * (left - text_width(head))}  {line}"
    for text in view.warnings:
        yield ""
        yield from wrap(f"! {text}", WIDTH)
    for table in view.tables:
        yield ""
        yield table.title
        yield from _table(table)
    yield ""
    yield from wrap(view.footer, WIDTH)


def _table(table: Table) -> Iterator[str]:
    lines = (table.heads, *table.rows)
    widths = [max(text_width(line[index]) for line in lines) for index in range(len(table.heads))]
    if any(any(head) for head in table.heads):
        yield "  " + "  ".join(table.padded(table.heads, widths))
    for number, row in enumerate(table.rows):
        yield "  " + "  ".join(table.padded(row, widths))
        if table.below and table.below[number]:
            yield from (f"      {line}" for line in wrap(table.below[number], WIDTH - 6))
    if table.note is not None:
        yield from (f"  {line}" for line in wrap(table.note, WIDTH - 2))
