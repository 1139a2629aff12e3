"""`costguard doctor`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from costguard.cloud.bigquery import EMULATOR
from tests.servers import budgets
from tests.servers.bigquery import Failure, Table, column, serving

from .conftest import Costguard

NOW = ("--now", "2026-11-01T00:00:00Z")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project of its own, and no account of the machine's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", EMULATOR):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "costguard.toml").write_text('project = "p"\n')


def test_text(costguard: Costguard) -> None:
    done = costguard("doctor", *NOW)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0].startswith("config            ok: ")
    assert lines[1].startswith("catalog           could be better: the config names none")
    assert (
        lines[2]
        == '                  next: costguard catalog pull, then `catalog = "catalog.json"` in the config'
    )
    assert lines[-1] == "no problem"


def test_json_and_a_problem(costguard: Costguard, tmp_path: Path) -> None:
    (tmp_path / "costguard.toml").write_text('catalog = "nowhere.json"\n')
    done = costguard("doctor", *NOW, "--format", "json")
    assert done.code == 2
    document = json.loads(done.out)
    assert document["version"] == 1
    assert [check["name"] for check in document["checks"] if check["state"] == "problem"] == ["catalog"]


def test_a_broken_config_is_said_once(costguard: Costguard, tmp_path: Path) -> None:
    (tmp_path / "costguard.toml").write_text("project = 1\n")
    done = costguard("doctor", *NOW)
    assert (done.code, done.err) == (2, "")
    assert done.out.count("PROBLEM") == 1
    assert done.out.endswith("\n1 problem\n")


def test_online(costguard: Costguard, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving({"p.d.t": Table([column("a")])}) as server:
        monkeypatch.setenv(EMULATOR, server.address)
        done = costguard("doctor", *NOW, "--online", "--format", "json")
    found = {check["name"]: check for check in json.loads(done.out)["checks"]}
    assert found["list datasets"]["text"] == "1 in p"
    assert found["list datasets"]["state"] == "ok"


@pytest.mark.parametrize(
    ("failure", "said", "step"),
    [
        (
            Failure(
                "POST",
                403,
                "accessDenied",
                "User does not have bigquery.jobs.create permission in project p.",
            ),
            "permission bigquery.jobs.create is missing on project p",
            "grant roles/bigquery.jobUser on the project",
        ),
        (
            Failure(
                "POST", 403, "forbidden", "The API requires a quota project, which is not set by default."
            ),
            "set-quota-project p`, or set GOOGLE_CLOUD_QUOTA_PROJECT",
            None,
        ),
        (Failure("POST", 401, "authError", "Invalid Credentials"), "asks for credentials", None),
        (
            Failure("POST", 403, "accessNotConfigured", "BigQuery API has not been used"),
            "`gcloud services enable bigquery.googleapis.com --project p`",
            None,
        ),
    ],
)
def test_the_next_step_is_of_what_went_wrong(
    costguard: Costguard, monkeypatch: pytest.MonkeyPatch, failure: Failure, said: str, step: str | None
) -> None:
    with serving({"p.d.t": Table([column("a")])}) as server:
        server.failures.append(failure)
        monkeypatch.setenv(EMULATOR, server.address)
        done = costguard("doctor", *NOW, "--online", "--format", "json")
    found = {check["name"]: check for check in done.document["checks"]}
    assert said in found["run queries"]["text"]
    assert found["run queries"]["next"] == step
    assert found["list datasets"]["state"] == "ok"


def test_the_job_history_is_refused_with_one_answer(
    costguard: Costguard, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = "p:region-us.INFORMATION_SCHEMA.JOBS_BY_PROJECT"
    denied = f"Access Denied: Table {view}: User does not have permission to query table {view}"
    with serving({"p.d.t": Table([column("a")])}) as server:
        server.failures.append(Failure("POST", 403, "accessDenied", denied, after=1))
        monkeypatch.setenv(EMULATOR, server.address)
        done = costguard("doctor", *NOW, "--online", "--format", "json")
    (check,) = (check for check in done.document["checks"] if check["name"] == "read the job history")
    assert "permission bigquery.jobs.listAll is missing on project p" in check["text"]
    assert check["next"] == "grant roles/bigquery.resourceViewer on the project, for the job history"


def test_a_location_that_is_none_is_one_problem_of_the_report(
    costguard: Costguard, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving({"p.d.t": Table([column("a")])}) as server:
        monkeypatch.setenv(EMULATOR, server.address)
        done = costguard("doctor", *NOW, "--online", "--location", "EU`; DROP", "--format", "json")
    assert (done.code, done.err) == (2, "")
    found = {check["name"]: check for check in done.document["checks"]}
    assert found["location"]["text"] == "'EU`; DROP' is no location such as US or europe-west1"
    assert (found["config"]["state"], found["list datasets"]["state"]) == ("ok", "ok")
    assert server.asked == []


BUDGETS = """
[[budgets]]
name = "a"
billing_account = "000000-AAAAAA-BBBBBB"
amount = 5
[[budgets]]
name = "b"
project = "elsewhere"
amount = 5
[[budgets]]
name = "c"
project = "unpaid"
amount = 5
"""


def test_rights_on_budgets(costguard: Costguard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "costguard.toml").write_text(f'project = "p"\n{BUDGETS}')
    bank = budgets.Bank()
    with serving({}) as server, budgets.serving(bank) as address:
        monkeypatch.setenv(EMULATOR, server.address)
        monkeypatch.setenv("COSTGUARD_BUDGETS_ENDPOINT", address)
        monkeypatch.setenv("COSTGUARD_BILLING_ENDPOINT", address)

        def found(name: str) -> tuple[str, str]:
            document = costguard("doctor", *NOW, "--online", "--format", "json").document
            (check,) = (check for check in document["checks"] if check["name"] == name)
            return check["state"], check["text"]

        account, other = "budgets of 000000-AAAAAA-BBBBBB", "budgets of project elsewhere"
        assert found(account) == ("ok", "all rights on billing account 000000-AAAAAA-BBBBBB")
        assert found(other) == ("ok", f"all rights on billing account {budgets.OTHER_ACCOUNT}")
        assert found("budgets of project unpaid")[1].startswith("project unpaid has no billing account")
        bank.permissions = budgets.ALL_PERMISSIONS[2:]
        assert found(account) == (
            "problem",
            "missing on billing account 000000-AAAAAA-BBBBBB: billing.budgets.create, billing.budgets.delete",
        )
        assert not {"CreateBudget", "UpdateBudget", "DeleteBudget", "ListBudgets"} & set(bank.asked)
        monkeypatch.setenv("COSTGUARD_BUDGETS_ENDPOINT", "10.0.0.1:1")
        assert found("budgets online")[0] == "problem"
        (tmp_path / "costguard.toml").write_text(f'project = "p"\n{BUDGETS}currency = "usd"\n')
        document = costguard("doctor", *NOW, "--online", "--format", "json").document
    assert [check["name"] for check in document["checks"] if "budgets" in check["name"]] == ["budgets"]


def test_online_without_an_account(costguard: Costguard) -> None:
    done = costguard("doctor", *NOW, "--online")
    assert done.code == 2
    assert (
        "BigQuery          PROBLEM: cannot connect to BigQuery: there are no Google credentials" in done.out
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--location", "EU"), "--project and --location are for --online"),
    ],
)
def test_what_cannot_be_checked(costguard: Costguard, arguments: tuple[str, ...], message: str) -> None:
    done = costguard("doctor", *NOW, *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err == f"costguard: {message}\n"
