"""Terraform's language: what is written is read back as it was."""

from __future__ import annotations

import re
from decimal import Decimal
from io import StringIO
from typing import Any

import hcl2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costguard.hcl import Block, Expression, identifier, quoted, render

ESCAPE = re.compile(r"\\(?:u([0-9a-f]{4})|U([0-9a-f]{8})|(.))|(\$\$|%%)(?=\{)", re.DOTALL)
PLAIN = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


def unquoted(text: str) -> str:
    """What HCL's specification makes of a quoted text without templates."""
    assert text[0] == text[-1] == '"'

    def meant(match: re.Match[str]) -> str:
        number = match[1] or match[2]
        if number:
            return chr(int(number, 16))
        return PLAIN[match[3]] if match[3] else match[4][0]

    return ESCAPE.sub(meant, text[1:-1])


def read(text: str) -> dict[str, Any]:
    found: dict[str, Any] = hcl2.load(StringIO(text))
    return found


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])) | st.text(alphabet='${}%"\\\n a'))
def test_a_quoted_text_is_read_back(text: str) -> None:
    written = quoted(text)
    assert unquoted(written) == text
    assert not set("\n\r") & set(written)
    inside = written[1:-1]
    # Nothing in it begins a template: each `${` and `%{` has its escape, which stands after no other such sign.
    for match in re.finditer(r"[$%]+\{", inside):
        assert match.group() in ("$${", "%%{")
    assert re.search(r'(?<!\\)(?:\\\\)*"', inside) is None


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain", '"plain"'),
        ("${x}", '"$${x}"'),
        ("%{if}", '"%%{if}"'),
        # Terraform 1.11 reads "$$${x}" as it stands, with three signs.
        ("$${x}", '"\\u0024\\u0024{x}"'),
        ("a\x1bb", '"a\\u001bb"'),
        ("\U000e0001", '"\\U000e0001"'),
        ("\ud800", '"\\ufffd"'),
    ],
)
def test_what_is_escaped(text: str, written: str) -> None:
    assert quoted(text) == written


def test_a_resource_is_laid_out_as_terraform_fmt_does() -> None:
    block = Block(
        "resource",
        ("google_thing", "one"),
        (
            ("name", 'a "b"'),
            ("amount", Decimal("1E+2")),
            ("enabled", True),
            ("topic", Expression("google_pubsub_topic.t.id")),
            ("labels", {"team": "ml", "a.b": "c"}),
            ("channels", ["x", "y"]),
            Block("conditions", (), (("count", 1), Block("trigger", (), (("count", 2),)))),
            Block("empty"),
            ("last", []),
        ),
        ('What it is for.\nresource "evil" {}',),
    )
    assert render([block]) == (
        "# What it is for.\n"
        '# resource "evil" {}\n'
        'resource "google_thing" "one" {\n'
        '  name    = "a \\"b\\""\n'
        "  amount  = 100\n"
        "  enabled = true\n"
        "  topic   = google_pubsub_topic.t.id\n"
        "  labels = {\n"
        '    "team" = "ml"\n'
        '    "a.b"  = "c"\n'
        "  }\n"
        '  channels = ["x", "y"]\n'
        "\n"
        "  conditions {\n"
        "    count = 1\n"
        "\n"
        "    trigger {\n"
        "      count = 2\n"
        "    }\n"
        "  }\n"
        "\n"
        "  empty {}\n"
        "\n"
        "  last = []\n"
        "}\n"
    )
    (resource,) = read(render([block]))["resource"]
    (body,) = [inner for kind in resource.values() for inner in kind.values()]
    assert body["amount"] == 100


def test_names_are_checked() -> None:
    with pytest.raises(ValueError, match="'a b' is no identifier"):
        render([Block("a b")])
    with pytest.raises(ValueError, match="is no identifier"):
        render([Block("a", (), (("x = 1\n", 1),))])
    assert identifier("my-project.shop.orders") == "my_project_shop_orders"
    assert identifier("9 lives") == "r_9_lives"
