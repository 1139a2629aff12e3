"""Compiles macro files when a template first calls one of their macros, and keeps them."""

from __future__ import annotations

import re
from typing import Any

from costguard.extract.dbt_files import ProjectFiles
from costguard.extract.template_limits import MAX_TEMPLATE
from costguard.extract.template_sandbox import MacroReturn, TemplateEnvironment, TemplateError, missing

_BROKEN = (TemplateError, SyntaxError, ValueError, TypeError, AttributeError, LookupError, MacroReturn)
"""What compiling a macro file, or running its top level, can come to."""
_MACRO_BLOCK = re.compile(r"\{%[-+]?\s*macro\b.*?\bendmacro\s*[-+]?%\}", re.DOTALL)


class MacroFiles:
    """The macro files of a project, compiled for one environment."""

    def __init__(self, environment: TemplateEnvironment, files: ProjectFiles) -> None:
        self._environment = environment
        self._files = files
        self._modules: dict[str, Any] = {}

    def find(self, path: str | None, name: str) -> Any:
        """A macro by the file that defines it; missing when there is none or the file cannot be read."""
        if path is None:
            return missing
        if path not in self._modules:
            self._modules[path] = None  # a file whose top level uses its own macros sees none meanwhile
            self._modules[path] = self._module(path)
        module = self._modules[path]
        return getattr(module, name, missing) if module is not None else missing

    def _module(self, path: str) -> Any:
        text = self._files.read(path)
        if text is None or len(text) > MAX_TEMPLATE:
            return None
        try:
            return self._environment.compile_bounded(text, path).make_module({})
        except _BROKEN:
            pass  # one macro at a time, then: dbt reads the macros of a file and nothing between them
        blocks: list[str] = []
        for match in _MACRO_BLOCK.finditer(text):
            try:
                self._environment.compile_bounded(match.group(), path)
            except _BROKEN:
                continue  # this macro stays unknown where it is called
            blocks.append(match.group())
        try:
            return self._environment.compile_bounded("".join(blocks), path).make_module({})
        except _BROKEN:
            return None
