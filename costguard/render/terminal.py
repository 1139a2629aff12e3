"""A scan result for people: findings by file with their source lines, then what an iteration costs.

Plain text with a few ANSI sequences, written without a library: a warm rescan has no time to import one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from costguard.money import format_usd
from costguard.render.amounts import counted
from costguard.render.cells import cut_start, harmless, text_width, wrap
from costguard.render.file_places import Sources
from costguard.render.finding_text import place_text, wasted_text, weightiest
from costguard.render.paint import Paint
from costguard.render.snippet import snippet
from costguard.render.totals import dearest, totals, unread_reasons
from costguard.result import SEVERITIES, Finding, Measured, ScanResult, Verdict

SHOWN_FINDINGS: Final = 100
"""More are counted by rule, unless all are asked for."""
WIDTH: Final = 100
NARROWEST: Final = 72
WIDEST: Final = 120
"""Lines of prose that are longer are hard to read."""


def render_terminal(
    result: ScanResult,
    verdict: Verdict,
    sources: Sources,
    plain: bool,
    width: int = WIDTH,
    everything: bool = False,
) -> str:
    """The report.

    `plain`: without colour. `width`: cells of a line. `everything`: every finding with its source line, however
    many there are.
    """
    page = _Page(sources, Paint(plain), min(max(width, NARROWEST), WIDEST))
    if result.history is not None:
        page.days = result.history.days
        page.measured = {query.id: query.measured for query in result.queries if query.measured is not None}
    found = [finding for finding in result.findings if finding.suppressed is None]
    shown = found if everything or len(found) <= SHOWN_FINDINGS else weightiest(found, SHOWN_FINDINGS)
    blocks = [*page.findings(shown), *page.hidden(found, shown)]
    if result.policies:
        from costguard.render.policies import policy_blocks

        blocks += policy_blocks(result.policies, page.width, page.paint, everything)
    blocks += dearest(result.queries, page.width, page.paint)
    blocks += unread_reasons(result.unread, page.width, page.paint)
    blocks.append(totals(result, verdict, page.width, page.paint))
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


class _Page:
    """The blocks of the findings: lists of lines that belong together."""

    def __init__(self, sources: Sources, paint: Paint, width: int) -> None:
        self.paint = paint
        self.width = width
        self._sources = sources
        self._lines: tuple[tuple[str, int | None], list[str]] | None = None
        self.measured: Mapping[str, Measured] = {}
        """What the history says of queries, by their ids."""
        self.days = 0

    def findings(self, shown: Sequence[Finding]) -> Iterator[list[str]]:
        """A block per finding; the first one of a file has the file's name above it."""
        for path, group in groupby(shown, key=lambda finding: finding.path):
            found = list(group)
            head = self._head(path, len(found))
            for finding in found:
                yield [*head, *self._finding(finding)]
                head = []

    def _head(self, path: str, count: int) -> list[str]:
        number = counted(count, "finding")
        name = cut_start(harmless(path), self.width - len(number) - 8)
        rule = "─" * (self.width - text_width(name) - len(number) - 5)
        return [
            f"{self.paint('──', 'frame')} {self.paint(name, 'bold')} {self.paint(rule, 'frame')} {number}"
        ]

    def _finding(self, finding: Finding) -> Iterator[str]:
        paint, look = self.paint, finding.severity
        place = harmless(place_text(finding.path, finding.span))
        yield f"{paint(f'{finding.severity}[{finding.rule}]', look)} {place}"
        yield from snippet(self._text(finding), finding.span, self.width, look, paint)
        yield from self._labelled("", finding.message)
        wasted = wasted_text(finding)
        if wasted:
            yield from self._labelled("wastes ", wasted)
        if finding.query is not None and finding.query in self.measured:
            yield from self._labelled("ran    ", _ran(self.measured[finding.query], self.days))
        if finding.help:
            yield from self._labelled("to fix ", finding.help)
        if finding.fix:
            yield from self._labelled("write  ", finding.fix)

    def _labelled(self, label: str, text: str) -> Iterator[str]:
        """A paragraph behind the gutter, its lines in line with each other."""
        indent = 7
        lines = wrap(text, self.width - indent - len(label))
        yield " " * indent + self.paint(label, "bold") + next(lines)
        for line in lines:
            yield " " * (indent + len(label)) + line

    def _text(self, finding: Finding) -> list[str]:
        """The lines of a text; one text is kept, since findings come in the order of the files."""
        key = (finding.path, finding.span.cell)
        if self._lines is None or self._lines[0] != key:
            text = self._sources(*key)
            self._lines = (key, [] if text is None else text.split("\n"))
        return self._lines[1]

    def hidden(self, found: Sequence[Finding], shown: Sequence[Finding]) -> Iterator[list[str]]:
        """What was left out, by rule."""
        if len(shown) == len(found):
            return
        left = Counter((finding.severity, finding.rule) for finding in found)
        left.subtract((finding.severity, finding.rule) for finding in shown)
        count = len(found) - len(shown)
        yield [
            self.paint(f"{counted(count, 'more finding')}", "bold")
            + f" beside these {len(shown)}, the gravest and dearest ones; --all shows every one",
            *(
                f"  {number:>7,}  {self.paint(f'{severity:<7}', severity)}  {rule}"
                for (severity, rule), number in sorted(
                    left.items(), key=lambda item: (-SEVERITIES.index(item[0][0]), -item[1], item[0][1])
                )
                if number
            ),
        ]


def _ran(measured: Measured, days: int) -> str:
    """What the query of a finding cost in the history."""
    if not measured.jobs:
        return f"{counted(measured.runs, 'job')} in {counted(days, 'day')}, none of which was charged for"
    costs = [
        *([format_usd(measured.on_demand)] if measured.on_demand or not measured.allocated else ()),
        *([f"{format_usd(measured.allocated)} of slots by slot time"] if measured.allocated else ()),
    ]
    cost = " and ".join(costs) if measured.unpriced < measured.jobs else "an unknown amount"
    sure = "" if measured.confidence == "high" else f", {measured.confidence} confidence"
    split = ", split with other queries" if measured.shared else ""
    jobs = f"{counted(measured.jobs, 'job')} in {counted(days, 'day')}"
    return f"{jobs} cost {cost} (matched by {measured.grade}{sure}{split})"
