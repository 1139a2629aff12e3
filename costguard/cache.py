"""A cache of what was worked out from file contents: keyed by content and version, never required.

One SQLite file. Values are JSON text (no pickle: a cache file is data, not code). A cache that cannot be
opened or is damaged is left aside with a note; the scan goes on without it.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

_BATCH: Final = 500
_SIZE_LIMIT: Final = 400 * 2**20
"""Bytes of values that the cache keeps; beyond that the entries unused for longest go."""
_PATIENCE: Final = 10.0
"""Seconds that one scan waits while another writes."""


def digest(*parts: bytes | str) -> str:
    """A key: the BLAKE2b hash of the parts, each with its length."""
    state = hashlib.blake2b(digest_size=20)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        state.update(len(data).to_bytes(8, "little"))
        state.update(data)
    return state.hexdigest()


def code_version() -> str:
    """A digest of the installed code and rules: a new version never reads an old one's results.

    Sizes and modification times of the package's files, which costs about a millisecond.
    """
    root = Path(__file__).resolve().parent
    marks = [
        f"{path.relative_to(root)}:{status.st_size}:{status.st_mtime_ns}"
        for path in sorted(root.rglob("*.py"))
        for status in (path.stat(),)
    ]
    return digest(*marks)


class Cache:
    """Keys to JSON texts. Use as a context manager."""

    def __init__(self, directory: Path | None) -> None:
        self.note: str | None = None
        self._connection: sqlite3.Connection | None = None
        self._read: set[str] = set()
        if directory is None:
            return
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._connection = self._open(directory / "costguard-cache.sqlite")
        except (OSError, sqlite3.Error) as error:
            self.note = f"the cache in {directory} cannot be used ({error}); scanning without it"

    @staticmethod
    def _open(path: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
        try:
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, value TEXT NOT NULL, used INTEGER NOT NULL)"
            )
            connection.execute("SELECT key FROM entries LIMIT 1").fetchall()
        except sqlite3.OperationalError:
            connection.close()  # busy, or no right to write: nothing to throw away
            raise
        except sqlite3.DatabaseError:
            connection.close()
            # A damaged cache holds nothing that cannot be worked out again.
            path.unlink(missing_ok=True)
            connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
            connection.execute(
                "CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, value TEXT NOT NULL, used INTEGER NOT NULL)"
            )
        return connection

    def __enter__(self) -> Cache:
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @property
    def open(self) -> bool:
        """Whether anything that is put into it is kept."""
        return self._connection is not None

    @property
    def empty(self) -> bool:
        """Whether nothing can be found in it."""
        if self._connection is None:
            return True
        try:
            return not self._connection.execute("SELECT 1 FROM entries LIMIT 1").fetchall()
        except sqlite3.Error as error:
            self._give_up(error)
            return True

    def get(self, keys: Sequence[str]) -> dict[str, str]:
        """The values of those keys that are there."""
        found: dict[str, str] = {}
        if self._connection is None:
            return found
        try:
            for start in range(0, len(keys), _BATCH):
                batch = keys[start : start + _BATCH]
                marks = ",".join("?" * len(batch))
                rows = self._connection.execute(
                    f"SELECT key, value FROM entries WHERE key IN ({marks})",  # noqa: S608 - only question marks
                    batch,
                )
                found.update(rows)
        except sqlite3.Error as error:
            self._give_up(error)
            return {}
        self._read.update(found)
        return found

    def put(self, values: Mapping[str, str] | Iterable[tuple[str, str]]) -> None:
        """Keep values; a key that is there is replaced."""
        if self._connection is None:
            return
        pairs = values.items() if isinstance(values, Mapping) else values
        try:
            # The lock is asked for at once: a reader that becomes a writer while another writes fails without waiting.
            self._connection.execute("BEGIN IMMEDIATE")
            (clock,) = self._connection.execute("SELECT COALESCE(MAX(used), 0) + 1 FROM entries").fetchone()
            # What was read is marked as used only here: a scan that finds everything writes nothing.
            self._connection.executemany(
                "UPDATE entries SET used = ? WHERE key = ?", ((clock, key) for key in self._read)
            )
            self._read.clear()
            self._connection.executemany(
                "INSERT OR REPLACE INTO entries VALUES (?, ?, ?)",
                ((key, value, clock) for key, value in pairs),
            )
            self._connection.execute("COMMIT")
            self._shrink()
        except sqlite3.Error as error:
            self._give_up(error)

    def _shrink(self) -> None:
        assert self._connection is not None
        (pages,) = self._connection.execute("PRAGMA page_count").fetchone()
        (page_size,) = self._connection.execute("PRAGMA page_size").fetchone()
        if pages * page_size > _SIZE_LIMIT:
            self._connection.execute(
                "DELETE FROM entries WHERE used <= (SELECT (MIN(used) + MAX(used)) / 2 FROM entries)"
            )
            self._connection.execute("VACUUM")

    def _give_up(self, error: sqlite3.Error) -> None:
        self.note = f"the cache failed ({error}); scanning without it"
        if self._connection is not None:
            self._connection.close()
            self._connection = None
