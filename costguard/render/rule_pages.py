"""The pages of the rules that found something: what a host shows beside a finding.

Only these pages are read, and none of them is checked again: a scan does that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from costguard.judge.housekeeping import HOUSEKEEPING
from costguard.judge.page import Rule, RulebookError, parse_page
from costguard.judge.policies import Policy
from costguard.judge.rulebook import rule_pages as pages_of
from costguard.render.gate_findings import POLICY

_ADDRESS: Final = re.compile(r"https://[^\s<>`\"]*[^\s<>`\".,;:)\]]")
_EXAMPLES: Final = (("bad", "Costs more"), ("good", "Costs less"))


@dataclass(frozen=True, slots=True)
class RulePage:
    """What there is to say of a rule."""

    title: str
    why: str
    """Markdown."""
    help: str
    """Markdown: why it costs, examples, sources."""
    address: str | None
    """The first source."""
    severity: str
    confidence: str | None
    tags: tuple[str, ...]


def rule_pages(ids: Iterable[str], folders: Sequence[Path]) -> Mapping[str, RulePage]:
    """The pages by id, of the last folder that has one; what has no page (a policy of the config) is left out."""
    paths = {path.stem: path for folder in folders for path in pages_of(folder)}
    found: dict[str, RulePage] = {}
    for name in sorted(set(ids)):
        own = HOUSEKEEPING.get(name)
        if own is not None:
            found[name] = RulePage(
                own.title, own.text, own.text, None, own.severity, "high", ("cost", "ignores")
            )
            continue
        rule = _read(paths[name]) if name in paths else None
        if rule is not None:
            found[name] = _shown(rule)
    return found


def gate_pages(policies: Iterable[Policy]) -> Mapping[str, RulePage]:
    """Pages of what is no rule and finds something all the same: policies of the config, and limits of the gate."""
    return {
        **{POLICY + policy.name: _policy(policy) for policy in policies},
        **{
            name: RulePage(title, text, text, None, severity, "high", ("cost", "gate"))
            for name, (title, text, severity) in _LIMITS.items()
        },
    }


_LIMITS: Final = {
    "max-usd-per-query": (
        "A query costs more than one run may",
        "One run of this query costs more than `--max-usd-per-query` (`max_usd_per_query` in the config) allows.",
        "error",
    ),
    "warn-usd-per-query": (
        "A query costs more than one run should",
        "One run of this query costs more than `--warn-usd-per-query` (`warn_usd_per_query` in the config) says.",
        "warning",
    ),
    "baseline-budget": (
        "A query costs more than the baseline allows",
        "One run of this query costs more than its entry in the baseline allows.",
        "error",
    ),
}


def _policy(policy: Policy) -> RulePage:
    """The words and the query of a policy. (A fence is longer than any within.)"""
    why = f"A policy of this project: {policy.message}"
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", policy.query))])
    text = f"{why}\n\nEach row of this query is a violation:\n\n{fence}sql\n{policy.query.strip()}\n{fence}"
    return RulePage(f"Policy {policy.name}", why, text, None, policy.level, "high", ("cost", "policy"))


def _read(path: Path) -> Rule | None:
    """The page; None when it has changed since the scan, which would have refused it."""
    try:
        return parse_page(path, path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, RulebookError):
        return None


def _shown(rule: Rule) -> RulePage:
    why = rule.why or f"{rule.title}."
    parts = [why]
    for kind, head in _EXAMPLES:
        blocks = [example for example in rule.examples if example.kind == kind and not example.todo]
        if blocks:
            parts.append(f"## {head}")
            parts += [f"```{block.language}\n{block.text.rstrip()}\n```" for block in blocks]
    if rule.sources:
        parts.append(f"## Sources\n\n{rule.sources}")
    address = _ADDRESS.search(rule.sources)
    return RulePage(
        rule.title,
        why,
        "\n\n".join(parts),
        address[0] if address else None,
        rule.severity,
        rule.confidence,
        ("cost", rule.driver, rule.family),
    )
