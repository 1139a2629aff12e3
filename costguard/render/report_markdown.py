"""The weekly report as Markdown, which terminals, mails and pull requests all take."""

from __future__ import annotations

from collections.abc import Iterator

from costguard.render.markdown_text import markdown_cell, markdown_code, markdown_table
from costguard.render.report_view import Table, View


def report_markdown(view: View) -> str:
    """A document. Names in it come from the bill: none of them can become markup, a link or a mention."""
    return "\n".join(_lines(view)) + "\n"


def _lines(view: View) -> Iterator[str]:
    yield f"# {markdown_cell(view.title)}"
    yield ""
    yield f"**{markdown_cell(view.headline)}**"
    yield ""
    for name, text in view.facts:
        yield f"- {markdown_cell(name)}: {markdown_cell(text)}"
    for text in view.warnings:
        yield ""
        yield f"> {markdown_cell(text)}"
    for table in view.tables:
        yield ""
        yield f"## {markdown_cell(table.title)}"
        yield ""
        yield from _table(table)
        if any(table.below):
            yield ""
            yield from (
                f"- {markdown_cell(row[0])}: {markdown_cell(text)}"
                for row, text in zip(table.rows, table.below, strict=True)
                if text
            )
        if table.note is not None:
            yield ""
            yield markdown_cell(table.note)
    yield ""
    yield markdown_cell(view.footer)
    if view.command:
        yield ""
        yield f"Again: {markdown_code(view.command)}"


def _table(table: Table) -> Iterator[str]:
    rows = [[markdown_cell(cell) for cell in row] for row in table.rows]
    right = [index for index in range(len(table.heads)) if index not in table.texts]
    return markdown_table([markdown_cell(head) for head in table.heads], rows, right)
