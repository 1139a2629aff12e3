"""Reads the files of the repository whose text Python code uses as SQL."""

from __future__ import annotations

import posixpath
from collections.abc import Callable

ReadFile = Callable[[str], "str | None"]

SQL_FILES = (".sql", ".sql.j2", ".sql.jinja", ".bql")
"""How the name of a file of SQL ends that is handed over in place of its text."""
_TEXT_SUFFIXES = (
    "",
    ".sql",
    ".bq",
    ".bqsql",
    ".sqlx",
    ".hql",
    ".txt",
    ".j2",
    ".jinja",
    ".jinja2",
    ".tpl",
    ".tmpl",
    ".template",
)


class FileReader:
    """Looks a path up as written, then beside the module that names it; each path is read once."""

    def __init__(self, module_path: str, read_file: ReadFile) -> None:
        self._folder = posixpath.dirname(module_path.replace("\\", "/"))
        self.module_name = posixpath.basename(module_path.replace("\\", "/"))
        self._read_file = read_file
        self._texts: dict[str, str | None] = {}

    def read(self, path: str, beside_module: bool) -> tuple[str, str] | None:
        """(path, text) of the file, or None when the repository has no such text file.

        Only suffixes that SQL is kept in are read: no data file is ever loaded to find SQL in it. Who reads keeps to
        the given paths.
        """
        path = path.replace("\\", "/")
        if posixpath.splitext(path)[1].lower() not in _TEXT_SUFFIXES or not path.strip("./"):
            return None
        relative = path.lstrip("/")
        beside = posixpath.normpath(posixpath.join(self._folder, relative))
        candidates = [beside] if beside_module else [posixpath.normpath(path), beside]
        for candidate in candidates:
            if candidate in ("", "."):
                continue
            if candidate not in self._texts:
                self._texts[candidate] = self._read_file(candidate)
            text = self._texts[candidate]
            if text is not None:
                return candidate, text
        return None
