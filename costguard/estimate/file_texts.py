"""Statements that code reads from a file of the project: the same statement twice, to be paid for once.

`client.query(open("q.sql").read())` gives a statement of the code, with its loop, parameters and filled holes, and
`q.sql` is scanned as a file of its own. The cost is counted with one of them: with the file's, where a finding points
at the text that has to change, unless only the code's has a known cost.

A file that a template includes is no query of its own: what it costs is counted with the whole that it is a part of.
"""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl


def statements_of_files(frames: Mapping[str, pl.DataFrame]) -> dict[int, int]:
    """Statement of code -> the statement of the scanned file that it was read from.

    They are matched by the path as written in the code (beside the code's own file, from the top, or the only scanned
    path that ends with it) and by their place in the text.
    """
    queries = frames["queries"]
    read = queries.filter(pl.col("read_from").is_not_null())
    if not read.height:
        return {}
    paths: list[str] = frames["sources"]["path"].to_list()
    by_path = {path: source for source, path in enumerate(paths)}
    places = {
        (source, position): (query, statement)
        for query, source, position, statement in queries.filter(pl.col("via").is_in(["file", "template"]))
        .select("query", "source", "script_position", "statement")
        .iter_rows()
    }
    found: dict[int, int] = {}
    wanted = read.select("query", "source", "read_from", "script_position", "statement")
    for query, source, name, position, statement in wanted.iter_rows():
        file = _source_of(name, paths[source], by_path)
        match = places.get((file, position)) if file is not None else None
        if match is not None and match[1] == statement:
            found[query] = match[0]
    return found


def statements_of_fragments(frames: Mapping[str, pl.DataFrame], same: Mapping[int, int]) -> dict[int, int]:
    """Statement of a file that a template includes -> the first statement that it is a part of.

    A file that code reads as well (`same`, as `statements_of_files` gives it) is a query of its own.
    """
    queries = frames["queries"]
    including = queries.filter(pl.col("includes").is_not_null())
    if not including.height:
        return {}
    paths: list[str] = frames["sources"]["path"].to_list()
    by_path = {path: source for source, path in enumerate(paths)}
    parts: dict[int, list[int]] = defaultdict(list)
    for query, source in (
        queries.filter(pl.col("via").is_in(["file", "template"])).select("query", "source").iter_rows()
    ):
        parts[source].append(query)
    run = set(same.values())
    found: dict[int, int] = {}
    for query, source, names in including.select("query", "source", "includes").iter_rows():
        for name in names:
            file = by_path.get(posixpath.normpath(posixpath.join(posixpath.dirname(paths[source]), name)))
            for part in parts[file] if file is not None and file != source else ():
                if part not in run:
                    found.setdefault(part, query)
    return found


def _source_of(name: str, code: str, by_path: Mapping[str, int]) -> int | None:
    name = name.replace("\\", "/")
    for candidate in (posixpath.join(posixpath.dirname(code), name), name):
        source = by_path.get(posixpath.normpath(candidate))
        if source is not None:
            return source
    tail = "/" + posixpath.normpath(name).lstrip("./")
    ending = [source for path, source in by_path.items() if f"/{path}".endswith(tail)]
    return ending[0] if len(ending) == 1 else None


def count_once(
    columns: dict[str, list[Any]], same: Mapping[int, int], fragments: Mapping[int, int] | None = None
) -> None:
    """Fill `counted_with`, and give a file's statement the runs of the code that reads it.

    `columns`: the estimated columns of statements, by statement; `same`: as `statements_of_files` gives it;
    `fragments`: as `statements_of_fragments` does. Runs that the config declares for the file itself stay as they are.
    """
    runs, bases, usd = columns["runs"], columns["runs_basis"], columns["usd"]
    readers: dict[int, list[int]] = defaultdict(list)
    for code, file in same.items():
        if usd[file] is None and usd[code] is not None:
            columns["counted_with"][file] = code
        else:
            columns["counted_with"][code] = file
            readers[file].append(code)
    for part, whole in (fragments or {}).items():
        if usd[whole] is not None or usd[part] is None:
            columns["counted_with"][part] = whole
    for file, codes in readers.items():
        if bases[file] != "declared":
            runs[file] = sum(runs[code] for code in codes)
            bases[file] = _weakest([bases[code] for code in codes])
            if usd[file] is not None:
                columns["usd_per_iteration"][file] = usd[file] * runs[file]


def _weakest(bases: Sequence[str]) -> str:
    return next(basis for basis in ("assumed", "declared", "written", "measured") if basis in bases)
