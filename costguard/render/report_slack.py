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
MOST_WARNINGS: Final = 8

Block = dict[str, Any]


def report_slack(view: View) -> str:
    """A payload for a webhook or for `chat.postMessage`: JSON with a plain `text` for notifications."""
    head = list(_head(view))
    foot = {
        "type": "context",
        "elements": [{"type": "mrkdwn", "text": _cut(escaped(_foot(view)), MOST_TEXT)}],
    }
    room = (MOST_BLOCKS - len(head) - 1) // 2
    shown = view.tables if len(view.tables) <= room else view.tables[: room - 1]
    tables = [block for table in shown for block in ({"type": "divider"}, _section(_table(table)))]
    left = len(view.tables) - len(shown)
    rest = [_section(f"{left} more tables are in the report.")] if left else []
    document = {"text": f"{view.title}: {view.headline}", "blocks": [*head, *tables, *rest, foot]}
    return json.dumps(document, indent=2) + "\n"


def _foot(view: View) -> str:
    return f"{view.footer} Again: {view.command}" if view.command else view.footer


def _head(view: View) -> Iterator[Block]:
    yield {"type": "header", "text": {"type": "plain_text", "text": _cut(view.title, MOST_HEAD)}}
    yield _section(f"*{escaped(view.headline)}*")
    yield _section("\n".join(f"{escaped(name)}: {escaped(text)}" for name, text in view.facts))
    for text in view.warnings[:MOST_WARNINGS]:
        yield _section(f":warning: {escaped(text)}")
    if len(view.warnings) > MOST_WARNINGS:
        yield _section(f":warning: {len(view.warnings) - MOST_WARNINGS} more warnings are in the report.")


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": _cut(text, MOST_TEXT)}}


def _table(table: Table) -> str:
    """In a block of code, so that columns line up; cut by rows, never inside one."""
    lines = [table.heads, *table.rows]
    widths = [max(len(line[index]) for line in lines) for index in range(len(table.heads))]
    head = f"*{escaped(table.title)}*\n```"
    shown: list[str] = []
    size = len(head) + 40
    for number, line in enumerate(lines):
        cells = table.padded(line, widths)
        text = escaped("  ".join(cells).rstrip()).replace("`", "'")
        below = table.below[number - 1] if number and table.below else ""
        if below:
            text += "\n  > " + escaped(below).replace("`", "'")
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
