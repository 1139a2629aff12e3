"""Text in TOML, for whatever writes a part of a config."""

from __future__ import annotations

import json
from typing import Final

_ESCAPED: Final = {0x7F: "\\u007f", **dict.fromkeys(range(0xD800, 0xE000), "\\ufffd")}
"""JSON lets these stand as they are; TOML takes neither DEL nor halves of characters."""


def toml_string(text: str) -> str:
    r"""A basic string. What JSON escapes, TOML escapes alike, but for a few characters.

    >>> print(toml_string('say "x"\n'), toml_string("\x7f"))
    "say \"x\"\n" "\u007f"
    """
    return json.dumps(text, ensure_ascii=False).translate(_ESCAPED)
