"""Findings in text that a template's macro wrote: they can only point at the call."""

from __future__ import annotations

import re
from typing import Final

_CALL: Final = re.compile(r"\{\{-?\s*([A-Za-z_]\w*(?:\.\w+)*)\s*\(")
_NAMES_AND_VALUES: Final = frozenset({"ref", "source", "var", "env_var", "config"})
"""dbt's own functions: what they write is one name or one value, and the finding is about it."""


def called_macro(code: str) -> str | None:
    """The macro whose call a piece of code begins with.

    >>> called_macro("{{ pools('base', 2) }}")
    'pools'
    """
    match = _CALL.match(code)
    return match[1] if match is not None and match[1] not in _NAMES_AND_VALUES else None
