"""How often a query in a loop runs: once for each text, where the loop goes through the texts."""

from __future__ import annotations

import textwrap

import pytest

from tests.extract.python_fixture import with_client

QUERIES = """
Q = {"one": "SELECT a FROM d.t1", "two": "SELECT b FROM d.t2", "three": "SELECT c FROM d.t3"}
"""


def runs(code: str) -> list[tuple[str, int | None]]:
    """(SQL, turns of its loops) in order."""
    return [(sql.text, sql.loop_turns) for sql in with_client(textwrap.dedent(code)).sql]


@pytest.mark.parametrize(
    "loop",
    [
        "for k in Q:\n    client.query(Q[k])",
        "for k in Q.keys():\n    client.query(Q[k])",
        "for k in Q:\n    client.query(Q.get(k))",
        "for k in ['one', 'two', 'three']:\n    client.query(Q[k])",
        "for q in Q.values():\n    client.query(q)",
        "for k, q in Q.items():\n    client.query(q)",
    ],
)
def test_a_dict_of_queries_runs_each_once(loop: str) -> None:
    assert runs(QUERIES + loop) == [
        ("SELECT a FROM d.t1", None),
        ("SELECT b FROM d.t2", None),
        ("SELECT c FROM d.t3", None),
    ]
