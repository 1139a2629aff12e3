"""`costguard budget suggest`."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from costguard.budgets.declared import declared_budgets
from costguard.config import Config, load_config
from tests.history.bills import parquet
from tests.history.test_jobs import job
from tests.history.test_jobs import parquet as jobs_parquet
from tests.report.weeks import weeks

from .conftest import Costguard

NOW = ("--now", "2026-09-18T06:00:00Z")
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "churn"


@pytest.fixture
def bill(tmp_path: Path) -> str:
    return parquet(tmp_path / "bill.parquet", weeks(9))


def test_a_budget_for_each_project(costguard: Costguard, bill: str) -> None:
    done = costguard("budget", "suggest", "--billing", bill, *NOW)
    assert (done.code, done.err) == (0, "")
    assert "\nshop  380.00 a month: project shop (Shop)\n" in done.out


def test_toml_goes_into_the_config(costguard: Costguard, bill: str, tmp_path: Path) -> None:
    file = tmp_path / "costguard.toml"
    chosen = ("--by", "total", "--by", "label:team", "--credits", "exclude-all")
    done = costguard("budget", "suggest", "--billing", bill, *NOW, *chosen, "--format", "toml", "-o", file)
    assert (done.code, done.out, done.err) == (0, "", "")
    budgets = declared_budgets(load_config(file))
    assert [(budget.name, budget.amount, budget.credits) for budget in budgets] == [
        ("total", Decimal(380), "exclude-all"),
        ("team-ml", Decimal(380), "exclude-all"),
    ]


def test_the_least_that_counts(costguard: Costguard, bill: str) -> None:
    done = costguard("budget", "suggest", "--billing", bill, *NOW, "--min-usd", "372.01", "--format", "json")
    assert [item["reason"] for item in done.document["left_out"]] == ["less than 372.01 a month"]
    done = costguard("budget", "suggest", "--billing", bill, *NOW, "--min-usd", "372", "--format", "json")
    assert done.document["left_out"] == []


def test_jobs_tell_when_iterations_ran(costguard: Costguard, bill: str, tmp_path: Path) -> None:
    """An hour of each of 28 days is an iteration. A job from one of them to the next ties the two together: that goes
    on for longer than a day, and is none."""
    noon = datetime(2026, 9, 1, 12, tzinfo=UTC)
    long = job(
        labels=[], project_id="shop", creation_time=noon, start_time=noon, end_time=noon + timedelta(hours=23)
    )
    history = jobs_parquet(tmp_path / "jobs.parquet", [long])
    for arguments, count in (((), 28), (("--jobs", history), 26)):
        done = costguard("budget", "suggest", "--billing", bill, *NOW, "--format", "json", *arguments)
        assert done.document["iterations"]["count"] == count


def test_the_example(costguard: Costguard) -> None:
    """October came to 552.77 in the project, and to 581.73 in all."""
    done = costguard(
        *("budget", "suggest", "--billing", EXAMPLE / "history" / "billing", "--format", "toml"),
        *("--by", "project", "--by", "total", "--now", "2026-11-05T06:00:00Z"),
    )
    tables = tomllib.loads(done.out)["tool"]["costguard"]["budgets"]
    budgets = {budget.name: budget for budget in declared_budgets(Config.model_validate({"budgets": tables}))}
    assert budgets["kestrel-prod"].projects == ("projects/418230775194",)
    assert budgets["kestrel-prod"].amount == 670  # 552.77 x 1.2 = 663.33
    assert budgets["total"].amount == 700  # 581.73 x 1.2 = 698.08


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "proposals need the bill: --billing EXPORT (docs/history.md says how to get it)"),
        (
            ("--billing", "{bill}", "--by", "sku"),
            "no budget can be for each 'sku'; --by is one of project, serv",
        ),
        (("--billing", "{bill}", "--min-usd", "much"), "--min-usd 'much' is no amount such as 10 or 2.50"),
        (("--billing", "{bill}", "--min-usd", "-1"), "--min-usd '-1' is no amount such as 10 or 2.50"),
        (("--billing", "{bill}", "--min-usd", "NaN"), "--min-usd 'NaN' is no amount such as 10 or 2.50"),
        (("--billing", "nowhere"), "nowhere: no such file"),
        (("--billing", "{bill}", "-o", "no/where.toml"), "no/where.toml: cannot be written"),
    ],
)
def test_what_cannot_be_proposed(
    costguard: Costguard, bill: str, arguments: tuple[str, ...], message: str
) -> None:
    given = (argument.format(bill=bill) for argument in arguments)
    done = costguard("budget", "suggest", *NOW, *given)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"costguard: {message}")
    assert done.err.count("\n") == 1
