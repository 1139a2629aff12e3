"""A hash of a statement that does not depend on literals, comments, layout or letter case."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Final

# The leading character class lets the engine skip plain text at C speed (8 times faster than an alternation).
_QUOTED: Final = re.compile(
    r"""[-#/'"`](?:
        (?<=')(?:''(?:\\.|[^\\])*?''' | (?:[^'\\]++|\\.)*+')
      | (?<=`)[^`]*`
      | (?<=-)-[^\n]* | (?<=\#)[^\n]* | (?<=/)\*.*?\*/
      | (?<=")(?:""(?:\\.|[^\\])*?\"\"\" | (?:[^"\\]++|\\.)*+")
    )""",
    re.VERBOSE | re.DOTALL,
)
_NUMBER: Final = re.compile(r"[0-9](?<![\w.$][0-9])[\w.]*")
_LIST: Final = re.compile(r"\?(?:,\?)+")


def _stand_in(match: re.Match[str]) -> str:
    text = match.group()
    if text[0] == "`":
        return text[1:-1].replace("-", "_")
    return "?" if text[0] in "'\"" else " "


def normal_form(text: str, holes: Sequence[tuple[int, int]] = ()) -> str:
    """The statement without white space, with `?` for every literal (a list of literals is one `?`) and `$` for
    every hole. Meant for hashing: only `a b` and `ab` cannot be told apart.

    >>> normal_form("SELECT a -- note\\nFROM `p.d.t`  WHERE x IN (1, 2, 'c');")
    'SELECTAFROMP.D.TWHEREXIN(?)'
    """
    if holes:
        parts: list[str] = []
        position = 0
        for start, end in holes:
            if start < position:
                continue
            parts.append(text[position:start])
            parts.append("$")
            position = max(end, start)
        parts.append(text[position:])
        text = "".join(parts)
    text = "".join(_NUMBER.sub("?", _QUOTED.sub(_stand_in, text)).split())
    return _LIST.sub("?", text).removesuffix(";").upper()


def fingerprint(text: str, holes: Sequence[tuple[int, int]] = ()) -> str:
    """The first 16 hexadecimal digits of the BLAKE2b hash of the normal form."""
    return hashlib.blake2b(
        normal_form(text, holes).encode("utf-8", "surrogatepass"), digest_size=8
    ).hexdigest()
