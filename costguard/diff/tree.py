"""The files of a commit, or of a work tree, as they are listed: names, sizes, contents by their hashes.

Names come from whoever wrote the commit. What could lead out of the folder that files are written to, or into git's own
folder, is refused and said.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from costguard.diff.git import GitError, Repository
from costguard.errors import UsageProblem

_LONGEST_NAME: Final = 255
_LONGEST_PATH: Final = 2000
"""Bytes; systems take some more, and the folder that files are written to comes before it."""
_LINK: Final = b"120000"
_SUBMODULE: Final = b"160000"


@dataclass(frozen=True, slots=True)
class TreeFile:
    """A file that was listed."""

    size: int
    blob: str | None
    """Hash of its content; None in a work tree."""


@dataclass(frozen=True, slots=True)
class Tree:
    """What a revision holds. Paths count from the top, with `/`."""

    files: Mapping[str, TreeFile]
    links: tuple[str, ...] = ()
    """Symbolic links: none is followed."""
    submodules: tuple[str, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    """(path, why it is not read)."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """Hashes of contents that are not here, by path."""


def tree_of_commit(repository: Repository, commit: str) -> Tree:
    """The files of a commit.

    Raises:
        UsageProblem: objects are missing.
    """
    try:
        listing = repository.bytes("ls-tree", "-r", "-z", "-l", "--full-tree", commit)
    except GitError as error:
        raise UsageProblem(missing_objects(repository, str(error))) from None
    files: dict[str, TreeFile] = {}
    links: list[str] = []
    submodules: list[str] = []
    refused: list[tuple[str, str]] = []
    missing: dict[str, str] = {}
    for entry in listing.split(b"\0"):
        head, _, name = entry.partition(b"\t")
        if not head:
            continue
        mode, _, blob, size = head.split()
        path = os.fsdecode(name)
        why = unsafe(name)
        if why is not None:
            refused.append((path, why))
        elif mode == _SUBMODULE:
            submodules.append(path)
        elif mode == _LINK:
            links.append(path)
        elif not size.isdigit():
            missing[path] = blob.decode()
        else:
            files[path] = TreeFile(int(size), blob.decode())
    return Tree(files, tuple(links), tuple(submodules), tuple(refused), missing)


def missing_objects(repository: Repository, message: str) -> str:
    """What to do about objects that are not there."""
    reason = message.strip().partition("\n")[0].removeprefix("fatal: ")
    if repository.is_partial:
        return (
            f"objects of the repository are not here ({reason}): it is a partial clone; clone without --filter, or "
            "`git fetch --refetch --no-filter origin`"
        )
    return f"git cannot read the revision ({reason}); `git fsck` says what is damaged"


def tree_on_disk(repository: Repository) -> Tree:
    """The files of the work tree as they are: tracked, and not yet tracked but not ignored.

    Raises:
        UsageProblem: git cannot list them.
    """
    try:
        listing = repository.bytes("ls-files", "-co", "--exclude-standard", "-z")
        staged = repository.bytes("ls-files", "-s", "-z")
    except GitError as error:
        raise UsageProblem(f"{repository.top}: git cannot list the work tree ({error})") from None
    submodules = [
        os.fsdecode(entry.partition(b"\t")[2])
        for entry in staged.split(b"\0")
        if entry.startswith(_SUBMODULE)
    ]
    files: dict[str, TreeFile] = {}
    links: list[str] = []
    for name in dict.fromkeys(filter(None, listing.split(b"\0"))):
        path = os.fsdecode(name)
        status = _status(repository.top / path)
        if status is not None and stat.S_ISLNK(status.st_mode):
            links.append(path)
        elif status is not None and stat.S_ISREG(status.st_mode):
            files[path] = TreeFile(status.st_size, None)
        # Else it was deleted, is a repository of its own, or a pipe that nobody may ever write to.
    return Tree(files, tuple(links), tuple(submodules))


def _status(path: Path) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except OSError:
        return None


def unsafe(name: bytes) -> str | None:
    """Why a path is not written; None when it can be.

    >>> unsafe(b"sql/a.sql"), unsafe(b"a/../b"), unsafe(b"/etc/passwd"), unsafe(b".GIT/config")
    (None, 'leads out of its folder', 'leads out of its folder', "lies in git's own folder")
    """
    if len(name) > _LONGEST_PATH:
        return "the path is too long"
    for part in name.split(b"/"):
        if part in (b"", b".", b".."):
            return "leads out of its folder"
        if len(part) > _LONGEST_NAME:
            return "the name is too long"
        # As file systems read it that ignore case, or dots and blanks at the end.
        if part.lower().rstrip(b". ") in (b".git", b"git~1"):
            return "lies in git's own folder"
    return None


def below(paths: Iterable[str], folders: Iterable[str]) -> Iterator[str]:
    """The paths that are one of the given ones, or lie in one; `` is the top.

    >>> list(below(["a/b", "ab", "a"], ["a"]))
    ['a/b', 'a']
    """
    starts = tuple(folders)
    if "" in starts:
        yield from paths
        return
    wanted = frozenset(starts)
    heads = tuple(f"{folder}/" for folder in starts)
    for path in paths:
        if path in wanted or path.startswith(heads):
            yield path
