"""What a command says of code holds only as far as the code could be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from costguard.errors import UsageProblem

if TYPE_CHECKING:
    from costguard.result import ScanResult


def refuse_unless_analysed(result: ScanResult) -> None:
    """For commands without a gate, which would say so.

    Raises:
        UsageProblem: no file could be read.
    """
    from costguard.gate import judge_gate
    from costguard.result import GatePolicy

    verdict = judge_gate(result, GatePolicy(fail_on="never"))
    if verdict.verdict == "error":
        raise UsageProblem("\n".join(verdict.reasons))
