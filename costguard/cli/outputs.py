"""The formats that a scan and a diff are written in, several in one run."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from costguard.errors import UsageProblem
from costguard.write import append_text, check_output, write_text

if TYPE_CHECKING:
    from costguard.config import Config
    from costguard.render.file_places import FilePlaces, Sources


class OutputFormat(StrEnum):
    """How findings are written."""

    text = "text"
    json = "json"
    sarif = "sarif"
    sarif_all = "sarif-all"
    github = "github"
    github_summary = "github-summary"
    gitlab = "gitlab"
    junit = "junit"
    markdown = "markdown"
    html = "html"


OutputFormatOption = Annotated[OutputFormat, typer.Option("--format", help="Output format.")]
AlsoOption = Annotated[
    list[str] | None,
    typer.Option(
        "--also",
        metavar="FORMAT=FILE",
        help="Write this format too, such as sarif=costguard.sarif (repeatable).",
    ),
]
SUMMARY_VARIABLE: Final = "GITHUB_STEP_SUMMARY"


@dataclass(frozen=True, slots=True)
class Target:
    """A format, and where it goes."""

    format: OutputFormat
    file: Path | None
    """None: standard output."""

    @property
    def appends(self) -> bool:
        """The job summary of a step is one file, which every command of the step adds to."""
        return self.format is OutputFormat.github_summary and self.file is not None


def targets_of(format: OutputFormat, output: Path | None, also: Sequence[str] | None) -> tuple[Target, ...]:
    """Everything that is to be written; what `--format` says comes last.

    Raises:
        UsageProblem: a format that there is not, a file that cannot be written, or one that is named twice.
    """
    targets = (*map(_also, also or ()), Target(format, output))
    named: set[str] = set()
    for target in targets:
        check_output(target.file)
        if target.file is None:
            continue
        name = os.path.realpath(target.file)
        if name in named:
            raise UsageProblem(f"{target.file}: two formats cannot go to the same file")
        named.add(name)
    return targets


def _also(text: str) -> Target:
    name, _, file = text.partition("=")
    try:
        format = OutputFormat(name)
    except ValueError:
        known = ", ".join(OutputFormat)
        raise UsageProblem(f"--also {text!r}: {name!r} is no format; one of {known}") from None
    if file == "-":
        raise UsageProblem(f"--also {text!r}: standard output is for --format; --also takes a file")
    if file:
        return Target(format, Path(file))
    if format is not OutputFormat.github_summary:
        raise UsageProblem(f"--also {text!r} needs a file: --also {name}=FILE")
    file = os.environ.get(SUMMARY_VARIABLE, "")
    if not file:
        raise UsageProblem(
            f"--also {name} writes to the file that {SUMMARY_VARIABLE} names, which is not set here; "
            f"--also {name}=FILE"
        )
    return Target(format, Path(file))


def write_targets(targets: Sequence[Target], render: Callable[[Target], str]) -> None:
    """Write each of them.

    Raises:
        UsageProblem: a file cannot be written.
    """
    for target in targets:
        text = render(target)
        if target.appends and target.file is not None:
            append_text(text, target.file)
        else:
            write_text(text, target.file)


def file_places(sources: Sources, scanned: Path) -> FilePlaces:
    """Places for hosts: a scan's paths count from the working directory, those of a host from the root of the
    repository, which is the one around a scanned folder."""
    from costguard.render.file_places import FilePlaces

    folder = Path.cwd()
    root = next((above for above in (scanned, *scanned.parents) if (above / ".git").exists()), None)
    if root is None:
        root = folder if scanned.is_relative_to(folder) else scanned
    return FilePlaces(sources, root.as_posix(), folder.as_posix())


def config_file(config: Config) -> str:
    """Where the limits and policies of a scan stand, for hosts that want a place for everything."""
    return (config.file or Path("costguard.toml")).as_posix()


def summary_room(target: Target) -> int:
    """Bytes that a job summary may have: what GitHub takes of a step, less what the file holds already."""
    from costguard.render.scan_markdown import JOB_SUMMARY_BYTES

    try:
        there = target.file.stat().st_size if target.file is not None and target.appends else 0
    except OSError:
        there = 0  # it is not there yet
    return max(JOB_SUMMARY_BYTES - there, 0)


def rule_folders(own: Sequence[Path]) -> tuple[Path, ...]:
    """Folders with rule pages; those of the user replace those that ship."""
    from costguard.shipped import shipped

    return shipped("rules"), *own
