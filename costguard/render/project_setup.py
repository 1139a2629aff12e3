"""What `costguard init` found and wrote, for people."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from costguard.project_setup.detect import CiHost, Detected, Guess
from costguard.project_setup.plan import PlannedFile
from costguard.render.amounts import counted
from costguard.render.cells import harmless

_KINDS: Final = {
    "sql": "SQL file",
    "python": "Python file",
    "notebook": "notebook",
    "template": "template",
}
_HOSTS: Final[dict[CiHost, str]] = {"github": "GitHub", "gitlab": "GitLab"}


def setup_text(found: Detected, files: Sequence[PlannedFile], ci: CiHost | None, *, dry: bool) -> str:
    """What was found, what was written (or would be, in a `dry` run), and what to do next."""
    lines = [*_block("Found", _found(found, ci)), *_written(files, dry)]
    lines += ["", "Next", *(f"  {step}" for step in _next(found, files))]
    return "".join(f"{harmless(line)}\n" for line in lines)


def files_text(files: Sequence[PlannedFile]) -> str:
    """All files, each below its name."""
    return "\n".join(f"# ---- {harmless(shown(file.path))}\n{file.text}" for file in files)


def shown(path: Path) -> str:
    """A path from here."""
    return os.path.relpath(path)


def _block(title: str, lines: Iterator[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield f"{'' if number else title:<10}{line}"


def _found(found: Detected, ci: CiHost | None) -> Iterator[str]:
    kinds = [counted(found.files[kind], word) for kind, word in _KINDS.items() if found.files.get(kind)]
    yield ", ".join(kinds) or "nothing that is read yet: no SQL, no Python, no notebook"
    if found.dbt:
        places = ", ".join("here" if folder == "." else f"in {folder}/" for folder in found.dbt[:3])
        more = f" and {len(found.dbt) - 3} more" if len(found.dbt) > 3 else ""
        yield f"dbt {places}{more}"
    for name, guess in (
        ("dialect", found.dialect),
        ("project", found.project),
        ("dataset", found.dataset),
        ("location", found.location),
    ):
        if guess is not None:
            yield _guess(name, guess)
    for catalog in found.catalogs:
        yield f"catalog {catalog}"
    branch = found.repository.branch
    if branch is not None:
        yield f"default branch {branch}"
    yield (
        f"checks on {_HOSTS[ci]}" if ci is not None else "no GitHub and no GitLab (--ci github, --ci gitlab)"
    )


def _guess(name: str, guess: Guess) -> str:
    return f"{name} {guess.value} ({guess.source})"


def _written(files: Sequence[PlannedFile], dry: bool) -> Iterator[str]:
    words = {
        "create": "Would write" if dry else "Wrote",
        "append": "Would add" if dry else "Added",
        "keep": "Kept",
    }
    for file in files:
        what = shown(file.path)
        if file.action == "append":
            what = f"[tool.costguard] to {what}"
        if file.action == "keep":
            what += ": is there already; --print shows what would have been written"
        yield f"{words[file.action]:<12}{what}"
        if file.remark is not None:
            yield f"{'':<12}{file.remark}"


def _next(found: Detected, files: Sequence[PlannedFile]) -> Iterator[str]:
    if not found.catalogs:
        yield "costguard catalog pull     the sizes of your tables, at no cost; then name the file in the config"
    yield "costguard scan .           what an iteration costs, and what of it is waste"
    if found.repository.top is not None:
        yield "costguard baseline write   accept what is there today: only what is new fails from then on"
        yield f"costguard diff {found.repository.branch or 'BASE':<12}what your changes cost"
    changed = [file for file in files if file.action != "keep"]
    if changed:
        checks = "; the workflow checks the next change" if changed[-1].path.suffix == ".yml" else ""
        yield f"then commit {'the file' if len(changed) == 1 else 'the files'}{checks}"
