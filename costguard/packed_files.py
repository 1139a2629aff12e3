"""Files of a tree that lie one behind the other in a single file: those of a commit, for as long as they are read.

Ten thousand small files take a system longer to make and to delete than to read. Nothing is ever written under the
names in the tree, which are a stranger's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Packed(NamedTuple):
    """A file in the pack."""

    offset: int
    size: int
    content: str
    """Hash of its content."""


@dataclass(frozen=True, slots=True)
class PackedFiles:
    """The files of a tree."""

    pack: str
    """The file that holds them."""
    root: str
    """Absolute path that the tree is read as. There is no such folder."""
    index: Mapping[str, Packed]
    """By path below the root, with `/`."""

    def inside(self, absolute: str) -> str | None:
        """The path of a file below the root; None when it is not in the tree."""
        start = self.root + os.sep
        if not absolute.startswith(start):
            return None
        path = absolute[len(start) :].replace(os.sep, "/")
        return path if path in self.index else None

    def below(self, folder: str) -> Iterator[str]:
        """The files in a folder, as counted from it, in order. `folder` is an absolute path."""
        start = folder[len(self.root) + 1 :].replace(os.sep, "/")
        prefix = f"{start}/" if start else ""
        return (path[len(prefix) :] for path in sorted(self.index) if path.startswith(prefix))

    def read(self, absolute: str) -> bytes:
        """The content of a file.

        Raises:
            OSError: it is not in the tree, or the pack is gone.
        """
        path = self.inside(absolute)
        if path is None:
            raise FileNotFoundError(f"{absolute}: no such file")
        offset, size, _ = self.index[path]
        with open(self.pack, "rb", buffering=0) as stream:
            stream.seek(offset)
            return stream.read(size)


def read_file(absolute: str, packed: PackedFiles | None) -> bytes:
    """The content of a file of a tree, or on the disk.

    Raises:
        OSError: it cannot be read.
    """
    if packed is not None:
        return packed.read(absolute)
    with open(absolute, "rb", buffering=0) as stream:
        return stream.read()
