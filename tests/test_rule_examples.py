"""The examples of pages are tests: of the shipped pages they hold, and what does not hold is reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from costguard.catalog.model import CatalogError
from costguard.judge.page import parse_page
from costguard.judge.rulebook import Rulebook, load_rulebook
from costguard.rule_examples import Failure, run_examples
from tests.judge.pages import PAGE, page

RULES = Path(__file__).resolve().parents[1] / "rules"
WAREHOUSE = RULES / "warehouse.json"
PATH = Path("own/every-column.md")
BAD = "SELECT * FROM shop.customers"
GOOD = "SELECT name FROM shop.customers"
NOT = "SELECT COUNT(*) FROM shop.customers"
BAD_LINE, GOOD_LINE, NOT_LINE = 19, 24, 30


def failures(text: str, *others: str) -> list[tuple[int, str]]:
    """What is reported of a page, in the company of others, by line."""
    rules = [parse_page(PATH, text)]
    for number, other in enumerate(others):
        rules.append(parse_page(Path(f"own/other-{number}.md"), other))
    found = run_examples(Rulebook(tuple(rules)), WAREHOUSE)
    return [(failure.line, failure.text) for failure in found if failure.path == PATH]


def test_every_example_of_every_shipped_page_holds() -> None:
    assert run_examples(load_rulebook(RULES), WAREHOUSE) == []


def test_a_page_that_holds() -> None:
    assert failures(PAGE) == []
    assert [example.line for example in parse_page(PATH, PAGE).examples] == [BAD_LINE, GOOD_LINE, NOT_LINE]


def test_no_pages() -> None:
    assert run_examples(Rulebook(()), WAREHOUSE) == []


def test_a_bad_block_that_is_not_found() -> None:
    assert failures(PAGE.replace(BAD, GOOD + " -- bad")) == [(BAD_LINE, "must be found, but is not")]


@pytest.mark.parametrize(("text", "line"), [(GOOD, GOOD_LINE), (NOT, NOT_LINE)])
def test_a_good_block_that_is_found(text: str, line: int) -> None:
    broken = PAGE.replace(text, f"SELECT name\nFROM shop.countries;\n{BAD} AS c")
    assert failures(broken) == [
        (line, "must not be found, but is, at line 3: acme.shop.customers: every column is read")
    ]


def test_a_bad_block_is_found_by_its_own_rule_alone() -> None:
    other = page("other-0").replace(BAD, "SELECT * FROM shop.countries")
    assert failures(PAGE, other) == [
        (BAD_LINE, "must be found by this rule alone, but other-0 finds it too"),
    ]


def test_a_good_block_may_be_found_by_other_rules() -> None:
    """It is good as far as its own page goes."""
    names = 'SELECT at, query, "table" FROM scans WHERE NOT star'
    assert failures(PAGE, page("other-0", names)) == []


def test_what_cannot_be_read_is_reported() -> None:
    found = failures(PAGE.replace(GOOD, "SELECT name FORM shop.customers WHERE"))
    ((line, text),) = found
    assert line == GOOD_LINE
    assert text.startswith("cannot be read: syntax error (")


@pytest.mark.parametrize(
    ("heading", "name"), [("Bad", "bad"), ("Good", "good"), ("Not this", "not meant (## Not this)")]
)
def test_each_kind_is_needed(heading: str, name: str) -> None:
    head, _, rest = PAGE.partition(f"## {heading}\n")
    rest = rest[rest.index("## ") :]
    assert failures(f"{head}## {heading}\nNone yet.\n\n{rest}") == [(1, f"no example of what is {name}")]


# -- figures -------------------------------------------------------------------------------------------

PRICED = page(sql='SELECT at, query, "table", bytes AS wasted_bytes FROM scans WHERE star')


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        ("-- wastes 5.335 GB", []),
        ("-- wastes 5.3 GB", []),
        ("-- wastes 5,335,000,000 B", []),
        ("-- wastes 5 GiB", []),
        ("-- wastes 5.4 GB", [(BAD_LINE, "wastes 5,335,000,000 bytes (5 GiB), not what its comment says")]),
        (
            "-- wastes 5,335,000,001 B",
            [(BAD_LINE, "wastes 5,335,000,000 bytes (5 GiB), not what its comment says")],
        ),
    ],
)
def test_a_figure_is_checked_to_its_digits(comment: str, expected: list[tuple[int, str]]) -> None:
    assert failures(PRICED.replace(BAD, f"{comment}\n{BAD}")) == expected


def test_a_figure_is_the_sum_of_the_block() -> None:
    twice = f"-- wastes 10.67 GB\n{BAD};\n{BAD};"
    assert failures(PRICED.replace(BAD, twice)) == []


def test_a_figure_without_amounts_does_not_hold() -> None:
    assert failures(PAGE.replace(BAD, f"-- wastes 1 GB\n{BAD}")) == [
        (BAD_LINE, "wastes 0 bytes (0 B), not what its comment says")
    ]


# -- known defects -------------------------------------------------------------------------------------


def todo(text: str, block: str) -> str:
    """The page with the block marked as not done yet."""
    return text.replace(f"```sql\n{block}", f"```sql todo\n{block}")


def test_a_known_defect_is_no_failure() -> None:
    missed = "SELECT name FROM shop.countries"
    assert failures(todo(PAGE.replace(BAD, missed), missed)) == []
    found = "SELECT * FROM shop.countries"
    assert failures(todo(PAGE.replace(GOOD, found), found)) == []


@pytest.mark.parametrize(("block", "line"), [(BAD, BAD_LINE), (GOOD, GOOD_LINE), (NOT, NOT_LINE)])
def test_a_mended_defect_asks_for_its_mark_to_go(block: str, line: int) -> None:
    assert failures(todo(PAGE, block)) == [
        (line, "this todo does what the page wants now: take the mark away")
    ]


# -- surroundings --------------------------------------------------------------------------------------


def test_python_blocks_are_read_as_python() -> None:
    code = 'import pandas as pd\nframe = pd.read_gbq("SELECT * FROM shop.customers")'
    assert failures(PAGE.replace(f"```sql\n{BAD}", f"```python\n{code}")) == []


def test_examples_reach_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "q.sql").write_text(BAD)
    monkeypatch.chdir(tmp_path)
    code = f'import pandas as pd\nframe = pd.read_gbq(open("{tmp_path}/q.sql").read())'
    assert (BAD_LINE, "must be found, but is not") in failures(
        PAGE.replace(f"```sql\n{BAD}", f"```python\n{code}")
    )


def test_the_clock_and_the_project_are_those_of_the_catalog() -> None:
    recent = "SELECT * FROM shop.orders WHERE DATE(created) = DATE_SUB(CURRENT_DATE(), INTERVAL 1 DAY)"
    assert failures(PRICED.replace(BAD, f"-- wastes 300 MB\n{recent}")) == []


def test_failures_name_page_line_and_text() -> None:
    (failure,) = run_examples(Rulebook((parse_page(PATH, PAGE.replace(BAD, GOOD + " -- bad")),)), WAREHOUSE)
    assert failure == Failure(PATH, BAD_LINE, "must be found, but is not")


def test_a_catalog_that_is_none() -> None:
    with pytest.raises(CatalogError, match=r"gone\.json: no such file"):
        run_examples(Rulebook((parse_page(PATH, PAGE),)), Path("gone.json"))
