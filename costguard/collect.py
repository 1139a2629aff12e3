"""Files become fact rows: from the cache, or worked out side by side in processes.

Rows travel as JSON text: that is what the cache stores, and a syntax tree never leaves its process.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from costguard.cache import Cache, digest
from costguard.crew import Crew, Job, Lost
from costguard.discover import printable
from costguard.model import Extraction, SourceKind, Unread
from costguard.packed_files import PackedFiles, read_file
from costguard.template_project import below

if TYPE_CHECKING:
    from costguard.extract.dbt import TemplateProject
    from costguard.extract.dbt_files import TreeFiles
    from costguard.facts.merge import SourceColumns
    from costguard.facts.source import Rows

PARALLEL_FROM_FILES = 300
"""A second process pays from about this many files (start-up 0.2-0.4 s against 2 ms a file)."""
PARALLEL_FROM_BYTES = 1_500_000
MAXIMUM_NAMED_BYTES: Final = 2_000_000
"""A larger file that code names is not taken for SQL."""
CHUNK_FILES = 48
CHUNK_BYTES = 400_000
CHUNKS_AHEAD = 4
"""Chunks become smaller when fewer full ones than this are left for each process."""
SMALLEST_CHUNK = 6
BATCH_FILES: Final = 500
"""Files whose facts are put into the cache at once."""

GATHERED_OBJECTS: Final = 5_000_000
"""A process that only gathers rows keeps all of them: a collection finds nothing."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class FileTask:
    """A file to read."""

    path: str
    absolute: str
    kind: SourceKind
    is_test: bool


@dataclass(frozen=True, slots=True)
class CollectSettings:
    """What decides the facts of a file besides its content."""

    dialect: str
    roots: tuple[str, ...]
    """Directories that a file may be read from when code names it; nothing outside is opened."""
    project: TemplateProject | None = None
    project_files: TreeFiles | None = None
    """The directory that the paths of the template project count from; None when there are no templates."""
    project_digest: str = ""
    packed: PackedFiles | None = None
    """Where the files are, when they do not lie in folders."""


@dataclass(frozen=True, slots=True)
class Collected:
    """The facts of one file."""

    path: str
    content: str
    """Digest of the file's content."""
    payload: str
    """JSON: `{"columns": {table: [rows, [[value, ...] or null, ...]]}, "reads": [[name, digest], ...]}`."""
    cached: bool = False

    def columns(self) -> SourceColumns:
        """The fact tables in the payload."""
        from pydantic_core import from_json

        columns: SourceColumns = from_json(self.payload)["columns"]
        return columns


NOT_THERE: Final = ""
"""Stands for the digest of a file that is not read: it is not there, is too large, or lies outside."""


@dataclass(slots=True)
class _Reader:
    """Reads the files that code names: relative to the file or to a root, never outside the roots."""

    path: str
    """The file whose code is read."""
    roots: tuple[str, ...]
    packed: PackedFiles | None = None
    shown: str = ""
    """The path of the file as it is shown: names that are worked out from it count from where it does."""
    seen: dict[str, str] = field(default_factory=dict)
    """The digest of each file that was asked for, by its name in the code."""

    def __call__(self, name: str) -> str | None:
        data = self._bytes(name)
        self.seen[name] = NOT_THERE if data is None else digest(data)
        try:
            return data.decode("utf-8-sig") if data is not None else None
        except UnicodeDecodeError:
            return None

    def state(self, name: str) -> str:
        """What `seen` would hold for a name now."""
        data = self._bytes(name)
        return NOT_THERE if data is None else digest(data)

    def _bytes(self, name: str) -> bytes | None:
        if not name or "\x00" in name or len(name) > 1000:
            return None
        roots = [Path(root) for root in self.roots]
        for base in (Path(self.path).parent, *roots, *self._top()):
            try:
                candidate = (base / name).resolve()
                if not any(candidate.is_relative_to(root) for root in roots):
                    continue
                if self.packed is not None:
                    inside = self.packed.inside(str(candidate))
                    if inside is None or self.packed.index[inside].size > MAXIMUM_NAMED_BYTES:
                        continue
                    return self.packed.read(str(candidate))
                if not candidate.is_file() or candidate.stat().st_size > MAXIMUM_NAMED_BYTES:
                    continue
                return candidate.read_bytes()
            except (OSError, ValueError, RuntimeError):  # RuntimeError: links that go round in a circle
                continue
        return None

    def _top(self) -> tuple[Path, ...]:
        """The folder that the shown path counts from, when it is a relative one."""
        if not self.shown or not self.path.endswith(f"/{self.shown}"):
            return ()
        return (Path(self.path[: -len(self.shown)]),)


def reader_for(absolute: str, settings: CollectSettings, shown: str = "") -> _Reader:
    """Reads what the code of a file names. `shown`: its path as it is shown."""
    return _Reader(absolute, settings.roots, settings.packed, shown)


def reads_hold(
    absolute: str, settings: CollectSettings, reads: Iterable[tuple[str, str]], shown: str
) -> bool:
    """Whether the files that the code of a file names are as they were: changed, gone or new ones count."""
    reader = reader_for(absolute, settings, shown)
    return all(reader.state(name) == content for name, content in reads)


def analyse_file(task: FileTask, data: bytes, settings: CollectSettings) -> str:
    """The payload of one file. Any content gives a payload; a defect of ours becomes an `unread` row that says so."""
    from costguard.extract.source import extract
    from costguard.facts.source import facts_of

    reader = reader_for(task.absolute, settings, task.path)
    try:
        template_path = task.path
        if settings.project_files is not None:
            inside = below(task.absolute, settings.project_files.root)
            template_path = printable(inside.replace(os.sep, "/"))
        extraction = extract(
            task.path, template_path, task.kind, data, settings.dialect, reader, settings.project
        )
        rows = facts_of(extraction, task.path, len(data), is_test=task.is_test)
    except RecursionError:
        rows = _unread_only(task, data, Unread("nested too deep"))
    except Exception as error:  # one bad file must not lose the scan: it is counted and named
        name = type(error).__name__
        frame = _innermost(error)
        detail = f"{name} in costguard at {frame}; please report it with this file"
        rows = _unread_only(task, data, Unread("internal error", detail))
    return _payload(rows, sorted(reader.seen.items()))


def _payload(rows: Rows, reads: Sequence[tuple[str, str]] = ()) -> str:
    """The rows as JSON text; no table can hold half of a character."""
    from costguard.facts.merge import columns_of_rows
    from costguard.json_text import json_text

    return json_text({"columns": columns_of_rows(rows), "reads": reads}, whole=True)


def _innermost(error: BaseException) -> str:
    trace = error.__traceback__
    place = "?"
    while trace is not None:
        place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def _unread_only(task: FileTask, data: bytes, item: Unread) -> Rows:
    from costguard.facts.source import facts_of

    return facts_of(Extraction(task.kind, ("",), unread=(item,)), task.path, len(data), is_test=task.is_test)


# -- processes -----------------------------------------------------------------------------------------


def ease_collector(objects: int = 400_000) -> None:
    """Parsing makes many small objects that live on; the default thresholds cost a quarter of the time.

    Nearly all of them are freed without the collector (`release_tree`). What is left over, mostly attempts that the
    parser gave up, is some hundred objects a file: a collection after 400,000 `objects` (50 MiB) is early enough.
    Done before processes are forked, so that no collection writes to the pages that they share.
    """
    gc.freeze()
    gc.set_threshold(objects, 50, 100)


def _run_chunk(settings: CollectSettings, tasks: Sequence[FileTask]) -> list[tuple[str, str]]:
    return [_run(task, settings) for task in tasks]


def _run(task: FileTask, settings: CollectSettings) -> tuple[str, str]:
    """(digest of the content, payload) of a file."""
    try:
        data = read_file(task.absolute, settings.packed)
    except OSError as error:
        rows = _unread_only(task, b"", Unread("cannot be opened", error.strerror or str(error)))
        return "", _payload(rows)
    return digest(data), analyse_file(task, data, settings)


def _chunks(tasks: Sequence[tuple[FileTask, int]], processes: int) -> Iterator[list[FileTask]]:
    """Chunks of work: large files first and small chunks last, so that no process is left with one at the end. In
    between in their order: what follows can begin with the first files while the last are still read."""
    large = [task for task, length in tasks if length >= CHUNK_BYTES // 2]
    yield from ([task] for task in large)
    others = [(task, length) for task, length in tasks if length < CHUNK_BYTES // 2]
    left, bytes_left = len(others), sum(length for _, length in others)
    chunk: list[FileTask] = []
    size = 0
    for task, length in others:
        chunk.append(task)
        size += length
        share = min(1.0, max(left / CHUNK_FILES, bytes_left / CHUNK_BYTES) / (CHUNKS_AHEAD * processes))
        if len(chunk) >= max(CHUNK_FILES * share, SMALLEST_CHUNK) or size >= CHUNK_BYTES * share:
            yield chunk
            left, bytes_left = left - len(chunk), bytes_left - size
            chunk, size = [], 0
    if chunk:
        yield chunk


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds, as far as the cache needs to know."""

    digest: str
    """Empty when the file cannot be opened."""
    size: int
    templated: bool
    """A SQL file with Jinja marks in it."""
    macros: bool = False
    """It may define Jinja macros."""
    marked: bool = False
    """It may hold a comment for costguard."""


def content_of(task: FileTask, packed: PackedFiles | None = None) -> Content:
    """Read a file once, for its digest."""
    try:
        data = read_file(task.absolute, packed)
    except OSError:
        return Content("", 0, False)
    templated = task.kind == "template" or (task.kind == "sql" and (b"{{" in data or b"{%" in data))
    return Content(digest(data), len(data), templated, b"macro" in data, b"costguard:" in data)


def collect(
    tasks: Sequence[FileTask],
    settings: CollectSettings,
    cache: Cache,
    version: str,
    processes: int | None,
    progress: Progress | None = None,
    known: Mapping[str, Content] | None = None,
    meanwhile: Callable[[], object] | None = None,
    crew: Crew | None = None,
) -> Iterator[Collected]:
    """The facts of all files, in the order of the tasks, each as soon as it and those before it are there.

    `processes`: how many to use; None chooses by the amount of work and the machine. `known`: contents that were
    read already, by path. `meanwhile`: called while other processes work, if any do. `crew`: these processes, when
    they were started before.
    """
    read = known or {task.path: content_of(task, settings.packed) for task in tasks}
    contents = {path: (content.digest, content.size) for path, content in read.items()}
    # What decides the facts of a file that is no template: not the template project.
    apart = replace(settings, project_digest="")

    def key_of(task: FileTask) -> str:
        content = read[task.path]
        return cache_key(task, content.digest, settings if content.templated else apart, version)

    keys: dict[str, str] = {}
    if not cache.empty:  # else they are worked out while others read
        keys = {task.path: key_of(task) for task in tasks if contents[task.path][0]}
    found = cache.get(list(keys.values()))
    done: dict[str, Collected] = {}
    todo: list[tuple[FileTask, int]] = []
    for task in tasks:
        content, size = contents[task.path]
        payload = found.pop(keys.get(task.path, ""), None)
        if payload is not None and _still_valid(task, payload, settings):
            done[task.path] = Collected(task.path, content, payload, cached=True)
        else:
            todo.append((task, size))
    total, count = len(tasks), len(done)
    if progress is not None:
        progress(count, total)
    fresh: dict[str, str] = {}
    following = iter([task.path for task in tasks])
    expected = next(following, None)
    processes = processes_for(len(todo), sum(size for _, size in todo), processes)
    for task, content, payload in _work(todo, settings, processes, crew, meanwhile):
        done[task.path] = Collected(task.path, content, payload)
        same = content == contents[task.path][0]  # unless somebody writes while we read: that is not kept
        if cache.open and content and same and '"internal error"' not in payload:
            fresh[keys.get(task.path) or key_of(task)] = payload
        if len(fresh) >= BATCH_FILES:
            cache.put(fresh)
            fresh = {}
        count += 1
        if progress is not None:
            progress(count, total)
        while expected in done:
            yield done.pop(expected)
            expected = next(following, None)
    cache.put(fresh)
    while expected is not None:
        yield done.pop(expected)
        expected = next(following, None)


def cache_key(task: FileTask, content: str, settings: CollectSettings, version: str) -> str:
    """The key of a file's facts: everything that they depend on, but the files that its code names."""
    return digest(
        version, task.kind, task.path, str(task.is_test), content, settings.dialect, settings.project_digest
    )


def reads_of(payload: str) -> list[tuple[str, str]]:
    """The files that the code of a file names, with their digests."""
    if payload.endswith('"reads":[]}'):
        return []
    from pydantic_core import from_json

    return [(name, content) for name, content in from_json(payload)["reads"]]


def _still_valid(task: FileTask, payload: str, settings: CollectSettings) -> bool:
    """Whether the files that the code names are still the same."""
    return reads_hold(task.absolute, settings, reads_of(payload), task.path)


def processes_for(files: int, size: int, wanted: int | None = None) -> int:
    """How many processes to use for files of that size in all: as wanted, or by the amount of work and the machine."""
    if wanted is None:
        large = files >= PARALLEL_FROM_FILES or size >= PARALLEL_FROM_BYTES
        wanted = min(os.cpu_count() or 1, 8) if large else 1
    return wanted if files > 1 else 1


def crew_for(processes: int) -> Crew:
    """Processes that read files."""
    return Crew(processes, _load_analysis)


def crew_with_time(processes: int) -> Crew:
    """Processes that read files, and wait for their work for longer than loading takes."""
    return Crew(processes, _load_all)


def _load_analysis() -> None:
    """Load what reads SQL."""
    import costguard.extract.source
    import costguard.extract.sqlfile
    import costguard.facts.merge
    import costguard.facts.source
    import costguard.json_text  # noqa: F401

    ease_collector()


def _load_templates() -> None:
    """Load what reads templates."""
    import costguard.extract.template  # noqa: F401


def _load_all() -> None:
    _load_analysis()
    _load_templates()


def _work(
    todo: Sequence[tuple[FileTask, int]],
    settings: CollectSettings,
    processes: int,
    crew: Crew | None,
    meanwhile: Callable[[], object] | None,
) -> Iterator[tuple[FileTask, str, str]]:
    if processes == 1:
        ease_collector()
        for task, _ in todo:
            yield task, *_run(task, settings)
        return
    ease_collector(GATHERED_OBJECTS)
    chunks = list(_chunks(todo, processes))
    with crew or crew_for(processes) as hired:
        yield from _side_by_side(chunks, settings, hired, meanwhile)


def _side_by_side(
    chunks: Sequence[list[FileTask]],
    settings: CollectSettings,
    crew: Crew,
    meanwhile: Callable[[], object] | None,
) -> Iterator[tuple[FileTask, str, str]]:
    load = _load_templates if settings.project is not None else None
    job = Job(chunks, partial(_run_chunk, settings), load)
    lost: list[FileTask] = []
    for number, result in crew.shared(job, meanwhile):
        if isinstance(result, Lost):
            lost.extend(chunks[number])
        else:
            for task, (content, payload) in zip(chunks[number], result, strict=True):
                yield task, content, payload
    # A process ended: one of the files of its chunk is to blame.
    for number, result in crew.shared(replace(job, items=[[task] for task in lost])):
        if isinstance(result, Lost):
            detail = "the process that read it ended; please report it with this file"
            yield (
                lost[number],
                "",
                _payload(_unread_only(lost[number], b"", Unread("internal error", detail))),
            )
        else:
            yield lost[number], *result[0]
