"""What a host shows of a rule, from its page."""

from __future__ import annotations

from pathlib import Path

from costguard.judge.policies import Policy
from costguard.render.rule_pages import gate_pages, rule_pages
from costguard.shipped import shipped
from tests.cli.conftest import RULE


def test_a_shipped_page() -> None:
    page = rule_pages(["select-star-base"], [shipped("rules")])["select-star-base"]
    assert page.title == "A star that reads columns nobody uses"
    assert page.why.startswith("BigQuery stores columns apart and bills every column that a statement reads.")
    assert page.address == "https://cloud.google.com/bigquery/docs/best-practices-performance-compute"
    assert (page.severity, page.confidence, page.tags) == (
        "warning",
        "medium",
        ("cost", "bytes-billed", "scan"),
    )
    assert page.help.startswith(page.why)
    assert "## Costs more\n\n```sql\nCREATE TABLE shop.customers_nz AS SELECT *" in page.help
    assert (
        "## Costs less\n\n```sql\nCREATE TABLE shop.customers_nz AS SELECT customer_id, segment" in page.help
    )
    assert "## Sources\n\n- https://cloud.google.com" in page.help
    assert "FROM scans AS s" not in page.help  # its query is for nobody who has a bill to pay


def test_every_shipped_page_can_be_shown() -> None:
    names = [path.stem for path in shipped("rules").rglob("*.md") if path.name != "README.md"]
    pages = rule_pages(names, [shipped("rules")])
    assert pages.keys() == set(names)
    assert all(page.why and page.address for page in pages.values())


def test_findings_about_ignore_comments_have_a_page_too() -> None:
    page = rule_pages(["unused-ignore"], [])["unused-ignore"]
    assert (page.title, page.severity) == ("An ignore comment that silences nothing", "note")


def test_a_page_of_the_user_goes_before(tmp_path: Path) -> None:
    own = tmp_path / "own"
    (own / "deep").mkdir(parents=True)
    (own / "deep" / "select-star-base.md").write_text(RULE.replace("every-column", "select-star-base"))
    page = rule_pages(["select-star-base"], [shipped("rules"), own])["select-star-base"]
    assert (page.title, page.address, page.tags[-1]) == ("A star", None, "deep")


def test_a_page_that_gives_no_reason(tmp_path: Path) -> None:
    (tmp_path / "every-column.md").write_text(RULE.replace("It reads every column.\n", ""))
    page = rule_pages(["every-column"], [tmp_path])["every-column"]
    assert page.why == "A star."
    assert page.help.startswith("A star.\n\n## Costs more\n")


def test_what_has_no_page_or_a_broken_one_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "broken.md").write_text("no page")
    (tmp_path / "latin.md").write_bytes(b"\xff")
    (tmp_path / "folder.md").mkdir()
    assert (
        rule_pages(
            ["broken", "latin", "folder", "a policy of the config", "*", "/x"], [shipped("rules"), tmp_path]
        )
        == {}
    )


def test_a_policy_has_its_query_in_a_fence_of_its_own() -> None:
    pages = gate_pages([Policy("p", "SELECT '```' AS x FROM queries", "dear: {x}", "warning")])
    page = pages["policy/p"]
    assert (page.title, page.severity) == ("Policy p", "warning")
    assert page.help == (
        "A policy of this project: dear: {x}\n\nEach row of this query is a violation:\n\n"
        "````sql\nSELECT '```' AS x FROM queries\n````"
    )
    assert set(pages) == {"policy/p", "max-usd-per-query", "warn-usd-per-query", "baseline-budget"}
