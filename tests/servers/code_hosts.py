"""GitHub and GitLab on loopback: the endpoints for comments, with their paging, their rights and their ways to fail."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

Json = Any
BOT, STRANGER = 41898282, 666
"""Ids of users: the one whose token it is, and somebody else."""


@dataclass
class Note:
    """A comment on the server."""

    id: int
    body: str
    author: int
    hidden: bool = False
    system: bool = False


@dataclass
class Failure:
    """An answer that is given instead of the right one, so many times."""

    request: str
    """A pattern that the method and path match from the start: `POST /repos`."""
    status: int
    """0: the connection is closed without an answer."""
    document: Json = None
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1
    after: bool = False
    """The request is carried out nevertheless."""


@dataclass
class Server:
    """A pull request, whoever may write to it, and what happened."""

    token: str = "t0ken"
    page: int = 100
    """The most comments of a page."""
    notes: list[Note] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    """Method and path of each."""
    headers: list[dict[str, str]] = field(default_factory=list)
    before: Callable[[str], None] = lambda request: None
    """Called with each request: another job may do something now."""
    address: str = ""
    lock: threading.RLock = field(default_factory=threading.RLock)

    def add(self, body: str, author: int = BOT, **more: bool) -> Note:
        """A comment that is there, or that is written now."""
        with self.lock:
            note = Note(max((note.id for note in self.notes), default=100) + 1, body, author, **more)
            self.notes.append(note)
            return note

    def find(self, identity: int) -> Note | None:
        return next((note for note in self.notes if note.id == identity), None)

    def remove(self, note: Note) -> None:
        with self.lock:
            self.notes = [other for other in self.notes if other.id != note.id]

    @property
    def bodies(self) -> list[str]:
        """What the token's user wrote."""
        return [note.body for note in self.notes if note.author == BOT]

    def asked(self, method: str) -> int:
        """How many requests of a method there were."""
        return sum(request.startswith(f"{method} ") for request in self.requests)


@dataclass(frozen=True)
class Reply:
    status: int
    document: Json = None
    headers: dict[str, str] = field(default_factory=dict)


NOT_FOUND = Reply(404, {"message": "Not Found"})


class _Handler(BaseHTTPRequestHandler):
    server_state: Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments: object) -> None:
        pass

    def _serve(self) -> None:
        state = self.server_state
        size = int(self.headers.get("Content-Length") or 0)
        content = self.rfile.read(size) if size else b""
        request = f"{self.command} {self.path}"
        state.before(request)
        with state.lock:
            state.requests.append(request)
            state.headers.append({name.lower(): value for name, value in self.headers.items()})
            failure = next(
                (item for item in state.failures if item.times > 0 and re.match(item.request, request)), None
            )
            if failure is not None:
                failure.times -= 1
            reply = Reply(0) if failure is not None and not failure.after else self._reply(content)
        if failure is not None:
            reply = Reply(failure.status, failure.document, failure.headers)
        if reply.status == 0:
            self.close_connection = True
            return
        if isinstance(reply.document, bytes):
            data = reply.document
        else:
            data = b"" if reply.document is None else json.dumps(reply.document).encode()
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if reply.status != 204:
            self.wfile.write(data)

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PATCH(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def _reply(self, content: bytes) -> Reply:
        raise NotImplementedError


class _GitHub(_Handler):
    """api.github.com, for the repository `o/r` and the pull request 7."""

    def _reply(self, content: bytes) -> Reply:
        state = self.server_state
        if self.headers.get("Authorization") != f"Bearer {state.token}":
            return Reply(401, {"message": "Bad credentials"})
        parts = urlsplit(self.path)
        path = parts.path.removeprefix("/api/v3")
        body = json.loads(content) if content else {}
        if self.command == "POST" and parts.path in ("/graphql", "/api/graphql"):
            return self._graphql(body)
        if path == "/repos/o/r/issues/7/comments":
            return self._list(parts.query, path) if self.command == "GET" else self._create(body)
        found = re.fullmatch(r"/repos/o/r/issues/comments/(\d+)", path)
        note = state.find(int(found[1])) if found is not None else None
        if note is None:
            return NOT_FOUND
        if self.command == "PATCH":
            if len(body["body"]) > 65_536:
                return Reply(422, {"message": "Validation Failed"})
            note.body = body["body"]
        elif self.command == "DELETE":
            state.remove(note)
            return Reply(204)
        return Reply(200, self._shown(note))

    def _list(self, query: str, path: str) -> Reply:
        state = self.server_state
        asked = parse_qs(query)
        size = min(int(asked.get("per_page", ["30"])[0]), state.page)
        page = int(asked.get("page", ["1"])[0])
        shown = state.notes[(page - 1) * size : page * size]
        headers = {}
        if len(state.notes) > page * size:
            base = f"{state.address}{path}?per_page={size}"
            last = -(-len(state.notes) // size)
            headers["Link"] = f'<{base}&page={page + 1}>; rel="next", <{base}&page={last}>; rel="last"'
        return Reply(200, [self._shown(note) for note in shown], headers)

    def _create(self, body: Json) -> Reply:
        if len(body["body"]) > 65_536:
            return Reply(422, {"message": "Validation Failed"})
        return Reply(201, self._shown(self.server_state.add(body["body"])))

    def _shown(self, note: Note) -> Json:
        return {
            "id": note.id,
            "node_id": f"IC_{note.id}",
            "body": note.body,
            "html_url": f"https://github.example/o/r/pull/7#issuecomment-{note.id}",
            "user": {"id": note.author, "login": "github-actions[bot]" if note.author == BOT else "mallory"},
        }

    def _graphql(self, body: Json) -> Reply:
        state, variables = self.server_state, body["variables"]

        def of(node: str) -> Note | None:
            return state.find(int(node.removeprefix("IC_")))

        if "minimizeComment" in body["query"]:
            assert "classifier:OUTDATED" in body["query"]
            note = of(variables["id"])
            if note is None or note.author != BOT:
                error = {"type": "FORBIDDEN", "message": "Resource not accessible by integration"}
                return Reply(200, {"data": {"minimizeComment": None}, "errors": [error]})
            note.hidden = True
            return Reply(200, {"data": {"minimizeComment": {"minimizedComment": {"isMinimized": True}}}})
        assert len(variables["ids"]) <= 100
        notes = [of(node) for node in variables["ids"]]
        nodes = [
            {"id": f"IC_{note.id}", "viewerDidAuthor": note.author == BOT, "isMinimized": note.hidden}
            if note is not None
            else None
            for note in notes
        ]
        return Reply(200, {"data": {"nodes": nodes}})


class _GitLab(_Handler):
    """gitlab.com/api/v4, for the project `g/s/p` (number 9) and the merge request 7."""

    def _reply(self, content: bytes) -> Reply:
        state = self.server_state
        job = self.headers.get("JOB-TOKEN") == state.token
        if not job and self.headers.get("PRIVATE-TOKEN") != state.token:
            return Reply(401, {"message": "401 Unauthorized"})
        parts = urlsplit(self.path)
        path = parts.path.removeprefix("/api/v4")
        if path == "/user":
            return Reply(200, {"id": BOT, "username": "project_9_bot"}) if not job else NOT_FOUND
        if path == "/job":
            return Reply(200, {"id": 1, "user": {"id": BOT}}) if job else NOT_FOUND
        found = re.fullmatch(r"/projects/([^/]+)/merge_requests/7/notes(?:/(\d+))?", path)
        if found is None or unquote(found[1]) not in ("9", "g/s/p"):
            return Reply(404, {"message": "404 Project Not Found"})
        body = json.loads(content) if content else {}
        if len(body.get("body", "")) > 1_000_000:
            return Reply(400, {"message": {"note": ["is too long (maximum is 1000000 characters)"]}})
        if found[2] is None:
            if self.command == "POST":
                return Reply(201, self._shown(state.add(body["body"])))
            return self._list(parts.query)
        note = state.find(int(found[2]))
        if note is None:
            return Reply(404, {"message": "404 Note Not Found"})
        if self.command == "PUT":
            note.body = body["body"]
        elif self.command == "DELETE":
            state.remove(note)
            return Reply(204)
        return Reply(200, self._shown(note))

    def _list(self, query: str) -> Reply:
        state = self.server_state
        asked = parse_qs(query)
        notes = sorted(state.notes, key=lambda note: note.id, reverse=asked.get("sort") != ["asc"])
        size, page = min(int(asked.get("per_page", ["20"])[0]), state.page), int(asked.get("page", ["1"])[0])
        shown = notes[(page - 1) * size : page * size]
        following = str(page + 1) if len(notes) > page * size else ""
        return Reply(200, [self._shown(note) for note in shown], {"X-Next-Page": following})

    def _shown(self, note: Note) -> Json:
        return {
            "id": note.id,
            "body": note.body,
            "author": {"id": note.author, "username": "project_9_bot" if note.author == BOT else "mallory"},
            "system": note.system,
        }


@contextmanager
def github(state: Server, prefix: str = "") -> Iterator[str]:
    """The address of the API; `/api/v3` as prefix for a server of one's own."""
    with _serving(_GitHub, state, prefix) as address:
        yield address


@contextmanager
def gitlab(state: Server) -> Iterator[str]:
    """The address of the API."""
    with _serving(_GitLab, state, "/api/v4") as address:
        yield address


@contextmanager
def _serving(kind: type[_Handler], state: Server, prefix: str) -> Iterator[str]:
    handler = type("Handler", (kind,), {"server_state": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    state.address = f"http://127.0.0.1:{server.server_address[1]}{prefix}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield state.address
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
