"""What only GitLab has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from costguard.hosts.connection import Patience
from costguard.hosts.gitlab import GitLab, TokenKind
from costguard.hosts.model import HostProblem
from costguard.hosts.post import post
from tests.servers.code_hosts import STRANGER, Failure, Server, gitlab

from .test_post import EARLIER, comment, draft

START = "<!-- costguard comment tag=costguard "


def host(server: Server, project: str = "9", kind: TokenKind = "private") -> GitLab:
    patience = Patience(attempts=2, first_pause=0.0)
    return GitLab(project, 7, server.token, kind, server.address, patience)


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()
    with gitlab(state):
        yield state


@pytest.mark.parametrize(("project", "path"), [("9", "9"), ("g/s/p", "g%2Fs%2Fp")])
def test_a_project_by_its_number_and_by_its_path(server: Server, project: str, path: str) -> None:
    assert post(host(server, project), draft("One.")).action == "created"
    assert f"POST /api/v4/projects/{path}/merge_requests/7/notes" in server.requests


def test_the_token_of_a_job_has_another_header_and_another_way_to_say_whose_it_is(server: Server) -> None:
    server.add(comment("One.", EARLIER))
    assert post(host(server, kind="job"), draft("Two.")).action == "updated"
    assert "GET /api/v4/job" in server.requests
    assert all(headers["job-token"] == "t0ken" for headers in server.headers)
    assert not any("private-token" in headers for headers in server.headers)


def test_nothing_is_carried_out(server: Server) -> None:
    post(host(server), draft("Table:\n/approve\n/merge\n"))
    assert "\n/" not in server.bodies[0]
    post(host(server), draft("Table:\n/close\n"))
    assert server.bodies[0].endswith("Table:\n\\/close\n")


def test_what_was_changed_on_the_way_is_still_the_same(server: Server) -> None:
    post(host(server), draft("/close\n"))
    assert post(host(server), draft("/close\n")).action == "identical"


def test_notes_of_the_system_are_no_comments(server: Server) -> None:
    server.add(comment("One.", EARLIER), system=True)
    assert host(server).own(START) == ()


def test_without_a_note_like_ours_nobody_is_asked_who_it_is(server: Server) -> None:
    server.add("Looks good.", STRANGER)
    assert host(server).own(START) == ()
    assert [request for request in server.requests if "user" in request] == []


@pytest.mark.parametrize("document", [{"username": "x"}, [], {"id": "1"}])
def test_whose_token_it_is_cannot_be_told(server: Server, document: object) -> None:
    server.add(comment("One.", EARLIER))
    server.failures = [Failure("GET /api/v4/user", 200, document)]
    with pytest.raises(HostProblem, match="does not say whose token"):
        host(server).own(START)


def test_pages_without_end(server: Server) -> None:
    server.failures = [Failure("GET", 200, [], {"X-Next-Page": "1"}, times=1000)]
    with pytest.raises(HostProblem, match="without end"):
        host(server).own(START)
    assert server.asked("GET") == 150


@pytest.mark.parametrize("document", [{"message": "hello"}, [{"body": "x"}], ["x"]])
def test_what_answers_is_something_else(server: Server, document: object) -> None:
    server.failures = [Failure("GET", 200, document)]
    with pytest.raises(HostProblem, match="what answers is not"):
        host(server).own(START)


def test_no_note_can_be_hidden(server: Server) -> None:
    with pytest.raises(HostProblem, match="cannot hide"):
        host(server).hide(host(server).create("x"))
