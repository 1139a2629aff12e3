"""`costguard history pull charges`: the rows of a billing export, as files."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final

from costguard.cli.sources import Warehouse
from costguard.errors import UsageProblem

MANY_DAYS: Final = 31
"""Dry runs of more of them take a while, which is said."""


def pull_charges(
    given: str,
    warehouse: Warehouse,
    first: str | None,
    last: str | None,
    output: Path,
    now: str | None,
    dry_run: bool,
) -> None:
    """Write a Parquet file for each day that has none yet, and say before what that costs.

    Raises:
        UsageProblem: days, table or directory cannot be used, or it would cost more than the limit.
    """
    import sys

    from costguard.cli.progress import Reporter
    from costguard.cli.request import parse_now
    from costguard.cloud.bill import DEFAULT_LIMIT, source_table
    from costguard.cloud.charge_pull import plan_pull, pull_days, whole_days
    from costguard.money import format_bytes, format_usd
    from costguard.render.amounts import counted

    table = source_table([given])
    assert table is not None
    if first is None:
        raise UsageProblem("say from which day on: --from 2026-09-01")
    days = whole_days(_day("--from", first), _day("--to", last) if last is not None else None, parse_now(now))
    limit = warehouse.limit or DEFAULT_LIMIT
    client = warehouse.client()
    with Reporter(quiet=False, things="days") as reporter:

        def progress(stage: str, done: int, total: int) -> None:
            if done == 1 and total > MANY_DAYS:
                reporter.note(f"{table}: asking for the bytes of {total:,} days first, which is free")
            reporter.progress(stage, done, total)

        plan = plan_pull(client, table, days, output, limit, progress)
    size = "unknown bytes" if plan.estimated is None else format_bytes(plan.estimated)
    usd = f" ({format_usd(plan.usd)} at list price)" if plan.usd is not None else ""
    there = f"; {counted(plan.there, 'day')} there already" if plan.there else ""
    sys.stderr.write(
        f"costguard: {table}: {counted(len(plan.missing), 'day')} of {plan.days_of} to get, {size}{usd}{there}\n"
    )
    if dry_run:
        return
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageProblem(f"{output}: cannot be made ({error.strerror or error})") from None
    for pulled in pull_days(client, plan, limit):
        billed = f" for {format_bytes(pulled.billed)} billed" if pulled.billed is not None else ""
        sys.stderr.write(f"{pulled.file.path}: {counted(pulled.rows, 'row')}{billed}\n")


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageProblem(f"{option} {text}: is no day such as 2026-09-01") from None
