"""Fingerprints of findings that look alike: the second one of a file has another than the first."""

from __future__ import annotations

from collections.abc import Collection

from costguard.cache import digest


def occurrence(fingerprint: str, number: int) -> str:
    """The fingerprint of the finding that is the `number`-th (from 1) of those with this one."""
    return fingerprint if number == 1 else digest(fingerprint, str(number))[:16]


def firsts(fingerprints: Collection[str]) -> dict[str, str]:
    """The fingerprint of the first of its kind for each: how many are alike can be counted by it."""
    known = set(fingerprints)
    found = {mark: mark for mark in known}
    for mark in known:
        number = 2
        while (next_one := occurrence(mark, number)) in known:
            found[next_one] = mark
            number += 1
    return found
