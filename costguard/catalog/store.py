"""A catalog as a file: one line a table, so that two pulls can be compared."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from costguard.errors import UsageProblem
from costguard.write import write_bytes


def check_catalog_name(output: Path) -> None:
    """Refuse a name that says neither of the two forms.

    Raises:
        UsageProblem: it ends neither with `.json` nor with `.json.gz`.
    """
    if not output.name.lower().endswith((".json", ".json.gz")):
        raise UsageProblem(f"{output}: a catalog is a .json or a .json.gz file")


def catalog_text(document: Mapping[str, Any]) -> str:
    """The document, a table a line."""
    head = {key: value for key, value in document.items() if key != "tables"}
    rows = ",\n".join(json.dumps(table, separators=(",", ":")) for table in document["tables"])
    return f'{json.dumps(head)[:-1]}, "tables": [\n{rows}\n]}}\n'


def write_catalog(document: Mapping[str, Any], output: Path) -> None:
    """Write the file, whole or not at all; the same document gives the same bytes.

    Raises:
        UsageProblem: it cannot be written.
    """
    data = catalog_text(document).encode()
    packed = output.name.lower().endswith(".gz")
    write_bytes(gzip.compress(data, mtime=0) if packed else data, output)
