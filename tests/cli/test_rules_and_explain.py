"""`costguard rules`, `explain` and `test-rules`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import RULE, Costguard

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = sorted(path.stem for path in (ROOT / "rules").rglob("*.md") if path.name != "README.md")


def test_every_shipped_rule_is_listed(costguard: Costguard) -> None:
    done = costguard("rules")
    assert done.code == 0
    listed = re.findall(r"^  (\S+) +(?:error|warning|note) +\S+ +\S", done.out, re.MULTILINE)
    assert sorted(listed) == SHIPPED
    families = re.findall(r"^(\S+):$", done.out, re.MULTILINE)
    assert families == sorted({path.parent.name for path in (ROOT / "rules").glob("*/*.md")})


def test_rules_as_json(costguard: Costguard) -> None:
    document = costguard("rules", "--format", "json").document
    assert document["version"] == 1
    assert sorted(rule["id"] for rule in document["rules"]) == SHIPPED
    for rule in document["rules"]:
        assert set(rule) == {"id", "aliases", "family", "severity", "confidence", "driver", "title"}
        assert rule["title"]


def test_own_rules_are_listed_too(costguard: Costguard, shop: Path) -> None:
    done = costguard("rules", "--config", shop / "costguard.toml")
    assert re.search(r"^own:\n  every-column +error +bytes-billed +A star$", done.out, re.MULTILINE)


def test_the_config_around_the_working_directory_holds(
    costguard: Costguard, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shop / "sql")
    assert "every-column" in costguard("rules").out


@pytest.mark.parametrize("name", ["every-column", "star-of-old"])
def test_explain_shows_the_page(costguard: Costguard, shop: Path, name: str) -> None:
    done = costguard("explain", name, "--config", shop / "costguard.toml")
    assert done.code == 0
    head, _, body = done.out.partition("\n\n")
    assert head == "every-column: error, confidence high, driver bytes-billed"
    assert body == RULE.partition("\n---\n")[2]


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("blanket-ignore", "warning"),
        ("expired-ignore", "warning"),
        ("misdated-ignore", "warning"),
        ("unexplained-ignore", "warning"),
        ("unknown-ignore", "warning"),
        ("unused-ignore", "note"),
    ],
)
def test_explain_knows_the_findings_about_ignores(costguard: Costguard, name: str, severity: str) -> None:
    done = costguard("explain", name)
    assert done.code == 0
    assert done.out.startswith(f"{name}: {severity}\n\n# An ignore comment")


def test_explain_on_a_terminal_is_set_in_type(
    costguard: Costguard, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    page = shop / ".costguard" / "rules" / "own" / "every-column.md"
    page.write_text(RULE.replace("It reads every column.", "It reads \x1b[2J[red]every[/red] column."))
    done = costguard("explain", "every-column", "--config", shop / "costguard.toml")
    assert "## Finds" not in done.out
    assert "Finds" in done.out
    assert "\x1b[2J" not in done.out
    assert "␛[2J[red]every[/red] column." in done.out


def test_explain_of_an_unknown_rule_suggests(costguard: Costguard) -> None:
    wrong = SHIPPED[0] + "s"
    done = costguard("explain", wrong)
    assert (done.code, done.out) == (2, "")
    assert done.err == f"costguard: no rule is called {wrong!r}; did you mean {SHIPPED[0]!r}?\n"


def test_examples_that_hold(costguard: Costguard, shop: Path) -> None:
    done = costguard("test-rules", shop / ".costguard" / "rules")
    assert (done.code, done.out, done.err) == (0, "1 rule, 3 examples, 0 failures\n", "")


def test_an_example_that_does_not_hold_is_named(costguard: Costguard, shop: Path) -> None:
    page = shop / ".costguard" / "rules" / "own" / "every-column.md"
    page.write_text(RULE.replace("SELECT id FROM", "SELECT * FROM"))
    done = costguard("test-rules", shop / ".costguard" / "rules")
    assert done.code == 1
    *failures, total = done.out.splitlines()
    line = page.read_text().split("\n").index("## Good") + 3
    assert len(failures) == 1
    assert failures[0].startswith(f"{page}:{line}: ")
    assert total == "1 rule, 3 examples, 1 failure"


def test_every_page_that_cannot_be_used_is_named(costguard: Costguard, shop: Path) -> None:
    folder = shop / ".costguard" / "rules" / "own"
    for name, column in (("one", "starr"), ("two", "starrr")):
        text = RULE.replace("id: every-column\naliases: [star-of-old]", f"id: {name}")
        (folder / f"{name}.md").write_text(text.replace("WHERE star", f"WHERE {column}"))
    for command in (("test-rules", folder), ("scan", shop)):
        done = costguard(*command)
        assert (done.code, done.out) == (2, "")
        assert [line.partition(".md:")[0].rpartition("/")[2] for line in done.err.splitlines()] == [
            "one",
            "two",
        ]


def test_a_folder_without_pages(costguard: Costguard, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    assert costguard("test-rules", "none").err == "costguard: none: no rule pages (*.md) there\n"
    assert costguard("test-rules", "nowhere").err == "costguard: nowhere: no such directory\n"
    assert costguard("test-rules", "nowhere").code == 2
