"""`costguard test-rules`: the examples of rule pages, run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def check_rules_command(
    directory: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="Folder with pages (default: the shipped ones).")
    ] = None,
) -> None:
    """Run every example of the rule pages: Bad must be found, Good and Not this must not."""
    from costguard.errors import UsageProblem
    from costguard.judge.rulebook import check_rules, load_rulebook
    from costguard.render.amounts import counted
    from costguard.rule_examples import run_examples
    from costguard.shipped import shipped
    from costguard.write import write_text

    if directory is not None and not directory.is_dir():
        raise UsageProblem(f"{directory}: no such directory")
    folder = directory or shipped("rules")
    rulebook = load_rulebook(folder)
    if not rulebook.rules:
        raise UsageProblem(f"{folder}: no rule pages (*.md) there")
    check_rules(rulebook.rules)
    own_catalog = folder / "warehouse.json"
    failures = run_examples(
        rulebook, own_catalog if own_catalog.is_file() else shipped("rules") / "warehouse.json"
    )
    lines = [f"{failure.path}:{failure.line}: {failure.text}" for failure in failures]
    examples = sum(len(rule.examples) for rule in rulebook.rules)
    lines.append(
        f"{counted(len(rulebook.rules), 'rule')}, {counted(examples, 'example')}, "
        f"{counted(len(failures), 'failure')}"
    )
    write_text("\n".join(lines) + "\n", None)
    raise typer.Exit(1 if failures else 0)
