"""Finds the files to read: what git tracks or would track, else what the ignore files leave."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from costguard.errors import UsageProblem
from costguard.model import SourceKind, Span
from costguard.result import UnreadReport
from costguard.walk import walk

if TYPE_CHECKING:
    import pathspec

KINDS: Final[dict[str, SourceKind]] = {
    ".sql": "sql",
    ".bq": "sql",
    ".bqsql": "sql",
    ".py": "python",
    ".ipynb": "notebook",
    ".sql.j2": "template",
    ".sql.jinja": "template",
    ".sql.jinja2": "template",
    ".j2.sql": "template",
}
MAXIMUM_BYTES: Final[dict[SourceKind, int]] = {
    "sql": 2 * 2**20,
    "template": 2 * 2**20,
    "python": 2 * 2**20,
    "notebook": 100 * 2**20,
}
"""Larger files are reported, not read: two megabytes of short statements take 20 seconds and 0.7 GiB, and what people
write is smaller. Notebooks carry their outputs, which are skipped."""
SKIPPED: Final = frozenset(
    {
        *(".git", ".hg", ".svn", ".venv", "venv", "env", ".tox", ".nox", "node_modules", "site-packages"),
        *("__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".ipynb_checkpoints", ".eggs"),
        *("dbt_packages", "dbt_modules", ".costguard"),
    }
)
_SHORT_LOOK: Final = 1000
"""Folders, which takes some ten milliseconds."""
_TEST_PARTS: Final = frozenset({"test", "tests", "testing", "conftest.py"})


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to read."""

    path: str
    """As given on the command line, completed, with forward slashes."""
    absolute: str
    kind: SourceKind
    size: int
    is_test: bool


@dataclass(frozen=True)
class Discovery:
    """What was found."""

    files: tuple[SourceFile, ...]
    roots: tuple[Path, ...]
    """The given directories (a file's own directory), resolved: nothing is read outside."""
    unread: tuple[UnreadReport, ...] = ()
    """Files and folders that cannot be read, by their names, sizes or rights."""
    folder: Path | None = None
    """What relative paths count from; None for the current directory."""

    @cached_property
    def total_bytes(self) -> int:
        """Size of all files."""
        return sum(file.size for file in self.files)


def kind_of(name: str) -> SourceKind | None:
    """The kind of a file by its name, None when it is not ours."""
    lowered = name.lower()
    if lowered.endswith((".sql.j2", ".sql.jinja", ".sql.jinja2", ".j2.sql")):
        return "template"
    return KINDS.get(os.path.splitext(lowered)[1])


def is_test_path(path: str) -> bool:
    """Whether a file is test code, by its path.

    >>> is_test_path("tests/unit/load.py"), is_test_path("src/test_load.py"), is_test_path("src/contest.py")
    (True, True, False)
    """
    parts = path.lower().split("/")
    name = parts[-1]
    return (
        any(part in _TEST_PARTS for part in parts)
        or name.startswith("test_")
        or name.rpartition(".")[0].endswith("_test")
    )


def discover(paths: Sequence[Path], exclude: Sequence[str] = ()) -> Discovery:
    """The files below the given paths, in the order of their paths.

    Raises:
        UsageProblem: a path does not exist, or there is nothing to analyse.
    """
    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        raise UsageProblem("\n".join(f"{path}: no such file or directory" for path in missing))
    excluded = exclude_patterns(exclude)
    found: dict[str, SourceFile] = {}
    unread: list[UnreadReport] = []
    roots: list[Path] = []
    seen: set[str] = set()
    for path in paths:
        is_folder = path.is_dir()
        base = path if is_folder else path.parent
        given = _Given(base, excluded, found, unread, seen)
        roots.append(given.resolved)
        if is_folder:
            for name in _names(path, given.closed):
                given.add(name)
        else:
            given.add(path.name, by_itself=True)
    if not found and not unread:
        shown = ", ".join(str(path) for path in paths)
        raise UsageProblem(f"{shown}: nothing to analyse (looked for {', '.join(sorted(KINDS))} files)")
    files = tuple(found[key] for key in sorted(found))
    return Discovery(files, tuple(dict.fromkeys(roots)), tuple(sorted(unread, key=lambda item: item.path)))


def at_least(folders: Sequence[str], count: int) -> bool:
    """Whether so many files of the kinds that are read lie below the folders, as far as a short look tells: ignore
    files are not asked, and a tree with few of them among many folders is left after a while."""
    seen = 0
    for top in folders:
        for _, inside, files in walk(top):
            inside[:] = [name for name in inside if name not in SKIPPED]
            count -= sum(kind_of(name) is not None for name in files)
            seen += 1
            if count <= 0 or seen == _SHORT_LOOK:
                return count <= 0
    return False


class _Given:
    """A given directory, and what was found below it. Works on texts: a `Path` per file costs more than its status."""

    def __init__(
        self,
        base: Path,
        excluded: pathspec.GitIgnoreSpec | None,
        found: dict[str, SourceFile],
        unread: list[UnreadReport],
        seen: set[str],
    ) -> None:
        """`seen`: the files of all given paths, so that two spellings of a path do not count its files twice."""
        written = base.as_posix()
        self.prefix = "" if written == "." else f"{written.rstrip('/')}/"
        self.folder = str(base.absolute())
        self.resolved = base.resolve()
        self.real_folder = str(self.resolved)
        self.seen = seen
        self.excluded = excluded
        self.found = found
        self.unread = unread

    def add(self, name: str, *, by_itself: bool = False) -> None:
        """A file by its name below the directory, with forward slashes. `by_itself`: it was given, so it is wanted."""
        kind = kind_of(name)
        shown = printable(self.prefix + name)
        real = os.path.join(self.real_folder, name)
        if real in self.seen:
            return
        if kind is None:
            if by_itself:
                detail = f"known: {', '.join(sorted(KINDS))}"
                self.seen.add(real)
                self._report(shown, "not a kind of file that is read", detail)
            return
        if not by_itself and self._is_excluded(name, shown):
            return
        self.seen.add(real)
        absolute = os.path.join(self.folder, name)
        try:
            status = os.lstat(absolute)
            if stat.S_ISLNK(status.st_mode):
                status = os.stat(absolute)  # first of all: it says when links go round in a circle
                if not Path(absolute).resolve().is_relative_to(self.resolved):
                    detail = "a symbolic link leads outside; not followed"
                    self._report(shown, "link out of the given path", detail)
                    return
        except OSError as error:
            self._report(shown, "cannot be opened", error.strerror or str(error))
            return
        if not stat.S_ISREG(status.st_mode):
            self._report(shown, "not a regular file", "a pipe or a device; reading it may never end")
            return
        size = status.st_size
        if size > MAXIMUM_BYTES[kind]:
            self._report(shown, *oversized(size, kind))
            return
        self.found[shown] = SourceFile(shown, absolute, kind, size, is_test_path(shown))

    def closed(self, folder: str, error: OSError) -> None:
        """A folder that may not be listed: nobody knows what is in it."""
        shown = printable(self.prefix + folder).rstrip("/") or "."
        if not self._is_excluded(folder, shown + "/"):
            self._report(shown, "cannot be opened", f"a folder: {error.strerror or error}")

    def _is_excluded(self, name: str, shown: str) -> bool:
        if self.excluded is None:
            return False
        return self.excluded.match_file(name) or self.excluded.match_file(shown)

    def _report(self, path: str, reason: str, detail: str) -> None:
        self.unread.append(UnreadReport(path, Span(1, 1, 1, 1), reason, detail))


def printable(path: str) -> str:
    r"""A path that can be written as UTF-8: bytes of other encodings in a name become `\xff`.

    >>> printable("gr\udcfcn.sql"), printable("grün.sql")
    ('gr\\xfcn.sql', 'grün.sql')
    """
    return os.fsencode(path).decode("utf-8", errors="backslashreplace")


def oversized(size: int, kind: SourceKind) -> tuple[str, str]:
    """(reason, detail) of a file that is not read for its size."""
    limit = MAXIMUM_BYTES[kind] / 2**20
    return "file too large", f"{size / 2**20:.0f} MiB is more than the limit of {limit:.0f} MiB"


def exclude_patterns(patterns: Sequence[str]) -> pathspec.GitIgnoreSpec | None:
    """The patterns of `exclude`; None when there are none.

    Raises:
        UsageProblem: one is not a pattern.
    """
    if not patterns:
        return None
    import pathspec

    for pattern in patterns:
        try:
            pathspec.GitIgnoreSpec.from_lines([pattern])
        except ValueError:
            raise UsageProblem(f"exclude: {pattern!r} is not a pattern such as in .gitignore") from None
    return pathspec.GitIgnoreSpec.from_lines(patterns)


def _ignore_file(path: Path) -> pathspec.GitIgnoreSpec:
    """The patterns of an ignore file; like git, without those that make no sense."""
    import pathspec

    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []  # git says no more about an ignore file that it may not read
    understood: list[str] = []
    for line in lines:
        try:
            pathspec.GitIgnoreSpec.from_lines([line])
        except ValueError:
            continue
        understood.append(line)
    return pathspec.GitIgnoreSpec.from_lines(understood)


def _names(directory: Path, closed: Callable[[str, OSError], None]) -> Iterator[str]:
    """Every file below a directory that is of a kind that is read and not ignored, counted from the directory."""
    listed = _git_files(directory)
    if listed is not None:
        for name in listed:
            parts = name.split("/")
            if not SKIPPED.intersection(parts[:-1]) and kind_of(parts[-1]) is not None:
                yield name
        return
    yield from _walk(directory, closed)


def _git_files(directory: Path) -> list[str] | None:
    """What git tracks or would track below a directory; None when git cannot say."""
    command = ["git", "-C", str(directory), "ls-files", "-co", "--exclude-standard", "-z"]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(command, capture_output=True, timeout=60, env=environment, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode != 0:
        return None
    names = [os.fsdecode(name) for name in done.stdout.split(b"\0") if name]
    # A directory that git ignores as a whole lists nothing; then its files are what the user asked for.
    folder = str(directory)
    existing = [name for name in dict.fromkeys(names) if _is_there(os.path.join(folder, name))]
    return existing or None


def _is_there(path: str) -> bool:
    """Whether git's file is in the work tree; a link is, wherever it leads, and one that may not be looked at."""
    try:
        return not stat.S_ISDIR(os.lstat(path).st_mode)
    except PermissionError:
        return True
    except OSError:
        return False


def _walk(top: Path, closed: Callable[[str, OSError], None]) -> Iterator[str]:
    specs: dict[str, pathspec.GitIgnoreSpec] = {}
    for here, folders, names in walk(str(top), closed):
        if ".gitignore" in names:
            specs[here] = _ignore_file(Path(top, here, ".gitignore"))
        above = [(base, spec) for base, spec in specs.items() if here.startswith(base)]

        def ignored(path: str, above: list[tuple[str, pathspec.GitIgnoreSpec]] = above) -> bool:
            return any(spec.match_file(path[len(base) :]) for base, spec in above)

        folders[:] = [name for name in folders if name not in SKIPPED and not ignored(f"{here}{name}/")]
        yield from (here + name for name in names if kind_of(name) is not None and not ignored(here + name))
