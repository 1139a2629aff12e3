"""Renders one template in the sandbox, with the macros and names of its project.

A `TemplateRenderer` is kept by its worker: compiled macro files are reused, everything that belongs to
one rendering lives in a `_Rendering`.
"""

from __future__ import annotations

import functools
import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from costguard.extract.dbt import DbtProject, Relation, TemplateProject
from costguard.extract.dbt_relations import Relations, folder_settings
from costguard.extract.template_functions import cross_database_macros, dbt_utils_macros
from costguard.extract.template_library import MacroFiles
from costguard.extract.template_limits import MAX_TEMPLATE, Budget, TemplateLimit
from costguard.extract.template_map import TrackedText, join, output, plain
from costguard.extract.template_names import (
    ADAPTERS,
    Adapter,
    MacroNamespace,
    Settings,
    Target,
    Variables,
    constant_names,
)
from costguard.extract.template_own import OwnTemplate, compile_own
from costguard.extract.template_relation import RelationValue, relation_value
from costguard.extract.template_sandbox import (
    MacroReturn,
    ProjectLoader,
    TemplateEnvironment,
    TemplateError,
    missing,
)
from costguard.extract.template_scan import scan
from costguard.extract.template_unknown import Unknown
from costguard.extract.template_words import FIXED_NAMES


class TemplateFailure(Exception):  # noqa: N818 - the template's failure, not ours
    """A template that could not be rendered; `detail` says what Jinja or the template said."""


@dataclass(slots=True)
class Rendered:
    """One rendering of one template. Unknown values are still marked in the texts."""

    text: str
    branched: bool
    """True when the template asks whether the run is incremental."""
    settings: dict[str, Any]
    """What `config(...)` was given."""
    side_texts: list[str] = field(default_factory=list)
    """SQL that the template itself would run: `run_query(...)`, `{% call statement() %}`."""
    missing_files: list[str] = field(default_factory=list)
    included_files: list[str] = field(default_factory=list)
    """Paths of the files that stand in the text."""
    blocks: list[tuple[str, str]] = field(default_factory=list)
    """(kind, name) of snapshot and test blocks."""


class _Rendering:
    """State of the rendering in progress."""

    __slots__ = ("incremental", "path", "project", "rendered", "specific")

    def __init__(
        self, path: str, project: DbtProject | None, incremental: bool, settings: dict[str, Any]
    ) -> None:
        self.path = path
        self.project = project
        self.incremental = incremental
        self.rendered = Rendered("", False, settings)
        self.specific: dict[str, Any] = {}


class TemplateRenderer:
    """Renders templates of one project in one dialect."""

    def __init__(self, project: TemplateProject, dialect: str) -> None:
        self._project = project
        self._dialect = dialect
        self._environment = TemplateEnvironment(self._lookup, ProjectLoader(self._included))
        self._relations = Relations(project.files, self._evaluate_settings)
        self._cross = cross_database_macros(dialect)
        self._packages = {"dbt": self._cross, "dbt_utils": dbt_utils_macros(dialect)}
        self._macros = MacroFiles(self._environment, project.files)
        self._variables: dict[tuple[str, str], Any] = {}
        self._own: OwnTemplate | None = None
        self._now = _Rendering("", None, False, {})
        self._names = constant_names(dialect)
        self._names.update(
            {
                "ref": self._ref,
                "source": self._source,
                "is_incremental": self._is_incremental,
                "is_init": self._is_init,
                "should_full_refresh": lambda: not self._now.incremental,
                "load_relation": lambda relation=None: relation if self._now.incremental else None,
                "run_query": self._run_query,
                "statement": self._statement,
                "var": Variables(self._variable),
                "adapter": Adapter(dialect, self._dispatch),
                "range": lambda *bounds: self._environment.budget.range(*bounds),
                "__turns__": self._turns,
                "__out__": self._out,
                "__text__": self._text,
                "__join__": self._join,
                "__sized__": lambda value: self._environment.budget.measure(value),
                "__not__": lambda value: value if isinstance(value, Unknown) and value else not value,
                "__in__": _contains,
                "__include__": self._include,
                "__block__": self._block,
                "__argument__": lambda name: Unknown(expression=name),
            }
        )
        self._names["builtins"] = {name: self._names[name] for name in ("ref", "source", "var")}

    def render(self, text: str, path: str, incremental: bool = False) -> Rendered:
        """Render one template. Raises TemplateFailure, or TemplateLimit when it goes over a limit."""
        if len(text) > MAX_TEMPLATE:
            raise TemplateLimit("template too large")
        return self._guard(lambda: self._render(text, path, incremental))

    def relation(self, path: str, name: str) -> RelationValue:
        """The table that a model of the project becomes."""
        return relation_value(self._relations.model(self._project.project_of(path), name), self._dialect)

    def _guard(self, work: Callable[[], Rendered]) -> Rendered:
        previous, budget = self._now, self._environment.budget
        try:
            return work()
        except RecursionError:
            raise TemplateLimit("template recursion") from None
        except MemoryError:
            raise TemplateLimit("template too large") from None
        except (
            TemplateError,
            MacroReturn,
            SyntaxError,
            ArithmeticError,
            AssertionError,
            AttributeError,
            LookupError,
            TypeError,
            ValueError,
        ) as error:
            # The template's own code failed: any of these can come out of it.
            raise TemplateFailure(f"{type(error).__name__}: {error}"[:200]) from error
        finally:
            self._now, self._environment.budget = previous, budget

    def _render(self, text: str, path: str, incremental: bool) -> Rendered:
        project = self._project.project_of(path)
        self._environment.budget = Budget()
        self._now = self._prepared(path, project, incremental)
        now = self._now
        own = self._own
        if own is None or own.path != path or own.text != text:
            own = self._own = compile_own(self._environment, text, path)
        self._environment.chunks = own.chunks
        now.rendered.text = self._environment.concat(own.pieces(path))
        return now.rendered

    def _prepared(self, path: str, project: DbtProject | None, incremental: bool) -> _Rendering:
        settings = folder_settings(project, path) if project is not None else {}
        now = _Rendering(path, project, incremental, settings)
        config = Settings(settings)
        now.specific["config"] = config
        now.specific["target"] = self._target(project)
        if project is not None:
            name = posixpath.splitext(posixpath.basename(path))[0]
            this = relation_value(self._relations.model(project, name), self._dialect)
            now.specific["this"] = this
            now.specific["model"] = {
                "name": name,
                "alias": this.identifier,
                "schema": this.schema,
                "database": this.database,
                "config": config,
                "resource_type": "model",
                "original_file_path": path,
                "tags": [],
                "fqn": [project.name, name],
            }
            now.specific["project_name"] = project.name
        return now

    # --- names -------------------------------------------------------------------------------------------

    def _lookup(self, name: str) -> Any:
        now = self._now
        if name in now.specific:
            return now.specific[name]
        if name in FIXED_NAMES or name.startswith("__"):
            return self._names.get(name, missing)
        project = now.project
        if project is not None:
            macro = self._macros.find(project.macros.get(name), name)
            if macro is not missing:
                return macro
            if name in project.packages or name in self._packages or name == project.name:
                return MacroNamespace(name, self._package_macro)
        if name in self._names:
            return self._names[name]
        if project is None:
            return self._macros.find(self._project.macros.get(name), name)
        if name in self._cross:
            return self._cross[name]
        for macros in project.packages.values():
            if name in macros:
                return self._macros.find(macros[name], name)
        return Unknown(expression=name, absent=True)

    def _package_macro(self, package: str, name: str) -> Any:
        project = self._now.project
        assert project is not None
        if package == project.name and name in project.macros:
            return self._macros.find(project.macros[name], name)
        known = self._packages.get(package, {}).get(name)
        if known is not None:
            return known
        macro = self._macros.find(project.packages.get(package, {}).get(name), name)
        return Unknown(expression=f"{package}.{name}") if macro is missing else macro

    def _dispatch(self, package: str, name: str) -> Any:
        adapter = ADAPTERS.get(self._dialect, self._dialect)
        for candidate in (f"{adapter}__{name}", f"default__{name}"):
            found = self._lookup(candidate)
            if not isinstance(found, Unknown) and found is not missing:
                return found
            if self._now.project is not None and package:
                found = self._package_macro(package, candidate)
                if not isinstance(found, Unknown):
                    return found
        known = self._packages.get(package, {}).get(name) or self._cross.get(name)
        return known if known is not None else Unknown(expression=f"adapter.dispatch('{name}')")

    def _variable(self, name: str) -> tuple[bool, Any]:
        project = self._now.project
        if project is None or name not in project.variables:
            return False, None
        key = (project.directory, name)
        if key not in self._variables:
            value = project.variables[name]
            if isinstance(value, str) and "{{" in value:
                value = plain(self._environment.compile_bounded(value, name).render())
            self._variables[key] = value
        return True, _copied(self._variables[key])

    def _target(self, project: DbtProject | None) -> Target:
        if project is None:
            return Target({})
        values: dict[str, Any] = {"type": ADAPTERS.get(self._dialect, self._dialect), "name": "prod"}
        values.update(project.target)
        for one, other in (("project", "database"), ("dataset", "schema")):
            for key, same in ((one, other), (other, one)):
                if key in values:
                    values.setdefault(same, values[key])
        return Target(values)

    # --- functions of dbt --------------------------------------------------------------------------------

    def _ref(self, *names: Any, **_: Any) -> Any:
        if not names or isinstance(names[-1], Unknown):
            return names[-1] if names else Unknown(expression="ref()")
        name = str(names[-1])
        return relation_value(self._relations.model(self._now.project, name), self._dialect)

    def _source(self, source: Any = "", table: Any = "", database: Any = None, **_: Any) -> Any:
        for given in (source, table):
            if isinstance(given, Unknown):
                return given
        relation = self._relations.source(self._now.project, str(source), str(table))
        if database is not None and not isinstance(database, Unknown):
            relation = Relation(str(database), relation.schema, relation.identifier)
        return relation_value(relation, self._dialect)

    def _is_incremental(self, *_: Any) -> bool:
        materialized = (
            self._now.rendered.settings.get("materialized") if self._now.project is not None else None
        )
        if isinstance(materialized, str) and materialized in _NEVER_INCREMENTAL:
            return False
        self._now.rendered.branched = True
        return self._now.incremental

    def _is_init(self, *_: Any) -> bool:
        self._now.rendered.branched = True
        return not self._now.incremental

    def _run_query(self, sql: Any = "", *_: Any, **__: Any) -> Unknown:
        if isinstance(sql, str) and sql.strip():
            self._now.rendered.side_texts.append(sql)
        return Unknown(expression="run_query(...)")

    def _statement(self, name: Any = None, *_: Any, caller: Any = None, **__: Any) -> str:
        if caller is not None:
            self._run_query(caller())
        return ""

    def _block(self, kind: str, name: str) -> str:
        self._now.rendered.blocks.append((kind, name))
        return ""

    # --- what the rewritten template calls ---------------------------------------------------------------

    def _turns(self, values: Any, width: int) -> Any:
        if isinstance(values, Unknown) and values:
            one = values._grown("[0]")
            return [tuple(one._grown(f"[{number}]") for number in range(width)) if width else one]
        return self._environment.budget.turns(values)

    def _text(self, value: Any) -> str:
        if not isinstance(value, str) and callable(value) and not isinstance(value, Unknown):
            # A variable of the program that renders it, named like one of the functions known here.
            value = Unknown(expression=str(getattr(value, "__name__", "unknown")))
        return self._environment.budget.text(value)

    def _join(self, *values: Any) -> str:
        return join([self._text(value) for value in values])

    def _include(self, name: Any) -> str:
        candidates = name if isinstance(name, (list, tuple)) else [name]
        for candidate in candidates:
            found = self._included(self._now.path, str(candidate))
            if found is not None:
                path, text = found
                self._now.rendered.included_files.append(path)
                self._environment.budget.spend(100)
                template = self._environment.compile_bounded(text, path)
                return plain(self._environment.concat(template.root_render_func(template.new_context({}))))
        self._now.rendered.missing_files.append(str(name)[:80])
        return ""

    def _included(self, parent: str, name: str) -> tuple[str, str] | None:
        """(path, text) of an included file: beside its parent, or in a folder above it."""
        folder = posixpath.dirname(parent or self._now.path)
        while True:
            for inside in ("", "templates", "macros"):
                path = posixpath.normpath(
                    posixpath.join(folder, inside, name.lstrip("/") if inside else name)
                )
                if path in self._project.templates or path in self._macro_paths:
                    text = self._project.files.read(path)
                    return None if text is None else (path, text)
            above = posixpath.dirname(folder)
            if above == folder:  # nothing, or the root of an absolute path
                return None
            folder = above

    @functools.cached_property
    def _macro_paths(self) -> frozenset[str]:
        return frozenset(path for project in self._project.projects for path in project.macros.values())

    # --- compiling ---------------------------------------------------------------------------------------

    def _out(self, index: int, value: Any) -> TrackedText:
        """The printed value of the tag with this number."""
        own = self._own
        assert own is not None
        part = own.parts[index]
        if isinstance(value, Unknown) or (callable(value) and not isinstance(value, str)):
            expression = " ".join(own.text[part.inner_start : part.inner_end].split())
            value = Unknown(expression=expression, standin=getattr(value, "standin", "") or "")
        return output(self._text(value), part.start, part.end)

    def _evaluate_settings(self, text: str, path: str) -> dict[str, Any]:
        """What `config(...)` of another model is given, where that takes evaluating `set` tags."""
        kept: list[str] = []
        for part in scan(text):
            inner = text[part.inner_start : part.inner_end]
            if part.kind == "statement" and part.keyword == "set" and "=" in inner:
                kept.append(text[part.start : part.end])
            elif part.kind == "output" and inner.lstrip().startswith("config"):
                kept.append(text[part.start : part.end])
                break
        previous = self._now
        project = self._project.project_of(path)
        self._now = _Rendering(path, project, False, {})
        found: dict[str, Any] = {}
        self._now.specific["config"] = Settings(found)
        self._now.specific["target"] = self._target(project)
        try:
            template = self._environment.compile_bounded("".join(kept), path)
            self._environment.concat(template.root_render_func(template.new_context({})))
        except (TemplateError, TypeError, ValueError, AttributeError, LookupError):
            return {}  # the model keeps its plain name
        finally:
            self._now = previous
        return {key: value for key, value in found.items() if isinstance(value, str)}


_NEVER_INCREMENTAL = frozenset({"table", "view", "ephemeral", "materialized_view", "materialized view"})
"""A model built in one of these ways is made anew on every run."""


def _contains(item: Any, values: Any) -> Any:
    """`item in values`; unknown when either is."""
    if isinstance(item, Unknown) or isinstance(values, Unknown):
        return item if isinstance(item, Unknown) else values
    return item in values


def _copied(value: Any) -> Any:
    """A copy that a template may change."""
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copied(item) for item in value]
    return value
