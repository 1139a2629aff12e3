"""Which files `costguard init` writes. None is written over."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from costguard import __version__
from costguard.errors import UsageProblem
from costguard.project_setup.config_file import config_text, pyproject_text
from costguard.project_setup.detect import CiHost, Detected
from costguard.project_setup.files import read_small
from costguard.project_setup.workflows import GITLAB_FILE, GITLAB_INCLUDE, github_workflow, gitlab_job
from costguard.write import write_bytes

PACKAGE: Final = f"costguard-gcp=={__version__}"

Action = Literal["create", "append", "keep"]


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file, and what is to become of it."""

    path: Path
    text: str
    """All of it; for `keep` what would have been written."""
    action: Action
    before: str = ""
    """What it holds, where something is appended."""
    remark: str | None = None
    """What the user has to do about it."""


def plan(
    found: Detected, ci: CiHost | None, *, package: str = PACKAGE, pyproject: bool = False
) -> tuple[PlannedFile, ...]:
    """The files for a project. `package`: what pip installs in a workflow; `pyproject`: the config goes there.

    Raises:
        UsageProblem: a pyproject.toml that cannot take it, or a text that cannot stand in a workflow.
    """
    return (_config(found, pyproject), *_workflows(found, ci, package))


def carry_out(files: Sequence[PlannedFile]) -> None:
    """Write what is to be created or appended.

    Raises:
        UsageProblem: a file cannot be written, or somebody has written it meanwhile.
    """
    for file in files:
        if file.action == "create":
            _create(file)
        elif file.action == "append":
            if read_small(file.path) != file.before:
                raise UsageProblem(f"{file.path}: was changed meanwhile; nothing was added")
            write_bytes(file.text.encode("utf-8"), file.path)


def _config(found: Detected, pyproject: bool) -> PlannedFile:
    if found.config is not None:
        return PlannedFile(found.config, config_text(found), "keep")
    if not pyproject:
        return _new(found.folder, "costguard.toml", config_text(found))
    path = found.folder / "pyproject.toml"
    before = read_small(path)
    if before is None:
        raise UsageProblem(f"{path}: there is no such file that could be added to; leave --pyproject out")
    return PlannedFile(path, pyproject_text(before, found), "append", before)


def _workflows(found: Detected, ci: CiHost | None, package: str) -> Iterator[PlannedFile]:
    top = found.repository.top or found.folder
    folder = found.folder.resolve().relative_to(top.resolve()).as_posix()
    if ci == "github":
        yield _new(top, ".github/workflows/costguard.yml", github_workflow(package, folder))
    elif ci == "gitlab":
        yield _new(top, GITLAB_FILE, gitlab_job(package, folder))
        main = _new(top, ".gitlab-ci.yml", GITLAB_INCLUDE)
        if main.action == "create":
            yield main
        elif GITLAB_FILE not in (read_small(main.path) or ""):
            yield replace(main, remark=f"add to its `include:` the line `- local: {GITLAB_FILE}`")


def _new(root: Path, name: str, text: str) -> PlannedFile:
    """A file below a folder.

    Raises:
        UsageProblem: a link on the way to it, which may lead anywhere.
    """
    path = root / name
    for above in path.relative_to(root).parents:
        if (root / above).is_symlink() and above != Path():
            raise UsageProblem(f"{root / above}: is a link; nothing is written through it")
    return PlannedFile(path, text, "keep" if os.path.lexists(path) else "create")


def _create(file: PlannedFile) -> None:
    try:
        file.path.parent.mkdir(parents=True, exist_ok=True)
        with file.path.open("xb"):
            pass  # the place is ours now, and whoever comes later is told so
    except FileExistsError:
        raise UsageProblem(
            f"{file.path}: was written by somebody else meanwhile; it stays as it is"
        ) from None
    except OSError as error:
        raise UsageProblem(f"{file.path}: cannot be written ({error.strerror or error})") from None
    try:
        write_bytes(file.text.encode("utf-8"), file.path)
    except UsageProblem:
        file.path.unlink(missing_ok=True)
        raise
