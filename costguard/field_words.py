"""What is wrong with one value of a file, in plain words instead of those of pydantic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_WORDS: Final = {
    "missing": "is missing",
    "string_type": "must be a text",
    "tuple_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "path_type": "must be a path",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "decimal_type": "must be a number",
    "decimal_parsing": "must be a number",
    "date_type": "must be a day such as 2027-01-01",
    "date_parsing": "must be a day such as 2027-01-01",
    "date_from_datetime_parsing": "must be a day such as 2027-01-01",
    "date_from_datetime_inexact": "must be a day such as 2027-01-01",
}


def field_words(item: Any, own: Mapping[str, str] | None = None) -> str:
    """One of pydantic's errors without its key. `own`: words of the caller by the type of the error.

    >>> field_words({"type": "literal_error", "msg": "Input should be 'a' or 'b'"})
    "must be 'a' or 'b'"
    """
    kind = item["type"]
    known = (own or {}).get(kind) or _WORDS.get(kind)
    if known is not None:
        return known
    if kind == "string_too_short" and item["ctx"]["min_length"] == 1:
        return "must not be empty"
    text: str = item["msg"]
    return (
        text.removeprefix("Value error, ")
        .replace("Input should be", "must be")
        .replace("greater than or equal to", "at least")
        .replace("greater than", "more than")
        .replace("less than or equal to", "at most")
    )
