"""The queries whose dry runs measure columns read just these, says GoogleSQL's own analysis."""

from __future__ import annotations

import pytest

from costguard.catalog.dry_run import EVERY_VALUE, Question, query_text
from costguard.catalog.load import load_catalog
from costguard.catalog.measure import MEASURABLE
from costguard.rule_examples import PROJECT
from tests.oracle.compare import CATALOGS
from tests.oracle.googlesql import GoogleSql
from tests.oracle.reading import Oracle, Statement
from tests.oracle.warehouse import load_warehouse

pytestmark = pytest.mark.xdist_group("googlesql")


def test_these_columns_are_read_and_that_of_the_filter(engine: GoogleSql) -> None:
    catalog = load_catalog(CATALOGS)
    expected: dict[Statement, tuple[str, set[str]]] = {}
    for name, raw in catalog.raw().items():
        table = catalog.table(name)
        assert table is not None
        if table.kind not in MEASURABLE:
            continue
        partitioning = table.partitioning
        flat = tuple(leaf.path for leaf in table.leaves if not leaf.repeated)
        asked = [
            Question(name, paths)
            for paths in [flat, *((leaf.path,) for leaf in table.leaves if leaf.repeated)]
        ]
        if partitioning is not None:
            listed = [partition.id for partition in partitioning.partitions or ()]
            asked += [Question(name, flat[-1:], part) for part in (EVERY_VALUE, *listed[:1])]
        for question in asked:
            reads = set(question.columns)
            if question.part and partitioning is not None and not partitioning.by_ingestion_time:
                reads.add(partitioning.column)
            text = query_text(question, raw, partitioning)
            expected[Statement(text, text)] = (name, reads)
    assert len(expected) > 80
    oracle = Oracle(engine, load_warehouse(CATALOGS, PROJECT), expected)
    for statement, (name, reads) in expected.items():
        assert oracle.reads(statement).leaves == {name: frozenset(reads)}, statement.text
