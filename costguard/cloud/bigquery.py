"""BigQuery through Google's own client: what is asked, who pays, and what a query may cost at most."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from costguard.cloud.problems import Attempt, GivenUp, explained, first_line
from costguard.cloud.sign_in import reading_credentials
from costguard.errors import UsageProblem

if TYPE_CHECKING:
    import polars as pl
    from google.api_core.retry import Retry
    from google.cloud import bigquery
    from google.cloud.bigquery import QueryJob, QueryJobConfig
    from google.cloud.bigquery.table import RowIterator
    from requests import Response

EMULATOR: Final = "BIGQUERY_EMULATOR_HOST"
"""The client's own variable: another address of the API."""

MINIMUM_BYTES_BILLED: Final = 10 << 20
"""No query that reads anything is charged for less, so no lower limit can be set."""

PATIENCE_SECONDS: Final = 60.0
"""So long a request is tried again after 429, 5xx or rateLimitExceeded. Quotas of a day are not waited for."""

_PAGE_ROWS: Final = 50_000
"""Rows of an answer that are held as Python objects at a time."""
REQUEST_SECONDS: Final = 30.0
"""So long one request may take: less than the patience, so that one answer that is lost is asked for again. (For rows
of a query the client allows 120 at least.)"""

_BEGUN: Final = "the query was begun, as job {}, and may be charged for"

INSTALL: Final = (
    "Google's clients are not installed: run `python -m pip install 'costguard-gcp[gcp]'`, "
    "or `python -m pip install '.[gcp]'` in a checkout"
)


Say = Callable[[str], None]
"""Called with a sentence about what is waited for."""

Parameters = Mapping[str, "str | datetime | Sequence[str]"]
"""Values of a query's parameters: texts, moments, lists of texts."""


@dataclass(frozen=True, slots=True)
class Access:
    """How BigQuery is asked."""

    project: str | None = None
    """Runs and pays for the jobs; None: the one of the credentials."""
    quota_project: str | None = None
    label: str = "costguard"
    """Every job has the label `costguard` with this value."""
    patience: float = PATIENCE_SECONDS
    first_wait: float = 1.0
    """Seconds before the first new try; the next ones wait twice as long each, at most 10 seconds."""
    request_seconds: float = REQUEST_SECONDS
    """So long one request may take."""


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a query would process, in bytes; None when BigQuery cannot tell."""

    bytes: int | None
    accuracy: str | None
    """PRECISE, UPPER_BOUND, LOWER_BOUND or UNKNOWN."""


@dataclass(frozen=True, slots=True)
class FrameAnswer:
    """The rows of a query as a frame, and what it was charged for."""

    frame: pl.DataFrame
    bytes_billed: int | None


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of a query, and what it was charged for."""

    rows: list[dict[str, Any]]
    bytes_billed: int | None


class BigQuery:
    """Google's client with a project, retries, limits and labels. It may be used by several threads.

    Every method raises NotReadable for a thing that is not there or may not be read, UsageProblem for what holds for
    all of them.
    """

    def __init__(self, access: Access, say: Say = lambda text: None) -> None:
        """`say`: what is waited for, once each.

        Raises:
            UsageProblem: a project's name is none, Google's client is not installed, or there are no credentials.
        """
        for project in (access.project, access.quota_project):
            if project is not None:
                checked_project(project)
        self._access = access
        self._say = _once(say)
        self._client = _client(access)
        self._client._http.hooks["response"].append(_check_answer)
        self._retry = _retry(access, self._say)
        self._retry_new = _retry(access, self._say, new=True)

    @property
    def project(self) -> str:
        """The project that runs the jobs."""
        name: str = self._client.project
        return name

    def datasets(self, project: str) -> list[str]:
        """The names of a project's datasets, sorted; hidden ones are left out."""
        with explained(self._attempt(f"list the datasets of {project}", "bigquery.datasets.get")):
            found = self._client.list_datasets(
                project, retry=self._retry, timeout=self._access.request_seconds
            )
            return sorted(item.dataset_id for item in found)

    def tables(self, project: str, dataset: str) -> list[str]:
        """The names of a dataset's tables and views, sorted."""
        with explained(self._attempt(f"list the tables of {project}.{dataset}", "bigquery.tables.list")):
            found = self._client.list_tables(
                f"{project}.{dataset}", retry=self._retry, timeout=self._access.request_seconds
            )
            return sorted(item.table_id for item in found)

    def table(self, project: str, dataset: str, table: str) -> Mapping[str, Any]:
        """A table's description, as `tables.get` answers: free."""
        from google.cloud.bigquery import DatasetReference

        name = f"{project}.{dataset}.{table}"
        with explained(self._attempt(f"read the description of {name}", "bigquery.tables.get")):
            reference = DatasetReference(project, dataset).table(table)
            found = self._client.get_table(reference, retry=self._retry, timeout=self._access.request_seconds)
            description: Mapping[str, Any] = found.to_api_repr()
            return description

    def dataset(self, project: str, dataset: str) -> Mapping[str, Any]:
        """A dataset's description, as `datasets.get` answers: free."""
        from google.cloud.bigquery import DatasetReference

        name = f"{project}.{dataset}"
        with explained(self._attempt(f"read the description of {name}", "bigquery.datasets.get")):
            found = self._client.get_dataset(
                DatasetReference(project, dataset), retry=self._retry, timeout=self._access.request_seconds
            )
            description: Mapping[str, Any] = found.to_api_repr()
            return description

    def update_table(self, resource: Mapping[str, Any], fields: Sequence[str]) -> None:
        """Change these fields of a table, if it is still in the state that `etag` in the resource names. `fields`: as
        the properties of Google's `Table` are called.

        Raises: ChangedUnderneath when it is not.
        """
        from google.cloud.bigquery import Table

        table = Table.from_api_repr(dict(resource))
        name = f"{table.project}.{table.dataset_id}.{table.table_id}"
        with explained(self._attempt(f"change {name}", "bigquery.tables.update")):
            self._client.update_table(table, fields, retry=self._retry, timeout=self._access.request_seconds)

    def update_dataset(self, resource: Mapping[str, Any], fields: Sequence[str]) -> None:
        """Change these fields of a dataset, in the same manner."""
        from google.cloud.bigquery import Dataset

        dataset = Dataset.from_api_repr(dict(resource))
        name = f"{dataset.project}.{dataset.dataset_id}"
        with explained(self._attempt(f"change {name}", "bigquery.datasets.update")):
            self._client.update_dataset(
                dataset, fields, retry=self._retry, timeout=self._access.request_seconds
            )

    def jobs(self, project: str, since: datetime, until: datetime) -> Iterator[dict[str, Any]]:
        """The jobs of a project that were created in a time and have ended, as `jobs.list` tells them in full: free."""
        checked_project(project)
        with explained(self._attempt(f"list the jobs of {project}", "bigquery.jobs.listAll", project)):
            found = self._client.list_jobs(
                project=project,
                all_users=True,
                state_filter="done",
                min_creation_time=since,
                max_creation_time=until,
                page_size=1000,
                retry=self._retry,
                timeout=self._access.request_seconds,
            )
            for job in found:
                yield job._properties

    def dry_run(
        self, sql: str, location: str | None, about: str, parameters: Parameters | None = None
    ) -> DryRun:
        """What a query would process: free. `about`: the table, for messages."""
        from google.cloud.bigquery import QueryJobConfig

        config = QueryJobConfig(
            dry_run=True,
            use_query_cache=False,
            labels=self._labels(),
            query_parameters=_query_parameters(parameters or {}),
        )
        with explained(self._attempt(f"dry run a query of {about}", "bigquery.tables.getData")):
            job = self._client.query(
                sql,
                config,
                location=location,
                retry=self._retry,
                job_retry=None,
                timeout=self._access.request_seconds,
            )
        # How sure the figure is has no property of the client's own.
        answer = job._properties.get("statistics", {}).get("query", {})
        accuracy = answer.get("totalBytesProcessedAccuracy")
        size = job.total_bytes_processed
        # UNKNOWN comes with 0 bytes, which means that they cannot be told.
        return DryRun(None if accuracy == "UNKNOWN" or size is None else int(size), accuracy)

    def rows(
        self,
        sql: str,
        location: str | None,
        maximum_bytes_billed: int,
        parameters: Parameters,
        about: str,
    ) -> Answer:
        """The rows of a query, which is run once; it fails where it would be charged for more."""
        config = self._limited(maximum_bytes_billed, parameters)
        with explained(self._attempt(f"query {about}", "bigquery.tables.get")):
            job = self._begun(sql, config, location)
            with _charged(job):
                rows = [dict(row.items()) for row in self._result(job, about)]
                if job.total_bytes_billed is None:
                    job.reload(retry=self._retry, timeout=self._access.request_seconds)
        billed = job.total_bytes_billed
        return Answer(rows, int(billed) if billed is not None else None)

    def frame(
        self,
        sql: str,
        location: str | None,
        maximum_bytes_billed: int,
        parameters: Parameters,
        about: str,
        schema: Mapping[str, pl.DataType],
        most_rows: int,
    ) -> FrameAnswer:
        """The rows of a query as a frame with these columns, taken page by page; it fails where it would be charged for
        more.

        Raises:
            UsageProblem: there are more than `most_rows`.
        """
        import polars as pl

        config = self._limited(maximum_bytes_billed, parameters)
        with explained(self._attempt(f"query {about}", "bigquery.tables.get")):
            job = self._begun(sql, config, location)
            with _charged(job):
                found = self._result(job, about, _PAGE_ROWS)
                if found.total_rows is not None and found.total_rows > most_rows:
                    raise UsageProblem(
                        f"{about}: the answer has {found.total_rows:,} rows, more than {most_rows:,}; choose a "
                        "shorter time"
                    )
                pages = [
                    pl.DataFrame([row.values() for row in page], schema=dict(schema), orient="row")
                    for page in found.pages
                ]
                if job.total_bytes_billed is None:
                    job.reload(retry=self._retry, timeout=self._access.request_seconds)
        billed = job.total_bytes_billed
        frame = pl.concat(pages) if pages else pl.DataFrame(schema=dict(schema))
        return FrameAnswer(frame, int(billed) if billed is not None else None)

    def _begun(self, sql: str, config: QueryJobConfig, location: str | None) -> QueryJob:
        """The job of a query that is charged for. It is one job with an id of its own however often it is asked for:
        the client would make a new one, and pay again, where only the answer was lost."""
        from google.api_core.exceptions import Conflict, GoogleAPICallError, RetryError
        from google.cloud.bigquery import QueryJob
        from requests.exceptions import RequestException

        identity = str(uuid4())
        try:
            return self._client.query(
                sql,
                config,
                job_id=identity,
                location=location,
                retry=self._retry,
                job_retry=None,
                timeout=self._access.request_seconds,
            )
        except Conflict:  # it is there already: it arrived, and the answer did not
            try:
                found = self._client.get_job(
                    identity, location=location, retry=self._retry_new, timeout=self._access.request_seconds
                )
            except RetryError as error:
                raise GivenUp(_BEGUN.format(identity), error) from error
        except RetryError as error:
            try:
                look = self._retry.with_timeout(0.0)  # one look
                found = self._client.get_job(
                    identity, location=location, retry=look, timeout=self._access.request_seconds
                )
            except (GoogleAPICallError, RetryError, RequestException):
                raise GivenUp(
                    f"the query may have been begun all the same, as job {identity}", error
                ) from error
        assert isinstance(found, QueryJob)
        return found

    def _result(self, job: QueryJob, about: str, page_size: int | None = None) -> RowIterator:
        """The rows of a job, as soon as it has ended. A query may run for hours, and is waited for; no request is."""
        while True:
            try:
                return job.result(
                    page_size=page_size,
                    retry=self._retry,
                    job_retry=None,
                    timeout=self._access.request_seconds,
                )
            except TimeoutError:  # of the query, not of a request
                self._say(f"the query of {about} still runs, as job {job.job_id}")

    def _limited(self, maximum_bytes_billed: int, parameters: Parameters) -> QueryJobConfig:
        from google.cloud.bigquery import QueryJobConfig

        return QueryJobConfig(
            maximum_bytes_billed=maximum_bytes_billed,
            labels=self._labels(),
            query_parameters=_query_parameters(parameters),
        )

    def _attempt(self, action: str, permission: str, subject: str | None = None) -> Attempt:
        return Attempt(action, self.project, permission, subject)

    def _labels(self) -> dict[str, str]:
        return {"costguard": self._access.label}


def _query_parameters(parameters: Parameters) -> list[Any]:
    from google.cloud.bigquery import ArrayQueryParameter, ScalarQueryParameter

    found: list[Any] = []
    for name, value in parameters.items():
        if isinstance(value, str):
            found.append(ScalarQueryParameter(name, "STRING", value))
        elif isinstance(value, datetime):
            found.append(ScalarQueryParameter(name, "TIMESTAMP", value))
        else:
            found.append(ArrayQueryParameter(name, "STRING", list(value)))
    return found


def _client(access: Access) -> bigquery.Client:
    """The official client.

    Raises:
        UsageProblem: the extra is not installed, no credentials, no project.
    """
    try:
        from google.api_core.client_options import ClientOptions
        from google.auth.credentials import AnonymousCredentials
        from google.cloud import bigquery
    except ImportError:
        raise UsageProblem(INSTALL) from None

    options = ClientOptions(quota_project_id=access.quota_project)
    host = os.environ.get(EMULATOR, "")
    if host and not host.startswith(("http://", "https://")):
        raise UsageProblem(f"{EMULATOR}={host}: is no address such as http://127.0.0.1:9050")
    if host.startswith("http://"):
        # Nobody's credentials are sent over an open line: whatever listens there has to do without.
        if access.project is None:
            raise UsageProblem(f"{EMULATOR} is set, so that no credentials name a project; give --project")
        credentials = AnonymousCredentials()  # type: ignore[no-untyped-call]
        return bigquery.Client(project=access.project, credentials=credentials)
    attempt = Attempt("connect to BigQuery", access.project or "your project", "bigquery.jobs.create")
    with explained(attempt), reading_credentials(f"cannot {attempt.action}"):
        try:
            return bigquery.Client(project=access.project, client_options=options)
        except OSError as error:
            if type(error) is OSError and access.project is None:  # what the client raises for this alone
                raise UsageProblem("the credentials name no project; give --project") from None
            raise


@contextmanager
def _charged(job: QueryJob) -> Iterator[None]:
    """Around the reading of what a job found: where that fails, the job is there nevertheless."""
    from google.api_core.exceptions import RetryError

    try:
        yield
    except RetryError as error:
        raise GivenUp(_BEGUN.format(job.job_id), error) from error


def _check_answer(response: Response, *_: object, **__: object) -> None:
    """The client stumbles over an answer that is JSON, and no object.

    Raises:
        InvalidJSONError: it is such an answer.
    """
    from requests.exceptions import InvalidJSONError

    body = response.content.lstrip()
    is_json = 200 <= response.status_code < 300 or "json" in response.headers.get("Content-Type", "")
    if is_json and body and not body.startswith(b"{"):
        raise InvalidJSONError(f"{response.status_code}: {body[:50].decode(errors='replace')}")


def _once(say: Say) -> Say:
    """Says each sentence once: many requests that are under way meet the same trouble, again and again."""
    said: set[str] = set()
    lock = threading.Lock()

    def say_once(text: str) -> None:
        with lock:
            if text in said:
                return
            said.add(text)
        say(text)

    return say_once


def _retry(access: Access, say: Say, new: bool = False) -> Retry:
    """The client's own idea of what may be tried again, with waits and an end of ours. `new`: what is asked for was
    made just now, and may not be seen yet."""
    from google.api_core.exceptions import NotFound
    from google.api_core.retry import Retry
    from google.cloud.bigquery import DEFAULT_RETRY

    def passes(error: Exception) -> bool:
        return bool(DEFAULT_RETRY._predicate(error)) or (new and isinstance(error, NotFound))

    return Retry(
        predicate=passes,
        on_error=lambda error: say(
            f"no answer yet from BigQuery ({first_line(error)}): asking again, for {access.patience:g} seconds at most"
        ),
        initial=access.first_wait,
        maximum=10.0,
        multiplier=2.0,
        timeout=access.patience,
    )


def checked_project(text: str) -> str:
    """A project's id as it is given. It becomes a part of addresses: `../q` would lead elsewhere.

    Raises:
        UsageProblem: it is none.
    """
    if re.fullmatch(r"(?:[a-z0-9][a-z0-9.-]*:)?[A-Za-z0-9][A-Za-z0-9_-]*", text) is None:
        raise UsageProblem(f"{text!r} is no project such as my-project or example.com:my-project")
    return text


def project_dataset(text: str, project: str) -> tuple[str, str]:
    """The project and dataset that a text names: `dataset`, `project.dataset` or `project:dataset`.

    Raises:
        UsageProblem: it names none.
    """
    found = re.fullmatch(r"(?:(?P<project>(?:[\w.-]+:)?[\w-]+)[.:])?(?P<dataset>\w{1,1024})", text)
    if found is None:
        raise UsageProblem(f"{text!r} is no dataset such as shop or my-project.shop")
    return found.group("project") or project, found.group("dataset")
