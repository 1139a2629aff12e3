"""`costguard baseline`, and scans that use one."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import RULE, Costguard, Done

NOW = ("--now", "2026-11-01T12:00:00Z")
ROOT = Path(__file__).resolve().parents[2]
CONTRADICTION = "--no-baseline contradicts --baseline and --update-baseline"


@pytest.fixture
def here(shop: Path, monkeypatch: pytest.MonkeyPatch, costguard: Costguard) -> Costguard:
    """The command, in the shop: 2 queries of 6.25 and 3.125 dollars; a star, which two rules find."""
    again = RULE.replace("id: every-column\naliases: [star-of-old]", "id: star-again")
    (shop / ".costguard" / "rules" / "own" / "star-again.md").write_text(again)
    monkeypatch.chdir(shop)
    return costguard


def entries(shop: Path, part: str = "findings") -> list[dict[str, Any]]:
    document = json.loads((shop / ".costguard" / "baseline.json").read_text())
    rows: list[dict[str, Any]] = document[part]
    return rows


def scan(costguard: Costguard, *arguments: object) -> Done:
    return costguard("scan", ".", *NOW, "--format", "json", *arguments)


def summary(costguard: Costguard, *arguments: object) -> tuple[int, int, int]:
    """Exit code, findings that count, and those in the baseline."""
    done = scan(costguard, *arguments)
    found = done.document["summary"]
    return done.code, found["findings"], found["baselined"]


def test_write_and_scan(here: Costguard, shop: Path) -> None:
    assert summary(here) == (1, 2, 0)
    done = here("baseline", "write", *NOW, "--reason", "before costguard", "--expires", "2027-01-01")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        ".costguard/baseline.json: 2 entries; 2 added",
        "  added  every-column  sql/all.sql",
        "  added  star-again    sql/all.sql",
    ]
    (first, _) = entries(shop)
    assert {key: value for key, value in first.items() if key != "fingerprint"} == {
        "rule": "every-column",
        "path": "sql/all.sql",
        "count": 1,
        "reason": "before costguard",
        "added": "2026-11-01",
        "expires": "2027-01-01",
    }
    assert summary(here) == (0, 0, 2)
    (row, _) = scan(here).document["findings"]
    assert (row["suppressed"], row["suppressed_by"]) == ("before costguard", "baseline")
    text = here("scan", ".", *NOW).out.splitlines()
    assert text[-3:] == [
        "Findings   none; 2 in the baseline",
        "Baseline   .costguard/baseline.json silences 2 findings",
        "Gate       passed",
    ]
    assert summary(here, "--no-baseline") == (1, 2, 0)
    assert summary(here, "--now", "2027-01-01") == (0, 0, 2)


def test_after_its_last_day_it_is_said(here: Costguard, shop: Path) -> None:
    here("baseline", "write", *NOW, "--expires", "2026-11-30")
    late = ("--now", "2026-12-01")
    done = here("scan", ".", *late)
    assert done.code == 1
    assert (
        "           2 entries have expired and silence nothing: every-column in sql/all.sql, star-again in\n"
        "           sql/all.sql\n" in done.out
    )
    refused = here("baseline", "write", *late)
    assert (refused.code, refused.out.splitlines()[0]) == (
        1,
        ".costguard/baseline.json: 2 entries; 2 new, NOT added",
    )
    renewed = here("baseline", "write", *late, "--accept-new")
    assert renewed.out.splitlines()[0] == ".costguard/baseline.json: 2 entries; 2 renewed"
    assert "expires" not in entries(shop)[0]
    assert entries(shop)[0]["added"] == "2026-11-01"


def test_a_change_of_the_baseline_needs_no_new_scan(here: Costguard, shop: Path) -> None:
    """The kept result is that of the code alone."""
    here("baseline", "write", *NOW)
    kept = (shop.parent / ".cache" / "costguard" / "costguard-cache.sqlite").read_bytes()
    assert summary(here) == (0, 0, 2)
    path = shop / ".costguard" / "baseline.json"
    path.write_text('{"version": 1}')
    assert summary(here) == (1, 2, 0)
    assert (shop.parent / ".cache" / "costguard" / "costguard-cache.sqlite").read_bytes() == kept


def test_new_code_counts_and_moved_code_does_not(here: Costguard, shop: Path) -> None:
    here("baseline", "write", *NOW)
    file = shop / "sql" / "all.sql"
    file.write_text("-- a comment\n\n" + file.read_text())
    assert summary(here) == (0, 0, 2)
    file.write_text(file.read_text() + "SELECT * FROM p.shop.orders;\n")
    assert summary(here)[:2] == (1, 2)
    refused = here("baseline", "write", *NOW)
    assert refused.code == 1
    assert refused.out.splitlines() == [
        ".costguard/baseline.json: 2 entries; 2 new, NOT added",
        "  new, NOT added  every-column  sql/all.sql (2 times)",
        "  new, NOT added  star-again    sql/all.sql (2 times)",
        "What is new is only accepted with --accept-new; better: repair it.",
    ]
    assert [row["count"] for row in entries(shop)] == [1, 1]
    assert here("baseline", "write", *NOW, "--accept-new").code == 0
    assert [row["count"] for row in entries(shop)] == [2, 2]
    assert summary(here) == (0, 0, 4)


def test_what_is_repaired_is_stale_until_it_is_pruned(here: Costguard, shop: Path) -> None:
    here("baseline", "write", *NOW)
    (shop / "sql" / "all.sql").write_text("SELECT id FROM p.shop.orders\n")
    assert (
        "           2 entries are stale, since code was repaired or is gone (`costguard baseline prune`):\n"
        in here("scan", ".", *NOW).out
    )
    assert [item["count"] for item in scan(here).document["baseline"]["stale"]] == [1, 1]
    shown = here("baseline", "show", *NOW).out.splitlines()
    assert shown[0] == ".costguard/baseline.json: 2 entries; 2 are stale"
    done = here("baseline", "prune", *NOW)
    assert done.out.splitlines()[0] == ".costguard/baseline.json: 0 entries; 2 removed"
    assert entries(shop) == []
    assert here("baseline", "prune", *NOW).out == ".costguard/baseline.json: 0 entries; nothing changed\n"


def test_a_scan_may_prune(here: Costguard, shop: Path) -> None:
    here("baseline", "write", *NOW)
    assert here("scan", ".", *NOW, "--update-baseline").err == ""
    (shop / "sql" / "all.sql").write_text("SELECT id FROM p.shop.orders\n")
    done = scan(here, "--update-baseline")
    assert done.err == "costguard: .costguard/baseline.json: 2 stale entries removed or lowered\n"
    assert (done.document["baseline"]["entries"], done.document["baseline"]["stale"]) == (0, [])
    (shop / "sql" / "all.sql").write_text("SELECT * FROM p.shop.orders\n")
    assert summary(here, "--update-baseline") == (1, 2, 0)
    assert entries(shop) == []


def test_a_scan_of_a_part(here: Costguard, shop: Path) -> None:
    here("baseline", "write", *NOW)
    part = here("scan", "sql/one.sql", *NOW, "--format", "json").document["baseline"]
    assert (part["entries"], part["stale"]) == (2, [])
    rule = scan(here, "--rule", "every-column").document["baseline"]
    assert rule["stale"] == []
    assert here("baseline", "show", "sql/one.sql", *NOW).out.splitlines()[0] == (
        ".costguard/baseline.json: 2 entries; 2 are about what was not scanned"
    )


def test_from_any_directory(costguard: Costguard, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fingerprints take the path from the top of the project."""
    (shop / ".git").mkdir()
    monkeypatch.chdir(shop)
    costguard("baseline", "write", *NOW)
    assert len(entries(shop)) == 1
    for folder, given in (
        (shop / "sql", "."),
        (shop.parent, "shop"),
        (shop.parent, shop),
        (shop / "sql", ".."),
    ):
        monkeypatch.chdir(folder)
        done = costguard("scan", given, *NOW, "--format", "json")
        assert (done.code, done.document["summary"]["baselined"]) == (0, 1), (folder, given)
        assert done.document["baseline"]["stale"] == []


def test_without_a_config_it_lies_at_the_top_of_the_work_tree(
    costguard: Costguard, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shop / "costguard.toml").unlink()
    (shop / ".git").mkdir()
    (shop / "sql" / "one.sql").write_text("SELECT id FROM (SELECT id FROM p.shop.orders ORDER BY id)\n")
    monkeypatch.chdir(shop / "sql")
    done = costguard("baseline", "write", *NOW)
    assert done.out.startswith(f"{shop}/.costguard/baseline.json: ")
    assert (shop / ".costguard" / "baseline.json").exists()
    assert (
        costguard("scan", ".", *NOW, "--format", "json").document["baseline"]["path"]
        == f"{shop}/.costguard/baseline.json"
    )


def test_budgets(here: Costguard, shop: Path) -> None:
    limit = ("--max-usd-per-query", "5")
    assert here("scan", ".", *NOW, "--fail-on", "never", *limit).code == 1
    here("baseline", "write", *NOW, *limit, "--expires", "2027-01-01")
    (row,) = entries(shop, "queries")
    assert (row["path"], row["budget"]) == ("sql/all.sql", {"usd_per_run": "6.25", "until": "2027-01-01"})
    assert scan(here, *limit).code == 0
    text = here("scan", ".", *NOW, *limit).out
    assert "Baseline   .costguard/baseline.json silences 2 findings and gives 1 query a budget\n" in text
    late = here("scan", ".", "--now", "2027-01-02", "--fail-on", "never", *limit)
    assert late.code == 1
    assert "shop/sql/all.sql" not in late.out
    assert "sql/all.sql:1: one run costs $6.25, more than $5.00 (--max-usd-per-query)" in late.out
    path = shop / ".costguard" / "baseline.json"
    path.write_text(path.read_text().replace('"6.25"', '"6.24"'))
    done = here("scan", ".", *NOW)
    assert done.code == 1
    assert (
        "Gate       FAILED: sql/all.sql:1: one run costs $6.25, more than the $6.24 that the baseline allows\n"
        "           until 2027-01-01\n" in done.out
    )
    assert here("baseline", "show", *NOW).out.splitlines()[0].endswith("2 hold, 1 is over its budget")


def test_show(here: Costguard, shop: Path) -> None:
    here("baseline", "write", "--now", "2026-10-01", "--max-usd-per-query", "5", "--reason", "later")
    path = shop / ".costguard" / "baseline.json"
    path.write_text(path.read_text().replace('"6.25"', '"7.00",\n        "until": "2027-01-01"'))
    done = here("baseline", "show", *NOW)
    assert done.code == 0
    assert [" ".join(line.split()) for line in done.out.splitlines()] == [
        ".costguard/baseline.json: 3 entries; 3 hold",
        "",
        "about path count found age until dollars state",
        "every-column sql/all.sql 1 1 31 d $6.25 holds later",
        "star-again sql/all.sql 1 1 31 d $6.25 holds later",
        "cost of a run sql/all.sql 1 1 31 d 2027-01-01 $6.25 of $7.00 a run holds later",
    ]
    document = here("baseline", "show", *NOW, "--format", "json").document
    assert (document["version"], document["path"]) == (1, ".costguard/baseline.json")
    *_, last = document["entries"]
    del last["fingerprint"]
    assert last == {
        "kind": "query",
        "rule": None,
        "path": "sql/all.sql",
        "count": 1,
        "found": 1,
        "state": "holds",
        "reason": "later",
        "added": "2026-10-01",
        "age_days": 31,
        "last_day": "2027-01-01",
        "budget_usd_per_run": "7.00",
        "usd": "6.25",
    }
    assert document["entries"][0]["kind"] == "finding"
    here("baseline", "show", *NOW, "-o", "list.txt")
    assert (shop / "list.txt").read_text() == done.out


def test_an_empty_baseline(here: Costguard, shop: Path) -> None:
    (shop / "sql" / "all.sql").unlink()
    assert here("baseline", "write", *NOW).out == ".costguard/baseline.json: 0 entries; nothing changed\n"
    assert entries(shop) == []
    assert here("baseline", "show", *NOW).out == ".costguard/baseline.json: 0 entries\n"


def test_many_changes_are_counted_by_rule(here: Costguard, shop: Path) -> None:
    for number in range(11):
        shutil.copy(shop / "sql" / "all.sql", shop / "sql" / f"{number}.sql")
    assert here("baseline", "write", *NOW).out.splitlines() == [
        ".costguard/baseline.json: 24 entries; 24 added",
        "  added  every-column  12 entries",
        "  added  star-again    12 entries",
    ]


@pytest.mark.parametrize("key", ["costguard", "option"])
def test_another_file(here: Costguard, shop: Path, key: str) -> None:
    given: tuple[str, ...] = ("--baseline", "accepted.json")
    if key == "costguard":
        config = shop / "costguard.toml"
        config.write_text(config.read_text() + 'baseline = "accepted.json"\n')
        given = ()
    refused = here("scan", ".", *given)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.endswith("accepted.json: there is no baseline; `costguard baseline write` makes one\n")
    here("baseline", "write", *NOW, *given)
    assert (shop / "accepted.json").exists()
    assert summary(here, *given) == (0, 0, 2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("scan", ".", "--no-baseline", "--update-baseline"),
            "--no-baseline contradicts --baseline and --update-baseline",
        ),
        (
            ("scan", ".", "--no-baseline", "--baseline", "b.json"),
            "--no-baseline contradicts --baseline and --update-baseline",
        ),
        (("baseline", "write", "--expires", "soon"), "--expires 'soon' is not a day such as 2027-01-01"),
        (("baseline", "write", *NOW, "--expires", "2026-10-31"), "--expires 2026-10-31: that day has passed"),
        (
            ("baseline", "write", "--max-usd-per-query", "much"),
            "--max-usd-per-query 'much' is not an amount of dollars such as 2.50",
        ),
        (("scan", ".", "--min-usd", "-1"), "--min-usd '-1' must be 0 or more"),
        (
            ("scan", ".", "--warn-usd-per-query", "x"),
            "--warn-usd-per-query 'x' is not an amount of dollars such as 2.50",
        ),
        (
            ("scan", ".", "--min-read-share", "90"),
            "--min-read-share '90' is not a share from 0 to 1, such as 0.9",
        ),
        (
            ("scan", ".", "--min-read-share", "nan"),
            "--min-read-share 'nan' is not a share from 0 to 1, such as 0.9",
        ),
        (
            ("scan", ".", "--min-read-share", "most"),
            "--min-read-share 'most' is not a share from 0 to 1, such as 0.9",
        ),
    ],
)
def test_options_that_make_no_sense(here: Costguard, arguments: tuple[str, ...], said: str) -> None:
    done = here(*arguments)
    assert (done.code, done.out, done.err) == (2, "", f"costguard: {said}\n")


@pytest.mark.parametrize(
    "command", [("scan", ".", "--update-baseline"), ("baseline", "prune"), ("baseline", "show")]
)
def test_there_is_none(here: Costguard, shop: Path, command: tuple[str, ...]) -> None:
    done = here(*command)
    assert (done.code, done.out) == (2, "")
    assert done.err.endswith(
        ".costguard/baseline.json: there is no baseline; `costguard baseline write` makes one\n"
    )


def test_a_broken_file_is_no_pass(here: Costguard, shop: Path) -> None:
    here("baseline", "write", *NOW)
    path = shop / ".costguard" / "baseline.json"
    path.write_text(path.read_text().replace('"count": 1', '"count": 0'))
    for command in (("scan", "."), ("baseline", "write"), ("baseline", "show")):
        done = here(*command)
        assert (done.code, done.out) == (2, "")
        assert done.err == f"costguard: {path}: findings.0.count: must be 1 or more (and 1 more such)\n"


def test_nothing_that_could_be_read_is_no_empty_baseline(here: Costguard, shop: Path) -> None:
    here("baseline", "write", *NOW)
    before = (shop / ".costguard" / "baseline.json").read_bytes()
    for file in (shop / "sql").iterdir():
        file.write_bytes(b"\x00\x01")
    for command in (("write",), ("prune",)):
        done = here("baseline", *command)
        assert (done.code, done.err) == (2, "costguard: nothing could be analysed: no file could be read\n")
    assert (shop / ".costguard" / "baseline.json").read_bytes() == before
    assert here("scan", ".", "--update-baseline").code == 2
    assert (shop / ".costguard" / "baseline.json").read_bytes() == before


def test_findings_below_the_floor(here: Costguard, shop: Path) -> None:
    (shop / "sql" / "one.sql").write_text("SELECT * FROM p.shop.orders LIMIT 1\n")
    done = here("scan", ".", *NOW, "--min-usd", "6.26", "--format", "json", "--rule", "every-column")
    found = done.document["summary"]
    assert (done.code, found["findings"], found["below_floor"]) == (0, 0, 2)
    text = here("scan", ".", *NOW, "--min-usd", "6.26", "--rule", "every-column").out
    assert "Findings   none; 2 below the floor (--min-usd)\n" in text
    assert "error[every-column]" not in text
    assert here("scan", ".", *NOW, "--min-usd", "6.25", "--rule", "every-column").code == 1


def test_keys_in_the_config(here: Costguard, shop: Path) -> None:
    config = shop / "costguard.toml"
    plain = config.read_text()
    config.write_text(
        plain + 'min_usd = "7"\nwarn_usd_per_query = 3\nwarn_usd_per_iteration = 4\nmin_read_share = 0.5\n'
    )
    found = scan(here, "--rule", "every-column").document["summary"]
    assert (found["verdict"], found["below_floor"], len(found["warnings"])) == ("pass", 1, 3)
    config.write_text(plain + "exit_zero = true\n")
    done = scan(here)
    assert (done.code, done.document["summary"]["verdict"], done.document["summary"]["advisory"]) == (
        0,
        "fail",
        True,
    )
    assert "           the exit code is 0 all the same (--exit-zero)\n" in here("scan", ".", *NOW).out
    assert here("scan", ".", *NOW, "--no-exit-zero").code == 1


def test_too_little_read(here: Costguard, shop: Path) -> None:
    (shop / "sql" / "bad.sql").write_bytes(b"\x00")
    done = here("scan", ".", *NOW, "--min-read-share", "0.9", "--exit-zero", "--fail-on", "never")
    assert done.code == 2
    assert (
        "Gate       NOTHING CHECKED: too little could be read: 2 of 3 files (66.6 %), 2 of 3 statements"
        in done.out
    )
    assert here("scan", ".", *NOW, "--min-read-share", "0.6", "--fail-on", "never").code == 0


def test_the_page_about_baselines_shows_what_is_so(costguard: Costguard, tmp_path: Path) -> None:
    docs = (ROOT / "docs" / "baseline.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"<!-- output -->\n```\n(.*?)```\n<!-- /output -->", docs, re.DOTALL)
    project = shutil.copytree(ROOT / "examples" / "churn", tmp_path / "churn")
    baseline = ("--baseline", tmp_path / ".costguard" / "baseline.json")
    costguard("baseline", "write", project, *NOW, *baseline, "--max-usd-per-query", "1")
    assert costguard("scan", project, *NOW, *baseline).out.endswith(shown)
