"""A diff for the terminal: what an iteration costs before and after, each change with its reason, and the gate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from costguard.diff.model import ScanDiff
from costguard.render.amounts import counted
from costguard.render.cells import cut_start, text_width, wrap
from costguard.render.diff_view import ChangeRow, DiffView, FindingRow, view_of_diff
from costguard.render.paint import Look, Paint
from costguard.render.terminal import NARROWEST, WIDEST, WIDTH
from costguard.result import Verdict

SHOWN: Final = 40
"""Rows of each list."""
_LABEL: Final = 11
_INDENT: Final = 6


def render_diff_text(diff: ScanDiff, verdict: Verdict, plain: bool, width: int = WIDTH) -> str:
    """The report. `plain`: without colour. `width`: cells of a line."""
    page = _Page(view_of_diff(diff, verdict), Paint(plain), min(max(width, NARROWEST), WIDEST))
    return "\n\n".join("\n".join(block) for block in page.blocks()) + "\n"


class _Page:
    """The blocks: lists of lines that belong together."""

    def __init__(self, view: DiffView, paint: Paint, width: int) -> None:
        self.view = view
        self.paint = paint
        self.width = width

    def blocks(self) -> Iterator[list[str]]:
        yield [self.paint(self.view.headline, "bold"), self.paint(self.view.compared, "dim")]
        if self.view.changes:
            yield list(self._changes(self.view.changes))
        if self.view.same_cost:
            yield list(self._same_cost(self.view.same_cost))
        if self.view.violations or self.view.more_violations:
            yield list(self._violations())
        if self.view.new:
            yield list(self._findings("New findings", self.view.new, remedies=True))
        if self.view.fixed:
            yield list(self._findings("Fixed findings", self.view.fixed, remedies=False))
        yield list(self._totals())

    def _changes(self, rows: Sequence[ChangeRow]) -> Iterator[str]:
        shown = rows[:SHOWN]
        heads = ("before", "after", "change")
        cells = [(row.before, row.after, row.change) for row in shown]
        widths = [max(text_width(text) for text in column) for column in zip(heads, *cells, strict=True)]
        room = self.width - sum(widths) - 2 * len(widths) - 2
        title = "Changed queries"
        first = max(min(room, max(text_width(_place(row)) for row in shown)), text_width(title) - 2)
        yield (
            self.paint(title, "bold")
            + " " * (first + 2 - text_width(title))
            + self.paint(
                "".join(f"  {head:>{size}}" for head, size in zip(heads, widths, strict=True)), "dim"
            )
        )
        for row in shown:
            place = cut_start(_place(row), room)
            amounts = "".join(
                "  " + " " * (size - text_width(text)) + text
                for text, size in zip((row.before, row.after), widths, strict=False)
            )
            change = " " * (widths[2] - text_width(row.change)) + row.change
            look: Look | None = None if row.grows is None else "error" if row.grows else "good"
            yield (
                f"  {place}{' ' * (first - text_width(place))}{amounts}  "
                + (self.paint(change, look) if look is not None else change)
            )
            yield from self._indented(row.why)
        yield from self._more(len(rows) - len(shown), "query", "queries")

    def _same_cost(self, rows: Sequence[ChangeRow]) -> Iterator[str]:
        yield self.paint("Changed at the same cost", "bold")
        for row in rows[:SHOWN]:
            yield f"  {cut_start(_place(row), self.width - 2)}"
            yield from self._indented(row.why)
        yield from self._more(len(rows) - SHOWN, "query", "queries")

    def _findings(self, title: str, rows: Sequence[FindingRow], *, remedies: bool) -> Iterator[str]:
        yield self.paint(title, "bold")
        for row in rows[:SHOWN]:
            look: Look = row.severity if remedies else "dim"
            mark = f"{row.severity}[{row.rule}]"
            yield f"  {self.paint(mark, look)} {cut_start(row.place, max(self.width - 3 - text_width(mark), 20))}"
            yield from self._indented(row.message)
            if row.wasted:
                yield from self._indented(f"{'wastes' if remedies else 'wasted'} {row.wasted}")
            if row.remedy and remedies:
                yield from self._indented(f"to fix {row.remedy}")
        yield from self._more(len(rows) - SHOWN, "finding")

    def _violations(self) -> Iterator[str]:
        yield self.paint("New violations of policies", "bold")
        rows = self.view.violations
        for row in rows[:SHOWN]:
            mark = f"{row.level}[policy {row.policy}]"
            place = cut_start(row.place, max(self.width - 3 - text_width(mark), 20))
            yield f"  {self.paint(mark, row.level)} {place}".rstrip()
            yield from self._indented(row.message)
        yield from self._more(max(len(rows) - SHOWN, 0) + self.view.more_violations, "violation")

    def _more(self, count: int, singular: str, plural: str | None = None) -> Iterator[str]:
        if count > 0:
            more = counted(count, f"more {singular}", f"more {plural}" if plural else None)
            yield f"  {more}; --format json lists every one"

    def _indented(self, text: str) -> Iterator[str]:
        if text:
            for line in wrap(text, self.width - _INDENT):
                yield " " * _INDENT + self.paint(line, "dim")

    def _totals(self) -> Iterator[str]:
        for name, text in self.view.facts:
            yield from self._labelled(name, text)
        for number, text in enumerate((*self.view.remarks, *self.view.estimated)):
            yield from self._labelled("" if number else "Remarks", text)
        first, *others = (*self.view.reasons, "")
        word = self.view.verdict
        lines = list(wrap(f"{word}: {first}" if first else word, self.width - _LABEL))
        look: Look = "good" if self.view.passed else "error"
        lines[0] = self.paint(word, look) + lines[0].removeprefix(word)
        yield self.paint(f"{'Gate':<{_LABEL}}", "bold") + lines[0]
        yield from (" " * _LABEL + line for line in lines[1:])
        for text in others:
            if text:
                yield from self._labelled("", text)
        for text in self.view.warnings:
            warning, *rest = wrap(f"warning: {text}", self.width - _LABEL)
            yield " " * _LABEL + self.paint("warning", "warning") + warning.removeprefix("warning")
            yield from (" " * _LABEL + line for line in rest)

    def _labelled(self, label: str, text: str) -> Iterator[str]:
        for line in wrap(text, self.width - _LABEL):
            yield self.paint(f"{label:<{_LABEL}}", "bold") + line if label else " " * _LABEL + line
            label = ""


def _place(row: ChangeRow) -> str:
    return f"{row.place} ({row.state})" if row.state in ("added", "removed") else row.place
