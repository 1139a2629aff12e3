"""Which violations of policies are new."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from costguard.diff.model import PolicyChange
from costguard.result import PolicyReport, PolicyViolation


def policy_changes(before: Sequence[PolicyReport], after: Sequence[PolicyReport]) -> tuple[PolicyChange, ...]:
    """What became of each policy of the head, held against both sides. A violation is known when the base has one of
    the same words in the same file, as often."""
    known = {report.name: report for report in before}
    return tuple(_change(known.get(report.name), report) for report in after)


def _change(before: PolicyReport | None, after: PolicyReport) -> PolicyChange:
    if before is None:
        return PolicyChange(after.name, after.level, 0, after.count, after.count, after.violations)
    fresh = _fresh(before.violations, after.violations)
    more = max(after.count - before.count, 0)
    if len(before.violations) < before.count:
        # The base has more than it lists: a violation that it does not list need not be new. Only their number tells.
        return PolicyChange(after.name, after.level, before.count, after.count, more, fresh[:more])
    return PolicyChange(after.name, after.level, before.count, after.count, max(more, len(fresh)), fresh)


def _fresh(
    before: Sequence[PolicyViolation], after: Sequence[PolicyViolation]
) -> tuple[PolicyViolation, ...]:
    left = Counter((item.path, item.message) for item in before)
    fresh = []
    for item in after:
        key = (item.path, item.message)
        if left[key]:
            left[key] -= 1
        else:
            fresh.append(item)
    return tuple(fresh)
