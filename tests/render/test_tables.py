"""Tables and amounts, as their examples say."""

from __future__ import annotations

import doctest

from costguard.render import amounts, tables


def test_the_examples_hold() -> None:
    for module in (amounts, tables):
        result = doctest.testmod(module)
        assert result.attempted
        assert not result.failed


def test_wide_characters_keep_the_columns_straight() -> None:
    rows = [("name", "net"), ("日本", "1.00"), ("é", "22.00")]
    assert list(tables.table(rows)) == ["name    net", "日本   1.00", "é     22.00"]
