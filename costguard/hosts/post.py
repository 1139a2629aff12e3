"""One comment on a pull request that is kept up to date, however many jobs write it at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from costguard.hosts.body import clean, fit
from costguard.hosts.marker import Marker, marker_for, marker_of, start_of
from costguard.hosts.model import Comment, Host, HostProblem

Behavior = Literal["update", "new", "delete-and-new", "hide-and-new"]
Action = Literal["created", "updated", "identical", "older", "nothing-changed"]

_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be said."""

    tag: str
    valid_at: datetime
    """When the code was like that: what was written of a later time stays."""
    head: str | None
    text: str
    """Markdown."""
    worth_a_new_one: bool = True
    """Otherwise only a comment that is there is brought up to date."""

    def room(self, limit: int) -> int:
        """The characters that are left for the text where a comment may have so many."""
        return limit - len(self._marker("").line) - len("\n\n")

    def _marker(self, text: str) -> Marker:
        return marker_for(self.tag, self.valid_at, self.head, text)

    def composed(self, host: Host) -> tuple[Marker, str]:
        """The marker and the whole comment, as the host takes it."""
        text = fit(host.safe(clean(self.text)), self.room(host.limit))
        marker = self._marker(text)
        return marker, f"{marker.line}\n\n{text}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it."""

    action: Action
    comment: Comment | None = None
    """The one that stands there now, if any."""
    left: str | None = None
    """Why older comments could not be tidied away, after a new one was written."""


def post(
    host: Host, draft: Draft, behavior: Behavior = "update", sleep: Callable[[float], None] = time.sleep
) -> Outcome:
    """Write the comment, unless it says nothing new or something newer stands there.

    Raises:
        HostProblem: the host does not let us, or cannot be reached.
        UsageProblem: a tag or a head that cannot be used.
    """
    marker, body = draft.composed(host)
    start = start_of(draft.tag)
    before = [(found, comment) for comment in host.own(start) if (found := marker_of(comment.body))]
    if not before and not draft.worth_a_new_one:
        return Outcome("nothing-changed")
    if before:
        latest, newest = before[-1]
        later = [comment for found, comment in before if found.valid_at > marker.valid_at]
        if later:
            return Outcome("older", later[-1])
        if latest.body == marker.body:
            return Outcome("identical", newest)
        if behavior == "update" and _update(host, newest, marker, body):
            return Outcome("updated", newest)
    known = {comment.id for _, comment in before}
    created = _create(host, start, marker, body, known, sleep)
    try:
        if behavior == "update":
            return _settle(host, start, created, known)
        for _, comment in before:
            if behavior == "delete-and-new":
                host.delete(comment)
            elif behavior == "hide-and-new" and not comment.hidden:
                host.hide(comment)
    except HostProblem as problem:
        return Outcome("created", created, str(problem))
    return Outcome("created", created)


def _update(host: Host, comment: Comment, marker: Marker, body: str) -> bool:
    """Whether the comment says it now. It may be gone by now, and a slow job that knows less may write over ours."""
    for _ in range(_TRIES):
        try:
            host.update(comment, body)
        except HostProblem as problem:
            if problem.trouble != "missing":
                raise
            return False
        try:
            now = marker_of(host.read(comment).body)
        except HostProblem as problem:  # it is written, whatever this says
            return problem.trouble != "missing"
        if now is None or now.valid_at >= marker.valid_at:
            return True
    return True


def _create(
    host: Host,
    start: str,
    marker: Marker,
    body: str,
    known: set[int],
    sleep: Callable[[float], None],
) -> Comment:
    """The new comment. Where no answer came to the request, it may have been created nevertheless: that is looked up
    before it is tried again."""
    for attempt in range(_TRIES):
        try:
            return host.create(body)
        except HostProblem as problem:
            if problem.trouble != "uncertain" or attempt + 1 == _TRIES:
                raise
        sleep(2.0**attempt)
        for comment in host.own(start):
            if comment.id not in known and marker_of(comment.body) == marker:
                return comment
    raise AssertionError("the last attempt returns or raises")


def _settle(host: Host, start: str, created: Comment, known: set[int]) -> Outcome:
    """Where another job created one at the same time, one of them stays: that of the later state, else the first."""
    raced = [comment for comment in host.own(start) if comment.id not in known]
    if len(raced) < 2:
        return Outcome("created", created)
    kept = _kept(raced)
    for comment in raced:
        if comment.id != kept.id:
            host.delete(comment)
    return Outcome("created" if kept.id == created.id else "older", kept)


def _kept(raced: Sequence[Comment]) -> Comment:
    def age(comment: Comment) -> tuple[float, int]:
        marker = marker_of(comment.body)
        return (marker.valid_at.timestamp() if marker is not None else 0.0, -comment.id)

    return max(raced, key=age)
