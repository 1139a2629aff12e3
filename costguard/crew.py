"""Work shared by processes. One that dies costs the piece that it was at, not the rest.

Where processes can be forked, the first one loads what the work needs and forks the others: it is loaded once, while
the caller gets the work ready and loads what it needs itself. Elsewhere each process loads for itself.

Nothing is shared but pipes, which the system closes when a process dies, however it dies: the caller hands out the
numbers of items, two to each process, so that none waits for the next, and knows what a dead one had.
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
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import Any, Final, Generic, Self, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
Started = TypeVar("Started")

AHEAD: Final = 2
"""Items that a process has at once: the one it works on, and the next."""
PIPE_BYTES: Final = 2**20
"""The most that Linux gives to everybody."""
ATTEMPTS: Final = 2
"""How often processes may end before any of them is ready."""


class CrewError(RuntimeError):
    """Processes cannot be started, or end before they are ready to work."""


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
        self.workers: Final = workers
        self._load = load
        self._ready: _Hands | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._ready is not None:
            self._ready.dismiss()
            self._ready = None

    def start(self) -> None:
        """Let a process load before there is a job, where that is possible. One worker is none: that is the caller.

        Raises:
            CrewError: it cannot be started.
        """
        if self._ready is None and self.workers > 1 and _may_fork():
            self._ready = _started(partial(_Forked, self.workers, self._load))

    def shared(
        self, job: Job[Item, Result], meanwhile: Callable[[], object] | None = None
    ) -> Iterator[tuple[int, Result | Lost]]:
        """(number of the item, its result), as they come. `meanwhile` is called while others work.

        Raises:
            CrewError: processes cannot be started.
        """
        waiting = deque(range(len(job.items)))
        attempts = 0
        while waiting:
            self.start()
            hands, self._ready = self._ready, None
            if hands is None:
                hands = _started(partial(_Spawned, min(self.workers, len(waiting)), self._load))
            try:
                hands.begin(job, waiting)
                if meanwhile is not None:
                    meanwhile()
                    meanwhile = None
                yield from hands.results()
            finally:
                hands.dismiss()
            attempts = 0 if hands.was_ready else attempts + 1
            if attempts == ATTEMPTS:
                raise CrewError("the processes that read files end at once; is there enough memory?")


def _may_fork() -> bool:
    """On Linux and with a single thread (polars has threads of its own). It starts five times faster."""
    return sys.platform == "linux" and threading.active_count() == 1 and "polars" not in sys.modules


def _started(start: Callable[[], Started]) -> Started:
    try:
        return start()
    except OSError as error:
        raise CrewError(
            f"processes cannot be started: {error.strerror or error}; try --jobs-parallel 1"
        ) from None


@dataclass
class _Worker:
    """A process, as the caller knows it."""

    results: Connection
    orders: Connection
    given: deque[int] = field(default_factory=deque)
    """Items that it has, the one that it works on first."""
    ready: bool = False
    told_to_end: bool = False

    def tell(self, message: bytes) -> None:
        with contextlib.suppress(OSError):  # it has ended: that shows where its results are read
            self.orders.send_bytes(message)


class _Hands:
    """Processes that do what they are given, and end."""

    _tells_all = True
    """Whether each must be told the job, and not the first alone."""

    def __init__(self, method: str, workers: int) -> None:
        self._context: Final[Any] = multiprocessing.get_context(method)
        self._workers: list[_Worker] = []
        self._theirs: list[tuple[Connection, Connection]] = []
        """(where a process takes its orders from, where it sends its results)."""
        self._waiting: deque[int] = deque()
        self._arrived: queue.SimpleQueue[tuple[int, Any] | None] = queue.SimpleQueue()
        self._dismissed = False
        self._looked_after = False
        self.was_ready = False
        for _ in range(workers):
            results, sender = self._context.Pipe(duplex=False)
            orders, order = self._context.Pipe(duplex=False)
            _widen(results)
            self._workers.append(_Worker(results, order))
            self._theirs.append((orders, sender))

    def _close_theirs(self) -> None:
        for ends in self._theirs:
            for end in ends:
                end.close()
        self._theirs.clear()

    def _launch(self) -> None:
        """Start what has not been started yet."""

    def begin(self, job: Job[Any, Any], waiting: deque[int]) -> None:
        """Start the work. Items are taken from `waiting`; those of dead processes that were not begun go back."""
        self._waiting = waiting
        data = pickle.dumps(job, pickle.HIGHEST_PROTOCOL)
        _started(self._launch)
        self._looked_after = True
        threading.Thread(target=self._lead, args=(data,), daemon=True).start()

    def _lead(self, data: bytes) -> None:
        """Hand out items and take results, in a thread: whatever the caller is at, nobody waits for it."""
        for worker in self._workers[: None if self._tells_all else 1]:
            worker.tell(data)
        for _ in range(AHEAD):
            for worker in self._workers:
                self._give(worker)
        living = {worker.results: worker for worker in self._workers}
        while living:
            for reader in wait(list(living)):
                assert isinstance(reader, Connection)
                worker = living[reader]
                try:
                    number, result = pickle.loads(reader.recv_bytes())  # noqa: S301 - from a process of ours
                except (EOFError, OSError):
                    del living[reader]
                    self._mourn(worker)
                    continue
                if number is None:
                    worker.ready = self.was_ready = True
                    continue
                worker.given.remove(number)
                self._arrived.put((number, result))
                self._give(worker)
        self._arrived.put(None)

    def _give(self, worker: _Worker) -> None:
        """The next item; the word to end, once, when there is none. What comes back later is for others, or for new
        processes."""
        if worker.told_to_end:
            return
        try:
            number = None if self._dismissed else self._waiting.popleft()
        except IndexError:
            number = None
        if number is not None:
            worker.given.append(number)
        worker.told_to_end = number is None
        worker.tell(pickle.dumps(number))

    def _mourn(self, worker: _Worker) -> None:
        """What a process had when it ended: the item that it was at is lost, the others are for somebody else."""
        if worker.ready and worker.given:
            self._arrived.put((worker.given.popleft(), Lost()))
        self._waiting.extendleft(reversed(worker.given))
        worker.given.clear()
        worker.results.close()
        worker.orders.close()

    def results(self) -> Iterator[tuple[int, Any]]:
        """(number, result) until every process has ended."""
        while (message := self._arrived.get()) is not None:
            yield message

    def dismiss(self) -> None:
        """Nobody gets another item."""
        self._dismissed = True
        if not self._looked_after:
            self._close_theirs()
            for worker in self._workers:
                worker.orders.close()
                worker.results.close()


class _Forked(_Hands):
    """One process, which loads at once, and forks the others when it is told the job."""

    _tells_all = False

    def __init__(self, workers: int, load: Callable[[], object]) -> None:
        super().__init__("fork", workers)
        mine = [end for worker in self._workers for end in (worker.results, worker.orders)]
        self._context.Process(target=_first, args=(self._context, load, self._theirs, mine)).start()
        self._close_theirs()


class _Spawned(_Hands):
    """Processes that start from nothing."""

    def __init__(self, workers: int, load: Callable[[], object]) -> None:
        super().__init__("spawn", workers)
        self._load = load

    def _launch(self) -> None:
        # Told by a pipe, not by arguments: to pass large ones to a process that ends before reading them takes forever.
        for orders, sender in self._theirs:
            self._context.Process(target=_follow, args=(self._load, orders, sender)).start()
        self._close_theirs()


def _widen(pipe: Connection) -> None:
    """Room for a result, where the system lets us: a process that waits for its result to be read does nothing."""
    if sys.platform == "linux":
        import fcntl

        # More than this system allows: it works all the same, in smaller bites.
        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)


# -- in the other processes ----------------------------------------------------------------------------


def _first(
    context: Any,
    load: Callable[[], object],
    ends: list[tuple[Connection, Connection]],
    callers: list[Connection],
) -> None:
    """Load, wait for the job, fork the others, and work like them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the caller says that it was interrupted; no traceback here
    # An end that stays open here would keep the caller, or another process, from seeing that this one has ended.
    for end in callers:
        end.close()
    job = _prepared(load, ends[0][0])
    if job is None:
        return
    for number in range(1, min(len(ends), len(job.items))):
        with contextlib.suppress(OSError):  # no room for another one: its work is for the rest
            context.Process(target=_serve, args=(job, ends, number)).start()
    _serve(job, ends, 0)


def _serve(job: Job[Any, Any], ends: list[tuple[Connection, Connection]], number: int) -> None:
    for other, pair in enumerate(ends):
        if other != number:
            for end in pair:
                end.close()
    orders, sender = ends[number]
    _work(job, orders, sender)


def _follow(load: Callable[[], object], orders: Connection, sender: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    job = _prepared(load, orders)
    if job is not None:
        _work(job, orders, sender)


def _prepared(load: Callable[[], object], orders: Connection) -> Job[Any, Any] | None:
    """Load, and wait for what is to be done; None when that is nothing."""
    load()
    try:
        job: Job[Any, Any] = orders.recv()
    except (EOFError, OSError):
        return None
    if job.load is not None:
        job.load()
    return job


def _work(job: Job[Any, Any], orders: Connection, sender: Connection) -> None:
    """Do what is given until there is nothing more."""
    try:
        sender.send_bytes(pickle.dumps((None, None)))  # ready
        while (number := orders.recv()) is not None:
            sender.send_bytes(pickle.dumps((number, job.work(job.items[number])), pickle.HIGHEST_PROTOCOL))
    except (BrokenPipeError, EOFError):
        os._exit(0)  # the caller is gone
    finally:
        sender.close()
