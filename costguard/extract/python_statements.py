"""Tells SQL from English: is a string that starts like a statement really one?"""

from __future__ import annotations

import re

_KEYWORDS = re.compile(
    r"\b(select|from|insert|into|update|set|delete|merge|create|table|where|with)\b", re.IGNORECASE
)
_TABLE = re.compile(
    r"\b(?:from|into|join|update|merge|table|view)\s+(?:`|\[?[\w-]+\.[\w-]|hole_|\w+_\w)", re.IGNORECASE
)
_LIST = re.compile(r"\bselect\s+(?:\*|distinct\b|count\s*\(|[\w.]+\s*(?:,|\bas\b)|\w+\s*\()", re.IGNORECASE)
_READS_OR_WRITES = re.compile(
    r"\b(?:from|into|update|merge|table|view|model|procedure|schema|unnest)\b", re.IGNORECASE
)


def is_statement(text: str, dialect: str) -> bool:
    """True when the text parses as a statement on tables and is not merely a sentence.

    "Select a model from the list" parses as SQL; what tells it apart is how the keywords are written and
    what the table and the column list look like.
    """
    if not _READS_OR_WRITES.search(text) or len(text) < 15:
        return False
    words = [match.group() for match in _KEYWORDS.finditer(text)]
    in_capitals = sum(word.isupper() for word in words) >= 2
    if not in_capitals and not _TABLE.search(text) and not _LIST.search(text):
        return False
    return _parses(text, dialect) or (in_capitals and "\n" in text and bool(_TABLE.search(text)))


def _parses(text: str, dialect: str) -> bool:
    import sqlglot
    from sqlglot import errors, expressions

    import costguard.extract.sql  # noqa: F401 - it keeps the parser from talking to stderr

    try:
        trees = sqlglot.parse(text, dialect=dialect)
    except (errors.SqlglotError, RecursionError, ValueError):
        return False
    return any(
        isinstance(
            tree,
            (
                expressions.Query,
                expressions.DML,
                expressions.DDL,
                expressions.Create,
                expressions.Merge,
                expressions.Drop,
                expressions.Alter,
                expressions.TruncateTable,
            ),
        )
        for tree in trees
        if tree is not None
    )
