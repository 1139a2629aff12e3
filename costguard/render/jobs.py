"""What a job history holds, for people and for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from costguard.history.job_findings import JobFinding
from costguard.history.jobs import Jobs, JobSummary
from costguard.money import format_bytes
from costguard.render.amounts import counted, slot_hours
from costguard.render.cells import harmless
from costguard.render.times import moment, stamp

VERSION: Final = 1
SHOWN: Final = 10
_WORDS: Final = {
    "one-by-one": "One query for each value, where one could answer for all",
    "asked-again": "The same query on the same day, paid for each time",
    "tried-again": "Failed, and tried again as it was",
    "grew": "Dearer week by week",
    "nobody-reads": "Written again and again, read by no job",
}
_SOURCES: Final = {
    "information-schema": "INFORMATION_SCHEMA.JOBS",
    "rest": "jobs.list",
    "audit-log": "audit log",
}


def jobs_text(jobs: Jobs, summary: JobSummary, findings: Sequence[JobFinding]) -> str:
    """The summary, a fact a line, and the findings, the most wasteful first."""
    lines = (*_lines(jobs, summary), *_findings(findings))
    return "".join(f"{harmless(line)}\n" for line in lines)


def _lines(jobs: Jobs, summary: JobSummary) -> Iterator[str]:
    kinds = Counter(_SOURCES[file.source] for file in jobs.files)
    yield "Files      " + ", ".join(f"{count} of {kind}" for kind, count in sorted(kinds.items()))
    if summary.first is not None and summary.last is not None:
        yield f"Created    {moment(summary.first)} to {moment(summary.last)}"
    yield f"Jobs       {summary.jobs:,}{_statements(summary)}"
    left_out = [
        *([f"{summary.cached:,} from the cache"] if summary.cached else ()),
        *([f"{summary.failed:,} failed or stopped"] if summary.failed else ()),
        *([f"{summary.unfinished:,} not ended"] if summary.unfinished else ()),
        *([f"{counted(summary.scripts, 'script')}, whose statements count"] if summary.scripts else ()),
    ]
    billed = f"{format_bytes(summary.bytes_billed)} billed, {slot_hours(summary.slot_ms)}"
    yield f"Charged    {counted(summary.billable, 'query', 'queries')}: {billed}"
    if left_out:
        yield f"Of all     {', '.join(left_out)}"
    if summary.reserved:
        yield f"Reserved   {summary.reserved:,} ran in a reservation: what they cost is not their bytes"
    if summary.unknown_bytes:
        silent = counted(summary.unknown_bytes, "charged query does", "charged queries do")
        yield f"Unknown    {silent} not tell the bytes"
    if summary.without_text:
        textless = counted(summary.without_text, "charged query", "charged queries")
        yield f"No text    {textless} cannot be matched with code by text"
    if jobs.repeated:
        told = counted(jobs.repeated, "row tells", "rows tell")
        yield f"Repeated   {told} of a job that another row tells of too; the latest counts"
    skipped = sum(file.skipped for file in jobs.files)
    if skipped:
        yield f"Skipped    {counted(skipped, 'row tells', 'rows tell')} of no job that ended"


def _statements(summary: JobSummary) -> str:
    counts = sorted(summary.statements.items(), key=lambda item: (-item[1], item[0] or ""))
    said = ", ".join(f"{count:,} {kind or 'without a statement'}" for kind, count in counts)
    return f": {said}" if said else ""


def _findings(findings: Sequence[JobFinding]) -> Iterator[str]:
    if not findings:
        return
    yield ""
    yield f"Waste      {counted(len(findings), 'finding')}, the most wasteful first"
    for finding in findings[:SHOWN]:
        yield ""
        yield f"  {_WORDS[finding.kind]}: {_said(finding)}"
        yield f"    {finding.what}"
    if len(findings) > SHOWN:
        yield ""
        yield f"  and {len(findings) - SHOWN:,} more; --format json lists them all"


def _said(finding: JobFinding) -> str:
    parts = [counted(finding.times, "job")]
    if finding.first is not None and finding.last is not None:
        parts[0] += f" from {moment(finding.first)} to {moment(finding.last)}"
    parts.append(f"{format_bytes(finding.bytes_billed)} billed")
    if finding.factor is not None:
        parts.append(f"{finding.factor:g} times as much as at first")
    if finding.wasted_bytes:
        parts.append(f"{format_bytes(finding.wasted_bytes)} of it for nothing")
    if finding.wasted_slot_ms:
        parts.append(f"{slot_hours(finding.wasted_slot_ms)} for nothing")
    who = ", ".join(filter(None, (finding.project, finding.user)))
    return ", ".join(parts) + (f" ({who})" if who else "")


def jobs_json(jobs: Jobs, summary: JobSummary, findings: Sequence[JobFinding]) -> str:
    """The document that `docs/history.md` describes."""
    document: dict[str, Any] = {
        "version": VERSION,
        "files": [
            {
                "path": str(file.path),
                "format": file.format,
                "source": file.source,
                "missing": list(file.missing),
                "skipped": file.skipped,
            }
            for file in jobs.files
        ],
        "jobs": summary.jobs,
        "first": stamp(summary.first),
        "last": stamp(summary.last),
        "charged": summary.billable,
        "bytes_billed": summary.bytes_billed,
        "slot_ms": summary.slot_ms,
        "unknown_bytes": summary.unknown_bytes,
        "without_text": summary.without_text,
        "cached": summary.cached,
        "failed": summary.failed,
        "unfinished": summary.unfinished,
        "scripts": summary.scripts,
        "reserved": summary.reserved,
        "repeated": jobs.repeated,
        "statements": [{"statement": kind, "jobs": count} for kind, count in summary.statements.items()],
        "findings": [
            {
                "kind": finding.kind,
                "what": finding.what,
                "project": finding.project,
                "user": finding.user,
                "jobs": finding.times,
                "first": stamp(finding.first),
                "last": stamp(finding.last),
                "bytes_billed": finding.bytes_billed,
                "wasted_bytes": finding.wasted_bytes,
                "wasted_slot_ms": finding.wasted_slot_ms,
                "factor": finding.factor,
            }
            for finding in findings
        ],
    }
    return json.dumps(document, indent=2) + "\n"
