"""The files of a scanned project, by relative path, and nothing outside of it."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from costguard.packed_files import PackedFiles
from costguard.walk import walk

_SKIPPED = frozenset(
    {".git", ".hg", ".venv", "venv", "node_modules", "__pycache__", ".tox", ".mypy_cache", "site-packages"}
)
_LARGEST = 200_000_000
"""Bytes of a file that is still read; a manifest of a large project has some ten million."""


_PLAIN_PATH = re.compile(r"(?!\.\.?(?:/|$))[^/\\\0]+(?:/(?!\.\.?(?:/|$))[^/\\\0]+)*")
"""A relative path without `.`, `..` and empty parts."""


class ProjectFiles(Protocol):
    """What the project needs of a file tree. Paths are relative to its root, with `/`."""

    def paths(self) -> Iterator[str]:
        """Every file."""

    def read(self, path: str) -> str | None:
        """The text of a file; None when it is missing, outside of the root, or not UTF-8."""


@dataclass(frozen=True, slots=True)
class DirectoryFiles:
    """Files of a folder on disk. Symbolic links that lead out of it are not followed."""

    root: str
    _folders: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Resolved folders: resolving takes a look at every folder above, so once for a folder and not for every file."""
    _listed: list[str] = field(default_factory=list, init=False, repr=False, compare=False)
    """The tree as it was when it was first asked for: walking a large one takes longer than reading it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return DirectoryFiles, (self.root,)

    def paths(self) -> Iterator[str]:
        if not self._listed:
            for here, folders, names in walk(self.root):
                folders[:] = [name for name in folders if name not in _SKIPPED]
                self._listed.extend(here + name for name in names)
            self._listed.sort()
        return iter(self._listed)

    def read(self, path: str) -> str | None:
        try:
            target = self._resolved(path)
            if not target.startswith(self._folder("").rstrip(os.sep) + os.sep):
                return None
            status = os.stat(target)
            if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST:
                return None  # opening a pipe would wait for somebody to write
            with open(target, "rb") as stream:
                return stream.read().decode("utf-8")
        except (OSError, UnicodeDecodeError, ValueError):
            return None

    def _resolved(self, path: str) -> str:
        """The absolute path with its links resolved, as `os.path.realpath` gives it."""
        if not _PLAIN_PATH.fullmatch(path):
            return os.path.realpath(os.path.join(self.root, path))
        folder, _, name = path.rpartition("/")
        target = os.path.join(self._folder(folder), name)
        return os.path.realpath(target) if os.path.islink(target) else target

    def _folder(self, path: str) -> str:
        known = self._folders.get(path)
        if known is None:
            known = self._folders[path] = self._resolved(path)
        return known


@dataclass(frozen=True, slots=True)
class PackedTree:
    """Files of a folder of a packed tree."""

    packed: PackedFiles
    root: str

    def paths(self) -> Iterator[str]:
        return (path for path in self.packed.below(self.root) if _SKIPPED.isdisjoint(path.split("/")[:-1]))

    def read(self, path: str) -> str | None:
        absolute = os.path.normpath(os.path.join(self.root, path))
        if self.packed.inside(absolute) is None or not absolute.startswith(self.root + os.sep):
            return None
        try:
            return self.packed.read(absolute).decode("utf-8")
        except (OSError, UnicodeDecodeError):
            return None


class TreeFiles(ProjectFiles, Protocol):
    """Files of a folder that has a place."""

    @property
    def root(self) -> str:
        """The absolute path that they count from."""


@dataclass(frozen=True, slots=True)
class MemoryFiles:
    """Files given as texts."""

    texts: Mapping[str, str]

    def paths(self) -> Iterator[str]:
        yield from sorted(self.texts)

    def read(self, path: str) -> str | None:
        return self.texts.get(path)
