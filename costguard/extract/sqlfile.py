"""A `.sql` file is one SQL text."""

from __future__ import annotations

import re
from typing import Final

from costguard.extract.script_lexer import skip_blank, tokens
from costguard.model import Extraction, SqlText, Unread

_LEGACY_MARK: Final = re.compile(r"\s*#\s*legacysql\b", re.IGNORECASE)
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
    return Extraction("sql", (text,), sql=(SqlText(text, via="file", dialect=dialect),))
