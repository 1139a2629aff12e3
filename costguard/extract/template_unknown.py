"""A value that a template asks for and nobody knows before it runs.

An unknown value may be called, indexed, compared and looped over; it stays unknown and remembers the
expression that made it. Printed, it becomes a run of private-use characters that survives string
functions; `template_standin` replaces it at the end by something that parses.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from typing import Any

from jinja2 import Undefined
from jinja2.runtime import missing  # type: ignore[attr-defined]

_OPEN = "\U00100000"
_MIDDLE = "\U00100001"
_CLOSE = "\U00100002"
_PLANE = 0xF0000
_LONGEST = 120
MARK = re.compile(f"{_OPEN}([\U000f0000-\U000ffffd]*){_MIDDLE}([\U000f0000-\U000ffffd]*){_CLOSE}")
STRAY = re.compile("[\U000f0000-\U000ffffd\U00100000-\U00100002]")

# Stand-in for the date of a scheduled run. Any day would do; a fixed one keeps the output the same every day.
RUN_DATE = datetime.datetime(2024, 1, 1)


def encode(text: str) -> str:
    """`text` in private-use characters (plane 15), immune to quoting, case and splitting."""
    return "".join(chr(_PLANE + ord(character)) for character in text if ord(character) < 0xFFFE)


def decode(text: str) -> str:
    """The text that `encode` was given."""
    return "".join(chr(ord(character) - _PLANE) for character in text)


class Answering:
    """A value that answers for any attribute. Jinja asks callables for these three and must not be fooled."""

    __slots__ = ()
    unsafe_callable = False
    alters_data = False
    jinja_pass_arg = None


class Unknown(Answering, Undefined):
    """See the module. `expression` is template source; `standin` a typed stand-in text, `` for none."""

    __slots__ = ("absent", "expression", "standin")

    absent: bool
    """Surely not given (a parameter, a name in dbt, where all are known): false, and empty to loop over."""
    expression: str
    standin: str

    def __init__(
        self,
        hint: str | None = None,
        obj: Any = missing,
        name: Any = None,
        _exception: Any = None,
        *,
        expression: str | None = None,
        standin: str = "",
        absent: bool = False,
    ) -> None:
        if expression is None:
            owner = getattr(obj, "expression", "") if isinstance(obj, Unknown) else ""
            key = name if isinstance(name, str) else repr(name)
            expression = f"{owner}.{key}" if owner else key
        super().__init__(hint, missing, expression[:_LONGEST])
        self.expression = expression[:_LONGEST]
        self.standin = standin
        self.absent = absent or (hint is not None and "was not provided" in hint)

    def _grown(self, suffix: str, standin: str = "") -> Unknown:
        return Unknown(expression=self.expression + suffix, standin=standin)

    def __getattr__(self, name: str) -> Any:
        if name[:2] == "__":
            raise AttributeError(name)
        return self._grown(f".{name}", self.standin if name in _KEEPS_STANDIN else "")

    def __getitem__(self, key: Any) -> Any:
        return self._grown(f"[{_shown(key)}]")

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        shown = ", ".join([_shown(argument) for argument in arguments[:4]])
        standin = self.standin
        if standin and self.expression.endswith(".strftime") and arguments and isinstance(arguments[0], str):
            standin = RUN_DATE.strftime(arguments[0][:40])
        return self._grown(f"({shown})", standin)

    def __str__(self) -> str:
        return f"{_OPEN}{encode(self.expression)}{_MIDDLE}{encode(self.standin)}{_CLOSE}"

    def __repr__(self) -> str:
        return self.__str__()

    def __iter__(self) -> Iterator[Any]:
        if not self.absent:
            yield self._grown("[0]")

    def __contains__(self, item: object) -> bool:
        return True

    def __len__(self) -> int:
        return 0 if self.absent else 1

    def __bool__(self) -> bool:
        return not self.absent

    def __hash__(self) -> int:
        return hash(self.expression)

    def __add__(self, other: Any) -> Any:
        return f"{self}{other}" if isinstance(other, str) else self

    def __radd__(self, other: Any) -> Any:
        return f"{other}{self}" if isinstance(other, str) else self

    def _same(self, *_: Any) -> Any:
        return self

    __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = (
        _same
    )
    __mod__ = __rmod__ = __pow__ = __rpow__ = __neg__ = __pos__ = __abs__ = _same
    __div__ = __rdiv__ = _same
    __lt__ = __le__ = __gt__ = __ge__ = _same
    __eq__ = _same

    def __ne__(self, other: object) -> Any:
        return True if self.absent else self

    def __int__(self) -> int:  # type: ignore[override]
        return 1

    def __float__(self) -> float:  # type: ignore[override]
        return 1.0

    def __complex__(self) -> complex:  # type: ignore[override]
        return 1 + 0j


_KEEPS_STANDIN = frozenset(
    {"strftime", "isoformat", "date", "to_date_string", "format", "in_timezone", "subtract", "add"}
)


def _shown(value: Any) -> str:
    if isinstance(value, Unknown):
        return value.expression
    if isinstance(value, (str, int, float, bool)) or value is None:
        return repr(value)[:40]
    return "..."
