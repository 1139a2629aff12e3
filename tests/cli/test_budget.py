"""`costguard budget plan | apply | list | destroy`, with real calls to a server on loopback."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import jsonschema
import pytest

from tests.servers.billing_catalog import Refusal
from tests.servers.budgets import ACCOUNT, OTHER_ACCOUNT, Bank, serving

from .conftest import Costguard, Done

SCHEMA = json.loads((Path(__file__).parents[1] / "budget-plan.schema.json").read_text())
LATE = "A budget tells of spend, up to a day late, and never stops it; `costguard guard` sets up what does."
CONFIG = f"""
[[budgets]]
name = "churn-team"
billing_account = "{ACCOUNT}"
amount = "1500.00"
currency = "USD"
projects = ["projects/my-project"]
services = ["services/24E6-581D-38E5"]
label = {{ team = "ml" }}
thresholds = [{{ at = 0.5 }}, {{ at = 1.0, on = "forecast" }}]
notify = {{ pubsub_topic = "projects/p/topics/t", project_owners = true }}

[[budgets]]
name = "all"
billing_account = "{ACCOUNT}"
amount = "last-period"
period = "quarter"

[[budgets]]
name = "same"
billing_account = "{ACCOUNT}"
amount = 5
thresholds = [{{ at = 1 }}]
"""


@pytest.fixture
def bank(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Bank]:
    """A config with three budgets, and a server that has one of them, one that is another, one that is not declared,
    and one that is not ours."""
    (tmp_path / "costguard.toml").write_text(CONFIG)
    served = Bank()
    served.add("Finance's \x1b[31mbudget")
    served.add("costguard/all")
    served.add("costguard/same", threshold_rules=[{"threshold_percent": 1}])
    served.add("costguard/old")
    with serving(served) as address:
        for variable in ("COSTGUARD_BUDGETS_ENDPOINT", "COSTGUARD_BILLING_ENDPOINT"):
            monkeypatch.setenv(variable, address)
        yield served


def refused(done: Done, before: str = "") -> str:
    """The line that says why nothing was done."""
    assert done.code == 2
    assert done.out == before
    assert done.err.count("\n") == 1
    return done.err.removeprefix("costguard: ").rstrip()


def writes(bank: Bank) -> list[str]:
    return [method for method in bank.asked if method in ("CreateBudget", "UpdateBudget", "DeleteBudget")]


# -- plan --------------------------------------------------------------------------------------------------------

PLAN = f"""\
Account    {ACCOUNT} (Account 0, USD)

create     costguard/churn-team
             amount                     1,500.00 USD
             projects                   projects/my-project
             services                   services/24E6-581D-38E5
             label                      team=ml
             period                     month
             credits                    include-all
             thresholds                 50 %, 100 % of the forecast
             notify.pubsub_topic        projects/p/topics/t
             notify.project_owners      yes
             notify.default_recipients  yes

update     costguard/all
             amount                     5.00 USD -> last-period
             period                     month -> quarter
             thresholds                 none -> 50 %, 80 %, 100 %, 100 % of the forecast

delete     costguard/old (not declared here)
             amount                     5.00 USD
             projects                   all
             services                   all
             period                     month
             credits                    include-all
             notify.default_recipients  yes

no change  costguard/same

Plan       1 to create, 1 to update, 1 to delete, 1 without change
           1 budget of others: left alone
           Another project that shares the account may have made what is not declared here:
           --keep-undeclared leaves it
Note       {LATE}
"""


def test_a_plan(costguard: Costguard, bank: Bank) -> None:
    done = costguard("budget", "plan")
    assert (done.code, done.out, done.err) == (0, PLAN, "")
    assert writes(bank) == []


def test_a_plan_for_programs(costguard: Costguard, bank: Bank, tmp_path: Path) -> None:
    done = costguard("budget", "plan", "--format", "json", "--output", "plan.json")
    assert (done.code, done.out, done.err) == (0, "", "")
    document = json.loads((tmp_path / "plan.json").read_text())
    jsonschema.validate(document, SCHEMA)
    resources = {budget.display_name: name for name, budget in bank.budgets.items()}
    account = {"billing_account": ACCOUNT}
    assert document == {
        "version": 1,
        "create": [
            {
                "name": "churn-team",
                **account,
                "currency": "USD",
                "fields": {
                    "amount": "1500.00",
                    "projects": ["projects/my-project"],
                    "resource_ancestors": [],
                    "services": ["services/24E6-581D-38E5"],
                    "subaccounts": [],
                    "label": {"team": "ml"},
                    "period": "month",
                    "credits": "include-all",
                    "thresholds": [{"at": "0.5", "on": "actual"}, {"at": "1", "on": "forecast"}],
                    "notify.pubsub_topic": "projects/p/topics/t",
                    "notify.channels": [],
                    "notify.project_owners": True,
                    "notify.default_recipients": True,
                },
            }
        ],
        "update": [
            {
                "name": "all",
                **account,
                "resource": resources["costguard/all"],
                "currency": "USD",
                "fields": {
                    "amount": {"from": "5.00", "to": "last-period"},
                    "period": {"from": "month", "to": "quarter"},
                    "thresholds": {
                        "from": [],
                        "to": [
                            {"at": "0.5", "on": "actual"},
                            {"at": "0.8", "on": "actual"},
                            {"at": "1", "on": "actual"},
                            {"at": "1", "on": "forecast"},
                        ],
                    },
                },
            }
        ],
        "delete": [
            {"name": "old", **account, "resource": resources["costguard/old"], "reason": "not declared"}
        ],
        "unchanged": [{"name": "same", **account, "resource": resources["costguard/same"]}],
        "kept": [],
        "foreign": 1,
        "accounts": [{**account, "name": "Account 0", "currency": "USD"}],
        "notes": [LATE],
    }


def test_what_is_not_declared_may_be_kept(costguard: Costguard, bank: Bank) -> None:
    document = costguard("budget", "plan", "--keep-undeclared", "--format", "json").document
    assert (document["delete"], [budget["name"] for budget in document["kept"]]) == ([], ["old"])
    text = costguard("budget", "plan", "--keep-undeclared").out
    assert "\nkept       costguard/old\n" in text
    assert "Plan       1 to create, 1 to update, 1 without change, 1 kept\n" in text
    assert costguard("budget", "apply", "--keep-undeclared", "--yes").code == 0
    assert "costguard/old" in bank.names


def test_a_check_in_a_pipeline(costguard: Costguard, bank: Bank) -> None:
    done = costguard("budget", "plan", "--check")
    assert (done.code, done.out) == (1, PLAN)
    assert costguard("budget", "apply", "--yes").code == 0
    assert costguard("budget", "plan", "--check").code == 0


def test_several_accounts_are_named(costguard: Costguard, bank: Bank, tmp_path: Path) -> None:
    text = (
        'name = "new"\nproject = "elsewhere"\namount = 7\nperiod = { start = 2026-01-01, end = 2026-06-30 }\n'
    )
    (tmp_path / "costguard.toml").write_text(f"{CONFIG}[[budgets]]\n{text}")
    bank.add("costguard/eu", OTHER_ACCOUNT)
    out = costguard("budget", "plan").out
    assert out.startswith(
        f"Account    {ACCOUNT} (Account 0, USD)\nAccount    {OTHER_ACCOUNT} (Account 1, EUR)\n"
    )
    assert (
        f"create     costguard/new in {OTHER_ACCOUNT}\n             amount                     7.00 EUR\n"
        in out
    )
    assert "             period                     2026-01-01 to 2026-06-30\n" in out
    assert f"\nupdate     costguard/all in {ACCOUNT}\n" in out
    assert f"\ndelete     costguard/eu in {OTHER_ACCOUNT} (not declared here)\n" in out


def test_what_could_not_be_checked_is_said(costguard: Costguard, bank: Bank) -> None:
    bank.always["GetBillingAccount"] = Refusal(grpc.StatusCode.PERMISSION_DENIED, "no")
    out = costguard("budget", "plan").out
    assert out.startswith(f"Account    {ACCOUNT}\n\n")
    assert "             amount                     1,500.00 USD\n" in out
    assert f"\nNote       the currency of billing account {ACCOUNT} is not checked: " in out
    document = costguard("budget", "plan", "--format", "json").document
    assert document["accounts"] == [{"billing_account": ACCOUNT, "name": None, "currency": None}]
    assert len(document["notes"]) == 2


def test_a_budget_twice(costguard: Costguard, bank: Bank) -> None:
    bank.add("costguard/same")
    assert (
        "\ndelete     costguard/same (there is another one of this name)\n" in costguard("budget", "plan").out
    )
    assert costguard("budget", "apply", "--yes").code == 0
    assert bank.names.count("costguard/same") == 1


# -- apply -------------------------------------------------------------------------------------------------------


def test_a_plan_is_carried_out_and_then_there_is_nothing_to_do(costguard: Costguard, bank: Bank) -> None:
    foreign = next(iter(bank.budgets.values())).SerializeToString()
    done = costguard("budget", "apply", "--yes")
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        PLAN + "\n"
        "done       create costguard/churn-team\n"
        "done       update costguard/all\n"
        "done       delete costguard/old\n"
        "\n"
        "Applied    3 done\n"
    )
    assert bank.names == [
        "Finance's \x1b[31mbudget",
        "costguard/all",
        "costguard/churn-team",
        "costguard/same",
    ]
    assert next(iter(bank.budgets.values())).SerializeToString() == foreign
    bank.asked.clear()
    done = costguard("budget", "apply")
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        f"Account    {ACCOUNT} (Account 0, USD)\n"
        "\n"
        "no change  costguard/churn-team\n"
        "no change  costguard/all\n"
        "no change  costguard/same\n"
        "\n"
        "Plan       3 without change\n"
        "           1 budget of others: left alone\n"
        f"Note       {LATE}\n"
        "\n"
        "Nothing to do.\n"
    )
    assert writes(bank) == []


def test_without_a_terminal_it_takes_yes(
    costguard: Costguard, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    done = costguard("budget", "apply")
    assert refused(done, PLAN) == "nothing was done: without a terminal it takes --yes"
    assert writes(bank) == []


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("YES\n", 0), ("n\n", 2), ("\n", 2), ("", 2)])
def test_on_a_terminal_it_asks(
    costguard: Costguard, bank: Bank, monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    class Terminal:
        """Somebody types this."""

        def isatty(self) -> bool:
            return True

        def readline(self, *_: Any) -> str:
            return answer

    monkeypatch.setattr("sys.stdin", Terminal())
    done = costguard("budget", "apply")
    assert done.code == code
    assert done.err == "Carry out 3 changes? [y/N] " + ("costguard: nothing was done\n" if code else "")
    assert bool(writes(bank)) == (code == 0)


def test_a_dry_run_needs_no_yes_and_does_nothing(costguard: Costguard, bank: Bank) -> None:
    done = costguard("budget", "apply", "--dry-run")
    assert (done.code, done.out, done.err) == (0, f"{PLAN}\nDry run: nothing was done.\n", "")
    assert writes(bank) == []


def test_what_was_not_done_is_said(costguard: Costguard, bank: Bank) -> None:
    bank.always["UpdateBudget"] = Refusal(grpc.StatusCode.INVALID_ARGUMENT, "not \x1b[31mthis")
    done = costguard("budget", "apply", "--yes")
    assert done.code == 2
    assert done.out.removeprefix(PLAN) == (
        "\n"
        "done       create costguard/churn-team\n"
        "FAILED     update costguard/all: budget 'all': the service does not take it (not ␛[31mthis)\n"
        "done       delete costguard/old\n"
        "\n"
        "Applied    2 done, 1 FAILED; run it again when that is mended: what is done is not done twice\n"
    )


def test_what_was_not_tried_is_said(costguard: Costguard, bank: Bank) -> None:
    bank.always["CreateBudget"] = Refusal(grpc.StatusCode.UNAUTHENTICATED, "expired")
    done = costguard("budget", "apply", "--yes")
    assert done.code == 2
    assert "\nnot tried  update costguard/all: the step before it failed, as this one would\n" in done.out
    assert "\nApplied    0 done, 1 FAILED, 2 not tried; run it again " in done.out


def test_a_lost_answer_and_a_note_on_stderr(costguard: Costguard, bank: Bank) -> None:
    bank.lost["CreateBudget"] = 1
    bank.refusals["ListBudgets"] = [Refusal(grpc.StatusCode.UNAVAILABLE, "later")]
    done = costguard("budget", "apply", "--yes", "--timeout", "5")
    assert done.code == 0
    assert done.err == "costguard: no answer yet (later): asking again\n"
    assert "\ndone       create costguard/churn-team: no answer came, and it is there\n" in done.out
    assert bank.names.count("costguard/churn-team") == 1
    bank.refusals["ListBudgets"] = [Refusal(grpc.StatusCode.UNAVAILABLE, "later")]
    assert costguard("budget", "apply", "--yes", "--quiet").err == ""


def test_an_interruption_says_how_far_it_came(costguard: Costguard, bank: Bank) -> None:
    """A process of its own gets a real signal, in the midst of its second step."""
    code = "from costguard.cli.main import run; run()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "budget", "apply", "--yes"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

    gone = threading.Event()

    def interrupt() -> None:
        process.send_signal(signal.SIGINT)
        gone.wait(60)

    bank.before["UpdateBudget"] = interrupt
    out, err = process.communicate(timeout=60)
    gone.set()
    assert process.returncode == 130
    assert out.removeprefix(PLAN) == (
        "\n"
        "done       create costguard/churn-team\n"
        "\n"
        "Interrupted after 1 of 3 steps; the next one may be done or not. Run it again: what is done is not done "
        "twice.\n"
    )
    assert "Traceback" not in err
    assert costguard("budget", "apply", "--yes").code == 0
    assert costguard("budget", "plan", "--check").code == 0


# -- list --------------------------------------------------------------------------------------------------------


def test_a_list(costguard: Costguard, bank: Bank) -> None:
    bank.add(
        "costguard/a",
        amount={"last_period_amount": {}},
        budget_filter={"projects": ["projects/1"], "labels": {"team": ["ml"]}, "calendar_period": 3},
    )
    done = costguard("budget", "list")
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        f"Account    {ACCOUNT} (Account 0, USD)\n"
        "\n"
        "budget          amount       period  for                  told at\n"
        "costguard/a     last-period  year    projects/1, team=ml  none     not declared\n"
        "costguard/all   5.00 USD     month   all                  none     declared\n"
        "costguard/old   5.00 USD     month   all                  none     not declared\n"
        "costguard/same  5.00 USD     month   all                  100 %    declared\n"
        "\n"
        "4 budgets, and 1 of others (--all)\n"
        f"Note       {LATE}\n"
    )


def test_a_list_with_those_of_others(costguard: Costguard, bank: Bank) -> None:
    out = costguard("budget", "list", "--all").out
    assert "\nFinance's ␛[31mbudget  5.00 USD  month   all  none     foreign\n" in out
    assert "\n4 budgets\n" in out
    document = costguard("budget", "list", "--all", "--format", "json").document
    assert [(budget["name"], budget["whose"]) for budget in document["budgets"]] == [
        ("Finance's \x1b[31mbudget", "foreign"),
        ("all", "declared"),
        ("old", "not declared"),
        ("same", "declared"),
    ]
    assert document["budgets"][3]["currency"] == "USD"
    assert document["budgets"][3]["fields"]["thresholds"] == [{"at": "1", "on": "actual"}]
    assert (document["version"], document["notes"]) == (1, [LATE])


def test_a_list_without_a_config(costguard: Costguard, bank: Bank, tmp_path: Path) -> None:
    (tmp_path / "costguard.toml").unlink()
    (tmp_path / ".git").mkdir()  # so that none is looked for above
    assert costguard("budget", "list", "--billing-account", OTHER_ACCOUNT).out == (
        f"Account    {OTHER_ACCOUNT} (Account 1, EUR)\n\n0 budgets\nNote       {LATE}\n"
    )
    assert refused(costguard("budget", "list")) == (
        "the config declares no budgets and names no project: say where to look with --billing-account"
    )
    (tmp_path / "costguard.toml").write_text('project = "elsewhere"\n')
    assert costguard("budget", "list").out.startswith(f"Account    {OTHER_ACCOUNT} ")


# -- destroy -----------------------------------------------------------------------------------------------------


def test_only_ours_are_destroyed(costguard: Costguard, bank: Bank) -> None:
    done = costguard("budget", "destroy", "--yes")
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith(
        "\n"
        "Plan       3 to delete\n"
        "           1 budget of others: left alone\n"
        f"Note       {LATE}\n"
        "\n"
        "done       delete costguard/all\n"
        "done       delete costguard/old\n"
        "done       delete costguard/same\n"
        "\n"
        "Applied    3 done\n"
    )
    assert bank.names == ["Finance's \x1b[31mbudget"]
    assert costguard("budget", "destroy").out.endswith("\nNothing to do.\n")


def test_some_are_destroyed(costguard: Costguard, bank: Bank) -> None:
    done = costguard("budget", "destroy", "old", "costguard/same", "--dry-run")
    assert done.out.startswith(
        f"Account    {ACCOUNT} (Account 0, USD)\n\ndelete     costguard/old\n             amount  "
    )
    assert "\nkept       costguard/all\n\nPlan       2 to delete, 1 kept\n" in done.out
    assert done.out.endswith("\nDry run: nothing was done.\n")
    assert writes(bank) == []
    assert costguard("budget", "destroy", "old", "--yes").code == 0
    assert bank.names == ["Finance's \x1b[31mbudget", "costguard/all", "costguard/same"]


def test_those_that_are_declared_are_destroyed(costguard: Costguard, bank: Bank) -> None:
    assert costguard("budget", "destroy", "--keep-undeclared", "--yes").code == 0
    assert bank.names == ["Finance's \x1b[31mbudget", "costguard/old"]


def test_a_name_that_is_not_there(costguard: Costguard, bank: Bank) -> None:
    assert refused(costguard("budget", "destroy", "Finance's", "--yes")) == (
        "there is no budget of costguard named Finance's; there are: all, old, same"
    )


# -- what is refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_config_without_budgets_deletes_nothing(
    costguard: Costguard, bank: Bank, tmp_path: Path, command: str
) -> None:
    (tmp_path / "costguard.toml").write_text('project = "p"\n')
    said = refused(costguard("budget", command, "--billing-account", ACCOUNT))
    assert said.startswith("the config declares no budgets ([[tool.costguard.budgets]]); ")
    assert bank.asked == []


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes"), ("list",), ("destroy", "--yes")])
def test_a_config_with_mistakes_is_not_used(
    costguard: Costguard, bank: Bank, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "costguard.toml").write_text(f"{CONFIG}ammount = 1\n[[budgets]]\nname = 'x'\n")
    done = costguard("budget", *command)
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines() == [
        "costguard: budget 'same': unknown key 'ammount'; did you mean 'amount'?",
        "costguard: budget 'x': amount: is missing",
    ]
    assert bank.asked == []


def test_an_account_that_is_none(costguard: Costguard, bank: Bank) -> None:
    assert refused(costguard("budget", "list", "--billing-account", "mine")) == (
        "--billing-account mine: has not the form 000000-AAAAAA-BBBBBB"
    )


@pytest.mark.parametrize("variable", ["COSTGUARD_BUDGETS_ENDPOINT", "COSTGUARD_BILLING_ENDPOINT"])
def test_a_server_elsewhere_is_refused(
    costguard: Costguard, bank: Bank, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "budgets.example.com:443")
    assert refused(costguard("budget", "plan")) == (
        f"{variable}=budgets.example.com:443: only an address of this machine will do, such as 127.0.0.1:8080"
    )


def test_a_currency_that_the_account_has_not(costguard: Costguard, bank: Bank, tmp_path: Path) -> None:
    (tmp_path / "costguard.toml").write_text(CONFIG.replace('"USD"', '"EUR"'))
    assert refused(costguard("budget", "apply", "--yes")) == (
        f"budget 'churn-team': currency EUR, but billing account {ACCOUNT} is billed in USD: give the amount in that, "
        "or leave `currency` out"
    )


def test_a_list_that_may_not_be_read(costguard: Costguard, bank: Bank) -> None:
    bank.always["ListBudgets"] = Refusal(grpc.StatusCode.PERMISSION_DENIED, "no")
    said = refused(costguard("budget", "plan"))
    assert said.startswith(
        f"budgets of billing account {ACCOUNT}: permission billing.budgets.list is missing on billing account "
        f"{ACCOUNT}, which roles/billing.viewer has; an administrator of the account (roles/billing.admin) "
    )


def test_without_google_s_clients(costguard: Costguard, bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.cloud.billing.budgets_v1", None)
    assert refused(costguard("budget", "plan")) == (
        "Google's client for budgets is not installed: pip install 'costguard-gcp[gcp]'"
    )


def test_an_output_that_cannot_be_written(costguard: Costguard, bank: Bank) -> None:
    assert "there is no directory nowhere" in refused(costguard("budget", "plan", "-o", "nowhere/plan.json"))
    assert bank.asked == []
