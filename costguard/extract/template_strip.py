"""Reads a template without running it: tags go, the SQL between them stays where it was.

The fallback when a template cannot be rendered. Of a condition the first branch is kept, of a loop the
body once; `set` blocks and macro definitions are dropped; a printed value becomes a hole.
"""

from __future__ import annotations

import re

from costguard.extract.template_map import Origin, TrackedText, join, output, tracked
from costguard.extract.template_scan import Part, scan
from costguard.extract.template_unknown import Unknown

_QUOTED = re.compile(r"\(\s*(['\"])([^'\"]*)\1\s*(?:,\s*(['\"])([^'\"]*)\3\s*)?\)")
_SILENT = re.compile(r"(?:config|return|log|print|debug|set_\w+)\b")
_TYPE = re.compile(r"(?:dbt\w*\.)?type_(\w+)\(\)")
_SKIPPED = frozenset({"macro", "materialization", "docs", "call", "filter"})
_ASKS_INCREMENTAL = re.compile(r"\b(?:is_incremental|is_init)\s*\(")


def strip(text: str, incremental: bool = False) -> tuple[TrackedText, bool]:
    """The SQL of a template with unknown values marked, and whether a condition asks for an incremental run.

    Raises ValueError when a tag is not closed.
    """
    parts = scan(text)
    pieces: list[str] = []
    keeping = [True]
    """One entry for every open block: is its current branch kept?"""
    taken = [True]
    """Has a branch of the block been kept already?"""
    skipped_until: list[str] = []
    branched = False
    for part in parts:
        inner = text[part.inner_start : part.inner_end].strip()
        if skipped_until:
            if part.kind == "statement":
                if part.keyword == skipped_until[-1]:
                    skipped_until.pop()
                elif f"end{part.keyword}" == skipped_until[-1] and not _is_inline_set(inner, part):
                    skipped_until.append(skipped_until[-1])
            continue
        if part.kind == "statement":
            branched = branched or _ASKS_INCREMENTAL.search(inner) is not None
            word = part.keyword
            if word in _SKIPPED or (word == "set" and not _is_inline_set(inner, part)):
                skipped_until.append(f"end{word}")
            elif word in {"if", "for"}:
                wanted = word == "for" or _wanted(inner, incremental)
                keeping.append(keeping[-1] and wanted)
                taken.append(wanted)
            elif word in {"elif", "else"} and len(keeping) > 1:
                wanted = not taken[-1] and (word == "else" or _wanted(inner, incremental))
                keeping[-1] = keeping[-2] and wanted
                taken[-1] = taken[-1] or wanted
            elif word in {"endif", "endfor"} and len(keeping) > 1:
                keeping.pop()
                taken.pop()
        elif keeping[-1]:
            if part.kind == "data":
                size = part.end - part.start
                pieces.append(
                    tracked(text[part.start : part.end], (Origin(size, part.start, part.end, True),))
                )
            else:
                pieces.append(output(_printed(inner), part.start, part.end))
    joined = join(pieces) if pieces else ""
    return (joined if isinstance(joined, TrackedText) else tracked(joined, ())), branched


def _is_inline_set(inner: str, part: Part) -> bool:
    return part.keyword == "set" and "=" in inner


def _wanted(inner: str, incremental: bool) -> bool:
    """Whether a branch is kept: the first one, unless its condition asks for the other kind of run."""
    if "is_init" in inner:
        return incremental == bool(re.search(r"\bnot\s+is_init\b", inner))
    if "is_incremental" in inner:
        return incremental != bool(re.search(r"\bnot\s+is_incremental\b", inner))
    return True


def _printed(inner: str) -> str:
    """What `{{ inner }}` leaves: a table name for ref and source, a type, else a mark, no settings."""
    if _SILENT.match(inner):
        return ""
    if (sql_type := _TYPE.fullmatch(inner)) is not None:
        return {"string": "STRING", "int": "INT64", "float": "FLOAT64"}.get(
            sql_type.group(1), sql_type.group(1).upper()
        )
    if inner.startswith(("ref(", "source(", "ref (", "source (")):
        names = _QUOTED.search(inner)
        if names is not None:
            if inner.startswith("ref"):
                return f"`{names.group(4) or names.group(2)}`"
            if names.group(4):
                return f"`{names.group(2)}.{names.group(4)}`"
    return str(Unknown(expression=" ".join(inner.split())))
