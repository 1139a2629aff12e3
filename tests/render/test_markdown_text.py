"""Foreign text stays text, in whatever it stands."""

from __future__ import annotations

import doctest
import re

import pytest
from hypothesis import given, settings
from markdown_it import MarkdownIt

from costguard.render import markdown_text
from costguard.render.cells import harmless
from costguard.render.markdown_text import markdown_cell, markdown_code, markdown_table
from tests.render.hostile import STRINGS

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
APART = "\u200b"


def test_examples_in_docstrings() -> None:
    done = doctest.testmod(markdown_text)
    assert done.failed == 0
    assert done.attempted > 0


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("@team", "@|team"),
        ("a@b.ch", "a@|b.ch"),
        ("#12 and !3 and &4", "#|12 and !|3 and &|4"),
        ('~bug ~"my bug" %v1', '~|bug ~|"my bug" %|v1'),
        ("GH-7 gh-7 GHX-7", "GH-|7 gh-|7 GHX-7"),
        ("https://e.vil www.e.vil mailto:a", "https:|//e.vil www|.e.vil mailto:|a"),
        ("100 % @ # $1.50", "100 % @ # $1.50"),
    ],
)
def test_mentions_references_and_addresses_are_parted(text: str, shown: str) -> None:
    assert re.sub(r"\\(.)", r"\1", markdown_cell(text)).replace(APART, "|") == shown


def test_dollars_of_an_amount_read_as_they_are_but_formulas_do_not_come_about() -> None:
    assert markdown_cell("$1.50 and $x$") == "$1.50 and \\$x\\$"


def shown_text(html: str) -> str:
    """What a reader sees; None of it may be an element."""
    assert not re.search(r"<(?!/?(p|table|thead|tbody|tr|th|td|code)( style=\"[a-z:-]+\")?>)", html), html
    text = re.sub(r"<[^>]*>", "", html)
    for entity, char in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        text = text.replace(entity, char)
    return text.replace(APART, "")


def expected(text: str) -> str:
    return harmless(" ".join(text.splitlines()).strip()).replace(APART, "")


@settings(deadline=None)
@given(STRINGS)
def test_any_text_is_shown_as_it_is(text: str) -> None:
    assert shown_text(READER.render(f"x{markdown_cell(text)}x")).strip() == f"x{expected(text)}x"


@settings(deadline=None)
@given(STRINGS, STRINGS)
def test_any_text_stays_in_its_cell(one: str, other: str) -> None:
    table = "\n".join(markdown_table(("a", "b"), [(markdown_cell(one), markdown_code(other))], right=(1,)))
    html = READER.render(table)
    assert (html.count("<tr>"), html.count("<th"), html.count("<td")) == (
        2,
        2 + 1,
        2,
    )  # <thead> begins with <th too
    cells = re.findall(r"<td[^>]*>(.*?)</td>", html, re.DOTALL)
    assert shown_text(cells[0]).strip() == expected(one).strip()
    assert shown_text(cells[1]).strip() == expected(other).strip()


def test_a_table_lines_up() -> None:
    assert list(markdown_table(("name", "$"), [("日本", "1"), ("a" * 70, "22.00")], right=(1,))) == [
        f"| {'name':<60} |     $ |",
        f"| {'-' * 60} | ----: |",
        f"| 日本{' ' * 56} |     1 |",
        f"| {'a' * 70} | 22.00 |",
    ]
