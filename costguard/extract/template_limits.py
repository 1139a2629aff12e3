"""Limits on what a template may do, counted in steps and characters, never in seconds.

A template comes from a repository that nobody vetted. A count is the same on every machine; a clock is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from costguard.extract.template_unknown import Unknown

MAX_TEMPLATE = 5_000_000
"""Characters of a template that is still read."""
MAX_OUTPUT = 5_000_000
"""Characters of one rendered text, and of all text one rendering builds on the way, times four."""
MAX_STEPS = 100_000
"""Calls, loop turns and elements of one rendering. The largest of 3,000 public models took 6,032."""
MAX_SIZE = 20_000
"""Elements of one list or mapping, nested ones counted each time they occur."""
MAX_NUMBER = 10**30
"""Largest whole number; more digits only serve to burn time."""
MAX_WIDTH = 10_000
"""Largest whole number that may be handed to a text function (padding, indentation)."""


class TemplateLimit(Exception):  # noqa: N818 - says which limit, it is no error of ours
    """A template went over a limit; `reason` is the short category that is reported."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Budget:
    """Steps and characters left to one rendering."""

    __slots__ = ("characters", "steps")

    def __init__(self) -> None:
        self.steps = MAX_STEPS
        self.characters = 4 * MAX_OUTPUT

    def spend(self, steps: int = 1) -> None:
        """Take steps off; raises TemplateLimit when none are left."""
        self.steps -= steps
        if self.steps < 0:
            raise TemplateLimit("template runs too long")

    def write(self, characters: int) -> None:
        """Take characters off; raises TemplateLimit when the text gets too large."""
        self.characters -= characters
        if characters > MAX_OUTPUT or self.characters < 0:
            raise TemplateLimit("template too large")

    def measure(self, value: Any) -> Any:
        """Count the elements of a collection, nested ones included, and return it."""
        if not isinstance(value, (list, tuple, dict, set, frozenset)):
            return value
        count = 0
        waiting: list[Any] = [value]
        while waiting:
            item = waiting.pop()
            if isinstance(item, dict):
                count += 2 * len(item)
                waiting.extend(child for child in item.values() if isinstance(child, _COLLECTIONS))
                waiting.extend(child for child in item if isinstance(child, tuple))
            else:
                count += len(item)
                waiting.extend(child for child in item if isinstance(child, _COLLECTIONS))
            if count > MAX_SIZE:
                raise TemplateLimit("template too large")
        self.spend(1 + count // 8)
        return value

    def turns(self, values: Any) -> Iterator[Any]:
        """The values one by one, each a step."""
        for value in values:
            self.spend()
            yield value

    def text(self, value: Any) -> str:
        """`value` as text, of a bounded length."""
        if not isinstance(value, str):
            value = str(self.measure(value))
        self.write(len(value))
        text: str = value
        return text

    def range(self, *bounds: int) -> range:
        """`range`, paid for in advance."""
        values = range(*bounds)
        self.spend(_length(values))
        return values

    def operate(self, operator: str, left: Any, right: Any) -> None:
        """Refuse an operation whose result would be too large, before it is made."""
        if operator == "*":
            for many, times in ((left, right), (right, left)):
                if isinstance(many, (str, list, tuple, bytes)) and isinstance(times, int):
                    self.write(len(many) * max(times, 0))
                    if not isinstance(many, (str, bytes)) and len(many) * times > MAX_SIZE:
                        raise TemplateLimit("template too large")
        elif operator == "+":
            if isinstance(left, str) and isinstance(right, str):
                self.write(len(left) + len(right))
            elif isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
                if len(left) + len(right) > MAX_SIZE:
                    raise TemplateLimit("template too large")
                self.spend(1 + (len(left) + len(right)) // 8)
        elif operator == "**" and isinstance(left, (int, float)) and isinstance(right, (int, float)):
            if abs(right) > 100 or abs(left) > MAX_NUMBER:
                raise TemplateLimit("template too large")
        elif operator == "%" and isinstance(left, str):
            self.pattern(left)
            values = right if isinstance(right, tuple) else (right,)
            if "*" in left and any(isinstance(value, int) and abs(value) > MAX_WIDTH for value in values):
                raise TemplateLimit("template too large")
            for value in values:
                self.measure(value)

    def pattern(self, text: str) -> None:
        """Refuse a format string that asks for a padding of five digits or more."""
        if _WIDE.search(text) is not None:
            raise TemplateLimit("template too large")

    def result(self, value: Any) -> Any:
        """Check what a function returned."""
        if isinstance(value, str):
            if len(value) > 1000:
                self.write(len(value))
        elif isinstance(value, int) and not isinstance(value, bool) and abs(value) > MAX_NUMBER:
            raise TemplateLimit("template too large")
        return value


_WIDE = re.compile(r"[%{][^%{}\s]*\d{5}")
_COLLECTIONS = (list, tuple, dict, set, frozenset)


def _length(values: range) -> int:
    try:
        return len(values)
    except OverflowError:
        return MAX_STEPS + 1


def widths_allowed(arguments: tuple[Any, ...]) -> None:
    """Refuse to hand a huge whole number to a text function."""
    for argument in arguments:
        if isinstance(argument, int) and not isinstance(argument, Unknown) and abs(argument) > MAX_WIDTH:
            raise TemplateLimit("template too large")
