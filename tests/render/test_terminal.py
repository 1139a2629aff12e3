"""What a person reads: findings, tables, sums, and the order of all that."""

from __future__ import annotations

import doctest
import re
from dataclasses import replace
from decimal import Decimal

import pytest

from costguard.model import Span
from costguard.money import ByteRange, Seconds
from costguard.render import amounts, cells, finding_text
from costguard.render.terminal import SHOWN_FINDINGS, render_terminal
from costguard.result import ScanResult, UnreadReport, Verdict
from tests.render.results import PASSED, finding, query, result, scan_report, usd

SOURCES = {
    ("q.sql", None): "SELECT * FROM t\nWHERE a = 1",
    ("n.ipynb", 2): "%%bigquery\nSELECT * FROM t",
}


def source(path: str, cell: int | None) -> str | None:
    return SOURCES.get((path, cell))


def render(
    found: ScanResult,
    verdict: Verdict = PASSED,
    width: int = 100,
    everything: bool = False,
    plain: bool = True,
) -> str:
    return render_terminal(found, verdict, source, plain, width, everything)


def blocks(text: str) -> list[str]:
    return text.rstrip("\n").split("\n\n")


def tail(found: ScanResult, verdict: Verdict = PASSED) -> str:
    """The last block: what the README shows."""
    return blocks(render(found, verdict))[-1]


@pytest.mark.parametrize("module", [amounts, cells, finding_text])
def test_examples_in_docstrings(module: object) -> None:
    done = doctest.testmod(module)  # type: ignore[arg-type]
    assert done.failed == 0
    assert done.attempted > 0


def test_a_finding_from_top_to_bottom() -> None:
    found = finding(
        severity="error",
        span=Span(1, 8, 1, 9),
        message="p.d.t: every column is read",
        wasted_bytes=ByteRange(0, 2**40, 2**40, "upper-bound"),
        wasted_usd=usd("0", "6.25", basis="upper-bound"),
        help="name the columns that are used",
    )
    assert blocks(render(result(findings=[found])))[0].splitlines() == [
        "── q.sql ───────────────────────────────────────────────────────────────────────────────── 1 finding",
        "error[select-star] q.sql:1:8",
        "   1 │ SELECT * FROM t",
        "     │        ^",
        "       p.d.t: every column is read",
        "       wastes $6.25 an iteration ($0.00 to $6.25, upper-bound), 1 TiB a run",
        "       to fix name the columns that are used",
    ]


def test_findings_stand_below_their_file() -> None:
    text = render(result(findings=[finding("a.sql"), finding("a.sql", 2), finding("b.sql")]))
    heads = re.findall(r"^── (\S+) ─+ (.*)$", text, re.MULTILINE)
    assert heads == [("a.sql", "2 findings"), ("b.sql", "1 finding")]
    assert {len(line) for line in text.splitlines() if line.startswith("──")} == {100}


def test_the_cell_of_a_notebook_is_named() -> None:
    text = render(result(findings=[finding("n.ipynb", span=Span(2, 8, 2, 9, cell=2))]))
    assert "warning[select-star] n.ipynb:cell 2:2:8\n   2 │ SELECT * FROM t\n     │        ^\n" in text


def test_a_file_that_is_gone_leaves_the_message() -> None:
    text = render(result(findings=[finding("gone.sql")]))
    assert "warning[select-star] gone.sql:1:1\n       every column is read\n" in text


@pytest.mark.parametrize(
    ("wasted_bytes", "wasted_usd", "shown"),
    [
        (None, None, None),
        (ByteRange.exactly(0), usd("0"), None),
        (ByteRange.exactly(2**31), None, "2 GiB a run"),
        (ByteRange(2**30, 2**31, 2**32, "modelled"), None, "2 GiB a run (1 GiB to 4 GiB, modelled)"),
        (None, usd("0.004"), "$0.004 an iteration"),
        (None, usd("0.004", basis="modelled"), "$0.004 an iteration (modelled)"),
        (ByteRange.exactly(2**31), usd("2.00", "2.05", "2.10"), "$2.05 an iteration, 2 GiB a run"),
        (
            ByteRange.exactly(2**31),
            usd("1", "2", "4", "modelled"),
            "$2.00 an iteration ($1.00 to $4.00, modelled), 2 GiB a run",
        ),
    ],
)
def test_waste(wasted_bytes: ByteRange | None, wasted_usd: object, shown: str | None) -> None:
    text = render(result(findings=[finding(wasted_bytes=wasted_bytes, wasted_usd=wasted_usd)]))
    assert re.findall(r"^       wastes (.*)$", text, re.MULTILINE) == ([] if shown is None else [shown])


def test_wasted_time_says_on_what_machine() -> None:
    time = Seconds(Decimal("9.5"), Decimal(19), Decimal(38), "modelled")
    machine = "n2-standard-4, 0.194236 USD/hour, assumed"
    waste = finding(wasted_seconds=time, machine=machine, wasted_usd=time.price(Decimal("0.194236")))
    text = render(result(findings=[waste]), width=140)
    assert (
        "wastes $0.001 an iteration ($0.00051 to $0.0021, modelled), 19 s a run "
        "(n2-standard-4, 0.194236 USD/hour, assumed)"
    ) in " ".join(text.split())


def test_a_long_message_is_wrapped_behind_the_gutter() -> None:
    text = render(result(findings=[finding(message="word " * 60, help="step " * 60)]))
    assert max(map(len, text.splitlines())) <= 100
    assert text.count("\n       word") == 4
    assert text.count("\n              step") == 3


def test_nothing_of_the_code_steers_the_terminal() -> None:
    evil = "\x1b[2J\u202e\x07\r[red]x[/red]"
    text = render(
        result(
            [query(f"{evil}.sql", scans=(scan_report(evil, None),), size=None), query(f"{evil}2.sql")],
            [finding(f"{evil}.sql", message=evil, help=evil, fix=evil)],
            [UnreadReport(f"{evil}.sql", Span(1, 1, 1, 1), evil, evil)],
        ),
        Verdict("fail", (f"{evil}: too dear",)),
    )
    assert not set(text) & {"\x1b", "\u202e", "\x07", "\r"}
    assert text.count("[red]x[/red]") == 11


def test_plain_text_has_no_sequences_and_colour_changes_nothing_else() -> None:
    found = result([query(), query(size=None)], [finding(severity="error")], files=2)
    plain, coloured = render(found), render(found, plain=False)
    assert "\x1b" not in plain
    assert "\x1b[1;31merror[select-star]\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


@pytest.mark.parametrize(("width", "longest"), [(20, 72), (80, 80), (100, 100), (300, 120)])
def test_the_width_is_held(width: int, longest: int) -> None:
    long = "deep/" * 40 + "q.sql"
    text = render(
        result(
            [query(long), query(size=None)],
            [finding(long, message="word " * 40)],
            [UnreadReport("b.sql", Span(1, 1, 1, 1), "syntax error", "near " * 60)] * 12,
        ),
        Verdict("fail", ("reason " * 30,)),
        width,
    )
    too_long = [line for line in text.splitlines() if len(line) > longest and "[select-star]" not in line]
    assert too_long == []
    assert max(len(line) for line in text.splitlines() if line.startswith("──")) == longest


# -- many findings -------------------------------------------------------------------------------------


def many() -> ScanResult:
    return result(
        findings=[
            finding(
                f"{number:04}.sql",
                rule="dear" if number % 3 == 0 else "grave" if number % 3 == 1 else "small",
                severity="error" if number % 3 == 1 else "warning",
                wasted_usd=usd(str(3000 - number)) if number % 3 == 0 else None,
            )
            for number in range(300)
        ]
    )


def test_of_many_findings_the_gravest_are_shown_and_the_rest_is_counted() -> None:
    text = render(many())
    shown = re.findall(r"^\w+\[(\w+)\] (\d+)", text, re.MULTILINE)
    assert len(shown) == SHOWN_FINDINGS == 100
    assert {rule for rule, _ in shown} == {"grave"}
    assert [number for _, number in shown] == sorted(number for _, number in shown)
    assert blocks(text)[-2].splitlines() == [
        "200 more findings beside these 100, the gravest and dearest ones; --all shows every one",
        "      100  warning  dear",
        "      100  warning  small",
    ]
    assert "100 errors, 200 warnings" in text


def test_among_equals_dollars_decide() -> None:
    found = result(findings=[item for item in many().findings if item.rule != "grave"][:140])
    shown = re.findall(r"^warning\[(\w+)\]", render(found), re.MULTILINE)
    assert (shown.count("dear"), shown.count("small")) == (70, 30)


def test_every_finding_is_shown_on_demand() -> None:
    text = render(many(), everything=True)
    assert len(re.findall(r"^\w+\[\w+\] \d+", text, re.MULTILINE)) == 300
    assert "--all" not in text


def test_ignored_findings_are_counted_only() -> None:
    text = render(result(findings=[finding(suppressed="small"), finding(line=2, suppressed="")]))
    assert "[select-star]" not in text
    assert "Findings   none; 2 ignored findings" in text


# -- what stands below ---------------------------------------------------------------------------------


def test_the_dearest_queries() -> None:
    queries = [
        query("a.sql", 3, size=2**40),
        query("n.ipynb", span=Span(2, 1, 3, 1, cell=4), size=2**30, runs=1200.0, runs_basis="written"),
        query("models/m.sql", 1, size=1, variant="incremental"),
        query("free.sql", size=0),
        query("unknown.sql", size=None),
    ]
    (table,) = [block for block in blocks(render(result(queries))) if block.startswith("Dearest")]
    assert table.splitlines() == [
        # 1200 runs of a GiB: 6.25 / 1024 * 1200 = 7.32; 10 MiB at least: 6.25 / 104857.6 = 0.0000596
        "Dearest queries                 bytes billed   $ a run           runs  $ an iteration",
        "  n.ipynb:cell 4:2                     1 GiB   $0.0061  1,200                   $7.32",
        "  a.sql:3                              1 TiB     $6.25      1 assumed           $6.25",
        "  models/m.sql:1 (incremental)        10 MiB  $0.00006      1 assumed        $0.00006",
    ]


def test_only_five_queries_are_dearest() -> None:
    text = render(result([query(f"{number}.sql", size=2**40 + number * 2**30) for number in range(9)]))
    assert re.findall(r"^  (\d)\.sql:1 ", text, re.MULTILINE) == ["8", "7", "6", "5", "4"]


def test_nothing_is_dear_when_nothing_costs() -> None:
    assert "Dearest" not in render(result([query(size=None), query(size=0)]))


def test_nothing_known_but_what_is_free_is_unknown() -> None:
    """A function beside a query that nobody knows the cost of: `$0.00` is not what an iteration costs."""
    text = render(result([query(size=0), query(size=None, line=2)]))
    assert (
        "Iteration  unknown: 1 of 2 queries in 1 file has no known cost, the others cost nothing\n"
        "           1 query has no known cost: " in text
    )
    assert "assumed" not in text.split("Iteration")[1]
    assert "Iteration  $0.00 for 1 query in 1 file\n" in render(result([query(size=0)]))


def test_reasons_for_what_was_not_read() -> None:
    unread = [
        UnreadReport(f"{number}.sql", Span(7, 1, 7, 2), "syntax error", "near FORM") for number in (1, 2)
    ]
    unread += [UnreadReport("x.ipynb", Span(3, 1, 3, 2, cell=5), "SQL is made at run time", "")]
    (block,) = [block for block in blocks(render(result(unread=unread))) if block.startswith("Not read")]
    assert block.splitlines() == [
        "Not read",
        "      2  syntax error: such as 1.sql:7 (near FORM)",
        "      1  SQL is made at run time: x.ipynb:cell 5:3",
        "         --format json lists every place under `unread`",
    ]


def test_rare_reasons_are_counted_together() -> None:
    unread = [UnreadReport("a.sql", Span(1, 1, 1, 1), f"reason {number}") for number in range(8)]
    text = render(result(unread=unread))
    assert "      3  3 other reasons\n         --format json lists every place" in text


def test_a_rare_reason_alone_has_its_line() -> None:
    unread = [UnreadReport("a.sql", Span(1, 1, 1, 1), f"reason {number}") for number in range(6)]
    text = render(result(unread=unread))
    assert "      1  reason 5: a.sql:1\n" in text
    assert "other reason" not in text


def test_a_single_place_needs_no_list() -> None:
    assert "--format json" not in render(
        result(unread=[UnreadReport("a.sql", Span(1, 1, 1, 1), "binary file")])
    )


def test_the_sum() -> None:
    queries = [
        query("a.sql", size=2**40, runs=2.0, runs_basis="declared"),
        query(
            "b.sql",
            size=2**40,
            usd=usd("1", "2", "4", "modelled"),
            usd_per_iteration=usd("1", "2", "4", "modelled"),
        ),
        query("c.sql", size=None, scans=(scan_report("p.d.lost", None),)),
    ]
    found = result(queries, [finding(), finding(severity="note"), finding(suppressed="")], files=1234)
    assert tail(found).splitlines() == [
        "Iteration  $14.50 ($13.50 to $16.50, modelled) for 2 of 3 queries in 1,234 files",
        "           1 of them is assumed to run once per iteration (`runs` in the config knows better)",
        "           1 query has no known cost: p.d.lost is in no catalog (--catalog FILE)",
        "Findings   1 warning, 1 note; 1 ignored finding",
        "Gate       passed",
    ]


@pytest.mark.parametrize(
    ("queries", "days", "said"),
    [
        (2, 9, "9 days older than the clock: 2 queries read partitions"),
        (1, 1, "1 day older than the clock: 1 query reads partitions"),
        (1, 0, "less than a day older than the clock: 1 query reads partitions"),
    ],
)
def test_an_old_catalog_is_named_where_queries_rest_on_what_has_come_since(
    queries: int, days: int, said: str
) -> None:
    found = result([query("a.sql", size=2**40)])
    summary = replace(found.summary, since_queries=queries, catalog_days=days)
    (line,) = (line for line in tail(replace(found, summary=summary)).splitlines() if "Catalog" in line)
    assert line.startswith(f"Catalog    {said}")
    assert "Catalog" not in tail(replace(found, summary=replace(summary, since_queries=0)))


def test_queries_of_other_databases_are_in_no_catalog_either() -> None:
    queries = [
        query("a.py", size=None, scans=(scan_report("v$pdbs", None),), dialect="oracle"),
        query("b.sql", size=None, scans=(scan_report("p.d.lost", None),)),
    ]
    assert (
        "           2 queries have no known cost (1 of them for oracle, which has no price here): p.d.lost is\n"
        "           in no catalog (--catalog FILE)\n"
    ) in tail(result(queries, files=2))


def test_a_catalog_that_does_not_say_enough() -> None:
    scan = scan_report("p.d.t", None, pruning="unpartitioned")
    text = tail(result([query(size=None, scans=(scan,)), query("b.sql")], files=2))
    assert (
        "           1 query has no known cost; the catalog does not say how large what is read of p.d.t is\n"
    ) in text


def test_what_is_counted_elsewhere_is_not_counted_twice() -> None:
    queries = [query("a.py", counted_with="q.sql:1"), query("q.sql")]
    text = render(result(queries, files=2))
    assert "  a.py:1" not in text
    assert "Iteration  $6.25 for 1 query in 2 files\n" in text
    assert "           1 query that code reads from files is counted there\n" in text


def test_an_unknown_sum_is_not_zero() -> None:
    queries = [query(f"{n}.sql", size=None, scans=(scan_report(f"p.d.t{n % 5}", None),)) for n in range(7)]
    text = tail(result(queries, files=7))
    assert text.splitlines()[:3] == [
        "Iteration  unknown: none of 7 queries in 7 files has a known cost",
        "           7 queries have no known cost: p.d.t0, p.d.t1, p.d.t2 and 2 more tables are in no catalog",
        "           (--catalog FILE)",
    ]
    assert "$" not in text


def test_small_sums_are_not_rounded_to_nothing() -> None:
    assert "Iteration  $0.00006 for 1 query in 1 file" in tail(result([query(size=1)]))


def test_no_query_is_said() -> None:
    assert "Iteration  no queries found in 3 files" in tail(result(files=3))


def test_what_was_not_read_stands_beside_the_sum() -> None:
    unread = [UnreadReport("a.sql", Span(1, 1, 1, 1), "binary file")] * 3
    assert "Unread     3 places in the code; their cost is in no figure\n" in tail(result(unread=unread))


@pytest.mark.parametrize(
    ("verdict", "shown"),
    [
        (Verdict("pass", ()), ["Gate       passed"]),
        (
            Verdict("pass", ("2 queries have no known cost",)),
            ["Gate       passed: 2 queries have no known cost"],
        ),
        (Verdict("fail", ("one", "two")), ["Gate       FAILED: one", "           two"]),
        (Verdict("error", ("every file is unread",)), ["Gate       NOTHING CHECKED: every file is unread"]),
    ],
)
def test_the_gate_speaks_last(verdict: Verdict, shown: list[str]) -> None:
    text = render(result([query()]), verdict)
    assert text.splitlines()[-len(shown) :] == shown
    assert text.endswith("\n")


def test_the_same_result_gives_the_same_text() -> None:
    assert render(many()) == render(many())
