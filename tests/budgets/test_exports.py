"""Any budget that can be declared comes back from its export: from the config's TOML, from Terraform, from gcloud."""

from __future__ import annotations

import io
import shlex
import shutil
import subprocess
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import hcl2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costguard.budgets.declared import Budget, CustomPeriod, Notify, declared_budgets
from costguard.budgets.export_gcloud import gcloud
from costguard.budgets.export_terraform import terraform
from costguard.budgets.toml_text import budget_toml
from costguard.config import Config

from .test_convergence import configurations

ACCOUNT = "000000-AAAAAA-BBBBBB"
FEW = settings(max_examples=40, deadline=None, derandomize=True)
TREATMENTS = {"include-all": "INCLUDE_ALL_CREDITS", "exclude-all": "EXCLUDE_ALL_CREDITS"}
BASES = {"actual": "CURRENT_SPEND", "forecast": "FORECASTED_SPEND"}
EVERYTHING = Budget(
    name="churn-team",
    billing_account=ACCOUNT,
    project=None,
    amount=Decimal("500.25"),
    currency="USD",
    projects=("projects/123456789", "projects/shop"),
    services=("services/24E6-581D-38E5",),
    label=("team", "ml"),
    credits=("DISCOUNT", "PROMOTION"),
    notify=Notify("projects/p/topics/t", ("projects/p/notificationChannels/1",), False, False),
)
LOOKED_UP = Budget("9/team", None, "shop", "last-period", period="quarter", projects=("projects/1",))


def declared(tables: list[dict[str, Any]], account: dict[str, str]) -> tuple[Budget, ...]:
    return declared_budgets(Config(budgets=tuple({**table, **account} for table in tables)))


accounts = st.sampled_from([{"billing_account": ACCOUNT}, {"project": "shop"}])


# -- the config ------------------------------------------------------------------------------------------


@FEW
@given(configurations(), accounts)
def test_toml_declares_the_same(tables: list[dict[str, Any]], account: dict[str, str]) -> None:
    budgets = declared(tables, account)
    document = tomllib.loads("\n".join(map(budget_toml, budgets)))
    again = document.get("tool", {}).get("costguard", {}).get("budgets", [])
    assert declared_budgets(Config(budgets=tuple(again))) == budgets


def test_toml_of_everything() -> None:
    assert budget_toml(EVERYTHING) == (
        "[[tool.costguard.budgets]]\n"
        'name = "churn-team"\n'
        'billing_account = "000000-AAAAAA-BBBBBB"\n'
        'amount = "500.25"\n'
        'currency = "USD"\n'
        'projects = ["projects/123456789", "projects/shop"]\n'
        'services = ["services/24E6-581D-38E5"]\n'
        'label = { "team" = "ml" }\n'
        'period = "month"\n'
        'credits = ["DISCOUNT", "PROMOTION"]\n'
        'thresholds = [{ at = 0.5 }, { at = 0.8 }, { at = 1.0 }, { at = 1.0, on = "forecast" }]\n'
        'notify = { pubsub_topic = "projects/p/topics/t", channels = ["projects/p/notificationChannels/1"], '
        "default_recipients = false }\n"
    )


# -- Terraform -------------------------------------------------------------------------------------------


def parsed(text: str) -> dict[str, Any]:
    document: dict[str, Any] = hcl2.load(io.StringIO(text))
    return document


def unquoted(value: Any) -> Any:
    """Without the quotes that python-hcl2 keeps around strings and names."""
    if isinstance(value, dict):
        return {unquoted(key): unquoted(item) for key, item in value.items() if key != "__is_block__"}
    if isinstance(value, list):
        return [unquoted(item) for item in value]
    if isinstance(value, str) and len(value) > 1 and value[0] == value[-1] == '"':
        return value[1:-1]
    return value


def resources(text: str) -> dict[str, dict[str, Any]]:
    """The budgets of a file, by their names in it."""
    found: dict[str, dict[str, Any]] = {}
    for block in unquoted(parsed(text)).get("resource", []):
        (named,) = (block["google_billing_budget"],)
        for name, body in named.items():
            assert name not in found
            found[name] = body
    return found


@FEW
@given(configurations(), accounts)
def test_terraform_says_the_same(tables: list[dict[str, Any]], account: dict[str, str]) -> None:
    budgets = declared(tables, account)
    found = resources(terraform(budgets))
    assert len(found) == len(budgets)
    for budget, body in zip(budgets, found.values(), strict=True):
        _check(budget, body)


def _check(budget: Budget, body: dict[str, Any]) -> None:
    assert body["display_name"] == budget.display_name
    if budget.billing_account is not None:
        assert body["billing_account"] == budget.billing_account
    else:
        assert body["billing_account"] == "${data.google_project.shop.billing_account}"
    (filter,) = body["budget_filter"]
    assert filter.get("services", []) == list(budget.services)
    assert filter.get("labels", {}) == (dict([budget.label]) if budget.label else {})
    if isinstance(budget.credits, str):
        assert filter["credit_types_treatment"] == TREATMENTS[budget.credits]
        assert "credit_types" not in filter
    else:
        assert filter["credit_types_treatment"] == "INCLUDE_SPECIFIED_CREDITS"
        assert filter["credit_types"] == list(budget.credits)
    expected = [
        name
        if name.removeprefix("projects/").isdigit()
        else f"projects/${{data.google_project.{name.removeprefix('projects/').replace('-', '_')}.number}}"
        for name in budget.projects
    ]
    assert filter.get("projects", []) == expected
    if isinstance(budget.period, CustomPeriod):
        assert "calendar_period" not in filter
        (custom,) = filter["custom_period"]
        days = [_day(custom[key]) if key in custom else None for key in ("start_date", "end_date")]
        assert days == [budget.period.start, budget.period.end]
    else:
        assert filter["calendar_period"] == budget.period.upper()
        assert "custom_period" not in filter
    (amount,) = body["amount"]
    if isinstance(budget.amount, Decimal):
        (money,) = amount["specified_amount"]
        assert int(money["units"]) + Decimal(money.get("nanos", 0)).scaleb(-9) == budget.amount
        assert money.get("currency_code") == budget.currency
    else:
        assert amount == {"last_period_amount": True}
    rules = [
        (Decimal(str(rule["threshold_percent"])), rule["spend_basis"])
        for rule in body.get("threshold_rules", [])
    ]
    assert rules == [(rule.at, BASES[rule.on]) for rule in budget.thresholds]
    notify = budget.notify
    if notify.pubsub_topic is None and not notify.channels:
        assert "all_updates_rule" not in body  # the provider would refuse it
        return
    (rule,) = body["all_updates_rule"]
    assert rule.get("pubsub_topic") == notify.pubsub_topic
    assert rule.get("schema_version") == ("1.0" if notify.pubsub_topic is not None else None)
    assert rule.get("monitoring_notification_channels", []) == list(notify.channels)
    assert rule.get("disable_default_iam_recipients", False) is not notify.default_recipients
    assert rule.get("enable_project_level_recipients", False) is notify.project_owners


def _day(blocks: list[dict[str, int]]) -> date:
    (block,) = blocks
    return date(block["year"], block["month"], block["day"])


def test_terraform_of_everything() -> None:
    text = terraform([EVERYTHING])
    assert text.startswith(
        "# Budgets of costguard, for whoever may create them: the role Billing Account Costs Man"
    )
    assert text[text.index("\nresource") :] == (
        '\nresource "google_billing_budget" "churn_team" {\n'
        '  billing_account = "000000-AAAAAA-BBBBBB"\n'
        '  display_name    = "costguard/churn-team"\n'
        "\n"
        "  budget_filter {\n"
        '    projects = ["projects/123456789", "projects/${data.google_project.shop.number}"]\n'
        '    services = ["services/24E6-581D-38E5"]\n'
        "    labels = {\n"
        '      "team" = "ml"\n'
        "    }\n"
        '    credit_types_treatment = "INCLUDE_SPECIFIED_CREDITS"\n'
        '    credit_types           = ["DISCOUNT", "PROMOTION"]\n'
        '    calendar_period        = "MONTH"\n'
        "  }\n"
        "\n"
        "  amount {\n"
        "    specified_amount {\n"
        '      currency_code = "USD"\n'
        '      units         = "500"\n'
        "      nanos         = 250000000\n"
        "    }\n"
        "  }\n"
        + "".join(
            f'\n  threshold_rules {{\n    threshold_percent = {at}\n    spend_basis       = "{basis}"\n  }}\n'
            for at, basis in (
                *(("0.5", "CURRENT_SPEND"), ("0.8", "CURRENT_SPEND")),
                *(("1", "CURRENT_SPEND"), ("1", "FORECASTED_SPEND")),
            )
        )
        + "\n"
        "  all_updates_rule {\n"
        '    pubsub_topic                     = "projects/p/topics/t"\n'
        '    schema_version                   = "1.0"\n'
        '    monitoring_notification_channels = ["projects/p/notificationChannels/1"]\n'
        "    disable_default_iam_recipients   = true\n"
        "  }\n"
        "}\n"
    )


def test_an_account_that_is_looked_up_fails_loudly() -> None:
    text = terraform([LOOKED_UP])
    assert 'condition     = self.billing_account != ""' in text
    assert "looked up from the project" in text
    assert "billing_account = data.google_project.shop.billing_account" in text
    # A project that is asked for its number only needs no account.
    assert "postcondition" not in terraform([EVERYTHING])
    assert "looked up" not in terraform([Budget("a", ACCOUNT, None, Decimal(1))])


def test_names_of_resources_are_valid_and_differ() -> None:
    names = ("9.a", "a-b", "a/b", "a_b", "A-B", "9-a")
    found = resources(terraform([Budget(name, ACCOUNT, None, Decimal(1)) for name in names]))
    assert list(found) == ["r_9_a", "a_b", "a_b_2", "a_b_3", "A_B", "r_9_a_2"]
    assert [body["display_name"] for body in found.values()] == [f"costguard/{name}" for name in names]


def test_owners_alone_are_what_the_provider_cannot_say() -> None:
    owners = Budget(
        "a", ACCOUNT, None, Decimal(1), projects=("projects/1",), notify=Notify(project_owners=True)
    )
    text = terraform([owners])
    assert (
        "# notify.project_owners is left out: the provider takes it only beside a topic or a channel.\n"
        in text
    )
    assert "all_updates_rule" not in text
    with_topic = Budget(
        "a",
        ACCOUNT,
        None,
        Decimal(1),
        projects=("projects/1",),
        notify=Notify("projects/p/topics/t", (), True),
    )
    assert "enable_project_level_recipients = true" in terraform([with_topic])
    assert "left out" not in terraform([with_topic])


@pytest.mark.skipif(shutil.which("terraform") is None, reason="no Terraform is installed")
def test_terraform_formats_it_no_further(tmp_path: Path) -> None:
    file = tmp_path / "budgets.tf"
    file.write_text(terraform([EVERYTHING, LOOKED_UP, Budget("c", ACCOUNT, None, Decimal(1), period=SPRING)]))
    done = subprocess.run(
        ["terraform", "fmt", "-check", "-diff", str(file)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, "")


SPRING = CustomPeriod(date(2026, 3, 1), date(2026, 5, 31))


# -- gcloud ----------------------------------------------------------------------------------------------


def commands(text: str) -> list[list[str]]:
    """The words of each command that makes a budget, as a shell would hand them over."""
    found = []
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith("gcloud billing budgets create"):
            found.append(shlex.split(line)[4:])
    return found


@FEW
@given(configurations(), accounts)
def test_gcloud_is_told_the_same(tables: list[dict[str, Any]], account: dict[str, str]) -> None:
    budgets = declared(tables, account)
    found = commands(gcloud(budgets))
    assert len(found) == len(budgets)
    for budget, words in zip(budgets, found, strict=True):
        flags: dict[str, list[str]] = {}
        for word in words:
            name, _, value = word.partition("=")
            flags.setdefault(name, []).append(value)
        _check_flags(budget, flags)


def _check_flags(budget: Budget, flags: dict[str, list[str]]) -> None:
    assert flags["--billing-account"] == [budget.billing_account or "$account_1"]
    assert flags["--display-name"] == [budget.display_name]
    if isinstance(budget.amount, Decimal):
        (amount,) = flags["--budget-amount"]
        number = amount.removesuffix(budget.currency or "")
        assert Decimal(number) == budget.amount
        # gcloud takes the digits behind the point for nanos: all nine, or none.
        assert "." not in number or len(number.partition(".")[2]) == 9
    else:
        assert flags["--last-period-amount"] == [""]
    assert flags.get("--filter-projects", []) == ([",".join(budget.projects)] if budget.projects else [])
    assert flags.get("--filter-services", []) == ([",".join(budget.services)] if budget.services else [])
    assert flags.get("--filter-labels", []) == (["=".join(budget.label)] if budget.label else [])
    (treatment,) = flags["--credit-types-treatment"]
    if isinstance(budget.credits, str):
        assert treatment == f"{budget.credits}-credits"
    else:
        assert treatment == "include-specified-credits"
        assert flags["--filter-credit-types"] == [",".join(budget.credits)]
    if isinstance(budget.period, CustomPeriod):
        assert flags["--start-date"] == [str(budget.period.start)]
        assert flags.get("--end-date", []) == ([str(budget.period.end)] if budget.period.end else [])
    else:
        assert flags["--calendar-period"] == [budget.period]
    rules = [dict(item.split("=") for item in rule.split(",")) for rule in flags.get("--threshold-rule", [])]
    bases = {"actual": "current-spend", "forecast": "forecasted-spend"}
    assert [(Decimal(rule["percent"]), rule["basis"]) for rule in rules] == [
        (rule.at, bases[rule.on]) for rule in budget.thresholds
    ]
    notify = budget.notify
    topics = flags.get("--notifications-rule-pubsub-topic", [])
    assert topics == ([notify.pubsub_topic] if notify.pubsub_topic else [])
    channels = flags.get("--notifications-rule-monitoring-notification-channels", [])
    assert channels == ([",".join(notify.channels)] if notify.channels else [])
    assert ("--disable-default-iam-recipients" in flags) is not notify.default_recipients


def test_gcloud_of_everything() -> None:
    text = gcloud([EVERYTHING])
    assert text.startswith("#!/bin/sh\n# Budgets of costguard")
    assert text[text.index("\ngcloud") :] == (
        "\ngcloud billing budgets create \\\n"
        "  --billing-account=000000-AAAAAA-BBBBBB \\\n"
        "  --display-name=costguard/churn-team \\\n"
        "  --budget-amount=500.250000000USD \\\n"
        "  --filter-projects=projects/123456789,projects/shop \\\n"
        "  --filter-services=services/24E6-581D-38E5 \\\n"
        "  --filter-labels=team=ml \\\n"
        "  --credit-types-treatment=include-specified-credits \\\n"
        "  --filter-credit-types=DISCOUNT,PROMOTION \\\n"
        "  --calendar-period=month \\\n"
        "  --threshold-rule=percent=0.5,basis=current-spend \\\n"
        "  --threshold-rule=percent=0.8,basis=current-spend \\\n"
        "  --threshold-rule=percent=1,basis=current-spend \\\n"
        "  --threshold-rule=percent=1,basis=forecasted-spend \\\n"
        "  --notifications-rule-pubsub-topic=projects/p/topics/t \\\n"
        "  --notifications-rule-monitoring-notification-channels=projects/p/notificationChannels/1 \\\n"
        "  --disable-default-iam-recipients\n"
    )


def run_by_shell(tmp_path: Path, account: str) -> subprocess.CompletedProcess[str]:
    """The script of a budget whose account is looked up, with a gcloud that only says what it was told."""
    fake = tmp_path / "gcloud"
    fake.write_text(
        f'#!/bin/sh\nif [ "$2" = projects ]; then echo "{account}"; else printf "%s\\n" "$@"; fi\n'
    )
    fake.chmod(0o755)
    return subprocess.run(
        ["/bin/sh"],
        input=gcloud([LOOKED_UP]),
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_account_is_looked_up_by_the_script(tmp_path: Path) -> None:
    done = run_by_shell(tmp_path, "billingAccounts/111111-AAAAAA-BBBBBB")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[:5] == [
        *("billing", "budgets", "create"),
        *("--billing-account=111111-AAAAAA-BBBBBB", "--display-name=costguard/9/team"),
    ]


def test_the_script_ends_without_an_account(tmp_path: Path) -> None:
    done = run_by_shell(tmp_path, "")
    assert done.returncode != 0
    assert done.stdout == ""
    assert "shop has no billing account, or no right to see it" in done.stderr


def test_what_gcloud_has_no_flag_for() -> None:
    owners = Budget(
        "a", ACCOUNT, None, Decimal(1), projects=("projects/1",), notify=Notify(project_owners=True)
    )
    assert "\n# notify.project_owners is left out: gcloud has no flag for it" in gcloud([owners])
