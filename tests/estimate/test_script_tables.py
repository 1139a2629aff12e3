"""Names that a script gives another meaning."""

from __future__ import annotations

import pytest

from costguard.estimate.settings import EstimateSettings
from costguard.view_plan import expand_view
from tests.estimate.statements import NOW, bytes_of, query_of, script_estimated
from tests.estimate.warehouse import days, partitioned, plain_table

# a 8,000 bytes, b 16,000, c 12,000
PLAIN = plain_table()
# Three days; 800 bytes of dt, 800 of v and 1,200 of s in each.
EVENTS = partitioned("ev", days("2026-10-29", 3))
SETTINGS = EstimateSettings(NOW, project="p", dataset="d")
TEMP = "CREATE TEMP TABLE plain AS SELECT v AS a FROM p.d.ev; "


def last(script: str) -> tuple[int | None, int | None, int | None, str]:
    frames = script_estimated(script, PLAIN, EVENTS, settings=SETTINGS, expand_view=expand_view)
    return bytes_of(query_of(frames, frames["queries"].height - 1))


UNKNOWN = (0, None, None, "unknown")


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (TEMP + "SELECT a FROM plain", UNKNOWN),
        (TEMP + "SELECT a FROM _SESSION.plain", UNKNOWN),
        (TEMP + "UPDATE plain SET a = 1 WHERE TRUE", UNKNOWN),
        (TEMP + "SELECT a FROM p.d.plain", (8_000, 8_000, 8_000, "exact")),
        (TEMP + "SELECT a FROM d.plain", (8_000, 8_000, 8_000, "exact")),
        (TEMP + "DROP TABLE plain; SELECT a FROM plain", (8_000, 8_000, 8_000, "exact")),
        ("SELECT a FROM plain; CREATE TEMP TABLE x AS SELECT a FROM plain", (8_000, 8_000, 8_000, "exact")),
    ],
)
def test_a_temporary_table_is_not_the_catalogs(
    script: str, expected: tuple[int | None, int | None, int | None, str]
) -> None:
    assert last(script) == expected


@pytest.mark.parametrize(
    ("script", "basis"),
    [
        ("CREATE OR REPLACE TABLE p.d.plain AS SELECT 1 AS a; SELECT a FROM d.plain", "modelled"),
        ("CREATE OR REPLACE TABLE p.d.plain AS SELECT a FROM p.d.plain", "exact"),  # as it was before
        ("CREATE TABLE IF NOT EXISTS p.d.plain (a INT64); SELECT a FROM p.d.plain", "exact"),
        ("CREATE OR REPLACE TABLE p.d.other AS SELECT 1 AS a; SELECT a FROM p.d.plain", "exact"),
    ],
)
def test_a_table_that_was_replaced_has_the_size_of_before_at_best(script: str, basis: str) -> None:
    assert last(script) == (8_000, 8_000, 8_000, basis)


@pytest.mark.parametrize(
    ("script", "count"),
    [
        ("CREATE VIEW p.d.v AS SELECT a AS k, c FROM p.d.plain; SELECT k FROM d.v", 8_000),
        ("CREATE VIEW p.d.v AS SELECT a AS k, c FROM p.d.plain; SELECT * FROM p.d.v", 20_000),
        ("CREATE VIEW d.v AS SELECT dt, v FROM p.d.ev; SELECT v FROM v WHERE dt = '2026-10-30'", 1_600),
        # the second text holds
        (
            "CREATE VIEW d.v AS SELECT b FROM p.d.plain; CREATE OR REPLACE VIEW d.v AS SELECT c AS b FROM p.d.plain; "
            "SELECT b FROM d.v",
            12_000,
        ),
    ],
)
def test_a_view_is_read_by_the_text_that_the_script_gives_it(script: str, count: int) -> None:
    assert last(script) == (count, count, count, "exact")


def test_a_view_with_a_list_of_columns_is_not_followed() -> None:
    assert last("CREATE VIEW d.v(k) AS SELECT a FROM p.d.plain; SELECT k FROM d.v") == UNKNOWN


def test_another_file_is_another_script() -> None:
    frames = script_estimated("SELECT a FROM plain", PLAIN, settings=SETTINGS)
    assert bytes_of(query_of(frames)) == (8_000, 8_000, 8_000, "exact")
