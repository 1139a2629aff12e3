"""Work for other processes, in a module that they can import."""

from __future__ import annotations

import os
import signal
from pathlib import Path


def nothing() -> None:
    """Loads nothing."""


def square(number: int) -> int:
    return number * number


def square_but_end_at(deadly: tuple[int, ...], number: int) -> int:
    """As a parser does that runs out of stack: no exception, no word."""
    if number in deadly:
        os._exit(139)
    return number * number


def square_but_be_killed_at(deadly: tuple[int, ...], number: int) -> int:
    if number in deadly:
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def end_the_first_time(mark: str) -> None:
    if not Path(mark).exists():
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)


def end() -> None:
    """A process that cannot even load."""
    os._exit(1)


def large(number: int) -> str:
    """More than a pipe holds."""
    return str(number) * 300_000


def note(folder: str) -> None:
    """Leaves a file for each process that loads."""
    Path(folder, str(os.getpid())).touch()


class Deadly:
    """A path that ends the process that opens it."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __fspath__(self) -> str:
        os._exit(139)

    def __str__(self) -> str:
        return self.path
