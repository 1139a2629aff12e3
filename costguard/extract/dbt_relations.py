"""What table a model or source of a dbt project is, without running dbt."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from typing import Any

from costguard import strict_yaml
from costguard.extract.dbt import DbtProject, Relation
from costguard.extract.dbt_files import ProjectFiles
from costguard.model import DbtModel

_CONFIG = re.compile(r"\{\{-?\s*config\s*\(")
_SETTING = re.compile(
    r"\b(schema|alias|database|project|dataset)\s*=\s*"
    r"(?:'([^'{}]*)'(?=\s*(?:[,)]|$))|\"([^\"{}]*)\"(?=\s*(?:[,)]|$))|(\S))"
)
"""A setting of `config(...)`: groups 2 and 3 are a plain string, group 4 the start of anything else."""
_SAME = {"project": "database", "dataset": "schema"}


def folder_settings(project: DbtProject, path: str) -> dict[str, Any]:
    """Settings that dbt_project.yml gives to a model by its folder, the innermost last (`+` removed)."""
    result: dict[str, Any] = {}
    level: Any = project.settings
    folder = next((root for root in project.model_paths if path.startswith(f"{root}/")), None)
    if folder is None:
        return result
    inside = path[len(folder) + 1 :].split("/")
    inside[-1] = posixpath.splitext(inside[-1])[0]
    _add_settings(result, level)
    for step in (project.name, *inside):
        level = level.get(step) if isinstance(level, Mapping) else None
        if level is None:
            break
        _add_settings(result, level)
    return result


def _add_settings(result: dict[str, Any], level: Any) -> None:
    if not isinstance(level, Mapping):
        return
    for key, value in level.items():
        if isinstance(key, str) and (key.startswith("+") or not isinstance(value, Mapping)):
            result[key.lstrip("+")] = value


class Relations:
    """Resolves `ref`, `source` and `this`; reads a model or a YAML file when it is first asked for."""

    def __init__(self, files: ProjectFiles, evaluate: Callable[[str, str], Mapping[str, Any]]) -> None:
        self._files = files
        self._evaluate = evaluate
        self._models: dict[tuple[str, str], Relation] = {}
        self._sources: dict[str, dict[str, tuple[Relation, dict[str, Relation]]]] = {}

    def model(self, project: DbtProject | None, name: str) -> Relation:
        """The relation of a model by its name: from the manifest, else from its `config` and the folder
        settings, else just its name. The name of a model is known even where its dataset is not.
        """
        if project is None:
            return Relation("", "", name)
        key = (project.directory, name)
        if key in self._models:
            return self._models[key]
        self._models[key] = Relation("", "", name)  # what a model that refers to itself gets meanwhile
        if name in project.relations:
            self._models[key] = project.relations[name]
        else:
            path = project.models.get(name)
            if path is not None:
                self._models[key] = self._located(project, path, name)
        return self._models[key]

    def _located(self, project: DbtProject, path: str, name: str) -> Relation:
        settings: dict[str, Any] = folder_settings(project, path)
        text = self._files.read(path) if path.endswith(".sql") else None
        opening = _CONFIG.search(text) if text is not None else None
        if text is not None and opening is not None:
            closing = text.find("}}", opening.end())
            call = text[opening.end() : closing if closing != -1 else len(text)]
            found = {match.group(1): match for match in _SETTING.finditer(call)}
            if any(match.group(4) for match in found.values()):
                settings.update(self._evaluate(text, path))
            else:
                settings.update({key: match.group(2) or match.group(3) or "" for key, match in found.items()})
        for other, key in _SAME.items():
            if other in settings and key not in settings:
                settings[key] = settings[other]
        target = project.target
        database = settings.get("database") or target.get("database") or target.get("project") or ""
        base = target.get("schema") or target.get("dataset") or ""
        custom = settings.get("schema") or ""
        alias = settings.get("alias") or name
        parts = [
            value if isinstance(value, str) and "{" not in value else "" for value in (database, base, custom)
        ]
        schema = parts[2] or parts[1]
        if parts[1] and parts[2] and "generate_schema_name" not in project.macros:
            # dbt's own rule; a project that overrides it nearly always drops the prefix.
            schema = f"{parts[1]}_{parts[2]}"
        return Relation(parts[0], schema, alias if isinstance(alias, str) else name)

    def source(self, project: DbtProject | None, source: str, table: str) -> Relation:
        """The relation of a source table; its dataset is the source's name unless YAML says otherwise."""
        plain = Relation("", source, table)
        if project is None:
            return plain
        if (known := project.relations.get(f"{source}.{table}")) is not None:
            return known
        first: Relation | None = None
        for path in project.sources.get(source, ()):
            if path not in self._sources:
                self._sources[path] = _read_sources(self._files.read(path) or "")
            entry = self._sources[path].get(source)
            if entry is None:
                continue
            if table in entry[1]:
                return entry[1][table]
            first = first or Relation(entry[0].database, entry[0].schema, table)
        return first or plain


def _read_sources(text: str) -> dict[str, tuple[Relation, dict[str, Relation]]]:
    """Source name -> (its database and dataset, table name -> relation). Unreadable YAML gives nothing."""
    try:
        data = strict_yaml.load(text)
    except strict_yaml.YamlProblem:
        return {}
    result: dict[str, tuple[Relation, dict[str, Relation]]] = {}
    entries = data.get("sources") if isinstance(data, dict) else None
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            continue
        name = entry["name"]
        database = _plain(entry.get("database") or entry.get("project") or entry.get("catalog"), "")
        schema = _plain(entry.get("schema") or entry.get("dataset"), name)
        tables: dict[str, Relation] = {}
        listed = entry.get("tables")
        for table in listed if isinstance(listed, list) else ():
            if isinstance(table, dict) and isinstance(table.get("name"), str):
                tables[table["name"]] = Relation(
                    database, schema, _plain(table.get("identifier"), table["name"])
                )
        result[name] = (Relation(database, schema, ""), tables)
    return result


def _plain(value: Any, otherwise: str) -> str:
    """A name written out; a template of a name (`{{ var(...) }}`) is not known here."""
    return value if isinstance(value, str) and value and "{" not in value else otherwise


def model_name(path: str) -> str:
    """The name of the model that a file holds."""
    return posixpath.splitext(posixpath.basename(path))[0]


def dbt_model(
    name: str, relation: str, settings: Mapping[str, Any], blocks: Mapping[str, str] | None = None
) -> DbtModel:
    """The settings that matter to cost, from what `config(...)` and dbt_project.yml say."""
    block = next((kind for kind in ("snapshot", "test", "data_test") if kind in (blocks or {})), "")
    partition = settings.get("partition_by")
    column, granularity = "", ""
    if isinstance(partition, Mapping):
        column = _scalar(partition.get("field"))
        granularity = _scalar(partition.get("granularity"))
    else:
        column = ", ".join(_strings(partition))
    return DbtModel(
        name=name,
        relation=str(relation),
        materialized=block or _scalar(settings.get("materialized")) or "view",
        incremental_strategy=_scalar(settings.get("incremental_strategy")),
        partition_by=column,
        partition_granularity=granularity,
        cluster_by=_strings(settings.get("cluster_by")),
        unique_key=_strings(settings.get("unique_key")),
    )


def _scalar(value: Any) -> str:
    """A text that is written out; an unknown value gives nothing."""
    return str.__str__(value) if isinstance(value, str) and value.isprintable() and "{" not in value else ""


def _strings(value: Any) -> tuple[str, ...]:
    items = value if isinstance(value, (list, tuple)) else (value,)
    return tuple(text for item in items if (text := _scalar(item)))
