"""Diffs built by hand, for the tests of everything that reads one."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from costguard.diff.findings import finding_changes
from costguard.diff.model import Revision, ScanDiff
from costguard.diff.queries import query_changes
from costguard.result import Finding, QueryReport, UnreadReport
from tests.render.results import finding, query, result, scan_report

TIB = 2**40
BASE, HEAD = Revision("main", "0123456789abcdef" * 2), Revision("HEAD", "f" * 32)


def diff_of(
    before: Sequence[QueryReport] = (),
    after: Sequence[QueryReport] = (),
    findings_before: Sequence[Finding] = (),
    findings_after: Sequence[Finding] = (),
    min_usd: str = "0",
    remarks: tuple[str, ...] = (),
    unread: Sequence[UnreadReport] = (),
    files: int = 1,
    files_unread: int = 0,
) -> ScanDiff:
    """The diff of two scans. Texts are the fingerprints; `unread` and `files_unread` are the head's."""

    def text(item: QueryReport | Finding) -> str:
        return item.fingerprint

    old = result(before, findings_before, files=files)
    new = result(after, findings_after, unread, files, files_unread)
    queries = query_changes(old.queries, new.queries, text, text)
    findings = finding_changes(old.findings, new.findings, queries, text, text)
    return ScanDiff(BASE, HEAD, old, new, queries, findings, remarks, Decimal(min_usd))


def example() -> ScanDiff:
    """Something of everything: 12.50 dearer, 6.25 added, 3.125 cheaper, one moved, one unknown, one edited; a new, a
    fixed and a known finding."""
    before = [
        query("sql/cheaper.sql", fingerprint="cheaper"),
        query("sql/dearer.sql", 3, fingerprint="dearer"),
        query("sql/edited.sql", fingerprint="edited"),
        query("sql/lost.sql", size=TIB, fingerprint="lost"),
        query("sql/moved.sql", fingerprint="moved"),
    ]
    after = [
        query("new/moved.sql", fingerprint="moved"),
        query("sql/added.sql", fingerprint="added"),
        query("sql/cheaper.sql", size=TIB // 2, fingerprint="cheaper"),
        query(
            "sql/dearer.sql",
            5,
            size=3 * TIB,
            fingerprint="dearer",
            scans=(scan_report(size=3 * TIB, columns=("a", "b.c", "wide")),),
        ),
        query("sql/edited.sql", fingerprint="edited otherwise"),
        query("sql/lost.sql", size=None, fingerprint="lost"),
    ]
    return diff_of(
        before,
        after,
        [finding("sql/dearer.sql", 3), finding("sql/lost.sql", 1)],
        [finding("sql/added.sql", 1, severity="error", help="Name the columns."), finding("sql/lost.sql", 1)],
        remarks=("main went on since",),
    )
