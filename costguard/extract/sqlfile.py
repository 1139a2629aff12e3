"""A `.sql` file is one SQL text."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from costguard.extract.python_formatting import replace_matches
from costguard.extract.python_holes import fill_gaps
from costguard.extract.python_values import Piece
from costguard.extract.script_lexer import skip_blank, tokens
from costguard.model import Extraction, SqlText, Unread

_LEGACY_MARK: Final = re.compile(r"\s*#\s*legacysql\b", re.IGNORECASE)
_PLACEHOLDER: Final = re.compile(r"\{([A-Za-z_]\w*)\}")
# No dialect read here has these words of PL/SQL, whose blocks would come out as a heap of syntax errors.
_ORACLE_WORDS: Final = frozenset({"ROWTYPE", "VARCHAR2", "DBMS_OUTPUT"})


def _is_oracle(text: str) -> bool:
    """Whether a word of PL/SQL stands outside strings and comments."""
    upper = text.upper()
    if not any(word in upper for word in _ORACLE_WORDS):
        return False
    return any(token.kind == "word" and token.text in _ORACLE_WORDS for token in tokens(text, 0))


def extract_sql(text: str, dialect: str) -> Extraction:
    """The SQL of a file; none from a binary file, from comments alone, or in a dialect that is not read."""
    if "\0" in text:
        return Extraction("sql", (text,), unread=(Unread("binary file", "", 0, len(text)),))
    if dialect == "bigquery" and _LEGACY_MARK.match(text):
        return Extraction("sql", (text,), unread=(Unread("legacy SQL", "", 0, len(text)),))
    if _is_oracle(text):
        return Extraction("sql", (text,), unread=(Unread("another SQL dialect", "Oracle", 0, len(text)),))
    if skip_blank(text, 0, dialect) == len(text):
        return Extraction("sql", (text,))
    return Extraction("sql", (text,), sql=(_sql_text(text, dialect),))


def _sql_text(text: str, dialect: str) -> SqlText:
    """The text, with stand-ins for `{name}` where a program fills it before it is run (`str.format`)."""
    if "{" not in text or not _has_placeholder(text):
        return SqlText(text, via="file", dialect=dialect)

    def gap(match: re.Match[str], piece: Piece) -> tuple[Piece, ...]:
        return (replace(piece, text="", verbatim=False, expression=match[1]),)

    filled = fill_gaps(replace_matches((Piece(text, 0, len(text)),), _PLACEHOLDER, gap))
    return SqlText(filled.text, "file", filled.segments, filled.holes, dialect=dialect)


def _has_placeholder(text: str) -> bool:
    """Whether one stands outside of strings, quoted names and comments, where it is no SQL."""
    starts = {match.start() for match in _PLACEHOLDER.finditer(text)}
    return bool(starts) and any(token.start in starts for token in tokens(text, 0) if token.text == "{")
