"""Puts a catalog together from what BigQuery says of its tables.

Descriptions and dry runs are free. Only the sizes of partitions are read with queries that are charged for, one for
the tables of a dataset.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, Final

from costguard.catalog.dry_run import Question, UnaskableError, query_text
from costguard.catalog.load import PARTITION_IDS
from costguard.catalog.measure import MEASURABLE, measure
from costguard.catalog.model import CatalogError, Table, build_table, partition_order
from costguard.catalog.partition_rows import TABLES_AT_ONCE, partition_entries
from costguard.catalog.resource import Described, describe
from costguard.cloud.bigquery import BigQuery, project_dataset
from costguard.cloud.pace import AT_ONCE, Pace, Progress, at_pace
from costguard.cloud.problems import NoAnswer, NotAllowed, NotReadable
from costguard.cloud.progress_file import ProgressFile
from costguard.errors import UsageProblem

PARTITIONED: Final = frozenset({"table", "snapshot", "materialized_view"})

JOBS: Final = "bigquery.jobs.create"
"""The permission that dry runs and queries take."""

_PARTITIONS: Final = """\
SELECT table_name, partition_id, total_rows, total_logical_bytes
FROM `{project}`.`{dataset}`.INFORMATION_SCHEMA.PARTITIONS
WHERE table_name IN UNNEST(@tables) AND partition_id IS NOT NULL"""


@dataclass(frozen=True, slots=True)
class PullRequest:
    """Which tables are described, and how closely."""

    datasets: tuple[str, ...] = ()
    """`dataset` or `project.dataset`; none: all of the project."""
    location: str | None = None
    """Only tables there."""
    tables: tuple[str, ...] = ()
    """Patterns of table names, of which one has to fit; none: all tables."""
    exclude: tuple[str, ...] = ()
    dry_runs: bool = True
    partition_columns: bool = False
    """Measure the columns of each partition too."""
    first_partition: str | None = None
    last_partition: str | None = None
    """Ids of partitions: the columns are measured in those from one to the other only."""
    maximum_bytes_billed: int = 1 << 30
    """Of each query; 0: no query that is charged for is run."""
    per_second: float = 20.0


@dataclass(frozen=True, slots=True)
class Charge:
    """A query that was charged for."""

    location: str | None
    bytes_billed: int | None


@dataclass(frozen=True, slots=True)
class Pulled:
    """A catalog, and what is to be said of it."""

    document: dict[str, Any]
    unread: tuple[tuple[str, str], ...]
    """(dataset or table, why) of what is missing from the catalog, or is in it without what was asked for."""
    remarks: tuple[tuple[str, str], ...]
    """(table, what is known less of it, and why)."""
    elsewhere: int
    """Tables left out since they are in another location."""
    dry_runs: int
    """Made now."""
    remembered: int
    """Answers of dry runs of an earlier pull that was not completed."""
    charges: tuple[Charge, ...]


def pull(
    bigquery: BigQuery, request: PullRequest, kept: ProgressFile, as_of: datetime, progress: Progress
) -> Pulled:
    """The catalog of the tables that a request names. `as_of`: the time now.

    Raises:
        UsageProblem: nothing can be read, or there is no such table; what was measured so far is kept.
    """
    return _Pull(bigquery, request, kept, progress, Pace(request.per_second)).run(as_of)


@dataclass
class _Pull:
    bigquery: BigQuery
    request: PullRequest
    kept: ProgressFile
    progress: Progress
    pace: Pace
    places: list[str] = field(default_factory=list)
    """The datasets whose tables were listed, or were to be."""
    listed: int = 0
    """Tables of these datasets, wanted or not."""
    unread: list[tuple[str, str]] = field(default_factory=list)
    remarks: list[tuple[str, str]] = field(default_factory=list)
    charges: list[Charge] = field(default_factory=list)
    answers: dict[Question, int | None] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    """Why a table's queries may not be run."""
    partly: dict[str, str] = field(default_factory=dict)
    """Why the dry run of some column of a table fails."""
    no_jobs: str | None = None
    """Why nothing can be asked that takes a job; what takes none is known all the same."""
    silent: set[str] = field(default_factory=set)
    """Tables and datasets that BigQuery failed at, since it answered last."""
    dry_runs: int = 0
    remembered: int = 0

    def run(self, as_of: datetime) -> Pulled:
        found = self._described(list(self._names()))
        wanted = self.request.location
        tables = [
            table
            for table in found
            if wanted is None or (table.entry["location"] or "").lower() == wanted.lower()
        ]
        if not tables:
            self._refuse_nothing(found)
        self.remarks += [(table.name, _LEGACY) for table in tables if table.legacy]
        self._list_partitions(tables)
        self._measure(tables)
        if self.no_jobs is not None:
            self.unread.append((self.bigquery.project, self.no_jobs))
        document = {
            "version": 1,
            "as_of": f"{as_of:%Y-%m-%dT%H:%M:%SZ}",
            "tables": [table.entry for table in sorted(tables, key=lambda table: table.name)],
        }
        return Pulled(
            document,
            tuple(sorted(self.unread)),
            tuple(sorted(self.remarks)),
            len(found) - len(tables),
            self.dry_runs,
            self.remembered,
            tuple(self.charges),
        )

    # -- which tables, and what they are -----------------------------------------------------------

    def _names(self) -> Iterator[tuple[str, str, str]]:
        """(project, dataset, table) of all tables that are wanted, each once."""
        own = self.bigquery.project
        if self.request.datasets:
            datasets = sorted({project_dataset(text, own) for text in self.request.datasets})
        else:
            datasets = [project_dataset(f"{own}.{name}", own) for name in self.bigquery.datasets(own)]
        unused = dict.fromkeys(self.request.tables)
        for project, dataset in datasets:
            self.places.append(f"{project}.{dataset}")
            try:
                names = self.bigquery.tables(project, dataset)
            except (NotReadable, NoAnswer) as problem:
                self._heard(f"{project}.{dataset}", problem)
                self.unread.append((f"{project}.{dataset}", str(problem)))
                continue
            self.listed += len(names)
            unused = {text: None for text in unused if not any(fnmatchcase(name, text) for name in names)}
            for name in names:
                if self._is_wanted(name):
                    yield project, dataset, name
        among = f"no table or view has such a name (of {self.listed:,} that were listed)"
        self.unread += [(f"--table {text}", among) for text in unused if self.listed]

    def _refuse_nothing(self, found: Sequence[Described]) -> None:
        """A catalog of no table helps nobody, least of all in the place of one that has some.

        Raises:
            UsageProblem: why there is none.
        """
        said = [f"{name}: {why}" for name, why in self.unread]
        if found:
            there = ", ".join(sorted({table.entry["location"] or "an unknown place" for table in found}))
            said.append(f"--location {self.request.location}: no table is there; those found are in {there}")
        elif not self.places:
            said.append(f"project {self.bigquery.project}: it has no datasets, or none that may be seen")
        elif not said and not self.listed:
            said.append(f"there are no tables in {_some(self.places)}")
        elif not said:
            said.append(f"--exclude {' --exclude '.join(self.request.exclude)}: leaves no table")
        raise UsageProblem("\n".join(said))

    def _is_wanted(self, table: str) -> bool:
        request = self.request
        if request.tables and not any(fnmatchcase(table, pattern) for pattern in request.tables):
            return False
        return not any(fnmatchcase(table, pattern) for pattern in request.exclude)

    def _described(self, names: Sequence[tuple[str, str, str]]) -> list[Described]:
        found: list[Described] = []
        for done, (name, result) in enumerate(at_pace(names, self._describe, self.pace), 1):
            self._heard(".".join(name), result)
            if isinstance(result, Described):
                found.append(result)
            else:
                self.unread.append((".".join(name), str(result)))
            self.progress("describing", done, len(names))
        return sorted(found, key=lambda table: table.name)

    def _describe(self, name: tuple[str, str, str]) -> Described | Exception:
        try:
            found = describe(self.bigquery.table(*name))
        except (NotReadable, NoAnswer, CatalogError) as problem:
            return problem
        # Queries name it: it has to be what was asked for, whoever answers.
        return (
            found
            if found.name == ".".join(name)
            else CatalogError(f"the answer describes {found.name} instead")
        )

    def _heard(self, name: str, result: object) -> None:
        """Note what BigQuery answered of a thing.

        Raises:
            NoAnswer: it has failed at so many that it must be down. Each failure takes as long as patience lasts.
        """
        if not isinstance(result, NoAnswer):
            self.silent.clear()
            return
        self.silent.add(name)
        if len(self.silent) >= AT_ONCE:
            raise result

    # -- partitions --------------------------------------------------------------------------------

    def _list_partitions(self, tables: Iterable[Described]) -> None:
        groups: dict[tuple[str, str, str | None], list[Described]] = {}
        for table in tables:
            if table.entry["partitioning"] is not None and table.entry["kind"] in PARTITIONED:
                project, dataset, _ = _parts(table.name)
                groups.setdefault((project, dataset, table.entry["location"]), []).append(table)
        limit = self.request.maximum_bytes_billed
        for place, members in sorted(groups.items(), key=lambda item: item[0][:2]):
            if limit == 0:
                self.remarks += [(table.name, _NOT_LISTED) for table in members]
                continue
            failed: dict[str, list[str]] = {}
            for start in range(0, len(members), TABLES_AT_ONCE):
                if self.no_jobs is not None:
                    return
                some = members[start : start + TABLES_AT_ONCE]
                why = self._list_partitions_of(place, some, limit)
                if why is not None:
                    failed.setdefault(why, []).extend(table.name for table in some)
            for why, names in failed.items():
                if len(names) == 1:
                    self.unread.append((names[0], f"its partitions are not listed: {why}"))
                else:
                    said = f"partitions of {len(names):,} tables are not listed ({_some(names, 3)}): {why}"
                    self.unread.append((".".join(place[:2]), said))

    def _list_partitions_of(
        self, place: tuple[str, str, str | None], members: Sequence[Described], limit: int
    ) -> str | None:
        """Why it failed; None when it did not, or when no more is asked for."""
        project, dataset, location = place
        sql = _PARTITIONS.format(project=project, dataset=dataset)
        names = [_parts(table.name)[2] for table in members]
        try:
            answer = self.bigquery.rows(
                sql, location, limit, {"tables": names}, f"the partitions of {project}.{dataset}"
            )
        except NotAllowed as problem:
            self._without_jobs(problem)
            return None
        except (NotReadable, NoAnswer) as problem:
            self._heard(f"{project}.{dataset}", problem)
            return str(problem)
        self._heard(f"{project}.{dataset}", answer)
        self.charges.append(Charge(location, answer.bytes_billed))
        rows: dict[str, list[Mapping[str, Any]]] = {name: [] for name in names}
        for row in answer.rows:
            rows.get(row["table_name"], []).append(row)
        for table, name in zip(members, names, strict=True):
            partitioning = table.entry["partitioning"]
            entries, strange = partition_entries(partitioning["type"], rows[name])
            if not entries and table.entry["rows"]:
                self.remarks.append((table.name, "INFORMATION_SCHEMA lists none of its partitions"))
                continue
            partitioning["partitions"] = entries
            if strange:
                self.remarks.append((table.name, f"partitions of unknown form: {', '.join(strange)}"))
        return None

    def _without_jobs(self, problem: NotAllowed) -> None:
        """Jobs may not be run: what was described is worth a catalog all the same.

        Raises:
            NotAllowed: it is another permission that is missing.
        """
        if problem.permission != JOBS:
            raise problem
        self.no_jobs = (
            f"partitions are not listed and columns not measured: {problem}; or leave them out with "
            "--no-dry-runs --max-bytes-billed 0"
        )

    # -- sizes of columns --------------------------------------------------------------------------

    def _measure(self, tables: Sequence[Described]) -> None:
        built = {table.name: build_table(table.name, table.entry) for table in tables}
        chosen = {name: self._chosen_partitions(table) for name, table in built.items()}
        described = {table.name: table for table in tables}
        left = [name for name, table in built.items() if table.kind in MEASURABLE]
        while left and self.request.dry_runs and self.no_jobs is None:
            waiting = []
            questions: list[tuple[Question, str, str | None]] = []
            for name in left:
                asked = measure(built[name], self.answers, chosen[name]).open
                if asked:
                    waiting.append(name)
                questions += self._unanswered(asked, described[name], built[name])
            self._ask(questions, described)
            left = waiting
        for name, table in built.items():
            self._fill(described[name].entry, table, chosen[name])

    def _chosen_partitions(self, table: Table) -> tuple[str, ...]:
        """The partitions whose columns are measured."""
        partitioning = table.partitioning
        request = self.request
        if not request.partition_columns or partitioning is None:
            return ()
        ids = [partition.id for partition in partitioning.partitions or () if partition.rows != 0]
        low, high = request.first_partition, request.last_partition
        if low is None and high is None:
            return tuple(ids)
        kind = partitioning.type
        if any(end is not None and not PARTITION_IDS[kind].fullmatch(end) for end in (low, high)):
            return ()  # the range is one of differently partitioned tables
        return tuple(
            identifier
            for identifier in ids
            if PARTITION_IDS[kind].fullmatch(identifier)
            and (low is None or partition_order(kind, low) <= partition_order(kind, identifier))
            and (high is None or partition_order(kind, identifier) <= partition_order(kind, high))
        )

    def _unanswered(
        self, asked: Iterable[Question], described: Described, table: Table
    ) -> Iterator[tuple[Question, str, str | None]]:
        """Questions with their text, but those that an earlier pull has the answer to, or that cannot be asked."""
        for question in asked:
            try:
                text = query_text(question, described.entry, table.partitioning)
            except UnaskableError as problem:
                self.answers[question] = None
                self.remarks.append((question.table, str(problem)))
                continue
            size = self.kept.get((question.table, described.modified, text))
            if size is None:
                yield question, text, table.location
            else:
                self.answers[question] = size
                self.remembered += 1

    def _ask(
        self,
        questions: Sequence[tuple[Question, str, str | None]],
        described: Mapping[str, Described],
    ) -> None:
        try:
            self._ask_all(questions, described)
        except NotAllowed as problem:
            self._without_jobs(problem)

    def _ask_all(
        self,
        questions: Sequence[tuple[Question, str, str | None]],
        described: Mapping[str, Described],
    ) -> None:
        total = self.dry_runs + len(questions)
        for (question, text, _), result in at_pace(questions, self._dry_run, self.pace):
            if isinstance(result, NoAnswer) or question.table not in self.refused:  # else it was not asked
                self._heard(question.table, result)
            size = None if isinstance(result, NoAnswer) else result
            self.answers[question] = size
            self.dry_runs += 1
            if size is not None:
                self.kept.put((question.table, described[question.table].modified, text), size)
            self.progress("measuring", self.dry_runs, total)

    def _dry_run(self, asked: tuple[Question, str, str | None]) -> int | NoAnswer | None:
        """Bytes that a query would process; None when BigQuery does not say."""
        question, text, location = asked
        if question.table in self.refused:
            return None
        try:
            answer = self.bigquery.dry_run(text, location, question.table)
        except NotReadable as problem:
            known = self.refused if problem.whole else self.partly
            known.setdefault(question.table, str(problem))
            return None
        except NoAnswer as problem:  # its other queries would take as long to fail
            self.refused.setdefault(question.table, str(problem))
            return problem
        return answer.bytes if answer.accuracy != "LOWER_BOUND" else None

    def _fill(self, entry: dict[str, Any], table: Table, chosen: Sequence[str]) -> None:
        """Write the sizes into an entry."""
        measures = measure(table, self.answers, chosen)
        for column in entry["columns"]:
            if column["path"] in measures.sizes:
                column["bytes"] = measures.sizes[column["path"]]
        entry["row_access_policies"] = measures.rows_hidden
        for partition in (entry["partitioning"] or {}).get("partitions") or ():
            sizes = measures.partitions.get(partition["id"])
            if sizes:
                partition["columns"] = dict(sizes)
        if table.name in self.refused:
            self.unread.append((table.name, f"its columns are not measured: {self.refused[table.name]}"))
        else:
            why = f" ({self.partly[table.name]})" if table.name in self.partly else ""
            self.remarks += [(table.name, f"{remark}{why}") for remark in measures.remarks]


_LEGACY: Final = "a view in legacy SQL: its query is left out, and no scan reads through it"
_NOT_LISTED: Final = "its partitions are not listed: that takes a query, which --max-bytes-billed 0 forbids"


def _some(names: Sequence[str], most: int = 5) -> str:
    """Names in a sentence: the first ones, where they are many."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def _parts(name: str) -> tuple[str, str, str]:
    """Project, dataset and table of a full name; a project of a domain has points of its own."""
    rest, _, table = name.rpartition(".")
    project, _, dataset = rest.rpartition(".")
    return project, dataset, table
