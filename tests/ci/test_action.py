"""action.yml: its shell steps run in their order, as on a runner."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from costguard import strict_yaml
from costguard.project_setup.workflows import CHECKOUT, PYTHON, SETUP_PYTHON
from tests.servers.code_hosts import Failure, Server, github

from .actions import Runner
from .conftest import COSTLY, PROJECT, ROOT, Job, pull_request

pytestmark = pytest.mark.xdist_group("ci")

TEXT = (ROOT / "action.yml").read_text()
ACTION: dict[str, Any] = strict_yaml.load(TEXT)
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()
    with github(state):
        yield state


@pytest.fixture(scope="module")
def installed(
    checkout: Path, offline: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, str]]:
    """The first step has run: the runner's folder for temporary files, and what the step has put out."""
    folder = tmp_path_factory.mktemp("runner")
    (folder / "work").mkdir()
    runner = Runner(Job(folder / "work", {**offline, "RUNNER_TEMP": str(folder)}), contexts(checkout))
    runner.run(STEPS[:2])
    assert runner.code == 0, runner.log
    return folder, runner.outputs


def contexts(checkout: Path, event: str = "pull_request", **inputs: str) -> dict[str, str]:
    """What the expressions of the action name."""
    given = {name: str(item["default"]) for name, item in ACTION["inputs"].items()}
    given |= {name.replace("_", "-"): value for name, value in inputs.items()}
    given["github-token"] = "t0ken"
    return {
        "github.action_path": str(checkout),
        "github.event_name": event,
        **{f"inputs.{name}": value for name, value in given.items()},
    }


@pytest.fixture
def run(
    checkout: Path,
    installed: tuple[Path, dict[str, str]],
    offline: dict[str, str],
    server: Server,
    tmp_path: Path,
) -> Any:
    """Runs the steps after the installation on a project and a change to it."""
    temporary, outputs = installed

    def call(
        before: dict[str, str], change: dict[str, str], event: str = "pull_request", **inputs: str
    ) -> Runner:
        work = pull_request(tmp_path / "work", before, change)
        payload = tmp_path / "event.json"
        pull = {"number": 7, "updated_at": "2026-11-26T12:00:00Z", "head": {"sha": "c" * 40}}
        payload.write_text(json.dumps({"pull_request": pull}))
        (tmp_path / "summary.md").touch()
        variables = {
            **offline,
            "RUNNER_TEMP": str(temporary),
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": event,
            "GITHUB_EVENT_PATH": str(payload),
            "GITHUB_BASE_REF": "main" if event == "pull_request" else "",
            "GITHUB_REPOSITORY": "o/r",
            "GITHUB_API_URL": server.address,
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
            "GITHUB_WORKSPACE": str(work),
        }
        runner = Runner(Job(work, variables), contexts(checkout, event, **inputs), outputs=dict(outputs))
        runner.run(STEPS[2:])
        return runner

    return call


def output(runner: Runner, name: str) -> str:
    """An output of the action."""
    return runner.text(ACTION["outputs"][name]["value"])


def test_the_locked_versions_are_installed_and_this_checkout(
    installed: tuple[Path, dict[str, str]], checkout: Path
) -> None:
    temporary, outputs = installed
    bin = Path(outputs["steps.install.outputs.bin"])
    assert bin == temporary / "costguard-environment" / "bin"
    assert (bin / "costguard").exists()
    assert list(temporary.rglob("costguard_gcp-*.dist-info"))


def test_a_costly_change(run: Any, server: Server, tmp_path: Path) -> None:
    runner = run(PROJECT, COSTLY, max_increase_usd="1.00")
    assert runner.code == 1, runner.log
    assert (output(runner, "status"), output(runner, "total-delta")) == ("fail", "3.125")
    assert json.loads(Path(output(runner, "json")).read_text())["summary"]["verdict"] == "fail"
    (body,) = server.bodies
    assert "One iteration costs $3.12 more" in body.replace("$3.13", "$3.12")
    assert "- **Gate**: FAILED" in body
    log = "".join(runner.log)
    assert "comment created: https://github.example/o/r/pull/7#issuecomment-101" in log
    assert "::error title=costguard%3A the gate failed::one iteration costs $3.1" in log
    assert "::notice file=sql/orders.sql,line=1," in log
    assert (tmp_path / "summary.md").read_text().startswith("## ❌ One iteration costs $3.1")
    assert "t0ken" not in "".join(runner.log)


def test_a_change_that_costs_nothing(run: Any, server: Server) -> None:
    runner = run(PROJECT, {"README.md": "Words.\n"})
    assert runner.code == 0, runner.log
    assert (output(runner, "status"), output(runner, "total-delta")) == ("pass", "0.00")
    assert server.notes == []


def test_a_change_of_unknown_cost(run: Any, server: Server) -> None:
    """Unknown is not zero."""
    runner = run({**PROJECT, "costguard.toml": ""}, COSTLY)
    assert (output(runner, "status"), output(runner, "total-delta")) == ("pass", "")
    assert output(runner, "unknown-queries") == "1"
    assert "What an iteration costs is not known" in server.bodies[0]


def test_a_pull_request_from_a_fork(run: Any, server: Server, tmp_path: Path) -> None:
    server.failures = [Failure("POST /repos", 403, {"message": "Resource not accessible by integration"})]
    runner = run(PROJECT, COSTLY, fail_on="never")
    assert runner.code == 0, runner.log
    assert "One iteration costs" in (tmp_path / "summary.md").read_text()


def test_what_was_not_asked_for_is_not_said(run: Any, tmp_path: Path) -> None:
    runner = run(PROJECT, COSTLY, annotations="false", summary="false", comment="never")
    assert "One iteration costs" in "".join(runner.log)
    assert "::notice" not in "".join(runner.log)
    assert (tmp_path / "summary.md").read_text() == ""


def test_no_text_of_the_code_is_a_command(run: Any) -> None:
    """The report stands between two marks that nobody knows before."""
    runner = run(PROJECT, COSTLY)
    log = "".join(runner.log)
    begin = re.search(r"^::stop-commands::(costguard(?:-\d+){4})$", log, re.MULTILINE)
    assert begin is not None
    end = log.index(f"\n::{begin[1]}::\n")
    assert begin.end() < log.index("Gate       passed") < end < log.index("::notice file=")


def test_a_gate_that_fails_nothing_says_so(run: Any) -> None:
    runner = run(
        PROJECT,
        {**COSTLY, "costguard.toml": 'catalog = "catalog.json"\nexit_zero = true\n'},
        max_increase_usd="1",
    )
    assert (runner.code, output(runner, "status")) == (0, "fail")


def test_nothing_of_the_checkout_is_executed(run: Any, tmp_path: Path) -> None:
    """Python looks for modules in the directory that it is started in, and git reads no settings from a work tree."""
    trap = f"open({str(tmp_path / 'trapped')!r}, 'w').close()\n"
    names = ("json.py", "pip.py", "costguard.py", "sitecustomize.py", "site.py", "venv.py", "typer.py")
    runner = run(PROJECT, {**COSTLY, **dict.fromkeys(names, trap)})
    assert output(runner, "total-delta") == "3.125"
    assert not (tmp_path / "trapped").exists()


@pytest.mark.parametrize("path", ["$(touch trapped)'; touch trapped; '", "-x", "main"])
def test_a_path_is_a_path(run: Any, tmp_path: Path, path: str) -> None:
    project = {**PROJECT, f"{path}/x.sql": "SELECT day FROM `kestrel-prod.shop.orders`\n"}
    runner = run(project, {f"{path}/x.sql": "SELECT id, day FROM `kestrel-prod.shop.orders`\n"}, path=path)
    assert (runner.code, output(runner, "total-delta")) == (0, "3.125"), runner.log
    assert not list(tmp_path.rglob("trapped"))


def test_what_could_not_be_checked_is_no_pass(run: Any, server: Server) -> None:
    runner = run(PROJECT, COSTLY, base="no-such-branch")
    assert (runner.code, output(runner, "status"), output(runner, "total-delta")) == (2, "error", "")
    assert server.requests == []


def test_a_comment_that_cannot_be_written_does_not_change_the_verdict(run: Any, server: Server) -> None:
    runner = run(PROJECT, COSTLY, comment_tag="no tag at all")
    assert (runner.code, output(runner, "status")) == (0, "pass")
    assert "--tag 'no tag at all'" in "".join(runner.log)
    assert server.notes == []


def test_a_mode_that_there_is_not(run: Any) -> None:
    runner = run(PROJECT, COSTLY, mode="dif")
    assert runner.code == 2
    assert "mode 'dif' is not one of auto, diff, scan" in "".join(runner.log)


def test_a_scan_where_there_is_no_pull_request(run: Any, server: Server) -> None:
    runner = run(PROJECT, COSTLY, event="push", max_usd_per_query="5.00")
    assert runner.code == 1, runner.log
    assert (output(runner, "status"), output(runner, "total-delta")) == ("fail", "")
    assert json.loads(Path(output(runner, "json")).read_text())["summary"]["verdict"] == "fail"
    assert server.requests == []


def test_sarif_of_all_beside_the_diff(run: Any, tmp_path: Path) -> None:
    runner = run(PROJECT, COSTLY, sarif="out file.sarif")
    assert (runner.code, output(runner, "total-delta")) == (0, "3.125"), runner.log
    assert output(runner, "sarif") == "out file.sarif"
    assert json.loads((tmp_path / "work" / "out file.sarif").read_text())["version"] == "2.1.0"


def test_inputs_reach_no_script() -> None:
    for step in STEPS:
        assert "${{" not in step.get("run", "")


def test_only_the_step_that_comments_sees_the_token() -> None:
    with_token = [step["name"] for step in STEPS if "github-token" in str(step)]
    assert with_token == ["Comment"]


def test_actions_are_pinned_by_commit() -> None:
    used = re.findall(r"uses: (.*)", TEXT)
    assert used == [SETUP_PYTHON]
    assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", SETUP_PYTHON)
    assert ACTION["inputs"]["python-version"]["default"] == PYTHON


def test_every_input_is_used_and_described() -> None:
    steps = str(STEPS)
    for name, item in ACTION["inputs"].items():
        assert f"inputs.{name} " in steps
        assert item["description"].endswith((".", ")."))
        assert "default" in item


def test_each_python_starts_apart_from_its_directory() -> None:
    lines = [line for step in STEPS for line in step.get("run", "").splitlines()]
    starts = [line for line in lines if re.search(r'python"? -', line)]
    assert len(starts) == 3
    assert all(re.search(r'python" -I -[mc] ', line) for line in starts)


def test_the_page_shows_what_there_is() -> None:
    page = (ROOT / "docs" / "ci.md").read_text()
    (example,) = re.findall(r"<!-- workflow -->\n```yaml\n(.*?)```", page, re.DOTALL)
    (job,) = strict_yaml.load(example)["jobs"].values()
    (used,) = [step for step in job["steps"] if step["uses"].startswith("OWNER/costguard@")]
    assert set(used["with"]) <= set(ACTION["inputs"])
    assert job["steps"][0]["uses"] == CHECKOUT.split(" #")[0]
    table = page[page.index("| input |") : page.index("Outputs:")]
    named = {
        name
        for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
        for name in re.findall("`(.*?)`", row)
    }
    assert named == set(ACTION["inputs"])
    outputs = page[page.index("Outputs:") : page.index("## GitLab")]
    assert all(f"`{name}`" in outputs for name in ACTION["outputs"])
