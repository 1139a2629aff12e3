"""`costguard report`."""

from __future__ import annotations

import json
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.history.bills import charge, parquet
from tests.history.test_jobs import job
from tests.history.test_jobs import parquet as jobs_parquet
from tests.report.weeks import MONDAY, daily, weeks

from .browser import CHROMIUM, check_page
from .conftest import Costguard

NOW = ("--now", "2026-09-18T06:00:00Z")


@pytest.fixture
def bill(tmp_path: Path) -> str:
    rows = [*weeks(5), daily(MONDAY + timedelta(days=9), 1.0)]
    return parquet(tmp_path / "bill.parquet", rows)


def test_the_week_that_has_ended(costguard: Costguard, bill: str) -> None:
    done = costguard("report", "--billing", bill, *NOW)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(
        "# Cost of 2026-W37 (7 September to 13 September 2026)\n\n**$70.00 net, as in the week"
    )


def test_the_same_report_twice(costguard: Costguard, bill: str, tmp_path: Path) -> None:
    for format in ("markdown", "html", "json", "csv", "slack"):
        one, other = tmp_path / f"one.{format}", tmp_path / f"other.{format}"
        for file in (one, other):
            done = costguard("report", "--billing", bill, *NOW, "--format", format, "-o", file)
            assert (done.code, done.out, done.err) == (0, "", "")
        assert one.read_bytes() == other.read_bytes()
        assert "70.00" in one.read_text()


def test_the_command_of_a_report_makes_it_again(costguard: Costguard, bill: str, tmp_path: Path) -> None:
    config = tmp_path / "costguard.toml"
    config.write_text("")
    given = (
        "report",
        "--billing",
        bill,
        *NOW,
        "--label",
        "team",
        "--timezone",
        "Asia/Tokyo",
        "--config",
        str(config),
    )
    done = costguard(*given)
    command = (
        f"costguard report --billing {bill} --week 2026-W37 --now 2026-09-18T06:00:00Z --timezone Asia/Tokyo "
        f"--label team --config {config}"
    )
    assert done.out.endswith(f"\n\nAgain: `{command}`\n")
    assert costguard(*shlex.split(command)[1:]).out == done.out


def test_a_mail(costguard: Costguard, bill: str) -> None:
    done = costguard(
        *(
            "report",
            "--billing",
            bill,
            *NOW,
            "--format",
            "eml",
            "--mail-from",
            "a@b.ch",
            "--mail-to",
            "c@d.ch",
        )
    )
    assert done.code == 0
    assert "\nTo: c@d.ch\n" in done.out.replace("\r\n", "\n")


def test_labels_and_zone(costguard: Costguard, bill: str) -> None:
    done = costguard(
        *("report", "--billing", bill, *NOW, "--label", "team", "--label", "env", "--timezone", "Asia/Tokyo"),
        *("--format", "json"),
    )
    document = json.loads(done.out)
    assert list(document["by"]) == ["phase", "service", "project", "sku", "label:team", "label:env", "day"]
    assert [row["id"] for row in document["by"]["label:env"]] == [None]
    assert document["timezone"] == "Asia/Tokyo"


def test_the_config_says_zone_labels_and_phases(costguard: Costguard, bill: str, tmp_path: Path) -> None:
    config = tmp_path / "costguard.toml"
    config.write_text(
        'timezone = "Europe/Zurich"\nreport_labels = ["env"]\n'
        '[[phases.rules]]\nphase = "training"\nservice = ["24E6-581D-38E5"]\n'
    )
    done = costguard("report", "--billing", bill, *NOW, "--config", config, "--format", "json")
    document = json.loads(done.out)
    assert document["timezone"] == "Europe/Zurich"
    assert list(document["by"]) == ["phase", "service", "project", "sku", "label:env", "day"]
    assert [row["id"] for row in document["by"]["phase"]] == ["training"]


def test_budgets_of_the_config(costguard: Costguard, bill: str, tmp_path: Path) -> None:
    """13 days of 10 in September, which are closed, and 1 on the 16th, which is not; 17 days of 10 are left."""
    config = tmp_path / "costguard.toml"
    budget = '[[budgets]]\nname = "b"\nbilling_account = "000000-AAAAAA-BBBBBB"\namount = 120\n'
    config.write_text(budget)
    for format, wanted in (
        *(("markdown", "## Budgets"), ("html", "<h2>Budgets</h2>"), ("slack", "*Budgets*")),
        *(("json", '"state": "over"'), ("eml", "Over budget: b.")),
    ):
        addresses = ("--mail-from", "a@b.ch", "--mail-to", "c@d.ch") if format == "eml" else ()
        done = costguard("report", "--billing", bill, *NOW, "--format", format, *addresses)
        assert done.code == 0
        assert wanted in done.out, format
    document = json.loads(costguard("report", "--billing", bill, *NOW, "--format", "json").out)
    (state,) = document["budgets"]
    assert (state["spent"], state["forecast"]["point"]) == ("131.00", "300.00")
    config.write_text(budget.replace("amount", "amuont"))
    done = costguard("report", "--billing", bill, *NOW)
    assert (done.code, done.out) == (2, "")
    assert "budget 'b': unknown key 'amuont'; did you mean 'amount'?" in done.err


def test_commit_and_comment_of_the_ledger(costguard: Costguard, bill: str, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    start = {"version": 1, "event": "start", "id": "run", "time": "2026-09-08T11:30:00Z"}
    end = {"version": 1, "event": "end", "id": "run", "time": "2026-09-08T14:00:00Z", "comment": None}
    lines = ({**start, "commit": "2844c7c" + "0" * 33, "comment": "wider features"}, end)
    ledger.write_text("".join(json.dumps(line) + "\n" for line in lines))
    arguments = ("report", "--billing", bill, *NOW, "--ledger", ledger)
    document = json.loads(costguard(*arguments, "--format", "json").out)
    stamped = {
        item["id"]: (item["commit"][:7], item["comment"]) for item in document["iterations"] if item["commit"]
    }
    assert stamped == {"shop@2026-09-08T12:00": ("2844c7c", "wider features")}
    assert "- shop\\@\u200b2026-09-08T12:00: commit 2844c7c: wider features\n" in costguard(*arguments).out


def test_jobs_are_counted_with_their_iteration(costguard: Costguard, bill: str, tmp_path: Path) -> None:
    start = datetime(2026, 9, 8, 12, tzinfo=UTC)
    jobs = jobs_parquet(
        tmp_path / "jobs.parquet", [job(creation_time=start, start_time=start, end_time=start, labels=[])]
    )
    done = costguard("report", "--billing", bill, "--jobs", jobs, *NOW, "--format", "json")
    counted = {item["id"]: item["jobs"] for item in json.loads(done.out)["iterations"] if item["jobs"]}
    assert counted == {"shop@2026-09-08T12:00": 1}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "a report needs the bill: --billing EXPORT (docs/history.md says how to get it)"),
        (("--billing", "{bill}", "--week", "2026-W99"), "'2026-W99' is no ISO week such as 2026-W47"),
        (("--billing", "{bill}", "--week", "2026-W50"), "2026-W50 has not begun yet"),
        (
            ("--billing", "{bill}", "--week", "0001-W01"),
            "--week '0001-W01': the year must be from 1970 to 2999",
        ),
        (
            ("--billing", "{bill}", "--week", "9999-W52"),
            "--week '9999-W52': the year must be from 1970 to 2999",
        ),
        (
            ("--billing", "{bill}", "--week", "2025-W50"),
            "the bill has no charges of 2025-W50; it reaches from ",
        ),
        (("--billing", "{bill}", "--timezone", "Mars"), "'Mars' is no time zone such as Europe/Zurich"),
        (("--billing", "nowhere"), "nowhere: no such file"),
        (("--billing", "{bill}", "--format", "eml"), "--format eml needs --mail-from and --mail-to"),
        (("--billing", "{bill}", "--mail-to", "a@b.ch"), "--mail-from and --mail-to are for --format eml"),
        (("--billing", "{bill}", "-o", "no/where.md"), "no/where.md: cannot be written"),
        (("--billing", "{bill}", "--ledger", "gone.jsonl"), "gone.jsonl: no such file; `costguard iteration"),
    ],
)
def test_what_cannot_be_reported(
    costguard: Costguard, bill: str, arguments: tuple[str, ...], message: str
) -> None:
    done = costguard("report", *NOW, *(argument.format(bill=bill) for argument in arguments))
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"costguard: {message}")
    assert done.err.count("\n") == 1


def test_two_currencies(costguard: Costguard, tmp_path: Path) -> None:
    bill = parquet(tmp_path / "two.parquet", [charge(1.0), charge(1.0, currency="CHF")])
    done = costguard("report", "--billing", bill, *NOW)
    assert (done.code, done.out) == (2, "")
    assert "amounts in CHF and USD cannot be added up" in done.err


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_shows_it(costguard: Costguard, bill: str, tmp_path: Path, scheme: str) -> None:
    """Headless Chromium reads the file, complains of nothing and draws it on the scheme's ground."""
    page = tmp_path / "report.html"
    assert costguard("report", "--billing", bill, *NOW, "--format", "html", "-o", page).code == 0
    check_page(page, scheme, tmp_path)
