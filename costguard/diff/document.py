"""Reads the JSON document of a diff, such as another step of a pipeline wrote it: whatever is in it is checked."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final, TypeVar, get_args

from pydantic_core import from_json

from costguard.bounded_read import read_at_most, refuse_larger
from costguard.diff.model import (
    FindingChange,
    FindingState,
    PolicyChange,
    QueryChange,
    QueryState,
    Revision,
    ScanDiff,
)
from costguard.errors import UsageProblem
from costguard.model import Span
from costguard.money import ByteRange, Dollars, Seconds
from costguard.result import (
    Allowance,
    BaselineMatter,
    BaselineReport,
    Confidence,
    Finding,
    PolicyViolation,
    QueryReport,
    ScanReport,
    ScanResult,
    Severity,
    Silencer,
    Summary,
    UnreadReport,
    Verdict,
)

VERSION: Final = 1
LARGEST: Final = 256 * 2**20
"""Bytes of a document; one of 10,000 queries has about 20 MiB."""
TOO_LARGE: Final = "no diff is that large"
LONGEST: Final = 100_000
"""Characters of a text in it."""
LONGEST_AMOUNT: Final = 100
"""Characters of an amount."""
DIGITS: Final = 24
"""More bytes or dollars than there are have so many."""

Read = TypeVar("Read")


def read_diff(path: Path) -> tuple[ScanDiff, Verdict]:
    """The diff in a file, and what the gate said of it.

    Raises:
        UsageProblem: it cannot be read, is too large, or is not such a document.
    """
    return decode(read_at_most(path, LARGEST, TOO_LARGE), str(path))


def decode(data: bytes | str, name: str = "diff") -> tuple[ScanDiff, Verdict]:
    """The diff in a document, and what the gate said of it. `name`: what errors call it.

    Raises:
        UsageProblem: it is too large, or is not such a document; the text says where.
    """
    refuse_larger(data, LARGEST, name, TOO_LARGE)
    try:
        document = _Row(from_json(data), "")
        version = document.whole("version")
        if version != VERSION:
            raise _Wrong(f"version {version} is not known; this costguard reads version {VERSION}")
        return _diff(document)
    except (_Wrong, ValueError) as error:
        raise UsageProblem(f"{name}: not a document of `costguard diff --format json` ({error})") from None


class _Wrong(Exception):  # noqa: N818 - becomes a UsageProblem
    """Something in the document is not as it has to be."""


class _Row:
    """A JSON object whose values are checked as they are taken."""

    def __init__(self, value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise _Wrong(f"{where or 'the document'} is not an object")
        self._value = value
        self._where = where

    def _path(self, key: str) -> str:
        return f"{self._where}.{key}" if self._where else key

    def _get(self, key: str, expected: str, *kinds: type) -> Any:
        value = self._value.get(key)
        if type(value) not in kinds:
            raise _Wrong(f"{self._path(key)} is not {expected}")
        return value

    def has(self, key: str) -> bool:
        """Whether there is something, other than null."""
        return self._value.get(key) is not None

    def text(self, key: str) -> str:
        value: str = self._get(key, "a text", str)
        if len(value) > LONGEST:
            raise _Wrong(f"{self._path(key)} is longer than {LONGEST} characters")
        return value

    def optional_text(self, key: str) -> str | None:
        return self.text(key) if self.has(key) else None

    def one_of(self, key: str, known: tuple[Any, ...]) -> Any:
        value = self.text(key)
        if value not in known:
            raise _Wrong(f"{self._path(key)} is not one of {', '.join(known)}")
        return value

    def whole(self, key: str) -> int:
        value: int = self._get(key, "a whole number, 0 or more", int)
        if not 0 <= value < 10**DIGITS:
            raise _Wrong(f"{self._path(key)} is {'less than 0' if value < 0 else 'too large'}")
        return value

    def optional_whole(self, key: str) -> int | None:
        return self.whole(key) if self.has(key) else None

    def number(self, key: str) -> float:
        value = float(self._get(key, "a number", int, float))
        if not math.isfinite(value):
            raise _Wrong(f"{self._path(key)} is not a number")
        return value

    def truth(self, key: str) -> bool:
        value: bool = self._get(key, "true or false", bool)
        return value

    def decimal(self, key: str) -> Decimal:
        text = self.text(key)
        try:
            value = Decimal(text) if len(text) <= LONGEST_AMOUNT else Decimal("nan")
        except InvalidOperation:
            value = Decimal("nan")
        # Written out, an exponent of a million has a million digits.
        if (
            not value.is_finite()
            or value.adjusted() >= DIGITS
            or int(value.as_tuple().exponent) < -2 * DIGITS
        ):
            raise _Wrong(f"{self._path(key)} is not an amount such as 2.50")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        values = self._get(key, "a list", list)
        return tuple(_Row({"text": value}, self._path(key)).text("text") for value in values)

    def row(self, key: str) -> _Row:
        return _Row(self._value.get(key), self._path(key))

    def optional(self, key: str, read: Callable[[_Row], Read]) -> Read | None:
        return read(self.row(key)) if self.has(key) else None

    def rows(self, key: str) -> Iterator[_Row]:
        for number, value in enumerate(self._get(key, "a list", list)):
            yield _Row(value, f"{self._path(key)}[{number}]")

    def fail(self, problem: str) -> _Wrong:
        """An error about this row."""
        return _Wrong(f"{self._where}: {problem}")


def _diff(document: _Row) -> tuple[ScanDiff, Verdict]:
    summary = document.row("summary")
    queries = tuple(map(_query_change, document.rows("queries")))
    findings = tuple(map(_finding_change, document.rows("findings")))
    base, head = document.row("base"), document.row("head")
    before = [change.before for change in queries if change.before is not None]
    after = [change.after for change in queries if change.after is not None]
    found_before = [change.before for change in findings if change.before is not None]
    found_after = [change.finding for change in findings if change.state != "fixed"]
    diff = ScanDiff(
        _revision(base),
        _revision(head),
        _result(base, before, found_before),
        _result(head, after, found_after),
        queries,
        findings,
        document.texts("remarks"),
        summary.decimal("min_usd"),
        tuple(map(_policy_change, document.rows("policies"))) if document.has("policies") else (),
    )
    verdict = Verdict(
        summary.one_of("verdict", ("pass", "fail", "error")),
        summary.texts("reasons"),
        summary.texts("warnings") if summary.has("warnings") else (),
        summary.truth("advisory") if summary.has("advisory") else False,
    )
    return replace(
        diff, after=replace(diff.after, baseline=document.optional("baseline", _baseline))
    ), verdict


def _policy_change(row: _Row) -> PolicyChange:
    return PolicyChange(
        row.text("name"),
        row.one_of("level", get_args(Severity)),
        row.whole("before"),
        row.whole("after"),
        row.whole("new"),
        tuple(map(_violation, row.rows("violations"))),
    )


def _violation(row: _Row) -> PolicyViolation:
    span = _span(row) if row.has("start_line") else None
    return PolicyViolation(row.text("message"), row.optional_text("path"), span)


def _baseline(row: _Row) -> BaselineReport:
    return BaselineReport(
        path=row.text("path"),
        entries=row.whole("entries"),
        stale=tuple(map(_matter, row.rows("stale"))),
        expired=tuple(map(_matter, row.rows("expired"))),
        over_budget=tuple(map(_matter, row.rows("over_budget"))),
        unchecked=row.whole("unchecked"),
        allowances={
            item.text("query"): Allowance(item.decimal("usd_per_run"), item.optional_text("until"))
            for item in row.rows("allowances")
        },
    )


def _matter(row: _Row) -> BaselineMatter:
    return BaselineMatter(
        row.text("fingerprint"),
        row.optional_text("rule"),
        row.text("path"),
        row.whole("count"),
        row.optional_text("last_day"),
    )


def _revision(row: _Row) -> Revision:
    return Revision(row.text("name"), row.optional_text("commit"))


def _result(row: _Row, queries: list[QueryReport], findings: list[Finding]) -> ScanResult:
    queries.sort(key=lambda item: (*_place(item.path, item.span), item.variant or "", item.id))
    findings.sort(key=lambda item: (*_place(item.path, item.span), item.rule, item.message))
    return ScanResult(
        _summary(row.row("summary")), tuple(queries), tuple(findings), tuple(map(_unread, row.rows("unread")))
    )


def _place(path: str, span: Span) -> tuple[str, int, int, int]:
    return path, span.cell or 0, span.start_line, span.start_column


def _summary(row: _Row) -> Summary:
    total = row.row("usd_per_iteration")
    nothing = Dollars(Decimal(0), Decimal(0), Decimal(0), "exact")
    return Summary(
        files=row.whole("files"),
        files_unread=row.whole("files_unread"),
        queries=row.whole("queries"),
        findings=row.whole("findings"),
        suppressed=row.whole("suppressed"),
        unread=row.whole("unread"),
        usd_per_iteration=_dollars(total) or nothing,
        unknown_queries=total.whole("unknown_queries"),
        assumed_runs=total.whole("assumed_runs"),
        counted_elsewhere=total.whole("counted_elsewhere"),
        price_remarks=row.texts("price_remarks"),
        baselined=row.whole("baselined") if row.has("baselined") else 0,
        below_floor=row.whole("below_floor") if row.has("below_floor") else 0,
    )


def _query_change(row: _Row) -> QueryChange:
    after = row.optional("after", _query)
    before = after if row.truth("same") else row.optional("before", _query)
    if before is None and after is None:
        raise row.fail("a query of neither side")
    state: QueryState = row.one_of("state", get_args(QueryState))
    if (state == "added") != (before is None) or (state == "removed") != (after is None):
        raise row.fail(f"{state} does not go with the sides that are there")
    return QueryChange(state, before, after, row.truth("moved"), row.texts("reasons"), row.truth("edited"))


def _finding_change(row: _Row) -> FindingChange:
    state: FindingState = row.one_of("state", get_args(FindingState))
    finding = _finding(row.row("finding"))
    before = finding if row.truth("same") else row.optional("before", _finding)
    return FindingChange(state, finding, before)


def _query(row: _Row) -> QueryReport:
    runs, usd, dialect = row.row("runs_per_iteration"), row.row("usd"), row.text("dialect")
    return QueryReport(
        id=row.text("id"),
        path=row.text("path"),
        span=_span(row),
        via=row.text("via"),
        statement=row.text("statement"),
        loop_depth=row.whole("loop_depth"),
        fingerprint=row.text("fingerprint"),
        runs=runs.number("value"),
        runs_basis=runs.text("basis"),
        bytes_processed=_bytes(row.row("bytes_processed")),
        bytes_billed=_bytes(row.row("bytes_billed")),
        usd=_dollars(usd),
        usd_per_iteration=_dollars(row.row("usd_per_iteration")),
        price=usd.optional_text("price"),
        scans=tuple(map(_scan, row.rows("scans"))),
        variant=row.optional_text("variant"),
        dialect=dialect if dialect != "bigquery" else None,
        counted_with=row.optional_text("counted_with"),
        materialized=row.optional_text("materialized"),
        layout=row.optional_text("layout"),
    )


def _scan(row: _Row) -> ScanReport:
    return ScanReport(
        table=row.text("table"),
        columns=row.texts("columns"),
        star=row.truth("star"),
        role=row.text("role"),
        pruning=row.text("pruning"),
        pruning_reason=row.optional_text("pruning_reason"),
        partitions_kept=row.optional_whole("partitions_kept"),
        partitions_total=row.optional_whole("partitions_total"),
        bytes=_bytes(row.row("bytes")),
    )


def _finding(row: _Row) -> Finding:
    wasted = row.row("wasted")
    basis = wasted.text("basis")
    return Finding(
        rule=row.text("rule"),
        severity=row.one_of("severity", get_args(Severity)),
        confidence=row.one_of("confidence", get_args(Confidence)),
        driver=row.text("driver"),
        path=row.text("path"),
        span=_span(row),
        message=row.text("message"),
        query=row.optional_text("query"),
        wasted_bytes=_bytes(wasted.row("bytes"), basis),
        wasted_usd=_dollars(wasted.row("usd"), basis),
        fingerprint=row.text("fingerprint"),
        suppressed=row.optional_text("suppressed"),
        help=row.optional_text("help"),
        fix=row.optional_text("fix"),
        wasted_seconds=_seconds(wasted.row("seconds"), basis),
        machine=wasted.optional_text("machine"),
        suppressed_by=row.one_of("suppressed_by", get_args(Silencer))
        if row.has("suppressed_by")
        else "comment",
    )


def _unread(row: _Row) -> UnreadReport:
    return UnreadReport(row.text("path"), _span(row), row.text("reason"), row.text("detail"))


def _span(row: _Row) -> Span:
    return Span(
        row.whole("start_line"),
        row.whole("start_column"),
        row.whole("end_line"),
        row.whole("end_column"),
        row.optional_whole("cell"),
    )


def _bytes(row: _Row, basis: str | None = None) -> ByteRange | None:
    if not row.has("point"):
        return None
    return ByteRange(row.whole("low"), row.whole("point"), row.whole("high"), basis or row.text("basis"))


def _dollars(row: _Row, basis: str | None = None) -> Dollars | None:
    if not row.has("point"):
        return None
    return Dollars(row.decimal("low"), row.decimal("point"), row.decimal("high"), basis or row.text("basis"))


def _seconds(row: _Row, basis: str | None = None) -> Seconds | None:
    if not row.has("point"):
        return None
    return Seconds(row.decimal("low"), row.decimal("point"), row.decimal("high"), basis or row.text("basis"))
