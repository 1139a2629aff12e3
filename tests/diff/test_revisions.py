"""Which commits are compared, and clear words where that cannot be said."""

from __future__ import annotations

from pathlib import Path

import pytest

from costguard.diff.git import Repository, open_repository
from costguard.diff.model import Revision
from costguard.diff.revisions import Compared, compared, find_commit
from costguard.errors import UsageProblem
from tests.diff.repository import Work, new_repository


@pytest.fixture
def branched(work: Work) -> dict[str, str]:
    """`main` with two commits after the one that `feature` began at; HEAD is `feature`."""
    found = {"fork": work.commit("one")}
    work.git("checkout", "-q", "-b", "feature")
    found["feature"] = work.commit("two")
    work.git("checkout", "-q", "main")
    work.commit("three")
    found["main"] = work.commit("four")
    work.git("checkout", "-q", "feature")
    return found


def test_where_both_parted(repository: Repository, branched: dict[str, str]) -> None:
    assert compared(repository, "main", "HEAD", {}) == Compared(
        Revision("main", branched["fork"]),
        Revision("HEAD", branched["feature"]),
        (f"main went on since: compared with where both parted, {branched['fork'][:7]}",),
    )


def test_the_base_itself(repository: Repository, branched: dict[str, str]) -> None:
    found = compared(repository, "main", "HEAD", {}, direct=True)
    assert (found.base.commit, found.remarks) == (branched["main"], ())


def test_the_work_tree(repository: Repository, branched: dict[str, str]) -> None:
    found = compared(repository, "HEAD", "HEAD", {}, work_tree=True)
    assert found == Compared(Revision("HEAD", branched["feature"]), Revision("the work tree", None))


def test_the_main_branch_by_itself(work: Work, repository: Repository, branched: dict[str, str]) -> None:
    assert compared(repository, None, "HEAD", {}).base == Revision("main", branched["fork"])
    work.git("update-ref", "refs/remotes/origin/master", branched["feature"])
    assert compared(repository, None, "HEAD", {}).base.name == "origin/master"
    work.git("update-ref", "refs/remotes/origin/dev", branched["main"])
    work.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/dev")
    assert compared(repository, None, "HEAD", {}).base == Revision("origin/HEAD", branched["fork"])


def test_no_main_branch(work: Work, repository: Repository) -> None:
    work.commit()
    work.git("branch", "-m", "main", "trunk")
    with pytest.raises(
        UsageProblem, match=r"a main branch is not known here .* name one: costguard diff BASE"
    ):
        compared(repository, None, "HEAD", {})


def test_a_pull_request_on_github(work: Work, repository: Repository, branched: dict[str, str]) -> None:
    """The base is what the pull request goes into; of a merge commit that was checked out, its first parent."""
    work.git("update-ref", "refs/remotes/origin/main", branched["main"])
    found = compared(repository, None, "HEAD", {"GITHUB_BASE_REF": "main"})
    assert found.base == Revision("origin/main", branched["fork"])
    work.git("checkout", "-q", "main")
    work.git("merge", "-q", "--no-ff", "-m", "merge", "feature")
    work.git("checkout", "-q", "--detach")
    work.git("update-ref", "-d", "refs/remotes/origin/main")
    work.git("branch", "-q", "-D", "main")
    found = compared(repository, None, "HEAD", {"GITHUB_BASE_REF": "main"})
    assert found.base == Revision("main", branched["main"])


def test_a_pull_request_whose_target_is_not_fetched(repository: Repository, branched: dict[str, str]) -> None:
    with pytest.raises(
        UsageProblem, match="goes into 'release', which is not fetched here: git fetch origin"
    ):
        compared(repository, None, "HEAD", {"GITHUB_BASE_REF": "release"})


def test_a_merge_request_on_gitlab(work: Work, repository: Repository, branched: dict[str, str]) -> None:
    said = {"CI_MERGE_REQUEST_DIFF_BASE_SHA": branched["fork"], "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "dev"}
    assert compared(repository, None, "HEAD", said).base.commit == branched["fork"]
    work.git("update-ref", "refs/remotes/origin/dev", branched["main"])
    said["CI_MERGE_REQUEST_DIFF_BASE_SHA"] = "1" * 40
    assert compared(repository, None, "HEAD", said).base == Revision("origin/dev", branched["fork"])
    work.git("update-ref", "-d", "refs/remotes/origin/dev")
    with pytest.raises(UsageProblem, match=r"the target of the merge request \(dev\) is not known here"):
        compared(repository, None, "HEAD", said)


def test_one_commit(repository: Repository, branched: dict[str, str]) -> None:
    assert compared(repository, "feature", "HEAD", {}).remarks == (
        "feature and HEAD are the same commit: there is nothing to compare",
    )
    assert compared(repository, "main", branched["fork"], {}).remarks == (
        f"main holds all of {branched['fork']} already: there is nothing to compare",
    )


def test_no_commits(repository: Repository) -> None:
    with pytest.raises(UsageProblem, match="the repository has no commits yet"):
        compared(repository, None, "HEAD", {})


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nope", r"'nope' is no revision that is known here \(is it fetched\?\)"),
        ("dev", r"'dev' is no revision that is known here \(is it origin/dev\?\)"),
        ("main..feature", "names two revisions: costguard diff main --head feature"),
        ("...feature", "names two revisions: costguard diff HEAD --head feature"),
        ("-x", "'-x' is no revision"),
        ("a\nb", "is no revision"),
    ],
)
def test_unknown_revisions(
    work: Work, repository: Repository, branched: dict[str, str], name: str, message: str
) -> None:
    work.git("update-ref", "refs/remotes/origin/dev", branched["main"])
    with pytest.raises(UsageProblem, match=message):
        compared(repository, name, "HEAD", {})


def test_an_unknown_head(repository: Repository, branched: dict[str, str]) -> None:
    with pytest.raises(UsageProblem, match="'nope' is no revision"):
        compared(repository, "main", "nope", {})


def test_nothing_in_common(work: Work, repository: Repository, branched: dict[str, str]) -> None:
    work.git("checkout", "-q", "--orphan", "apart")
    apart = work.commit()
    with pytest.raises(UsageProblem, match="have no commit in common; --direct compares the two as they are"):
        compared(repository, "main", "HEAD", {})
    assert compared(repository, "main", "HEAD", {}, direct=True).head.commit == apart


@pytest.fixture
def shallow(work: Work, branched: dict[str, str], tmp_path: Path) -> Repository:
    """A clone that has the last commit of each branch and nothing before it."""
    other = new_repository(tmp_path, "shallow")
    for branch in ("main", "feature"):
        other.git(
            "fetch", "-q", "--depth", "1", f"file://{work.top}", f"{branch}:refs/remotes/origin/{branch}"
        )
    other.git("checkout", "-q", "--detach", "origin/feature")
    return open_repository(other.top, other.environment)


def test_a_shallow_clone(shallow: Repository) -> None:
    deepen = r"`git fetch --unshallow` .*fetch-depth: 0"
    with pytest.raises(UsageProblem, match=f"no commit in common here, since the clone is shallow; {deepen}"):
        compared(shallow, "origin/main", "HEAD", {})
    with pytest.raises(UsageProblem, match=f"'HEAD~1' is no revision .* the clone is shallow; {deepen}"):
        compared(shallow, "HEAD~1", "HEAD", {})
    with pytest.raises(UsageProblem, match=f"goes into 'main', .* the clone is shallow; {deepen}"):
        compared(shallow, None, "HEAD", {"GITHUB_BASE_REF": "main"})
    with pytest.raises(UsageProblem, match=f"merge request .* the clone is shallow; {deepen}"):
        compared(shallow, None, "HEAD", {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "dev"})


def test_no_names_of_options(repository: Repository, branched: dict[str, str]) -> None:
    assert find_commit(repository, "--all") is None
    assert find_commit(repository, "") is None
