"""One comment that is kept up to date, on both hosts, with other jobs and strangers about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from costguard.hosts.connection import Patience
from costguard.hosts.github import GitHub
from costguard.hosts.gitlab import GitLab
from costguard.hosts.marker import marker_of
from costguard.hosts.model import Host, HostProblem
from costguard.hosts.post import Draft, Outcome, post
from tests.servers.code_hosts import STRANGER, Failure, Note, Server, github, gitlab

NOON = datetime(2026, 11, 26, 12, 0, 0, tzinfo=UTC)
LATER, EARLIER = NOON + timedelta(minutes=1), NOON - timedelta(minutes=1)
HEAD = "a" * 40


@dataclass
class Request:
    """A pull request on one of the hosts."""

    name: str
    server: Server
    host: Host
    pauses: list[float] = field(default_factory=list)

    def post(self, draft: Draft, behavior: str = "update") -> Outcome:
        return post(self.host, draft, behavior, self.pauses.append)  # type: ignore[arg-type]

    @property
    def words(self) -> list[str]:
        """What our comments say, without their markers."""
        return [body.split("\n\n", 1)[1] for body in self.server.bodies]

    @property
    def writes(self) -> int:
        return sum(not request.startswith(("GET ", "POST /graphql")) for request in self.server.requests)


@pytest.fixture(params=["github", "gitlab"])
def request_(request: pytest.FixtureRequest) -> Iterator[Request]:
    server = Server()
    patience = Patience(first_pause=0.0)
    if request.param == "github":
        with github(server) as address:
            yield Request("github", server, GitHub("o/r", 7, server.token, address, patience))
    else:
        with gitlab(server) as address:
            host = GitLab("g/s/p", 7, server.token, "private", address, patience)
            yield Request("gitlab", server, host)


def draft(text: str, valid_at: datetime = NOON, tag: str = "costguard", **more: bool) -> Draft:
    return Draft(tag, valid_at, HEAD, text, **more)


def comment(text: str, valid_at: datetime = NOON, tag: str = "costguard") -> str:
    """As an earlier run left it."""
    return draft(text, valid_at, tag).composed(GitHub("o/r", 7, "-"))[1]


def test_a_first_comment(request_: Request) -> None:
    outcome = request_.post(draft("Costs $1 more."))
    assert outcome.action == "created"
    assert request_.words == ["Costs $1 more.\n"]
    marker = marker_of(request_.server.bodies[0])
    assert marker is not None
    assert (marker.tag, marker.valid_at, marker.head) == ("costguard", NOON, HEAD)
    if request_.name == "github":
        assert outcome.comment is not None
        assert outcome.comment.url == "https://github.example/o/r/pull/7#issuecomment-101"


def test_it_is_updated(request_: Request) -> None:
    request_.post(draft("Costs $1 more."))
    assert request_.post(draft("Costs $2 more.", LATER)).action == "updated"
    assert request_.words == ["Costs $2 more.\n"]


def test_a_rerun_of_the_same_state_may_say_something_else(request_: Request) -> None:
    """The prices or the tool may have changed."""
    request_.post(draft("Costs $1 more."))
    assert request_.post(draft("Costs $2 more.")).action == "updated"


def test_what_is_the_same_is_not_written(request_: Request) -> None:
    request_.server.add(comment("Costs $1 more.", EARLIER))
    assert request_.post(draft("Costs $1 more.\r\n")).action == "identical"
    assert request_.writes == 0


@pytest.mark.parametrize("behavior", ["update", "new", "delete-and-new"])
def test_a_slow_job_does_not_write_over_what_is_newer(request_: Request, behavior: str) -> None:
    request_.server.add(comment("Now.", LATER))
    assert request_.post(draft("Then."), behavior).action == "older"
    assert request_.words == ["Now.\n"]
    assert request_.writes == 0


def test_the_newest_of_several_is_updated(request_: Request) -> None:
    request_.server.add(comment("Old.", EARLIER))
    request_.server.add(comment("New.", EARLIER))
    assert request_.post(draft("Newest.")).action == "updated"
    assert request_.words == ["Old.\n", "Newest.\n"]


def test_other_tags_are_other_comments(request_: Request) -> None:
    request_.server.add(comment("Nightly.", LATER, "nightly"))
    assert request_.post(draft("Costs $1 more.")).action == "created"
    assert request_.post(draft("Costs $2 more.", LATER, "night")).action == "created"
    assert request_.words == ["Nightly.\n", "Costs $1 more.\n", "Costs $2 more.\n"]


def test_a_stranger_with_our_marker_changes_nothing(request_: Request) -> None:
    theirs = comment("Costs nothing!", LATER + timedelta(days=9999))
    request_.server.add(theirs, STRANGER)
    assert request_.post(draft("Costs $1 more.")).action == "created"
    assert request_.post(draft("Costs $2 more.", LATER), "delete-and-new").action == "created"
    assert [note.body for note in request_.server.notes if note.author == STRANGER] == [theirs]
    assert request_.words == ["Costs $2 more.\n"]


def test_a_marker_further_down_is_words(request_: Request) -> None:
    """A name in the scanned code may read like one."""
    request_.server.add(comment(f"Table {comment('', LATER + timedelta(days=9999))}", EARLIER))
    assert request_.post(draft("Costs $1 more.")).action == "updated"


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_it_is_found_on_any_page(request_: Request, size: int) -> None:
    request_.server.page = size
    for _ in range(3):
        request_.server.add("Looks good.", STRANGER)
    request_.server.add(comment("Costs $1 more."))
    for _ in range(4):
        request_.server.add("Ship it.", STRANGER)
    assert request_.post(draft("Costs $2 more.")).action == "updated"


def test_nothing_new_is_no_reason_for_a_comment(request_: Request) -> None:
    assert request_.post(draft("No change.", worth_a_new_one=False)).action == "nothing-changed"
    assert request_.server.notes == []


def test_but_one_that_stands_there_is_brought_up_to_date(request_: Request) -> None:
    request_.server.add(comment("Costs $1 more.", EARLIER))
    assert request_.post(draft("No change.", worth_a_new_one=False)).action == "updated"
    assert request_.words == ["No change.\n"]


def test_a_new_one_each_time(request_: Request) -> None:
    request_.post(draft("One."), "new")
    request_.post(draft("Two.", LATER), "new")
    assert request_.words == ["One.\n", "Two.\n"]


def test_delete_and_new(request_: Request) -> None:
    for text in ("One.", "Two."):
        request_.server.add(comment(text, EARLIER))
    assert request_.post(draft("Three."), "delete-and-new").action == "created"
    assert request_.words == ["Three.\n"]


def test_the_old_one_stays_where_no_new_one_can_be_written(request_: Request) -> None:
    request_.server.add(comment("One.", EARLIER))
    request_.server.failures = [Failure("POST /(api/v4/projects|repos)", 403, {"message": "no"})]
    with pytest.raises(HostProblem):
        request_.post(draft("Two."), "delete-and-new")
    assert request_.words == ["One.\n"]


def test_what_cannot_be_deleted_is_said(request_: Request) -> None:
    request_.server.add(comment("One.", EARLIER))
    request_.server.failures = [Failure("DELETE", 403, {"message": "not yours"})]
    outcome = request_.post(draft("Two."), "delete-and-new")
    assert outcome.action == "created"
    assert outcome.left is not None
    assert "not yours" in outcome.left


def test_somebody_deletes_it_meanwhile(request_: Request) -> None:
    note = request_.server.add(comment("One.", EARLIER))

    def interfere(request: str) -> None:
        if request.startswith(("PATCH", "PUT")):
            request_.server.remove(note)

    request_.server.before = interfere
    assert request_.post(draft("Two.")).action == "created"
    assert request_.words == ["Two.\n"]


def test_the_old_one_is_gone_before_it_is_deleted(request_: Request) -> None:
    note = request_.server.add(comment("One.", EARLIER))

    def interfere(request: str) -> None:
        if request.startswith("DELETE"):
            request_.server.remove(note)

    request_.server.before = interfere
    assert request_.post(draft("Two."), "delete-and-new").left is None


class Rival:
    """Another job that writes a comment right after our look at what is there."""

    def __init__(self, request: Request, body: str) -> None:
        self.request, self.body = request, body
        self.note: Note | None = None
        request.server.before = self

    def __call__(self, request: str) -> None:
        if self.note is None and request.startswith(("POST /repos", "POST /api/v4/projects")):
            self.note = self.request.server.add(self.body)


@pytest.mark.parametrize(
    ("valid_at", "action", "words"),
    [(EARLIER, "created", "Ours.\n"), (NOON, "older", "Theirs.\n"), (LATER, "older", "Theirs.\n")],
    ids=["theirs is older", "theirs was first", "theirs is newer"],
)
def test_two_jobs_create_one_at_once(request_: Request, valid_at: datetime, action: str, words: str) -> None:
    rival = Rival(request_, comment("Theirs.", valid_at))
    outcome = request_.post(draft("Ours."))
    assert rival.note is not None
    assert (outcome.action, request_.words) == (action, [words])


def test_both_jobs_may_tidy_up(request_: Request) -> None:
    """The other one has seen two comments as well, and has deleted the same one."""
    rival = Rival(request_, comment("Theirs.", EARLIER))

    def both(request: str) -> None:
        if request.startswith("DELETE") and rival.note is not None:
            request_.server.remove(rival.note)
        rival(request)

    request_.server.before = both
    assert request_.post(draft("Ours.")).action == "created"
    assert request_.words == ["Ours.\n"]


def test_comments_of_before_are_no_race(request_: Request) -> None:
    """They were written by `--behavior new`, and stay."""
    request_.server.add(comment("One.", EARLIER))
    note = request_.server.add(comment("Two.", EARLIER))

    def interfere(request: str) -> None:
        if request.startswith(("PATCH", "PUT")):
            request_.server.remove(note)

    request_.server.before = interfere
    request_.post(draft("Three."))
    assert request_.words == ["One.\n", "Three.\n"]


@pytest.mark.parametrize("times", [1, 2])
def test_a_slow_job_writes_over_ours(request_: Request, times: int) -> None:
    note = request_.server.add(comment("One.", EARLIER))
    left = times

    def interfere(request: str) -> None:
        nonlocal left
        if left and request.startswith("GET") and str(note.id) in request:
            left -= 1
            note.body = comment("Theirs, of before.", EARLIER)

    request_.server.before = interfere
    assert request_.post(draft("Ours.")).action == "updated"
    assert request_.words == ["Ours.\n"]


@pytest.mark.parametrize(("status", "action"), [(403, "updated"), (500, "updated"), (404, "created")])
def test_the_look_afterwards_fails(request_: Request, status: int, action: str) -> None:
    note = request_.server.add(comment("One.", EARLIER))
    request_.server.failures = [Failure(rf"GET .*/{note.id}$", status, {"message": "no"}, times=99)]
    assert request_.post(draft("Ours.")).action == action


def test_a_faster_job_writes_over_ours(request_: Request) -> None:
    note = request_.server.add(comment("One.", EARLIER))

    def interfere(request: str) -> None:
        if request.startswith("GET") and str(note.id) in request:
            note.body = comment("Theirs, of later.", LATER)

    request_.server.before = interfere
    assert request_.post(draft("Ours.")).action == "updated"
    assert request_.words == ["Theirs, of later.\n"]


@pytest.mark.parametrize("after", [True, False], ids=["carried out", "not carried out"])
@pytest.mark.parametrize("status", [0, 502])
def test_no_answer_to_a_new_comment(request_: Request, status: int, after: bool) -> None:
    request_.server.failures = [Failure("POST /(api/v4/projects|repos)", status, after=after)]
    assert request_.post(draft("Once.")).action == "created"
    assert request_.words == ["Once.\n"]
    assert request_.pauses == [1.0]


def test_an_older_one_that_says_the_same_is_not_taken_for_the_new_one(request_: Request) -> None:
    for text in ("Ours.", "Other."):
        request_.server.add(comment(text))
    request_.server.failures = [Failure("POST /(api/v4/projects|repos)", 502)]
    assert request_.post(draft("Ours."), "new").action == "created"
    assert request_.words == ["Ours.\n", "Other.\n", "Ours.\n"]


def test_no_answer_ever(request_: Request) -> None:
    request_.server.failures = [Failure("POST /(api/v4/projects|repos)", 502, times=99)]
    with pytest.raises(HostProblem) as caught:
        request_.post(draft("Once."))
    assert caught.value.trouble == "uncertain"
    assert request_.server.notes == []


def test_it_is_cut_to_what_the_host_takes(request_: Request) -> None:
    rows = "".join(f"| query {row} | ${row} |\n" for row in range(100_000))
    assert request_.post(draft(rows)).action == "created"
    (body,) = request_.server.bodies
    limit = request_.host.limit
    assert limit - 60 < len(body) <= limit
    assert body.count("\n") > 2_000
    assert body.endswith(" at most.*\n")
