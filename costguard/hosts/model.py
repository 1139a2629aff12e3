"""What a code host has to be able to do, and how it fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Trouble = Literal["refused", "missing", "rejected", "limited", "unreachable", "uncertain"]
"""refused: the token does not allow it. missing: there is no such thing, or it may not be seen. rejected: the host
takes it for wrong. limited: too many requests. unreachable: no answer, or one of a host in trouble. uncertain: the
same, after a request that may have been carried out all the same."""


class HostProblem(Exception):  # noqa: N818 - of the host or the token, not of the program
    """The host does not do what it was asked. The text says what to do."""

    def __init__(self, trouble: Trouble, text: str) -> None:
        super().__init__(text)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment that stands on the pull or merge request."""

    id: int
    """Later ones have greater ones."""
    body: str
    url: str | None = None
    node: str = ""
    """GitHub's other id, for GraphQL."""
    hidden: bool = False


class Host(Protocol):
    """One pull or merge request on a host. Every method may raise `HostProblem`."""

    @property
    def limit(self) -> int:
        """The most characters of a comment."""

    def safe(self, text: str) -> str:
        """The text, with nothing in it that the host would carry out."""

    def own(self, start: str) -> tuple[Comment, ...]:
        """The comments that begin so and that the token's own user wrote, the oldest first. What somebody else wrote is
        no matter of ours, whatever it looks like."""

    def read(self, comment: Comment) -> Comment:
        """The comment as it stands now."""

    def create(self, body: str) -> Comment:
        """Write a new one."""

    def update(self, comment: Comment, body: str) -> None:
        """Write another text into it."""

    def delete(self, comment: Comment) -> None:
        """Remove it; one that is gone already is no problem."""

    def hide(self, comment: Comment) -> None:
        """Fold it away as outdated."""
