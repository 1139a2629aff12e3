"""Runs the examples of rule pages: what a page calls bad must be found, what it calls good must not.

All examples of a rulebook are read as the files of one project, with the sample catalog, priced at a fixed time and
judged together: a page costs a few milliseconds.
"""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from costguard.collect import CollectSettings, FileTask, analyse_file
from costguard.estimate.settings import EstimateSettings
from costguard.judge.page import Example, Rule
from costguard.judge.rulebook import Rulebook
from costguard.money import format_bytes
from costguard.result import Finding

NOW: Final = datetime(2026, 11, 1, tzinfo=UTC)
"""The time at which examples run; the sample catalog's newest partition is the day before."""
PROJECT: Final = "acme"
"""The default project of examples, that of the sample catalog."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An example that does not do what its page says."""

    path: Path
    line: int
    text: str


def run_examples(rulebook: Rulebook, catalog: Path) -> list[Failure]:
    """The examples that fail, by page and line.

    `catalog`: the catalog that they query.

    Raises:
        costguard.catalog.model.CatalogError: it cannot be used.
    """
    examples = [(rule, example) for rule in rulebook.rules for example in rule.examples]
    found, unread = judge_examples(rulebook, examples, catalog)
    failures: list[Failure] = []
    for number, (rule, example) in enumerate(examples):
        for text in (*unread[number], *problems_of(rule, example, found[number])):
            failures.append(Failure(rule.path, example.line, text))
    for rule in rulebook.rules:
        for kind in ("bad", "good", "not"):
            if not any(example.kind == kind for example in rule.examples):
                failures.append(Failure(rule.path, 1, f"no example of what is {_NAMES[kind]}"))
    return failures


_NAMES: Final = {"bad": "bad", "good": "good", "not": "not meant (## Not this)"}


def problems_of(rule: Rule, example: Example, findings: list[Finding]) -> Iterator[str]:
    """What the findings in one example have that its page does not say."""
    own = [finding for finding in findings if finding.rule == rule.id]
    others = sorted({finding.rule for finding in findings if finding.rule != rule.id})
    if example.todo:
        # A known defect, written down: when it is mended, the mark has to go.
        if bool(own) == (example.kind == "bad"):
            yield "this todo does what the page wants now: take the mark away"
        return
    if example.kind != "bad":
        for finding in own:
            yield f"must not be found, but is, at line {finding.span.start_line}: {finding.message}"
        return
    if not own:
        yield "must be found, but is not"
    if others:
        yield f"must be found by this rule alone, but {', '.join(others)} finds it too"
    expected = example.wastes()
    if expected is not None and own:
        wasted = sum(finding.wasted_bytes.point for finding in own if finding.wasted_bytes is not None)
        if not expected[0] <= wasted <= expected[1]:
            yield f"wastes {wasted:,} bytes ({format_bytes(wasted)}), not what its comment says"


def judge_examples(
    rulebook: Rulebook, examples: list[tuple[Rule, Example]], catalog: Path
) -> tuple[dict[int, list[Finding]], dict[int, list[str]]]:
    """Findings, and what could not be read, by the number of the example."""
    from costguard.catalog.load import load_catalog
    from costguard.estimate.compute import machine_price
    from costguard.estimate.run import estimate
    from costguard.facts.merge import merge_columns
    from costguard.judge.run import Judge
    from costguard.query_reports import query_ids
    from costguard.source_text import SourceTexts
    from costguard.view_plan import expand_view

    findings: dict[int, list[Finding]] = defaultdict(list)
    unread: dict[int, list[str]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="costguard-") as name:
        # Examples may name files; an empty folder is all they could reach.
        folder = Path(name)
        columns = []
        absolute: dict[str, str] = {}
        for number, (_, example) in enumerate(examples):
            data = example.text.encode()
            file = folder / f"{number}.{'py' if example.language == 'python' else 'sql'}"
            file.write_bytes(data)
            absolute[file.name] = str(file)
            task = FileTask(file.name, str(file), "python" if example.language == "python" else "sql", False)
            payload = json.loads(
                analyse_file(task, data, CollectSettings("bigquery", (str(folder / "none"),)))
            )
            columns.append(payload["columns"])
        settings = EstimateSettings(now=NOW, project=PROJECT)
        frames = estimate(merge_columns(columns), load_catalog([catalog]), settings, expand_view)
        for number, reason, detail in frames["unread"].select("source", "reason", "detail").rows():
            unread[number].append(f"cannot be read: {reason} ({detail})")
        judge = Judge(frames, query_ids(frames), SourceTexts(absolute), machine_price(None))
        for finding in judge.findings(rulebook.rules):
            findings[int(finding.path.partition(".")[0])].append(finding)
    return findings, unread
