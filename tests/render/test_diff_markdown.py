"""The comment on a pull request: what it says, how it is shortened, and that nothing in it becomes markup."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from costguard.diff.model import PolicyChange, ScanDiff
from costguard.render.diff_markdown import render_diff_markdown
from costguard.render.markdown_text import markdown_cell, markdown_code
from costguard.result import PolicyViolation, Verdict
from tests.diff.diffs import TIB, diff_of, example
from tests.render.results import finding, query

PASSED = Verdict("pass", ())
FAILED = Verdict("fail", ("one iteration costs too much (--max-increase-usd)",))


def test_everything() -> None:
    assert render_diff_markdown(example(), FAILED).replace("\u200b", "") == EVERYTHING


EVERYTHING = r"""## ❌ One iteration costs $15.62 more (+62 %), and 1 query of unknown change

- **Iteration**: $31.25 → $40.62
- **Queries**: 1 dearer, 1 cheaper, 1 added, 1 changed at an unknown cost, 1 edited at the same cost, 1 unchanged, 1 moved
- **Findings**: 1 new (1 error), 1 fixed, 1 known
- **Gate**: FAILED
  - one iteration costs too much (--max-increase-usd)

### Changed queries

| query | before | after | change | why |
| --- | ---: | ---: | ---: | --- |
| `sql/dearer.sql:5` | $6.25 | $18.75 | **+$12.50** | p.d.t: also reads wide |
| `sql/added.sql:1` (added) | – | $6.25 | **+$6.25** | SELECT of p.d.t |
| `sql/lost.sql:1` | $6.25 | unknown | unknown | its cost is not known any more; p.d.t: partition filter unpartitioned → unknown |
| `sql/cheaper.sql:1` | $6.25 | $3.12 | -$3.12 | p.d.t: 1 TiB → 512 GiB |

### New findings

| finding | where | wastes | what, and how to fix it |
| --- | --- | ---: | --- |
| error `select-star` | `sql/added.sql:1` | – | every column is read<br>**Fix**: Name the columns. |

1 query unchanged.

<details><summary>1 query changed at the same cost</summary>

- `sql/edited.sql:1`: its text was edited

</details>

<details><summary>1 finding fixed</summary>

- `select-star` `sql/dearer.sql:3`: every column is read

</details>

<details><summary>What is compared, and what is estimated</summary>

- Compared: main (0123456) → HEAD (fffffff)
- main went on since
- Dollars are estimates of what an iteration bills on demand (6.25 USD/TiB, US, list of 2026-07-25), before discounts.
- 5 queries are assumed to run once per iteration (\`runs\` in the config knows better).
- 1 query has no known cost and no part in these figures.
- The change leaves out 1 query of which a side is not known.

</details>
"""  # noqa: E501


def test_no_change() -> None:
    text = render_diff_markdown(diff_of([query()], [query()]), PASSED)
    assert text.startswith("## ✅ One iteration costs the same\n")
    assert "| query |" not in text
    assert "1 query unchanged." in text


def test_nothing_is_known() -> None:
    diff = diff_of([query(size=None)], [query(size=None)])
    text = render_diff_markdown(diff, Verdict("error", ("nothing could be analysed",)))
    assert text.startswith("## ⚠️ What an iteration costs is not known\n")
    assert "- **Iteration**: unknown → unknown" in text
    assert "- **Gate**: NOTHING CHECKED" in text


def test_only_what_is_not_known_changed() -> None:
    before = [query("a.sql", fingerprint="a"), query("b.sql", size=None, fingerprint="b")]
    after = [query("a.sql", fingerprint="a"), query("b.sql", fingerprint="b")]
    text = render_diff_markdown(diff_of(before, after), PASSED)
    assert text.startswith("## ✅ The change is not known of 1 query; all others come to the same\n")


def test_changes_below_the_floor() -> None:
    diff = diff_of([query()], [query(size=TIB + 2**34)], min_usd="1")
    text = render_diff_markdown(diff, PASSED)
    assert "0 queries unchanged, 1 changed by less than $1.00." in text
    assert "### Changed queries" not in text


def test_ranges_and_marks() -> None:
    from tests.render.results import usd

    wide = query(usd_per_iteration=usd("0", "5", "5", "upper-bound"))
    text = render_diff_markdown(diff_of([query()], [wide]), PASSED)
    assert "| $6.25 | ≤ $5.00 | -$1.25 |" in text
    assert "now $0.00 to $5.00" in text
    assert "- ≤ at most." in text


# -- a limit -------------------------------------------------------------------------------------------


def long_diff(count: int) -> ScanDiff:
    return diff_of(
        [query(f"old/{number}.sql", fingerprint=f"o{number}") for number in range(count)],
        [
            *(
                query(f"sql/{number}.sql", size=TIB + number, fingerprint=f"n{number}")
                for number in range(count)
            ),
        ],
        [finding(f"old/{number}.sql", message="m" * 150) for number in range(count)],
        [finding(f"sql/{number}.sql", message="m" * 150, help="h" * 150) for number in range(count)],
        remarks=tuple(f"remark {number}" for number in range(count)),
    )


@pytest.mark.parametrize("limit", [700, 2_000, 10_000, 65_000])
def test_a_limit_takes_rows_not_characters(limit: int) -> None:
    diff = long_diff(200)
    text = render_diff_markdown(diff, PASSED, limit)
    assert limit * 0.6 < len(text) <= limit
    assert text.count("<details>") == text.count("</details>")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.endswith(" |") for line in rows)
    shown = len(re.findall(r"^\| `(?:sql|old)/", text, re.MULTILINE))
    assert f"\n{400 - shown} more queries.\n" in text
    assert re.search(r"^\d+ more findings\.$", text, re.MULTILINE)


def test_no_limit_is_needed() -> None:
    whole = render_diff_markdown(example(), FAILED)
    assert render_diff_markdown(example(), FAILED, len(whole)) == whole
    assert "more" not in whole.partition("### New")[2].replace("any more", "").partition("</details>")[0]
    shorter = render_diff_markdown(example(), FAILED, len(whole) - 1)
    assert len(shorter) < len(whole)


@pytest.mark.parametrize("limit", [0, 1, 20, 60])
def test_of_very_little_room_the_headline_is_left(limit: int) -> None:
    text = render_diff_markdown(long_diff(3), PASSED, limit)
    assert len(text) <= max(limit, 1)
    assert "\n" not in text.rstrip("\n")


# -- texts of strangers --------------------------------------------------------------------------------

HOSTILE = (
    "a|b `c` <img src=x onerror=y> [d](https://e.invalid) @someone #12 !13 www.f.invalid GH-7\n## g\n/close"
)


def parsed(text: str) -> str:
    """HTML, as a code host makes it, but for the raw HTML that a host takes out."""
    return MarkdownIt("gfm-like", {"html": False, "linkify": False}).render(text)


def test_nothing_becomes_markup() -> None:
    diff = diff_of(
        [],
        [query(f"{HOSTILE}.sql", fingerprint="n", scans=())],
        [],
        [finding(f"{HOSTILE}.sql", message=HOSTILE, help=HOSTILE, rule="own`rule")],
        remarks=(HOSTILE,),
    )
    text = render_diff_markdown(diff, Verdict("fail", (HOSTILE,)))
    html = parsed(text)
    assert "<a " not in html
    assert "<img" not in html
    assert html.count("<h2") == 1
    assert html.count("<table>") == 2
    assert html.count("<tr>") == 4
    outside = re.sub(r"<code>.*?</code>", "", html, flags=re.DOTALL)
    assert not re.search(r"@someone|#12|!13|://|www\.f|GH-7", outside)
    assert not re.search(r"^/close", text, re.MULTILINE)


@settings(deadline=None)
@given(st.text(alphabet="ab`|\\<>[]()@#!&~_* \n1/:.-", max_size=40))
def test_code_and_prose_stay_one_cell(text: str) -> None:
    row = f"| a | b | c |\n| - | - | - |\n| {markdown_code(text)} | {markdown_cell(text)} | end |\n"
    html = parsed(row)
    assert html.count("<td>") == 3
    assert "<td>end</td>" in html
    assert not re.search(r"<(?!/?(?:table|thead|tbody|tr|th|td|code)\b)", html)


@settings(deadline=None)
@given(st.text(alphabet="ab` 1", min_size=1, max_size=20).filter(lambda text: bool(text.strip())))
def test_code_shows_what_it_was_given(text: str) -> None:
    (shown,) = re.findall(r"<code>(.*)</code>", parsed(markdown_code(text)))
    assert shown.split() == text.split()


@pytest.mark.parametrize("most", [0, 60, 300, 1000, 2000])
def test_bytes_are_counted_as_bytes(most: int) -> None:
    diff = diff_of([], [query(f"ä{number}.sql", fingerprint=str(number)) for number in range(40)])
    text = render_diff_markdown(diff, PASSED, maximum_bytes=most)
    assert len(text.encode()) <= most
    assert bool(text) == (most > 0)
    assert render_diff_markdown(diff, PASSED, maximum_bytes=10**6) == render_diff_markdown(diff, PASSED)


def test_violations_that_are_not_listed_are_counted() -> None:
    change = PolicyChange("p", "error", 0, 5, 5, (PolicyViolation("a|b"),))
    text = render_diff_markdown(replace(diff_of(), policies=(change,)), PASSED)
    assert "| error `p` | – | a\\|b |\n\n4 more violations.\n" in text
    assert "- **Policies**: 5 new violations, 0 known\n" in text
