"""What is said of policies."""

from __future__ import annotations

from dataclasses import replace

from costguard.model import Span
from costguard.render.paint import Paint
from costguard.render.policies import policy_blocks
from costguard.result import PolicyReport, PolicyViolation
from tests.render.results import result
from tests.render.test_terminal import blocks, render, tail

AT = PolicyViolation("a message", "n.ipynb", Span(2, 3, 2, 9, cell=4))
NOWHERE = PolicyViolation("of no place")


def test_blocks() -> None:
    reports = (
        PolicyReport("no-stars", "error", 2, (AT, NOWHERE)),
        PolicyReport("holds", "error", 0),
        PolicyReport("many", "note", 1200, (NOWHERE,) * 12),
    )
    first, second = policy_blocks(reports, 80, Paint(True), everything=False)
    assert first == [
        "error[policy no-stars] 2 violations",
        "  n.ipynb:cell 4:2:3",
        "       a message",
        "       of no place",
    ]
    assert second == [
        "note[policy many] 1,200 violations",
        *["       of no place"] * 10,
        "       and 1,190 more; --all shows more",
    ]
    *_, everything = policy_blocks(reports, 80, Paint(True), everything=True)
    assert everything[-1] == "       and 1,188 more"


def test_a_long_message_is_wrapped() -> None:
    ((_, *lines),) = policy_blocks(
        [PolicyReport("p", "note", 1, (PolicyViolation("word " * 20),))], 40, Paint(True), everything=False
    )
    assert len(lines) > 2
    assert all(line.startswith("       word") for line in lines[:-1])


def test_in_the_report() -> None:
    broken = PolicyReport("no-stars", "warning", 2, (AT, NOWHERE))
    fine = PolicyReport("fine", "error", 0)
    one = replace(result(), policies=(broken, fine))
    assert blocks(render(one))[0].startswith("warning[policy no-stars] 2 violations\n")
    assert "Policies   1 of 2 does not hold: 2 violations\n" in tail(one)
    both = replace(result(), policies=(broken, broken, fine))
    assert "Policies   2 of 3 do not hold: 4 violations\n" in tail(both)
    assert "Policies   it holds\n" in tail(replace(result(), policies=(fine,)))
    assert "Policies   all 2 hold\n" in tail(replace(result(), policies=(fine, fine)))
    assert "Policies" not in tail(result())
