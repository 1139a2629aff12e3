"""Rule pages, rules and fact tables for the tests of the judge."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from costguard.collect import CollectSettings, FileTask, analyse_file
from costguard.estimate.compute import MachinePrice
from costguard.facts.merge import merge_columns
from costguard.judge.page import Rule, parse_page
from costguard.judge.run import Judge
from costguard.query_reports import query_ids
from costguard.source_text import SourceTexts

if TYPE_CHECKING:
    import polars as pl

PAGE = """---
id: every-column
severity: warning
confidence: high
driver: bytes-billed
message: "{table}: every column is read"
---
# A star

It reads every column.

## Finds
```sql
SELECT at, query, "table" FROM scans WHERE star
```

## Bad
```sql
SELECT * FROM shop.customers
```

## Good
```sql
SELECT name FROM shop.customers
```

## Not this
A count reads none.
```sql
SELECT COUNT(*) FROM shop.customers
```

## Sources
- An invention of these tests.
"""
QUERY = 'SELECT at, query, "table" FROM scans WHERE star'
TIB = 2**40


def page(name: str = "every-column", sql: str = QUERY, **head: str) -> str:
    """The text of a page; keywords replace lines of its front matter, or are added to it."""
    text = PAGE.replace("id: every-column", f"id: {name}").replace(QUERY, sql)
    for key, value in head.items():
        lines = text.split("\n")
        place = next((number for number, line in enumerate(lines) if line.startswith(f"{key}:")), None)
        if place is None:
            lines.insert(2, f"{key}: {value}")
        else:
            lines[place] = f"{key}: {value}"
        text = "\n".join(lines)
    return text


def rule(name: str = "every-column", sql: str = QUERY, **head: str) -> Rule:
    """A rule."""
    return parse_page(Path(f"{name}.md"), page(name, sql, **head))


def write(folder: Path, name: str = "every-column", sql: str = QUERY, **head: str) -> Path:
    """A page in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.md"
    path.write_text(page(name, sql, **head))
    return path


CATALOG: dict[str, Mapping[str, Any]] = {
    "p.d.t": {
        "name": "p.d.t",
        "location": "US",
        "rows": TIB // 16,
        "bytes": TIB,
        "columns": [
            {"path": "a", "type": "INT64", "mode": "REQUIRED", "bytes": TIB // 2},
            {"path": "b", "type": "INT64", "mode": "REQUIRED", "bytes": TIB // 2},
        ],
    }
}
"""One table of a TiB in two columns: reading one costs 3.125 dollars in the US."""


def estimated(
    files: Mapping[str, str], folder: Path, catalog: Mapping[str, Mapping[str, Any]] = CATALOG
) -> tuple[dict[str, pl.DataFrame], SourceTexts]:
    """Files are written, read and priced: their fact tables, and their texts."""
    from costguard.catalog.model import Catalog
    from costguard.estimate.run import estimate
    from costguard.estimate.settings import EstimateSettings
    from costguard.view_plan import expand_view

    for name, text in files.items():
        (folder / name).write_text(text)
    columns = []
    for name, text in files.items():
        task = FileTask(name, str(folder / name), "python" if name.endswith(".py") else "sql", False)
        settings = CollectSettings("bigquery", (str(folder),))
        columns.append(json.loads(analyse_file(task, text.encode(), settings))["columns"])
    now = datetime(2026, 11, 1, tzinfo=UTC)
    frames = estimate(
        merge_columns(columns), Catalog(catalog), EstimateSettings(now=now, project="p"), expand_view
    )
    return frames, SourceTexts({name: str(folder / name) for name in files})


def judge_of(files: Mapping[str, str], folder: Path, usd_per_hour: str = "0.36") -> Judge:
    """The fact tables of some files, ready for rules; a machine costs a hundredth of a cent a second."""
    frames, texts = estimated(files, folder)
    return Judge(frames, query_ids(frames), texts, MachinePrice("tiny", Decimal(usd_per_hour), assumed=True))
