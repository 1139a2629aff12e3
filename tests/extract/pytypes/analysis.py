"""Reads a piece of Python the way the scanner does."""

from __future__ import annotations

import ast
import textwrap
from dataclasses import dataclass

from costguard.extract.python_source import SourceMap
from costguard.extract.pytypes.facts import python_facts
from costguard.extract.pytypes.module import ModuleTypes
from costguard.model import Call, Frame, Loop, PythonFacts


@dataclass(frozen=True)
class Analysis:
    text: str
    tree: ast.Module
    types: ModuleTypes
    facts: PythonFacts

    def node(self, code: str) -> ast.expr:
        """The first expression that is written like this."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.expr) and ast.unparse(node) == code:
                return node
        raise AssertionError(f"{code} is not in the text")

    def type_of(self, code: str) -> str | None:
        return self.types.type_of(self.node(code))

    def resolve(self, code: str) -> str | None:
        return self.types.resolve(self.node(code))

    def call(self, function: str) -> Call:
        """The only call of a function."""
        found = [call for call in self.facts.calls if call.function == function]
        assert len(found) == 1, [call.function for call in self.facts.calls]
        return found[0]

    def frame(self, name: str) -> Frame:
        """The only frame of a name."""
        found = [frame for frame in self.facts.frames if frame.name == name]
        assert len(found) == 1, [frame.name for frame in self.facts.frames]
        return found[0]

    def loop(self, target: str) -> Loop:
        """The only loop with a loop variable."""
        found = [loop for loop in self.facts.loops if loop.target == target]
        assert len(found) == 1, [loop.target for loop in self.facts.loops]
        return found[0]

    def functions(self) -> list[str]:
        return [call.function for call in self.facts.calls]

    def written(self, place: Call | Frame | Loop) -> str:
        return self.text[place.start : place.end]


def analyse(code: str, known: dict[str, str] | None = None) -> Analysis:
    text = textwrap.dedent(code).lstrip("\n")
    tree = ast.parse(text)
    source = SourceMap(text)
    types = ModuleTypes(tree, known or {})
    facts = python_facts(tree, types, lambda line, column: (source.offset(line, column), None))
    return Analysis(text, tree, types, facts)
