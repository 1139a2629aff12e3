"""Compiles the template that is read so that every character of its output can be traced."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from costguard.extract.template_direct import NotDirectError, Value
from costguard.extract.template_map import Origin, tracked
from costguard.extract.template_sandbox import TemplateEnvironment
from costguard.extract.template_scan import Part, scan

_INCLUDE_END = ("without context", "with context", "ignore missing")


@dataclass(frozen=True, slots=True)
class OwnTemplate:
    """A template that can be rendered: printed values go through `__out__(index of the part, value)`."""

    text: str
    path: str
    parts: tuple[Part, ...]
    chunks: tuple[str | Value, ...]
    """What stands for each part: data, or, in a template that is not compiled, what a tag prints."""
    pieces: Callable[[str], Iterable[str]]
    """Renders it, at a path."""


def _included_name(text: str, part: Part) -> str:
    inner = text[part.inner_start : part.inner_end].strip()[len("include") :].strip()
    stripped = True
    while stripped:
        stripped = False
        for ending in _INCLUDE_END:
            if inner.endswith(ending):
                inner = inner[: -len(ending)].rstrip()
                stripped = True
    return inner


def compile_own(environment: TemplateEnvironment, text: str, path: str) -> OwnTemplate:
    """The template, ready to be rendered. Raises what Jinja raises."""
    parts = tuple(scan(text))
    data = [
        tracked(text[part.start : part.end], (Origin(part.end - part.start, part.start, part.end, True),))
        if part.kind == "data"
        else ""
        for part in parts
    ]
    printed = [_printed(text, part) for part in parts]
    try:
        chunks: tuple[str | Value, ...] = tuple(
            written if code is None else environment.printed(index, code)
            for index, (written, code) in enumerate(zip(data, printed, strict=True))
        )
        tags = [
            _tag(text, part) if part.kind != "data" and code is None else f"\0{index}\0"
            for index, (part, code) in enumerate(zip(parts, printed, strict=True))
        ]
        render = environment.read_direct("".join(tags), path)
    except NotDirectError:
        chunks = tuple(data)
        tags = [
            f"\0{index}\0"
            if part.kind == "data"
            else _tag(text, part)
            if code is None
            else f"{{{{__out__({index},({code}))}}}}"
            for index, (part, code) in enumerate(zip(parts, printed, strict=True))
        ]
        render = environment.read_compiled("".join(tags), path)
    return OwnTemplate(text, path, parts, chunks, render)


def _printed(text: str, part: Part) -> str | None:
    """The expression whose value a tag prints; None when it is no such tag."""
    if part.kind == "output":
        return text[part.inner_start : part.inner_end]
    if part.keyword == "include":
        return f"__include__({_included_name(text, part)})"
    return None


def _tag(text: str, part: Part) -> str:
    return f"{{%{text[part.inner_start : part.inner_end]}%}}"
