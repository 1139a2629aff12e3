"""Which files of a tree a scan reads, and which others it may look into."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from costguard.diff.tree import Tree, below
from costguard.discover import (
    MAXIMUM_BYTES,
    SKIPPED,
    Discovery,
    SourceFile,
    exclude_patterns,
    is_test_path,
    kind_of,
    oversized,
    printable,
)
from costguard.model import Span
from costguard.result import UnreadReport
from costguard.template_project import is_template_file

LARGEST_NAMED: Final = 2_000_000
"""Bytes of a file of another kind that code may name and a scan would read."""
_LARGEST_TEMPLATE: Final = 200_000_000
_CONFIGS: Final = ("costguard.toml", "pyproject.toml")
_NEVER_SQL: Final = re.compile(
    r"\.(?:7z|avi|avro|bin|bmp|bz2|class|css|csv|db|dll|eot|exe|feather|geojson|gif|gz|h5|ico|jar|jpe?g|jsonl|lock|map|mov"
    r"|mp3|mp4|ndjson|np[yz]|ogg|onnx|orc|otf|parquet|pb|pdf|pickle|pkl|png|pth?|pyc|scss|so|sqlite|svg|tar|tgz|tiff?|tsv"
    r"|ttf|wasm|wav|web[mp]|whl|woff2?|xlsx?|xz|zip|zst)",
    re.IGNORECASE,
)
"""Kinds of files whose text nobody runs as SQL: they are not written out."""


def config_files(tree: Tree, path: str) -> list[str]:
    """Every config file that may hold for a path: at it or above."""
    folders = (path, *(parent.as_posix() for parent in PurePosixPath(path).parents))
    names = ("" if folder in ("", ".") else f"{folder}/" for folder in folders)
    return [prefix + name for prefix in names for name in _CONFIGS if prefix + name in tree.files]


def needed(tree: Tree, paths: Sequence[str]) -> Iterator[str]:
    """What a scan of the paths may read: the sources, what their code may name, and the dbt project around them."""
    for path in below(tree.files, paths):
        if _may_be_read(path, tree.files[path].size):
            yield path
    project = _template_root(tree, paths[0])
    if project is not None:
        for path in below(tree.files, [project]):
            if is_template_file(path) and tree.files[path].size <= _LARGEST_TEMPLATE:
                yield path


def lost(before: Tree, after: Tree, paths: Sequence[str]) -> str | None:
    """A file that a scan may read and of which the content is not here, unless it is the same one on both sides."""
    for one, other in ((before, after), (after, before)):
        for path in sorted(below(one.missing, paths)):
            if _may_be_read(path, 0) and other.missing.get(path) != one.missing[path]:
                return path
    return None


def _may_be_read(path: str, size: int) -> bool:
    folder, _, name = path.rpartition("/")
    kind = kind_of(name)
    if kind is not None:
        return size <= MAXIMUM_BYTES[kind] and SKIPPED.isdisjoint(folder.split("/"))
    if is_template_file(path):
        return size <= _LARGEST_TEMPLATE
    return size <= LARGEST_NAMED and _NEVER_SQL.fullmatch(os.path.splitext(name)[1]) is None


def _template_root(tree: Tree, path: str) -> str | None:
    """The folder of the dbt project that a path lies in."""
    for folder in (path, *(parent.as_posix() for parent in PurePosixPath(path).parents)):
        inside = "" if folder == "." else folder
        if (f"{inside}/dbt_project.yml" if inside else "dbt_project.yml") in tree.files:
            return inside
    return None


def discover_tree(tree: Tree, folder: Path, paths: Sequence[str], exclude: Sequence[str]) -> Discovery:
    """The sources below the paths, as `costguard.discover` finds them in a work tree. `folder`: where the tree lies.

    Symbolic links are not followed, and no rows of their own: the caller says how many there are.

    Raises:
        UsageProblem: a pattern of `exclude` is none.
    """
    patterns = exclude_patterns(exclude)
    files: list[SourceFile] = []
    unread: list[UnreadReport] = []
    for path in sorted(below([*tree.files, *tree.missing], paths)):
        kind = kind_of(path.rpartition("/")[2])
        if kind is None or not SKIPPED.isdisjoint(path.split("/")[:-1]):
            continue
        shown = printable(path)
        if patterns is not None and path not in paths and patterns.match_file(path):
            continue
        if path in tree.missing:
            detail = "the repository does not hold its content (a partial clone?)"
            unread.append(UnreadReport(shown, Span(1, 1, 1, 1), "content not here", detail))
            continue
        size = tree.files[path].size
        if size > MAXIMUM_BYTES[kind]:
            unread.append(UnreadReport(shown, Span(1, 1, 1, 1), *oversized(size, kind)))
            continue
        files.append(SourceFile(shown, os.path.join(folder, path), kind, size, is_test_path(shown)))
    roots = tuple(dict.fromkeys(_root(tree, folder, path) for path in paths))
    return Discovery(tuple(files), roots, tuple(unread), folder)


def _root(tree: Tree, folder: Path, path: str) -> Path:
    """The folder itself, or the one of a file."""
    return folder / (path.rpartition("/")[0] if path in tree.files else path)
