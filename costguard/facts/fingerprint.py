"""What is the same in a statement as it is written in code and as it was run.

The *normal form* has no literals, parameters, comments or layout, and letters of one case. A value that the code fills
in is a literal there. Where the code fills in something else the form has a gap: of a name, or of anything. Decision
011 says why this works on characters and not on trees.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Final

from costguard.model import HoleKind

NAME_GAP: Final = "\x01"
"""Stands for a name, a path of names, or a part of one."""
OPEN_GAP: Final = "\x02"
"""Stands for anything."""

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
_NUMBER: Final = re.compile(
    r"[0-9](?<![\w.@\x01][0-9])(?:[xX][0-9a-fA-F]+|[0-9]*(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?)(?![\w\x01]|\.[A-Za-z_\x01])"
)
_DASH: Final = re.compile(r"-(?<=[\w\x01]-)(?=[\w\x01-]*\.[A-Za-z_\x01])")
"""Of a project's name, which may stand without quotes: `my-project-1.d.t`."""
_FRACTION: Final = re.compile(r"\.(?<![\w)\]\x01]\.)[0-9]+(?:[eE][+-]?[0-9]+)?")
_PARAMETER: Final = re.compile(r"@(?<!@@)[\w\x01]+")
_PLACEHOLDER: Final = re.compile(r"%(?:\(\w+\))?s\b")
"""Of Python's DB-API: the client makes a parameter of it."""
_WORD_SPACE: Final = re.compile(r" (?=[\w\x01])(?<=[\w\x01] )")
"""The only space that means something: between two words."""
_KEPT: Final = "\x03"
_TRUTH: Final = re.compile(r"[TF](?:(?<=T)RUE(?<!\wTRUE)|(?<=F)ALSE(?<!\wFALSE))\b")
_PREFIX: Final = re.compile(r"[RB](?<!\w[RB])(?:(?<=R)B|(?<=B)R)?\?")
"""Of a raw string or of bytes: no name stands directly before a literal."""
_WORDS_BEFORE_SIGN: Final = (
    *(
        "AND",
        "BETWEEN",
        "BY",
        "DEFAULT",
        "ELSE",
        "HAVING",
        "IN",
        "INTERVAL",
        "LIMIT",
        "NOT",
        "ON",
        "OR",
        "SELECT",
    ),
    *("THEN", "WHEN", "WHERE"),
)
_SIGN: Final = re.compile(
    r"-(?:(?<=[(,=<>+\-*/|&^~\[]-)|" + "|".join(rf"(?<=\b{word}-)" for word in _WORDS_BEFORE_SIGN) + r")\?"
)
_LIST: Final = re.compile(r"\?(?:,\?)+")
_TYPED: Final = re.compile(r"\?,[A-Z]+\?")
_TYPED_LIST: Final = re.compile(r"\b([A-Z]+\?)(?:,\1)+")
_ROWS: Final = re.compile(r"\(\?\)(?:,\(\?\))+")
_WHOLE_LIST: Final = re.compile(r"\(\?\)(?:(?<=\bIN\(\?\))|(?<=\bVALUES\(\?\)))")
_TABLE_WORDS: Final = ("FROM", "JOIN", "INTO", "UPDATE", "TABLE", "VIEW", "MERGE", "EXISTS", "USING", "MODEL")
# From the space on, which is rare: letters that could begin one of the words are a third of a text.
_TABLE: Final = re.compile(
    " (?:" + "|".join(f"(?<={word} )" for word in _TABLE_WORDS) + r")(?P<name>[\w.*\-?$\x01:]+)"
)
_BEFORE_TABLE: Final = re.compile(
    r"(?:\b(?:FROM|JOIN|INTO|UPDATE|TABLE|VIEW|MERGE|EXISTS|USING|MODEL)\s+|[\w.`$@\-])$", re.IGNORECASE
)

HoleSpan = tuple[int, int, HoleKind]
"""An unknown part: start, end, and what it stands for."""


def _stand_in(match: re.Match[str]) -> str:
    text = match.group()
    if text[0] == "`":
        return text[1:-1].replace("-", "_")
    return "?" if text[0] in "'\"" else " "


def _mark(text: str, start: int, end: int, kind: HoleKind) -> str:
    """What stands for a hole in the normal form."""
    before, after = text[start - 1 : start], text[end : end + 1]
    glued = before.isalnum() or after.isalnum() or "_" in (before, after)
    if kind == "list" or (kind == "literal" and not glued):
        return "?"
    # Where a column stands by itself code often fills in several, or an expression.
    if glued or (
        kind == "name"
        and (after in (".", "`", "-") or _BEFORE_TABLE.search(text, max(0, start - 30), start) is not None)
    ):
        return NAME_GAP
    return f" {OPEN_GAP} "


def normal_form(text: str, holes: Sequence[HoleSpan] = ()) -> str:
    """The statement with `?` for every literal, parameter and filled-in value (a list of them is one `?`), and a gap
    for every other hole.

    >>> normal_form("SELECT a -- note\\nFROM `p.d.t`  WHERE x IN (1, 2, 'c');")
    'SELECT A FROM P.D.T WHERE X IN?'
    """
    if holes:
        parts: list[str] = []
        position = 0
        for start, end, kind in holes:
            if start < position:
                continue
            parts.append(text[position:start])
            parts.append(_mark(text, start, end, kind))
            position = max(end, start)
        parts.append(text[position:])
        text = "".join(parts)
    text = _QUOTED.sub(_stand_in, text)
    text = _FRACTION.sub("?", _NUMBER.sub("?", _DASH.sub("_", text)))
    if "@" in text:
        text = _PARAMETER.sub("?", text)
    if "%" in text:
        text = _PLACEHOLDER.sub("?", text)
    text = _WORD_SPACE.sub(_KEPT, " ".join(text.split())).replace(" ", "").replace(_KEPT, " ").upper()
    if "TRUE" in text or "FALSE" in text:
        text = _TRUTH.sub("?", text).replace(" ?", "?").replace("? ", "?")
    if "R?" in text or "B?" in text:
        text = _PREFIX.sub("?", text).replace(" ?", "?")
    if "-?" in text:
        text = _SIGN.sub("?", text)
    return _without_lists(text).rstrip("; ")


def _without_lists(text: str) -> str:
    """A list of literals is one literal, at any depth."""
    before = ""
    while before != text:
        before = text
        if "?," in text:
            text = _LIST.sub("?", text)
            if _TYPED.search(text):
                text = _TYPED_LIST.sub(r"\1", text)
        text = text.replace("[?]", "?")
        if "(?)" in text:
            text = _WHOLE_LIST.sub("?", _ROWS.sub("(?)", text))
    return text


def fingerprint(form: str) -> str:
    """The first 16 hexadecimal digits of the BLAKE2b hash of a normal form."""
    return hashlib.blake2b(form.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def has_gaps(form: str) -> bool:
    """Some part is not known, so that the fingerprint is not that of what is run."""
    return NAME_GAP in form or OPEN_GAP in form


def shape(form: str) -> str | None:
    """A fingerprint that does not depend on projects, datasets and date suffixes of tables: the same statement in
    development and in production. None when more than these is unknown.

    >>> shape(normal_form("SELECT a FROM dev.t_20260101")) == shape(normal_form("SELECT a FROM `p.prod.t_20260102`"))
    True
    """
    form = _TABLE.sub(_last_name, form)
    return None if has_gaps(form) else fingerprint(form)


def _last_name(match: re.Match[str]) -> str:
    return f" {match['name'].rpartition('.')[2].rstrip('0123456789')}"
