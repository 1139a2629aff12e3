"""A Markdown text as a host takes it: not too long, and with nothing in it that the host would carry out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

_QUICK_ACTION: Final = re.compile(r"^(\s*)/(?=[A-Za-z])", re.MULTILINE)
_FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})")
_DETAILS: Final = re.compile(r"<(/?)details\b", re.IGNORECASE)


def clean(text: str) -> str:
    r"""The text with one kind of line end, and without what has no place in a text: zero bytes, halves of characters.

    >>> clean("a\r\nb\0")
    'a\nb\n'
    """
    whole = text.encode("utf-8", "replace").decode("utf-8").replace("\0", "")
    return whole.replace("\r\n", "\n").replace("\r", "\n").strip("\n") + "\n"


def without_quick_actions(text: str) -> str:
    r"""The text with a backslash, which Markdown does not show, before each slash that begins a line. GitLab would take
    `/approve` for an order of the token's user, in a hidden comment too.

    >>> without_quick_actions("one\n/merge\n")
    'one\n\\/merge\n'
    """
    return _QUICK_ACTION.sub(r"\1\\/", text)


def fit(text: str, limit: int, size: Callable[[str], int] = len) -> str:
    """The text, cut at the end of a line where it is too long, with a last line that says how much is missing.

    What is open at the cut (a block of code, `<details>`) is closed, so that the last line is seen. `size` measures
    what `limit` is in: characters, unless it says otherwise.
    """
    if size(text) <= limit:
        return text
    lines = [f"{line}\n" for line in text.rstrip("\n").split("\n")]
    low, high = 0, len(lines) - 1  # so many lines can, and can perhaps, be kept
    while low < high:
        middle = (low + high + 1) // 2
        if size(_cut(lines, middle, limit)) <= limit:
            low = middle
        else:
            high = middle - 1
    return _cut(lines, low, limit)


def _cut(lines: Sequence[str], kept: int, limit: int) -> str:
    missing = len(lines) - kept
    word = "line" if missing == 1 else "lines"
    notice = f"\n*{missing:,} more {word}: this place takes {limit:,} at most.*\n"
    return "".join((*lines[:kept], *_closing(lines[:kept]), notice))


def _closing(lines: Iterable[str]) -> Iterator[str]:
    """What closes the blocks that are open after these lines."""
    fence = ""
    details = 0
    for line in lines:
        found = _FENCE.match(line)
        if fence:
            if found is not None and found[1].startswith(fence) and not line[found.end() :].strip():
                fence = ""
        elif found is not None:
            fence = found[1]
        else:
            for tag in _DETAILS.finditer(line):
                details = max(details + (-1 if tag[1] else 1), 0)
    if fence:
        yield f"{fence}\n"
    for _ in range(details):
        yield "\n</details>\n"
