"""A diff as one HTML file: styles inside, no script, nothing loaded from anywhere."""

from __future__ import annotations

from jinja2 import Environment, StrictUndefined

from costguard.diff.model import ScanDiff
from costguard.render.diff_view import view_of_diff
from costguard.result import Verdict
from costguard.shipped import shipped


def render_diff_html(diff: ScanDiff, verdict: Verdict, version: str) -> str:
    """The document. Every text is escaped; the template is costguard's own. `version`: of costguard, for the footer."""
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    source = (shipped("reports") / "diff.html.j2").read_text(encoding="utf-8")
    return environment.from_string(source).render(view=view_of_diff(diff, verdict), version=version)
