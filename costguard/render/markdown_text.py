"""Texts of strangers within Markdown that a code host shows: none of them becomes markup, a link or a mention."""

from __future__ import annotations

import re
from typing import Final

from costguard.render.report_markdown import escaped

_GAP: Final = "\u200b"
"""Takes no room. Hosts look for mentions and references in the text that is left when markup is gone, so that an escape
does not stop them."""
_REFERENCE: Final = re.compile(
    r"(?<=[@#!&~%])(?=[\w\"])|(?<=:)(?=//)|(?<=\bwww)(?=\.)|(?<=\bGH)(?=-\d)|(?<=mailto)(?=:)", re.IGNORECASE
)
_TICKS: Final = re.compile(r"`+")


def prose(text: str) -> str:
    r"""A sentence with whatever a host would read as markup, a mention (`@name`), a reference (`#12`, `!12`) or a link
    made harmless.

    >>> print(prose("a|b <c> [d](e)"))
    a\|b \<c\> \[d\](e)
    >>> prose("ask @bob about #12") == "ask \\@\u200bbob about \\#\u200b12"
    True
    """
    return escaped(_REFERENCE.sub(_GAP, text))


def code(text: str, in_table: bool = False) -> str:
    r"""A name as code: nothing in it is markup, and hosts look for no mentions there.

    >>> print(code("a`b"), code("sql/a|b.sql", in_table=True), code("`"))
    ``a`b`` `sql/a\|b.sql` `` ` ``
    """
    text = " ".join(text.split()) or " "
    fence = "`" * (max((len(ticks) for ticks in _TICKS.findall(text)), default=0) + 1)
    if text.startswith("`") or text.endswith("`"):
        text = f" {text} "
    if in_table:
        text = text.replace("|", r"\|")
    return f"{fence}{text}{fence}"
