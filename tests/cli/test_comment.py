"""`costguard comment`."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from costguard.diff.model import PolicyChange, QueryChange, Revision, ScanDiff
from costguard.hosts.marker import marker_of
from costguard.hosts.summary import LIMIT
from costguard.render.diff_json import render_diff_json
from costguard.result import PolicyViolation, QueryReport, Verdict
from tests.render.results import PASSED, query, result
from tests.servers.code_hosts import Failure, Server, github, gitlab

from .conftest import Costguard, Done

HEAD = "c" * 40
TOKEN = "t0ken"


@pytest.fixture(autouse=True)
def no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests may run in a job themselves."""
    for name in list(os.environ):
        if name.startswith(("GITHUB_", "GITLAB_", "CI_")):
            monkeypatch.delenv(name)


@pytest.fixture
def server() -> Iterator[Server]:
    """GitHub."""
    state = Server(TOKEN)
    with github(state):
        yield state


@pytest.fixture
def body(tmp_path: Path) -> Path:
    path = tmp_path / "body.md"
    path.write_text("Costs **$1** more.\n")
    return path


@pytest.fixture
def job(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The job of a pull request; its summary."""
    event = tmp_path / "event.json"
    pull = {"number": 7, "updated_at": "2026-11-26T12:00:00Z", "head": {"sha": HEAD}}
    event.write_text(json.dumps({"pull_request": pull}))
    summary = tmp_path / "summary.md"
    summary.touch()
    for name, value in {
        "GITHUB_API_URL": server.address,
        "GITHUB_REPOSITORY": "o/r",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_TOKEN": TOKEN,
    }.items():
        monkeypatch.setenv(name, value)
    return summary


def comment(costguard: Costguard, *arguments: object, host: str = "github") -> Done:
    done = costguard("comment", host, *arguments)
    assert TOKEN not in done.out + done.err
    return done


def test_the_job_says_where_and_of_when(costguard: Costguard, job: Path, server: Server, body: Path) -> None:
    done = comment(costguard, "--body", body)
    url = "https://github.example/o/r/pull/7#issuecomment-101"
    assert (done.code, done.out, done.err) == (0, f"comment created: {url}\n", "")
    (text,) = server.bodies
    marker = marker_of(text)
    assert marker is not None
    assert marker.line.startswith(
        f"<!-- costguard comment tag=costguard valid-at=2026-11-26T12:00:00Z head={HEAD} body="
    )
    assert text == f"{marker.line}\n\nCosts **$1** more.\n"
    assert job.read_text() == ""
    again = comment(costguard, "--body", body)
    assert again.out == f"comment left as it is: it says the same: {url}\n"


def test_what_was_given_goes_before_what_the_job_says(
    costguard: Costguard, job: Path, server: Server, body: Path
) -> None:
    given = ("--pr", 7, "--repo", "o/r", "--head", "d" * 40, "--valid-at", "2026-11-26T13:00:00+01:00")
    assert comment(costguard, "--body", body, "--tag", "nightly", *given).code == 0
    assert server.bodies[0].startswith(
        f"<!-- costguard comment tag=nightly valid-at=2026-11-26T12:00:00Z head={'d' * 40} body="
    )


def test_by_hand(costguard: Costguard, server: Server, body: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_API_URL", server.address)
    monkeypatch.setenv("GITHUB_TOKEN", f" {TOKEN}\n")
    assert comment(costguard, "--body", body, "--pr", 7, "--repo", "o/r").code == 0
    assert " head=- " in server.bodies[0]


def test_standard_input(
    costguard: Costguard, job: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("Teurer: 1 €\n".encode())))
    assert comment(costguard, "--body", "-").code == 0
    assert server.bodies[0].endswith("\n\nTeurer: 1 €\n")


def test_a_token_that_may_only_read(costguard: Costguard, job: Path, server: Server, body: Path) -> None:
    """As of a pull request from a fork."""
    job.write_text("# Build\n")
    refusal = {"message": "Resource not accessible by integration"}
    server.failures = [Failure("POST", 403, refusal, {"X-RateLimit-Remaining": "4999"})]
    done = comment(costguard, "--body", body)
    assert (done.code, done.out) == (0, "")
    assert done.err == (
        f"costguard: warning: no comment: {server.address.removeprefix('http://')} does not let the token do this "
        "(403: Resource not accessible by integration); the job needs `permissions: pull-requests: write`; of a pull "
        "request from a fork the token may only read. What it says is in the summary of the job\n"
    )
    assert job.read_text() == "# Build\n\nCosts **$1** more.\n"
    assert server.asked("POST") == 1


@pytest.mark.parametrize("status", [401, 404, 422])
def test_whatever_the_host_says_the_exit_code_is_0(
    costguard: Costguard, job: Path, server: Server, body: Path, status: int
) -> None:
    server.failures = [Failure("GET", status, {"message": "no \x1b[31m"})]
    done = comment(costguard, "--body", body)
    assert done.code == 0
    assert f"({status}: no ␛[31m)" in done.err
    assert job.read_text() == "Costs **$1** more.\n"


def test_a_host_that_is_down(
    costguard: Costguard, job: Path, server: Server, body: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(
        "costguard.hosts.github.GitHub.__init__.__defaults__", (server.address, None, pauses.append)
    )
    server.failures = [Failure("GET", 503, times=99)]
    done = comment(costguard, "--body", body)
    assert (done.code, pauses) == (0, [1.0, 2.0, 4.0, 8.0])
    assert "has trouble of its own (503: no reason given)" in done.err


def test_without_a_summary_it_is_printed(
    costguard: Costguard, job: Path, server: Server, body: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_STEP_SUMMARY")
    server.failures = [Failure("GET", 401)]
    done = comment(costguard, "--body", body)
    assert (done.code, done.out) == (0, "Costs **$1** more.\n")
    assert done.err.endswith("What it says:\n")


def test_a_summary_that_is_full(costguard: Costguard, job: Path, server: Server, body: Path) -> None:
    job.write_text("x" * (LIMIT - 10))
    server.failures = [Failure("GET", 401)]
    done = comment(costguard, "--body", body)
    assert done.out == "Costs **$1** more.\n"
    assert job.stat().st_size == LIMIT - 10


def test_a_summary_that_has_little_room(costguard: Costguard, job: Path, server: Server, body: Path) -> None:
    job.write_text("x" * (LIMIT - 1000))
    body.write_text("".join(f"row {row}\n" for row in range(500)))
    server.failures = [Failure("GET", 401)]
    assert comment(costguard, "--body", body).out == ""
    assert LIMIT - 60 < job.stat().st_size <= LIMIT
    assert job.read_text().endswith(" more lines: this place takes 999 at most.*\n")


@pytest.mark.parametrize("given", [None, "", " "])
def test_no_token(
    costguard: Costguard,
    job: Path,
    server: Server,
    body: Path,
    monkeypatch: pytest.MonkeyPatch,
    given: str | None,
) -> None:
    """A secret that a fork does not get is an empty variable."""
    monkeypatch.delenv("GITHUB_TOKEN")
    if given is not None:
        monkeypatch.setenv("GITHUB_TOKEN", given)
    done = comment(costguard, "--body", body)
    assert done.code == 0
    assert "GITHUB_TOKEN is not set; give it to the step" in done.err
    assert (server.requests, job.read_text()) == ([], "Costs **$1** more.\n")


def test_never(costguard: Costguard, job: Path, server: Server) -> None:
    done = comment(costguard, "--when", "never")
    assert (done.code, done.out, server.requests) == (0, "no comment: --when never\n", [])


def test_hiding(costguard: Costguard, job: Path, server: Server, body: Path) -> None:
    comment(costguard, "--body", body)
    body.write_text("Costs **$2** more.\n")
    done = comment(costguard, "--body", body, "--behavior", "hide-and-new")
    assert done.out.startswith("comment created")
    assert [note.hidden for note in server.notes] == [True, False]


def test_what_could_not_be_tidied_away(costguard: Costguard, job: Path, server: Server, body: Path) -> None:
    comment(costguard, "--body", body)
    body.write_text("Costs **$2** more.\n")
    server.failures = [Failure("DELETE", 403, {"message": "no"})]
    done = comment(costguard, "--body", body, "--behavior", "delete-and-new")
    assert (done.code, len(server.notes)) == (0, 2)
    assert done.err.startswith("costguard: warning: older comments could not be tidied away: ")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((), "what to say? Give either --diff FILE or --body FILE"),
        (("--body", "body.md", "--diff", "diff.json"), "either --diff FILE or --body FILE"),
        (("--diff", "body.md"), "body.md: not a document of `costguard diff --format json`"),
        (("--diff", "missing.json"), "missing.json: cannot be read"),
        (("--body", "missing.md"), "missing.md: cannot be read"),
        (("--body", "."), ".: cannot be read"),
        (("--body", "empty.md"), "empty.md: is empty"),
        (("--body", "body.md", "--tag", "-->"), "--tag '-->'"),
        (("--body", "body.md", "--head", "main"), "--head 'main'"),
        (("--body", "body.md", "--valid-at", "noon"), "--valid-at 'noon' is not a time"),
        (("--body", "body.md", "--repo", "r"), "--repo 'r' is not OWNER/NAME"),
        (("--body", "body.md", "--repo", "o/other"), "which pull request?"),
        (("--body", "body.md", "--pr", "0"), "--pr"),
        (("--body", "body.md", "--behavior", "hide"), "--behavior"),
    ],
)
def test_what_cannot_be_used(
    costguard: Costguard,
    job: Path,
    server: Server,
    body: Path,
    tmp_path: Path,
    arguments: tuple[str, ...],
    text: str,
) -> None:
    (tmp_path / "empty.md").write_text(" \n")
    done = comment(costguard, *arguments)
    assert done.code == 2
    assert text in done.err
    assert server.requests == []


def test_no_token_goes_anywhere_in_clear_text(
    costguard: Costguard, job: Path, body: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_API_URL", "http://github.example/api/v3")
    done = comment(costguard, "--body", body)
    assert done.code == 2
    assert "is not sent over http://" in done.err


@pytest.mark.parametrize("token", [f"{TOKEN}\r\nX: y", f"{TOKEN}é", f"{TOKEN}\x7f"])
def test_a_token_that_is_none_is_not_shown(
    costguard: Costguard, job: Path, server: Server, body: Path, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", token)
    done = comment(costguard, "--body", body)
    assert (done.code, server.requests) == (2, [])
    assert "characters that no token has" in done.err


def test_a_body_that_is_no_comment(
    costguard: Costguard, job: Path, body: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("costguard.cli.comment.LARGEST_BODY", 2**20)
    body.write_bytes(b"x" * (2**20 + 1))
    assert "larger than 1 MiB; no comment is that large" in comment(costguard, "--body", body).err


def diff(
    path: Path,
    before: list[QueryReport],
    after: list[QueryReport],
    verdict: Verdict = PASSED,
    policies: tuple[PolicyChange, ...] = (),
) -> Path:
    """The document of a diff of queries that stand in the same order on both sides."""
    changes = [
        QueryChange("unchanged" if old == new else "dearer", old, new)
        for old, new in zip(before, after, strict=True)
    ]
    found = ScanDiff(
        Revision("main", "b" * 40),
        Revision("the work tree", "e" * 40),
        result(before),
        result(after),
        tuple(changes),
        (),
        policies=policies,
    )
    path.write_text(render_diff_json(found, verdict))
    return path


def test_a_diff(costguard: Costguard, job: Path, server: Server, tmp_path: Path) -> None:
    path = diff(tmp_path / "diff.json", [query(size=2**40)], [query(size=2**41)])
    assert comment(costguard, "--diff", path).out.startswith("comment created: ")
    first, empty, headline, *rest = server.bodies[0].splitlines()
    assert (f" head={HEAD} " in first, empty) == (True, "")
    assert headline == "## ✅ One iteration costs $6.25 more (+100 %)"
    assert "| `q.sql:1` | $6.25 | $12.50 | **+$6.25** |  |" in rest


def test_a_new_violation_is_a_change(costguard: Costguard, job: Path, server: Server, tmp_path: Path) -> None:
    known, new = (
        PolicyChange("p", "note", 1, 1, 0),
        PolicyChange("p", "note", 1, 2, 1, (PolicyViolation("odd"),)),
    )
    same = diff(tmp_path / "same.json", [query()], [query()], policies=(known,))
    assert comment(costguard, "--diff", same).out.startswith("no comment: nothing changed")
    more = diff(tmp_path / "more.json", [query()], [query()], policies=(new,))
    assert comment(costguard, "--diff", more).out.startswith("comment created: ")
    assert "| note `p` | – | odd |" in server.bodies[0].splitlines()


def test_the_head_of_the_diff_where_the_job_says_none(
    costguard: Costguard, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_API_URL", server.address)
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    path = diff(tmp_path / "diff.json", [query(size=2**40)], [query(size=2**41)])
    assert comment(costguard, "--diff", path, "--pr", 7, "--repo", "o/r").code == 0
    assert f" head={'e' * 40} " in server.bodies[0]


def test_a_diff_without_a_change(costguard: Costguard, job: Path, server: Server, tmp_path: Path) -> None:
    same = diff(tmp_path / "same.json", [query()], [query()])
    done = comment(costguard, "--diff", same)
    assert (done.code, done.out) == (0, "no comment: nothing changed, and none stands there\n")
    assert server.notes == []
    comment(costguard, "--diff", diff(tmp_path / "diff.json", [query()], [query(size=2**41)]))
    assert comment(costguard, "--diff", same).out.startswith("comment updated: ")
    assert "One iteration costs the same" in server.bodies[0]


def test_a_diff_without_a_change_always(
    costguard: Costguard, job: Path, server: Server, tmp_path: Path
) -> None:
    same = diff(tmp_path / "same.json", [query()], [query()])
    assert comment(costguard, "--diff", same, "--when", "always").out.startswith("comment created: ")


def test_a_gate_that_failed_is_worth_a_comment(
    costguard: Costguard, job: Path, server: Server, tmp_path: Path
) -> None:
    failed = Verdict("fail", ("one iteration costs $6.25, more than $5.00",))
    same = diff(tmp_path / "same.json", [query()], [query()], failed)
    done = comment(costguard, "--diff", same)
    assert (done.code, done.out[:16]) == (0, "comment created:")
    assert "- **Gate**: FAILED" in server.bodies[0]


def test_a_long_diff_is_cut_by_rows(costguard: Costguard, job: Path, server: Server, tmp_path: Path) -> None:
    before = [query(f"sql/query_{number}.sql") for number in range(2000)]
    after = [query(f"sql/query_{number}.sql", size=2**41) for number in range(2000)]
    comment(costguard, "--diff", diff(tmp_path / "diff.json", before, after))
    (body,) = server.bodies
    assert 60_000 < len(body) <= 65_536
    assert " more queries.\n" in body
    assert " this place takes " not in body


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """GitLab, and the pipeline of a merge request."""
    state = Server(TOKEN)
    with gitlab(state):
        for name, value in {
            "CI_API_V4_URL": state.address,
            "CI_PROJECT_ID": "9",
            "CI_MERGE_REQUEST_PROJECT_ID": "9",
            "CI_MERGE_REQUEST_IID": "7",
            "CI_COMMIT_SHA": HEAD,
            "CI_PIPELINE_CREATED_AT": "2026-11-26T12:00:00Z",
            "GITLAB_TOKEN": TOKEN,
        }.items():
            monkeypatch.setenv(name, value)
        yield state


def test_gitlab(costguard: Costguard, pipeline: Server, body: Path) -> None:
    done = comment(costguard, "--body", body, host="gitlab")
    assert (done.code, done.out, done.err) == (0, "comment created\n", "")
    assert pipeline.bodies[0].startswith(
        f"<!-- costguard comment tag=costguard valid-at=2026-11-26T12:00:00Z head={HEAD} body="
    )
    body.write_text("Costs **$2** more.\n")
    assert comment(costguard, "--body", body, host="gitlab").out == "comment updated\n"


def test_the_token_of_the_job_where_there_is_no_other(
    costguard: Costguard, pipeline: Server, body: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITLAB_TOKEN", "")
    monkeypatch.setenv("CI_JOB_TOKEN", TOKEN)
    assert comment(costguard, "--body", body, host="gitlab").out == "comment created\n"
    assert all(headers["job-token"] == TOKEN for headers in pipeline.headers)


def test_a_fork_has_no_token(
    costguard: Costguard, pipeline: Server, body: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITLAB_TOKEN")
    done = comment(costguard, "--body", body, host="gitlab")
    assert (done.code, done.out) == (0, "Costs **$1** more.\n")
    assert "GITLAB_TOKEN is not set; make a project access token" in done.err


def test_gitlab_cannot_hide(costguard: Costguard, pipeline: Server, body: Path) -> None:
    done = comment(costguard, "--body", body, "--behavior", "hide-and-new", host="gitlab")
    assert done.code == 2
    assert "GitLab cannot hide a note" in done.err
