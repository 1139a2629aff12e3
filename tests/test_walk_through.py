"""A project takes costguard up, and a pull request that costs too much is stopped, told why, mended and let through."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import Costguard, costguard
from tests.servers.code_hosts import Server, github

__all__ = ["costguard"]

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "churn"
NOW = ("--now", "2026-11-01T00:00:00Z")
COSTLY = """
-- Everything, to look at later.
CREATE OR REPLACE TABLE `kestrel-prod.ml.all_events` AS
SELECT * FROM `kestrel-prod.shop.events`;
"""
CHEAP = """
-- Yesterday's purchases.
CREATE OR REPLACE TABLE `kestrel-prod.ml.purchases_of_yesterday` AS
SELECT customer_id, revenue FROM `kestrel-prod.shop.events` WHERE event_date = '2026-10-31';
"""


@pytest.fixture(autouse=True)
def no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests may run in a job themselves, and with a config of git's own."""
    for name in list(os.environ):
        if name.startswith(("GITHUB_", "GITLAB_", "CI_", "GIT_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()
    with github(state):
        yield state


def git(*arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main")
    command = ["git", *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()


def commit(message: str) -> str:
    git("add", "-A")
    git("commit", "-qm", message)
    return git("rev-parse", "HEAD")


def as_job(monkeypatch: pytest.MonkeyPatch, server: Server, folder: Path, head: str, minute: int) -> None:
    """What a job of a pull request to main finds in its environment."""
    pull = {"number": 7, "updated_at": f"2026-11-01T10:{minute:02}:00Z", "head": {"sha": head}}
    (folder / "event.json").write_text(json.dumps({"pull_request": pull}))
    for name, value in {
        "GITHUB_BASE_REF": "main",
        "GITHUB_API_URL": server.address,
        "GITHUB_REPOSITORY": "o/r",
        "GITHUB_EVENT_PATH": str(folder / "event.json"),
        "GITHUB_TOKEN": server.token,
    }.items():
        monkeypatch.setenv(name, value)


def test_from_init_to_the_comment(
    costguard: Costguard, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, job = tmp_path / "project", tmp_path / "job"
    job.mkdir()
    for name in ("notebooks", "pipeline", "sql"):
        shutil.copytree(EXAMPLE / name, project / name)
    shutil.copy(EXAMPLE / "catalog.json", project)
    monkeypatch.chdir(project)
    git("init", "--quiet")

    # The project takes it up: a config and a workflow that hold, and what is there today is accepted.
    done = costguard("init", "--ci", "github")
    assert done.code == 0, done.err
    workflow = yaml.safe_load(Path(".github/workflows/costguard.yml").read_text())
    assert workflow["permissions"] == {"contents": "read", "pull-requests": "write"}
    assert costguard("scan", ".", *NOW).code == 1
    assert costguard("baseline", "write", *NOW).code == 0
    accepted = costguard("scan", ".", *NOW, "--format", "json")
    assert (accepted.code, accepted.document["summary"]["findings"]) == (0, 0)
    commit("costguard")

    # A change copies the largest table whole: its bytes, to the next MiB, at 6.25 USD per TiB.
    tables = {table["name"]: table for table in json.loads(Path("catalog.json").read_text())["tables"]}
    mebibytes = -(-tables["kestrel-prod.shop.events"]["bytes"] // 2**20)
    assert f"{Decimal(mebibytes) / 2**20 * Decimal('6.25'):.2f}" == "12.31"
    git("switch", "--quiet", "--create", "later")
    before = Path("sql/labels.sql").read_text()
    Path("sql/labels.sql").write_text(before + COSTLY)
    as_job(monkeypatch, server, job, commit("keep everything"), minute=0)
    stopped = costguard("diff", *NOW, "--max-increase-usd", "1", "--also", f"json={job}/diff.json")
    assert stopped.code == 1, stopped.err
    assert "one iteration costs $12.31 more than before, over $1.00 (--max-increase-usd)" in stopped.out
    document = json.loads((job / "diff.json").read_text())
    states = [row["state"] for row in document["queries"] if row["state"] != "unchanged"]
    assert states == ["added"]
    said = costguard("comment", "github", "--diff", job / "diff.json")
    assert (said.code, len(server.bodies)) == (0, 1), said.err
    (body,) = server.bodies
    assert "One iteration costs $12.31 more" in body
    assert "| `sql/labels.sql:22` (added) | – | $12.31 | **+$12.31** |" in body
    assert "`missing-partition-filter`" in body
    assert "over $1.00" in body

    # It is mended: the same comment says so, and the gate is open.
    Path("sql/labels.sql").write_text(before + CHEAP)
    as_job(monkeypatch, server, job, commit("only yesterday"), minute=5)
    passed = costguard("diff", *NOW, "--max-increase-usd", "1", "--also", f"json={job}/diff.json")
    assert passed.code == 0, passed.out + passed.err
    said = costguard("comment", "github", "--diff", job / "diff.json")
    assert said.out.startswith("comment updated: "), said.err
    (body,) = server.bodies
    assert "$12.31" not in body
    assert "| `sql/labels.sql:22` (added) |" in body
    assert costguard("scan", ".", *NOW).code == 0

    # Nothing of the work tree was touched.
    assert git("status", "--porcelain") == ""
