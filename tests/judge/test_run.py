"""Rows become findings: dollars, levels, places, each once, with fingerprints that stay."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from costguard.judge.page import Rule
from costguard.judge.rulebook import RulebookError
from costguard.judge.run import order
from costguard.model import Span
from costguard.money import ByteRange, Dollars, Seconds
from costguard.result import Finding
from tests.judge.pages import TIB, judge_of, rule
from tests.render.results import finding as made

QUERY = "SELECT a FROM p.d.t\n"
LOOP = """from google.cloud import bigquery
client = bigquery.Client()
for day in range(3):
    client.query("SELECT a FROM p.d.t").to_dataframe()
"""


def found(folder: Path, *rules: Rule, **files: str) -> list[Finding]:
    """The findings of rules in some files (`q` stands for q.sql)."""
    texts = {f"{name}.sql": text for name, text in files.items()} or {"q.sql": QUERY}
    return judge_of(texts, folder).findings(rules)


def wasted(folder: Path, columns: str) -> Finding:
    """The one finding of a rule that gives these columns of each query."""
    (finding,) = found(folder, rule(sql=f'SELECT at, query, "via" AS "table", {columns} FROM queries'))
    return finding


def dollars(low: str, point: str, high: str, basis: str) -> Dollars:
    return Dollars(Decimal(low), Decimal(point), Decimal(high), basis)


def test_a_finding(tmp_path: Path) -> None:
    sql = 'SELECT s.at, s.query, s."table", s.bytes AS wasted_bytes, s.bytes_basis AS wasted_basis FROM scans AS s'
    judge = judge_of({"q.sql": "-- all of it\nSELECT a\nFROM p.d.t\n"}, tmp_path)
    (finding,) = judge.findings([rule(sql=sql, fix='"Leave {table} alone."')])
    assert finding == Finding(
        rule="every-column",
        severity="warning",
        confidence="high",
        driver="bytes-billed",
        path="q.sql",
        span=Span(3, 6, 3, 11),
        message="p.d.t: every column is read",
        query=finding.query,
        wasted_bytes=ByteRange.exactly(TIB // 2),
        wasted_usd=dollars("3.125", "3.125", "3.125", "exact"),
        fingerprint=finding.fingerprint,
        help="Leave p.d.t alone.",
    )
    assert finding.query is not None
    assert len(finding.fingerprint) == 16


# -- amounts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "size", "usd"),
    [
        ("NULL AS wasted_bytes", None, None),
        (f"{TIB} AS wasted_bytes", (TIB, TIB, TIB, "modelled"), ("6.25", "6.25", "6.25", "modelled")),
        (
            f"{TIB} AS wasted_bytes, 0 AS wasted_bytes_low, {2 * TIB} AS wasted_bytes_high, "
            "'upper-bound' AS wasted_basis",
            (0, TIB, 2 * TIB, "upper-bound"),
            ("0", "6.25", "12.5", "upper-bound"),
        ),
        # Bounds that are on the wrong side give way to the point.
        (
            f"{TIB} AS wasted_bytes, {2 * TIB} AS wasted_bytes_low, 0 AS wasted_bytes_high",
            (TIB, TIB, TIB, "modelled"),
            ("6.25", "6.25", "6.25", "modelled"),
        ),
        ("-5 AS wasted_bytes, -7 AS wasted_bytes_low", (0, 0, 0, "modelled"), ("0", "0", "0", "modelled")),
        ("2.5 AS wasted_bytes", (2, 2, 2, "modelled"), None),
        ("bytes / (bytes - bytes) AS wasted_bytes", None, None),
        ("holes / holes AS wasted_bytes, holes / holes AS wasted_usd", None, None),
        (f"{TIB} AS wasted_bytes, holes / holes AS wasted_bytes_low", (TIB, TIB, TIB, "modelled"), None),
        ("2.5 AS wasted_usd", None, ("2.5", "2.5", "2.5", "modelled")),
        ("2.5 AS wasted_usd, 'exact' AS wasted_basis", None, ("2.5", "2.5", "2.5", "exact")),
        ("-2.5 AS wasted_usd", None, ("0", "0", "0", "modelled")),
        # A machine at 0.36 dollars an hour; the time is known within a factor of two.
        ("100 AS wasted_seconds", None, ("0.005", "0.01", "0.02", "modelled")),
        ("-100 AS wasted_seconds", None, ("0", "0", "0", "modelled")),
        # Dollars go before seconds, seconds before bytes.
        (
            f"{TIB} AS wasted_bytes, 100 AS wasted_seconds, 7 AS wasted_usd",
            (TIB, TIB, TIB, "modelled"),
            ("7", "7", "7", "modelled"),
        ),
        (
            f"{TIB} AS wasted_bytes, 100 AS wasted_seconds",
            (TIB, TIB, TIB, "modelled"),
            ("0.005", "0.01", "0.02", "modelled"),
        ),
    ],
)
def test_amounts(
    tmp_path: Path,
    columns: str,
    size: tuple[int, int, int, str] | None,
    usd: tuple[str, str, str, str] | None,
) -> None:
    finding = wasted(tmp_path, columns)
    assert finding.wasted_bytes == (None if size is None else ByteRange(*size))
    if usd is not None or size is None:
        assert finding.wasted_usd == (None if usd is None else dollars(*usd))


def test_bytes_cost_what_the_query_costs(tmp_path: Path) -> None:
    """Without a query, or where the query has no price, the dollars are unknown, not nothing."""
    sql = f'SELECT at, via AS "table", {TIB} AS wasted_bytes FROM queries'
    (finding,) = found(tmp_path, rule(sql=sql))
    assert finding.wasted_bytes == ByteRange(TIB, TIB, TIB, "modelled")
    assert (finding.query, finding.wasted_usd) == (None, None)


def test_runs_multiply_bytes_and_seconds_but_not_dollars(tmp_path: Path) -> None:
    judge = judge_of({"run.py": LOOP}, tmp_path)

    def usd(column: str) -> Decimal | None:
        (finding,) = judge.findings([rule(sql=f'SELECT at, query, via AS "table", {column} FROM queries')])
        return finding.wasted_usd.point if finding.wasted_usd is not None else None

    assert usd(f"{TIB} AS wasted_bytes") == Decimal("18.75")
    assert usd("100 AS wasted_seconds") == Decimal("0.03")
    assert usd("2 AS wasted_usd") == Decimal(2)
    sql = 'SELECT at, via AS "table", 100 AS wasted_seconds FROM queries'
    (finding,) = judge.findings([rule(sql=sql)])
    assert finding.wasted_usd == dollars("0.005", "0.01", "0.02", "modelled")
    assert finding.wasted_seconds == Seconds(Decimal(50), Decimal(100), Decimal(200), "modelled")
    assert finding.machine == "tiny, 0.36 USD/hour, assumed"


# -- levels --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ("0 AS x", ("warning", "high")),
        ("'note' AS severity", ("note", "high")),
        ("'error' AS severity, 'low' AS confidence", ("error", "low")),
        ("NULL AS severity, NULL AS confidence", ("warning", "high")),
        ("CASE WHEN bytes > 0 THEN 'note' END AS severity", ("note", "high")),
        ("CASE WHEN bytes < 0 THEN 'note' END AS severity", ("warning", "high")),
    ],
)
def test_a_row_may_set_its_own_levels(tmp_path: Path, columns: str, expected: tuple[str, str]) -> None:
    finding = wasted(tmp_path, columns)
    assert (finding.severity, finding.confidence) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (
            "SELECT at, 'fatal' AS severity, via AS \"table\" FROM queries",
            "the column `severity` gives 'fatal', which is not one of error, warning, note",
        ),
        (
            "SELECT at, 'sure' AS confidence, via AS \"table\" FROM queries",
            "the column `confidence` gives 'sure', which is not one of high, medium, low",
        ),
        (
            "SELECT at, 'guess' AS wasted_basis, via AS \"table\" FROM queries",
            "the column `wasted_basis` gives 'guess', which is not one of billed, job, dry-run, exact, upper-bound, "
            "lower-bound, modelled, unknown",
        ),
        (
            'SELECT 99999 AS at, via AS "table" FROM queries',
            "the column `at` gives 99999, which is no key of its table",
        ),
        (
            'SELECT at, -1 AS query, via AS "table" FROM queries',
            "the column `query` gives -1, which is no key of its table",
        ),
        ('SELECT via AS at, via AS "table" FROM queries', "the column `at` must be a key of locations"),
        ('SELECT query, via AS "table" FROM queries', "the query must give a column `at`"),
        ("SELECT nope, at FROM queries", "unable to find column"),
    ],
)
def test_rows_that_no_finding_can_be_made_of(tmp_path: Path, sql: str, expected: str) -> None:
    with pytest.raises(RulebookError) as caught:
        found(tmp_path, rule(sql=sql))
    (problem, *_) = caught.value.problems
    assert problem.startswith("every-column.md:14: ")
    assert expected in problem


def test_a_row_without_a_place_is_no_finding(tmp_path: Path) -> None:
    """The place of something that may not be there (`limit_at`) is null."""
    sql = 'SELECT limit_at AS at, query, via AS "table" FROM queries'
    assert found(tmp_path, rule(sql=sql)) == []
    (finding,) = found(tmp_path, rule(sql=sql), q=f"{QUERY}LIMIT 5\n")
    assert finding.span.start_line == 2


# -- each once, in order, recognisable -----------------------------------------------------------------


EVERY_SCAN = 'SELECT at, query, "table" FROM scans'


def test_the_same_finding_is_reported_once(tmp_path: Path) -> None:
    twice = f"{EVERY_SCAN} UNION ALL {EVERY_SCAN}"
    assert len(found(tmp_path, rule(sql=twice))) == 1
    differs = f'{EVERY_SCAN} UNION ALL SELECT at, query, "alias" AS "table" FROM scans'
    assert [finding.message for finding in found(tmp_path, rule(sql=differs))] == [
        "p.d.t: every column is read",
        "t: every column is read",
    ]


def test_findings_are_in_the_order_of_the_files(tmp_path: Path) -> None:
    text = "SELECT a FROM p.d.t, p.d.t AS u;\nSELECT b FROM p.d.t"
    rules = [rule("b-rule", EVERY_SCAN), rule("a-rule", EVERY_SCAN)]
    judge = judge_of({"z.sql": text, "a.sql": QUERY}, tmp_path)
    places = [
        (item.path, item.span.start_line, item.span.start_column, item.rule) for item in judge.findings(rules)
    ]
    assert places == [
        (path, line, column, name)
        for path, line, column in [("a.sql", 1, 15), ("z.sql", 1, 15), ("z.sql", 1, 22), ("z.sql", 2, 15)]
        for name in ("a-rule", "b-rule")
    ]


def test_fingerprints_stay_when_lines_move(tmp_path: Path) -> None:
    before = found(tmp_path, rule(sql=EVERY_SCAN), q="SELECT a FROM p.d.t")
    after = found(tmp_path, rule(sql=EVERY_SCAN), q="-- new\n\n  SELECT a, b\n  FROM p.d.t\n")
    assert before[0].span != after[0].span
    assert before[0].fingerprint == after[0].fingerprint


def test_layout_does_not_change_the_fingerprint_of_a_statement(tmp_path: Path) -> None:
    sql = 'SELECT at, query, via AS "table" FROM queries'
    (before,) = found(tmp_path, rule(sql=sql), q="SELECT a\nFROM p.d.t\n")
    (after,) = found(tmp_path, rule(sql=sql), q="\n  SELECT a\n     FROM   p.d.t\n")
    assert before.fingerprint == after.fingerprint


def test_fingerprints_tell_rules_files_and_texts_apart(tmp_path: Path) -> None:
    judge = judge_of({"a.sql": f"{QUERY};\nSELECT b FROM p.d.u", "b.sql": QUERY}, tmp_path)
    marks = [item.fingerprint for item in judge.findings([rule(sql=EVERY_SCAN), rule("other", EVERY_SCAN)])]
    assert len(set(marks)) == len(marks) == 6


def test_equal_places_of_one_file_are_told_apart_by_their_number(tmp_path: Path) -> None:
    two = [item.fingerprint for item in found(tmp_path, rule(sql=EVERY_SCAN), q=f"{QUERY};{QUERY}")]
    three = [item.fingerprint for item in found(tmp_path, rule(sql=EVERY_SCAN), q=f"{QUERY};{QUERY};{QUERY}")]
    assert len(set(three)) == 3
    assert three[:2] == two


def test_the_whole_flagged_text_counts(tmp_path: Path) -> None:
    marks = set()
    for table in ("p.d.t", "q.d.t", "p.d.u"):
        (finding,) = found(tmp_path, rule(sql=EVERY_SCAN), q=f"SELECT a FROM {table} AS x")
        marks.add(finding.fingerprint)
    (again,) = found(tmp_path, rule(sql=EVERY_SCAN), q="SELECT b FROM p.d.t AS y")
    assert len(marks) == 3
    assert again.fingerprint in marks


def test_of_a_long_statement_the_first_lines_count(tmp_path: Path) -> None:
    sql = 'SELECT at, query, via AS "table" FROM queries'
    lines = ["SELECT", *(f"  {number} AS c{number}," for number in range(30)), "  1 AS last"]

    def mark(changed: int) -> str:
        text = [
            line.replace(" AS ", " AS x") if number == changed else line for number, line in enumerate(lines)
        ]
        (finding,) = found(tmp_path, rule(sql=sql), q="\n".join(text))
        return finding.fingerprint

    assert mark(20) != mark(99)
    assert mark(21) == mark(99)


def test_cells_of_a_notebook_come_in_their_order() -> None:
    items = [
        made(span=Span(line, 1, line, 2, cell), suppressed=None) for cell, line in ((2, 1), (1, 5), (10, 1))
    ]
    assert [item.span.cell for item in sorted(items, key=order)] == [1, 2, 10]
