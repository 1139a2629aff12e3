"""What a project is like, told from a few of its files. A guess says what it is from; what is not clear is no guess."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, Literal

from costguard.config import find_config
from costguard.discover import SourceFile, discover
from costguard.errors import UsageProblem
from costguard.extract.dbt import DbtProject, build_template_project
from costguard.extract.dbt_files import MemoryFiles
from costguard.model import DIALECTS
from costguard.project_setup.files import named, read_small
from costguard.project_setup.repository import Repository, repository_of

CiHost = Literal["github", "gitlab"]

SAMPLE: Final = 300
"""Source files that are read."""
LARGEST_CATALOG: Final = 64 * 2**20
"""Bytes of a file that is tried as a catalog."""
_CATALOGS: Final = ("catalog.json", "catalog.json.gz")
_SETTINGS: Final = frozenset({"dbt_project.yml", "dbt_project.yaml", "profiles.yml"})
_PUBLIC: Final = "bigquery-public-data"

_PROJECT: Final = r"([a-z][a-z0-9-]{4,28}[a-z0-9])"
_QUOTED: Final = re.compile(rf"`{_PROJECT}`?\.`?\w+`?\.`?[\w*$-]+`")
_UNQUOTED: Final = re.compile(rf"(?i:\b(?:FROM|JOIN|INTO|UPDATE|TABLE))\s+{_PROJECT}\.\w+\.\w+")
_HINTS: Final[Mapping[str, re.Pattern[str]]] = {
    "bigquery": re.compile(
        r"\bgoogle\.cloud\s+import\s+bigquery|\bgoogle\.cloud\.bigquery\b|\bread_gbq\(|^%%bigquery\b",
        re.MULTILINE,
    ),
    "snowflake": re.compile(r"^\s*(?:import|from)\s+snowflake\b", re.MULTILINE),
    "databricks": re.compile(r"^\s*(?:import|from)\s+databricks\b", re.MULTILINE),
    "duckdb": re.compile(r"^\s*(?:import|from)\s+duckdb\b", re.MULTILINE),
    "postgres": re.compile(r"^\s*(?:import|from)\s+(?:psycopg2?|asyncpg)\b", re.MULTILINE),
    "redshift": re.compile(r"^\s*(?:import|from)\s+redshift_connector\b", re.MULTILINE),
    "trino": re.compile(r"^\s*(?:import|from)\s+trino\b", re.MULTILINE),
}
"""How a source file shows which warehouse it talks to."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A setting, and what it was told from."""

    value: str
    source: str


@dataclass(frozen=True, slots=True)
class Detected:
    """What was found below a folder."""

    folder: Path
    repository: Repository
    files: Mapping[str, int]
    """How many files there are of each kind that is read."""
    config: Path | None
    """The config that holds already."""
    dbt: tuple[str, ...]
    """Folders with a dbt project, from the folder; `.` is the folder itself."""
    catalogs: tuple[str, ...]
    """Files that a catalog usually is in."""
    ci: CiHost | None
    dialect: Guess | None
    project: Guess | None
    dataset: Guess | None
    location: Guess | None


def detect(folder: Path) -> Detected:
    """Look at a project.

    Raises:
        UsageProblem: the folder does not exist.
    """
    if not folder.is_dir():
        raise UsageProblem(f"{folder}: is no directory")
    repository = repository_of(folder)
    try:
        files: Sequence[SourceFile] = discover([folder]).files
    except UsageProblem:  # there is nothing to analyse yet
        files = ()
    projects = _dbt_projects(folder)
    sample = _sample(files)
    return Detected(
        folder=folder,
        repository=repository,
        files=Counter(file.kind for file in files),
        config=_config(folder, repository),
        dbt=tuple(project.directory or "." for project in projects),
        catalogs=tuple(name for name in _CATALOGS if _is_catalog(folder / name)),
        ci=_ci(folder, repository),
        dialect=_of_target(projects, "type", DIALECTS.__contains__) or _imported_dialect(sample),
        project=_of_target(projects, "project", _is_project)
        or _of_target(projects, "database", _is_project)
        or _named_project(sample),
        dataset=_of_target(projects, "dataset", _is_dataset) or _of_target(projects, "schema", _is_dataset),
        location=_of_target(projects, "location", _is_location),
    )


def _config(folder: Path, repository: Repository) -> Path | None:
    """The config of this project. Outside of a repository one further up may be anybody's."""
    found = find_config(folder)
    if found is None or repository.top is not None or found.parent == folder.resolve():
        return found
    return None


def _dbt_projects(folder: Path) -> tuple[DbtProject, ...]:
    """The dbt projects, as a scan reads them, but of their settings only."""
    texts = {path: read_small(folder / path) for path in named(folder, _SETTINGS)}
    files = MemoryFiles({path: text for path, text in texts.items() if text is not None})
    return tuple(sorted(build_template_project(files).projects, key=lambda project: project.directory))


def _of_target(projects: Sequence[DbtProject], key: str, fits: Callable[[str], bool]) -> Guess | None:
    """What all profiles that say it agree on. An expression, such as of an environment variable, says nothing."""
    found: dict[str, str] = {}
    for project in projects:
        value = project.target.get(key)
        if isinstance(value, str) and fits(value):
            found.setdefault(value, str(PurePosixPath(project.directory, "profiles.yml")))
    if len(found) != 1:
        return None
    ((value, source),) = found.items()
    return Guess(value, source)


def _is_project(value: str) -> bool:
    return re.fullmatch(rf"(?:[a-z0-9.-]+:)?{_PROJECT}", value) is not None


def _is_dataset(value: str) -> bool:
    return re.fullmatch(r"[A-Za-z_]\w{0,1023}", value, re.ASCII) is not None


def _is_location(value: str) -> bool:
    from costguard.estimate.price import price_book

    return value.strip().lower() in price_book().locations


def _sample(files: Sequence[SourceFile]) -> list[tuple[SourceFile, str]]:
    """Some of the source files, from all over the project, with how they begin."""
    step = max(-(-len(files) // SAMPLE), 1)
    texts = ((file, read_small(Path(file.absolute), whole=False)) for file in files[::step])
    return [(file, text) for file, text in texts if text is not None]


def _imported_dialect(sample: Sequence[tuple[SourceFile, str]]) -> Guess | None:
    """The warehouse that most files talk to."""
    found = Counter(
        dialect for _, text in sample for dialect, hint in _HINTS.items() if hint.search(text) is not None
    )
    ranked = found.most_common(2)
    if not ranked or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]):
        return None
    dialect, count = ranked[0]
    return Guess(dialect, f"{count} {'file uses' if count == 1 else 'files use'} its client")


def _named_project(sample: Sequence[tuple[SourceFile, str]]) -> Guess | None:
    """The project of most tables that are named in full."""
    found: Counter[str] = Counter()
    for file, text in sample:
        found.update(_QUOTED.findall(text))
        if file.kind in ("sql", "template"):
            found.update(_UNQUOTED.findall(text))
    del found[_PUBLIC]
    if not found:
        return None
    project, count = found.most_common(1)[0]
    total = sum(found.values())
    return Guess(project, f"{count} of {total} full table names") if count * 2 > total else None


def _is_catalog(path: Path) -> bool:
    """Whether a file by that name is a catalog of ours; dbt's has the same name."""
    from costguard.catalog.load import load_catalog
    from costguard.catalog.model import CatalogError

    if not path.is_file() or path.is_symlink() or path.stat().st_size > LARGEST_CATALOG:
        return False
    try:
        load_catalog([path])
    except CatalogError:
        return False
    return True


def _ci(folder: Path, repository: Repository) -> CiHost | None:
    """Where the project is checked: as the address of the repository says, else its files."""
    top = repository.top or folder
    if repository.host is not None:
        for host in ("github", "gitlab"):
            if host in repository.host:
                return host
    github, gitlab = (top / ".github").is_dir(), (top / ".gitlab-ci.yml").is_file()
    if github == gitlab:
        return None
    return "github" if github else "gitlab"
