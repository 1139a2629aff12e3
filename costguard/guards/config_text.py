"""Suggestions as the TOML that declares them. What would break queries, or deletes data, is commented out."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any, Final

from costguard.errors import UsageProblem
from costguard.guards.declared import read_guards
from costguard.guards.exported import DELETES, disabled
from costguard.guards.names import TableName
from costguard.guards.quantities import size_text, span_text
from costguard.guards.suggestions import (
    ExpirationSuggestion,
    MaxBytesSuggestion,
    PartitionFilterSuggestion,
    QuotaSuggestion,
    Suggestions,
    TimeLimitSuggestion,
)
from costguard.toml_string import toml_string

_SERVICE_ACCOUNT: Final = ".gserviceaccount.com"


def config_text(suggestions: Suggestions, head: str, folder: str) -> str:
    """The text. `head`: `tool.costguard.guards`, or `guards` in a costguard.toml without that head. `folder`: where the
    config lies, as the paths of the code begin with it; empty when they do not."""
    parts = [
        [
            f"# Suggested by costguard on {suggestions.now:%Y-%m-%d}, from {suggestions.jobs} jobs of "
            f"{suggestions.days} days.",
            "# Read it before you declare it: `costguard guard suggest` shows what each guard stops, and its trap.",
        ],
        *_max_bytes(suggestions.max_bytes, head, folder),
        *(part for quota in suggestions.quotas for part in _quota(quota, head)),
        *(
            part
            for one in suggestions.partition_filters
            for part in _partition_filter(one, suggestions.days, head)
        ),
        *(_expiration(one, head) for one in suggestions.expirations),
        *(
            [
                f"[[{head}.alert]]",
                f"project = {toml_string(one.project)}",
                f"threshold = {toml_string(size_text(one.threshold))}",
                'window = "1h"',
                f'metric = "{one.metric}"',
                "channels = []  # such as projects/my-project/notificationChannels/123",
            ]
            for one in suggestions.alerts
        ),
        *(_time_limit(one, head) for one in suggestions.time_limits),
    ]
    return "\n".join("".join(f"{line}\n" for line in _readable(part, head)) for part in parts)


def _readable(part: list[str], head: str) -> list[str]:
    """A part as it is, or as a comment with the reason why a config could not have it: a name in the history or the
    bill may be none that Google takes today, and the bill may lack a place."""
    values: Any = tomllib.loads("\n".join(part))
    for key in head.split("."):
        values = values.get(key, {})
    try:
        read_guards(values)
    except UsageProblem as problem:
        return [f"# {str(problem).splitlines()[0]!a}", *disabled(part, "# ")]
    return part


def _max_bytes(found: Iterable[MaxBytesSuggestion], head: str, folder: str) -> Iterator[list[str]]:
    """Paths are ordered as they are searched; people's addresses are left out of a config that is checked in."""
    limits: dict[str, dict[str, int]] = {"paths": {}, "users": {}, "labels": {}, "projects": {}}
    for one in found:
        if one.scope == "query":
            path = _below(one.path or "", folder)
            limits["paths"][path] = max(one.limit, limits["paths"].get(path, 0))
        elif one.scope != "user" or one.subject.endswith(_SERVICE_ACCOUNT):
            limits[f"{one.scope}s"][one.subject] = one.limit
    if not any(limits.values()):
        return
    default = max(limits["projects"].values(), default=None)
    lines = [f"[{head}.max_bytes]"]
    if default is not None:
        lines.append(f"default = {toml_string(size_text(default))}")
    yield lines
    for name, table in limits.items():
        if table:
            yield [
                f"[{head}.max_bytes.{name}]",
                *(f"{toml_string(key)} = {toml_string(size_text(limit))}" for key, limit in table.items()),
            ]


def _below(path: str, folder: str) -> str:
    if folder and PurePosixPath(path).is_relative_to(folder):
        return str(PurePosixPath(path).relative_to(folder))
    return path


def _quota(one: QuotaSuggestion, head: str) -> Iterator[list[str]]:
    lines = []
    if one.per_day is not None:
        lines.append(f"per_day = {toml_string(size_text(one.per_day.value))}")
    if one.per_user is not None:
        lines.append(f"per_user_per_day = {toml_string(size_text(one.per_user.value))}")
    if lines:
        yield [f"[[{head}.quota]]", f"project = {toml_string(one.project)}", *lines]


def _partition_filter(one: PartitionFilterSuggestion, days: int, head: str) -> Iterator[list[str]]:
    lines = [f"[[{head}.partition_filter]]", f"table = {toml_string(str(one.table))}"]
    if one.verdict == "safe":
        yield [f"# none of {one.jobs} jobs of {days} days would break", *lines]
    elif one.verdict != "breaks":
        count = len(one.breaking) + len(one.unsure)
        why = f"{count} {'query' if count == 1 else 'queries'} to mend or to look at first"
        if not count:
            why = "without a history nobody knows who reads it"
        yield [f"# {why}", *disabled(lines, "# ")]


def _expiration(one: ExpirationSuggestion, head: str) -> list[str]:
    lines = [f"[[{head}.expiration]]"]
    kind = "table" if isinstance(one.subject, TableName) else "dataset"
    lines.append(f"{kind} = {toml_string(str(one.subject))}")
    if one.expires is not None:
        lines.append(f"expires = {_moment(one.expires)}")
    if one.partition_days is not None:
        lines.append(f"partition_days = {one.partition_days}")
    if one.table_days is not None:
        lines.append(f"table_days = {one.table_days}")
    if not one.destructive:
        return [f"# {one.reason}", *lines]
    return [f"# {DELETES} {one.reason}", *disabled(lines, "# ")]


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _time_limit(one: TimeLimitSuggestion, head: str) -> list[str]:
    lines = [
        f"[[{head}.time_limit]]",
        f'service = "{one.service}"',
        f"project = {toml_string(one.project)}",
    ]
    for name, text in (("name", one.name), ("location", one.location)):
        if text is not None and one.service != "vertex":
            lines.append(f"{name} = {toml_string(text)}")
    for name, span in (("max_idle", one.max_idle), ("max_age", one.max_age), ("timeout", one.timeout)):
        if span is not None:
            lines.append(f"{name} = {toml_string(span_text(span))}")
    return lines
