"""What the tests of Python extraction share."""

from __future__ import annotations

import textwrap

from costguard.extract.python_module import extract_python
from costguard.model import Extraction, SqlText

HEADER = "from google.cloud import bigquery\nclient = bigquery.Client()\n"
QUERY = "google.cloud.bigquery.Client.query"


def extract(code: str, files: dict[str, str] | None = None, path: str = "jobs/load.py") -> Extraction:
    """The extraction of a module; `files` are the repository's other files by path."""
    known = files or {}
    return extract_python(textwrap.dedent(code), path, known.get)


def with_client(code: str, files: dict[str, str] | None = None) -> Extraction:
    """The same, after an import and a client."""
    return extract(HEADER + textwrap.dedent(code), files)


def only(extraction: Extraction) -> SqlText:
    """The single SQL text of an extraction."""
    assert len(extraction.sql) == 1, [text.text for text in extraction.sql]
    return extraction.sql[0]


def sql_of(code: str, files: dict[str, str] | None = None) -> list[str]:
    """The SQL of a module that has a client, spaces collapsed."""
    return [" ".join(text.text.split()) for text in with_client(code, files).sql]


def check_segments(extraction: Extraction) -> None:
    """Verbatim segments hold the same characters on both sides, in order, within the text."""
    for sql in extraction.sql:
        source = extraction.texts[sql.cell - 1 if sql.cell else 0]
        position = 0
        for segment in sql.segments:
            assert position <= segment.start <= segment.end <= len(sql.text)
            assert 0 <= segment.source_start <= segment.source_end <= len(source)
            position = segment.end
            if segment.verbatim:
                written = source[segment.source_start : segment.source_end]
                assert written == sql.text[segment.start : segment.end]
