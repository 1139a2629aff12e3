"""Which violations are new: by their words and their file, as often as there are."""

from __future__ import annotations

from costguard.diff.model import PolicyChange
from costguard.diff.policies import policy_changes
from costguard.model import Span
from costguard.result import PolicyReport, PolicyViolation


def violation(path: str | None, message: str = "m", line: int = 1) -> PolicyViolation:
    return PolicyViolation(message, path, Span(line, 1, line, 2) if path is not None else None)


def report(*violations: PolicyViolation, count: int | None = None) -> PolicyReport:
    return PolicyReport("p", "error", len(violations) if count is None else count, violations)


def change(before: PolicyReport, after: PolicyReport) -> PolicyChange:
    (found,) = policy_changes([before], [after])
    return found


def test_a_line_plays_no_part() -> None:
    assert change(report(violation("a.sql")), report(violation("a.sql", line=9))) == PolicyChange(
        "p", "error", 1, 1, 0
    )


def test_another_one_alike_is_new() -> None:
    again = violation("a.sql", line=9)
    assert change(report(violation("a.sql")), report(violation("a.sql"), again)) == PolicyChange(
        "p", "error", 1, 2, 1, (again,)
    )


def test_other_words_or_another_file_are_new() -> None:
    found = change(
        report(violation("a.sql"), violation(None)), report(violation("b.sql"), violation(None, "n"))
    )
    assert (found.before, found.after, found.fresh) == (2, 2, 2)
    assert [(item.path, item.message) for item in found.violations] == [("b.sql", "m"), (None, "n")]


def test_a_policy_that_the_base_was_not_held_against() -> None:
    (found,) = policy_changes([], [report(violation("a.sql"), count=3)])
    assert (found.before, found.after, found.fresh, len(found.violations)) == (0, 3, 3, 1)


def test_where_not_all_are_listed_their_number_tells() -> None:
    listed = [violation(f"{number}.sql") for number in range(3)]
    other = violation("z.sql")
    assert change(report(*listed, count=5), report(*listed[:2], other, count=5)).fresh == 0
    more = change(report(*listed, count=5), report(*listed[:2], other, count=6))
    assert (more.fresh, more.violations) == (1, (other,))
    assert change(report(*listed), report(*listed, count=9)) == PolicyChange("p", "error", 3, 9, 6)


def test_policies_of_the_head_in_their_order() -> None:
    names = ("b", "a")
    reports = [PolicyReport(name, "note", 0) for name in names]
    assert [item.name for item in policy_changes(reports[::-1], reports)] == ["b", "a"]
