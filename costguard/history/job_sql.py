"""The job history as GoogleSQL: of a table that holds rows of INFORMATION_SCHEMA.JOBS, or of the view itself.

Only columns that a job is made of are read, structs taken apart, and only jobs of a time. Names in the text are this
package's own, or were checked; moments are parameters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from costguard.errors import UsageProblem
from costguard.history.charge_sql import Statement, TableName, checked_path, table_name
from costguard.history.columns import TIME
from costguard.history.job_columns import JOB_LISTS, JOB_PATHS
from costguard.history.rollup import Period

_REGION: Final = re.compile(
    r"(?P<project>(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,61}[a-z0-9])\.region-(?P<region>[a-z0-9-]+)"
)
_CREATED: Final = "creation_time"
_LOCATION: Final = "location"
"""The view does not have it: it is of one region."""


@dataclass(frozen=True, slots=True)
class JobView:
    """INFORMATION_SCHEMA.JOBS of a project in a region."""

    project: str
    region: str
    """`us`, `europe-west6`."""

    def __str__(self) -> str:
        return f"{self.project}.region-{self.region}.INFORMATION_SCHEMA.JOBS"


@dataclass(frozen=True, slots=True)
class JobTable:
    """Where jobs are, in BigQuery."""

    name: TableName | JobView
    location: str | None
    columns: frozenset[str] | None
    """Dotted paths in lower case; None: those of the view, as documented."""

    @property
    def quoted(self) -> str:
        """As it stands in a query."""
        if isinstance(self.name, JobView):
            return f"`{self.name.project}`.`region-{self.name.region}`.INFORMATION_SCHEMA.JOBS"
        return f"`{self.name}`"


def job_source(text: str) -> TableName | JobView:
    """What `project.region-us` or `project.dataset.table` names.

    Raises:
        UsageProblem: neither.
    """
    found = _REGION.fullmatch(text)
    if found is not None:
        return JobView(found["project"], found["region"])
    try:
        return table_name(text)
    except UsageProblem:
        raise UsageProblem(
            f"{text!r} is neither a project's region such as my-project.region-us nor a table such as "
            "my-project.history.jobs"
        ) from None


def job_table(name: TableName, columns: Mapping[str, str], location: str | None) -> JobTable:
    """The table, checked.

    Raises:
        UsageProblem: it holds no job history.
    """
    known = frozenset(path.lower() for path in columns)
    if not {"job_id", _CREATED} <= known:
        raise UsageProblem(f"{name}: no job history: there are no columns job_id and {_CREATED}")
    return JobTable(name, location, known)


def jobs_sql(table: JobTable, period: Period) -> tuple[Statement, dict[str, pl.DataType]]:
    """The query for the jobs that were created in a period, and the columns of its answer."""
    known = table.columns
    paths = [path for path in JOB_PATHS if (path in known if known is not None else path != _LOCATION)]
    lists = {name: fields for name, fields in JOB_LISTS.items() if known is None or name in known}
    selected = [f"{checked_path(path)} AS {path.replace('.', '_')}" for path in paths]
    selected += [_list(name, fields) for name, fields in lists.items()]
    parameters: dict[str, str | datetime] = {}
    if isinstance(table.name, JobView):
        parameters["region"] = table.name.region
        selected.append(f"@region AS {_LOCATION}")
    conditions = []
    for word, sign, moment in (("start", ">=", period.start), ("end", "<", period.end)):
        if moment is not None:
            parameters[word] = moment
            conditions.append(f"`{_CREATED}` {sign} @{word}")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    schema: dict[str, pl.DataType] = {path.replace(".", "_"): _TYPES.get(path, pl.String()) for path in paths}
    for name, fields in lists.items():
        schema[name] = pl.List(pl.Struct(dict.fromkeys(fields, pl.String)))
    if isinstance(table.name, JobView):
        schema[_LOCATION] = pl.String()
    return Statement(f"SELECT {', '.join(selected)} FROM {table.quoted}{where}", parameters), schema  # noqa: S608


_TYPES: Final[Mapping[str, pl.DataType]] = {
    **dict.fromkeys((_CREATED, "start_time", "end_time"), TIME),
    **dict.fromkeys(("total_bytes_processed", "total_bytes_billed", "total_slot_ms"), pl.Int64()),
    "cache_hit": pl.Boolean(),
}
"""Types of the columns that are no text."""


def _list(name: str, fields: tuple[str, ...]) -> str:
    values = ", ".join(f"one.{field}" for field in fields)
    items = f"UNNEST(`{name}`) AS one WITH OFFSET AS position"
    return f"ARRAY(SELECT AS STRUCT {values} FROM {items} ORDER BY position) AS {name}"  # noqa: S608
