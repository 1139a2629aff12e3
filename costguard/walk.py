"""A walk over a directory by texts: a `Path` for each file costs more than looking at it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator


def walk(
    top: str, closed: Callable[[str, OSError], None] | None = None
) -> Iterator[tuple[str, list[str], list[str]]]:
    """(folder, names of folders in it, names of files in it) from the top down, as `os.walk`.

    The folder counts from the top: `""`, `"a/"`, `"a/b/"`. What the caller takes out of the list of folders is not
    entered. Links to folders are in neither list; a folder that may not be listed is passed over, and
    `closed` is told of it.
    """
    waiting = [""]
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(os.path.join(top, here)) as entries:
                found = list(entries)
        except OSError as error:
            if closed is not None:
                closed(here, error)
            continue
        folders: list[str] = []
        files: list[str] = []
        for entry in found:
            if not _is_folder(entry):
                files.append(entry.name)
            elif not entry.is_symlink():
                folders.append(entry.name)
        yield here, folders, files
        waiting.extend(f"{here}{name}/" for name in folders)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
