"""Requests to a code host: patience, and where the token goes."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from costguard.errors import UsageProblem
from costguard.hosts.connection import Connection, Patience, checked_address
from costguard.hosts.model import HostProblem
from tests.servers.code_hosts import Failure, Server, github

COMMENTS = "repos/o/r/issues/7/comments"
DATE = "Thu, 26 Nov 2026 12:00:00 GMT"
DATE_SECONDS = 1_795_694_400


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()
    with github(state):
        yield state


class Line(Connection):
    """A connection that notes its pauses instead of making them."""

    def __init__(self, server: Server, patience: Patience | None = None) -> None:
        self.pauses: list[float] = []
        headers = {"Authorization": f"Bearer {server.token}"}
        super().__init__(server.address, headers, patience, self.pauses.append)


def test_what_fails_for_a_while_is_tried_again(server: Server) -> None:
    server.failures = [
        Failure("GET", 502, b"<html>Bad gateway</html>"),
        Failure("GET", 0),
        Failure("GET", 503),
        Failure("GET", 429, {"message": "slow down"}, {"Retry-After": "7"}),
    ]
    line = Line(server)
    assert line.ask("GET", COMMENTS).document == []
    assert line.pauses == [1.0, 2.0, 4.0, 8.0]


@pytest.mark.parametrize(
    ("status", "document", "headers", "pause"),
    [
        (429, None, {"Retry-After": "30"}, 30.0),
        (403, None, {"Retry-After": "3"}, 3.0),
        (403, {"message": "You have exceeded a secondary rate limit."}, {}, 1.0),
        (429, None, {"Retry-After": "Thu, 26 Nov 2026 12:00:09 GMT"}, 9.0),
        (403, None, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(DATE_SECONDS + 40)}, 40.0),
        (403, None, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "soon"}, 1.0),
        (429, None, {"Retry-After": "soon"}, 1.0),
        (503, None, {"Retry-After": "5"}, 5.0),
    ],
)
def test_a_pause_that_the_host_asks_for(
    server: Server, status: int, document: object, headers: dict[str, str], pause: float
) -> None:
    server.failures = [Failure("GET", status, document, {**headers, "Date": DATE})]
    line = Line(server)
    assert line.ask("GET", COMMENTS).status == 200
    assert line.pauses == [pause]


def test_the_clock_of_the_host_counts_and_not_ours() -> None:
    from datetime import UTC, datetime

    assert datetime(2026, 11, 26, 12, tzinfo=UTC).timestamp() == DATE_SECONDS


def test_a_long_pause_is_not_made(server: Server) -> None:
    server.failures = [Failure("GET", 429, {"message": "no"}, {"Retry-After": "3600"})]
    line = Line(server)
    with pytest.raises(HostProblem, match=r"too many requests \(429: no\); it asks to wait for 3600 s"):
        line.ask("GET", COMMENTS)
    assert line.pauses == []


def test_it_ends(server: Server) -> None:
    server.failures = [Failure("GET", 500, {"message": "oops"}, times=100)]
    line = Line(server, Patience(attempts=3))
    with pytest.raises(HostProblem, match=r"trouble of its own \(500: oops\)") as caught:
        line.ask("GET", COMMENTS)
    assert caught.value.trouble == "unreachable"
    assert (server.asked("GET"), line.pauses) == (3, [1.0, 2.0])


@pytest.mark.parametrize("status", [0, 500, 502])
def test_what_may_have_been_carried_out_is_not_repeated(server: Server, status: int) -> None:
    server.failures = [Failure("POST", status)]
    with pytest.raises(HostProblem) as caught:
        Line(server).ask("POST", COMMENTS, {"body": "x"}, repeatable=False)
    assert caught.value.trouble == "uncertain"
    assert server.asked("POST") == 1


def test_what_was_surely_not_carried_out_is_repeated(server: Server) -> None:
    server.failures = [Failure("POST", 429)]
    assert Line(server).ask("POST", COMMENTS, {"body": "x"}, repeatable=False).status == 201
    assert server.bodies == ["x"]


@pytest.mark.parametrize(
    ("status", "document", "trouble", "text"),
    [
        (401, {"message": "Bad credentials"}, "refused", "does not accept the token (401: Bad credentials)"),
        (403, {"message": "Resource not\naccessible"}, "refused", "(403: Resource not accessible)"),
        (404, {"message": "Not Found"}, "missing", "or not for this token (404: Not Found)"),
        (410, None, "missing", "(410: no reason given)"),
        (422, {"message": {"body": ["is too long"]}}, "rejected", '(422: {"body": ["is too long"]})'),
        (400, {"error": "insufficient_scope", "error_description": "needs api"}, "rejected", "needs api"),
        (400, b"[" * 100_000, "rejected", "no reason given"),
    ],
)
def test_what_is_no_use_to_repeat(
    server: Server, status: int, document: object, trouble: str, text: str
) -> None:
    server.failures = [Failure("GET", status, document)]
    with pytest.raises(HostProblem) as caught:
        Line(server).ask("GET", COMMENTS)
    assert caught.value.trouble == trouble
    assert text in str(caught.value)
    assert server.asked("GET") == 1


def test_a_host_that_is_not_there() -> None:
    state = Server()
    with github(state):
        pass
    line = Line(state, Patience(attempts=2))
    with pytest.raises(HostProblem, match="cannot be reached") as caught:
        line.ask("POST", COMMENTS, {}, repeatable=False)
    assert caught.value.trouble == "unreachable"
    assert line.pauses == [1.0]


def test_a_certificate_that_is_not_trusted_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line(Server(address="https://github.example"))
    asked = []

    def open_(request: urllib.request.Request, timeout: float) -> None:
        asked.append(request.get_method())
        raise urllib.error.URLError(ssl.SSLCertVerificationError("self-signed certificate"))

    monkeypatch.setattr(line._opener, "open", open_)
    with pytest.raises(HostProblem, match="self-signed certificate") as caught:
        line.ask("POST", COMMENTS, {}, repeatable=False)
    assert (caught.value.trouble, asked, line.pauses) == ("unreachable", ["POST"], [])


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirection_within_the_host_keeps_method_and_token(server: Server, status: int) -> None:
    server.failures = [Failure("POST /old", status, None, {"Location": f"/{COMMENTS}"})]
    Line(server).ask("POST", "old", {"body": "moved"})
    assert server.bodies == ["moved"]


def test_the_token_is_not_sent_to_another_host(server: Server) -> None:
    other = Server()
    with github(other):
        server.failures = [Failure("GET", 302, None, {"Location": f"{other.address}/{COMMENTS}"})]
        with pytest.raises(HostProblem, match=r"sends to another host, '127\.0\.0\.1:"):
            Line(server).ask("GET", COMMENTS)
        with pytest.raises(HostProblem, match="sends to another host"):
            Line(server).ask("GET", f"{other.address}/{COMMENTS}")
    assert other.requests == []


def test_redirections_end(server: Server) -> None:
    server.failures = [Failure("GET", 302, None, {"Location": "/round"}, times=100)]
    with pytest.raises(HostProblem, match="in a circle"):
        Line(server).ask("GET", COMMENTS)
    assert server.asked("GET") == 4


def test_loopback_does_not_go_through_a_proxy(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert Line(server).ask("GET", COMMENTS).status == 200


def test_what_is_no_json(server: Server) -> None:
    server.failures = [Failure("GET", 200, b"<html>Sign in</html>")]
    with pytest.raises(HostProblem, match="what answers is not the API"):
        _ = Line(server).ask("GET", COMMENTS).document


def test_an_answer_without_end(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("costguard.hosts.connection.LARGEST_ANSWER", 2**20)
    server.failures = [Failure("GET", 200, b" " * (2**20 + 1))]
    with pytest.raises(HostProblem, match="more than 1 MiB"):
        Line(server).ask("GET", COMMENTS)


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("http://github.example/api/v3", "the token is not sent over http://"),
        ("http://127.0.0.1.example", "the token is not sent over http://"),
        ("http://10.0.0.1", "the token is not sent over http://"),
        ("https://user:pass@github.example", "has credentials in it"),
        ("ftp://github.example", "is not the address of an API"),
        ("github.example", "is not the address of an API"),
        ("https://github.example/?a=b", "is not the address of an API"),
        ("https://[::1", "is not the address of an API"),
        ("https://github.example:port", "is not the address of an API"),
    ],
)
def test_where_no_token_is_sent(address: str, text: str) -> None:
    with pytest.raises(UsageProblem, match=text.replace("?", r"\?")) as caught:
        checked_address(address)
    assert "pass@" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["https://api.github.com/", "http://localhost:8080", "http://[::1]:8080/api/v3"]
)
def test_where_it_may_go(address: str) -> None:
    assert checked_address(address) == address.rstrip("/")
