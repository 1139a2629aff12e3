"""Inline ignores: `-- costguard: ignore[rule-id] reason`, also with `#`, `/* */` and `{# #}`.

An ignore silences findings of its rules that start on its own line, or on the next line of code below it; above
the first line of a SQL statement it holds for the whole statement. An ignore without ids silences nothing and is
reported, as is one that silenced nothing, or names a rule that there is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from costguard.cache import digest
from costguard.judge.housekeeping import HOUSEKEEPING
from costguard.judge.rulebook import Rulebook
from costguard.judge.run import told_apart
from costguard.model import Span
from costguard.result import Finding, QueryReport

MARK: Final = re.compile(
    r"(?:--|#|/\*|\{#)[^\n]*?\bcostguard:\s*ignore\b(?:\[(?P<ids>[^\]\n]*)\])?[ \t:]*(?P<reason>[^\n]*)"
)
_COMMENT: Final = re.compile(r"\s*(?:--|#|/\*|\{#|\*|$)")


@dataclass(slots=True)
class Ignore:
    """An ignore comment."""

    path: str
    span: Span
    ids: tuple[str, ...]
    reason: str
    alone: bool
    """The comment has its line to itself: it is about the code below."""
    target: int
    """The line that it is about."""
    used: bool = False


def find_ignores(path: str, text: str, cell: int | None = None) -> list[Ignore]:
    """The ignore comments of a text."""
    if "costguard:" not in text:
        return []
    lines = text.split("\n")
    found: list[Ignore] = []
    for number, line in enumerate(lines, start=1):
        match = MARK.search(line)
        if match is None:
            continue
        ids = tuple(item.strip() for item in (match["ids"] or "").split(",") if item.strip())
        reason = match["reason"].strip().removesuffix("*/").removesuffix("#}").strip()
        alone = not line[: match.start()].strip()
        target = number
        if alone:
            target = number + 1
            while target <= len(lines) and _COMMENT.match(lines[target - 1]):
                target += 1
        span = Span(number, match.start() + 1, number, len(line) + 1, cell)
        found.append(Ignore(path, span, ids, reason, alone, target))
    return found


def suppress(
    findings: Sequence[Finding], ignores: Sequence[Ignore], queries: Iterable[QueryReport], rulebook: Rulebook
) -> list[Finding]:
    """The findings, those that an ignore silences marked with its reason, and findings about the ignores."""
    statements: dict[tuple[str, int | None, int], Span] = {}
    for query in queries:
        statements[(query.path, query.span.cell, query.span.start_line)] = query.span
    by_path: dict[tuple[str, int | None], list[Ignore]] = {}
    for ignore in ignores:
        by_path.setdefault((ignore.path, ignore.span.cell), []).append(ignore)
    result: list[Finding] = []
    for finding in findings:
        reason = None
        for ignore in by_path.get((finding.path, finding.span.cell), ()):
            if _covers(ignore, finding, statements) and _names(ignore, finding.rule, rulebook):
                ignore.used = True
                reason = ignore.reason
                break
        result.append(finding if reason is None else replace(finding, suppressed=reason))
    about = [item for ignore in ignores for item in _about(ignore, rulebook)]
    return [*result, *told_apart(about)]


def _covers(ignore: Ignore, finding: Finding, statements: dict[tuple[str, int | None, int], Span]) -> bool:
    line = finding.span.start_line
    if line == ignore.target or (not ignore.alone and ignore.target == finding.span.end_line):
        return True
    statement = statements.get((ignore.path, ignore.span.cell, ignore.target)) if ignore.alone else None
    return statement is not None and statement.start_line <= line <= statement.end_line


def _names(ignore: Ignore, rule: str, rulebook: Rulebook) -> bool:
    return any(
        name == rule or (name in rulebook.names and rulebook.names[name].id == rule) for name in ignore.ids
    )


def _about(ignore: Ignore, rulebook: Rulebook) -> list[Finding]:
    if not ignore.ids:
        return [
            _housekeeping(
                ignore,
                "blanket-ignore",
                "this ignore names no rule, so it silences nothing",
                "name the rules: costguard: ignore[rule-id] reason",
            )
        ]
    unknown = [name for name in ignore.ids if name not in rulebook.names]
    found = [
        _housekeeping(ignore, "unknown-ignore", f"no rule is called {name!r}", "`costguard rules` lists them")
        for name in unknown
    ]
    if not ignore.used and not unknown:
        names = ", ".join(ignore.ids)
        found.append(
            _housekeeping(ignore, "unused-ignore", f"nothing here is found by {names}", "delete the comment")
        )
    return found


def _housekeeping(ignore: Ignore, rule: str, message: str, fix: str) -> Finding:
    return Finding(
        rule=rule,
        severity=HOUSEKEEPING[rule].severity,
        confidence="high",
        driver="guardrail",
        path=ignore.path,
        span=ignore.span,
        message=message,
        query=None,
        wasted_bytes=None,
        wasted_usd=None,
        fingerprint=digest(rule, ignore.path, ",".join(ignore.ids), ignore.reason)[:16],
        help=fix,
    )
