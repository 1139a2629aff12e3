"""A diff as Markdown: the body of a comment on a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from costguard.diff.model import ScanDiff
from costguard.render.amounts import counted
from costguard.render.diff_view import ChangeRow, DiffView, FindingRow, ViolationRow, view_of_diff
from costguard.render.markdown_text import markdown_cell, markdown_code
from costguard.result import Verdict

STEPS: Final = 1000
"""Shares of the rows that are tried when all are too many."""


def render_diff_markdown(
    diff: ScanDiff, verdict: Verdict, limit: int | None = None, maximum_bytes: int | None = None
) -> str:
    """The comment. `limit`: characters that it may have; where it would have more, each table shows its first rows and
    says how many more there are. Below some 200 characters only the first line is left. `maximum_bytes`: the same in
    bytes of UTF-8; where there is no room for the first line there is nothing.
    """
    view = view_of_diff(diff, verdict)

    def is_short(text: str) -> bool:
        return (limit is None or len(text) <= limit) and (
            maximum_bytes is None or len(text.encode()) <= maximum_bytes
        )

    whole = _page(view, STEPS)
    if is_short(whole):
        return whole
    fits, least = "", -1
    most = STEPS
    while most - least > 1:
        middle = (least + most) // 2
        page = _page(view, middle)
        if is_short(page):
            fits, least = page, middle
        else:
            most = middle
    if fits:
        return fits
    first = _first_line(view)
    first = (first if limit is None else first[: max(limit - 1, 0)]) + "\n"
    return first if maximum_bytes is None or len(first.encode()) <= maximum_bytes else ""


def _page(view: DiffView, share: int) -> str:
    """The comment with so many thousandths of the rows of each table."""
    return "\n".join(_lines(view, share)) + "\n"


def _first_line(view: DiffView) -> str:
    sign = {"passed": "✅", "FAILED": "❌", "NOTHING CHECKED": "⚠️"}[view.verdict]
    return f"## {sign} {markdown_cell(view.headline)}"


def _lines(view: DiffView, share: int) -> Iterator[str]:
    yield _first_line(view)
    yield ""
    for name, text in view.facts:
        yield f"- **{name}**: {markdown_cell(text)}" if name else f"  - {markdown_cell(text)}"
    yield f"- **Gate**: {view.verdict}"
    said = [*view.reasons, *(f"warning: {text}" for text in view.warnings)]
    shown = _some(said, share)
    for text in shown:
        yield f"  - {markdown_cell(text)}"
    if len(shown) < len(said):
        yield f"  - {len(said) - len(shown)} more"
    if view.changes:
        yield ""
        yield "### Changed queries"
        yield ""
        yield from _changes(view.changes, share)
    if view.violations or view.more_violations:
        yield ""
        yield "### New violations of policies"
        yield ""
        yield from _violations(view.violations, view.more_violations, share)
    if view.new:
        yield ""
        yield "### New findings"
        yield ""
        yield from _findings(view.new, share)
    yield ""
    yield f"{markdown_cell(view.unchanged)}."
    if view.same_cost:
        yield from _folded(
            f"{counted(len(view.same_cost), 'query', 'queries')} changed at the same cost",
            _same_cost(view.same_cost, share),
        )
    if view.fixed:
        yield from _folded(f"{counted(len(view.fixed), 'finding')} fixed", _fixed(view.fixed, share))
    notes = [*view.remarks, *view.estimated]
    if notes:
        yield from _folded("What is compared, and what is estimated", _notes(view, notes, share))


def _folded(title: str, lines: Iterator[str]) -> Iterator[str]:
    """A block that opens on a click; blank lines make a host read Markdown within it."""
    yield ""
    yield f"<details><summary>{title}</summary>"
    yield ""
    yield from lines
    yield ""
    yield "</details>"


def _some(rows: Sequence[str], share: int) -> Sequence[str]:
    return rows[: len(rows) * share // STEPS]


def _changes(rows: Sequence[ChangeRow], share: int) -> Iterator[str]:
    shown = rows[: len(rows) * share // STEPS]
    if shown:
        yield "| query | before | after | change | why |"
        yield "| --- | ---: | ---: | ---: | --- |"
    for row in shown:
        cells = (
            _place(row, in_table=True),
            row.before or "–",
            row.after or "–",
            f"**{row.change}**" if row.grows else row.change,
            markdown_cell(row.why),
        )
        yield f"| {' | '.join(cells)} |"
    yield from _more(len(rows) - len(shown), "query", "queries")


def _place(row: ChangeRow, *, in_table: bool = False) -> str:
    word = {"added": " (added)", "removed": " (removed)"}.get(row.state, "")
    return markdown_code(row.place) + word


def _findings(rows: Sequence[FindingRow], share: int) -> Iterator[str]:
    shown = rows[: len(rows) * share // STEPS]
    if shown:
        yield "| finding | where | wastes | what, and how to fix it |"
        yield "| --- | --- | ---: | --- |"
    for row in shown:
        text = markdown_cell(row.message) + (
            f"<br>**Fix**: {markdown_cell(row.remedy)}" if row.remedy else ""
        )
        cells = (
            f"{row.severity} {markdown_code(row.rule)}",
            markdown_code(row.place),
            markdown_cell(row.wasted) or "–",
            text,
        )
        yield f"| {' | '.join(cells)} |"
    yield from _more(len(rows) - len(shown), "finding")


def _violations(rows: Sequence[ViolationRow], more: int, share: int) -> Iterator[str]:
    shown = rows[: len(rows) * share // STEPS]
    if shown:
        yield "| policy | where | what |"
        yield "| --- | --- | --- |"
    for row in shown:
        where = markdown_code(row.place) if row.place else "–"
        yield f"| {row.level} {markdown_code(row.policy)} | {where} | {markdown_cell(row.message)} |"
    yield from _more(len(rows) - len(shown) + more, "violation")


def _same_cost(rows: Sequence[ChangeRow], share: int) -> Iterator[str]:
    shown = rows[: len(rows) * share // STEPS]
    for row in shown:
        yield f"- {_place(row)}{': ' if row.why else ''}{markdown_cell(row.why)}"
    yield from _more(len(rows) - len(shown), "query", "queries")


def _fixed(rows: Sequence[FindingRow], share: int) -> Iterator[str]:
    shown = rows[: len(rows) * share // STEPS]
    for row in shown:
        wasted = f" (wasted {markdown_cell(row.wasted)})" if row.wasted else ""
        yield f"- {markdown_code(row.rule)} {markdown_code(row.place)}: {markdown_cell(row.message)}{wasted}"
    yield from _more(len(rows) - len(shown), "finding")


def _notes(view: DiffView, notes: Sequence[str], share: int) -> Iterator[str]:
    yield f"- Compared: {markdown_cell(view.compared)}"
    shown = _some(notes, share)
    for text in shown:
        yield f"- {markdown_cell(text)}"
    yield from _more(len(notes) - len(shown), "remark")


def _more(count: int, singular: str, plural: str | None = None) -> Iterator[str]:
    """What was left out, in a paragraph of its own."""
    if count:
        yield ""
        yield f"{counted(count, f'more {singular}', f'more {plural}' if plural else None)}."
