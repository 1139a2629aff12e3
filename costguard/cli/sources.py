"""The bill and the job history that a command was given: files, or a table of BigQuery, which does the adding up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from costguard.errors import UsageProblem

if TYPE_CHECKING:
    from costguard.cloud.bigquery import BigQuery
    from costguard.cloud.bill import Asked
    from costguard.history.cells import CellRequest
    from costguard.history.charges import Charges
    from costguard.history.jobs import Jobs
    from costguard.history.rollup import Period


@dataclass(frozen=True, slots=True)
class Warehouse:
    """How BigQuery is asked, where a source stays there."""

    label: str
    """Of the queries."""
    project: str | None = None
    """Runs and pays for them; None: the one of the credentials."""
    limit: int | None = None
    """Bytes that each query may be charged for; None: 100 GiB."""

    def client(self) -> BigQuery:
        """Google's client."""
        from costguard.cli.progress import note
        from costguard.cloud.bigquery import Access, BigQuery

        return BigQuery(Access(self.project, label=self.label), note)

    def refuse_unless_used(self, *sources: Sequence[str]) -> None:
        """Options for BigQuery with nothing but files are a mistake.

        Raises:
            UsageProblem: they were given.
        """
        from costguard.history.exports import SCHEME

        used = any(item.startswith(SCHEME) for given in sources for item in given)
        if not used and (self.project is not None or self.limit is not None):
            raise UsageProblem("--project and --max-bytes-billed are for sources such as bigquery://p.d.t")


def bill_of(given: Sequence[str], warehouse: Warehouse, request: Callable[[], CellRequest]) -> Charges:
    """The charges of a bill. `request`: what BigQuery is to add up.

    Raises:
        UsageProblem: the bill cannot be read, or reading it would cost more than the limit.
    """
    from costguard.history.charges import load_charges

    if not _in_bigquery(given):
        return load_charges(given)
    from costguard.cloud.bill import DEFAULT_LIMIT, cells, source_table

    table = source_table(given)
    assert table is not None
    found, asked = cells(warehouse.client(), table, request(), warehouse.limit or DEFAULT_LIMIT)
    _say(asked, "row")
    return found


def jobs_of(given: Sequence[str], warehouse: Warehouse, period: Period) -> Jobs:
    """The jobs of a history; of one in BigQuery those that were created in a period.

    Raises:
        UsageProblem: the history cannot be read, or reading it would cost more than the limit.
    """
    from costguard.history.jobs import load_jobs

    if not _in_bigquery(given):
        return load_jobs(given)
    from costguard.cloud.bill import DEFAULT_LIMIT
    from costguard.cloud.job_history import job_rows
    from costguard.history.exports import SCHEME
    from costguard.history.job_sql import job_source

    if len(given) > 1:
        raise UsageProblem(f"{given[0]}: a history of BigQuery is read alone; give files, or one of these")
    source = job_source(given[0].removeprefix(SCHEME))
    found, asked = job_rows(warehouse.client(), source, period, warehouse.limit or DEFAULT_LIMIT)
    _say(asked, "job")
    return found


def _in_bigquery(given: Sequence[str]) -> bool:
    from costguard.history.exports import SCHEME

    return any(item.startswith(SCHEME) for item in given)


def _say(asked: Asked, thing: str) -> None:
    """What a query cost, on stderr: what a command writes stays the same each time."""
    import sys

    from costguard.money import format_bytes, format_usd
    from costguard.render.amounts import counted

    billed = "unknown bytes" if asked.billed is None else format_bytes(asked.billed)
    usd = f" ({format_usd(asked.usd)} at list price)" if asked.usd is not None else ""
    sys.stderr.write(f"costguard: {asked.about}: {counted(asked.rows, thing)} for {billed} billed{usd}\n")
