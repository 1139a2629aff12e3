"""Which findings are new, which were there before, which are gone: by what was found, not by its line."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Final

from costguard.diff.model import FindingChange, QueryChange
from costguard.result import Finding

FlaggedText = Callable[[Finding], str]
"""The code that a finding points at."""
_NUMBER: Final = re.compile(r"[\d][\d.,]*\s*(?:B|KiB|MiB|GiB|TiB|PiB)?")


def finding_changes(
    before: Sequence[Finding],
    after: Sequence[Finding],
    queries: Sequence[QueryChange],
    text_before: FlaggedText,
    text_after: FlaggedText,
) -> tuple[FindingChange, ...]:
    """New ones first, then those that are fixed, then the known ones; each in the order of its scan.

    A finding is known when the base has it with the same fingerprint (as often), at the same query with the same words,
    or on the same text of a file that was renamed. One that was ignored by a comment and is not any more is new.
    """
    old, new = list(before), list(after)
    found: dict[int, Finding] = {}
    """Findings of the base by the identities of their partners."""
    _pair(old, new, found, lambda item: item.fingerprint, lambda item: item.fingerprint)

    # The rule speaks of the same query: in the same words, or, where the query's SQL is the same too, in any.
    partners = _partners(queries, edited=True)
    _pair(
        old,
        new,
        found,
        lambda item: (item.rule, partner, _words(item)) if (partner := partners.get(item.query)) else None,
        lambda item: (item.rule, item.query, _words(item)),
    )
    partners = _partners(queries, edited=False)
    _pair(
        old,
        new,
        found,
        lambda item: (item.rule, partner) if (partner := partners.get(item.query)) else None,
        lambda item: (item.rule, item.query),
    )

    # A file that has queries or findings on both sides was not renamed.
    paths_before = {item.path for item in before} | {item.before.path for item in queries if item.before}
    paths_after = {item.path for item in after} | {item.after.path for item in queries if item.after}
    _pair(
        old,
        new,
        found,
        lambda item: (item.rule, _squeezed(text_before(item))) if item.path not in paths_after else None,
        lambda item: (item.rule, _squeezed(text_after(item))) if item.path not in paths_before else None,
    )
    partnered = [(item, found.get(id(item))) for item in after]
    fresh = [
        FindingChange("new", item, former)
        for item, former in partnered
        if former is None or (former.suppressed is not None and item.suppressed is None)
    ]
    known = [
        FindingChange("known", item, former)
        for item, former in partnered
        if former is not None and not (former.suppressed is not None and item.suppressed is None)
    ]
    fixed = [FindingChange("fixed", item, item) for item in old]
    return (*fresh, *fixed, *known)


def _partners(queries: Sequence[QueryChange], *, edited: bool) -> Mapping[str | None, str]:
    """Ids of queries of the head, by those of the base; `edited`: also where the SQL is another one."""
    return {
        change.before.id: change.after.id
        for change in queries
        if change.before is not None
        and change.after is not None
        and (edited or change.before.fingerprint == change.after.fingerprint)
    }


def _pair(
    old: list[Finding],
    new: list[Finding],
    found: dict[int, Finding],
    key_before: Callable[[Finding], Hashable],
    key_after: Callable[[Finding], Hashable],
) -> None:
    """Take findings with equal keys out of both lists, one to one and in order. A key of nothing has no partner."""
    waiting = _grouped(new, key_after)
    taken: set[int] = set()
    for item in old:
        key = key_before(item)
        others = waiting.get(key) if key else None
        if others:
            partner = others.pop(0)
            found[id(partner)] = item
            taken.update((id(item), id(partner)))
    old[:] = [item for item in old if id(item) not in taken]
    new[:] = [item for item in new if id(item) not in taken]


def _grouped(items: Iterable[Finding], key: Callable[[Finding], Hashable]) -> dict[Hashable, list[Finding]]:
    groups: dict[Hashable, list[Finding]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return groups


def _words(finding: Finding) -> str:
    """A message without its figures, which change with the sizes of tables."""
    return _NUMBER.sub("", finding.message)


def _squeezed(text: str) -> str:
    return " ".join(text.split())
