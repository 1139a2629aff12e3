"""The statements of a scan, as the job history may know them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from costguard.facts.places import Places
from costguard.history.match import Statement
from costguard.result import QueryReport
from costguard.source_text import SourceTexts

if TYPE_CHECKING:
    import polars as pl

Frames = Mapping[str, "pl.DataFrame"]

_COLUMNS: Final = (
    *("query", "source", "call_at", "via", "statement", "fingerprint", "shape", "pattern", "variant"),
    *("rendering", "dialect", "dry_run", "counted_with"),
)
_TASK: Final = re.compile(r"\btask_id\s*=\s*[rf]?[\"']([\w.-]+)[\"']")
_JOB_ID: Final = re.compile(r"\bjob_id(?:_prefix)?\s*=\s*r?[\"']([\w-]{4,})[\"']")
"""An id of fewer characters may begin by chance."""
_STRING: Final = re.compile(r"[\"']([\w.-]{2,250})[\"']")


def code_statements(frames: Frames, ids: Sequence[str], texts: SourceTexts) -> list[Statement]:
    """The statements that BigQuery may have run; one that is counted with another one is left out.

    `ids`: by the key of the query; statements have the same keys.
    """
    places = Places(frames)
    tables = _tables(frames)
    paths: list[str] = frames["sources"]["path"].to_list()
    strings: dict[int, frozenset[str]] = {}
    found: list[Statement] = []
    for row in frames["queries"].select(_COLUMNS).rows():
        key, source, call_at, via, statement, mark, shape, pattern, variant = row[:9]
        rendering, dialect, dry_run, counted_with = row[9:]
        if dialect not in (None, "", "bigquery") or dry_run or counted_with is not None:
            continue
        call = _text_at(places, call_at, texts) if call_at is not None else ""
        task = _TASK.search(call)
        if task is not None and source not in strings:
            strings[source] = frozenset(_STRING.findall(texts.text(paths[source]) or ""))
        job_id = _JOB_ID.search(call)
        found.append(
            Statement(
                key=key,
                id=ids[key],
                statement=statement,
                fingerprint=mark,
                shape=shape,
                pattern=pattern,
                model=PurePosixPath(paths[source]).stem if via == "dbt" else None,
                variant=variant,
                task=task[1] if task is not None else None,
                dags=strings[source] if task is not None else frozenset(),
                job_id=job_id[1] if job_id is not None else None,
                tables=tables.get(key),
                rendered=rendering is not None,
            )
        )
    return found


def never_run(
    frames: Frames,
    statements: Sequence[Statement],
    ran: Collection[int],
    queries: Mapping[int, QueryReport],
) -> tuple[int, ...]:
    """Statements that no job ran, the dearest first. One of several renderings of a template is enough.

    `ran`: keys of those that ran.
    """
    sources: list[int] = frames["queries"]["source"].to_list()
    rendered = {sources[key] for key in ran if queries[key].variant is not None}
    missing = [
        item.key
        for item in statements
        if item.key not in ran and not (item.variant is not None and sources[item.key] in rendered)
    ]

    def weight(key: int) -> tuple[object, ...]:
        usd = queries[key].usd_per_iteration
        return -usd.point if usd is not None else 0, queries[key].path, queries[key].span.start_line, key

    return tuple(sorted(missing, key=weight))


def _tables(frames: Frames) -> dict[int, frozenset[str]]:
    """Statement -> `dataset.table` of all that it reads; those of which some name is not known are left out."""
    names: dict[int, set[str]] = defaultdict(set)
    unknown: set[int] = set()
    columns = ("query", "role", "table", "table_name", "name_hole", "wildcard", "known")
    for query, role, table, name, hole, wildcard, known in frames["scans"].select(columns).rows():
        if role == "insert_target":
            continue
        parts = (table if known and table else name).lower().split(".")
        if hole or wildcard or len(parts) < 2:
            unknown.add(query)
        names[query].add(".".join(parts[-2:]))
    return {query: frozenset(found) for query, found in names.items() if query not in unknown}


def _text_at(places: Places, at: int, texts: SourceTexts) -> str:
    """The lines of a place."""
    span = places.span(at)
    lines = (texts.text(places.path(at), span.cell) or "").split("\n")
    return "\n".join(lines[span.start_line - 1 : span.end_line])
