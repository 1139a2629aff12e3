"""The git repository that a folder is in: where it begins, its default branch, and who hosts it."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SCP: Final = re.compile(r"(?:[^@/:]+@)?([A-Za-z0-9.-]+):(?!/)")
_URL: Final = re.compile(r"[a-z+]+://(?:[^@/]*@)?([A-Za-z0-9.-]+)")


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository, or the lack of one."""

    top: Path | None
    """Its work tree; None outside of one."""
    branch: str | None
    """The default branch of `origin`, else `main` or `master` where there is one."""
    host: str | None
    """The name of the machine of `origin`; of its address nothing else is kept, for it may hold a password."""


def repository_of(folder: Path) -> Repository:
    """The repository of a folder, as far as git can say."""
    found = _git(folder, "rev-parse", "--show-toplevel")
    if not found:
        return Repository(None, None, None)
    return Repository(
        Path(found), _branch(folder), _host(_git(folder, "config", "--get", "remote.origin.url"))
    )


def _branch(folder: Path) -> str | None:
    head = _git(folder, "symbolic-ref", "--quiet", "refs/remotes/origin/HEAD")
    if head.startswith("refs/remotes/origin/"):
        return head.removeprefix("refs/remotes/origin/")
    for name in ("main", "master"):
        for place in ("remotes/origin", "heads"):
            if _git(folder, "rev-parse", "--quiet", "--verify", f"refs/{place}/{name}"):
                return name
    return None


def _host(url: str) -> str | None:
    """The machine in the address of a repository.

    >>> _host("https://token@gitlab.example/g/p.git"), _host("git@github.com:o/r.git"), _host("/srv/git/r.git")
    ('gitlab.example', 'github.com', None)
    """
    found = _URL.match(url) or _SCP.match(url)
    return found[1].lower() if found is not None else None


def _git(folder: Path, *arguments: str) -> str:
    """What git says; nothing where it fails, or is not there."""
    # Within a hook these variables name the hook's repository, whatever the folder is.
    environment = {key: value for key, value in os.environ.items() if key not in ("GIT_DIR", "GIT_WORK_TREE")}
    try:
        done = subprocess.run(  # noqa: S603
            ["git", "-C", str(folder), *arguments],  # noqa: S607
            capture_output=True,
            timeout=20,
            env=environment | {"GIT_OPTIONAL_LOCKS": "0"},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return os.fsdecode(done.stdout).strip() if done.returncode == 0 else ""
