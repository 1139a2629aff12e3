"""The files of a scanned project, by relative path, and nothing outside of it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

_SKIPPED = frozenset(
    {".git", ".hg", ".venv", "venv", "node_modules", "__pycache__", ".tox", ".mypy_cache", "site-packages"}
)
_LARGEST = 200_000_000
"""Bytes of a file that is still read; a manifest of a large project has some ten million."""


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

    def paths(self) -> Iterator[str]:
        top = os.path.normpath(self.root)
        for folder, folders, names in os.walk(top):
            folders[:] = sorted(name for name in folders if name not in _SKIPPED)
            relative = os.path.relpath(folder, top).replace(os.sep, "/")
            prefix = "" if relative == "." else f"{relative}/"
            for name in sorted(names):
                yield prefix + name

    def read(self, path: str) -> str | None:
        root = os.path.realpath(self.root)
        try:
            target = os.path.realpath(os.path.join(root, path))
            if not target.startswith(root.rstrip(os.sep) + os.sep):
                return None
            with open(target, "rb") as stream:
                data = stream.read(_LARGEST + 1)
            return data.decode("utf-8") if len(data) <= _LARGEST else None
        except (OSError, UnicodeDecodeError, ValueError):
            return None


@dataclass(frozen=True, slots=True)
class MemoryFiles:
    """Files given as texts."""

    texts: Mapping[str, str]

    def paths(self) -> Iterator[str]:
        yield from sorted(self.texts)

    def read(self, path: str) -> str | None:
        return self.texts.get(path)


def load_yaml(text: str) -> Any:
    """Plain YAML data; raises ValueError for what is no YAML and for a key that occurs twice."""
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):  # type: ignore[misc]
        """Refuses a key that occurs twice: the later one would silently win."""

    def mapping(loader: Any, node: Any) -> dict[Any, Any]:
        loader.flatten_mapping(node)
        result: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = loader.construct_object(key_node, deep=True)
            if not isinstance(key, (str, int, float, bool, type(None))):
                raise yaml.YAMLError("a key that is no scalar")
            if key in result:
                raise yaml.YAMLError(f"the key {key!r} occurs twice")
            result[key] = loader.construct_object(value_node, deep=True)
        return result

    Loader.add_constructor("tag:yaml.org,2002:map", mapping)
    try:
        return yaml.load(text, Loader=Loader)  # noqa: S506
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(str(error).splitlines()[0]) from error
