"""The command line, called in this process, and a small project to call it on."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from costguard.cli.main import run

TIB = 2**40


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Standard output as JSON."""
        loaded: dict[str, Any] = json.loads(self.out)
        return loaded


Costguard = Callable[..., Done]


@pytest.fixture
def costguard(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Costguard:
    """Runs the command in the test's own directory, with a cache of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / ".cache"))
    for name in ("NO_COLOR", "COLUMNS", "COSTGUARD_TRACEBACK"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["costguard", *map(str, arguments)])
        capsys.readouterr()
        code: object = 0
        try:
            run()
        except SystemExit as end:
            code = end.code or 0
        out, err = capsys.readouterr()
        assert isinstance(code, int)
        assert "Traceback" not in err
        return Done(code, out, err)

    return call


RULE = """---
id: every-column
aliases: [star-of-old]
severity: error
confidence: high
driver: bytes-billed
message: "{table}: every column is read"
fix: "Name the columns."
---
# A star

It reads every column.

## Finds
```sql
SELECT at, query, "table", bytes AS wasted_bytes, bytes_basis AS wasted_basis FROM scans WHERE star
```
## Bad
```sql
SELECT * FROM shop.customers
```
## Good
```sql
SELECT id FROM shop.customers
```
## Not this
```sql
SELECT COUNT(*) FROM shop.customers
```
## Sources
- An invention of these tests.
"""

CATALOG = {
    "version": 1,
    "tables": [
        {
            "name": "p.shop.orders",
            "kind": "table",
            "location": "US",
            "rows": TIB // 16,
            "bytes": TIB,
            "columns": [
                {"path": "id", "type": "INT64", "mode": "REQUIRED", "bytes": TIB // 2},
                {"path": "day", "type": "DATE", "mode": "REQUIRED", "bytes": TIB // 2},
            ],
        }
    ],
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A project: two queries of a table of one TiB in two columns, which cost 6.25 and 3.125 dollars; a config that
    names the catalog; a rule of its own, `every-column`, which is an error and fires once."""
    root = tmp_path / "shop"
    for folder in ("sql", ".costguard/rules/own"):
        (root / folder).mkdir(parents=True)
    (root / "sql" / "all.sql").write_text("SELECT *\nFROM p.shop.orders;\n")
    (root / "sql" / "one.sql").write_text("SELECT id FROM p.shop.orders\n")
    (root / "catalog.json").write_text(json.dumps(CATALOG))
    (root / "costguard.toml").write_text('catalog = "catalog.json"\n')
    (root / ".costguard" / "rules" / "own" / "every-column.md").write_text(RULE)
    return root
