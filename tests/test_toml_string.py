"""Text in TOML."""

from __future__ import annotations

import doctest
import tomllib

from costguard import toml_string as module
from costguard.toml_string import toml_string


def test_examples_in_docstrings() -> None:
    done = doctest.testmod(module)
    assert (done.failed, done.attempted > 0) == (0, True)


def test_texts_are_quoted() -> None:
    for text in ('a "b" \\ c', "tab\tnew\nline", "\x7f\x1b", "ü 日本"):
        assert tomllib.loads(f"x = {toml_string(text)}")["x"] == text
    assert tomllib.loads(f"x = {toml_string(chr(0xD800))}")["x"] == "\ufffd"
