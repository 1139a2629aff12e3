"""`costguard budget explain`."""

from __future__ import annotations

import base64
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings

from tests.budgets.test_notification import BARE, DOCUMENTS, NOTIFICATIONS, message
from tests.history.bills import parquet
from tests.report.weeks import daily, weeks

from .conftest import Costguard, Done

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "churn"
SCHEMA = json.loads((Path(__file__).parents[1] / "render" / "budget-explanation.schema.json").read_text())
BUDGET = '[[budgets]]\nname = "churn-team"\nproject = "p"\namount = 450\n'
NOW = ("--now", "2026-09-14T06:00:00Z")
SEPTEMBER = {**BARE, "costIntervalStart": "2026-09-01T07:00:00Z"}
Explain = Callable[..., Done]


class Terminal(io.TextIOWrapper):
    """Standard input at which a person sits."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def explain(costguard: Costguard, monkeypatch: pytest.MonkeyPatch) -> Explain:
    """Gives a message on standard input."""

    def call(document: Any, *arguments: object) -> Done:
        data = document if isinstance(document, bytes) else json.dumps(document).encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        done = costguard("budget", "explain", *arguments)
        if "json" in arguments and done.code == 0:
            jsonschema.validate(done.document, SCHEMA, jsonschema.Draft202012Validator)
        return done

    return call


def test_the_message_alone(explain: Explain) -> None:
    done = explain({"message": message(SEPTEMBER, "2026-09-13T12:00:00Z")}, *NOW)
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "Budget costguard/churn-team\n"
        "$412.50 spent of $500.00 (82 %); the threshold of 80 % is passed\n"
        "\n"
        "Period     2026-09-01 to 2026-09-30 (days of Pacific time); the message does not tell how long it is\n"
        "Covers     not known: the config declares no budget of this name\n"
        "Published  2026-09-13 12:00 UTC; Google's figure is up to a day late\n"
        "\n"
        "What to do\n"
        "  --billing EXPORT says what grew, and which iterations cost most\n"
        "  --jobs EXPORT --code PATH say which lines of code cost most\n"
        "  a budget stops nothing: costguard guard suggest proposes limits that do\n"
        "  hold each iteration in CI: costguard scan --max-usd-per-iteration, costguard diff --max-increase-usd\n"
        "\n"
        "Made by costguard 0.1.0 at 2026-09-14 06:00 UTC.\n"
    )


def test_no_threshold_was_crossed(explain: Explain) -> None:
    updates = {key: value for key, value in SEPTEMBER.items() if key != "alertThresholdExceeded"}
    done = explain(updates, *NOW)
    assert done.code == 0
    assert "$412.50 spent of $500.00 (82 %); no threshold was crossed\n" in done.out
    assert "one of the updates that come several times a day" in done.out
    forecast = explain(
        {**updates, "forecastThresholdExceeded": 1.2, "budgetAmountType": "LAST_MONTHS_COST"}, *NOW
    )
    assert "; the forecast passes 120 %\n" in forecast.out
    assert "Amount  what the period before came to\n" in forecast.out


def test_with_a_bill(explain: Explain, tmp_path: Path) -> None:
    """13 days of 10, and 30 more on the second; the config says 450, and the budget has 500."""
    bill = parquet(
        tmp_path / "bill.parquet", [*weeks(9), daily(weeks(9)[51]["usage_start_time"].date(), 30.0)]
    )
    (tmp_path / "costguard.toml").write_text(BUDGET)
    done = explain(SEPTEMBER, "--billing", bill, *NOW)
    assert (done.code, done.err) == (0, "")
    for line in (
        "Covers            all of the billing account, after all credits (as the config declares it)",
        "Bill              $160.00 from 2026-09-01 to 2026-09-13",
        "Change            +$30.00 (+23 %): $160.00 from 2026-09-01 to 2026-09-13, $130.00 from 2026-08-01 to",
        "Forecast 2026-09  $330.00 ($330.00 to $330.00), 20 days left: within",
        "Iterations        $160.00 in 13 iterations of the period",
        "Freshness         the bill was exported until 2026-09-13 19:00 UTC",
        "! The config declares $450.00, and the budget has $500.00: `costguard budget plan` shows the difference.",
        "  sku Analysis (US)      $130.00     $160.00  +$30.00 (+23 %)",
        "  Wed\u00a02\u00a0Sep  $40.00  $10.00",
        "  shop@2026-09-02T12:00  2026-09-02 12:00  $40.00  preprocessing",
    ):
        assert line.strip() in done.out, line


def test_markdown_and_json(explain: Explain, tmp_path: Path) -> None:
    bill = parquet(tmp_path / "bill.parquet", weeks(9))
    done = explain(SEPTEMBER, "--billing", bill, *NOW, "--format", "markdown")
    assert done.out.startswith("# Budget costguard/churn-team\n\n**$412.50 spent of $500.00 (82 %); the thre")
    assert "taken for all of the billing account: the config declares no budget of this name" in done.out
    document = explain(SEPTEMBER, "--billing", bill, *NOW, "--format", "json", "--label", "team=ml").document
    assert document["version"] == 1
    assert (document["cost"], document["amount"], document["threshold"]) == ("412.50", "500.00", "0.8")
    assert document["scope"] == {
        "from": "given",
        "projects": [],
        "services": [],
        "label": {"team": "ml"},
        "credits": "include-all",
    }
    assert document["days"] == {"first": "2026-09-01", "last": "2026-09-13"}
    assert document["compared_with"] == {"first": "2026-08-01", "last": "2026-08-13"}
    assert (document["bill"]["net"], document["bill"]["net_before"]) == ("130.00", "130.00")
    assert document["bill"]["state"]["spent"] == "130.00"
    assert document["queries"] is None
    assert document["next_steps"][0] == "--jobs EXPORT --code PATH say which lines of code cost most"


def test_the_scope_of_options(explain: Explain, tmp_path: Path) -> None:
    bill = parquet(tmp_path / "bill.parquet", weeks(9))
    for arguments, net in (
        (("--project", "shop"), "130.00"),
        (("--project", "projects/123456789", "--service", "24E6-581D-38E5"), "130.00"),
        (("--project", "other"), "0.00"),
        (("--service", "services/6F81-5844-456A"), "0.00"),
        (("--label", "team=bi"), "0.00"),
    ):
        done = explain(SEPTEMBER, "--billing", bill, *NOW, *arguments, "--format", "json")
        assert done.document["bill"]["net"] == net, arguments


def test_what_is_wrong_with_the_bill_is_said(explain: Explain, tmp_path: Path) -> None:
    old = parquet(tmp_path / "old.parquet", weeks(1))
    done = explain(BARE, "--billing", old, "--now", "2026-10-20T06:00:00Z")
    assert "! The bill ends on 2026-09-13, before the period began on 2026-10-01.\n" in done.out
    short = explain(SEPTEMBER, "--billing", old, *NOW)
    assert "! The bill does not reach back to the period before: what grew cannot be told.\n" in short.out
    francs = explain({**SEPTEMBER, "currencyCode": "CHF"}, "--billing", old, *NOW)
    assert "! The budget is in CHF, the bill in USD.\n" in francs.out
    assert "! The bill does not tell what is spent of this budget: the bill is in USD.\n" in francs.out


def test_the_example_names_the_lines_of_code(explain: Explain, tmp_path: Path) -> None:
    """The week in which 60 days are filled again is in the month: its iteration is the dearest, its query too."""
    october = {**BARE, "costAmount": 545.83, "budgetAmount": 670}
    done = explain(
        october,
        *("--billing", EXAMPLE / "history" / "billing", "--jobs", EXAMPLE / "history" / "jobs"),
        *("--code", EXAMPLE, "--config", EXAMPLE / "costguard.toml", "--now", "2026-10-30T12:00:00Z"),
        *("--project", "kestrel-prod", "--format", "json"),
    )
    document = done.document
    assert document["bill"]["iterations"][0]["id"] == "kestrel-prod@2026-10-14T13:00"
    assert document["queries"][0]["path"].endswith("sql/ingest_events.sql")
    assert document["queries"][0]["start_line"] == 9
    assert document["next_steps"][0].startswith("fix ")
    assert "sql/ingest_events.sql:9 first: missing-partition-filter" in document["next_steps"][0]


@pytest.mark.parametrize("format", ["text", "markdown"])
def test_the_lines_of_code_for_people(explain: Explain, format: str) -> None:
    done = explain(
        {**BARE, "costAmount": 545.83, "budgetAmount": 670},
        *("--billing", EXAMPLE / "history" / "billing", "--jobs", EXAMPLE / "history" / "jobs"),
        *("--code", EXAMPLE, "--config", EXAMPLE / "costguard.toml", "--now", "2026-10-30T12:00:00Z"),
        *("--project", "kestrel-prod", "--format", format),
    )
    head = next(line for line in done.out.splitlines() if "in the period" in line)
    assert head.replace("|", " ").split() == ["runs", "a", "run", "in", "the", "period", "change"]
    assert "by week" not in done.out


def test_a_file_instead_of_standard_input(costguard: Costguard, tmp_path: Path) -> None:
    file = tmp_path / "message.json"
    file.write_text(json.dumps({"message": message()}))
    assert costguard("budget", "explain", file, *NOW).code == 0


def test_nobody_types_a_message(costguard: Costguard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(io.BytesIO()))
    done = costguard("budget", "explain")
    assert (done.code, done.err) == (
        *(2, "costguard: give the notification: costguard budget explain < message.json\n"),
    )


@pytest.mark.parametrize(
    ("document", "arguments", "message"),
    [
        (b"{", (), "the message is not JSON"),
        ({"a": 1}, (), "the message is no notification of a budget"),
        (BARE, ("--code", "."), "--code needs the job history: --jobs EXPORT"),
        (BARE, ("--label", "team"), "--label 'team' is no KEY=VALUE such as team=ml"),
        (BARE, ("--label", "=ml"), "--label '=ml' is no KEY=VALUE such as team=ml"),
        (BARE, ("--billing", "nowhere"), "nowhere: no such file"),
        (BARE, ("nowhere.json",), "nowhere.json: cannot be read"),
        (BARE, ("-o", "no/where.md"), "no/where.md: cannot be written"),
        (BARE, ("--ledger", "gone.jsonl"), "gone.jsonl: no such file; `costguard iteration"),
    ],
)
def test_what_cannot_be_explained(
    explain: Explain, document: Any, arguments: tuple[str, ...], message: str
) -> None:
    done = explain(document, *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"costguard: {message}")
    assert done.err.count("\n") == 1


def test_nothing_in_a_message_steers_a_terminal(explain: Explain, tmp_path: Path) -> None:
    evil = {
        **SEPTEMBER,
        "budgetDisplayName": "a\x1b]0;b\x07 <b>@all</b>\u202e\n# c",
        "currencyCode": "\x1b[31m",
    }
    for format in ("text", "markdown"):
        out = explain(evil, *NOW, "--format", format).out
        assert not any(char in out for char in ("\x1b", "\x07", "\u202e"))
        assert "\n# c" not in out
    assert "\\<b\\>" in out
    assert " @all" not in out


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(DOCUMENTS | NOTIFICATIONS | NOTIFICATIONS.map(message))
def test_any_json_is_explained_or_refused(explain: Explain, document: Any) -> None:
    done = explain(document, *NOW, "--format", "json")
    assert done.code in (0, 2)
    assert bool(done.out) is (done.code == 0)
    assert "internal error" not in done.err


def test_any_notification_with_a_bill(explain: Explain, tmp_path: Path) -> None:
    """Times far away, amounts of nothing, less than nothing and very much."""
    bill = parquet(tmp_path / "bill.parquet", weeks(9))
    times = (
        "0001-01-03T00:00:00Z",
        "9999-12-28T00:00:00Z",
        "2200-12-31T23:00:00Z",
        "2000-01-01",
        "2026-09-02T07:00:00Z",
        None,
    )
    for time in times:
        for amount in (0, -5, 10**15, 0.0000001, None):
            odd = {**SEPTEMBER, "costIntervalStart": time, "costAmount": amount or 0, "budgetAmount": amount}
            for format in ("text", "json"):
                done = explain({"message": message(odd)}, "--billing", bill, *NOW, "--format", format)
                assert (done.code, done.err) == (0, ""), (time, amount)


def test_the_data_may_be_written_by_hand(explain: Explain) -> None:
    data = base64.b64encode(json.dumps(BARE).encode()).decode()
    assert explain({"message": {"data": data}}, *NOW).code == 0
