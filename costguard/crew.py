"""Work shared by processes. One that dies costs the piece that it was at, not the rest.

Where processes can be forked, the first one loads what the work needs and forks the others: it is loaded once, and
meanwhile the caller loads what it needs itself. Elsewhere each loads for itself.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class CrewError(RuntimeError):
    """Processes end before they begin to work."""


@dataclass(frozen=True)
class Lost:
    """Stands for the result of an item whose process ended."""


@dataclass(frozen=True)
class Job(Generic[Item, Result]):
    """What a process is to do. Travels by pickle where processes are not forked."""

    items: Sequence[Item]
    work: Callable[[Item], Result]
    load: Callable[[], object]
    """Called once before the first piece of work."""


def shared(
    job: Job[Item, Result], workers: int, meanwhile: Callable[[], object] | None = None
) -> Iterator[tuple[int, Result | Lost]]:
    """(number of the item, its result), as they come; lost ones last. `meanwhile` is called once all processes work.

    Raises:
        CrewError: processes cannot even be started.
    """
    context = _context()
    taken = context.Value("i", 0)
    missing = set(range(len(job.items)))
    try:
        while taken.value < len(job.items):
            before = taken.value
            arrived = _start(context, job, taken, min(workers, len(job.items) - before))
            if meanwhile is not None:
                meanwhile()
                meanwhile = None
            while (message := arrived.get()) is not None:
                number, result = pickle.loads(message)  # noqa: S301 - from a process of ours
                missing.discard(number)
                yield number, result
            if taken.value == before:
                raise CrewError("the processes that read files end at once; is there enough memory?")
    finally:
        taken.value = max(taken.value, len(job.items))  # nobody begins another piece
    yield from ((number, Lost()) for number in sorted(missing))


def _context() -> Any:
    """Fork where it is safe (Linux, a single thread; polars has threads of its own): it starts five times faster."""
    if sys.platform == "linux" and threading.active_count() == 1 and "polars" not in sys.modules:
        return multiprocessing.get_context("fork")
    return multiprocessing.get_context("spawn")


def _start(context: Any, job: Job[Any, Any], taken: Any, workers: int) -> queue.SimpleQueue[bytes | None]:
    """Start processes. What they send arrives in the queue; None when all have ended."""
    pipes: list[tuple[Connection, Connection]] = [context.Pipe(duplex=False) for _ in range(workers)]
    if context.get_start_method() == "fork":
        context.Process(target=_lead, args=(context, job, taken, pipes)).start()
    else:
        for _, sender in pipes:
            context.Process(target=_follow, args=(job, taken, sender)).start()
    for _, sender in pipes:
        sender.close()
    arrived: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    # A process that waits until its result is read does nothing: so read while `meanwhile` runs.
    readers = [receiver for receiver, _ in pipes]
    threading.Thread(target=_receive, args=(readers, arrived), daemon=True).start()
    return arrived


def _receive(readers: list[Connection], arrived: queue.SimpleQueue[bytes | None]) -> None:
    while readers:
        for reader in wait(readers):
            assert isinstance(reader, Connection)
            try:
                arrived.put(reader.recv_bytes())
            except (EOFError, OSError):
                readers.remove(reader)
                reader.close()
    arrived.put(None)


# -- in the other processes ----------------------------------------------------------------------------


def _lead(
    context: BaseContext, job: Job[Any, Any], taken: Any, pipes: list[tuple[Connection, Connection]]
) -> None:
    """Load, fork the others, and work like them."""
    job.load()
    for number in range(1, len(pipes)):
        context.Process(target=_serve, args=(job, taken, pipes, number)).start()  # type: ignore[attr-defined]
    _serve(job, taken, pipes, 0)


def _serve(job: Job[Any, Any], taken: Any, pipes: list[tuple[Connection, Connection]], number: int) -> None:
    # An end that stays open here would keep the others from seeing that its process has ended.
    for other, (receiver, sender) in enumerate(pipes):
        receiver.close()
        if other != number:
            sender.close()
    _work(job, taken, pipes[number][1])


def _follow(job: Job[Any, Any], taken: Any, sender: Connection) -> None:
    job.load()
    _work(job, taken, sender)


def _work(job: Job[Any, Any], taken: Any, sender: Connection) -> None:
    """Take items until there are none."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the caller says that it was interrupted; no traceback here
    try:
        while True:
            with taken.get_lock():
                number = taken.value
                if number >= len(job.items):
                    return
                taken.value = number + 1
            sender.send_bytes(pickle.dumps((number, job.work(job.items[number])), pickle.HIGHEST_PROTOCOL))
    except BrokenPipeError:
        os._exit(0)  # the caller is gone
    finally:
        sender.close()
