"""Estimates SQL text against a catalog, for the tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from costguard.catalog.model import Catalog
from costguard.estimate.run import Frames, estimate
from costguard.estimate.settings import EstimateSettings
from costguard.estimate.views import ExpandView
from costguard.extract.sqlfile import extract_sql
from costguard.facts.merge import merge
from costguard.facts.schema import Source
from costguard.facts.source import facts_of
from tests.facts.sql.statements import analyse

NOW = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
Json = dict[str, Any]


def catalog_of(*tables: Json, as_of: str | None = None) -> Catalog:
    """A catalog of tables as in a catalog file."""
    return Catalog({table["name"]: table for table in tables}, as_of)


def estimated(
    sql: str | Sequence[str],
    *tables: Json,
    settings: EstimateSettings | None = None,
    change: Mapping[str, Any] | None = None,
    expand_view: ExpandView = lambda text: None,
    as_of: str | None = None,
) -> Frames:
    """The frames of statements, each in a file of its own. `change`: columns of `queries` to set. `as_of`: the time of
    the catalog."""
    sources = []
    for number, text in enumerate([sql] if isinstance(sql, str) else sql):
        rows = dict(analyse(text))
        rows["sources"] = [Source(0, f"sql/q{number}.sql", "sql", len(text), 1, False)]
        rows["queries"] = [query._replace(**(change or {})) for query in rows["queries"]]
        sources.append(rows)
    catalog = catalog_of(*tables, as_of=as_of)
    return estimate(merge(sources), catalog, settings or EstimateSettings(NOW), expand_view)


def script_estimated(
    text: str,
    *tables: Json,
    settings: EstimateSettings | None = None,
    expand_view: ExpandView = lambda text: None,
) -> Frames:
    """The frames of one `.sql` file, which may be a script."""
    rows = facts_of(extract_sql(text, "bigquery"), "script.sql", len(text), is_test=False)
    return estimate(merge([rows]), catalog_of(*tables), settings or EstimateSettings(NOW), expand_view)


def query_of(frames: Frames, number: int = 0) -> Json:
    """One row of `queries`."""
    return frames["queries"].row(number, named=True)


def scan_of(frames: Frames, number: int = 0) -> Json:
    """One row of `scans`."""
    return frames["scans"].row(number, named=True)


def bytes_of(row: Json) -> tuple[int | None, int | None, int | None, str]:
    """(low, point, high, basis) of a row of `queries` or `scans`."""
    return row["bytes_low"], row["bytes"], row["bytes_high"], row["bytes_basis"]
