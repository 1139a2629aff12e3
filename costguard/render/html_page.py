"""Pages of HTML from the templates that ship with costguard: every text is escaped."""

from __future__ import annotations

from jinja2 import Environment, StrictUndefined, Template

from costguard.shipped import shipped


def page_template(name: str) -> Template:
    """A template of the folder `reports`."""
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.from_string((shipped("reports") / name).read_text(encoding="utf-8"))
