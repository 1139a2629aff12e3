"""A pull request on GitHub: comments by its REST API, whose they are and hiding them by GraphQL."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from costguard.hosts.connection import Answer, Connection, Patience
from costguard.hosts.model import Comment, HostProblem

API: Final = "https://api.github.com"
LIMIT: Final = 65_536
"""Characters of a comment."""
_MOST_PAGES: Final = 60
"""Of 100 comments. GitHub takes no more than 2,500 on a pull request."""
_AT_ONCE: Final = 100
"""Ids that one GraphQL query may name."""
_NEXT: Final = re.compile(r'<([^>]*)>\s*;[^,]*\brel="?next"?')
_WHOSE: Final = "query($ids:[ID!]!){nodes(ids:$ids){...on IssueComment{id viewerDidAuthor isMinimized}}}"
_HIDE: Final = (
    "mutation($id:ID!){minimizeComment(input:{subjectId:$id,classifier:OUTDATED})"
    "{minimizedComment{isMinimized}}}"
)


class GitHub:
    """One pull request."""

    limit = LIMIT

    def __init__(
        self,
        repository: str,
        number: int,
        token: str,
        address: str = API,
        patience: Patience | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`repository` is `owner/name`; `address` that of the REST API.

        Raises:
            UsageProblem: an address to which no token may be sent.
        """
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
            "User-Agent": "costguard",
        }
        self._connection = Connection(address, headers, patience, sleep)
        self._repository = f"repos/{repository}"
        self._comments = f"{self._repository}/issues/{number}/comments"

    def safe(self, text: str) -> str:
        """See `Host`. GitHub carries out nothing that stands in a comment."""
        return text

    def own(self, start: str) -> tuple[Comment, ...]:
        """See `Host`."""
        found: list[Comment] = []
        path = f"{self._comments}?per_page=100"
        for _ in range(_MOST_PAGES):
            answer = self._connection.ask("GET", path)
            found.extend(
                comment for comment in map(_comment, _list(answer)) if comment.body.startswith(start)
            )
            following = _next_page(answer)
            if following is None:
                return self._mine(found)
            path = following
        raise HostProblem("rejected", f"GitHub lists more than {_MOST_PAGES * 100:,} comments without end")

    def read(self, comment: Comment) -> Comment:
        """See `Host`."""
        return _comment(self._connection.ask("GET", self._path(comment)).document)

    def create(self, body: str) -> Comment:
        """See `Host`."""
        answer = self._connection.ask("POST", self._comments, {"body": body}, repeatable=False)
        return _comment(answer.document)

    def update(self, comment: Comment, body: str) -> None:
        """See `Host`."""
        self._connection.ask("PATCH", self._path(comment), {"body": body})

    def delete(self, comment: Comment) -> None:
        """See `Host`."""
        try:
            self._connection.ask("DELETE", self._path(comment))
        except HostProblem as problem:
            if problem.trouble != "missing":
                raise

    def hide(self, comment: Comment) -> None:
        """See `Host`."""
        self._graphql(_HIDE, {"id": comment.node})

    def _path(self, comment: Comment) -> str:
        return f"{self._repository}/issues/comments/{comment.id}"

    def _mine(self, found: Sequence[Comment]) -> tuple[Comment, ...]:
        """Those that the token's own user wrote. The REST API has no way to ask who that is for the token of a job."""
        mine: dict[str, bool] = {}
        for start in range(0, len(found), _AT_ONCE):
            ids = [comment.node for comment in found[start : start + _AT_ONCE]]
            for node in self._graphql(_WHOSE, {"ids": ids}).get("nodes") or ():
                if isinstance(node, dict) and node.get("viewerDidAuthor") is True:
                    mine[str(node.get("id"))] = node.get("isMinimized") is True
        return tuple(
            Comment(comment.id, comment.body, comment.url, comment.node, mine[comment.node])
            for comment in found
            if comment.node in mine
        )

    def _graphql(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        answer = self._connection.ask("POST", self._graphql_address, {"query": query, "variables": variables})
        document = answer.document
        data = document.get("data") if isinstance(document, dict) else None
        if not isinstance(data, dict) or not any(data.values()):
            errors = document.get("errors") if isinstance(document, dict) else None
            first = errors[0] if isinstance(errors, list) and errors else None
            said = first.get("message") if isinstance(first, dict) else None
            raise HostProblem("refused", f"GitHub's GraphQL API does not answer ({str(said)[:200]})")
        return data

    @property
    def _graphql_address(self) -> str:
        """`/graphql` of api.github.com; on a server of one's own REST is at /api/v3 and GraphQL at /api/graphql."""
        address = self._connection.address
        if urlsplit(address).path.endswith("/api/v3"):
            return f"{address.removesuffix('/v3')}/graphql"
        return f"{address}/graphql"


def _comment(item: Any) -> Comment:
    if not isinstance(item, dict) or not isinstance(item.get("id"), int):
        raise HostProblem("unreachable", "what answers is not GitHub's API: a comment without an id")
    url = item.get("html_url")
    return Comment(
        item["id"],
        str(item.get("body") or ""),
        url if isinstance(url, str) else None,
        str(item.get("node_id") or ""),
    )


def _list(answer: Answer) -> list[Any]:
    document = answer.document
    if not isinstance(document, list):
        raise HostProblem("unreachable", "what answers is not GitHub's API: no list of comments")
    return document


def _next_page(answer: Answer) -> str | None:
    found = _NEXT.search(answer.headers.get("link", ""))
    return found[1] if found is not None else None
