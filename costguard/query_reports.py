"""The frames of a scan become plain query reports."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from costguard.cache import digest
from costguard.facts.places import Places
from costguard.money import ByteRange, Dollars, plain_decimal, price_bytes, worst_basis
from costguard.result import Arm, Finding, QueryReport, ScanReport, UnreadReport

if TYPE_CHECKING:
    import polars as pl

    from costguard.estimate.compute import MachinePrice
    from costguard.estimate.price import PriceBook
    from costguard.estimate.settings import EstimateSettings

Frames = Mapping[str, "pl.DataFrame"]


def query_ids(frames: Frames) -> list[str]:
    """A stable id for each query: from its path, its fingerprint, and its number among equals there."""
    paths = frames["sources"]["path"].to_list()
    seen: dict[tuple[str, str], int] = defaultdict(int)
    found: list[str] = []
    queries = frames["queries"]
    for source, mark in zip(queries["source"].to_list(), queries["fingerprint"].to_list(), strict=True):
        key = (paths[source], mark)
        found.append(digest(*key, str(seen[key]))[:12])
        seen[key] += 1
    return found


def _range(low: int | None, point: int | None, high: int | None, basis: str | None) -> ByteRange | None:
    if low is None or point is None or high is None or basis is None or basis == "unknown":
        return None
    return ByteRange(low, point, high, basis)


_AMOUNT: Final = ("bytes_low", "bytes", "bytes_high", "bytes_basis")
_SCAN_COLUMNS: Final = (
    *("scan", "query", "role", "table", "table_name", "star"),
    *("pruning", "pruning_reason", "partitions_kept", "partitions_total"),
    *_AMOUNT,
    "view_lacks",
)
_QUERY_COLUMNS: Final = (
    *("query", "at", "via", "statement", "loop_depth", "fingerprint", "variant", "dialect", "counted_with"),
    *("materialized", "layout"),
    *("source", "script", "branch", "loop_turns", "loop_left"),
    *("runs", "runs_basis", "usd_per_tib", "location", "billed_low", "billed", "billed_high"),
    *_AMOUNT,
)
"""What is shown of the two widest tables."""


def _scan_reports(frames: Frames) -> dict[int, list[ScanReport]]:
    columns: dict[int, set[str]] = defaultdict(set)
    read = frames["columns_read"].select("scan", "column").drop_nulls("scan")
    for scan, column in zip(read["scan"].to_list(), read["column"].to_list(), strict=True):
        columns[scan].add(column)
    found: dict[int, list[ScanReport]] = defaultdict(list)
    rows = frames["scans"].select(_SCAN_COLUMNS).rows()
    for scan, query, role, table, name, star, pruning, reason, kept, parts, *amount, lacks in rows:
        if role != "insert_target":
            found[query].append(
                ScanReport(
                    table=table or name,
                    columns=tuple(sorted(columns.get(scan, ()))),
                    star=star,
                    role=role,
                    pruning=pruning,
                    pruning_reason=reason,
                    partitions_kept=kept,
                    partitions_total=parts,
                    bytes=_range(*amount),
                    view_lacks=None if lacks is None else tuple(lacks),
                )
            )
    return found


def _money(billed: ByteRange | None, price: float | None) -> Dollars | None:
    """Dollars from billed bytes, in decimals: the frames' floats are for rules only."""
    if billed is None or price is None:
        return None
    return price_bytes(billed, Decimal(str(price)))


def _per_iteration(
    usd: Dollars, runs: float, loop_depth: int, loop_turns: int | None, *, left: bool
) -> Dollars:
    """Dollars of all runs. A loop whose turns are not known counts once, and one that may end early in full."""
    whole = usd.times(Decimal(str(runs)))
    if not loop_depth or not whole.high or (loop_turns is not None and not left):
        return whole
    basis = "lower-bound" if loop_turns is None else "upper-bound"
    return Dollars(Decimal(0), whole.point, whole.high, worst_basis(whole.basis, basis))


def _branch(source: int, script: int | None, branch: str) -> tuple[Arm, ...]:
    """The arms; a choice between texts is that of a source, any other that of a script."""
    return tuple(
        Arm(f"{source}:{number}" if isinstance(number, str) else f"{source}:{script}:{number}", arm)
        for number, arm in json.loads(branch)
        if arm != "never"
    )


def query_reports(
    frames: Frames, places: Places, ids: list[str], book: PriceBook | None = None
) -> tuple[QueryReport, ...]:
    """The queries, by path and line; `book` cites their prices, the one that ships unless another is given."""
    from costguard.estimate.price import price_book

    book = book or price_book()
    scans = _scan_reports(frames)
    found: list[QueryReport] = []
    notes: dict[tuple[float, str], str] = {}
    for (
        key,
        at,
        via,
        statement,
        loop_depth,
        fingerprint,
        variant,
        dialect,
        counted_with,
        materialized,
        layout,
        source,
        script,
        branch,
        loop_turns,
        loop_left,
        runs,
        runs_basis,
        usd_per_tib,
        location,
        billed_low,
        billed_point,
        billed_high,
        low,
        point,
        high,
        basis,
    ) in frames["queries"].select(_QUERY_COLUMNS).rows():
        billed = _range(billed_low, billed_point, billed_high, basis)
        usd = _money(billed, usd_per_tib)
        times = runs if runs is not None else 1.0
        note = None
        if usd_per_tib is not None:
            note = notes.get((usd_per_tib, location))
            if note is None:
                price = plain_decimal(Decimal(str(usd_per_tib)))
                note = f"{price} USD/TiB, {location}, {book.note(location)}"
                notes[usd_per_tib, location] = note
        found.append(
            QueryReport(
                id=ids[key],
                path=places.path(at),
                span=places.span(at),
                via=via,
                statement=statement,
                loop_depth=loop_depth,
                fingerprint=fingerprint,
                runs=times,
                runs_basis=runs_basis or "assumed",
                bytes_processed=_range(low, point, high, basis),
                bytes_billed=billed,
                usd=usd,
                usd_per_iteration=_per_iteration(usd, times, loop_depth, loop_turns, left=loop_left)
                if usd is not None
                else None,
                price=note,
                scans=tuple(scans.get(key, ())),
                variant=variant,
                dialect=dialect if dialect != "bigquery" else None,
                counted_with=ids[counted_with] if counted_with is not None else None,
                materialized=materialized,
                layout=layout,
                branch=_branch(source, script, branch) if branch is not None else (),
            )
        )
    found.sort(
        key=lambda query: (query.path, query.span.cell or 0, query.span.start_line, query.span.start_column)
    )
    return tuple(found)


def price_remarks(
    frames: Frames, settings: EstimateSettings, findings: Sequence[Finding], machine: MachinePrice
) -> tuple[str, ...]:
    """Which lists the prices are from, where a price file is used: of queries, and of machine time in findings."""
    if settings.prices is None:
        return ()
    priced = frames["queries"].filter(frames["queries"]["usd_per_tib"].is_not_null())
    remarks = settings.prices.remarks(priced["location"].unique().to_list())
    if any(finding.wasted_seconds is not None for finding in findings):
        remarks += (str(machine),)
    return remarks


def unread_reports(frames: Frames, places: Places) -> tuple[UnreadReport, ...]:
    """What could not be read, by path and line."""
    found = [
        UnreadReport(places.path(row["at"]), places.span(row["at"]), row["reason"], row["detail"])
        for row in frames["unread"].iter_rows(named=True)
    ]
    found.sort(key=lambda item: (item.path, item.span.cell or 0, item.span.start_line))
    return tuple(found)


def unread_files(frames: Frames) -> int:
    """How many files gave a reason why they could not be read, and nothing else."""
    silent = set(frames["unread"]["source"].to_list())
    for table in ("queries", "calls", "frames", "loops"):
        silent.difference_update(frames[table]["source"].to_list())
    return len(silent)
