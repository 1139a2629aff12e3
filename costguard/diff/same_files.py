"""Which files hold the same on both sides."""

from __future__ import annotations

import os
from pathlib import Path

from costguard.diff.tree import Tree, TreeFile
from costguard.discover import printable


class SameFiles:
    """A container of paths as they are shown. Contents are compared by their hashes, or, where one side is a work tree,
    when somebody asks."""

    def __init__(self, before: Tree, after: Tree, folder_before: Path, folder_after: Path) -> None:
        self._both = {
            printable(path): (path, file, after.files[path])
            for path, file in before.files.items()
            if path in after.files
        }
        self._folders = (folder_before, folder_after)
        self._known: dict[str, bool] = {}

    def __contains__(self, path: object) -> bool:
        if not isinstance(path, str) or path not in self._both:
            return False
        if path not in self._known:
            self._known[path] = self._same(*self._both[path])
        return self._known[path]

    def _same(self, path: str, before: TreeFile, after: TreeFile) -> bool:
        if before.blob is not None and after.blob is not None:
            return before.blob == after.blob
        if before.size != after.size:
            return False
        one, other = (_content(os.path.join(folder, path)) for folder in self._folders)
        return one is not None and one == other


def _content(path: str) -> bytes | None:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError:
        return None
