"""Budgets as the config declares them: what they come to, and every limit with its line."""

from __future__ import annotations

import json
import tomllib
from datetime import date
from decimal import Decimal

import pytest

from costguard.budgets.declared import (
    DEFAULT_THRESHOLDS,
    Budget,
    CustomPeriod,
    Notify,
    Threshold,
    declared_budgets,
)
from costguard.config import Config
from costguard.errors import UsageProblem

LEAST = 'name = "b"\nbilling_account = "000000-AAAAAA-BBBBBB"\namount = 5\n'


def declared(text: str, **settings: object) -> tuple[Budget, ...]:
    """What a config with these budgets declares."""
    return declared_budgets(Config.model_validate({**tomllib.loads(text), **settings}))


def budget(lines: str = "", least: str = LEAST) -> Budget:
    (found,) = declared(f"[[budgets]]\n{least}{lines}")
    return found


def problems(text: str) -> list[str]:
    with pytest.raises(UsageProblem) as problem:
        declared(text)
    return str(problem.value).splitlines()


def problem(lines: str, least: str = LEAST) -> str:
    """The one line about the budget `b`."""
    (line,) = problems(f"[[budgets]]\n{least}{lines}")
    return line.removeprefix("budget 'b': ")


def named(name: str) -> str:
    """The least that a budget of this name has."""
    return LEAST.replace('"b"', json.dumps(name))


def test_every_key() -> None:
    (found,) = declared(
        """
[[budgets]]
name = "churn-team"
billing_account = "000000-AAAAAA-BBBBBB"
amount = "500.00"
currency = "USD"
projects = ["projects/my-project", "projects/123456789", "projects/my-project"]
services = ["services/24E6-581D-38E5"]
label = { team = "ml" }
period = { start = 2026-01-01, end = 2026-06-30 }
credits = ["PROMOTION", "DISCOUNT"]
thresholds = [{ at = 0.9 }, { at = 0.5, on = "actual" }]
[budgets.notify]
pubsub_topic = "projects/p/topics/t"
channels = ["projects/p/notificationChannels/2"]
default_recipients = false
"""
    )
    assert found == Budget(
        name="churn-team",
        billing_account="000000-AAAAAA-BBBBBB",
        project=None,
        amount=Decimal("500.00"),
        currency="USD",
        projects=("projects/123456789", "projects/my-project"),
        services=("services/24E6-581D-38E5",),
        label=("team", "ml"),
        period=CustomPeriod(date(2026, 1, 1), date(2026, 6, 30)),
        credits=("DISCOUNT", "PROMOTION"),
        thresholds=(Threshold(Decimal("0.5")), Threshold(Decimal("0.9"))),
        notify=Notify("projects/p/topics/t", ("projects/p/notificationChannels/2",), False, False),
    )
    assert found.display_name == "costguard/churn-team"


def test_what_is_not_said() -> None:
    assert budget() == Budget(
        name="b", billing_account="000000-AAAAAA-BBBBBB", project=None, amount=Decimal(5)
    )
    assert budget("thresholds = []\nnotify = { pubsub_topic = 'projects/p/topics/t' }").thresholds == ()


def test_a_custom_period_has_no_forecast_by_default_either() -> None:
    assert budget("period = { start = 2026-01-01 }").thresholds == DEFAULT_THRESHOLDS[:3]


@pytest.mark.parametrize(
    ("amount", "value"),
    [
        ('"500.00"', Decimal(500)),
        ("0.1", Decimal("0.1")),
        ("0", Decimal(0)),
        ('"0.000000001"', Decimal("0.000000001")),
        ('"9223372036854775807"', Decimal(2**63 - 1)),
        ('"last-period"', "last-period"),
    ],
)
def test_amounts(amount: str, value: object) -> None:
    assert budget(f"amount = {amount}", LEAST.replace("amount = 5\n", "")).amount == value


def test_the_account_is_that_of_the_config_s_project() -> None:
    text = '[[budgets]]\nname = "b"\namount = 5\n'
    (found,) = declared(text, project="p")
    assert (found.project, found.billing_account) == ("p", None)
    (found,) = declared(text + 'project = "q"\n', project="p")
    assert found.project == "q"
    (found,) = declared(f"[[budgets]]\n{LEAST}", project="p")
    assert found.project is None


def test_days_may_be_texts() -> None:
    assert budget('period = { start = "2026-01-31" }').period == CustomPeriod(date(2026, 1, 31))


def test_one_project_has_owners() -> None:
    lines = "projects = ['projects/1', 'projects/1']\nnotify = { project_owners = true, default_recipients = false }"
    assert budget(lines).notify.project_owners


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        ("ammount = 1", "unknown key 'ammount'; did you mean 'amount'?"),
        ("currency = 'usd'", "currency: 'usd' has not the form USD (ISO 4217)"),
        ("currency = 5", "currency: must be a text"),
        ("projects = ['p']", "projects: 'p': not of the form projects/123456789 or projects/my-project"),
        ("projects = 5", "projects: must be a list"),
        ("projects = [5]", "projects.0: must be a text"),
        (
            "services = ['24E6-581D-38E5', 'services/x']",
            "services: '24E6-581D-38E5', 'services/x': not of the form services/24E6-581D-38E5",
        ),
        (
            "label = { a = 'b', c = 'd' }",
            'label: must be one key with one value, such as { team = "ml" }: the service takes no more',
        ),
        (
            "label = {}",
            'label: must be one key with one value, such as { team = "ml" }: the service takes no more',
        ),
        (
            "label = { team = ['a', 'b'] }",
            "label: team must have one text as its value, such as { team = 'ml' }",
        ),
        (
            "label = { Team = 'a' }",
            "label: 'Team' is no key of a label: lower case, digits, _ and -, a letter first, at most 63 characters",
        ),
        (
            "label = { team = 'A' }",
            "label: 'A' is no value of a label: lower case, digits, _ and -, 1 to 63 characters",
        ),
        (
            "period = 'week'",
            "period: 'week' is not one of month, quarter, year, and no { start = 2026-01-01, end = 2026-06-30 }",
        ),
        ("period = 5", "period: must be month, quarter, year, or { start = 2026-01-01, end = 2026-06-30 }"),
        ("period = { end = 2026-01-01 }", "period: start is missing: a custom period begins on a day"),
        ("period = { start = 2026-01-01, stop = 1 }", "period: unknown key 'stop'; known: end, start"),
        ("period = { start = 2026-01-01T00:00:00Z }", "period: start must be a day such as 2026-01-31"),
        ("period = { start = '2026-02-30' }", "period: start must be a day such as 2026-01-31"),
        (
            "period = { start = 2017-01-01 }",
            "period: start 2017-01-01 is too early: it must be after 2017-01-01",
        ),
        (
            "period = { start = 2026-01-01, end = 2026-01-01 }",
            "period: end 2026-01-01 is not after start 2026-01-01",
        ),
        (
            "credits = 'all'",
            "credits: 'all' is not one of include-all, exclude-all; types of credits stand in a list: [\"DISCOUNT\"]",
        ),
        ("credits = []", "credits: the list is empty: exclude-all says so"),
        ("credits = 5", 'credits: must be include-all, exclude-all, or a list such as ["DISCOUNT"]'),
        (
            "credits = ['discount']",
            "credits: 'discount' is no type of credit; one of COMMITTED_USAGE_DISCOUNT, "
            "COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE, DISCOUNT, FEE_UTILIZATION_OFFSET, FREE_TIER, PROMOTION, "
            "RESELLER_MARGIN, SUBSCRIPTION_BENEFIT, SUSTAINED_USAGE_DISCOUNT",
        ),
        ("thresholds = [{ at = 0 }]", "thresholds.0.at: 0 must be more than nothing, such as 0.5 for 50 %"),
        (
            "thresholds = [{ at = nan }]",
            "thresholds.0.at: nan must be more than nothing, such as 0.5 for 50 %",
        ),
        (
            "thresholds = [{ at = '50 %' }]",
            "thresholds.0.at: '50 %' is no part of the amount, such as 0.5 for 50 %",
        ),
        (
            "thresholds = [{ at = true }]",
            "thresholds.0.at: must be a part of the amount, such as 0.5 for 50 %",
        ),
        (
            "thresholds = [{ at = '0.10000000000000000001' }]",
            "thresholds.0.at: 0.10000000000000000001 has more digits than the service can hold",
        ),
        ("thresholds = [{ on = 'actual' }]", "thresholds.0.at: is missing"),
        ("thresholds = [{ att = 1, at = 1 }]", "unknown key 'thresholds.0.att'; did you mean 'at'?"),
        (
            "thresholds = [{ at = 1, on = 'spent' }]",
            "thresholds.0.on: must be 'actual' or 'forecast'",
        ),
        ("thresholds = [0.5]", "thresholds.0: must be a table"),
        ("thresholds = [{ at = 1 }, { at = 1.0 }]", "thresholds: at = 1 on actual stands there 2 times"),
        ("thresholds = []", "thresholds: without any, nobody would be told"),
        (
            "period = { start = 2026-01-01 }\nthresholds = [{ at = 1, on = 'forecast' }]",
            "thresholds: there is a forecast only for a period that comes again: month, quarter or year",
        ),
        (
            "notify = { topics = 'x' }",
            "unknown key 'notify.topics'; known: channels, default_recipients, project_owners, pubsub_topic",
        ),
        (
            "notify = { pubsub_topic = 'topics/t' }",
            "notify.pubsub_topic: 'topics/t' has not the form projects/PROJECT/topics/TOPIC",
        ),
        (
            "notify = { channels = ['me@example.com'] }",
            "notify.channels: 'me@example.com': not of the form projects/PROJECT/notificationChannels/ID",
        ),
        (
            f"notify = {{ channels = {[f'projects/p/notificationChannels/{n}' for n in range(6)]} }}",
            "notify.channels: 6 channels; the service takes 5",
        ),
        (
            "notify = { project_owners = true }",
            "notify.project_owners: needs a budget of exactly one project; `projects` names none",
        ),
        (
            "projects = ['projects/1', 'projects/2']\nnotify = { project_owners = true }",
            "notify.project_owners: needs a budget of exactly one project; `projects` names 2",
        ),
        (
            "notify = { default_recipients = false }",
            "notify: nobody would be told; give a topic, a channel, project_owners or default_recipients",
        ),
        ("project = 'p'", "has both billing_account and project: one of them says which account it is in"),
        ("project = 'P!'", "project: 'P!' has not the form my-project"),
    ],
)
def test_a_limit(lines: str, line: str) -> None:
    assert problem(lines) == line


@pytest.mark.parametrize(
    ("amount", "line"),
    [
        ("-1", "amount: -1 is less than nothing"),
        ("true", 'amount: must be an amount such as "500.00", or "last-period"'),
        ("'much'", 'amount: \'much\' is no amount such as "500.00", and not "last-period"'),
        ("inf", "amount: inf is no amount"),
        ("'nan'", "amount: 'nan' is no amount"),
        ("'1e30'", "amount: 1e30 is more than the service can hold (9223372036854775807)"),
        (
            "'0.0000000001'",
            "amount: 0.0000000001 has more than nine decimals, which the service cannot hold",
        ),
    ],
)
def test_an_amount_that_is_none(amount: str, line: str) -> None:
    least = LEAST.replace("amount = 5", f"amount = {amount}")
    assert problem("", least) == line


def test_the_last_period_of_a_time_that_does_not_come_again() -> None:
    least = LEAST.replace("amount = 5", "amount = 'last-period'")
    assert problem("period = { start = 2026-01-01 }", least) == (
        "amount: last-period needs a period that comes again: month, quarter or year"
    )


@pytest.mark.parametrize("account", ["billingAccounts/000000-AAAAAA-BBBBBB", "000000-aaaaaa-bbbbbb", "1", ""])
def test_an_account_that_is_none(account: str) -> None:
    least = LEAST.replace("000000-AAAAAA-BBBBBB", account)
    assert problem("", least) == f"billing_account: {account!r} has not the form 000000-AAAAAA-BBBBBB"


@pytest.mark.parametrize("name", ["-b", "b-", "a b", "ö", "costguard\n"])
def test_a_name_that_is_none(name: str) -> None:
    (line,) = problems(f"[[budgets]]\n{named(name)}")
    assert line == f"budget {name!r}: name: {name!r}: letters, digits, and between them . _ / - make a name"


def test_the_longest_name() -> None:
    assert len(budget("", named("n" * 50)).display_name) == 60
    name = "n" * 51
    (line,) = problems(f"[[budgets]]\n{named(name)}")
    assert line == (
        f"budget {name!r}: name: too long by 1: the service takes display names of 60 characters, "
        "10 of which are 'costguard/'"
    )


def test_all_problems_at_once_each_with_its_budget() -> None:
    assert problems(
        f"""
[[budgets]]
{LEAST}
currency = "usd"
period = "week"
[[budgets]]
amount = "x"
[[budgets]]
name = "c"
amount = 1
thresholds = []
[[budgets]]
{LEAST}
"""
    ) == [
        "budget 'b': currency: 'usd' has not the form USD (ISO 4217)",
        "budget 'b': period: 'week' is not one of month, quarter, year, and no "
        "{ start = 2026-01-01, end = 2026-06-30 }",
        "budget 2 (of no name): name: is missing",
        'budget 2 (of no name): amount: \'x\' is no amount such as "500.00", and not "last-period"',
        'budget \'c\': names no account: give billing_account = "000000-AAAAAA-BBBBBB", or project = "my-project"',
        "budget 'c': thresholds: without any, nobody would be told",
        "budget 'b': 2 budgets have this name; each needs its own",
    ]


def test_none_are_declared() -> None:
    assert declared("") == ()
