"""Texts of queries without what stands in them literally: values may be secret, and runs differ in them."""

from __future__ import annotations

import re
from typing import Final

import polars as pl

_STRING: Final = (
    r"""'''.*?(?:'''|\z)|\"\"\".*?(?:\"\"\"|\z)|'(?:[^'\\]|\\.)*(?:'|\\?\z)|"(?:[^"\\]|\\.)*(?:\"|\\?\z)"""
)
"""Histories cut long texts off: a string that does not end goes to the end."""
_COMMENT: Final = r"--[^\n]*|#[^\n]*|/\*.*?(?:\*/|\z)"
_NUMBER: Final = r"\b\d[\w.]*\b"
_STRING_OR_COMMENT: Final = rf"({_STRING})|(?:{_COMMENT})"
"""Both at once: a quotation mark in a comment opens no string, and two dashes in a string no comment."""
_LITERAL: Final = re.compile(rf"{_STRING}|({_COMMENT})|{_NUMBER}".replace(r"\z", r"\Z"), re.DOTALL)


def literal_free(query: pl.Expr) -> pl.Expr:
    """The text of a query without comments, literals, case and white space: what two runs of it share."""
    return (
        query.str.replace_all(rf"(?s){_STRING_OR_COMMENT}", "$1")
        .str.replace_all(rf"(?s){_STRING}", "?")
        .str.replace_all(_NUMBER, "?")
        .str.to_lowercase()
        .str.replace_all(r"\s+", " ")
        .str.strip_chars(" ;")
    )


def masked(text: str) -> str:
    """The text of a query to be shown: literals are `?`, comments are left out, white space is one space.

    >>> masked("SELECT a -- for o'neil\\nFROM t WHERE k = 'secret' AND n = 42")
    'SELECT a FROM t WHERE k = ? AND n = ?'
    """
    return " ".join(_LITERAL.sub(lambda found: " " if found[1] else "?", text).split())
