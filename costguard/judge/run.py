"""Rules are run over the fact tables; each row that comes back is a finding."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, get_args

from costguard.cache import digest
from costguard.facts.places import Places
from costguard.judge.called_macro import called_macro
from costguard.judge.columns import columns_problems
from costguard.judge.message import fill
from costguard.judge.occurrence import occurrence
from costguard.judge.page import Rule
from costguard.judge.rule_rows import rule_rows
from costguard.judge.rulebook import RulebookError
from costguard.model import Span
from costguard.money import BASES, TIB, ByteRange, Dollars, Seconds
from costguard.result import Confidence, Finding, Severity
from costguard.source_text import SourceTexts

if TYPE_CHECKING:
    import polars as pl

    from costguard.estimate.compute import MachinePrice

Frames = Mapping[str, "pl.DataFrame"]


class Judge:
    """The fact tables of one scan, ready for rules."""

    def __init__(
        self,
        frames: Frames,
        query_ids: Sequence[str],
        texts: SourceTexts,
        machine: MachinePrice,
        name: Callable[[str], str] = str,
    ) -> None:
        """`name`: a path as fingerprints have it."""
        self._name = name
        self._frames = frames
        self._ids = query_ids
        self._texts = texts
        self._machine = machine
        self._places = Places(frames)
        queries = frames["queries"]
        self._prices: list[float | None] = queries["usd_per_tib"].to_list()
        self._runs: list[float | None] = queries["runs"].to_list()
        self._file_runs: list[float | None] = frames["sources"]["runs"].to_list()
        self._counted_with: list[int | None] = queries["counted_with"].to_list()
        self._lines: dict[tuple[str, int | None], list[str]] = {}

    def findings(self, rules: Sequence[Rule]) -> list[Finding]:
        """The findings of all rules, by path, place and rule; the same place and message only once.

        Raises:
            RulebookError: a rule's query does not run, or gives what no finding can be made of.
        """
        return self.findings_of(rules, rule_rows(self._frames, rules))

    def findings_of(self, rules: Sequence[Rule], rows: Sequence[pl.DataFrame]) -> list[Finding]:
        """The findings, of the rows that each rule gave.

        Raises:
            RulebookError: a row gives what no finding can be made of.
        """
        found: list[Finding] = []
        for rule, given in zip(rules, rows, strict=True):
            problems = columns_problems(rule, given.schema)
            if not problems and given.height:
                problems = self._value_problems(given)
            if problems:
                raise RulebookError([f"{rule.path}:{rule.sql_line}: {problem}" for problem in problems])
            if given.height:
                # Polars joins promise no order, and of two findings that look the same only the first is kept.
                given = given.sort([name for name in ("query", "at") if name in given.columns])
                found.extend(self._finding(rule, row) for row in self._own(given))
        return _numbered(found)

    def _own(self, rows: pl.DataFrame) -> Iterator[dict[str, Any]]:
        """The rows that are findings: with a place, and not about a statement that is counted with another one about
        which the same was found."""
        queries = set(rows["query"].to_list()) if "query" in rows.columns else set()
        for row in rows.iter_rows(named=True):
            query = row.get("query")
            other = self._counted_with[query] if query is not None else None
            if row["at"] is not None and (other is None or other not in queries):
                yield row

    def _value_problems(self, rows: pl.DataFrame) -> list[str]:
        """Values that stand for nothing: a key without its row, a severity that there is not."""
        problems = []
        for name, count in (("at", len(self._places)), ("query", len(self._ids))):
            if name in rows.columns:
                wrong = [key for key in rows[name].drop_nulls().to_list() if not 0 <= key < count]
                if wrong:
                    problems.append(f"the column `{name}` gives {wrong[0]}, which is no key of its table")
        for name, known in _CHOICES.items():
            if name in rows.columns:
                wrong = [word for word in rows[name].drop_nulls().to_list() if word not in known]
                if wrong:
                    problems.append(
                        f"the column `{name}` gives {wrong[0]!r}, which is not one of {', '.join(known)}"
                    )
        return problems

    def _finding(self, rule: Rule, row: Mapping[str, Any]) -> Finding:
        at = row["at"]
        source, path, span = self._places.source(at), self._places.path(at), self._places.span(at)
        query = row.get("query")
        wasted_bytes, wasted_seconds = self._bytes(row), self._seconds(row)
        code = self._text(path, span)
        # Of several lines the first stands there whole.
        macro = called_macro(code if span.start_line == span.end_line else code[span.start_column - 1 :])
        message = fill(rule.message, row)
        return Finding(
            rule=rule.id,
            severity=row.get("severity") or rule.severity,
            confidence=row.get("confidence") or rule.confidence,
            driver=rule.driver,
            path=path,
            span=span,
            message=f"{message} (in what the macro {macro} writes)" if macro is not None else message,
            query=self._ids[query] if query is not None else None,
            wasted_bytes=wasted_bytes,
            wasted_usd=self._usd(row, wasted_bytes, wasted_seconds, query, source),
            fingerprint=digest(rule.id, self._name(path), " ".join(code.split()))[:16],
            help=fill(rule.fix, row) if rule.fix else None,
            wasted_seconds=wasted_seconds,
            machine=str(self._machine) if wasted_seconds is not None else None,
        )

    def _bytes(self, row: Mapping[str, Any]) -> ByteRange | None:
        point = _amount(row, "wasted_bytes")
        if point is None:
            return None
        low, high = _amount(row, "wasted_bytes_low"), _amount(row, "wasted_bytes_high")
        return ByteRange(
            int(min(low, point)) if low is not None else int(point),
            int(point),
            int(max(high, point)) if high is not None else int(point),
            row.get("wasted_basis") or "modelled",
        )

    @staticmethod
    def _seconds(row: Mapping[str, Any]) -> Seconds | None:
        """Machines differ: half to twice of what was measured."""
        point = _amount(row, "wasted_seconds")
        return Seconds(point / 2, point, point * 2, "modelled") if point is not None else None

    def _usd(
        self,
        row: Mapping[str, Any],
        wasted: ByteRange | None,
        seconds: Seconds | None,
        query: int | None,
        source: int,
    ) -> Dollars | None:
        """Wasted dollars per iteration: `wasted_bytes` and `wasted_seconds` count for one run of the query, or of
        the file where no query is meant; `wasted_usd` for the whole iteration."""
        usd = _amount(row, "wasted_usd")
        if usd is not None:
            return Dollars(usd, usd, usd, row.get("wasted_basis") or "modelled")
        times = self._runs[query] if query is not None else self._file_runs[source]
        runs = Decimal(str(times)) if times is not None else Decimal(1)
        if seconds is not None:
            return seconds.price(self._machine.usd_per_hour).times(runs)
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


_CHOICES: Mapping[str, tuple[str, ...]] = {
    "severity": get_args(Severity),
    "confidence": get_args(Confidence),
    "wasted_basis": BASES,
}
"""Columns that hold a word, and the words."""


def _amount(row: Mapping[str, Any], name: str) -> Decimal | None:
    """An amount, at least 0; None when it is not known, or is no number (0 / 0, 1 / 0)."""
    value = row.get(name)
    if value is None or not math.isfinite(value):
        return None
    return max(Decimal(str(value)), Decimal(0))


def order(finding: Finding) -> tuple[object, ...]:
    """The order in which findings are reported."""
    span = finding.span
    return finding.path, span.cell or 0, span.start_line, span.start_column, finding.rule, finding.message


def _numbered(findings: list[Finding]) -> list[Finding]:
    """In order, each once, with fingerprints of their own."""
    unique: dict[tuple[object, ...], Finding] = {}
    for finding in findings:
        unique.setdefault((finding.rule, finding.path, finding.span, finding.message), finding)
    return told_apart(sorted(unique.values(), key=order))


def told_apart(findings: Iterable[Finding]) -> list[Finding]:
    """The same findings, those with equal fingerprints told apart by their number."""
    seen: Counter[str] = Counter()
    result: list[Finding] = []
    for finding in findings:
        seen[finding.fingerprint] += 1
        number = seen[finding.fingerprint]
        if number > 1:
            finding = replace(finding, fingerprint=occurrence(finding.fingerprint, number))
        result.append(finding)
    return result
