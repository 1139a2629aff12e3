"""SQL cells of notebooks that are kept as scripts."""

from __future__ import annotations

from tests.extract.python_fixture import check_segments, extract

SCRIPT = """
# %% [markdown]
# SELECT this is text FROM nothing
# %% magic_args="frame --project p" language="bigquery"
# SELECT a
# FROM d.t
# %%
# %%bigquery other
# SELECT b FROM d.t

# %%
x = 1
# SELECT c FROM d.t
"""


def test_sql_cells() -> None:
    extraction = extract(SCRIPT)
    assert [(sql.text.strip(), sql.destination, sql.via) for sql in extraction.sql] == [
        ("SELECT a\nFROM d.t", "frame", "magic"),
        ("SELECT b FROM d.t", "other", "magic"),
    ]
    check_segments(extraction)
