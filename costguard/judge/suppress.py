"""Inline ignores: `-- costguard: ignore[rule-id] reason until=2026-12-31`, also with `#`, `/* */` and `{# #}`.

An ignore silences findings of its rules that start on its own line, or on the next line of code below it; above
the first line of a SQL statement it holds for the whole statement. `until=` gives its last day; a reason may be
required. An ignore without ids silences nothing and is reported, as is one whose day has passed, that silenced
nothing, or names a rule that there is not. In Python, strings count for the SQL in them; a docstring is no comment, and
what stands in backticks is an example.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from costguard.cache import digest
from costguard.calendar_day import parse_day
from costguard.judge.housekeeping import HOUSEKEEPING
from costguard.judge.python_text import is_python, without_docstrings
from costguard.judge.rulebook import Rulebook
from costguard.judge.run import told_apart
from costguard.model import Span
from costguard.result import Finding, QueryReport
from costguard.source_text import SourceTexts

MARK: Final = re.compile(
    r"(?:--|#|/\*|\{#)[^\n]*?\bcostguard:\s*ignore\b(?:\[(?P<ids>[^\]\n]*)\])?[ \t:]*(?P<reason>[^\n]*)"
)
_UNTIL: Final = re.compile(r"(?:^|(?<=\s))until=(?P<date>\S*)")
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
    until: str | None = None
    """Its last day, as written."""
    used: bool = False


@dataclass(frozen=True, slots=True)
class IgnoreTerms:
    """On what ignores hold."""

    today: date
    require_reason: bool = False
    name: Callable[[str], str] = str
    """A path as fingerprints have it."""


def find_ignores(path: str, text: str, cell: int | None = None) -> list[Ignore]:
    """The ignore comments of a text."""
    if "costguard:" not in text:
        return []
    python = is_python(path, text, cell)
    lines = (without_docstrings(text) if python else text).split("\n")
    found: list[Ignore] = []
    for number, line in enumerate(lines, start=1):
        match = MARK.search(line)
        while match is not None and python and line.count("`", 0, match.start()) % 2:
            match = MARK.search(line, match.start() + 1)
        if match is None:
            continue
        ids = tuple(item.strip() for item in (match["ids"] or "").split(",") if item.strip())
        reason = match["reason"].strip().removesuffix("*/").removesuffix("#}").strip()
        until = _UNTIL.search(reason)
        if until is not None:
            reason = " ".join((reason[: until.start()] + reason[until.end() :]).split())
        alone = not line[: match.start()].strip()
        target = number
        if alone:
            target = number + 1
            while target <= len(lines) and _COMMENT.match(lines[target - 1]):
                target += 1
        span = Span(number, match.start() + 1, number, len(line) + 1, cell)
        found.append(Ignore(path, span, ids, reason, alone, target, until["date"] if until else None))
    return found


def ignores_of(texts: SourceTexts, path: str, cells: int) -> Iterator[Ignore]:
    """The ignore comments of a file: of all its cells, if it has any."""
    for cell in range(1, cells + 1) if cells else (None,):
        yield from find_ignores(path, texts.text(path, cell) or "", cell)


def suppress(
    findings: Sequence[Finding],
    ignores: Sequence[Ignore],
    queries: Iterable[QueryReport],
    rulebook: Rulebook,
    terms: IgnoreTerms,
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
                if not _holds(ignore, terms):
                    continue
                reason = _told(ignore)
                break
        result.append(finding if reason is None else replace(finding, suppressed=reason))
    about = [item for ignore in ignores for item in _about(ignore, rulebook, terms)]
    return [*result, *told_apart(about)]


def _holds(ignore: Ignore, terms: IgnoreTerms) -> bool:
    if terms.require_reason and not ignore.reason:
        return False
    if ignore.until is None:
        return True
    last = parse_day(ignore.until)
    return last is not None and terms.today <= last


def _told(ignore: Ignore) -> str:
    if ignore.until is None:
        return ignore.reason
    return f"{ignore.reason} (until {ignore.until})".strip()


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


def _about(ignore: Ignore, rulebook: Rulebook, terms: IgnoreTerms) -> list[Finding]:
    def about(rule: str, message: str, fix: str) -> Finding:
        return _housekeeping(ignore, rule, message, fix, terms)

    if not ignore.ids:
        fix = "name the rules: costguard: ignore[rule-id] reason"
        return [about("blanket-ignore", "this ignore names no rule, so it silences nothing", fix)]
    unknown = [name for name in ignore.ids if name not in rulebook.names]
    found = [
        about("unknown-ignore", f"no rule is called {name!r}", "`costguard rules` lists them")
        for name in unknown
    ]
    if not ignore.used:
        if not unknown:
            names = ", ".join(ignore.ids)
            found.append(about("unused-ignore", f"nothing here is found by {names}", "delete the comment"))
        return found
    if terms.require_reason and not ignore.reason:
        message = "this ignore gives no reason, so it silences nothing (`require_reason` in the config)"
        found.append(about("unexplained-ignore", message, "say why: costguard: ignore[rule-id] reason"))
    if ignore.until is not None and not _holds(replace(ignore, reason="-"), terms):
        found.append(_out_of_date(ignore, about))
    return found


def _out_of_date(ignore: Ignore, about: Callable[[str, str, str], Finding]) -> Finding:
    if parse_day(ignore.until or "") is None:
        message = f"until={ignore.until} is no day, so this ignore silences nothing"
        return about("misdated-ignore", message, "write the last day as until=2026-12-31")
    fix = "repair what it silences, or give it a new day"
    return about("expired-ignore", f"this ignore held until {ignore.until} and silences nothing now", fix)


def _housekeeping(ignore: Ignore, rule: str, message: str, fix: str, terms: IgnoreTerms) -> Finding:
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
        fingerprint=digest(rule, terms.name(ignore.path), ",".join(ignore.ids), ignore.reason)[:16],
        help=fix,
    )
