"""Which files an export is in. Nothing heavy is imported: a rescan only has to see whether they changed."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from costguard.errors import UsageProblem

FileFormat = Literal["parquet", "ndjson", "json", "csv", "avro"]

ExportFormat = FileFormat | Literal["bigquery"]
"""Where rows come from: a file, or a table of BigQuery that was asked for them."""

SCHEME: Final = "bigquery://"
"""Begins a source that stays in BigQuery."""

SUFFIXES: Final[dict[str, FileFormat]] = {
    ".parquet": "parquet",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "json",
    ".csv": "csv",
    ".avro": "avro",
}


def find_export(given: Sequence[str]) -> list[Path]:
    """The files that are meant: files, directories (searched at any depth) and patterns such as `bill-*.parquet`.

    Raises:
        UsageProblem: there is nothing.
    """
    found: dict[Path, None] = {}
    for item in given:
        if item.startswith(SCHEME):
            raise UsageProblem(
                f"{item}: this command reads files; `charges`, `jobs`, `iterations` and `report` read BigQuery, and "
                "`history pull` makes files of it"
            )
        path = Path(item)
        if path.is_dir():
            names = sorted(entry for entry in path.rglob("*") if entry.is_file() and _is_export(entry))
        elif path.exists():
            names = [path]
        else:
            names = [Path(name) for name in sorted(glob.glob(item, recursive=True)) if Path(name).is_file()]
        if not names:
            wanted = ", ".join(SUFFIXES)
            raise UsageProblem(f"{item}: no such file, or no export in it (looked for {wanted} files)")
        found.update(dict.fromkeys(names))
    return list(found)


def _is_export(path: Path) -> bool:
    return not path.name.startswith((".", "_")) and suffix_of(path) in SUFFIXES


def suffix_of(path: Path) -> str:
    """The ending that says how a file is written; `.gz` says only that it is packed."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    return suffixes[-2] if len(suffixes) > 1 and suffixes[-1] == ".gz" else (suffixes or [""])[-1]
