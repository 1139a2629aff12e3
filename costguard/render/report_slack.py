"""The weekly report as a message of Slack's Block Kit (api.slack.com/reference/block-kit/blocks)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from costguard.render.report_view import Table, View

MOST_BLOCKS: Final = 50
MOST_HEAD: Final = 150
MOST_TEXT: Final = 3000
"""Slack's limits: blocks of a message, characters of a header and of a section."""


def report_slack(view: View) -> str:
    """A payload for a webhook or for `chat.postMessage`: JSON with a plain `text` for notifications."""
    blocks = list(_blocks(view))
    if len(blocks) > MOST_BLOCKS:
        left = len(blocks) - MOST_BLOCKS + 1
        blocks = [*blocks[: MOST_BLOCKS - 1], _section(f"{left} more tables are in the report.")]
    return json.dumps({"text": f"{view.title}: {view.headline}", "blocks": blocks}, indent=2) + "\n"


def _blocks(view: View) -> Iterator[dict[str, Any]]:
    yield {"type": "header", "text": {"type": "plain_text", "text": _cut(view.title, MOST_HEAD)}}
    yield _section(f"*{escaped(view.headline)}*")
    yield _section("\n".join(f"{escaped(name)}: {escaped(text)}" for name, text in view.facts))
    for text in view.warnings:
        yield _section(f":warning: {escaped(text)}")
    for table in view.tables:
        yield {"type": "divider"}
        yield _section(_table(table))
    yield {"type": "context", "elements": [{"type": "mrkdwn", "text": _cut(escaped(view.footer), MOST_TEXT)}]}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": _cut(text, MOST_TEXT)}}


def _table(table: Table) -> str:
    """In a block of code, so that columns line up; cut by rows, never inside one."""
    lines = [table.heads, *table.rows]
    widths = [max(len(line[index]) for line in lines) for index in range(len(table.heads))]
    head = f"*{escaped(table.title)}*\n```"
    shown: list[str] = []
    size = len(head) + 40
    for number, line in enumerate(lines):
        cells = (
            cell.ljust(width) if index in table.texts else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        text = escaped("  ".join(cells).rstrip()).replace("`", "'")
        size += len(text) + 1
        if size > MOST_TEXT:
            shown.append(f"... and {len(lines) - number} more rows")
            break
        shown.append(text)
    return head + "\n".join(shown) + "```"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def escaped(text: str) -> str:
    """The three characters that Slack's markup begins links, mentions and entities with.

    >>> escaped("<!channel> & co")
    '&lt;!channel&gt; &amp; co'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
