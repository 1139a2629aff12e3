"""The hidden first line of a comment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costguard.errors import UsageProblem
from costguard.hosts.marker import marker_for, marker_of, start_of

NOON = datetime(2026, 11, 26, 12, 0, 0, tzinfo=UTC)
SHA256_OF_HELLO = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


def test_what_it_says() -> None:
    marker = marker_for("costguard", NOON, "abc1234", "hello")
    assert marker.line == (
        "<!-- costguard comment tag=costguard valid-at=2026-11-26T12:00:00Z head=abc1234 "
        f"body={SHA256_OF_HELLO} -->"
    )
    assert marker.line.startswith(start_of("costguard"))


def test_time_is_written_in_utc_and_to_the_second() -> None:
    there = datetime(2026, 11, 26, 14, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=2)))
    assert marker_for("t", there, None, "").valid_at == NOON
    assert "valid-at=2026-11-26T12:00:00Z head=- " in marker_for("t", there, None, "").line


def test_a_longer_tag_is_another_tag() -> None:
    assert not marker_for("nightly-2", NOON, None, "").line.startswith(start_of("nightly"))


@settings(deadline=None)
@given(
    tag=st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,49}\Z"),
    valid_at=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    head=st.none() | st.from_regex(r"\A[0-9a-f]{40}\Z"),
    text=st.text(),
)
def test_what_is_written_is_read(tag: str, valid_at: datetime, head: str | None, text: str) -> None:
    marker = marker_for(tag, valid_at, head, text)
    assert marker_of(f"{marker.line}\n\n{text}") == marker
    assert marker_of(f"{marker.line}\r\n\r\n{text}") == marker


@pytest.mark.parametrize(
    "body",
    [
        "",
        "Some words.",
        f"Some words.\n{marker_for('t', NOON, None, '').line}",
        f" {marker_for('t', NOON, None, '').line}",
        f"{marker_for('t', NOON, None, '').line} and more",
        marker_for("t", NOON, None, "").line.replace("11-26", "02-31"),
        marker_for("t", NOON, None, "").line.replace("head=-", "head=../x"),
    ],
    ids=["empty", "other", "further down", "indented", "with more", "no such day", "no commit"],
)
def test_what_is_no_marker(body: str) -> None:
    assert marker_of(body) is None


@pytest.mark.parametrize("tag", ["", "-->", "a b", "a\n", ".hidden", "x" * 51, "é"])
def test_a_tag_that_cannot_stand_in_it(tag: str) -> None:
    with pytest.raises(UsageProblem, match="--tag"):
        marker_for(tag, NOON, None, "")


@pytest.mark.parametrize("head", ["", "main", "ABC1234", "abc123", "a" * 65])
def test_a_head_that_is_no_commit(head: str) -> None:
    with pytest.raises(UsageProblem, match="--head"):
        marker_for("t", NOON, head, "")
