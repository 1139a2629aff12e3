"""Reads a git repository through git's plumbing, and changes nothing in it: no work tree, no index, no network.

None of the commands used here runs a hook, a filter, a text converter, a pager or a file system monitor. What the
environment could add to that is left out, and so are replacement objects: the commit that is named is the one that is
read.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from costguard.errors import UsageProblem

_KEPT: Final = re.compile(
    r"GIT_(?:DIR|WORK_TREE|COMMON_DIR|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|CEILING_DIRECTORIES"
    r"|DISCOVERY_ACROSS_FILESYSTEM|CONFIG_(?:GLOBAL|SYSTEM|NOSYSTEM|COUNT|KEY_\d+|VALUE_\d+|PARAMETERS))"
)
"""Of the environment: where the repository is, and the user's own settings (`safe.directory` is one)."""
_OWN: Final = {
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_PAGER": "cat",
    "LC_ALL": "C",
}
_SETTINGS: Final = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")
PATIENCE: Final = 300.0
"""Seconds that one command may take."""
AHEAD: Final = 150
"""Blobs that are asked for at once: their names fit into the smallest pipe."""
CHUNK: Final = 1 << 20


class GitError(Exception):
    """Git refused; the text is what it said."""


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository with a work tree."""

    top: Path
    """The folder of the work tree, resolved."""
    environment: Mapping[str, str]

    def text(self, *arguments: str) -> str:
        """What a command prints, without the line end.

        Raises:
            GitError: the command failed.
        """
        return os.fsdecode(self.bytes(*arguments)).rstrip("\n")

    def bytes(self, *arguments: str) -> bytes:
        """What a command prints.

        Raises:
            GitError: the command failed.
        """
        return _run(self.top, self.environment, *arguments)

    def blobs(self) -> Blobs:
        """Reads blobs, one after the other. Use as a context manager."""
        return Blobs(self)

    @property
    def is_shallow(self) -> bool:
        """Whether history ends somewhere."""
        return self.text("rev-parse", "--is-shallow-repository") == "true"

    @property
    def is_partial(self) -> bool:
        """Whether objects are left out until they are asked for."""
        try:
            return bool(self.text("config", "--get-regexp", r"^remote\..*\.(promisor|partialclonefilter)$"))
        except GitError:
            return False


def open_repository(folder: Path, environment: Mapping[str, str]) -> Repository:
    """The repository that a folder lies in.

    Raises:
        UsageProblem: there is none, git is not installed, or does not trust it.
    """
    neutral = {
        name: value
        for name, value in environment.items()
        if not name.startswith("GIT_") or _KEPT.fullmatch(name)
    }
    neutral.update(_OWN)
    try:
        top = os.fsdecode(_run(folder, neutral, "rev-parse", "--show-toplevel")).rstrip("\n")
    except GitError as error:
        raise UsageProblem(_explained(folder, str(error))) from None
    return Repository(Path(top).resolve(), neutral)


def _explained(folder: Path, message: str) -> str:
    if "dubious ownership" in message:
        return (
            f"{folder}: git does not read this repository, since it belongs to another user (in a container, say); "
            f'if you trust it: git config --global --add safe.directory "{folder.resolve()}"'
        )
    if "must be run in a work tree" in message:
        return f"{folder}: the repository has no work tree (a bare one, or inside .git)"
    if "not a git repository" in message:
        return f"{folder}: not in a git repository; `costguard diff` compares two revisions of one"
    return f"{folder}: git cannot read the repository ({_first_line(message)})"


def _first_line(message: str) -> str:
    return message.strip().partition("\n")[0].removeprefix("fatal: ") or "it gave no reason"


def _run(folder: Path, environment: Mapping[str, str], *arguments: str) -> bytes:
    command = ["git", "--no-pager", *_SETTINGS, "-C", str(folder), *arguments]
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and a revision never begins with a dash
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            env=environment,
            check=False,
        )
    except FileNotFoundError:
        raise UsageProblem(
            "git is not installed, or not on the PATH; `costguard diff` reads revisions with it"
        ) from None
    except OSError as error:
        raise UsageProblem(f"git cannot be run ({error.strerror or error})") from None
    except subprocess.TimeoutExpired:
        raise UsageProblem(
            f"git {arguments[0]} took more than {PATIENCE:.0f} s in {folder}; is its disk there?"
        ) from None
    if done.returncode != 0:
        raise GitError(done.stderr.decode("utf-8", "replace"))
    return done.stdout


class Blobs:
    """One process that hands out the contents of blobs."""

    def __init__(self, repository: Repository) -> None:
        command = ["git", "--no-pager", *_SETTINGS, "-C", str(repository.top), "cat-file", "--batch"]
        self._process = subprocess.Popen(  # noqa: S603 - no shell
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=repository.environment,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def copy(self, wanted: Iterable[tuple[str, IO[bytes]]]) -> Iterator[IO[bytes]]:
        """Write each object to its stream; hands out the streams as they are done.

        Raises:
            GitError: an object is not there.
        """
        waiting: list[tuple[str, IO[bytes]]] = []
        for item in wanted:
            waiting.append(item)
            if len(waiting) == AHEAD:
                yield from self._batch(waiting)
                waiting = []
        yield from self._batch(waiting)

    def _batch(self, wanted: list[tuple[str, IO[bytes]]]) -> Iterator[IO[bytes]]:
        source, sink = self._process.stdout, self._process.stdin
        assert source is not None
        assert sink is not None
        try:
            sink.write("".join(f"{name}\n" for name, _ in wanted).encode())
            sink.flush()
        except OSError:
            raise GitError("git cat-file ended early") from None
        for name, stream in wanted:
            header = source.readline().split()
            if len(header) != 3 or header[1] != b"blob":
                raise GitError(f"object {name} is missing")
            left = int(header[2])
            while left:
                data = source.read(min(left, CHUNK))
                if not data:
                    raise GitError("git cat-file ended early")
                stream.write(data)
                left -= len(data)
            source.read(1)
            yield stream
