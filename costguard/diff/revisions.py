"""Which two commits are compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from costguard.diff.git import GitError, Repository
from costguard.diff.model import Revision
from costguard.errors import UsageProblem

_MAIN: Final = ("origin/HEAD", "origin/main", "origin/master", "main", "master")
"""What a branch is compared with when nobody says otherwise."""
DEEPEN: Final = (
    "`git fetch --unshallow` fetches the rest (actions/checkout: fetch-depth: 0; GitLab: GIT_DEPTH: 0)"
)
WORK_TREE: Final = "the work tree"


@dataclass(frozen=True, slots=True)
class Compared:
    """Two sides, and what to know about them."""

    base: Revision
    head: Revision
    remarks: tuple[str, ...] = ()


def find_commit(repository: Repository, name: str) -> str | None:
    """The hash of the commit that a name stands for; None when it is none."""
    if not name or name.startswith("-") or any(char in name for char in "\0\n"):
        return None
    try:
        return repository.text("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    except GitError:
        return None


def compared(
    repository: Repository,
    base: str | None,
    head: str,
    environment: Mapping[str, str],
    *,
    work_tree: bool = False,
    direct: bool = False,
) -> Compared:
    """The commits of both sides. `base`: as it was named; None looks for the branch that this one is to go into.
    `direct`: the base itself, not the commit where both sides parted.

    Raises:
        UsageProblem: a revision is not known, or the two have no history in common.
    """
    tip = find_commit(repository, head)
    if tip is None:
        raise UsageProblem(_no_head(repository, head))
    after = Revision(WORK_TREE, None) if work_tree else Revision(head, tip)
    if base is None:
        base, start = _default_base(repository, tip, environment)
    else:
        start = _known(repository, base)
    if direct:
        return Compared(Revision(base, start), after, _remarks(base, start, start, tip, after))
    fork = _merge_base(repository, base, start, head, tip)
    return Compared(Revision(base, fork), after, _remarks(base, start, fork, tip, after))


def _remarks(base: str, start: str, fork: str, tip: str, after: Revision) -> tuple[str, ...]:
    if fork == after.commit:
        if start == fork:
            return (f"{base} and {after.name} are the same commit: there is nothing to compare",)
        return (f"{base} holds all of {after.name} already: there is nothing to compare",)
    if start != fork:
        return (f"{base} went on since: compared with where both parted, {fork[:7]}",)
    return ()


def _no_head(repository: Repository, head: str) -> str:
    if find_commit(repository, "HEAD") is None:
        return f"{repository.top}: the repository has no commits yet, so that there is nothing to compare"
    return unknown_revision(repository, head)


def _known(repository: Repository, name: str) -> str:
    commit = find_commit(repository, name)
    if commit is None:
        raise UsageProblem(unknown_revision(repository, name))
    return commit


def unknown_revision(repository: Repository, name: str) -> str:
    """What to say of a revision that is not known."""
    if ".." in name:
        one, _, other = name.replace("...", "..").partition("..")
        return f"{name!r} names two revisions: costguard diff {one or 'HEAD'} --head {other or 'HEAD'}"
    if repository.is_shallow:
        return f"{name!r} is no revision that is known here, and the clone is shallow; {DEEPEN}"
    remote = f" (is it origin/{name}?)" if find_commit(repository, f"origin/{name}") else ""
    return f"{name!r} is no revision that is known here{remote or ' (is it fetched?)'}"


def _default_base(repository: Repository, tip: str, environment: Mapping[str, str]) -> tuple[str, str]:
    """(name, commit) of the branch that this one is to go into: of the pull request that CI says, else the main one."""
    target = environment.get("GITHUB_BASE_REF")
    if target:
        return _target_of_pull_request(repository, target, tip)
    before = environment.get("CI_MERGE_REQUEST_DIFF_BASE_SHA")
    target = environment.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
    if before or target:
        names = (*((before,) if before else ()), *((f"origin/{target}", target) if target else ()))
        return _first_known(repository, names, f"the target of the merge request ({target or before})")
    names = ("origin/HEAD", *_MAIN[1:])
    return _first_known(repository, names, "a main branch")


def _target_of_pull_request(repository: Repository, target: str, tip: str) -> tuple[str, str]:
    """GitHub checks out a merge commit, of which the first parent is the target as it was then: two commits of history
    are enough."""
    for name in (f"origin/{target}", target):
        commit = find_commit(repository, name)
        if commit is not None and _merge_base_or_none(repository, commit, tip) is not None:
            return name, commit
    parents = [find_commit(repository, f"{tip}^{number}") for number in (1, 2)]
    if parents[0] is not None and parents[1] is not None:
        return target, parents[0]
    why = f"and the clone is shallow; {DEEPEN}" if repository.is_shallow else f"git fetch origin {target}"
    raise UsageProblem(f"the pull request goes into {target!r}, which is not fetched here: {why}")


def _first_known(repository: Repository, names: tuple[str, ...], wanted: str) -> tuple[str, str]:
    for name in names:
        commit = find_commit(repository, name)
        if commit is not None:
            return name, commit
    looked = f"looked for {', '.join(names)}"
    if repository.is_shallow:
        raise UsageProblem(f"{wanted} is not known here ({looked}), and the clone is shallow; {DEEPEN}")
    raise UsageProblem(f"{wanted} is not known here ({looked}); name one: costguard diff BASE")


def _merge_base_or_none(repository: Repository, one: str, other: str) -> str | None:
    try:
        return repository.text("merge-base", one, other)
    except GitError:
        return None


def _merge_base(repository: Repository, base: str, start: str, head: str, tip: str) -> str:
    fork = _merge_base_or_none(repository, start, tip)
    if fork is not None:
        return fork
    if repository.is_shallow:
        raise UsageProblem(
            f"{base} and {head} have no commit in common here, since the clone is shallow; {DEEPEN}"
        )
    raise UsageProblem(f"{base} and {head} have no commit in common; --direct compares the two as they are")
