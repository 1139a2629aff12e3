"""Finds dbt projects in a file tree and indexes what their templates refer to.

The index is built once per scan and sent to every worker: names and paths only. Texts are read when a
template asks for them.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from costguard import strict_yaml
from costguard.extract.dbt_files import ProjectFiles

_MACRO = re.compile(r"\{%[-+]?\s*(?:macro|test|data_test)\s+([A-Za-z_]\w*)")
_SNAPSHOT = re.compile(r"\{%[-+]?\s*snapshot\s+([A-Za-z_]\w*)")
_SOURCES = re.compile(r"^sources\s*:", re.MULTILINE)
_SOURCE_OVERRIDE = re.compile(
    r"^[\s-]*(?:schema|database|identifier|catalog|project|dataset)\s*:", re.MULTILINE
)
_NAME = re.compile(r"^([ \t]*(?:-[ \t]+)?)name[ \t]*:[ \t]*['\"]?([^'\"#\n\r]+)", re.MULTILINE)
_MACRO_FILES = (".sql", ".jinja", ".j2", ".jinja2", ".sqlx")


@dataclass(frozen=True, slots=True)
class Compiled:
    """SQL that dbt itself rendered for one file."""

    raw_digest: str
    """BLAKE2 digest of the template it was rendered from: a later template makes it stale."""
    text: str


@dataclass(frozen=True, slots=True)
class Relation:
    """The name of a table. Parts that are not known are empty."""

    database: str
    schema: str
    identifier: str


@dataclass(frozen=True, slots=True)
class DbtProject:
    """One dbt_project.yml and what belongs to it. Paths are relative to the scanned root."""

    directory: str
    name: str
    variables: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    """`models:` of dbt_project.yml, by folder."""
    model_paths: tuple[str, ...] = ()
    target: Mapping[str, Any] = field(default_factory=dict)
    """The default output of profiles.yml, empty when there is none beside the project."""
    models: Mapping[str, str] = field(default_factory=dict)
    """Model, seed and snapshot name -> path."""
    macros: Mapping[str, str] = field(default_factory=dict)
    """Macro name -> path, the project's own."""
    packages: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Package -> macro name -> path, from dbt_packages."""
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Source name -> files that give it another schema, database or identifier."""
    compiled: Mapping[str, Compiled] = field(default_factory=dict)
    """Path -> SQL from target/manifest.json."""
    relations: Mapping[str, Relation] = field(default_factory=dict)
    """Model name, or `source.table`, -> relation from target/manifest.json."""


@dataclass(frozen=True)
class TemplateProject:
    """All that rendering needs to know of the scanned tree."""

    files: ProjectFiles
    projects: tuple[DbtProject, ...] = ()
    """Longest directory first."""
    macros: Mapping[str, str] = field(default_factory=dict)
    """Macros outside of dbt projects whose name occurs once in the tree: name -> path."""
    templates: frozenset[str] = frozenset()
    """Every file outside of dbt projects that may be included."""
    problems: tuple[tuple[str, str, int], ...] = ()
    """Project files that could not be read: (path, why, line)."""
    renderers: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Dialect -> renderer with its compiled macros, made where templates are read; stays in its process."""

    def __reduce__(self) -> tuple[Any, ...]:
        return TemplateProject, (self.files, self.projects, self.macros, self.templates, self.problems)

    def project_of(self, path: str) -> DbtProject | None:
        """The dbt project that a file belongs to."""
        for project in self.projects:
            if not project.directory or path.startswith(f"{project.directory}/"):
                return project
        for project in self.projects:
            if any(path.startswith(f"{folder}/") for folder in project.model_paths):
                return project
        return None


def digest(text: str) -> str:
    """A short digest of a template's text, blind to outer whitespace (dbt strips it)."""
    return hashlib.blake2b(text.strip().encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def build_template_project(
    files: ProjectFiles, without_macros: frozenset[str] = frozenset()
) -> TemplateProject:
    """Index the dbt projects, macros and includable files of a tree. Unreadable YAML becomes a problem.

    `without_macros`: files in which the word `macro` does not occur, so that they need not be read for it.
    """
    remembered = _Remembered(files)
    paths = sorted(files.paths())
    known = frozenset(paths)
    problems: list[tuple[str, str, int]] = []
    projects: list[DbtProject] = []
    for path in paths:
        if posixpath.basename(path) not in {"dbt_project.yml", "dbt_project.yaml"}:
            continue
        if "/dbt_packages/" in f"/{path}" or "/dbt_modules/" in f"/{path}":
            continue
        project = _project(remembered, paths, known, path, problems)
        if project is not None:
            projects.append(project)
    projects.sort(key=lambda project: (-len(project.directory), project.directory))
    folders = tuple(f"{project.directory}/" if project.directory else "" for project in projects)
    loose = [
        path for path in paths if path.endswith(_MACRO_FILES) and not path.startswith(folders or ("\0",))
    ]
    return TemplateProject(
        files,
        tuple(projects),
        _unique_macros(files, [path for path in loose if path not in without_macros]),
        frozenset(loose),
        tuple(problems),
    )


class _Remembered:
    """Project files during the build: several projects of one tree often share folders."""

    def __init__(self, files: ProjectFiles) -> None:
        self.files = files
        self._texts: dict[str, str | None] = {}
        self._sources: dict[str, tuple[str, ...]] = {}

    def paths(self) -> Iterator[str]:
        return self.files.paths()

    def read(self, path: str) -> str | None:
        if path not in self._texts:
            self._texts[path] = self.files.read(path)
        return self._texts[path]

    def sources(self, path: str) -> tuple[str, ...]:
        """Names of the sources that a YAML file defines with another schema, database or identifier."""
        if path not in self._sources:
            self._sources[path] = _overridden_sources(self.files.read(path) or "")
        return self._sources[path]


def _project(
    files: _Remembered,
    paths: list[str],
    known: frozenset[str],
    path: str,
    problems: list[tuple[str, str, int]],
) -> DbtProject | None:
    directory = posixpath.dirname(path)
    settings = _mapping(files, path, problems)
    if settings is None:
        return None
    name = str(settings.get("name", posixpath.basename(directory)))

    def folders(*keys: str, default: str) -> tuple[str, ...]:
        for key in keys:
            given = settings.get(key)
            if isinstance(given, list):
                return tuple(_inside(directory, str(item)) for item in given)
        return (_inside(directory, default),)

    def found(roots: Iterable[str], *endings: str) -> Iterator[str]:
        for root in roots:
            for item in _under(paths, root):
                if item.endswith(endings) and "/dbt_packages/" not in item:
                    yield item

    model_paths = folders("model-paths", "source-paths", default="models")
    macro_paths = folders("macro-paths", default="macros")
    models: dict[str, str] = {}
    for item in found(folders("seed-paths", "data-paths", default="seeds"), ".csv"):
        models[_stem(item)] = item
    for item in found(folders("snapshot-paths", default="snapshots"), ".sql"):
        for match in _SNAPSHOT.finditer(files.read(item) or ""):
            models[match.group(1)] = item
    for item in found(model_paths, ".sql", ".py"):
        models[_stem(item)] = item
    packages = {}
    for folder in (settings.get("packages-install-path", "dbt_packages"), "dbt_modules"):
        root = _inside(directory, str(folder))
        for item in _under(paths, root):
            if item.endswith("/dbt_project.yml") and item.count("/") == root.count("/") + 2:
                package = _mapping(files, item, problems) or {}
                base = posixpath.dirname(item)
                packages[str(package.get("name", posixpath.basename(base)))] = _macro_index(
                    files, [entry for entry in _under(paths, f"{base}/macros") if entry.endswith(".sql")]
                )
    variables = settings.get("vars")
    models_settings = settings.get("models")
    compiled, relations = _manifest(
        files, directory, known, str(settings.get("target-path", "target")), problems
    )
    return DbtProject(
        directory=directory,
        name=name,
        variables=_flat_variables(variables, name) if isinstance(variables, dict) else {},
        settings=models_settings if isinstance(models_settings, dict) else {},
        model_paths=model_paths,
        target=_target(files, directory, known, str(settings.get("profile", "")), problems),
        models=models,
        macros=_macro_index(
            files, list(found((*macro_paths, *folders("test-paths", default="tests")), ".sql"))
        ),
        packages=packages,
        sources=_source_index(files, found(model_paths, ".yml", ".yaml")),
        compiled=compiled,
        relations=relations,
    )


def _mapping(files: ProjectFiles, path: str, problems: list[tuple[str, str, int]]) -> dict[str, Any] | None:
    text = files.read(path)
    if text is None:
        problems.append((path, "not readable", 1))
        return None
    try:
        data = strict_yaml.load(text)
    except strict_yaml.YamlProblem as error:
        problems.append((path, str(error), (error.line or 0) + 1))
        return None
    return data if isinstance(data, dict) else {}


def _flat_variables(variables: dict[str, Any], project: str) -> dict[str, Any]:
    """Global variables, overlaid with those of the project's own section; other sections stay values."""
    own = variables.get(project)
    return {**variables, **own} if isinstance(own, dict) else dict(variables)


def _inside(directory: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(directory, path)) if directory else posixpath.normpath(path)


def _under(paths: list[str], root: str) -> Iterator[str]:
    """The paths below a folder; none for a folder outside of the tree."""
    if root.startswith(".."):
        return
    prefix = "" if root == "." else f"{root}/"
    index = bisect_left(paths, prefix)
    while index < len(paths) and paths[index].startswith(prefix):
        yield paths[index]
        index += 1


def _stem(path: str) -> str:
    return posixpath.splitext(posixpath.basename(path))[0]


def _macro_index(files: ProjectFiles, paths: Iterable[str]) -> dict[str, str]:
    index: dict[str, str] = {}
    for path in paths:
        for match in _MACRO.finditer(files.read(path) or ""):
            index.setdefault(match.group(1), path)
    return index


def _unique_macros(files: ProjectFiles, paths: list[str]) -> dict[str, str]:
    """Macros outside of dbt, where imports are often left to the program that renders the template."""
    index: dict[str, str | None] = {}
    for path in paths:
        text = files.read(path)
        if text is None or "macro" not in text:
            continue
        for name in {match.group(1) for match in _MACRO.finditer(text)}:
            index[name] = None if name in index else path
    return {name: path for name, path in index.items() if path is not None}


def _source_index(files: _Remembered, paths: Iterable[str]) -> dict[str, tuple[str, ...]]:
    index: dict[str, list[str]] = {}
    for path in paths:
        for name in files.sources(path):
            index.setdefault(name, []).append(path)
    return {name: tuple(found) for name, found in index.items()}


def _overridden_sources(text: str) -> tuple[str, ...]:
    """Found by pattern: loading all YAML of a large project takes seconds; a name too many is no harm."""
    start = _SOURCES.search(text)
    if start is None or _SOURCE_OVERRIDE.search(text, start.end()) is None:
        return ()
    names = [(len(match.group(1)), match.group(2).strip()) for match in _NAME.finditer(text, start.end())]
    outermost = min((column for column, _ in names), default=0)
    return tuple(sorted({name for column, name in names if column == outermost}))


def _target(
    files: ProjectFiles,
    directory: str,
    known: frozenset[str],
    profile: str,
    problems: list[tuple[str, str, int]],
) -> dict[str, Any]:
    path = posixpath.join(directory, "profiles.yml")
    if path not in known:
        return {}
    profiles = _mapping(files, path, problems) or {}
    chosen = profiles.get(profile)
    outputs = chosen.get("outputs") if isinstance(chosen, dict) else None
    if not isinstance(chosen, dict) or not isinstance(outputs, dict) or not outputs:
        return {}
    name = chosen.get("target", "default")
    output = outputs.get(name)
    if not isinstance(output, dict):
        return {}
    return {
        "name": name,
        "profile_name": profile,
        **{key: output[key] for key in _TARGET_KEYS if key in output},
    }


_TARGET_KEYS = ("type", "database", "schema", "project", "dataset", "threads", "location")
"""What of a profile templates may see: never passwords, tokens or key files."""


def _manifest(
    files: ProjectFiles,
    directory: str,
    known: frozenset[str],
    target: str,
    problems: list[tuple[str, str, int]],
) -> tuple[dict[str, Compiled], dict[str, Relation]]:
    path = posixpath.join(_inside(directory, target), "manifest.json")
    compiled: dict[str, Compiled] = {}
    relations: dict[str, Relation] = {}
    if path not in known:
        return compiled, relations
    try:
        manifest = json.loads(files.read(path) or "")
    except (ValueError, RecursionError):
        problems.append((path, "not JSON", 1))
        return compiled, relations
    for section in ("nodes", "sources"):
        entries = manifest.get(section) if isinstance(manifest, dict) else None
        for entry in entries.values() if isinstance(entries, dict) else ():
            if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
                continue
            key = entry["name"] if section == "nodes" else f"{entry.get('source_name')}.{entry['name']}"
            if entry.get("resource_type") in {"model", "seed", "snapshot", "source", None}:
                relations[key] = Relation(
                    str(entry.get("database") or ""),
                    str(entry.get("schema") or ""),
                    str(entry.get("alias") or entry.get("identifier") or entry["name"]),
                )
            text = entry.get("compiled_code") or entry.get("compiled_sql")
            raw = entry.get("raw_code") or entry.get("raw_sql")
            if (
                isinstance(text, str)
                and isinstance(raw, str)
                and isinstance(entry.get("original_file_path"), str)
            ):
                source = _inside(directory, entry["original_file_path"].replace("\\", "/"))
                compiled[source] = Compiled(digest(raw), text)
    return compiled, relations
