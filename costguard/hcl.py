"""Terraform's language, as far as exports need it: blocks, attributes and text that cannot break out of its quotes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeAlias


@dataclass(frozen=True, slots=True)
class Expression:
    """What stands there as it is: a reference, or the call of a function. Never text of a user's."""

    text: str


@dataclass(frozen=True, slots=True)
class Block:
    """`kind "label" "label" { ... }`, with comments above it."""

    kind: str
    labels: tuple[str, ...] = ()
    body: tuple[tuple[str, Value] | Block, ...] = ()
    """Attributes and nested blocks, in order."""
    comments: tuple[str, ...] = ()


Scalar: TypeAlias = "str | bool | int | Decimal | Expression"
Value: TypeAlias = "Scalar | Sequence[Value] | Mapping[str, Value]"

_ESCAPES: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_MARK: Final = re.compile(r"([$%]+)\{")
_INDENT: Final = "  "


def quoted(text: str) -> str:
    r"""A text between quotes, in which nothing is a template.

    >>> print(quoted('say "${x}" or %{if}\n'))
    "say \"$${x}\" or %%{if}\n"
    """
    plain = "".join(map(_escaped, text))
    return f'"{_MARK.sub(_no_template, plain)}"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    # What a terminal or an editor may take for an order is written as a number. Surrogates have none in HCL.
    if 0xD800 <= ord(char) <= 0xDFFF:
        return "\\ufffd"
    if char.isprintable():
        return char
    return f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}"


def _no_template(match: re.Match[str]) -> str:
    """`${` is written `$${`. After another such sign Terraform does not read that as an escape: numbers stand there."""
    run = match[1]
    return f"{run}{run}{{" if len(run) == 1 else "".join(f"\\u{ord(char):04x}" for char in run) + "{"


def identifier(text: str) -> str:
    """A name for a resource: letters, digits, `_`.

    >>> identifier("my-project.shop.orders"), identifier("1st"), identifier("ü")
    ('my_project_shop_orders', 'r_1st', 'r_')
    """
    name = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")
    return name if re.match("[A-Za-z]", name) else f"r_{name}"


def render(blocks: Sequence[Block]) -> str:
    """The text of a `.tf` file, laid out as `terraform fmt` does.

    Raises:
        ValueError: a name is no identifier.
    """
    return "\n".join("".join(f"{line}\n" for line in _block(block)) for block in blocks)


def _block(block: Block) -> Iterator[str]:
    for comment in block.comments:
        # A comment ends where its line does.
        for line in comment.splitlines():
            yield f"# {_visible(line)}".rstrip()
    yield from _lines(block)


def _visible(text: str) -> str:
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def _lines(block: Block) -> Iterator[str]:
    labels = "".join(f" {quoted(label)}" for label in block.labels)
    head = f"{_named(block.kind)}{labels} {{"
    if not block.body:
        yield f"{head}}}"
        return
    yield head
    yield from _body(block.body)
    yield "}"


def _body(items: Sequence[tuple[str, Value] | Block]) -> Iterator[str]:
    """Attributes next to each other are aligned; one of several lines, or a block, ends a group."""
    group: list[tuple[str, str]] = []
    for number, item in enumerate(items):
        if isinstance(item, Block):
            yield from _aligned(group)
            group = []
            if number:
                yield ""
            yield from (f"{_INDENT}{line}".rstrip() for line in _block(item))
            continue
        name, value = item
        if number and isinstance(items[number - 1], Block):
            yield ""
        written = list(_value(value))
        if len(written) == 1:
            group.append((_named(name), written[0]))
            continue
        yield from _aligned(group)
        group = []
        yield f"{_INDENT}{_named(name)} = {written[0]}"
        yield from (f"{_INDENT}{line}" for line in written[1:])
    yield from _aligned(group)


def _aligned(group: Sequence[tuple[str, str]]) -> Iterator[str]:
    width = max((len(name) for name, _ in group), default=0)
    for name, value in group:
        yield f"{_INDENT}{name:<{width}} = {value}"


def _value(value: Value) -> Iterator[str]:
    """The lines of a value; only a table with entries has several."""
    if isinstance(value, Mapping):
        if not value:
            yield "{}"
            return
        yield "{"
        entries = [(quoted(key), list(_value(item))) for key, item in value.items()]
        width = max(len(key) for key, _ in entries)
        for key, lines in entries:
            yield f"{_INDENT}{key:<{width}} = {lines[0]}"
            yield from (f"{_INDENT}{line}" for line in lines[1:])
        yield "}"
    else:
        yield _inline(value)


def _inline(value: Value) -> str:
    if isinstance(value, Expression):
        return value.text
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, Decimal)):
        return f"{value:f}" if isinstance(value, Decimal) else str(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{quoted(key)} = {_inline(item)}" for key, item in value.items()) + " }"
    return "[" + ", ".join(map(_inline, value)) + "]"


def _named(name: str) -> str:
    if _IDENTIFIER.fullmatch(name) is None:
        raise ValueError(f"{name!r} is no identifier")
    return name
