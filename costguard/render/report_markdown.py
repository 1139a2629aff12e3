"""The weekly report as Markdown, which terminals, mails and pull requests all take."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from costguard.render.report_view import Table, View

_MARKUP: Final = re.compile(r"([\\`*_{}\[\]<>#|~!&@])")


def report_markdown(view: View) -> str:
    """A document. Names in it come from the bill: none of them can become markup, a link or a mention."""
    return "\n".join(_lines(view)) + "\n"


def _lines(view: View) -> Iterator[str]:
    yield f"# {escaped(view.title)}"
    yield ""
    yield f"**{escaped(view.headline)}**"
    yield ""
    for name, text in view.facts:
        yield f"- {escaped(name)}: {escaped(text)}"
    for text in view.warnings:
        yield ""
        yield f"> {escaped(text)}"
    for table in view.tables:
        yield ""
        yield f"## {escaped(table.title)}"
        yield ""
        yield from _table(table)
        if any(table.below):
            yield ""
            yield from (
                f"- {escaped(row[0])}: {escaped(text)}"
                for row, text in zip(table.rows, table.below, strict=True)
                if text
            )
        if table.note is not None:
            yield ""
            yield escaped(table.note)
    yield ""
    yield f"{escaped(view.footer)}"


def _table(table: Table) -> Iterator[str]:
    """Columns that line up, so that the text reads well as it stands."""
    lines = [[escaped(cell) for cell in row] for row in (table.heads, *table.rows)]
    widths = [max(3, *(len(line[index]) for line in lines)) for index in range(len(table.heads))]
    for number, line in enumerate(lines):
        cells = table.padded(line, widths)
        yield f"| {' | '.join(cells)} |"
        if number == 0:
            marks = (
                "-" * width if index in table.texts else "-" * (width - 1) + ":"
                for index, width in enumerate(widths)
            )
            yield f"| {' | '.join(marks)} |"


def escaped(text: str) -> str:
    r"""The text, with whatever Markdown or HTML would read as markup made harmless.

    >>> print(escaped("a|b <c> [d](e) @f"))
    a\|b \<c\> \[d\](e) \@f
    """
    return _MARKUP.sub(r"\\\1", " ".join(text.split("\n")))
