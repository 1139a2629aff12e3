"""A diff for the terminal."""

from __future__ import annotations

import re

import pytest

from costguard.render.cells import text_width
from costguard.render.diff_text import render_diff_text
from costguard.result import Verdict
from tests.diff.diffs import diff_of, example
from tests.render.results import finding, query

FAILED = Verdict("fail", ("one iteration costs too much (--max-increase-usd)", "warning: and so on"))


def test_everything() -> None:
    assert render_diff_text(example(), FAILED, plain=True) == EVERYTHING


EVERYTHING = """\
One iteration costs $15.62 more (+62 %), and 1 query of unknown change
main (0123456) → HEAD (fffffff)

Changed queries            before    after   change
  sql/dearer.sql:5          $6.25   $18.75  +$12.50
      p.d.t: also reads wide
  sql/added.sql:1 (added)            $6.25   +$6.25
      SELECT of p.d.t
  sql/lost.sql:1            $6.25  unknown  unknown
      its cost is not known any more; p.d.t: partition filter unpartitioned → unknown
  sql/cheaper.sql:1         $6.25    $3.12   -$3.12
      p.d.t: 1 TiB → 512 GiB

Changed at the same cost
  sql/edited.sql:1
      its text was edited

New findings
  error[select-star] sql/added.sql:1
      every column is read
      to fix Name the columns.

Fixed findings
  warning[select-star] sql/dearer.sql:3
      every column is read

Iteration  $31.25 → $40.62
Queries    1 dearer, 1 cheaper, 1 added, 1 changed at an unknown cost, 1 edited at the same cost, 1
           unchanged, 1 moved
Findings   1 new (1 error), 1 fixed, 1 known
Remarks    main went on since
           Dollars are estimates of what an iteration bills on demand (6.25 USD/TiB, US, list of
           2026-07-25), before discounts.
           5 queries are assumed to run once per iteration (`runs` in the config knows better).
           1 query has no known cost and no part in these figures.
           The change leaves out 1 query of which a side is not known.
Gate       FAILED: one iteration costs too much (--max-increase-usd)
           warning: and so on
"""


def test_colour_changes_no_text() -> None:
    painted = render_diff_text(example(), FAILED, plain=False)
    assert "\x1b[1;31m+$12.50\x1b[0m" in re.sub(r" +", "", painted)
    assert "\x1b[1;32m-$3.12\x1b[0m" in re.sub(r" +", "", painted)
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == EVERYTHING


@pytest.mark.parametrize("width", [40, 72, 90, 300])
def test_lines_fit(width: int) -> None:
    long = "a_long_folder/" * 12
    diff = diff_of(
        [query(f"{long}q.sql")],
        [query(f"{long}q.sql", runs=2.0), query(f"{long}日本.sql", fingerprint="n")],
        [],
        [finding(f"{long}q.sql", message="word " * 60)],
    )
    text = render_diff_text(diff, FAILED, True, width)
    assert max(map(text_width, text.splitlines())) <= min(max(width, 72), 120)


def test_very_many_rows_are_counted() -> None:
    diff = diff_of(
        [],
        [query(f"{number}.sql", fingerprint=f"{number}") for number in range(50)],
        [],
        [finding(f"{number}.sql") for number in range(41)],
    )
    text = render_diff_text(diff, FAILED, True)
    assert "  10 more queries; --format json lists every one" in text
    assert "  1 more finding; --format json lists every one" in text


def test_nothing_steers_the_terminal() -> None:
    evil = "a\x1b[2Jb\u202e.sql"
    diff = diff_of([], [query(evil, fingerprint="n")], [], [finding(evil, message=evil)], remarks=(evil,))
    text = render_diff_text(diff, Verdict("fail", (evil,)), True)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert text.count("a␛[2Jb�.sql") == 5


def test_a_pass() -> None:
    assert render_diff_text(diff_of(), Verdict("pass", ()), True).endswith("Gate       passed\n")
