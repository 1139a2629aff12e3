"""A progress bar and notes on stderr: only on a terminal, and only for work that takes a while."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

SHOWN_AFTER_SECONDS = 0.7


class Reporter:
    """Shows how far a command is. Use as a context manager."""

    def __init__(self, quiet: bool, things: str = "files") -> None:
        """`things`: what is worked on, as in `reading files`."""
        self._quiet = quiet
        self._things = things
        self._started = time.monotonic()
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Reporter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def progress(self, stage: str, done: int, total: int) -> None:
        """Called with how much is done."""
        if self._quiet or not sys.stderr.isatty():
            return
        if self._bar is None:
            if time.monotonic() - self._started < SHOWN_AFTER_SECONDS or done >= total:
                return
            from rich.console import Console
            from rich.progress import Progress

            self._bar = Progress(console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task(stage, total=total)
        self._bar.update(self._task, description=f"{stage} {self._things}", completed=done, total=total)

    def note(self, text: str) -> None:
        """A line on stderr."""
        if not self._quiet:
            note(text)


def note(text: str) -> None:
    """A line on stderr, of what may come from a server."""
    from costguard.render.cells import harmless

    sys.stderr.write(f"costguard: {harmless(text)}\n")
