"""Which files hold the same on both sides."""

from __future__ import annotations

from collections.abc import Callable

from costguard.diff.tree import Tree, TreeFile
from costguard.discover import printable

Read = Callable[[str], bytes]


class SameFiles:
    """A container of paths as they are shown. Contents are compared by their hashes, or, where one side is a work tree,
    when somebody asks."""

    def __init__(self, before: Tree, after: Tree, read_before: Read, read_after: Read) -> None:
        """The last two read a file by its path in the tree; they raise OSError where they cannot."""
        self._both = {
            printable(path): (path, file, after.files[path])
            for path, file in before.files.items()
            if path in after.files
        }
        self._read = (read_before, read_after)
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
        try:
            one, other = (read(path) for read in self._read)
        except OSError:
            return False
        return one == other
