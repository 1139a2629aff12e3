"""Calls of a project's own functions that share their name with a built-in one.

sqlglot checks the arguments of the functions it knows. `CREATE TEMP FUNCTION decode(x ...)` makes `decode(a)`
valid, but sqlglot asks for a character set. Under another name of the same length it is an unknown function,
with any arguments; after parsing it gets its name back.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp
from sqlglot.errors import ParseError

from costguard.extract.script_lexer import Token, tokens


@dataclass(frozen=True, slots=True)
class RenamedCalls:
    """A statement with some functions renamed."""

    text: str
    originals: tuple[tuple[str, str], ...]
    """(name in the text, in lower case; name as written)."""


def rename_calls(text: str, functions: frozenset[str]) -> RenamedCalls:
    """Renames every call of one of `functions` (names in lower case)."""
    renamed = RenamedCalls(text, ())
    return _rename(renamed, functions) if functions else renamed


def rename_call(renamed: RenamedCalls, error: ParseError) -> RenamedCalls | None:
    """Renames the function whose arguments the parser refused; None when that is not what went wrong."""
    if not error.errors:
        return None
    first = error.errors[0]
    description = str(first["description"])
    if first["highlight"] != ")" or not description.startswith(
        ("Required keyword", "The number of provided arguments")
    ):
        return None
    line, column = int(first["line"] or 1), int(first["col"] or 1)
    closing = sum(len(one) + 1 for one in renamed.text.split("\n")[: line - 1]) + column - 1
    opened: list[Token | None] = []
    before: Token | None = None
    for token in tokens(renamed.text, 0):
        if token.text == "(":
            opened.append(before)
        elif token.text == ")" and opened:
            caller = opened.pop()
            if token.start == closing:
                if caller is None or caller.kind not in ("word", "member"):
                    return None
                return _rename(renamed, frozenset({_bare(renamed.text, caller).lower()}))
        before = token
    return None


def restore_names(tree: exp.Expression, renamed: RenamedCalls) -> None:
    """Gives the calls in a parsed tree the names they were written with."""
    originals = dict(renamed.originals)
    if originals:
        for call in tree.find_all(exp.Anonymous):
            original = originals.get(call.name.lower())
            if original is not None:
                call.set("this", original)


def _bare(text: str, token: Token) -> str:
    return text[token.start : token.end].lstrip(".@ \t\r\n")


def _rename(renamed: RenamedCalls, functions: frozenset[str]) -> RenamedCalls:
    text = renamed.text
    characters = list(text)
    originals = dict(renamed.originals)
    before: Token | None = None
    for token in tokens(text, 0):
        if token.text == "(" and before is not None and before.kind in ("word", "member"):
            name = _bare(text, before)
            if len(name) > 1 and not name.endswith("_") and name.lower() in functions:
                characters[before.end - 1] = "_"
                originals[f"{name[:-1]}_".lower()] = name
        before = token
    if len(originals) == len(renamed.originals):
        return (
            renamed
            if not functions or "".join(characters) == text
            else RenamedCalls("".join(characters), renamed.originals)
        )
    return RenamedCalls("".join(characters), tuple(originals.items()))
