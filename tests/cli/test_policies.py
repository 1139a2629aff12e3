"""Policies in the config: held against a scan, kept with its result, refused with one line."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.cli.conftest import Costguard, Done
from tests.history.past import history, run

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "tests" / "render" / "scan-result.schema.json").read_text())
DOCS = (ROOT / "docs" / "policies.md").read_text(encoding="utf-8")
QUIET = ("--fail-on", "never", "--now", "2026-11-01")


def declare(shop: Path, query: str, message: str = "found", level: str = "error", name: str = "mine") -> None:
    """A policy more in the config of a project."""
    policy = {"name": name, "level": level, "query": query, "message": message}
    lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in policy.items())
    config = shop / "costguard.toml"
    config.write_text(f"{config.read_text()}\n[[policy]]\n{lines}\n")


def held(costguard: Costguard, *arguments: object) -> tuple[Done, list[dict[str, Any]]]:
    done = costguard("scan", "shop", *QUIET, "--format", "json", *arguments)
    jsonschema.validate(done.document, SCHEMA, jsonschema.Draft202012Validator)
    return done, done.document["policies"]


DEAR = "SELECT at, usd FROM queries WHERE usd > 3 ORDER BY usd DESC"


def test_each_row_is_a_violation_at_its_place(costguard: Costguard, shop: Path) -> None:
    declare(shop, DEAR, "a run costs {usd:usd}")
    done, (policy,) = held(costguard)
    assert (done.code, done.document["summary"]["reasons"]) == (1, ["policy mine: 2 violations"])
    assert (policy["name"], policy["level"], policy["count"]) == ("mine", "error", 2)
    assert [(item["message"], item["path"], item["start_line"]) for item in policy["violations"]] == [
        ("a run costs $6.25", "shop/sql/all.sql", 1),
        ("a run costs $3.12", "shop/sql/one.sql", 1),
    ]


def test_findings_are_a_table(costguard: Costguard, shop: Path) -> None:
    (shop / "sql" / "all.sql").write_text(
        "-- costguard: ignore[every-column] small\nSELECT * FROM p.shop.orders\n"
    )
    declare(
        shop,
        "SELECT f.at, f.rule, f.severity, f.path, f.start_line, f.wasted_usd, f.suppressed, f.reason, q.statement "
        "FROM findings AS f JOIN queries AS q ON q.query = f.query WHERE f.rule = 'every-column'",
        "{rule} {severity} {path} {start_line} {wasted_usd:usd} {suppressed} {reason} {statement}",
    )
    _, (policy,) = held(costguard)
    (violation,) = policy["violations"]
    assert violation["message"] == "every-column error shop/sql/all.sql 2 $6.25 True small SELECT"
    assert (violation["path"], violation["start_line"], violation["start_column"]) == (
        "shop/sql/all.sql",
        2,
        15,
    )


def test_a_finding_about_a_comment_has_no_place(costguard: Costguard, shop: Path) -> None:
    (shop / "sql" / "one.sql").write_text("-- costguard: ignore\nSELECT id FROM p.shop.orders\n")
    declare(shop, "SELECT at, message FROM findings WHERE rule = 'blanket-ignore'", "{message}")
    _, (policy,) = held(costguard)
    assert policy["violations"] == [
        {
            "message": "this ignore names no rule, so it silences nothing",
            **dict.fromkeys(("path", "start_line", "start_column", "end_line", "end_column", "cell")),
        }
    ]


@pytest.mark.parametrize(
    ("level", "code", "reasons", "warnings"),
    [
        ("error", 1, ["policy mine: 1 violation"], []),
        ("warning", 0, [], ["policy mine: 1 violation"]),
        ("note", 0, [], []),
    ],
)
def test_levels(
    costguard: Costguard, shop: Path, level: str, code: int, reasons: list[str], warnings: list[str]
) -> None:
    declare(shop, "SELECT COUNT(*) AS n FROM queries", "{n} queries", level)
    done, (policy,) = held(costguard)
    summary = done.document["summary"]
    assert (done.code, summary["reasons"], summary["warnings"]) == (code, reasons, warnings)
    assert [item["message"] for item in policy["violations"]] == ["2 queries"]


def test_a_policy_that_holds(costguard: Costguard, shop: Path) -> None:
    declare(shop, "SELECT at FROM queries WHERE usd > 100")
    done, policies = held(costguard)
    assert (done.code, policies) == (0, [{"name": "mine", "level": "error", "count": 0, "violations": []}])
    assert "Policies   it holds\n" in costguard("scan", "shop", *QUIET).out


def test_the_result_that_is_kept_has_them(costguard: Costguard, shop: Path) -> None:
    declare(shop, DEAR, "a run costs {usd:usd}")
    first, again = (costguard("scan", "shop", *QUIET, "--format", "json").out for _ in range(2))
    assert first == again
    config = shop / "costguard.toml"
    config.write_text(config.read_text().replace("usd > 3", "usd > 4"))
    _, (policy,) = held(costguard)
    assert policy["count"] == 1


def test_many_violations(costguard: Costguard, shop: Path) -> None:
    """1,100 rows: all are counted, a thousand kept, ten shown; and in the order of the code."""
    statements = [f"SELECT id FROM p.shop.orders WHERE id = {number};" for number in range(1100)]
    (shop / "sql" / "many.sql").write_text("\n".join(statements))
    declare(shop, "SELECT at FROM queries", "a query")
    _, (policy,) = held(costguard)
    assert (policy["count"], len(policy["violations"])) == (1102, 1000)
    assert [item["start_line"] for item in policy["violations"][:3]] == [1, 1, 2]
    text = costguard("scan", "shop", *QUIET).out
    assert text.count("a query\n") == 10
    assert "       and 1,092 more; --all shows more\n" in text
    everything = costguard("scan", "shop", *QUIET, "--all").out
    assert everything.count("a query\n") == 1000
    assert "       and 102 more\n" in everything


def test_figures_of_the_history(costguard: Costguard, shop: Path) -> None:
    """A job that was billed for a quarter of a TiB costs 1.5625 dollars, whatever the estimate says."""
    history(shop, run("j", "SELECT id FROM p.shop.orders", total_bytes_billed=2**38))
    declare(
        shop,
        "SELECT at, usd, bytes_basis FROM queries ORDER BY usd",
        "{usd} {bytes_basis}",
    )
    _, (policy,) = held(costguard, "--jobs", shop / "jobs.json")
    assert [item["message"] for item in policy["violations"]] == ["1.5625 job", "6.25 exact"]


@pytest.mark.parametrize(
    ("query", "message", "said"),
    [
        ("SELECT at FROM querys", "x", "no fact table is called 'querys'; did you mean 'queries'?"),
        ("SELECT at, usdd FROM queries", "x", "unable to find column \"usdd\"; did you mean 'usd'?"),
        ("SELECT at FROM queries", "{usd:usd}", "the message names {usd}, which the query does not give"),
        ("SELECT via FROM queries", "{via:usd}", "the message writes {via:usd}, but via is a text"),
        ("SELECT via AS at FROM queries", "x", "the column `at` must be a key of locations, not a text"),
        ("SELECT at FROM queries", "{At}", "{At} is no placeholder; these are: {name}, {name:bytes}, "),
        ("SELECT at FROM", "x", "the query cannot be parsed ("),
        ("DELETE FROM queries", "x", "the query must be one SELECT"),
        ("SELECT 1; SELECT 2", "x", "the query must be one SELECT"),
        ("SELECT * FROM read_csv('/etc/passwd')", "x", "'read_csv': a query may only name fact tables, not "),
        ("SELECT * FROM '/etc/passwd'", "x", ""),
        ("SELECT * FROM read_plans", "x", "no fact table is called 'read_plans'"),
    ],
)
def test_a_broken_policy(costguard: Costguard, shop: Path, query: str, message: str, said: str) -> None:
    declare(shop, query, message)
    done = costguard("scan", "shop", *QUIET)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"costguard: policy mine: {said}")
    assert done.err.count("\n") == 1


def test_every_broken_policy_is_named(costguard: Costguard, shop: Path) -> None:
    declare(shop, "SELECT at FROM querys", name="one")
    declare(shop, "SELECT at FROM queries", name="two")
    declare(shop, "SELECT at FROM scan", name="three")
    done = costguard("scan", "shop", *QUIET)
    assert done.code == 2
    assert [line.split(":")[1].strip() for line in done.err.splitlines()] == ["policy one", "policy three"]


def test_a_policy_that_only_fails_on_real_rows(costguard: Costguard, shop: Path) -> None:
    declare(shop, "SELECT CAST(via AS INTEGER) AS number FROM queries", "{number}")
    done = costguard("scan", "shop", *QUIET)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("costguard: policy mine: conversion from `str` to `i32` failed")
    assert done.err.count("\n") == 1


def test_a_key_that_is_none(costguard: Costguard, shop: Path) -> None:
    declare(shop, "SELECT at + 1000000 AS at FROM queries")
    done = costguard("scan", "shop", *QUIET)
    assert (done.code, done.out) == (2, "")
    assert re.fullmatch(
        r"costguard: policy mine: the column `at` gives \d+, which is no key of its table\n", done.err
    )


def test_a_policy_does_not_steer_the_terminal(costguard: Costguard, shop: Path) -> None:
    (shop / "sql" / "evil.sql").write_text("SELECT id FROM `p.shop.\x1b[31morders`\n")
    declare(shop, 'SELECT at, "table" FROM scans', "{table}")
    assert "\x1b" not in costguard("scan", "shop", *QUIET).out


def test_the_query_command_knows_findings(costguard: Costguard, shop: Path) -> None:
    done = costguard(
        "query",
        "SELECT rule, wasted_usd FROM findings WHERE rule = 'every-column'",
        "shop",
        "--format",
        "json",
    )
    assert done.document["rows"] == [{"rule": "every-column", "wasted_usd": 6.25}]


def test_the_page_about_policies_shows_what_is_so(costguard: Costguard, tmp_path: Path) -> None:
    config = tmp_path / "costguard.toml"
    example = ROOT / "examples" / "churn"
    own = (
        (example / "costguard.toml")
        .read_text()
        .partition("[runs]")[0]
        .replace("catalog.json", f"{example}/catalog.json")
    )
    (toml,) = re.findall(r"```toml\n(.*?)```", DOCS, re.DOTALL)
    config.write_text(own + toml.replace("[[tool.costguard.policy]]", "[[policy]]"))
    (shown,) = re.findall(r"<!-- output -->\n```\n(.*?)```\n<!-- /output -->", DOCS, re.DOTALL)
    done = costguard("scan", example, "--config", config, *QUIET)
    assert shown in done.out.replace(f"{example}/", "")


def test_every_format_has_them(costguard: Costguard, shop: Path) -> None:
    declare(shop, DEAR, "a run costs {usd:usd}")
    declare(shop, "SELECT COUNT(*) AS n FROM queries", "{n} queries", "warning", "few")
    formats = ("sarif", "github", "gitlab", "junit", "markdown", "html")
    also = [part for name in formats for part in ("--also", f"{name}={name}.out")]
    assert costguard("scan", "shop", *QUIET, *also).code == 1
    written = {name: Path(f"{name}.out").read_text() for name in formats}
    results = json.loads(written["sarif"])["runs"][0]["results"]
    assert [
        (row["ruleId"], row["level"], row["locations"][0]["physicalLocation"]["artifactLocation"]["uri"])
        for row in results
        if row["ruleId"].startswith("policy/")
    ] == [
        ("policy/mine", "error", "shop/sql/all.sql"),
        ("policy/mine", "error", "shop/sql/one.sql"),
        ("policy/few", "warning", "shop/costguard.toml"),
    ]
    assert (
        "::error file=shop/sql/one.sql,line=1,col=1,endColumn=29,title=policy/mine::a run costs $3.12.\n"
        in (written["github"])
    )
    assert "::warning title=costguard%3A the gate warns::policy few: 1 violation\n" in written["github"]
    assert [item["check_name"] for item in json.loads(written["gitlab"])][:3] == [
        "policy/mine",
        "policy/mine",
        "policy/few",
    ]
    assert (
        '<failure type="policy/mine" message="policy/mine">a run costs $6.25.</failure>' in written["junit"]
    )
    assert "<system-out>warning: 2 queries.</system-out>" in written["junit"]
    assert re.search(
        r"\| error: `mine` +\| `shop/sql/all.sql:1:1` +\| a run costs \$6.25", written["markdown"]
    )
    assert "a run costs $6.25" in written["html"]
