"""A scan in each format that it can be written in."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from costguard.cli.outputs import OutputFormat, Target, config_file, file_places, rule_folders, summary_room
from costguard.request import ScanOutcome, ScanRequest
from costguard.result import Severity, Verdict

if TYPE_CHECKING:
    from costguard.config import Config


def render_scan(
    target: Target,
    request: ScanRequest,
    outcome: ScanOutcome,
    verdict: Verdict,
    fail_on: Severity | None,
    everything: bool,
    config: Config,
) -> str:
    """A scan in the format of a target; what a format needs is loaded here.

    `fail_on`: the lowest severity that fails, None when none does. `everything`: no finding is left out of the text.
    `config`: of the scan.
    """
    from costguard import __version__

    result, sources, scanned = outcome.result, outcome.sources, request.files.roots[0]
    declared = config_file(config)
    match target.format:
        case OutputFormat.text:
            from costguard.cli.terminal import colour_wanted, text_width
            from costguard.render.terminal import render_terminal

            plain = target.file is not None or not colour_wanted(sys.stdout)
            return render_terminal(result, verdict, sources, plain, text_width(target.file), everything)
        case OutputFormat.json:
            from costguard.render.json_output import render_json

            return render_json(result, verdict)
        case OutputFormat.sarif | OutputFormat.sarif_all:
            from costguard.render.gate_findings import gate_findings
            from costguard.render.rule_pages import gate_pages, rule_pages
            from costguard.render.sarif import render_sarif

            pages = rule_pages(
                (finding.rule for finding in result.findings), rule_folders(request.rule_directories)
            )
            return render_sarif(
                result,
                verdict,
                file_places(sources, scanned),
                {**pages, **gate_pages(request.policies)},
                __version__,
                everything=target.format is OutputFormat.sarif_all,
                points=gate_findings(result.policies, verdict.points, declared),
            )
        case OutputFormat.github:
            from costguard.render.gate_findings import gate_findings
            from costguard.render.github import render_github

            return render_github(
                result,
                verdict,
                file_places(sources, scanned),
                points=gate_findings(result.policies, verdict.points, declared),
            )
        case OutputFormat.gitlab:
            from costguard.render.gate_findings import gate_findings, gate_remarks
            from costguard.render.gitlab_code_quality import render_gitlab_code_quality

            return render_gitlab_code_quality(
                result,
                file_places(sources, scanned),
                points=(
                    *gate_remarks(result, verdict, declared),
                    *gate_findings(result.policies, verdict.points, declared),
                ),
            )
        case OutputFormat.junit:
            from costguard.render.gate_findings import gate_findings
            from costguard.render.junit import render_junit

            return render_junit(
                result,
                verdict,
                file_places(sources, scanned),
                fail_on=fail_on,
                points=gate_findings(result.policies, verdict.points, declared),
            )
        case OutputFormat.markdown | OutputFormat.github_summary:
            from costguard.render.scan_markdown import render_scan_markdown

            return render_scan_markdown(result, verdict, __version__, maximum_bytes=summary_room(target))
        case OutputFormat.html:
            from costguard.render.scan_html import render_scan_html

            return render_scan_html(result, verdict, __version__)
