"""Many requests at once, but only so many a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from queue import SimpleQueue
from typing import Final, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")

Progress = Callable[[str, int, int], None]
"""Called with (stage, done, total)."""

AT_ONCE: Final = 8
"""Requests under way; the client's pool of connections holds 10."""


class Pace:
    """Lets calls begin at equal distances, from however many threads. BigQuery allows 100 a second to each user."""

    def __init__(
        self,
        per_second: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._distance = 1.0 / per_second
        self._clock = clock
        self._sleep = sleep
        self._next = clock()
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when it is this call's turn."""
        with self._lock:
            now = self._clock()
            turn = max(self._next, now)
            self._next = turn + self._distance
        if turn > now:
            self._sleep(turn - now)


def at_pace(
    tasks: Iterable[Task], work: Callable[[Task], Result], pace: Pace, at_once: int = AT_ONCE
) -> Iterator[tuple[Task, Result]]:
    """Each task with its result, as they are done. The first error ends it: tasks not begun are not begun.

    The threads are not waited for at an error or an interrupt: what is under way (it may be waiting for a server that
    does not answer) is of no use to anybody then.
    """
    todo: SimpleQueue[Task | None] = SimpleQueue()
    done: SimpleQueue[tuple[Task, Result] | BaseException] = SimpleQueue()
    ended = threading.Event()

    def serve() -> None:
        while (task := todo.get()) is not None:
            pace.wait()
            if ended.is_set():
                return
            try:
                done.put((task, work(task)))
            except BaseException as error:  # raised again where the results are awaited
                ended.set()
                done.put(error)

    listed = list(tasks)
    for task in listed:
        todo.put(task)
    for _ in range(min(at_once, len(listed))):
        todo.put(None)
        threading.Thread(target=serve, name="costguard", daemon=True).start()
    try:
        for _ in listed:
            result = done.get()
            if isinstance(result, BaseException):
                raise result
            yield result
    finally:
        ended.set()
