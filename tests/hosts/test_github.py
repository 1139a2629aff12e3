"""What only GitHub has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from costguard.hosts.connection import Patience
from costguard.hosts.github import GitHub
from costguard.hosts.model import HostProblem
from costguard.hosts.post import post
from tests.servers.code_hosts import STRANGER, Failure, Server, github

from .test_post import EARLIER, comment, draft

START = "<!-- costguard comment tag=costguard "


def host(server: Server) -> GitHub:
    return GitHub("o/r", 7, server.token, server.address, Patience(attempts=2, first_pause=0.0))


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()
    with github(state):
        yield state


def test_old_ones_are_hidden(server: Server) -> None:
    hidden = server.add(comment("One.", EARLIER), hidden=True)
    shown = server.add(comment("Two.", EARLIER))
    other = server.add(comment("Three.", EARLIER), STRANGER)
    assert post(host(server), draft("Four."), "hide-and-new").action == "created"
    assert (hidden.hidden, shown.hidden, other.hidden) == (True, True, False)
    # Whose the comments are, and one to hide.
    assert server.requests.count("POST /graphql") == 2


def test_what_cannot_be_hidden_is_said(server: Server) -> None:
    note = server.add(comment("One.", EARLIER))

    def interfere(request: str) -> None:
        if request.startswith("POST /repos"):
            note.author = STRANGER

    server.before = interfere
    outcome = post(host(server), draft("Two."), "hide-and-new")
    assert outcome.action == "created"
    assert outcome.left == "GitHub's GraphQL API does not answer (Resource not accessible by integration)"


def test_whose_comments_they_are_is_asked_by_the_hundred(server: Server) -> None:
    for number in range(205):
        server.add(comment(f"{number}.", EARLIER), STRANGER)
    server.add(comment("Ours.", EARLIER))
    assert [found.id for found in host(server).own(START)] == [306]
    assert server.requests.count("POST /graphql") == 3


def test_without_a_comment_like_ours_nothing_is_asked(server: Server) -> None:
    server.add("Looks good.", STRANGER)
    assert host(server).own(START) == ()
    assert server.requests == ["GET /repos/o/r/issues/7/comments?per_page=100"]


def test_where_it_cannot_be_told_whose_they_are_nothing_is_written(server: Server) -> None:
    server.add(comment("Whose?", EARLIER))
    server.failures = [
        Failure("POST /graphql", 200, {"data": None, "errors": [{"message": "Something went wrong"}]})
    ]
    with pytest.raises(HostProblem, match=r"does not answer \(Something went wrong\)"):
        post(host(server), draft("Ours."))
    assert len(server.notes) == 1


def test_a_server_of_ones_own_has_graphql_elsewhere() -> None:
    state = Server()
    with github(state, "/api/v3"):
        state.add(comment("One.", EARLIER))
        assert post(host(state), draft("Two.")).action == "updated"
    assert "POST /api/graphql" in state.requests


def test_pages_without_end(server: Server) -> None:
    following = f'<{server.address}/repos/o/r/issues/7/comments?page=1>; rel="next"'
    server.failures = [Failure("GET", 200, [], {"Link": following}, times=1000)]
    with pytest.raises(HostProblem, match="without end"):
        host(server).own(START)
    assert server.asked("GET") == 60


def test_pages_on_another_host(server: Server) -> None:
    link = {"Link": '<https://evil.example/comments?page=2>; rel="next"'}
    server.failures = [Failure("GET", 200, [], link)]
    with pytest.raises(HostProblem, match=r"another host, 'evil\.example'"):
        host(server).own(START)


@pytest.mark.parametrize("document", [{"message": "hello"}, [{"body": "x"}], ["x"], "x", None])
def test_what_answers_is_something_else(server: Server, document: object) -> None:
    server.failures = [Failure("GET", 200, document)]
    with pytest.raises(HostProblem, match="what answers is not"):
        host(server).own(START)


def test_what_is_sent_with_every_request(server: Server) -> None:
    post(host(server), draft("One."))
    for headers in server.headers:
        assert headers["authorization"] == "Bearer t0ken"
        assert headers["accept"] == "application/vnd.github+json"
        assert headers["x-github-api-version"] == "2022-11-28"
        assert headers["user-agent"] == "costguard"
