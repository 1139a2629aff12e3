"""A diff in each format that it can be written in.

Formats for findings show what the change brings: its new findings, what the gate says, and the queries that cost more.
SARIF holds all findings of the head, each with what became of it: a code host compares it with what it has, and would
take those that are not in the file for repaired.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from costguard.cli.outputs import OutputFormat, Target, rule_folders, summary_room
from costguard.diff.model import ScanDiff
from costguard.result import Finding, PolicyReport, ScanResult, Severity, UnreadReport, Verdict

if TYPE_CHECKING:
    from costguard.judge.policies import Policy
    from costguard.render.file_places import FilePlaces, Sources
    from costguard.render.sarif import BaselineState


@dataclass(frozen=True, slots=True)
class DiffToShow:
    """A diff, and what its formats need beside."""

    diff: ScanDiff
    verdict: Verdict
    fail_on: Severity | None
    """The lowest severity of a new finding that fails; None when none does."""
    top: Path
    """Of the repository."""
    sources_before: Sources
    sources: Sources
    """The texts of the head."""
    declared: str
    """The config file of the head, from the top."""
    rule_directories: Sequence[Path]
    policies: Sequence[Policy]


def render_diff(target: Target, shown: DiffToShow) -> str:
    """The diff in the format of a target; what a format needs is loaded here."""
    from costguard import __version__

    diff, verdict = shown.diff, shown.verdict
    match target.format:
        case OutputFormat.text:
            from costguard.cli.terminal import colour_wanted, text_width
            from costguard.render.diff_text import render_diff_text

            plain = target.file is not None or not colour_wanted(sys.stdout)
            return render_diff_text(diff, verdict, plain, text_width(target.file))
        case OutputFormat.json:
            from costguard.render.diff_json import render_diff_json

            return render_diff_json(diff, verdict)
        case OutputFormat.markdown:
            from costguard.render.diff_markdown import render_diff_markdown

            return render_diff_markdown(diff, verdict)
        case OutputFormat.github_summary:
            from costguard.render.diff_markdown import render_diff_markdown

            return render_diff_markdown(diff, verdict, maximum_bytes=summary_room(target))
        case OutputFormat.html:
            from costguard.render.diff_html import render_diff_html

            return render_diff_html(diff, verdict, __version__)
        case OutputFormat.sarif | OutputFormat.sarif_all:
            return _sarif(shown, __version__, everything=target.format is OutputFormat.sarif_all)
        case OutputFormat.github:
            from costguard.render.diff_findings import annotation_summary, change_findings
            from costguard.render.github import render_github

            return render_github(
                _news(diff),
                verdict,
                _places(shown, shown.sources),
                points=(*_points(shown), *change_findings(diff, verdict)),
                summary=annotation_summary(diff),
            )
        case OutputFormat.gitlab:
            from costguard.render.diff_findings import change_findings
            from costguard.render.gate_findings import gate_remarks
            from costguard.render.gitlab_code_quality import render_gitlab_code_quality

            news = _news(diff)
            return render_gitlab_code_quality(
                news,
                _places(shown, shown.sources),
                points=(
                    *gate_remarks(news, verdict, shown.declared),
                    *_points(shown),
                    *change_findings(diff, verdict),
                ),
            )
        case OutputFormat.junit:
            from costguard.render.diff_findings import change_findings, change_properties
            from costguard.render.junit import render_junit

            return render_junit(
                _news(diff),
                verdict,
                _places(shown, shown.sources),
                fail_on=shown.fail_on,
                points=(*_points(shown), *change_findings(diff, verdict)),
                properties=change_properties(diff),
            )


def _sarif(shown: DiffToShow, version: str, *, everything: bool) -> str:
    from costguard.render.rule_pages import gate_pages, rule_pages
    from costguard.render.sarif import render_sarif

    diff = shown.diff
    findings = [change.finding for change in diff.findings]
    pages = rule_pages((finding.rule for finding in findings), rule_folders(shown.rule_directories))
    return render_sarif(
        diff.after,
        shown.verdict,
        _places(shown, shown.sources),
        {**pages, **gate_pages(shown.policies)},
        version,
        findings=findings,
        states=_states(shown),
        everything=everything,
        points=(*_violations(shown, diff.after), *_limits(shown)),
        places_before=_places(shown, shown.sources_before),
    )


def _states(shown: DiffToShow) -> Mapping[str, BaselineState]:
    """What became of each finding and violation, by its fingerprint: that of the head, for what is there."""
    words: Mapping[str, BaselineState] = {"fixed": "absent", "known": "unchanged", "new": "new"}
    ranked = sorted(shown.diff.findings, key=lambda change: list(words).index(change.state))
    known = {item.fingerprint for item in _violations(shown, shown.diff.before)}
    return {
        **{change.finding.fingerprint: words[change.state] for change in ranked},
        **{
            item.fingerprint: "unchanged" if item.fingerprint in known else "new"
            for item in _violations(shown, shown.diff.after)
        },
    }


def _limits(shown: DiffToShow) -> tuple[Finding, ...]:
    """Queries that the gate speaks of."""
    from costguard.render.gate_findings import gate_findings

    return gate_findings((), shown.verdict.points, shown.declared)


def _violations(shown: DiffToShow, result: ScanResult) -> tuple[Finding, ...]:
    """All that a side violates."""
    from costguard.render.gate_findings import gate_findings

    return gate_findings(result.policies, (), shown.declared)


def _points(shown: DiffToShow) -> tuple[Finding, ...]:
    """New violations of policies, and queries that the gate speaks of."""
    from costguard.render.gate_findings import gate_findings

    fresh = [
        PolicyReport(change.name, change.level, change.fresh, change.violations)
        for change in shown.diff.policies
        if change.fresh
    ]
    return gate_findings(fresh, shown.verdict.points, shown.declared)


def _places(shown: DiffToShow, sources: Sources) -> FilePlaces:
    """Paths of a diff count from the top of the repository, as those of a host do. `sources`: of a side."""
    from costguard.render.file_places import FilePlaces

    return FilePlaces(sources, shown.top.as_posix(), shown.top.as_posix())


def _news(diff: ScanDiff) -> ScanResult:
    """The scan of the head with only what the change brings: findings, queries, and places that could not be read."""
    from costguard.diff.totals import new_findings

    queries = [
        change.after
        for change in diff.queries
        if change.after is not None and (change.state != "unchanged" or change.edited)
    ]
    queries.sort(key=lambda query: (query.path, query.span.cell or 0, query.span.start_line))
    return replace(new_findings(diff), queries=tuple(queries), unread=tuple(_newly_unread(diff)))


def _newly_unread(diff: ScanDiff) -> Iterator[UnreadReport]:
    known = Counter((item.path, item.reason, item.detail) for item in diff.before.unread)
    for item in diff.after.unread:
        mark = (item.path, item.reason, item.detail)
        if known[mark]:
            known[mark] -= 1
        else:
            yield item
