"""Reads a SQL template (Jinja, dbt, Airflow) without the program that would fill it.

Three rungs, the best that works is taken and named in `SqlText.rendering`:

- `manifest`: SQL that dbt itself compiled, when `target/manifest.json` is of this very template;
- `render`: Jinja in a sandbox with the project's macros, unknown values as holes;
- `strip`: the SQL between the tags.

A template that asks whether a run is incremental gives two texts, one for each answer.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from costguard.extract.dbt import DbtProject, TemplateProject, digest
from costguard.extract.dbt_files import MemoryFiles
from costguard.extract.dbt_relations import dbt_model, folder_settings, model_name
from costguard.extract.template_align import align
from costguard.extract.template_limits import TemplateLimit
from costguard.extract.template_map import compose, from_segments, plain, segments_of
from costguard.extract.template_render import Rendered, TemplateFailure, TemplateRenderer
from costguard.extract.template_scan import is_template
from costguard.extract.template_standin import fill
from costguard.extract.template_strip import strip
from costguard.model import DIALECTS, DbtModel, Extraction, Segment, SqlText, Unread

__all__ = ["extract_template", "is_template"]

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/|^\s*#[^\n]*", re.DOTALL | re.MULTILINE)
_WORD = re.compile(r"[A-Za-z]")
_DEFINITION = re.compile(r"\{%[-+]?\s*macro\b")
_HOOKS = ("pre_hook", "post_hook", "pre-hook", "post-hook")
_STAGES = 3
"""How often rendered text that is itself a template is rendered again."""


def extract_template(text: str, path: str, project: TemplateProject | None, dialect: str) -> Extraction:
    """The SQL of one template. What cannot be read becomes an `Unread` entry; nothing is raised.

    Compiled macros are kept in `project.renderers`, so a process should use one project for all its files.
    """
    if project is None:
        project = TemplateProject(MemoryFiles({}))
    dbt = project.project_of(path)
    if dbt is not None and dialect == "bigquery":
        # What the project's own profile connects to is better evidence than the default.
        adapter = dbt.target.get("type")
        dialect = adapter if adapter in DIALECTS else dialect
    if (
        dbt is not None
        and (compiled := dbt.compiled.get(path)) is not None
        and compiled.raw_digest == digest(text)
    ):
        return _from_manifest(text, path, dbt, compiled.text, project, dialect)
    return _Reader(text, path, dbt, dialect, _renderer(project, dialect)).extraction()


def _renderer(project: TemplateProject, dialect: str) -> TemplateRenderer:
    if dialect not in project.renderers:
        project.renderers[dialect] = TemplateRenderer(project, dialect)
    renderer: TemplateRenderer = project.renderers[dialect]
    return renderer


def _from_manifest(
    text: str, path: str, dbt: DbtProject, compiled: str, project: TemplateProject, dialect: str
) -> Extraction:
    name = model_name(path)
    settings = folder_settings(dbt, path)
    model = dbt_model(name, _renderer(project, dialect).relation(path, name), settings)
    if not _has_sql(compiled):
        return Extraction("template", (text,), dbt=model)
    sql = SqlText(
        compiled,
        via="dbt",
        segments=align(text, compiled),
        dialect=dialect,
        rendering="manifest",
        destination=model.relation,
        saved=model.relation is not None,
    )
    return Extraction("template", (text,), (sql,), dbt=model)


def _has_sql(text: str) -> bool:
    """False for a text of comments, whitespace and signs only."""
    return _WORD.search(_COMMENT.sub("", text)) is not None


class _Reader:
    """One template on its way through the rungs."""

    def __init__(
        self, text: str, path: str, dbt: DbtProject | None, dialect: str, renderer: TemplateRenderer
    ) -> None:
        self._text = text
        self._path = path
        self._dbt = dbt
        self._dialect = dialect
        self._renderer = renderer
        self._unread: list[Unread] = []
        self._via = "dbt" if dbt is not None else "template"
        self._name = model_name(path)
        is_model = dbt is not None and dbt.models.get(self._name) == path
        self._destination = str.__str__(renderer.relation(path, self._name)) if is_model else None

    def extraction(self) -> Extraction:
        model: DbtModel | None = None
        sql: list[SqlText] = []
        try:
            rendered = self._renderer.render(self._text, self._path)
            sql.append(self._sql(rendered.text, "render"))
            variants = [rendered]
            if rendered.branched:
                variants.append(self._renderer.render(self._text, self._path, incremental=True))
                sql.append(self._sql(variants[1].text, "render"))
            sql = [replace(text, includes=self._includes(variants)) for text in self._named_variants(sql)]
            sql.extend(self._side_texts(variants))
            sql.extend(self._hooks(rendered.settings))
            model = self._model(rendered)
            for name in dict.fromkeys(name for variant in variants for name in variant.missing_files):
                self._unread.append(Unread("template include not found", name, 0, len(self._text)))
        except TemplateLimit as limit:
            self._unread.append(Unread(limit.reason, self._path, 0, len(self._text)))
            sql = []
        except TemplateFailure as failure:
            sql = self._stripped(str(failure))
        kept = [item for item in sql if self._wanted(item)]
        if not kept and not self._unread and any(item.holes for item in sql):
            self._unread.append(
                Unread("template not rendered", "only unknown values are left", 0, len(self._text))
            )
        return Extraction("template", (self._text,), tuple(kept), unread=tuple(self._unread), dbt=model)

    def _stripped(self, detail: str) -> list[SqlText]:
        try:
            full, branched = strip(self._text)
            texts = [self._sql(full, "strip")]
            if branched:
                texts.append(self._sql(strip(self._text, incremental=True)[0], "strip"))
        except ValueError as error:
            self._unread.append(Unread("template not rendered", f"{detail}; {error}", 0, len(self._text)))
            return []
        if not any(self._wanted(text) for text in texts) and _DEFINITION.search(self._text) is None:
            self._unread.append(Unread("template not rendered", detail, 0, len(self._text)))
        return self._named_variants(texts)

    def _sql(self, text: str, rendering: str) -> SqlText:
        for _ in range(_STAGES - 1):
            if rendering != "render" or not is_template(text):
                break
            try:
                again = self._renderer.render(plain(text), self._path).text
            except (TemplateFailure, TemplateLimit):
                break  # braces that were text after all
            segments = compose(segments_of(again, len(text)), segments_of(text, len(self._text)))
            text = from_segments(plain(again), segments)
        filled, holes = fill(text, self._dialect)
        return SqlText(
            plain(filled),
            via=self._via,
            segments=segments_of(filled, len(self._text)),
            holes=holes,
            dialect=self._dialect,
            rendering=rendering,
            destination=self._destination,
            saved=self._destination is not None,
        )

    def _named_variants(self, texts: list[SqlText]) -> list[SqlText]:
        """With two texts the variants get their names; two equal texts are one."""
        if len(texts) < 2:
            return texts
        full, incremental = texts
        if full.text == incremental.text:
            return [full]
        return [replace(full, variant="full-refresh"), replace(incremental, variant="incremental")]

    def _includes(self, variants: list[Rendered]) -> tuple[str, ...]:
        """The included files, as counted from the folder of the template."""
        folder = posixpath.dirname(self._path)
        paths = dict.fromkeys(path for variant in variants for path in variant.included_files)
        return tuple(posixpath.relpath(path, folder or ".") for path in paths)

    def _side_texts(self, variants: list[Rendered]) -> list[SqlText]:
        """SQL that the template runs while it is rendered, each text once."""
        unique = dict.fromkeys(side for variant in variants for side in variant.side_texts)
        return [replace(self._sql(side, "render"), destination=None, saved=False) for side in unique]

    def _hooks(self, settings: Mapping[str, Any]) -> list[SqlText]:
        """SQL that dbt runs before and after the model; of hooks that are not known an `Unread`."""
        found: list[SqlText] = []
        for name in _HOOKS if self._dbt is not None else ():
            given = settings.get(name)
            for hook in given if isinstance(given, (list, tuple)) else [given]:
                text = hook.get("sql") if isinstance(hook, Mapping) else hook
                if text is None or (isinstance(text, str) and not text.strip()):
                    continue
                sql = self._sql(self._placed(text), "render") if isinstance(text, str) else None
                if sql is not None and self._wanted(sql):
                    found.append(replace(sql, destination=None))
                elif sql is None or sql.holes:
                    self._unread.append(Unread("SQL built at run time", name, 0, len(self._text)))
        return found

    def _placed(self, hook: str) -> str:
        """The text of a hook with its place, where it stands in the template as it is."""
        start = self._text.find(hook)
        if start == -1:
            return hook
        return from_segments(hook, [Segment(0, len(hook), start, start + len(hook))])

    def _model(self, rendered: Rendered) -> DbtModel | None:
        if self._dbt is None or not self._is_model(rendered):
            return None
        return dbt_model(self._name, self._destination or "", rendered.settings, dict(rendered.blocks))

    def _is_model(self, rendered: Rendered) -> bool:
        assert self._dbt is not None
        names = [self._name, *(name for kind, name in rendered.blocks if kind == "snapshot")]
        return any(self._dbt.models.get(name) == self._path for name in names)

    def _wanted(self, sql: SqlText) -> bool:
        if not _has_sql(sql.text):
            return False
        bare = list(sql.text)
        for hole in sql.holes:
            bare[hole.start : hole.end] = " " * (hole.end - hole.start)
        return _has_sql("".join(bare))
