"""Where the templates of a scan belong: the folder of their dbt project, and a digest of all that rendering reads."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from costguard.cache import digest
from costguard.packed_files import PackedFiles

_SUFFIXES: Final = (".sql", ".yml", ".yaml", ".jinja", ".jinja2", ".j2", ".sqlx")


def find_template_root(roots: Sequence[Path], packed: PackedFiles | None = None) -> Path:
    """The folder that template paths count from.

    It is the nearest folder at or above the scanned one that holds `dbt_project.yml`, as long as that lies in the
    same git work tree; else the scanned folder itself. `packed`: the files of the tree, when they are not on the disk.
    """
    first = roots[0] if roots else Path.cwd()
    if packed is not None:
        for candidate in (first, *first.parents):
            if packed.inside(str(candidate / "dbt_project.yml")) is not None:
                return candidate
        return first
    folder = first if first.is_dir() else first.parent
    for candidate in (folder, *folder.parents):
        if (candidate / "dbt_project.yml").is_file():
            return candidate
        if (candidate / ".git").exists():
            break
    return folder


def is_template_file(path: str) -> bool:
    """Whether rendering may read a file, by its name."""
    return path.endswith(_SUFFIXES) or path.rpartition("/")[2] == "manifest.json"


def template_state(root: str, paths: Iterable[str], packed: PackedFiles | None = None) -> str:
    """A digest of the names, sizes and times of every file that rendering may read. `paths` count from the root. Of the
    times also that of a change of rights: a file that could not be read may be readable now.

    Of a packed tree the contents count, not when and where it was packed."""
    marks: list[str] = []
    for path in paths:
        if is_template_file(path):
            place = os.path.join(root, path)
            if packed is not None:
                inside = packed.inside(place)
                marks.append(f"{inside}:{packed.index[inside].content if inside is not None else None}")
                continue
            try:
                status = os.stat(place)
            except OSError:
                continue
            marks.append(f"{place}:{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}")
    return digest(*marks)


def below(path: str, folder: str) -> str:
    """The path as counted from a folder."""
    start = folder.rstrip(os.sep) + os.sep
    if path.startswith(start) and os.pardir not in path:
        return path[len(start) :]
    return os.path.relpath(path, folder)
