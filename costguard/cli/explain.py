"""`costguard rules` and `costguard explain`."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from costguard.judge.rulebook import Rulebook


class RulesFormat(StrEnum):
    """Output formats of `rules`."""

    text = "text"
    json = "json"


def load_rules(config: Path | None) -> Rulebook:
    """The shipped rules, and those of the project around the working directory."""
    from costguard.config import find_config, load_config, rule_directories
    from costguard.judge.rulebook import load_rulebook
    from costguard.shipped import shipped

    settings = load_config(config or find_config(Path.cwd()))
    return load_rulebook(shipped("rules"), rule_directories(settings))


def rules_command(
    config: Annotated[Path | None, typer.Option(metavar="FILE", help="Config file to use.")] = None,
    format: Annotated[RulesFormat, typer.Option("--format", help="Output format.")] = RulesFormat.text,
) -> None:
    """List the rules."""
    import json

    from costguard.write import write_text

    rules = load_rules(config).rules
    if format is RulesFormat.json:
        rows = [
            {
                "id": rule.id,
                "aliases": list(rule.aliases),
                "family": rule.family,
                "severity": rule.severity,
                "confidence": rule.confidence,
                "driver": rule.driver,
                "title": rule.title,
            }
            for rule in rules
        ]
        write_text(json.dumps({"version": 1, "rules": rows}, indent=2) + "\n", None)
        return
    width = max((len(rule.id) for rule in rules), default=0)
    lines: list[str] = []
    family = ""
    for rule in sorted(rules, key=lambda rule: (rule.family, rule.id)):
        if rule.family != family:
            family = rule.family
            lines.append(f"{family}:\n")
        lines.append(f"  {rule.id:<{width}}  {rule.severity:<8} {rule.driver:<13} {rule.title}\n")
    write_text("".join(lines), None)


def _explained(rulebook: Rulebook, name: str) -> tuple[str, str]:
    from costguard.judge.housekeeping import HOUSEKEEPING

    own = HOUSEKEEPING.get(name)
    if own is not None:
        return f"{name}: {own.severity}\n\n", f"# {own.title}\n\n{own.text}\n"
    page = rulebook.resolve(name)
    head = f"{page.id}: {page.severity}, confidence {page.confidence}, driver {page.driver}\n\n"
    return head, page.text.partition("\n---\n")[2].lstrip("\n")


def explain_command(
    rule: Annotated[str, typer.Argument(metavar="ID", help="A rule's id or alias.")],
    config: Annotated[Path | None, typer.Option(metavar="FILE", help="Config file to use.")] = None,
) -> None:
    """Show the page of a rule: why it costs, what it finds, what to do."""
    from costguard.write import write_text

    head, body = _explained(load_rules(config), rule)
    if not sys.stdout.isatty():
        write_text(head + body, None)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    from costguard.render.cells import harmless

    console = Console()
    console.print(head, markup=False, highlight=False)
    console.print(Markdown("\n".join(map(harmless, body.split("\n")))))
