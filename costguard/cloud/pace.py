"""Many requests at once, but only so many a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import Final, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")

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
    """Each task with its result, as they are done. The first error ends it: tasks not begun are not begun."""

    def paced(task: Task) -> Result:
        pace.wait()
        return work(task)

    waiting = iter(tasks)
    with ThreadPoolExecutor(at_once, thread_name_prefix="costguard") as threads:
        running: dict[Future[Result], Task] = {}
        try:
            while True:
                for task in islice(waiting, at_once - len(running)):
                    running[threads.submit(paced, task)] = task
                if not running:
                    return
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    yield running.pop(future), future.result()
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
