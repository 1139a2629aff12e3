"""Small git repositories: fixed dates and authors, and nothing of the user's own settings."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Work:
    """A repository with a work tree."""

    top: Path
    environment: Mapping[str, str]

    def git(self, *arguments: str, data: bytes | None = None) -> str:
        """What a command prints, without blanks around it."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.top,
            input=data if data is not None else b"",
            capture_output=True,
            env=dict(self.environment),
            check=True,
        )
        return os.fsdecode(done.stdout).strip()

    def write(self, **files: str | bytes) -> None:
        """Files by path; `__` stands for a dot, `___` for a slash."""
        for name, text in files.items():
            self.put(name.replace("___", "/").replace("__", "."), text)

    def put(self, path: str, text: str | bytes) -> None:
        """A file."""
        place = self.top / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text if isinstance(text, bytes) else text.encode())

    def commit(self, message: str = "a change") -> str:
        """Everything in the work tree; the hash of the commit."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")


def settings(folder: Path) -> dict[str, str]:
    """An environment in which git knows nobody."""
    empty = folder / "no-git-config"
    empty.write_text("")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    person = {"NAME": "A. Nobody", "EMAIL": "nobody@example.invalid", "DATE": "2026-11-01T00:00:00+00:00"}
    return {
        **kept,
        **{f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in person.items()},
        "GIT_CONFIG_GLOBAL": str(empty),
        "GIT_CONFIG_NOSYSTEM": "1",
        "HOME": str(folder),
    }


def new_repository(folder: Path, name: str = "repository") -> Work:
    """An empty one, on the branch `main`."""
    top = folder / name
    top.mkdir()
    work = Work(top, settings(folder))
    work.git("init", "-q", "-b", "main")
    return work
