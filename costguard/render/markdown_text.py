"""Foreign text in Markdown: names and code of a scanned repository, or of a bill, can become no markup, link, mention
or reference, on GitHub as on GitLab."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from costguard.render.cells import harmless, text_width

_MARKUP: Final = re.compile(r"([\\`*_{}\[\]<>#|~!&@]|\$(?!\d))")
_APART: Final = "\u200b"
"""A space without width. Hosts look for mentions, references and addresses in the finished text, where a backslash has
been taken away already: what would be one is parted."""
_LINKED: Final = re.compile(
    r"(?<=[@#!&~%])(?=[\w\"])"  # @name, #1, !1, &1, ~"label", %milestone (GitLab has them all)
    r"|(?<=\bGH-)(?=\d)"
    r"|(?<=[A-Za-z]:)(?=//)"  # https://
    r"|(?<=\bwww)(?=\.)|(?<=\bmailto:)(?=\S)|(?<=\bxmpp:)(?=\S)",
    re.IGNORECASE,
)


def markdown_cell(text: str) -> str:
    r"""The text on one line, with whatever Markdown or HTML would read as markup made harmless.

    >>> print(markdown_cell("a|b <c> [d](e) `f`\n*g*"))
    a\|b \<c\> \[d\](e) \`f\` \*g\*
    >>> markdown_cell("@me #1 https://e.vil").replace("\u200b", "?")
    '\\@?me \\#?1 https:?//e.vil'
    """
    return _MARKUP.sub(r"\\\1", _LINKED.sub(_APART, _one_line(text)))


def markdown_code(text: str) -> str:
    """The text as code, in a table or out of one. A bar would end a cell in code too: such a text is plain.

    >>> markdown_code("p.d.t"), markdown_code("a`b"), markdown_code("`"), markdown_code("")
    ('`p.d.t`', '``a`b``', '`` ` ``', '')
    >>> print(markdown_code("a|b"))
    a\\|b
    """
    line = _one_line(text)
    if "|" in line or not line:
        return markdown_cell(line)
    fence = "`" * (max(map(len, re.findall("`+", line)), default=0) + 1)
    blank = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{blank}{line}{blank}{fence}"


def markdown_table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()
) -> Iterator[str]:
    """The lines of a table of cells that are Markdown already; the columns of `right` stand to the right.

    They line up, so that the text reads well as it stands, unless a cell is long.
    """
    widths = [
        max(3, *(min(text_width(line[index]), _PADDED) for line in (heads, *rows)))
        for index in range(len(heads))
    ]
    for number, line in enumerate((heads, *rows)):
        cells = (
            _padded(cell, width, index in right)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        yield f"| {' | '.join(cells)} |"
        if number == 0:
            marks = (
                "-" * (width - 1) + ":" if index in right else "-" * width
                for index, width in enumerate(widths)
            )
            yield f"| {' | '.join(marks)} |"


_PADDED: Final = 60
"""Cells of a terminal: a longer text moves only its own line."""


def _padded(text: str, width: int, right: bool) -> str:
    blanks = " " * (width - text_width(text))
    return blanks + text if right else text + blanks


def _one_line(text: str) -> str:
    return harmless(" ".join(text.splitlines()).strip())
