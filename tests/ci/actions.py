"""Runs the shell steps of a composite action, or of a workflow's job, as GitHub's runner does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .conftest import Job

SHELL = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c")
"""`shell: bash`; without it a workflow has the same but for pipefail."""
EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


@dataclass
class Runner:
    """A run of the steps: what they see, and what they have put out."""

    job: Job
    contexts: dict[str, str]
    """`inputs.path`, `github.event_name` and the like."""
    cancelled: bool = False
    outputs: dict[str, str] = field(default_factory=dict)
    """`steps.check.outputs.status` and the like."""
    log: list[str] = field(default_factory=list)
    code: int = 0
    """Of the job."""

    def run(self, steps: list[dict[str, Any]], variables: Mapping[str, str] | None = None) -> None:
        """Run the steps that have a script, in their order."""
        for step in steps:
            if "run" not in step:
                continue
            condition = step.get("if")
            wanted = self.holds(condition) if condition is not None else self.code == 0
            if wanted and (self.code == 0 or (condition is not None and "cancelled()" in condition)):
                self._step(step, variables or {})

    def _step(self, step: dict[str, Any], variables: Mapping[str, str]) -> None:
        assert "${{" not in step["run"], "an input would become part of a script"
        output = self.job.work_tree.parent / "output"
        output.write_text("")
        environment = {
            **variables,
            **{name: self.text(str(value)) for name, value in step.get("env", {}).items()},
            "GITHUB_OUTPUT": str(output),
        }
        done = self.job.run(step["run"], SHELL, **environment)
        self.log.append(f"## {step.get('name')}\n{done.stdout}{done.stderr}")
        for name, value in read_outputs(output.read_text()):
            self.outputs[f"steps.{step.get('id')}.outputs.{name}"] = value
        if done.returncode and not self.code and not step.get("continue-on-error"):
            self.code = done.returncode

    def text(self, template: str) -> str:
        """A text with its expressions worked out."""
        return EXPRESSION.sub(lambda found: self.value(found[1]), template)

    def value(self, name: str) -> str:
        """The value of a name; nothing for an output of a step that did not run."""
        if name.startswith("steps."):
            return self.outputs.get(name, "")
        return self.contexts[name]

    def holds(self, condition: str) -> bool:
        """A condition of the kinds that are used here: comparisons, and `!cancelled()`."""
        inner = EXPRESSION.fullmatch(condition.strip())
        parts = (inner[1] if inner is not None else condition).split("&&")
        return all(self._part(part.strip()) for part in parts)

    def _part(self, part: str) -> bool:
        if part == "!cancelled()":
            return not self.cancelled
        found = re.fullmatch(r"([\w.-]+) (==|!=) '([^']*)'", part)
        assert found is not None, part
        return (self.value(found[1]) == found[3]) == (found[2] == "==")


def read_outputs(text: str) -> Iterator[tuple[str, str]]:
    """The lines of a step's output file."""
    for line in text.splitlines():
        name, sign, value = line.partition("=")
        assert sign, line
        yield name, value
