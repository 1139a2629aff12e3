"""Work shared by processes. One that dies costs the piece that it was at, not the rest.

Where processes can be forked, the first one loads what the work needs and forks the others: it is loaded once, while
the caller gets the work ready and loads what it needs itself. Elsewhere each process loads for itself.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from typing import Any, Final, Generic, Self, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class CrewError(RuntimeError):
    """Processes end before they begin to work."""


class Lost:
    """Stands for the result of an item whose process ended."""


@dataclass(frozen=True)
class Job(Generic[Item, Result]):
    """What is to be done. Goes to other processes by pickle."""

    items: Sequence[Item]
    work: Callable[[Item], Result]
    load: Callable[[], object] | None = None
    """Called before the first item: what only this job needs."""


class Crew:
    """Processes for one job after the other. Use as a context manager.

    `load` is called in the other processes before they work.
    """

    def __init__(self, workers: int, load: Callable[[], object]) -> None:
        self._workers = workers
        self._load = load
        self._ready: _Forked | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._ready is not None:
            self._ready.dismiss()
            self._ready = None

    def start(self) -> None:
        """Let a process load before there is a job, where that is possible. One worker is none: that is the caller."""
        if self._ready is None and self._workers > 1 and _may_fork():
            self._ready = _Forked(self._workers, self._load)

    def shared(
        self, job: Job[Item, Result], meanwhile: Callable[[], object] | None = None
    ) -> Iterator[tuple[int, Result | Lost]]:
        """(number of the item, its result), as they come; lost ones last. `meanwhile` is called while others work.

        Raises:
            CrewError: processes cannot even be started.
        """
        done = 0
        lost: list[int] = []
        while done < len(job.items):
            rest = replace(job, items=job.items[done:])
            self.start()
            hands: _Forked | _Spawned = self._ready or _Spawned(self._workers, self._load)
            self._ready = None
            missing = set(range(len(rest.items)))
            try:
                hands.begin(rest)
                if meanwhile is not None:
                    meanwhile()
                    meanwhile = None
                for number, result in hands.results():
                    missing.discard(number)
                    yield done + number, result
            finally:
                taken = hands.dismiss()
            if not taken:
                raise CrewError("the processes that read files end at once; is there enough memory?")
            lost.extend(done + number for number in sorted(missing) if number < taken)
            done += taken
        yield from ((number, Lost()) for number in lost)


def _may_fork() -> bool:
    """On Linux and with a single thread (polars has threads of its own). It starts five times faster."""
    return sys.platform == "linux" and threading.active_count() == 1 and "polars" not in sys.modules


class _Hands:
    """Processes that take items until there are none, and end."""

    def __init__(self, method: str, workers: int) -> None:
        self._context: Final[Any] = multiprocessing.get_context(method)
        self._taken: Final[Any] = self._context.Value("i", 0)
        self._pipes: list[tuple[Connection, Connection]] = [
            self._context.Pipe(duplex=False) for _ in range(workers)
        ]
        for receiver, _ in self._pipes:
            _widen(receiver)
        self._arrived: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def _receive(self) -> None:
        """A process that waits until its result is read does nothing: a thread reads, whatever the caller is at."""
        for _, sender in self._pipes:
            sender.close()
        readers = [receiver for receiver, _ in self._pipes]
        threading.Thread(target=_receive, args=(readers, self._arrived), daemon=True).start()

    def results(self) -> Iterator[tuple[int, Any]]:
        """(number, result) until every process has ended."""
        while (message := self._arrived.get()) is not None:
            yield pickle.loads(message)  # noqa: S301 - from a process of ours

    def dismiss(self) -> int:
        """Nobody begins another item; how many were begun."""
        with self._taken.get_lock():
            taken: int = self._taken.value
            self._taken.value = _ALL
        return taken


def _widen(pipe: Connection) -> None:
    """Room for a result, where the system lets us: a process that waits for its result to be read does nothing."""
    if sys.platform == "linux":
        import fcntl

        with contextlib.suppress(
            OSError
        ):  # more than this system allows: it works all the same, in smaller bites
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)


PIPE_BYTES: Final = 2**20
"""The most that Linux gives to everybody."""
_ALL: Final = 2**31 - 1
"""More items than there are."""


class _Forked(_Hands):
    """One process, which loads at once, and forks the others when it is told the job."""

    def __init__(self, workers: int, load: Callable[[], object]) -> None:
        super().__init__("fork", workers)
        orders, self._order = self._context.Pipe(duplex=False)
        lead = self._context.Process(
            target=_lead, args=(self._context, load, orders, self._order, self._taken, self._pipes)
        )
        lead.start()
        orders.close()

    def begin(self, job: Job[Any, Any]) -> None:
        """Say what is to be done."""
        self._receive()
        _send(self._order, job)

    def dismiss(self) -> int:
        self._order.close()
        return super().dismiss()


class _Spawned(_Hands):
    """Processes that start from nothing."""

    def __init__(self, workers: int, load: Callable[[], object]) -> None:
        super().__init__("spawn", workers)
        self._load = load

    def begin(self, job: Job[Any, Any]) -> None:
        """Start them, and say what is to be done. Not by arguments: to pass large ones to a process that ends before
        it reads them takes forever."""
        told = []
        for _, sender in self._pipes:
            orders, order = self._context.Pipe(duplex=False)
            self._context.Process(target=_follow, args=(self._load, orders, self._taken, sender)).start()
            orders.close()
            told.append(order)
        self._receive()
        for order in told:
            _send(order, job)
            order.close()


def _send(order: Connection, job: Job[Any, Any]) -> None:
    try:
        order.send(job)
    except BrokenPipeError:
        return  # the process has ended: no results will come


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
    context: Any,
    load: Callable[[], object],
    orders: Connection,
    order: Connection,
    taken: Any,
    pipes: list[tuple[Connection, Connection]],
) -> None:
    """Load, wait for the job, fork the others, and work like them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the caller says that it was interrupted; no traceback here
    order.close()
    job = _prepared(load, orders)
    if job is None:
        return
    for number in range(1, min(len(pipes), len(job.items))):
        context.Process(target=_serve, args=(job, taken, pipes, number)).start()
    _serve(job, taken, pipes, 0)


def _serve(job: Job[Any, Any], taken: Any, pipes: list[tuple[Connection, Connection]], number: int) -> None:
    # An end that stays open here would keep the caller from seeing that another process has ended.
    for other, (receiver, sender) in enumerate(pipes):
        receiver.close()
        if other != number:
            sender.close()
    _work(job, taken, pipes[number][1])


def _follow(load: Callable[[], object], orders: Connection, taken: Any, sender: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    job = _prepared(load, orders)
    if job is not None:
        _work(job, taken, sender)


def _prepared(load: Callable[[], object], orders: Connection) -> Job[Any, Any] | None:
    """Load, and wait for what is to be done; None when that is nothing."""
    load()
    try:
        job: Job[Any, Any] = orders.recv()
    except EOFError:
        return None
    if job.load is not None:
        job.load()
    return job


def _work(job: Job[Any, Any], taken: Any, sender: Connection) -> None:
    """Take items until there are none."""
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
