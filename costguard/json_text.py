"""JSON on one line, by the faster of two writers where that one can hold it."""

from __future__ import annotations

import json
from typing import Any

from pydantic_core import PydanticSerializationError, to_json


def json_text(document: Any, *, whole: bool = False) -> str:
    """The document without blanks. Halves of surrogate pairs (`"\\ud800"` in a notebook) have no UTF-8: a document with
    one is written in ASCII, or, where it is to be `whole`, with a question mark for each."""
    try:
        return to_json(document).decode()
    except PydanticSerializationError:
        text = json.dumps(document, separators=(",", ":"), ensure_ascii=not whole)
        return text.encode("utf-8", errors="replace").decode()


def ascii_json_text(document: Any) -> str:
    """The document without blanks, in ASCII."""
    text = json_text(document)
    return text if text.isascii() else json.dumps(document, separators=(",", ":"))
