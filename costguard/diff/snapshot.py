"""Files of a commit, written to a folder of their own for as long as they are read."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Final

from costguard.diff.git import GitError, Repository
from costguard.diff.tree import Tree, missing_objects
from costguard.errors import UsageProblem
from costguard.packed_files import Packed, PackedFiles

LARGEST: Final = 4 * 2**30
"""Bytes that are written for one revision."""
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


class Snapshot:
    """Some of the files of a commit: those that are only read are packed, those that have to be files are plain ones.
    There are no links among them, and nothing is executable."""

    def __init__(self, repository: Repository, tree: Tree, folder: Path) -> None:
        self.tree = tree
        self.folder = folder / "files"
        """Where files are written to."""
        self.root = folder / "tree"
        """What the packed tree is read as."""
        self.refused: dict[str, str] = {}
        """Paths that could not be written, and why."""
        self._pack = folder / "pack"
        self._repository = repository
        self._written: set[str] = set()
        self._folders = {""}
        # Here a search for a config ends, as it does at the top of a work tree.
        (self.folder / ".git").mkdir(parents=True)

    def pack(self, paths: Iterable[str]) -> PackedFiles:
        """Pack those of the paths that are in the tree.

        Raises:
            UsageProblem: they are too large together, an object is missing, or the disk is full.
        """
        wanted = self._wanted(paths)
        index: dict[str, Packed] = {}
        offset = 0
        with self._said(), open(self._pack, "xb") as pack, self._repository.blobs() as blobs:
            asked = ((blob, pack) for path in wanted if (blob := self.tree.files[path].blob) is not None)
            for path, _ in zip(wanted, blobs.copy(asked), strict=True):
                file = self.tree.files[path]
                index[path] = Packed(offset, file.size, file.blob or "")
                offset += file.size
        return PackedFiles(str(self._pack), str(self.root), index)

    def write(self, paths: Iterable[str]) -> None:
        """Write those of the paths that are in the tree, each once.

        Raises:
            UsageProblem: they are too large together, an object is missing, or the disk is full.
        """
        wanted = [path for path in self._wanted(paths) if path not in self._written]
        if not wanted:
            return
        with self._said(), self._repository.blobs() as blobs, ExitStack() as opened:
            for stream in blobs.copy(self._opened(wanted, opened)):
                stream.close()

    def _wanted(self, paths: Iterable[str]) -> list[str]:
        wanted = [path for path in dict.fromkeys(paths) if path in self.tree.files]
        size = sum(self.tree.files[path].size for path in wanted)
        if size > LARGEST:
            raise UsageProblem(
                f"the files to read have {size / 2**30:,.1f} GiB, more than {LARGEST / 2**30:.0f}; name the folders "
                "to compare: costguard diff BASE PATH..."
            )
        return wanted

    @contextmanager
    def _said(self) -> Iterator[None]:
        """What can go wrong, in words."""
        try:
            yield
        except GitError as error:
            raise UsageProblem(missing_objects(self._repository, str(error))) from None
        except OSError as error:
            raise UsageProblem(f"{self.folder}: cannot be written ({error.strerror or error})") from None

    def _opened(self, paths: Iterable[str], opened: ExitStack) -> Iterator[tuple[str, IO[bytes]]]:
        for path in paths:
            blob = self.tree.files[path].blob
            assert blob is not None
            self._written.add(path)
            try:
                self._make_folder(path.rpartition("/")[0])
                handle = os.open(os.path.join(self.folder, path), _NEW, 0o600)
            except (FileExistsError, NotADirectoryError):
                self.refused[path] = "another name differs in upper and lower case only"
                continue
            yield blob, opened.enter_context(os.fdopen(handle, "wb"))

    def _make_folder(self, path: str) -> None:
        if path not in self._folders:
            self._make_folder(path.rpartition("/")[0])
            os.makedirs(os.path.join(self.folder, path), mode=0o700, exist_ok=True)
            self._folders.add(path)


def pack_work_tree(top: Path, tree: Tree, paths: Iterable[str], pack: Path) -> PackedFiles:
    """The same of a work tree: what git ignores in it is on neither side, and what is edited meanwhile is not seen.

    Raises:
        UsageProblem: the pack cannot be written.
    """
    index: dict[str, Packed] = {}
    offset = 0
    try:
        with open(pack, "xb") as stream:
            for path in dict.fromkeys(paths):
                if path not in tree.files:
                    continue
                try:
                    data = (top / path).read_bytes()
                except OSError:
                    continue  # gone, or not to be read: the scan says so
                index[path] = Packed(offset, len(data), blob_hash(data))
                stream.write(data)
                offset += len(data)
    except OSError as error:
        raise UsageProblem(f"{pack}: cannot be written ({error.strerror or error})") from None
    return PackedFiles(str(pack), str(top), index)


def blob_hash(data: bytes) -> str:
    """The hash that git gives a content, so that the work tree and a commit share a cache.

    >>> blob_hash(b"")
    'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391'
    """
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


@contextmanager
def temporary_folder(repository: Repository) -> Iterator[Path]:
    """A folder outside of the repository that is gone in the end, whatever happens.

    Raises:
        UsageProblem: the folder for temporary files lies in the work tree, or cannot be written.
    """
    try:
        place = Path(tempfile.gettempdir()).resolve()
    except OSError as error:
        raise UsageProblem(f"there is no folder for temporary files ({error}); set TMPDIR") from None
    if place.is_relative_to(repository.top):
        raise UsageProblem(
            f"the folder for temporary files, {place}, lies in the repository; set TMPDIR to another"
        )
    with tempfile.TemporaryDirectory(prefix="costguard-diff-", dir=place) as folder:
        yield Path(folder).resolve()


@contextmanager
def snapshot(repository: Repository, tree: Tree) -> Iterator[Snapshot]:
    """Room for files of a commit.

    Raises: as `temporary_folder`.
    """
    with temporary_folder(repository) as folder:
        yield Snapshot(repository, tree, folder)
