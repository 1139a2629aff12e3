"""Writes the generated parts of rules/README.md anew: the fact reference and the tables of the sample catalog.

python docs/render_fact_reference.py            rewrite the blocks between the markers
python docs/render_fact_reference.py --check    change nothing; exit 1 when a block is out of date
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from costguard.catalog.load import load_catalog
from costguard.facts.schema import HISTORY_TABLES, JUDGED_TABLES, TABLES, Column, columns_of

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "rules" / "README.md"
WAREHOUSE = ROOT / "rules" / "warehouse.json"
TYPES = {
    "int": "integer",
    "float": "number",
    "str": "text",
    "bool": "true/false",
    "texts": "texts",
    "keys": "keys",
    "Decimal": "amount",
    "datetime": "time",
}
SHARDED = re.compile(r"_20\d{6}$")


def reference() -> str:
    """Every fact table with its columns."""
    return _tables({**TABLES, **JUDGED_TABLES})


def history_reference() -> str:
    """The tables of a history, which `costguard query` alone knows."""
    return _tables(HISTORY_TABLES)


def _tables(tables: dict[str, type]) -> str:
    parts = [
        "| table | a row is |\n| --- | --- |\n"
        + "".join(_table_row(name, row) for name, row in tables.items())
    ]
    for table in tables:
        rows = "".join(f"{_column_row(table, column)}\n" for column in columns_of(table))
        parts.append(f"### {table}\n\n| column | type | meaning |\n| --- | --- | --- |\n{rows}")
    return "\n".join(parts)


def _table_row(table: str, row: type) -> str:
    meaning = (inspect.getdoc(row) or "").splitlines()[0].rstrip(".")
    asked = "; only for policies and `costguard query`" if table in JUDGED_TABLES else ""
    return f"| [`{table}`](#{table}) | {_cell(meaning[0].lower() + meaning[1:])}{asked} |\n"


def _column_row(table: str, column: Column) -> str:
    kind = TYPES[column.type] + ("?" if column.nullable else "") + ("*" if column.estimated else "")
    meaning = _cell(column.meaning)
    if column.key is not None:
        meaning = "key of this table" if column.meaning == "key" else f"{meaning} → `{column.key}`"
    return f"| `{column.name}` | {kind} | {meaning} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*")


def warehouse() -> str:
    """The tables of the sample catalog; the members of a wildcard as one."""
    raw = load_catalog([WAREHOUSE]).raw()
    rows: dict[str, list[dict[str, Any]]] = {}
    for name, table in raw.items():
        rows.setdefault(SHARDED.sub("_*", name), []).append(dict(table))
    lines = [f"| `{name.removeprefix('acme.')}` | {_about(tables)} |\n" for name, tables in rows.items()]
    return "| table | what it is |\n| --- | --- |\n" + "".join(lines)


def _about(tables: list[dict[str, Any]]) -> str:
    return "; ".join(_phrases(tables))


def _phrases(tables: list[dict[str, Any]]) -> Iterator[str]:
    first = tables[0]
    count = f"{len(tables)} tables of " if len(tables) > 1 else ""
    if first["kind"] == "view":
        yield f"a view: `{first['view_query']}`"
        return
    yield f"{count}{first['rows']:,} rows, {first['bytes']:,} bytes"
    partitioning = first.get("partitioning")
    if partitioning:
        by = f"{len(partitioning['partitions'])} partitions by {partitioning['type']} of `{partitioning['column']}`"
        yield by + (", a filter is required" if partitioning.get("require_filter") else "")
    if first.get("clustering"):
        yield "clustered by " + ", ".join(f"`{column}`" for column in first["clustering"])


def rendered(readme: str) -> str:
    """rules/README.md's text with the generated blocks between their markers."""
    for name, text in (("warehouse", warehouse()), ("facts", reference()), ("history", history_reference())):
        block = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->\n)", re.DOTALL)
        readme, count = block.subn(lambda match, text=text: match[1] + text + match[2], readme)  # type: ignore[misc]
        if count != 1:
            raise SystemExit(f"rules/README.md needs one pair of {name} markers, found {count}")
    return readme


def main() -> int:
    readme = README.read_text(encoding="utf-8")
    new = rendered(readme)
    if "--check" in sys.argv[1:]:
        return int(new != readme)
    README.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
