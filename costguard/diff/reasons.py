"""Why a query costs something else than it did, in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from costguard.money import format_bytes
from costguard.result import QueryReport, ScanReport

NAMED = 3
"""Names that a reason lists."""


def reasons(before: QueryReport, after: QueryReport, *, same_file: bool) -> tuple[str, ...]:
    """What differs between two states of a query. `same_file`: its file holds the same on both sides."""
    return tuple(_reasons(before, after, same_file=same_file))


def _reasons(before: QueryReport, after: QueryReport, *, same_file: bool) -> Iterator[str]:
    if before.path != after.path:
        yield f"{'moved' if before.fingerprint == after.fingerprint else 'renamed'} from {before.path}"
    found = list(_settings(before, after))
    tables = list(_tables(before, after))
    if same_file and (found or tables or before.fingerprint != after.fingerprint):
        if before.fingerprint != after.fingerprint:
            yield "its file is the same, its SQL is not: a macro, a variable or a file that it reads changed"
        elif not found and tables:
            yield "its file is the same"
    yield from found
    yield from tables


def _settings(before: QueryReport, after: QueryReport) -> Iterator[str]:
    if before.materialized != after.materialized:
        yield f"materialization: {before.materialized or 'none'} → {after.materialized or 'none'}"
    if before.layout != after.layout:
        yield f"layout: {before.layout or 'none'} → {after.layout or 'none'}"
    if before.variant != after.variant:
        yield f"rendering: {before.variant or 'the only one'} → {after.variant or 'the only one'}"
    if before.statement != after.statement:
        yield f"statement: {before.statement} → {after.statement}"
    if before.dialect != after.dialect:
        yield f"dialect: {before.dialect or 'bigquery'} → {after.dialect or 'bigquery'}"
    if before.runs != after.runs:
        yield f"runs: {before.runs:,.6g} → {after.runs:,.6g} ({after.runs_basis})"
    elif before.loop_depth != after.loop_depth:
        yield f"loops around it: {before.loop_depth} → {after.loop_depth}"
    if (before.counted_with is None) != (after.counted_with is None):
        yield "counted with its file" if after.counted_with else "no longer counted with another file"
    if before.price is not None and after.price is not None and before.price != after.price:
        yield f"price: {before.price} → {after.price}"


def _tables(before: QueryReport, after: QueryReport) -> Iterator[str]:
    old, new = _by_table(before.scans), _by_table(after.scans)
    come = [name for name in new if name not in old]
    gone = [name for name in old if name not in new]
    if come:
        yield f"now reads {_listed(come, _sizes(new))}"
    if gone:
        yield f"no longer reads {_listed(gone, _sizes(old))}"
    for name, scans in new.items():
        if name in old:
            yield from _scan(name, old[name], scans)


def _by_table(scans: Sequence[ScanReport]) -> Mapping[str, list[ScanReport]]:
    found: dict[str, list[ScanReport]] = defaultdict(list)
    for scan in scans:
        found[scan.table].append(scan)
    return found


def _sizes(tables: Mapping[str, list[ScanReport]]) -> Mapping[str, int | None]:
    return {name: _bytes(scans) for name, scans in tables.items()}


def _bytes(scans: Sequence[ScanReport]) -> int | None:
    """Of all readings of a table; None when one is unknown."""
    found = [scan.bytes.point for scan in scans if scan.bytes is not None]
    return sum(found) if len(found) == len(scans) else None


def _listed(names: Sequence[str], sizes: Mapping[str, int | None]) -> str:
    """The largest first; those of unknown size last."""
    ranked = sorted(names, key=lambda name: (-(sizes[name] or -1), name))
    shown = [
        f"{name} ({format_bytes(size)})" if (size := sizes[name]) is not None else name
        for name in ranked[:NAMED]
    ]
    rest = len(ranked) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")


def _scan(name: str, old: Sequence[ScanReport], new: Sequence[ScanReport]) -> Iterator[str]:
    """What differs in how a table is read."""
    told = False
    if len(old) != len(new):
        yield f"{name} is read {_times(len(new))}, before {_times(len(old))}"
        told = True
    one, other = old[0], new[0]
    columns, columns_now = _columns(old), _columns(new)
    if columns != columns_now:
        added, left = sorted(columns_now - columns), sorted(columns - columns_now)
        if any(scan.star for scan in new) and not any(scan.star for scan in old):
            yield f"{name}: every column is read"
        else:
            parts = [
                *([f"also reads {_short(added)}"] if added else ()),
                *([f"no longer reads {_short(left)}"] if left else ()),
            ]
            yield f"{name}: {', '.join(parts)}"
        told = True
    if one.pruning != other.pruning:
        why = f" ({other.pruning_reason})" if other.pruning_reason else ""
        yield f"{name}: partition filter {one.pruning} → {other.pruning}{why}"
        told = True
    kept, kept_now = _kept(old), _kept(new)
    if kept is not None and kept_now is not None and kept != kept_now:
        yield f"{name}: {_partitions(kept, kept_now)}"
        told = True
    size, size_now = _bytes(old), _bytes(new)
    if not told and size != size_now:
        yield f"{name}: {_size(size)} → {_size(size_now)}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _columns(scans: Sequence[ScanReport]) -> set[str]:
    return {column for scan in scans for column in scan.columns}


def _kept(scans: Sequence[ScanReport]) -> tuple[int, ...] | None:
    """The partitions that each reading of a table keeps, the most first; None when one is unknown."""
    found = [scan.partitions_kept for scan in scans if scan.partitions_kept is not None]
    return tuple(sorted(found, reverse=True)) if len(found) == len(scans) else None


def _partitions(before: Sequence[int], after: Sequence[int]) -> str:
    """A table that is read twice is paid for twice: readings are not added up to more partitions than it has.

    >>> _partitions([490], [180]), _partitions([400, 90], [400, 180])
    ('490 → 180 partitions', '400 + 90 → 400 + 180 partitions (it is read more than once)')
    """
    most = max(len(before), len(after))
    if most > NAMED:
        return f"{sum(before):,} → {sum(after):,} partitions, all readings of it together"
    more = " (it is read more than once)" if most > 1 else ""
    return f"{_added(before)} → {_added(after)} partitions{more}"


def _added(counts: Sequence[int]) -> str:
    return " + ".join(f"{count:,}" for count in counts)


def _short(names: Sequence[str]) -> str:
    rest = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _size(size: int | None) -> str:
    return "an unknown size" if size is None else format_bytes(size)
