"""The query inside a statement that a tool wrapped around it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_CREATE: Final = re.compile(
    r"CREATE (?:OR REPLACE )?(?:TEMP(?:ORARY)? )?(?:TABLE|VIEW|MATERIALIZED VIEW) (?:IF NOT EXISTS )?[\w.\-?$]+"
)
_INSERT: Final = re.compile(r"INSERT (?:INTO )?[\w.\-?$]+(?:\([^()]*\))? ?(?=SELECT\b|WITH\b|\()")
_MERGE: Final = re.compile(r"MERGE (?:INTO )?[\w.\-?$]+(?: AS \w+| \w+)? ?USING(?=\()")
_AS: Final = re.compile(r"\bAS\b ?(?=\(|SELECT\b|WITH\b)")


def bodies(form: str) -> Iterator[str]:
    """The normal form of a statement, and of the query from which it makes a table, inserts or merges.

    dbt and the like run `CREATE OR REPLACE TABLE t OPTIONS() AS (SELECT ...)` where the code has the SELECT.

    >>> list(bodies("CREATE OR REPLACE TABLE P.D.T CLUSTER BY A AS(SELECT A FROM X)"))[1:]
    ['SELECT A FROM X']
    >>> list(bodies("MERGE INTO D.T AS TO USING(SELECT A FROM X)AS FROM ON?"))[1:]
    ['SELECT A FROM X']
    """
    yield form
    if form.startswith("CREATE "):
        match = _CREATE.match(form)
        start = _after_as(form, match.end()) if match else None
    elif form.startswith("INSERT "):
        match = _INSERT.match(form)
        start = match.end() if match else None
    elif form.startswith("MERGE "):
        match = _MERGE.match(form)
        start = match.end() if match else None
    else:
        return
    if start is None:
        return
    if form.startswith("(", start):
        end = _closing(form, start)
        if end is None or (not form.startswith("MERGE ") and end != len(form) - 1):
            return
        yield form[start + 1 : end]
    else:
        yield form[start:]


def _after_as(form: str, start: int) -> int | None:
    """Where the query begins: behind the AS that stands in no parentheses."""
    for match in _AS.finditer(form, start):
        if form.count("(", start, match.start()) == form.count(")", start, match.start()):
            return match.end()
    return None


def _closing(form: str, start: int) -> int | None:
    """Where the parenthesis that opens at `start` closes; strings and comments are gone from a normal form."""
    depth = 0
    for match in re.compile(r"[()]").finditer(form, start):
        depth += 1 if match.group() == "(" else -1
        if depth == 0:
            return match.start()
    return None
