"""Compiles the template that is read so that every character of its output can be traced."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from costguard.extract.template_map import Origin, tracked
from costguard.extract.template_sandbox import TemplateEnvironment
from costguard.extract.template_scan import Part, scan

_INCLUDE_END = ("without context", "with context", "ignore missing")


@dataclass(frozen=True, slots=True)
class OwnTemplate:
    """A compiled template: data comes from `chunks`, printed values go through `__out__(index, value)`."""

    text: str
    path: str
    parts: tuple[Part, ...]
    chunks: tuple[str, ...]
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
    """The template with data as numbered chunks and printed values wrapped. Raises what Jinja raises."""
    parts = scan(text)
    chunks: list[str] = []
    pieces: list[str] = []
    for index, part in enumerate(parts):
        if part.kind == "data":
            pieces.append(f"\0{len(chunks)}\0")
            chunks.append(
                tracked(
                    text[part.start : part.end],
                    (Origin(part.end - part.start, part.start, part.end, True),),
                )
            )
        elif part.kind == "output":
            pieces.append(f"{{{{__out__({index},({text[part.inner_start : part.inner_end]}))}}}}")
        elif part.keyword == "include":
            pieces.append(f"{{{{__out__({index},__include__({_included_name(text, part)}))}}}}")
        else:
            pieces.append(f"{{%{text[part.inner_start : part.inner_end]}%}}")
    rendered = environment.read_chunked("".join(pieces), path)
    return OwnTemplate(text, path, tuple(parts), tuple(chunks), rendered)
