"""BigQuery through Google's own client: lists, descriptions, dry runs, rows, retries, and who is asked."""

from __future__ import annotations

import builtins
import json
import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from costguard.cloud.bigquery import EMULATOR, Access, Answer, BigQuery, DryRun, project_dataset
from costguard.cloud.problems import NotReadable
from costguard.errors import UsageProblem
from tests.servers.bigquery import Failure, Table, column

from .conftest import Serve, client

WORDS = Table([column("id", "INTEGER"), column("word")], [{"id": 1, "word": "two"}, {"word": "é"}])
# id: one value of 8 bytes. word: 2 + 3 and 2 + 2 bytes.


def test_lists_of_several_pages(serve: Serve) -> None:
    tables = {f"p.{dataset}.t{number}": WORDS for dataset in ("b", "a", "c") for number in range(5)}
    server = serve(tables | {"q.x.t": WORDS})
    bigquery = client()
    assert bigquery.project == "p"
    assert bigquery.datasets("p") == ["a", "b", "c"]
    assert bigquery.tables("p", "b") == ["t0", "t1", "t2", "t3", "t4"]
    assert len(server.requests) == 2 + 3  # of two items a page


def test_a_description(serve: Serve) -> None:
    serve({"p.d.words": WORDS})
    found = client().table("p", "d", "words")
    assert (found["numRows"], found["numBytes"]) == ("2", "17")
    assert found["schema"]["fields"][1]["name"] == "word"


def test_a_dry_run(serve: Serve) -> None:
    server = serve({"p.d.words": WORDS})
    text = "SELECT t.`word` AS c0 FROM `p.d.words` AS t"
    assert client().dry_run(text, "EU", "p.d.words") == DryRun(9, "PRECISE")
    (job,) = server.asked
    assert (job["dryRun"], job["query"]["useQueryCache"], job["query"]["useLegacySql"]) == (
        True,
        False,
        False,
    )
    assert job["labels"] == {"costguard": "test"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"totalBytesProcessedAccuracy": "UNKNOWN", "totalBytesProcessed": "0"}, DryRun(None, "UNKNOWN")),
        (
            {"totalBytesProcessedAccuracy": "LOWER_BOUND", "totalBytesProcessed": "0"},
            DryRun(0, "LOWER_BOUND"),
        ),
        ({"totalBytesProcessed": "7"}, DryRun(7, None)),
        ({}, DryRun(None, None)),
    ],
)
def test_how_sure_a_dry_run_is(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, query: dict[str, str], expected: DryRun
) -> None:
    server = serve({})
    answer = {"jobReference": {"projectId": "p", "jobId": "j"}, "statistics": {"query": query}}
    answer |= {"status": {"state": "DONE"}, "configuration": {"query": {"query": "SELECT 1"}, "dryRun": True}}
    monkeypatch.setattr(server, "_dry_run", lambda *_: (200, answer))
    assert client().dry_run("SELECT 1", "US", "t") == expected


def test_rows_with_a_limit_a_label_and_parameters(serve: Serve) -> None:
    table = Table(
        [column("dt", "DATE")],
        [{"dt": "2026-01-02"}],
        more={"timePartitioning": {"type": "DAY", "field": "dt"}},
    )
    server = serve({"p.d.t": table})
    sql = "SELECT * FROM `p`.`d`.INFORMATION_SCHEMA.PARTITIONS"
    found = client().rows(sql, "US", 10485760, {"tables": ["t"]}, "the partitions of p.d")
    expected = {"table_name": "t", "partition_id": "20260102", "total_rows": 1, "total_logical_bytes": 8}
    assert found == Answer([expected], 10485760)
    (job,) = server.queries
    assert job["query"]["maximumBytesBilled"] == "10485760"
    assert job["query"]["queryParameters"][0]["parameterValue"] == {"arrayValues": [{"value": "t"}]}
    assert job["labels"] == {"costguard": "test"}


@pytest.mark.parametrize(
    ("stalled", "ask"),
    [
        ("GET .*/datasets$", lambda bigquery: bigquery.datasets("p")),
        ("GET .*/tables$", lambda bigquery: bigquery.tables("p", "d")),
        ("GET .*/tables/days$", lambda bigquery: bigquery.table("p", "d", "days")),
        ("GET .*/datasets/d$", lambda bigquery: bigquery.dataset("p", "d")),
        ("POST ", lambda bigquery: bigquery.dry_run("SELECT 1", "US", "t")),
        ("POST ", lambda bigquery: bigquery.rows(*PARTITIONS, "t")),
        ("GET .*/queries/", lambda bigquery: bigquery.rows(*PARTITIONS, "t")),
        ("GET .*/jobs/", lambda bigquery: bigquery.rows(*PARTITIONS, "t")),
    ],
)
def test_a_server_that_stalls(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, stalled: str, ask: Callable[[BigQuery], Any]
) -> None:
    # The client has a least time for rows of its own, of two minutes.
    monkeypatch.setattr("google.cloud.bigquery.client._MIN_GET_QUERY_RESULTS_TIMEOUT", 0.2)
    server = serve({"p.d.days": DAYS})
    server.stalled = stalled
    server.running = 1
    said: list[str] = []
    access = Access("p", patience=0.1, first_wait=0.01, request_seconds=0.2)
    with pytest.raises(UsageProblem, match=r"BigQuery cannot be reached \(.*[Rr]ead timed out"):
        ask(BigQuery(access, said.append))
    assert said[0].startswith("no answer yet from BigQuery (HTTPConnectionPool(")
    assert said[0].endswith(": asking again, for 0.1 seconds at most")


@pytest.mark.parametrize("path", ["POST", "GET .*/queries/", "GET .*/jobs/"])
def test_what_stays_away_is_said_once_and_given_up(serve: Serve, path: str) -> None:
    server = serve({"p.d.days": DAYS})
    server.running = 1
    server.failures.append(Failure(path, 503, "backendError", "Backend error"))
    said: list[str] = []
    access = Access("p", patience=0.05, first_wait=0.01)
    with pytest.raises(UsageProblem, match="an error of its own, even after waiting") as caught:
        BigQuery(access, said.append).rows(*PARTITIONS, "t")
    told = (
        "the query may have been begun all the same, as job"
        if path == "POST"
        else "the query was begun, as job"
    )
    assert told in str(caught.value)
    assert said == ["no answer yet from BigQuery (Backend error): asking again, for 0.05 seconds at most"]


def test_a_query_may_take_longer_than_a_request(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve({"p.d.days": DAYS})
    server.running = 5
    clock = SimpleNamespace(monotonic=count(0, 100).__next__)  # 100 seconds between two looks at it
    monkeypatch.setattr("google.cloud.bigquery.job.query.time", clock)
    said: list[str] = []
    found = BigQuery(Access("p"), said.append).rows(*PARTITIONS, "the partitions")
    assert len(found.rows) == 1
    assert [text.rpartition(",")[0] for text in said] == ["the query of the partitions still runs"]


DAYS = Table(
    [column("dt", "DATE")],
    [{"dt": "2026-01-02"}],
    more={"timePartitioning": {"type": "DAY", "field": "dt"}},
)
PARTITIONS = ("SELECT * FROM `p`.`d`.INFORMATION_SCHEMA.PARTITIONS", "US", 10485760, {"tables": ["days"]})


def test_a_query_whose_answer_is_lost_is_paid_for_once(serve: Serve) -> None:
    server = serve({"p.d.days": DAYS})
    server.lost = 1  # the second try is told that the job is there already
    server.failures.append(Failure("GET .*/jobs/", 404, "notFound", "Not found: Job", times=1))
    assert client(20).rows(*PARTITIONS, "the partitions").bytes_billed == 10485760
    assert len(server.queries) == 1
    assert len(server.inserts) == 2


def test_a_query_that_is_there_when_it_is_given_up_is_used(serve: Serve) -> None:
    server = serve({"p.d.days": DAYS})
    server.lost = 1
    server.failures.append(Failure("POST", 503, "backendError", "oops", after=1))
    assert client(0.05).rows(*PARTITIONS, "the partitions").bytes_billed == 10485760
    assert len(set(server.inserts)) == len(server.queries) == 1


def test_a_query_that_is_given_up_may_have_been_begun(serve: Serve) -> None:
    server = serve({"p.d.days": DAYS})
    server.failures.append(Failure("POST", 503, "backendError", "oops"))
    with pytest.raises(
        UsageProblem, match=r"503: oops.*; the query may have been begun all the same, as job \S+$"
    ):
        client(0.05).rows(*PARTITIONS, "the partitions")
    # No job is begun anew: each try has the id of the first.
    assert len(server.inserts) > 1
    assert len(set(server.inserts)) == 1


def test_a_job_that_failed_is_not_run_again(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve({"p.d.days": DAYS})
    whole = server._resource
    error = {"reason": "jobBackendError", "message": "Error encountered during execution"}
    status = {"state": "DONE", "errorResult": error, "errors": [error]}
    monkeypatch.setattr(server, "_resource", lambda *about: whole(*about) | {"status": status})
    with pytest.raises(UsageProblem, match="Error encountered during execution"):
        client().rows(*PARTITIONS, "the partitions")
    assert len(server.queries) == 1


@pytest.mark.parametrize(
    ("status", "reason"),
    [(429, "rateLimitExceeded"), (403, "rateLimitExceeded"), (503, "backendError"), (500, "internalError")],
)
def test_what_passes_is_tried_again(serve: Serve, status: int, reason: str) -> None:
    server = serve({"p.d.words": WORDS})
    server.failures.append(Failure(".*", status, reason, "not now", times=2))
    assert client(20).tables("p", "d") == ["words"]
    assert len(server.requests) == 3
    server.failures.append(Failure("POST", status, reason, "not now", times=2))
    assert client(20).dry_run("SELECT t.`id` AS c0 FROM `p.d.words` AS t", "US", "t").bytes == 8


@pytest.mark.parametrize(
    ("status", "reason", "message", "said"),
    [
        (429, "rateLimitExceeded", "slow down", "too many requests, even after waiting (slow down)"),
        (503, "backendError", "oops", "an error of its own, even after waiting (503: oops)"),
        (403, "quotaExceeded", "Quota exceeded: too many", "a quota is used up (Quota exceeded: too many)"),
        (401, "authError", "Invalid Credentials", "asks for credentials, which are sent over https:// only"),
        (
            403,
            "forbidden",
            "The bigquery.googleapis.com API requires a quota project, which is not set by default.",
            "`gcloud auth application-default set-quota-project p`",
        ),
        (
            403,
            "accessNotConfigured",
            "BigQuery API has not been used in project 1 before or it is disabled.",
            "`gcloud services enable bigquery.googleapis.com --project p`",
        ),
        (
            403,
            "accessDenied",
            "Access Denied: Project p: User does not have bigquery.jobs.create permission in project p.",
            "permission bigquery.jobs.create is missing on project p, which roles/bigquery.jobUser has; "
            "an owner of the project, or who has roles/resourcemanager.projectIamAdmin can grant it",
        ),
        (403, "billingNotEnabled", "Billing is off", "billing is not enabled in project p (Billing is off)"),
        (
            403,
            "forbidden",
            "Caller lacks serviceusage.services.use",
            "which roles/serviceusage.serviceUsageConsumer has",
        ),
    ],
)
def test_what_holds_for_everything(serve: Serve, status: int, reason: str, message: str, said: str) -> None:
    server = serve({})
    server.failures.append(Failure(".*", status, reason, message))
    with pytest.raises(UsageProblem) as caught:
        client(0.05).tables("p", "d")
    assert said in str(caught.value)
    assert str(caught.value).startswith("cannot list the tables of p.d: ")
    assert not isinstance(caught.value, NotReadable)
    assert server.address not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "reason", "message", "said"),
    [
        (
            404,
            "notFound",
            "Not found: Table p:d.t",
            "it is not there, or may not be seen (Not found: Table p:d.t)",
        ),
        (
            403,
            "accessDenied",
            "Access Denied: Table p:d.t: User may not",
            "permission bigquery.tables.get is missing on the dataset or its project, which "
            "roles/bigquery.metadataViewer has; an owner of the dataset (roles/bigquery.dataOwner) or of its "
            "project can grant it (Access Denied: Table p:d.t: User may not)",
        ),
        (
            403,
            "accessDenied",
            "Permission bigquery.tables.getData denied on table p:d.t",
            "permission bigquery.tables.getData is missing on the dataset or its project, which "
            "roles/bigquery.dataViewer has",
        ),
        (403, "forbidden", "bigquery.googleapis.com says no", "permission bigquery.tables.get is missing"),
        (400, "invalid", "Something else", "cannot read the description of p.d.t: Something else"),
        (
            403,
            "policyViolation",
            "VPC Service Controls: Request is prohibited by organization's policy. bigquery.googleapis.com",
            "run this from within",
        ),
        (400, "bytesBilledLimitExceeded", "limit", "more than --max-bytes-billed"),
    ],
)
def test_what_holds_for_one_thing(serve: Serve, status: int, reason: str, message: str, said: str) -> None:
    serve({}).failures.append(Failure(".*", status, reason, message))
    with pytest.raises(NotReadable) as caught:
        client().table("p", "d", "t")
    assert said in str(caught.value)


def test_the_job_history_of_a_region_takes_another_permission_than_a_table(serve: Serve) -> None:
    view = "my-project:region-us.INFORMATION_SCHEMA.JOBS"
    denied = f"Access Denied: Table {view}: User does not have permission to query table {view}, or perhaps it does not"
    serve({}).failures.append(Failure("POST", 403, "accessDenied", denied))
    for ask in (
        lambda bigquery: bigquery.dry_run("SELECT 1", "US", "t"),
        lambda bigquery: bigquery.rows(*PARTITIONS, "t"),
    ):
        with pytest.raises(NotReadable) as caught:
            ask(client())
        assert (
            "permission bigquery.jobs.listAll is missing on project my-project, which roles/bigquery.resourceViewer has"
            in str(caught.value)
        )


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (
            "Access Denied: Project q: User does not have bigquery.jobs.list permission in project q.",
            "permission bigquery.jobs.list is missing on project q, which roles/bigquery.resourceViewer has",
        ),
        ("Access Denied", "permission bigquery.jobs.listAll is missing on project q, which"),
        (
            "Access Denied: User does not have bigquery.jobs.listAll permission in project example.com:q.",
            "permission bigquery.jobs.listAll is missing on project example.com:q, which",
        ),
    ],
)
def test_the_project_whose_jobs_may_not_be_listed(serve: Serve, message: str, said: str) -> None:
    serve({}).failures.append(Failure("GET .*/jobs", 403, "accessDenied", message))
    with pytest.raises(NotReadable) as caught:
        list(client().jobs("q", datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 9, 2, tzinfo=UTC)))
    assert said in str(caught.value)


@pytest.mark.parametrize("status", [302, 403, 404, 407])
def test_a_page_of_a_proxy_is_no_refusal_of_google(serve: Serve, status: int) -> None:
    serve({}).failures.append(Failure(".*", status, "html", "<html><b>Forbidden</b> by the proxy</html>"))
    with pytest.raises(UsageProblem) as caught:
        client().datasets("p")
    assert str(caught.value) == (
        f"cannot list the datasets of p: the answer is no answer of BigQuery ({status}: Forbidden by the proxy); check "
        "the proxy (HTTPS_PROXY) or whatever else stands between, and BIGQUERY_EMULATOR_HOST if it is set"
    )


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv(EMULATOR, f"http://127.0.0.1:{port}")
    with pytest.raises(UsageProblem, match=r"BigQuery cannot be reached.*check the network"):
        client(0.05).datasets("p")


def test_no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.delenv(EMULATOR, raising=False)
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    with pytest.raises(UsageProblem, match="run `gcloud auth application-default login`"):
        BigQuery(Access("p"))


def test_a_key_file_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(EMULATOR, raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    with pytest.raises(UsageProblem, match="there are no Google credentials"):
        BigQuery(Access("p"))


@pytest.mark.parametrize("content", ["[1]", "{", '{"type": "service_account"}', '{"type": 5}', None])
def test_a_key_file_that_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "key.json"
    if content is None:
        path.mkdir()
    else:
        path.write_text(content)
    monkeypatch.delenv(EMULATOR, raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    with pytest.raises(UsageProblem) as caught:
        BigQuery(Access("p"))
    assert str(caught.value).startswith("cannot connect to BigQuery: the Google credentials cannot be used (")
    assert f"GOOGLE_APPLICATION_CREDENTIALS names {path}: let it name another file" in str(caught.value)


def test_a_service_account_whose_token_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, serve: Serve
) -> None:
    server = serve({})  # which stands for Google's sign-in
    said = json.dumps({"error": "invalid_grant", "error_description": "Invalid JWT Signature."})
    server.failures.append(Failure("POST /token", 400, "text", said))
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    account = {"type": "service_account", "project_id": "p", "private_key_id": "x", "private_key": pem}
    account |= {"client_email": "a@p.iam.gserviceaccount.com", "token_uri": f"{server.address}/token"}
    path = tmp_path / "key.json"
    path.write_text(json.dumps(account))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    monkeypatch.delenv(EMULATOR)
    with pytest.raises(UsageProblem) as caught:
        client().datasets("p")
    text = str(caught.value)
    assert "the Google credentials have expired or were revoked (" in text
    assert text.endswith(
        f"; GOOGLE_APPLICATION_CREDENTIALS names {path}: let it name another file, or unset it and run `gcloud auth "
        "application-default login`"
    )
    assert "PRIVATE KEY" not in text


@pytest.mark.parametrize(
    ("status", "body"), [(200, "null"), (200, "[]"), (400, "[1]"), (200, "<p>Sign in</p>")]
)
def test_an_answer_that_is_no_object(serve: Serve, status: int, body: str) -> None:
    serve({}).failures.append(Failure(".*", status, "text", body))
    for ask in (lambda: client().datasets("p"), lambda: client().table("p", "d", "t")):
        with pytest.raises(
            UsageProblem, match=r"the answer is no answer of BigQuery \(\d+: .+\); check the proxy"
        ):
            ask()


@pytest.fixture
def signed_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Credentials of a person, who has set no project."""
    account = {"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "r"}
    (tmp_path / "me.json").write_text(json.dumps(account))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "me.json"))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    for name in (EMULATOR, "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("signed_in")
def test_the_project_for_quota() -> None:
    assert BigQuery(Access("p", quota_project="q"))._client._credentials.quota_project_id == "q"


@pytest.mark.usefixtures("signed_in")
def test_credentials_that_name_no_project() -> None:
    with pytest.raises(UsageProblem, match=r"^the credentials name no project; give --project$"):
        BigQuery(Access())


def test_an_open_line_gets_no_credentials_and_needs_a_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(EMULATOR, "http://127.0.0.1:1")
    with pytest.raises(UsageProblem, match="give --project"):
        BigQuery(Access())
    monkeypatch.setenv(EMULATOR, "127.0.0.1:1")
    with pytest.raises(UsageProblem, match="is no address such as"):
        BigQuery(Access("p"))


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.startswith("google"):
            raise ModuleNotFoundError(f"No module named {name!r}")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UsageProblem, match=r"python -m pip install 'costguard-gcp\[gcp\]'"):
        BigQuery(Access("p"))


def test_the_module_imports_no_client() -> None:
    code = (
        "import sys, costguard.cloud.pull; print([name for name in sys.modules if name.startswith('google')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("d", ("own", "d")),
        ("p-1.d", ("p-1", "d")),
        ("p-1:d", ("p-1", "d")),
        ("example.com:p.d", ("example.com:p", "d")),
    ],
)
def test_names_of_datasets(text: str, expected: tuple[str, str]) -> None:
    assert project_dataset(text, "own") == expected


@pytest.mark.parametrize("text", ["", "a-b", "p.", "p.d`", "p.d; DROP", "p.d\n", "a b"])
def test_what_is_no_dataset(text: str) -> None:
    with pytest.raises(UsageProblem, match="is no dataset"):
        project_dataset(text, "own")
