"""Finds the SQL of a Python module and what the module does to data."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass

from costguard.extract.jupytext import jupytext_queries
from costguard.extract.python_files import FileReader, ReadFile
from costguard.extract.python_flow import ModuleFlow
from costguard.extract.python_prefilter import may_hold_sql, may_matter
from costguard.extract.python_scopes import Scope
from costguard.extract.python_sites import SiteCollector
from costguard.extract.python_source import SourceMap, parse_python
from costguard.extract.pytypes.facts import python_facts
from costguard.extract.pytypes.module import ModuleTypes
from costguard.model import Extraction, PythonFacts, SqlText, Unread

Marker = Callable[[ModuleFlow, Scope], None]


@dataclass(frozen=True, slots=True)
class ModuleFindings:
    """What one module holds; offsets count in the module's text."""

    sql: tuple[SqlText, ...]
    facts: PythonFacts
    unread: tuple[Unread, ...]


def extract_python(text: str, path: str, read_file: ReadFile) -> Extraction:
    """The SQL texts and Python facts of a module.

    `read_file` gives the text of a file of the repository by its path (relative to the repository, or to the
    module's folder), None when there is none. Nothing raises on bad input: what cannot be read is `unread`.
    """
    if not may_matter(text):
        return Extraction("python", (text,))
    tree = parse_python(text)
    if isinstance(tree, Unread):
        return Extraction("python", (text,), unread=(tree,))
    try:
        found = analyse_module(tree, SourceMap(text), FileReader(path, read_file))
    except RecursionError:
        return Extraction("python", (text,), unread=(Unread("Python code nested too deeply"),))
    return Extraction("python", (text,), (*found.sql, *jupytext_queries(text)), found.facts, found.unread)


def analyse_module(
    tree: ast.Module,
    source: SourceMap,
    files: FileReader,
    known: dict[str, str] | None = None,
    markers: dict[int, Marker] | None = None,
) -> ModuleFindings:
    """Follows the values of a parsed module.

    `known` gives types of names that no Python statement binds (a magic's destination); `markers` are called
    with the scope when the flow reaches the constant statement at their offset.
    """
    types = ModuleTypes(tree, known=known or {})
    facts = python_facts(tree, types, lambda line, column: (source.offset(line, column), None))
    if not markers and not may_hold_sql(source.text):
        return ModuleFindings((), facts, ())
    flow = ModuleFlow(tree, source, types, files)
    for offset, marker in (markers or {}).items():
        flow.markers[offset] = _bound(marker, flow)
    flow.run()
    if not flow.notes.uses and not flow.notes.candidates:
        return ModuleFindings((), facts, ())
    collector = SiteCollector(flow, tree, source, facts)
    collector.collect()
    return ModuleFindings(tuple(collector.sql), facts, tuple(collector.unread))


def _bound(marker: Marker, flow: ModuleFlow) -> Callable[[Scope], None]:
    return lambda scope: marker(flow, scope)
