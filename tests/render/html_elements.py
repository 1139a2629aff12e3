"""What an HTML document holds, for the tests of pages."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Final

_VOID: Final = {"meta", "br", "hr", "img", "link", "input"}


class Elements(HTMLParser):
    """The elements of a document, what is loaded from elsewhere, what would run, and what is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.addresses: list[str] = []
        self.handlers: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)
        if tag not in _VOID:
            self.open.append(tag)
        self.addresses.extend(
            value or "" for name, value in attrs if name in {"src", "href", "action", "srcset"}
        )
        self.handlers.extend(name for name, _ in attrs if name.startswith("on"))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, tag
        assert self.open.pop() == tag
