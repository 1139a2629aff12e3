"""Rules are run over the fact tables; each row that comes back is a finding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, get_args

from costguard.cache import digest
from costguard.judge.message import fill
from costguard.judge.page import Rule
from costguard.judge.rulebook import RulebookError, columns_problems
from costguard.model import Span
from costguard.money import TIB, ByteRange, Dollars
from costguard.result import Confidence, Finding, Severity
from costguard.source_text import SourceTexts

if TYPE_CHECKING:
    import polars as pl

Frames = Mapping[str, "pl.DataFrame"]


class Judge:
    """The fact tables of one scan, ready for rules."""

    def __init__(
        self, frames: Frames, query_ids: Sequence[str], texts: SourceTexts, machine_usd_per_hour: Decimal
    ) -> None:
        self._frames = frames
        self._ids = query_ids
        self._texts = texts
        self._machine = machine_usd_per_hour
        self._paths: list[str] = frames["sources"]["path"].to_list()
        self._places: list[tuple[Any, ...]] = frames["locations"].rows()
        queries = frames["queries"]
        self._prices: list[float | None] = queries["usd_per_tib"].to_list()
        self._runs: list[float | None] = queries["runs"].to_list()
        self._lines: dict[tuple[str, int | None], list[str]] = {}

    def findings(self, rules: Sequence[Rule]) -> list[Finding]:
        """The findings of all rules, by path, place and rule; the same place and message only once.

        Raises:
            RulebookError: a rule's query does not run.
        """
        import polars as pl

        found: list[Finding] = []
        with pl.SQLContext(dict(self._frames), eager=True) as context:
            for rule in rules:
                try:
                    rows = context.execute(rule.sql)
                except Exception as error:  # polars has no common base class for what its SQL refuses
                    first = str(error).strip().splitlines()[0]
                    raise RulebookError([f"{rule.path}:{rule.sql_line}: {first}"]) from None
                problems = columns_problems(rule, rows.columns)
                if problems:
                    raise RulebookError([f"{rule.path}:{rule.sql_line}: {problem}" for problem in problems])
                # Polars joins promise no order, and of two findings that look the same only the first is kept.
                rows = rows.sort([name for name in ("query", "at") if name in rows.columns])
                found.extend(
                    self._finding(rule, row) for row in rows.iter_rows(named=True) if row["at"] is not None
                )
        return _numbered(found)

    def _finding(self, rule: Rule, row: Mapping[str, Any]) -> Finding:
        _, source, start_line, start_column, end_line, end_column, cell = self._places[row["at"]]
        span = Span(start_line, start_column, end_line, end_column, cell)
        path = self._paths[source]
        query = row.get("query")
        wasted_bytes = self._bytes(row)
        return Finding(
            rule=rule.id,
            severity=_severity(row.get("severity")) or rule.severity,
            confidence=_confidence(row.get("confidence")) or rule.confidence,
            driver=rule.driver,
            path=path,
            span=span,
            message=fill(rule.message, row),
            query=self._ids[query] if query is not None else None,
            wasted_bytes=wasted_bytes,
            wasted_usd=self._usd(row, wasted_bytes, query),
            fingerprint=digest(rule.id, path, " ".join(self._text(path, span).split()))[:16],
            help=fill(rule.fix, row) if rule.fix else None,
        )

    def _bytes(self, row: Mapping[str, Any]) -> ByteRange | None:
        point = row.get("wasted_bytes")
        if point is None:
            return None
        point = max(int(point), 0)
        low, high = row.get("wasted_bytes_low"), row.get("wasted_bytes_high")
        return ByteRange(
            min(max(int(low), 0), point) if low is not None else point,
            point,
            max(int(high), point) if high is not None else point,
            row.get("wasted_basis") or "modelled",
        )

    def _usd(self, row: Mapping[str, Any], wasted: ByteRange | None, query: int | None) -> Dollars | None:
        """Wasted dollars per iteration."""
        runs = (
            Decimal(str(self._runs[query]))
            if query is not None and self._runs[query] is not None
            else Decimal(1)
        )
        if row.get("wasted_usd") is not None:
            amount = Decimal(str(row["wasted_usd"]))
            return Dollars(amount, amount, amount, row.get("wasted_basis") or "modelled")
        if row.get("wasted_seconds") is not None:
            amount = Decimal(str(row["wasted_seconds"])) * self._machine / 3600 * runs
            return Dollars(amount / 2, amount, amount * 2, "modelled")
        if wasted is None or query is None or self._prices[query] is None:
            return None
        price = Decimal(str(self._prices[query])) * runs
        return Dollars(
            price * wasted.low / TIB, price * wasted.point / TIB, price * wasted.high / TIB, wasted.basis
        )

    def _text(self, path: str, span: Span) -> str:
        key = (path, span.cell)
        if key not in self._lines:
            self._lines[key] = (self._texts.text(path, span.cell) or "").split("\n")
        lines = self._lines[key]
        if span.start_line == span.end_line:
            return "".join(lines[span.start_line - 1 : span.start_line])[
                span.start_column - 1 : span.end_column - 1
            ]
        chosen = lines[span.start_line - 1 : min(span.end_line, span.start_line + 20)]
        return "\n".join(chosen)


def _severity(value: object) -> Severity | None:
    """The severity that a row gives for itself, when it is one."""
    return next((name for name in get_args(Severity) if name == value), None)


def _confidence(value: object) -> Confidence | None:
    """The confidence that a row gives for itself, when it is one."""
    return next((name for name in get_args(Confidence) if name == value), None)


def order(finding: Finding) -> tuple[object, ...]:
    """The order in which findings are reported."""
    span = finding.span
    return finding.path, span.cell or 0, span.start_line, span.start_column, finding.rule, finding.message


def _numbered(findings: list[Finding]) -> list[Finding]:
    """In order, each once, with the equal fingerprints of one file told apart by their number."""
    from dataclasses import replace

    unique: dict[tuple[object, ...], Finding] = {}
    for finding in findings:
        unique.setdefault((finding.rule, finding.path, finding.span, finding.message), finding)
    seen: Counter[str] = Counter()
    result: list[Finding] = []
    for finding in sorted(unique.values(), key=order):
        seen[finding.fingerprint] += 1
        number = seen[finding.fingerprint]
        if number > 1:
            finding = replace(finding, fingerprint=digest(finding.fingerprint, str(number))[:16])
        result.append(finding)
    return result
