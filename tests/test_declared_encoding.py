"""Python code in the encoding that it declares."""

from __future__ import annotations

import pytest

from costguard.declared_encoding import declared_encoding, decode_python
from costguard.extract.source import decode

TEXT = "# -*- coding: latin-1 -*-\nname = 'café'\n"


def test_what_is_declared_is_read() -> None:
    data = TEXT.encode("latin-1")
    assert decode_python(data) == TEXT
    assert decode(data, "python") == (TEXT, None)
    problem = decode(data, "sql")[1]
    assert problem is not None
    assert problem.reason == "not UTF-8 text"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"#!/usr/bin/env python\n# vim: set fileencoding=cp1252 :\n", "cp1252"),
        (b"x = 1\n# coding: latin-1\n", None),
        (b"\n\n# coding: latin-1\n", None),
        (b"# coding: utf-8\n", None),
        (b"# coding: rot13\n", None),
        (b"# coding: zlib_codec\n", None),
        (b"# coding: latin-99\n", None),
        (b"", None),
    ],
)
def test_encodings(data: bytes, name: str | None) -> None:
    assert declared_encoding(data) == name
