"""Reads a few small files of a project, none of them outside of it."""

from __future__ import annotations

import os
import stat
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Final

from costguard.discover import SKIPPED
from costguard.walk import walk

LARGEST: Final = 256 * 2**10
"""Bytes of a file of settings; of a source file only so much is read."""
MOST_ENTRIES: Final = 100_000
"""Files that are looked at by their names."""


def read_small(path: Path, *, whole: bool = True) -> str | None:
    """The text of a regular file: None for a link, a pipe, what cannot be read and, if it has to be `whole`, what is
    large or not UTF-8."""
    try:
        status = os.lstat(path)
        if not stat.S_ISREG(status.st_mode) or (whole and status.st_size > LARGEST):
            return None
        with path.open("rb") as file:
            data = file.read(LARGEST)
        return data.decode("utf-8", "strict" if whole else "replace")
    except (OSError, UnicodeDecodeError):
        return None


def named(root: Path, names: Container[str]) -> Iterator[str]:
    """The files below a folder that have one of these names, by their paths from there."""
    seen = 0
    for here, folders, files in walk(str(root)):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        seen += len(files)
        if seen > MOST_ENTRIES:
            return
        yield from (here + name for name in sorted(files) if name in names)
