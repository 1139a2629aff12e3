"""Keeps the answers of dry runs beside the output, so that an interrupted pull goes on where it was.

One line of JSON for each answer, in a file that is only ever appended to. An answer holds as long as the table has not
changed since.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final

from costguard.errors import UsageProblem

_HEAD: Final = {"costguard": "catalog pull", "version": 1}

Key = tuple[str, str, str]
"""(table, when it last changed, the query)."""


class ProgressFile:
    """The answers so far. Use as a context manager."""

    def __init__(self, output: Path) -> None:
        """`output`: the catalog that is written in the end.

        Raises:
            UsageProblem: another file has its name, or it cannot be read or written.
        """
        self.path = output.with_name(f".{output.name}.progress")
        self.torn = False
        """The file broke off in its first line: it holds nothing, and is written anew."""
        self._answers: dict[Key, int] = {}
        self._stream: IO[str] | None = None
        try:
            self._read()
        except OSError as error:
            raise UsageProblem(f"{self.path}: cannot be read ({error.strerror or error})") from None

    def __len__(self) -> int:
        return len(self._answers)

    def __enter__(self) -> ProgressFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def get(self, key: Key) -> int | None:
        """The bytes that a query processes, when that is known."""
        return self._answers.get(key)

    def put(self, key: Key, size: int) -> None:
        """Keep an answer at once.

        Raises:
            UsageProblem: the file cannot be written.
        """
        self._answers[key] = size
        try:
            if self._stream is None:
                self._stream = self._open()
            self._stream.write(json.dumps([*key, size]) + "\n")
            self._stream.flush()
        except OSError as error:
            raise UsageProblem(f"{self.path}: cannot be written ({error.strerror or error})") from None

    def remove(self) -> None:
        """The pull is complete: nothing is left to go on with."""
        self.__exit__(None, None, None)
        self.path.unlink(missing_ok=True)

    def _open(self) -> IO[str]:
        """The file, its last line ended: an interrupt may have torn it."""
        stream = self.path.open("w" if self.torn else "a+", encoding="utf-8", newline="\n")
        if stream.tell() == 0:
            stream.write(json.dumps(_HEAD) + "\n")
        else:
            stream.write("\n")
        return stream

    def _read(self) -> None:
        if not self.path.exists():
            return
        with self.path.open(encoding="utf-8", errors="replace") as stream:
            head = stream.readline()
            if _is_torn(head):
                self.torn = True
                return
            if head.strip() and _parsed(head) != _HEAD:
                raise UsageProblem(
                    f"{self.path}: is not the progress of a catalog pull of this version; move it away"
                )
            for line in stream:
                match _parsed(line):
                    case [str(table), str(modified), str(query), int(size)] if size >= 0:
                        self._answers[table, modified, query] = size
                    case _:
                        continue  # an empty or torn line: that question is asked again


def _is_torn(head: str) -> bool:
    """Whether it is the beginning of the first line, and no more: an interrupt may tear that, too."""
    text = head.rstrip("\0")  # where the system kept room for what it did not write
    whole = json.dumps(_HEAD)
    return bool(head) and not head.endswith("\n") and text != whole and whole.startswith(text)


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None
