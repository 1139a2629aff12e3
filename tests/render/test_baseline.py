"""What is said of a baseline, and of changes of it."""

from __future__ import annotations

from decimal import Decimal

from costguard.baseline.change import Change, Kind, Step
from costguard.baseline.model import Baseline
from costguard.render.baseline import baseline_lines
from costguard.render.baseline_list import change_text, states_text
from costguard.result import Allowance, BaselineMatter, BaselineReport
from tests.baseline.scans import TODAY, cost, entry

ONE = (BaselineMatter("aa", "select-star", "a.sql", 1),)
MANY = tuple(BaselineMatter(str(number), None, f"{number}.sql", 1) for number in range(5))
FIVE = "cost in 0.sql, cost in 1.sql, cost in 2.sql and 2 more"


def lines(silenced: int = 2, **parts: object) -> list[str]:
    return list(baseline_lines(BaselineReport("b.json", 9, **parts), silenced))  # type: ignore[arg-type]


def test_what_it_does() -> None:
    assert lines() == ["b.json silences 2 findings"]
    allowed = Allowance(Decimal(1), None)
    assert lines(1, allowances={"a": allowed}) == ["b.json silences 1 finding and gives 1 query a budget"]
    assert lines(0, allowances={"a": allowed, "b": allowed}) == [
        "b.json silences 0 findings and gives 2 queries a budget"
    ]


def test_one_of_each() -> None:
    assert lines(stale=ONE, expired=ONE, over_budget=ONE, unchecked=1)[1:] == [
        "1 entry has expired and silences nothing: select-star in a.sql",
        "1 entry allows less than is spent now, so that findings count: select-star in a.sql",
        "1 entry is stale, since code was repaired or is gone (`costguard baseline prune`): select-star in a.sql",
        "1 entry is kept although nothing was found: the files could not be read whole",
    ]


def test_several_of_each() -> None:
    assert lines(stale=MANY, expired=MANY, over_budget=MANY, unchecked=5)[1:] == [
        f"5 entries have expired and silence nothing: {FIVE}",
        f"5 entries allow less than is spent now, so that findings count: {FIVE}",
        f"5 entries are stale, since code was repaired or is gone (`costguard baseline prune`): {FIVE}",
        "5 entries are kept although nothing was found: the files could not be read whole",
    ]


def test_a_change() -> None:
    kinds: tuple[Kind, ...] = ("added", "raised", "renewed", "lowered", "removed", "refused")
    steps = [Step(kind, entry(kind, number, path=f"{number}.sql")) for number, kind in enumerate(kinds, 1)]
    change = Change(Baseline((entry(), cost("1"))), (*steps, Step("added", cost("2", path="7.sql"))))
    assert change_text("b.json", change).splitlines() == [
        "b.json: 2 entries; 2 added, 1 accepts more, 1 renewed, 1 lowered, 1 removed, 1 new, NOT added",
        "  added           select-star    1.sql",
        "  accepts more    select-star    2.sql (2 times)",
        "  renewed         select-star    3.sql (3 times)",
        "  lowered         select-star    4.sql (4 times)",
        "  removed         select-star    5.sql (5 times)",
        "  new, NOT added  select-star    6.sql (6 times)",
        "  added           cost of a run  7.sql",
        "What is new is only accepted with --accept-new; better: repair it.",
    ]


def test_nothing_of_a_file_steers_the_terminal() -> None:
    evil = entry(path="\x1b[31m.sql", reason="\x1b]0;x\x07", rule="\x1b[0m")
    change = Change(Baseline((evil,)), (Step("added", evil),))
    assert "\x1b" not in change_text("\x1b.json", change)
    from costguard.baseline.state import EntryState

    assert "\x1b" not in states_text("\x1b.json", [EntryState(evil, "holds", 1, None)], TODAY)
