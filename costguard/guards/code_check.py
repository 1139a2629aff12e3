"""Does each job of the code set `maximum_bytes_billed`? The facts are those of rule bq-no-max-bytes-billed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from costguard.guards.evidence import Code
from costguard.guards.max_bytes import FACTOR
from costguard.guards.quantities import round_up
from costguard.guards.snippets import COMMAND, DBT, kind_of_call, snippets
from costguard.guards.suggestions import CodeCheck, MaxBytesSuggestion, UnguardedCall

BILLED: Final = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "CREATE TABLE AS"})
"""Statements that BigQuery can refuse for their estimate."""
LimitOf = Callable[[str], "tuple[int | None, str]"]
"""The limit of a path, and where it comes from."""


@dataclass(frozen=True, slots=True)
class _Row:
    key: int
    via: str
    script: int | None
    """Of whose statements it is one."""
    cap: bool | None
    open_ended: bool


def check_code(code: Code, of_queries: Mapping[int, MaxBytesSuggestion], limit_of_path: LimitOf) -> CodeCheck:
    """The calls without a limit, each with the one that it should have: that of its own jobs, else that of
    `limit_of_path`, else twice its estimate.

    The snippets show the limit of the whole project, else the largest of the calls.
    """
    guarded, unknown, other = 0, 0, 0
    unguarded: list[UnguardedCall] = []
    kinds: set[str] = set()
    for at, rows in _calls(code).items():
        first = rows[0]
        if at is None:
            other += len(rows)
            kinds |= {kind for row in rows if (kind := kind_of_call(row.via)) in (DBT, COMMAND) and kind}
            continue
        caps = {row.cap for row in rows}
        if None in caps:
            unknown += 1
        elif False not in caps:
            guarded += 1
        else:
            span = code.places.span(at)
            path = code.places.path(at)
            limit, basis = _limit(code, rows, path, of_queries, limit_of_path)
            kinds |= {kind} if (kind := kind_of_call(first.via)) else set()
            unguarded.append(
                UnguardedCall(
                    path=path,
                    line=span.start_line,
                    cell=span.cell,
                    via=first.via,
                    statements=len(rows),
                    open_ended=any(row.open_ended for row in rows),
                    limit=limit,
                    basis=basis,
                )
            )
    unguarded.sort(key=lambda call: (call.path, call.cell or 0, call.line))
    limits = [call.limit for call in unguarded if call.limit is not None]
    shown = limit_of_path("")[0] or max(limits, default=None)
    return CodeCheck(
        guarded, tuple(unguarded), unknown, other, snippets(kinds, shown) if shown is not None else ()
    )


def _calls(code: Code) -> dict[int | None, list[_Row]]:
    """Statements that BigQuery bills, by the call that runs them; None: no call does."""
    frames = code.frames
    is_test = frames["sources"]["is_test"].to_list()
    free = {
        query
        for query, name in frames["scans"].select("query", "table_name").rows()
        if "INFORMATION_SCHEMA" in name or "__TABLES__" in name
    }
    columns = (
        *("query", "source", "call_at", "via", "statement", "bytes_cap", "dry_run", "dialect"),
        *("scan_count", "holes", "loop_depth", "bytes", "script"),
    )
    found: dict[int | None, list[_Row]] = defaultdict(list)
    for row in frames["queries"].select(columns).iter_rows(named=True):
        key = row["query"]
        if (
            row["dialect"] not in (None, "", "bigquery")
            or row["dry_run"]
            or is_test[row["source"]]
            or row["statement"] not in BILLED
            or not row["scan_count"]
            or key in free
        ):
            continue
        call = row["call_at"]
        runs = call is not None and (row["bytes_cap"] is not None or kind_of_call(row["via"]) is not None)
        large = row["bytes"] is None or row["bytes"] > 10 << 20
        open_ended = large and bool(row["holes"] or row["loop_depth"])
        found[call if runs else None].append(
            _Row(key, row["via"], row["script"], row["bytes_cap"], open_ended)
        )
    return found


def _limit(
    code: Code,
    rows: list[_Row],
    path: str,
    of_queries: Mapping[int, MaxBytesSuggestion],
    limit_of_path: LimitOf,
) -> tuple[int | None, str]:
    own = {row.key: of_queries[row.key].limit for row in rows if row.key in of_queries}
    if len(own) == len(rows):
        return _together(rows, own), "its own jobs"
    limit, basis = limit_of_path(path)
    if limit is not None:
        return max(limit, *own.values()) if own else limit, basis
    estimates = {row.key: code.queries[row.key].bytes_billed for row in rows}
    known = {key: estimate.high for key, estimate in estimates.items() if estimate is not None}
    if len(known) == len(rows):
        return round_up(FACTOR * _together(rows, known)), "twice its estimate"
    return None, "neither jobs nor an estimate"


def _together(rows: list[_Row], amounts: Mapping[int, int]) -> int:
    """What one job of a call needs: all statements of a script, but only one of several texts that it may run."""
    of_scripts: dict[int, int] = defaultdict(int)
    alone = 0
    for row in rows:
        if row.script is None:
            alone = max(alone, amounts[row.key])
        else:
            of_scripts[row.script] += amounts[row.key]
    return max([alone, *of_scripts.values()])
