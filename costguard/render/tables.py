"""Plain tables: the first columns to the left, numbers to the right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from costguard.render.cells import text_width


def table(rows: Sequence[Sequence[str]], left: int = 1) -> Iterator[str]:
    """Lines of a table; `left` columns, and those past the head's last, stand to the left.

    >>> list(table([("phase", "net"), ("training", "20.00", "added")]))
    ['phase       net', 'training  20.00  added']
    """
    count = max(map(len, rows))
    widths = [max((text_width(row[at]) for row in rows if at < len(row)), default=0) for at in range(count)]
    for row in rows:
        cells = []
        for at, cell in enumerate(row):
            blanks = " " * (widths[at] - text_width(cell))
            cells.append(cell + blanks if at < left or at >= len(rows[0]) else blanks + cell)
        yield "  ".join(cells).rstrip()
