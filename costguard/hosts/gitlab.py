"""A merge request on GitLab: comments are its notes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, Literal
from urllib.parse import quote

from costguard.hosts.body import without_quick_actions
from costguard.hosts.connection import Connection, Patience
from costguard.hosts.model import Comment, HostProblem

API: Final = "https://gitlab.com/api/v4"
LIMIT: Final = 1_000_000
"""Characters of a note."""
_PAGE: Final = 50
_MOST_PAGES: Final = 150
"""GitLab takes no more than 5,000 notes on a merge request."""

TokenKind = Literal["private", "job"]
"""A token that a person or a project made, or the one of a running job."""


class GitLab:
    """One merge request."""

    limit = LIMIT

    def __init__(
        self,
        project: str,
        number: int,
        token: str,
        kind: TokenKind = "private",
        address: str = API,
        patience: Patience | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`project` is its number or its path.

        Raises:
            UsageProblem: an address to which no token may be sent.
        """
        name = "PRIVATE-TOKEN" if kind == "private" else "JOB-TOKEN"
        self._connection = Connection(address, {name: token, "User-Agent": "costguard"}, patience, sleep)
        self._whose_path = "user" if kind == "private" else "job"
        self._notes = f"projects/{quote(project, safe='')}/merge_requests/{number}/notes"

    def safe(self, text: str) -> str:
        """See `Host`."""
        return without_quick_actions(text)

    def own(self, start: str) -> tuple[Comment, ...]:
        """See `Host`."""
        found: list[tuple[Comment, Any]] = []
        page = "1"
        for _ in range(_MOST_PAGES):
            answer = self._connection.ask(
                "GET", f"{self._notes}?per_page={_PAGE}&page={page}&order_by=created_at&sort=asc"
            )
            notes = answer.document
            if not isinstance(notes, list):
                raise HostProblem("unreachable", "what answers is not GitLab's API: no list of notes")
            for item in notes:
                note = _note(item)
                if not item.get("system") and note.body.startswith(start):
                    found.append((note, _id_of(item.get("author"))))
            page = answer.headers.get("x-next-page", "").strip()
            if not page:
                break
        else:
            raise HostProblem("rejected", f"GitLab lists more than {_MOST_PAGES * _PAGE:,} notes without end")
        if not found:
            return ()
        user = self._user()
        return tuple(note for note, author in found if author == user)

    def read(self, comment: Comment) -> Comment:
        """See `Host`."""
        return _note(self._connection.ask("GET", f"{self._notes}/{comment.id}").document)

    def create(self, body: str) -> Comment:
        """See `Host`."""
        answer = self._connection.ask("POST", self._notes, {"body": body}, repeatable=False)
        return _note(answer.document)

    def update(self, comment: Comment, body: str) -> None:
        """See `Host`."""
        self._connection.ask("PUT", f"{self._notes}/{comment.id}", {"body": body})

    def delete(self, comment: Comment) -> None:
        """See `Host`."""
        try:
            self._connection.ask("DELETE", f"{self._notes}/{comment.id}")
        except HostProblem as problem:
            if problem.trouble != "missing":
                raise

    def hide(self, comment: Comment) -> None:
        """GitLab cannot hide a note."""
        raise HostProblem("rejected", "GitLab cannot hide a note")

    def _user(self) -> int:
        """The id of the token's user: a project's token has a user of its own, a job has that of who started it."""
        document = self._connection.ask("GET", self._whose_path).document
        if self._whose_path == "job":
            document = document.get("user") if isinstance(document, dict) else None
        found = _id_of(document)
        if found is None:
            raise HostProblem("refused", "GitLab does not say whose token it is")
        return found


def _id_of(item: Any) -> int | None:
    found = item.get("id") if isinstance(item, dict) else None
    return found if isinstance(found, int) else None


def _note(item: Any) -> Comment:
    identity = _id_of(item)
    if identity is None:
        raise HostProblem("unreachable", "what answers is not GitLab's API: a note without an id")
    return Comment(identity, str(item.get("body") or ""))
