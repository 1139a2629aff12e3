"""Suggested guards for people: figures, what each guard stops, its trap, where it is applied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Final

from costguard.guards import alert, max_bytes, quota, time_limits
from costguard.guards.about import ABOUT, Guard
from costguard.guards.expiration import STORAGE_NOTE
from costguard.guards.names import TableName
from costguard.guards.quantities import span_text
from costguard.guards.suggestions import (
    CodeCheck,
    ExpirationSuggestion,
    MaxBytesSuggestion,
    PartitionFilterSuggestion,
    QuotaSuggestion,
    QuotaValue,
    Reader,
    Suggestions,
    TimeLimitSuggestion,
    UnguardedCall,
)
from costguard.money import ByteRange, format_bytes, format_usd, price_bytes
from costguard.render.amounts import counted
from costguard.render.cells import cut_end, harmless, wrap
from costguard.render.currency import amount_text
from costguard.render.tables import table
from costguard.render.times import moment

SHOWN: Final = 10
READERS: Final = 5
_WORD_CELLS: Final = 11


def suggestions_text(found: Suggestions, width: int) -> str:
    """All of it, a guard after the other."""
    return "".join(f"{harmless(line)}\n" for line in _lines(found, width))


def _lines(found: Suggestions, width: int) -> Iterator[str]:
    if found.first is not None and found.last is not None:
        reach = f"{moment(found.first)} to {moment(found.last)}, {counted(found.days, 'day')}"
        yield f"History    {reach}, {counted(found.jobs, 'query', 'queries')} charged by bytes"
    yield f"Prices     {found.usd_per_tib.normalize():f} USD/TiB, {found.price_note}"
    for name, what in found.not_given.items():
        yield from _said("Not said", f"{what}: no {name} was given", width)
    yield from _section("max-bytes", [*_limits(found, width), *_code(found.code, width)], found, width)
    yield from _section("quota", list(_quotas(found.quotas)), found, width)
    yield from _section("partition-filter", list(_filters(found, width)), found, width)
    yield from _section("expiration", list(_expirations(found, width)), found, width)
    yield from _section("alert", list(_alerts(found)), found, width)
    yield from _section("time-limit", list(_time_limits(found, width)), found, width)


def _section(guard: Guard, lines: list[str], found: Suggestions, width: int) -> Iterator[str]:
    """Nothing is said of a guard of which nothing is known."""
    left_out = [one for one in found.left_out if one.guard == guard]
    if not lines and not left_out:
        return
    about = ABOUT[guard]
    yield ""
    yield about.title
    yield from _said("Stops", about.stops, width)
    yield from _said("Trap", about.trap, width)
    yield from _said("Where", about.where, width)
    for one in left_out:
        yield from _said("Left out", f"{one.what}: {one.count:,}", width)
    yield from lines


def _said(word: str, text: str, width: int) -> Iterator[str]:
    for number, line in enumerate(wrap(text, max(width - _WORD_CELLS, 20))):
        yield f"{word if number == 0 else '':<{_WORD_CELLS}}{line}".rstrip()


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"  {line}" for line in lines)


# -- max bytes -----------------------------------------------------------------------------------------


def _limits(found: Suggestions, width: int) -> Iterator[str]:
    if not found.max_bytes:
        return
    yield from _said(
        "Arithmetic",
        f"limit = {max_bytes.FACTOR} x p{max_bytes.PERCENT} of what jobs were billed, rounded up to a whole MiB, from "
        "1 GiB on to a whole GiB, at least 10 MiB; of a query that reads clustered tables no less than its estimate",
        width,
    )
    for scope, title in (
        ("project", "project"),
        ("user", "user"),
        ("label", "label"),
        ("query", "query of the code"),
    ):
        mine = [one for one in found.max_bytes if one.scope == scope]
        if not mine:
            continue
        yield ""
        head = (title, "jobs", f"p{max_bytes.PERCENT}", "largest", "limit", "at most", "would stop")
        rows: list[Sequence[str]] = [head]
        rows += [_limit_row(one, found.usd_per_tib) for one in mine[:SHOWN]]
        yield from _indented(table(rows))
        if len(mine) > SHOWN:
            yield f"  and {len(mine) - SHOWN:,} more; --format json lists them all"


def _limit_row(one: MaxBytesSuggestion, usd_per_tib: Decimal) -> tuple[str, ...]:
    stopped = "no job"
    if one.stopped:
        stopped = f"{counted(one.stopped, 'job')}, {_usd(one.stopped_bytes, usd_per_tib)}"
    remark = "raised to the estimate of a clustered table" if one.estimate is not None else ""
    return (
        one.subject,
        f"{one.jobs:,}",
        format_bytes(one.p99),
        format_bytes(one.largest),
        format_bytes(one.limit),
        _usd(one.limit, usd_per_tib),
        stopped,
        remark,
    )


def _usd(count: int, usd_per_tib: Decimal) -> str:
    return format_usd(price_bytes(ByteRange.exactly(count), usd_per_tib).point)


def _code(check: CodeCheck | None, width: int) -> Iterator[str]:
    if check is None:
        return
    yield ""
    parts = [
        f"{counted(check.guarded, 'call')} of the code set{'s' if check.guarded == 1 else ''} a limit",
        f"{len(check.unguarded):,} set{'s' if len(check.unguarded) == 1 else ''} none",
    ]
    if check.unknown:
        parts.append(f"of {check.unknown:,} it cannot be told")
    if check.other:
        parts.append(
            f"{counted(check.other, 'statement')} stand in files or models: whoever runs them sets the limit"
        )
    yield from _indented(wrap("; ".join(parts), max(width - 2, 20)))
    if check.unguarded:
        rows: list[Sequence[str]] = [("without a limit", "limit")]
        dearest = sorted(check.unguarded, key=lambda call: -(call.limit or 0))
        rows += [_call_row(call) for call in dearest[:SHOWN]]
        yield from _indented(table(rows))
        if len(check.unguarded) > SHOWN:
            yield f"  and {len(check.unguarded) - SHOWN:,} more; --format json lists them all"
    for snippet in check.snippets:
        yield ""
        yield f"  {snippet.name}"
        yield from _indented(_indented(snippet.text.split("\n")))


def _call_row(call: UnguardedCall) -> tuple[str, ...]:
    cell = f"cell {call.cell}:" if call.cell is not None else ""
    limit = format_bytes(call.limit) if call.limit is not None else "unknown"
    remark = "its text is put together at run time, or a loop runs it" if call.open_ended else ""
    return f"{call.path}:{cell}{call.line}", limit, call.basis, remark


# -- quotas --------------------------------------------------------------------------------------------


def _quotas(found: Sequence[QuotaSuggestion]) -> Iterator[str]:
    if not found:
        return
    yield f"Arithmetic quota = {quota.FACTOR} x p{quota.PERCENT} of days with queries (Pacific time), rounded up"
    yield ""
    head = ("project", "days", f"p{quota.PERCENT}", "largest", "quota a day", "MiB for the API", "cut")
    rows: list[Sequence[str]] = [head]
    remarks: list[str] = []
    for one in found[:SHOWN]:
        if one.per_day is not None:
            rows.append(_quota_row(one.project, one.per_day))
            remarks += _cut_days(one.project, one.per_day)
        else:
            remarks.append(f"{one.project}: needs 200 TiB a day or more, which is what holds without a quota")
        if one.per_user is not None:
            rows.append(_quota_row(f"{one.project}, each user", one.per_user))
            remarks.append(f"{one.project}: {one.per_user.heaviest} needs the most of all users")
            remarks += _cut_days(one.project, one.per_user)
        else:
            remarks.append(
                f"{one.project}: no quota for each user, since one of them needs as much as the project"
            )
    if len(rows) > 1:
        yield from _indented(table(rows))
    yield from _indented(remarks)
    if len(found) > SHOWN:
        yield f"  and {len(found) - SHOWN:,} more; --format json lists them all"


def _quota_row(name: str, value: QuotaValue) -> tuple[str, ...]:
    return (
        name,
        f"{value.days:,}",
        format_bytes(value.p95),
        format_bytes(value.largest),
        format_bytes(value.value),
        f"{value.value >> 20}",
        counted(len(value.cut), "day") if value.cut else "no day",
    )


def _cut_days(project: str, value: QuotaValue) -> list[str]:
    return [
        f"{project}: {cut.day} would have been cut{f' for {cut.user}' if cut.user is not None else ''}: "
        f"{format_bytes(cut.bytes)} were billed"
        for cut in value.cut[:READERS]
    ]


# -- partition filters ---------------------------------------------------------------------------------


def _filters(found: Suggestions, width: int) -> Iterator[str]:
    for one in found.partition_filters:
        yield ""
        yield f"  {one.table}"
        yield from _nested(_verdict(one, found.days), width)
        if one.bytes is not None:
            parts = f"{one.partitions:,} partitions, " if one.partitions is not None else "partitions, "
            whole = f"a query without a filter on {one.column} reads all {parts}{format_bytes(one.bytes)}, at most "
            yield from _nested(f"{whole}{_usd(one.bytes, found.usd_per_tib)} a run", width)
        yield from _readers("would break", one.breaking, width)
        yield from _readers("cannot be judged", one.unsure, width)
        if one.verdict == "safe":
            yield f"    ALTER TABLE {one.table.sql} SET OPTIONS (require_partition_filter = TRUE);"


def _verdict(one: PartitionFilterSuggestion, days: int) -> str:
    parts = []
    if one.jobs is not None:
        parts.append(f"{counted(one.jobs, 'job')} of {counted(days, 'day')}")
    if one.queries is not None:
        parts.append(f"{counted(one.queries, 'query', 'queries')} of the code")
    read = f"read by {' and '.join(parts)}" if parts else "nothing is known of who reads it"
    jobs = sum(reader.jobs or 0 for reader in one.breaking)
    broken = f"of which {counted(len(one.breaking), 'query', 'queries')}{_in_jobs(jobs)} would break"
    unsure = f"of which {len(one.unsure):,} cannot be judged" if one.unsure else "and there is no history"
    others = "" if one.jobs is not None else "; without a history nobody knows who else reads it"
    return {
        "safe": f"suggested: {read}, none of which would break",
        "few": f"not yet: {read}, {broken}: mend them first{others}",
        "breaks": f"not suggested: {read}, {broken}",
        "unsure": f"look first: {read}, {unsure}",
    }[one.verdict]


def _in_jobs(jobs: int) -> str:
    return f" ({counted(jobs, 'job')})" if jobs else ""


def _readers(what: str, readers: Sequence[Reader], width: int) -> Iterator[str]:
    for reader in readers[:READERS]:
        jobs = f", {counted(reader.jobs, 'job')}" if reader.jobs is not None else ""
        who = f" of {reader.users[0]}" if len(reader.users) == 1 else ""
        last = f", last {moment(reader.last)}" if reader.last is not None else ""
        yield f"    {what}: {cut_end(harmless(reader.what), max(width - 8 - len(what), 20))}"
        yield from (f"      {line}" for line in wrap(f"{reader.reason}{jobs}{who}{last}", max(width - 6, 20)))
    if len(readers) > READERS:
        yield f"    and {len(readers) - READERS:,} more; --format json lists them all"


def _nested(text: str, width: int) -> Iterator[str]:
    return (f"    {line}" for line in wrap(text, max(width - 4, 20)))


# -- expirations ---------------------------------------------------------------------------------------


def _expirations(found: Suggestions, width: int) -> Iterator[str]:
    if not found.expirations:
        return
    yield from _said("Prices", f"storage {STORAGE_NOTE}", width)
    for one in found.expirations[:SHOWN]:
        yield ""
        yield f"  {one.subject}"
        yield from _nested(_expiration(one), width)
    if len(found.expirations) > SHOWN:
        yield f"  and {len(found.expirations) - SHOWN:,} more; --format json lists them all"


def _expiration(one: ExpirationSuggestion) -> str:
    if not isinstance(one.subject, TableName):
        return (
            f"new tables may expire {counted(one.table_days or 0, 'day')} after they are made: {one.reason}"
        )
    what = f"it may expire on {one.expires:%Y-%m-%d}" if one.expires is not None else ""
    if one.partition_days is not None:
        what = f"partitions older than {counted(one.partition_days, 'day')} may expire"
    size = f", {format_bytes(one.bytes)} of data" if one.bytes is not None else ""
    saves = ""
    if one.usd_low is not None and one.usd_high is not None:
        saves = f", which saves {format_usd(one.usd_low)} to {format_usd(one.usd_high)} a month"
    return f"DELETES DATA: {what}{size}{saves}: {one.reason}"


# -- alerts and time limits ----------------------------------------------------------------------------


def _alerts(found: Suggestions) -> Iterator[str]:
    if not found.alerts:
        return
    yield f"Arithmetic threshold = {alert.FACTOR} x p{alert.PERCENT} of hours with queries (UTC), rounded up"
    yield ""
    head = ("project", "hours", f"p{alert.PERCENT}", "largest", "threshold", "above it")
    rows: list[Sequence[str]] = [head]
    rows += [
        (
            one.project,
            f"{one.hours:,}",
            format_bytes(one.p99),
            format_bytes(one.largest),
            format_bytes(one.threshold),
            counted(one.above, "hour") if one.above else "no hour",
        )
        for one in found.alerts[:SHOWN]
    ]
    yield from _indented(table(rows))


def _time_limits(found: Suggestions, width: int) -> Iterator[str]:
    if not found.time_limits:
        return
    yield from _said(
        "Arithmetic",
        f"greatest age and timeout = {time_limits.FACTOR} x p{time_limits.PERCENT} of how long it ran without a pause, "
        "rounded up to the hour; no greatest age where that is more than a day",
        width,
    )
    for one in found.time_limits[:SHOWN]:
        yield ""
        where = (
            f"{one.name} in {one.location}" if one.name is not None else f"training jobs in {one.location}"
        )
        yield f"  {one.service}: {where} ({one.project})"
        yield from _nested(_time_limit(one, found.currency), width)
    if len(found.time_limits) > SHOWN:
        yield f"  and {len(found.time_limits) - SHOWN:,} more; --format json lists them all"


def _time_limit(one: TimeLimitSuggestion, currency: str | None) -> str:
    spans = [
        f"{name} {span_text(span)}"
        for name, span in (
            ("max-idle", one.max_idle),
            ("max-age", one.max_age),
            ("timeout", one.timeout),
        )
        if span is not None
    ]
    ran = f"ran {counted(one.stretches, 'time')} on {counted(one.days, 'day')}, p95 {span_text(one.typical)}"
    cost = f"{amount_text(one.net)} {currency or ''}".strip()
    return f"{', '.join(spans)}: it {ran}, longest {span_text(one.longest)}, and cost {cost}"
