"""`costguard init`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from costguard.errors import UsageProblem

if TYPE_CHECKING:
    from costguard.project_setup.detect import CiHost


class CiChoice(StrEnum):
    """Who checks changes."""

    github = "github"
    gitlab = "gitlab"
    none = "none"


_HOSTS: Final[Mapping[CiChoice, CiHost | None]] = {
    CiChoice.github: "github",
    CiChoice.gitlab: "gitlab",
    CiChoice.none: None,
}


def init_command(
    folder: Annotated[Path, typer.Argument(metavar="DIRECTORY", help="The project.")] = Path(),
    ci: Annotated[
        CiChoice | None,
        typer.Option("--ci", help="Write a workflow for it (default: as the repository says)."),
    ] = None,
    pyproject: Annotated[
        bool,
        typer.Option("--pyproject", help="Add [tool.costguard] to pyproject.toml instead of costguard.toml."),
    ] = False,
    package: Annotated[
        str | None,
        typer.Option(
            "--package", metavar="PACKAGE", help="What pip installs in the workflow (default: this version)."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be written, and write nothing.")
    ] = False,
    show: Annotated[
        bool, typer.Option("--print", help="Print the files to standard output, and write nothing.")
    ] = False,
) -> None:
    """Look at a project, and write a config and a workflow for it.

    What is there already is never written over.
    """
    from costguard.project_setup.detect import detect
    from costguard.project_setup.plan import PACKAGE, carry_out, plan
    from costguard.render.project_setup import files_text, setup_text
    from costguard.write import write_text

    if dry_run and show:
        raise UsageProblem("--dry-run and --print: give one of them")
    found = detect(folder)
    host = found.ci if ci is None else _HOSTS[ci]
    files = plan(found, host, package=package or PACKAGE, pyproject=pyproject)
    if show:
        write_text(files_text(files), None)
        return
    if not dry_run:
        carry_out(files)
    write_text(setup_text(found, files, host, dry=dry_run), None)
