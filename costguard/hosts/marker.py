"""The first line of a comment, which readers do not see: whose comment it is, and how old what it says is."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from costguard.errors import UsageProblem

TAG: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,49}")
_HEAD: Final = re.compile(r"[0-9a-f]{7,64}")
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"
_LINE: Final = re.compile(
    rf"<!-- costguard comment tag=({TAG.pattern}) valid-at=(\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ) "
    rf"head=({_HEAD.pattern}|-) body=([0-9a-f]{{64}}) -->"
)


@dataclass(frozen=True, slots=True)
class Marker:
    """Says of a comment what a later run has to know."""

    tag: str
    """Several comments on one pull request have different ones."""
    valid_at: datetime
    """The code was like that then, to the second. A comment is not replaced by what was true before it."""
    head: str | None
    """The commit that was looked at."""
    body: str
    """SHA-256 of the text below."""

    @property
    def line(self) -> str:
        """As it is written."""
        time = self.valid_at.astimezone(UTC)
        return f"{start_of(self.tag)}valid-at={time:{_TIME}} head={self.head or '-'} body={self.body} -->"


def marker_for(tag: str, valid_at: datetime, head: str | None, text: str) -> Marker:
    """The marker of a text.

    Raises:
        UsageProblem: a tag or a commit that cannot stand in it.
    """
    if not TAG.fullmatch(tag):
        raise UsageProblem(f"--tag {tag!r}: letters, digits, dots and dashes, at most 50")
    if head is not None and not _HEAD.fullmatch(head):
        raise UsageProblem(f"--head {head!r} is not the hash of a commit")
    return Marker(tag, valid_at.astimezone(UTC).replace(microsecond=0), head, _digest(text))


def start_of(tag: str) -> str:
    """How every comment with a tag begins."""
    return f"<!-- costguard comment tag={tag} "


def marker_of(body: str) -> Marker | None:
    """The marker of a comment; None where its first line is none. Further down nothing counts: there stand names and
    texts of the code that was scanned."""
    found = _LINE.fullmatch(body.split("\n", 1)[0].rstrip("\r"))
    if found is None:
        return None
    tag, time, head, digest = found.groups()
    try:
        valid_at = datetime.strptime(time, _TIME).replace(tzinfo=UTC)
    except ValueError:  # the 31st of February
        return None
    return Marker(tag, valid_at, None if head == "-" else head, digest)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
