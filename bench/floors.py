"""The least work that a scan cannot do without, as programs of their own.

    python -m bench.floors sql PROCESSES DIRECTORY       read, sqlglot.parse and traverse_scope
    python -m bench.floors python PROCESSES DIRECTORY    read and ast.parse

Plain use of the libraries: default garbage collection, forked workers, chunks of 64 files. Prints one line of
JSON: files, bytes, failures, and the seconds inside the process (after its imports).
"""

from __future__ import annotations

import ast
import json
import multiprocessing
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

CHUNK = 64


def parse_sql(text: str) -> bool:
    """Whether sqlglot parses the text; if so, all its scopes are built."""
    import sqlglot
    from sqlglot.errors import SqlglotError
    from sqlglot.optimizer.scope import traverse_scope

    try:
        for statement in sqlglot.parse(text, read="bigquery"):
            if statement is not None:
                traverse_scope(statement)
    except (SqlglotError, RecursionError):
        return False
    return True


def parse_python(text: str) -> bool:
    """Whether the text is Python."""
    try:
        ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True


def read_and_parse(parse: Callable[[str], bool], paths: Sequence[Path]) -> tuple[int, int]:
    """Reads and parses files: (bytes, files that failed)."""
    size = failures = 0
    for path in paths:
        data = path.read_bytes()
        size += len(data)
        failures += not parse(data.decode("utf-8", errors="replace"))
    return size, failures


def measure(kind: str, processes: int, directory: Path) -> dict[str, float]:
    """Parses every file of a kind under a directory."""
    if kind == "sql":
        import sqlglot.optimizer.scope

        sqlglot.parse("SELECT 1", read="bigquery")
        pattern, parse = "*.sql", parse_sql
    else:
        pattern, parse = "*.py", parse_python
    started = time.perf_counter()
    paths = sorted(directory.rglob(pattern))
    chunks = [paths[start : start + CHUNK] for start in range(0, len(paths), CHUNK)]
    work = partial(read_and_parse, parse)
    if processes > 1 and len(chunks) > 1:
        with multiprocessing.get_context("fork").Pool(processes) as pool:
            parts = list(pool.imap_unordered(work, chunks))
    else:
        parts = [work(chunk) for chunk in chunks]
    return {
        "files": len(paths),
        "bytes": sum(size for size, _ in parts),
        "failures": sum(failures for _, failures in parts),
        "seconds": time.perf_counter() - started,
    }


if __name__ == "__main__":
    import logging

    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))))
