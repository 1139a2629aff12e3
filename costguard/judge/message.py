"""Fills the message of a rule with the values of a row: names only, no attributes, no calls."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from costguard.money import format_bytes, format_usd

_NAME: Final = re.compile(r"\{([a-z_][a-z0-9_]*)(?::(bytes|usd|,|count))?\}")
_OPTIONAL: Final = re.compile(r"\[([^\[\]]*\{[a-z_][^\[\]]*)\]")
_BRACES: Final = re.compile(r"(?<!\{)\{([^{}\s]*)\}(?!\})")
LONGEST: Final = 200
"""Characters of a text value that a message shows."""


def placeholders(template: str) -> set[tuple[str, str]]:
    """The names that a template takes, each with its form (`` for none).

    >>> sorted(placeholders("{table}: {wasted_bytes:bytes} of {columns}"))
    [('columns', ''), ('table', ''), ('wasted_bytes', 'bytes')]
    """
    return {(match[1], match[2] or "") for match in _NAME.finditer(template)}


def misspelt(template: str) -> Iterator[str]:
    """What looks like a placeholder and is none: it would be printed as it stands. `{{ this }}` is code and stays.

    >>> list(misspelt("{bytes:byte} of {{ this }} in {Table}"))
    ['{bytes:byte}', '{Table}']
    """
    for match in _BRACES.finditer(template):
        if _NAME.fullmatch(match[0]) is None:
            yield match[0]


def fill(template: str, row: Mapping[str, Any]) -> str:
    """The template with the row's values.

    >>> fill("{table}: {wasted_bytes:bytes} in {rows:,} rows", {"table": "d.t", "wasted_bytes": 2048, "rows": 1200})
    'd.t: 2 KiB in 1,200 rows'

    A part in brackets is left out when one of its values is not known; brackets without a name are text.

    >>> [fill("{table} is read[ ({rows:,} rows)]", {"table": "d.t", "rows": rows}) for rows in (1200, None)]
    ['d.t is read (1,200 rows)', 'd.t is read']
    """
    template = _OPTIONAL.sub(lambda part: _optional(part, row), template)

    def value(match: re.Match[str]) -> str:
        return _text(row.get(match[1]), match[2])

    return " ".join(_NAME.sub(value, template).split())


def _optional(part: re.Match[str], row: Mapping[str, Any]) -> str:
    known = not any(_unknown(row.get(name)) for name, _ in placeholders(part[1]))
    return part[1] if known else ""


def _unknown(value: Any) -> bool:
    """Null, or what a division by nothing gives."""
    return value is None or (isinstance(value, float) and not math.isfinite(value))


def _text(value: Any, form: str | None) -> str:
    if _unknown(value):
        return (
            "an unknown number of" if form in (",", "count") else "an unknown amount" if form else "unknown"
        )
    if form == "bytes":
        return format_bytes(int(value))
    if form == "usd":
        return format_usd(Decimal(str(value)))
    if form in (",", "count"):
        return f"{value:,.0f}"
    if isinstance(value, (list, tuple)):
        return ", ".join(str(item) for item in value[:12]) + (", ..." if len(value) > 12 else "")
    if isinstance(value, float):
        return f"{value:g}"
    text = str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
