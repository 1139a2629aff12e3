"""A small BigQuery: the endpoints of its REST API that costguard uses, over tables of a few rows.

It works out the bytes of a dry run from the rows themselves, by the documented sizes of values, so that what comes out
of a pull can be checked against what is in the tables. Google's own client talks to it, unmodified.
"""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

Json = dict[str, Any]
Row = dict[str, Any]

MODIFIED = "1793500000000"
WIDTHS = {"INTEGER": 8, "FLOAT": 8, "BOOLEAN": 1, "DATE": 8, "TIMESTAMP": 8, "DATETIME": 8, "NUMERIC": 16}
LOST = 0
"""The status of an answer that never comes."""
LENGTHS = {"HOUR": 13, "DAY": 10, "MONTH": 7, "YEAR": 4}
"""Characters of `2026-01-02 03:04:05` that name a partition."""


def column(name: str, kind: str = "STRING", mode: str = "NULLABLE", *fields: Json) -> Json:
    """A field of a schema, in the API's words."""
    return {"name": name, "type": kind, "mode": mode} | ({"fields": list(fields)} if fields else {})


@dataclass
class Table:
    """A table with its rows; those of the streaming buffer count for dry runs only."""

    schema: Sequence[Json]
    rows: Sequence[Row] = ()
    buffered: Sequence[Row] = ()
    more: Json = field(default_factory=dict)
    """Further fields of its description."""
    denied: Sequence[str] = ()
    """Columns with a policy tag that forbids them."""
    refused: str = ""
    """Why no query of it may run."""
    row_security: bool = False
    modified: str = MODIFIED
    copies: int = 1
    """Each row stands there so many times."""
    version: int = 1
    """Grows with each change: the etag."""

    def size(self, path: str, row: Row) -> int:
        """Bytes of a leaf, or of all leaves below a record, in a row and its copies."""
        return _size(self.schema, path.split("."), row) * self.copies

    @property
    def bytes(self) -> str:
        """All its bytes, in the API's words."""
        return str(sum(self.size(item["name"], row) for item in self.schema for row in self.rows))

    @property
    def partitioning(self) -> Json | None:
        """How it is partitioned, in the API's words."""
        found: Json | None = self.more.get("timePartitioning") or self.more.get("rangePartitioning")
        return found

    def partition(self, row: Row) -> str:
        """The id of a row's partition."""
        found = self.partitioning
        assert found is not None
        value = row.get(found.get("field", "_PARTITIONTIME"))
        if value is None:
            return "__NULL__"
        if "range" in found:
            start, interval = int(found["range"]["start"]), int(found["range"]["interval"])
            return str(start + (value - start) // interval * interval)
        return re.sub(r"[- ]", "", value[: LENGTHS[found["type"]]])

    def description(self, project: str, dataset: str, name: str) -> Json:
        """What `tables.get` answers."""
        reference = {"projectId": project, "datasetId": dataset, "tableId": name}
        buffer = {"streamingBuffer": {"estimatedBytes": "99", "estimatedRows": "1"}} if self.buffered else {}
        return {
            "kind": "bigquery#table",
            "tableReference": reference,
            "type": "TABLE",
            "location": "US",
            "numRows": str(len(self.rows) * self.copies),
            "numBytes": self.more.get("numBytes") or self.bytes,
            "lastModifiedTime": self.modified,
            "etag": f"v{self.version}",
            "schema": {"fields": list(self.schema)},
            **buffer,
            **self.more,
        }


def _size(schema: Sequence[Json], path: Sequence[str], row: Row) -> int:
    found = next(item for item in schema if item["name"] == path[0])
    value = row.get(path[0])
    values = value if isinstance(value, list) else [value]
    if found["type"] == "RECORD":
        below = [path[1:]] if len(path) > 1 else [[item["name"]] for item in found["fields"]]
        return sum(_size(found["fields"], rest, item) for item in values if item for rest in below)
    if found["type"] == "STRING":
        return sum(2 + len(item.encode()) for item in values if item is not None)
    if found["type"] not in WIDTHS:
        raise ValueError(f"there are no values of type {found['type']}")
    return sum(WIDTHS[found["type"]] for item in values if item is not None)


@dataclass
class Failure:
    """An answer that is given instead of the right one, so many times."""

    path: str
    """A pattern that the method and path match from the start."""
    status: int
    reason: str
    """`html`: the message is a page of HTML, as proxies answer. `text`: it is all that is answered."""
    message: str
    times: int = 1_000_000
    after: int = 0
    """Requests that are answered rightly before."""


@dataclass
class Server:
    """What the server holds, and what it was asked."""

    tables: dict[str, Table]
    """By `project.dataset.table`."""
    failures: list[Failure] = field(default_factory=list)
    asked: list[Json] = field(default_factory=list)
    """The configurations of all jobs."""
    requests: list[str] = field(default_factory=list)
    datasets: dict[str, Json] = field(default_factory=dict)
    """Further fields of the descriptions of datasets, by `project.dataset`; `version` grows with each change."""
    patches: list[tuple[str, Json]] = field(default_factory=list)
    """What was changed: (name, fields), as it was sent."""
    before_patch: Callable[[str], None] | None = None
    """Called with the name of what is about to be changed: somebody else may be faster."""
    inserts: list[str] = field(default_factory=list)
    """The ids of the jobs that were to be run, of every try."""
    stalled: str = ""
    """What matches this pattern as a failure's path does is answered by nothing."""
    released: threading.Event = field(default_factory=threading.Event)
    """Set when the server ends: nobody waits any more."""
    running: int = 0
    """So many looks at a job find that it still runs."""
    lost: int = 0
    """So many answers to jobs that were run get lost: the line is cut."""
    history: list[Json] = field(default_factory=list)
    """Jobs that ran before, as `jobs.list` tells them."""
    page: int = 2
    """Items on a page of a list."""
    address: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def dry_runs(self) -> list[str]:
        """The queries that were dry run, sorted."""
        return sorted(job["query"]["query"] for job in self.asked if job.get("dryRun"))

    @property
    def queries(self) -> list[Json]:
        """The jobs that were run."""
        return [job for job in self.asked if not job.get("dryRun")]

    # -- answers -----------------------------------------------------------------------------------

    def answer(
        self, method: str, path: str, parameters: dict[str, str], body: Json, etag: str | None = None
    ) -> tuple[int, Json]:
        """Status and document. `etag`: of the header If-Match."""
        with self.lock:
            self.requests.append(f"{method} {path}")
            if "configuration" in body and not body["configuration"].get("dryRun"):
                self.inserts.append(body["jobReference"]["jobId"])
            for failure in self.failures:
                if failure.times and re.match(failure.path, f"{method} {path}"):
                    if failure.after:
                        failure.after -= 1
                        continue
                    failure.times -= 1
                    return _error(failure.status, failure.reason, failure.message)
        if self.stalled and re.match(self.stalled, f"{method} {path}"):
            self.released.wait()
            return LOST, {}
        match [method, *path.strip("/").split("/")[2:]]:
            case ["GET", "projects", project, "datasets"]:
                names = sorted({name.split(".")[1] for name in self.tables if name.startswith(f"{project}.")})
                items = [{"datasetReference": {"projectId": project, "datasetId": name}} for name in names]
                return self._page("datasets", items, parameters)
            case ["GET", "projects", project, "datasets", dataset]:
                return self._dataset(project, dataset)
            case ["PATCH", "projects", project, "datasets", dataset]:
                return self._patch_dataset(project, dataset, body, etag)
            case ["PATCH", "projects", project, "datasets", dataset, "tables", name]:
                return self._patch_table(project, dataset, name, body, etag)
            case ["GET", "projects", project, "datasets", dataset, "tables"]:
                found = [
                    name.split(".")[2] for name in self.tables if name.startswith(f"{project}.{dataset}.")
                ]
                if not found:
                    return _error(404, "notFound", f"Not found: Dataset {project}:{dataset}")
                refs = [{"projectId": project, "datasetId": dataset, "tableId": name} for name in found]
                return self._page("tables", [{"tableReference": ref} for ref in refs], parameters)
            case ["GET", "projects", project, "datasets", dataset, "tables", name]:
                table = self.tables.get(f"{project}.{dataset}.{name}")
                if table is None:
                    return _error(404, "notFound", f"Not found: Table {project}:{dataset}.{name}")
                return 200, table.description(project, dataset, name)
            case ["GET", "projects", project, "jobs"]:
                since, until = int(parameters["minCreationTime"]), int(parameters["maxCreationTime"])
                known = [job for job in self.history if job["jobReference"]["projectId"] == project]
                chosen = [job for job in known if since <= int(job["statistics"]["creationTime"]) <= until]
                return self._page("jobs", chosen, parameters)
            case ["POST", "projects", project, "jobs"]:
                return self._job(project, body)
            case ["GET", "projects", project, "queries", job]:
                if self.running:
                    reference = {"projectId": project, "jobId": job, "location": "US"}
                    return 200, {"jobReference": reference, "jobComplete": False}
                return 200, self._results(project, job)
            case ["GET", "projects", project, "jobs", job]:
                self.running = max(0, self.running - 1)
                return 200, self._resource(project, job, self._run(job))
            case _:
                return _error(404, "notFound", f"no such address: {method} {path}")

    def _dataset(self, project: str, dataset: str) -> tuple[int, Json]:
        name = f"{project}.{dataset}"
        if name not in self.datasets and not any(table.startswith(f"{name}.") for table in self.tables):
            return _error(404, "notFound", f"Not found: Dataset {project}:{dataset}")
        more = dict(self.datasets.get(name, {}))
        reference = {"datasetReference": {"projectId": project, "datasetId": dataset}}
        return 200, {**reference, "etag": f"v{more.pop('version', 1)}", **more}

    def _patch_dataset(self, project: str, dataset: str, body: Json, etag: str | None) -> tuple[int, Json]:
        name = f"{project}.{dataset}"
        if self.before_patch is not None:
            self.before_patch(name)
        status, document = self._dataset(project, dataset)
        if status != 200:
            return status, document
        if etag is not None and etag != document["etag"]:
            return _error(412, "conditionNotMet", "Precondition Failed")
        with self.lock:
            self.patches.append((name, body))
            known = self.datasets.setdefault(name, {})
            known |= body | {"version": known.get("version", 1) + 1}
        return self._dataset(project, dataset)

    def _patch_table(
        self, project: str, dataset: str, name: str, body: Json, etag: str | None
    ) -> tuple[int, Json]:
        full = f"{project}.{dataset}.{name}"
        if self.before_patch is not None:
            self.before_patch(full)
        table = self.tables.get(full)
        if table is None:
            return _error(404, "notFound", f"Not found: Table {project}:{dataset}.{name}")
        if table.refused:
            return _error(403, "accessDenied", table.refused)
        if etag is not None and etag != f"v{table.version}":
            return _error(412, "conditionNotMet", "Precondition Failed")
        with self.lock:
            self.patches.append((full, body))
            table.more |= body
            table.version += 1
        return 200, table.description(project, dataset, name)

    def _page(self, key: str, items: list[Json], parameters: dict[str, str]) -> tuple[int, Json]:
        start = int(parameters.get("pageToken", "0"))
        document: Json = {key: items[start : start + self.page]}
        if start + self.page < len(items):
            document["nextPageToken"] = str(start + self.page)
        return 200, document

    def _job(self, project: str, body: Json) -> tuple[int, Json]:
        configuration = body["configuration"] | {"id": body["jobReference"]["jobId"]}
        charged = not configuration.get("dryRun")
        with self.lock:
            if charged and any(job["id"] == configuration["id"] for job in self.asked):
                return _error(409, "duplicate", f"Already Exists: Job {project}:US.{configuration['id']}")
            self.asked.append(configuration)
            if charged and self.lost:
                self.lost -= 1
                return LOST, {}
        if charged:
            return 200, self._resource(project, configuration["id"], configuration)
        return self._dry_run(project, body["configuration"], configuration["query"]["query"])

    def _run(self, job: str) -> Json:
        return next(item for item in self.asked if item["id"] == job)

    def _resource(self, project: str, job: str, configuration: Json) -> Json:
        return {
            "jobReference": {"projectId": project, "jobId": job, "location": "US"},
            "configuration": {key: value for key, value in configuration.items() if key != "id"},
            "status": {"state": "RUNNING" if self.running else "DONE"},
            "statistics": {"query": {"totalBytesProcessed": "2048", "totalBytesBilled": "10485760"}},
        }

    def _results(self, project: str, job: str) -> Json:
        """Rows of INFORMATION_SCHEMA.PARTITIONS, the only view there is."""
        query = self._run(job)["query"]
        found = re.search(r"FROM `([^`]+)`\.`([^`]+)`\.INFORMATION_SCHEMA\.PARTITIONS", query["query"])
        assert found is not None
        values = query["queryParameters"][0]["parameterValue"]["arrayValues"]
        rows = []
        for name in (value["value"] for value in values):
            table = self.tables[f"{found[1]}.{found[2]}.{name}"]
            counts = Counter(table.partition(row) for row in table.rows)
            for identifier in sorted(counts, reverse=True):
                size = sum(
                    table.size(item["name"], row)
                    for row in table.rows
                    if table.partition(row) == identifier
                    for item in table.schema
                )
                rows.append([name, identifier, str(counts[identifier] * table.copies), str(size)])
        names = [("table_name", "STRING"), ("partition_id", "STRING")]
        names += [("total_rows", "INTEGER"), ("total_logical_bytes", "INTEGER")]
        return {
            "jobReference": {"projectId": project, "jobId": job, "location": "US"},
            "jobComplete": True,
            "schema": {"fields": [column(name, kind) for name, kind in names]},
            "rows": [{"f": [{"v": value} for value in row]} for row in rows],
            "totalRows": str(len(rows)),
        }

    def _dry_run(self, project: str, configuration: Json, sql: str) -> tuple[int, Json]:
        found = re.fullmatch(r"SELECT (.+?) FROM `([^`]+)` AS (t_*)(.*?)(?: WHERE (.+))?", sql)
        assert found is not None, sql
        selected, name, alias, sources, condition = found.groups()
        table = self.tables.get(name)
        if table is None:
            return _error(404, "notFound", f"Not found: Table {name}")
        if table.refused:
            return _error(403, "accessDenied", table.refused)
        if table.more.get("requirePartitionFilter") and condition is None:
            return _error(400, "invalidQuery", f"Cannot query over table '{name}' without a filter")
        places = {alias: ""}
        for array, short in re.findall(r"UNNEST\((\S+)\) AS (\w+)", sources):
            places[short] = _path(array, places)
        if selected == "*":
            paths = [item["name"] for item in table.schema]
        else:
            items = [item.rpartition(" AS ")[0] for item in selected.split(", ")]
            paths = [_path(item, places) for item in items if item != "1"]
        named = {item["name"] for item in table.schema} if selected == "*" else set(paths)
        if named & set(table.denied):
            return _error(
                403, "accessDenied", f"Access Denied: User has no permission for the policy tag on {name}"
            )
        rows = [*table.rows, *table.buffered]
        if condition is not None:
            assert table.partitioning is not None
            key = table.partitioning.get("field", "_PARTITIONTIME")
            rows = [row for row in rows if _holds(condition, key, row)]
            if key != "_PARTITIONTIME":
                paths.append(key)
        size = sum(table.size(path, row) for path in dict.fromkeys(paths) for row in rows)
        clustered = "clustering" in table.more
        return 200, {
            "jobReference": {"projectId": project, "jobId": "", "location": "US"},
            "configuration": configuration,
            "status": {"state": "DONE"},
            "statistics": {
                "totalBytesProcessed": str(0 if table.row_security else size),
                "query": {
                    "totalBytesProcessed": str(0 if table.row_security else size),
                    "totalBytesProcessedAccuracy": "UPPER_BOUND" if clustered else "PRECISE",
                },
            },
        }


def _path(text: str, places: dict[str, str]) -> str:
    """The path of a column that is named from an alias on."""
    first, *rest = text.replace("`", "").split(".")
    return ".".join([*([places[first]] if places[first] else []), *rest])


def _holds(condition: str, key: str, row: Row) -> bool:
    """Whether a filter on the partition column keeps a row."""
    place = "_PARTITIONTIME" if key == "_PARTITIONTIME" else f"`{key}`"
    value = row.get(key)
    if re.fullmatch(rf"t_*\.{place} IS NULL", condition):
        return value is None
    form = rf"t_*\.{place} (>=|<) (?:\w+ '([^']+)'|(-?\d+))"
    parts = condition.split(" AND ")
    found = [re.fullmatch(form, part) for part in parts]
    assert all(found), condition
    if value is None:
        return False
    for match in found:
        assert match is not None
        bound: Any = int(match[3]) if match[3] else match[2].removesuffix("+00")[: len(value)]
        if not (value >= bound if match[1] == ">=" else value < bound):
            return False
    return True


def _error(status: int, reason: str, message: str) -> tuple[int, Json]:
    if reason == "html":
        return status, {"page": message}
    if reason == "text":
        return status, {"text": message}
    errors = [{"reason": reason, "message": message, "domain": "global"}]
    return status, {"error": {"code": status, "message": message, "errors": errors}}


@contextmanager
def serving(tables: dict[str, Table]) -> Iterator[Server]:
    """Serves the tables at `address`, on a free port of the loopback interface, until the block ends."""
    server = Server(tables)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._respond({})

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"]))
            is_json = "json" in self.headers.get("Content-Type", "")
            self._respond(json.loads(sent) if is_json else {})

        def do_PATCH(self) -> None:
            self.do_POST()

        def _respond(self, body: Json) -> None:
            parts = urlsplit(self.path)
            parameters = {key: values[0] for key, values in parse_qs(parts.query).items()}
            try:
                status, document = server.answer(
                    self.command, unquote(parts.path), parameters, body, self.headers.get("If-Match")
                )
            except Exception as error:  # what a test sees then
                status, document = _error(400, "invalid", f"{type(error).__name__}: {error}")
            if status == LOST:
                self.close_connection = True
                return
            page = document.get("page")
            text = document.get("text", json.dumps(document))
            data = text.encode() if page is None else page.encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json" if page is None else "text/html")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server.address = f"http://127.0.0.1:{http.server_address[1]}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        http.shutdown()
        http.server_close()
        thread.join()
