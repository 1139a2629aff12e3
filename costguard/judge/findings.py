"""The rules that a request asks for, run over its frames; ignores applied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from costguard.judge.housekeeping import HOUSEKEEPING
from costguard.judge.page import Rule
from costguard.judge.rulebook import Rulebook
from costguard.judge.run import Judge, order
from costguard.judge.suppress import Ignore, IgnoreTerms, ignores_of, suppress
from costguard.result import Finding, QueryReport, Severity
from costguard.source_text import SourceTexts

if TYPE_CHECKING:
    import polars as pl

    from costguard.estimate.compute import MachinePrice


def choose(rulebook: Rulebook, only: Sequence[str] | None, ignored: Sequence[str]) -> list[Rule]:
    """The rules to run.

    Raises:
        RulebookError: a name is not known.
    """
    left_out = {rulebook.identify(name) for name in ignored}
    if only is None:
        return [rule for rule in rulebook.rules if rule.id not in left_out]
    wanted = {rulebook.resolve(name).id for name in only}
    return [rule for rule in rulebook.rules if rule.id in wanted]


def judged(
    frames: Mapping[str, pl.DataFrame],
    rulebook: Rulebook,
    rules: Sequence[Rule],
    rows: Sequence[pl.DataFrame],
    ignored: Sequence[str],
    severities: Mapping[str, Severity],
    query_ids: Sequence[str],
    queries: Sequence[QueryReport],
    texts: SourceTexts,
    marked: Sequence[tuple[str, int]],
    machine: MachinePrice,
    terms: IgnoreTerms,
) -> tuple[Finding, ...]:
    """The findings, in the order in which they are reported.

    `rows`: those that each of the `rules` gave (`costguard.judge.rule_rows`).
    `ignored`: names that `choose` left out, and of findings about ignore comments.
    `marked`: files that hold an ignore comment, with their number of cells (0 for a plain file).
    """
    found = Judge(frames, query_ids, texts, machine, terms.name).findings_of(rules, rows)
    ignores: list[Ignore] = []
    silent = {rulebook.identify(name) for name in ignored} & HOUSEKEEPING.keys()
    for path, cells in marked:
        ignores.extend(ignores_of(texts, path, cells))
    if ignores:
        found = suppress(found, ignores, queries, rulebook, terms)
        if len(rules) < len(rulebook.rules):
            # Not every rule was run: an ignore may well be of use to the others.
            silent.add("unused-ignore")
        found = [finding for finding in found if finding.rule not in silent]
    changed = {rulebook.identify(name): severity for name, severity in severities.items()}
    found = [
        replace(finding, severity=changed[finding.rule]) if finding.rule in changed else finding
        for finding in found
    ]
    return tuple(sorted(found, key=order))
