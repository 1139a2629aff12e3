"""The SQL of `bq query` commands that Python code hands to a shell or starts."""

from __future__ import annotations

from dataclasses import replace

from costguard.extract.python_formatting import replace_matches, slice_pieces
from costguard.extract.python_values import ListValue, Piece, StringValue, UnknownValue, Value, known_text
from costguard.extract.shell_queries import ESCAPED, mentions_queries, shell_queries

_GAP = "\ufffc"
"""Stands for an unknown part of a command."""


def commanded(value: Value, unknown: UnknownValue) -> list[Value]:
    """What the `bq query` commands in a text or a list of words run; `unknown` stands for what does not say."""
    if isinstance(value, ListValue):
        return _of_words(value, unknown)
    if not isinstance(value, StringValue):
        return []
    pieces = tuple(replace(piece, text=_GAP) if piece.expression else piece for piece in value.pieces)
    text = "".join(piece.text for piece in pieces)
    if not mentions_queries(text):
        return []
    found: list[Value] = []
    for query in shell_queries(text):
        if query.sql_start == query.sql_end:
            found.append(unknown)
            continue
        sql = tuple(slice_pieces(pieces, query.sql_start, query.sql_end))
        if query.escapes:
            sql = replace_matches(
                sql, ESCAPED, lambda match, piece: (replace(piece, text=match[1], verbatim=False),)
            )
        found.append(StringValue(tuple(_reopened(piece) for piece in sql)))
    return found


def _reopened(piece: Piece) -> Piece:
    return replace(piece, text="") if piece.expression else piece


def _of_words(value: ListValue, unknown: UnknownValue) -> list[Value]:
    """`["bq", "query", "--use_legacy_sql=false", sql]`: the last word is the SQL."""
    words = [known_text(element) for element in value.elements]
    if "bq" not in words[:3] or "query" not in words or not value.elements:
        return []
    if words[-1] == "query" or (words[-1] or "").startswith("-"):
        return [unknown]
    return [value.elements[-1]]
