"""Finds the files to read: what git tracks or would track, else what the ignore files leave."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from costguard.errors import UsageProblem
from costguard.model import SourceKind, Span
from costguard.result import UnreadReport

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
_TEST_PARTS: Final = frozenset({"test", "tests", "testing", "conftest.py"})


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to read."""

    path: str
    """As given on the command line, completed, with forward slashes."""
    absolute: Path
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
    """Files that are too large."""

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
    excluded = _spec(exclude)
    found: dict[str, SourceFile] = {}
    unread: list[UnreadReport] = []
    roots: list[Path] = []
    for path in paths:
        base = path if path.is_dir() else path.parent
        roots.append(base.resolve())
        names = _names(path) if path.is_dir() else iter([path])
        for name in names:
            _add(name, path, base, excluded, found, unread)
    if not found and not unread:
        given = ", ".join(str(path) for path in paths)
        raise UsageProblem(f"{given}: nothing to analyse (looked for {', '.join(sorted(KINDS))} files)")
    files = tuple(found[key] for key in sorted(found))
    return Discovery(files, tuple(dict.fromkeys(roots)), tuple(sorted(unread, key=lambda item: item.path)))


def _add(
    name: Path,
    given: Path,
    base: Path,
    excluded: pathspec.GitIgnoreSpec | None,
    found: dict[str, SourceFile],
    unread: list[UnreadReport],
) -> None:
    kind = kind_of(name.name)
    if kind is None:
        if name == given:
            unread.append(
                _report(
                    printable(str(given)),
                    "not a kind of file that is read",
                    f"known: {', '.join(sorted(KINDS))}",
                )
            )
        return
    shown = printable(name.as_posix())
    if excluded is not None and name != given:
        inside = os.path.relpath(name, base).replace(os.sep, "/")
        if excluded.match_file(inside) or excluded.match_file(shown):
            return
    try:
        status = name.lstat()
        if stat.S_ISLNK(status.st_mode):
            status = name.stat()  # first of all: it says when links go round in a circle
            if not name.resolve().is_relative_to(base.resolve()):
                unread.append(
                    _report(
                        shown, "link out of the given path", "a symbolic link leads outside; not followed"
                    )
                )
                return
    except OSError as error:
        unread.append(_report(shown, "cannot be opened", error.strerror or str(error)))
        return
    if not stat.S_ISREG(status.st_mode):
        unread.append(_report(shown, "not a regular file", "a pipe or a device; reading it may never end"))
        return
    size = status.st_size
    if size > MAXIMUM_BYTES[kind]:
        detail = f"{size / 2**20:.0f} MiB is more than the limit of {MAXIMUM_BYTES[kind] / 2**20:.0f} MiB"
        unread.append(_report(shown, "file too large", detail))
        return
    found[shown] = SourceFile(shown, name.absolute(), kind, size, is_test_path(shown))


def printable(path: str) -> str:
    r"""A path that can be written as UTF-8: bytes of other encodings in a name become `\xff`.

    >>> printable("gr\udcfcn.sql"), printable("grün.sql")
    ('gr\\xfcn.sql', 'grün.sql')
    """
    return os.fsencode(path).decode("utf-8", errors="backslashreplace")


def _report(path: str, reason: str, detail: str) -> UnreadReport:
    return UnreadReport(path, Span(1, 1, 1, 1), reason, detail)


def _spec(patterns: Sequence[str]) -> pathspec.GitIgnoreSpec | None:
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


def _names(directory: Path) -> Iterator[Path]:
    """Every file below a directory that is not ignored."""
    listed = _git_files(directory)
    if listed is not None:
        for name in listed:
            parts = name.split("/")
            if not SKIPPED.intersection(parts[:-1]) and kind_of(parts[-1]) is not None:
                yield directory / name
        return
    yield from _walk(directory)


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
    existing = [name for name in dict.fromkeys(names) if _is_there(directory / name)]
    return existing or None


def _is_there(path: Path) -> bool:
    """Whether git's file is in the work tree; a link is, wherever it leads."""
    return path.is_file() or path.is_symlink()


def _walk(top: Path) -> Iterator[Path]:
    specs: dict[Path, pathspec.GitIgnoreSpec] = {}
    for folder, folders, names in os.walk(top):
        here = Path(folder)
        if ".gitignore" in names:
            specs[here] = _ignore_file(here / ".gitignore")
        above = [(base, spec) for base, spec in specs.items() if here == base or base in here.parents]

        def ignored(
            path: Path, is_folder: bool, above: list[tuple[Path, pathspec.GitIgnoreSpec]] = above
        ) -> bool:
            end = "/" if is_folder else ""
            return any(spec.match_file(path.relative_to(base).as_posix() + end) for base, spec in above)

        folders[:] = sorted(
            name for name in folders if name not in SKIPPED and not ignored(here / name, True)
        )
        for name in sorted(names):
            if kind_of(name) is not None and not ignored(here / name, False):
                yield here / name
