"""What `costguard doctor` found, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from costguard.checks import Check
from costguard.render.amounts import counted
from costguard.render.cells import harmless

VERSION: Final = 1
_WORDS: Final = {"ok": "ok", "advice": "could be better", "problem": "PROBLEM"}


def doctor_text(checks: Sequence[Check]) -> str:
    """A check a line, with what to do next below those that need it."""
    width = max(len(check.name) for check in checks)
    lines = []
    for check in checks:
        first, *more = check.text.split("\n")
        lines.append(f"{check.name.ljust(width)}  {_WORDS[check.state]}: {first}")
        lines.extend(f"{' ' * width}  {line}" for line in more)
        if check.step is not None:
            lines.append(f"{' ' * width}  next: {check.step}")
    problems = sum(check.state == "problem" for check in checks)
    lines.extend(("", counted(problems, "problem") if problems else "no problem"))
    return "".join(f"{harmless(line)}\n" for line in lines)


def doctor_json(checks: Sequence[Check]) -> str:
    """`{"version": 1, "checks": [{"name", "state", "text", "next"}]}`."""
    found = [
        {"name": check.name, "state": check.state, "text": check.text, "next": check.step} for check in checks
    ]
    return json.dumps({"version": VERSION, "checks": found}, indent=2) + "\n"
