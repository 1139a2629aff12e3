"""The commit of a work tree, read from the files of git: nothing is executed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

_HASH: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_DEEPEST: Final = 8
"""A reference may name another one; a circle of them must end."""


def work_tree(start: Path) -> Path | None:
    """The git work tree that a folder lies in."""
    folder = start.resolve()
    return next((candidate for candidate in (folder, *folder.parents) if (candidate / ".git").exists()), None)


def current_commit(start: Path) -> str | None:
    """The hash of the commit that is checked out where a folder lies; None outside of git, before the first commit,
    and where its files cannot be read."""
    root = work_tree(start)
    if root is None:
        return None
    try:
        own = _directory(root / ".git")
        # A work tree beside the first one has a HEAD of its own, and shares the branches.
        pointer = own / "commondir"
        shared = (own / pointer.read_text(encoding="utf-8").strip()) if pointer.is_file() else own
        return _resolved("HEAD", own, shared)
    except (OSError, UnicodeDecodeError):
        return None


def _directory(path: Path) -> Path:
    """Where git keeps its files: the folder itself, or what a file names."""
    if path.is_dir():
        return path
    named = path.read_text(encoding="utf-8").partition("gitdir:")[2].strip()
    return path.parent / named


def _resolved(name: str, own: Path, shared: Path) -> str | None:
    for _ in range(_DEEPEST):
        text = _text_of(name, own, shared)
        if text is None:
            return None
        if _HASH.fullmatch(text):
            return text
        marker, _, name = text.partition(" ")
        # A name stays below the folder of git's files.
        if marker != "ref:" or not name.startswith("refs/") or ".." in name.split("/"):
            return None
    return None


def _text_of(name: str, own: Path, shared: Path) -> str | None:
    for folder in (own, shared):
        if (folder / name).is_file():
            return (folder / name).read_text(encoding="utf-8").strip()
    packed = shared / "packed-refs"
    if packed.is_file():
        for line in packed.read_text(encoding="utf-8").splitlines():
            found, _, reference = line.partition(" ")
            if reference == name:
                return found
    return None
