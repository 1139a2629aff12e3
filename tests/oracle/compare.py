"""Statements put to both sides, and what was noted of those that do not agree."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from costguard.judge.page import parse_page
from costguard.rule_examples import NOW, PROJECT
from tests.oracle.googlesql import AnalysisError, GoogleSql
from tests.oracle.reading import Oracle, Statement, costguard_reads, statements_of
from tests.oracle.warehouse import load_warehouse

HERE = Path(__file__).parent
RULES = HERE.parent.parent / "rules"
CATALOGS = (RULES / "warehouse.json", HERE / "catalog.json")

_TITLE = re.compile(r"^-- (?P<title>.+)$", re.MULTILINE)
_WHERE = re.compile(r"^Code: \d+, Message: |\s*\[at \d+:\d+\]$")


@dataclass(frozen=True)
class Outcome:
    """Statements by name: what differs, and what GoogleSQL or costguard refuse."""

    asked: int
    differences: dict[str, tuple[str, ...]]
    """`+table.column`: costguard alone says that it is read; `-table.column`: GoogleSQL alone does."""
    refused: dict[str, str]
    """GoogleSQL's message."""
    unread: tuple[str, ...]
    """Analysed by GoogleSQL, not by costguard."""


def compare(engine: GoogleSql, statements: list[Statement]) -> Outcome:
    """Ask both sides."""
    oracle = Oracle(engine, load_warehouse(CATALOGS, PROJECT), statements)
    differences: dict[str, tuple[str, ...]] = {}
    refused: dict[str, str] = {}
    unread: list[str] = []
    for statement, reads in zip(statements, costguard_reads(statements, CATALOGS, PROJECT, NOW), strict=True):
        try:
            answer = oracle.reads(statement)
        except AnalysisError as error:
            refused[statement.name] = _WHERE.sub("", str(error).splitlines()[0])
            continue
        if reads is None:
            unread.append(statement.name)
        elif difference := answer.difference(reads):
            differences[statement.name] = difference
    return Outcome(len(statements), differences, refused, tuple(unread))


def queries_in(path: Path) -> list[Statement]:
    """The statements of a file of queries, each under a comment line with its title."""
    _, *parts = _TITLE.split(path.read_text("utf-8"))
    titles, texts = parts[::2], parts[1::2]
    assert len(set(titles)) == len(titles), f"{path}: a title stands twice"
    return [
        statement
        for title, text in zip(titles, texts, strict=True)
        for statement in statements_of(f"{path.stem}: {title}", text)
    ]


def examples_in(path: Path) -> list[Statement]:
    """The statements of the SQL examples of a rule page."""
    return list(_examples(path))


def _examples(path: Path) -> Iterator[Statement]:
    counts: dict[str, int] = {}
    for example in parse_page(path, path.read_text("utf-8")).examples:
        counts[example.kind] = counts.get(example.kind, 0) + 1
        if example.language == "sql":
            yield from statements_of(f"{path.stem}: {example.kind} {counts[example.kind]}", example.text)


@dataclass(frozen=True)
class Noted:
    """What `explained.toml` says of statements, by name."""

    differences: dict[str, tuple[str, ...]]
    refused: dict[str, str]
    """The beginning of GoogleSQL's message."""

    def of(self, source: str) -> Noted:
        """What it says of the statements of one file."""

        def mine(name: str) -> bool:
            return name.partition(": ")[0] == source

        return Noted(
            {name: value for name, value in self.differences.items() if mine(name)},
            {name: value for name, value in self.refused.items() if mine(name)},
        )


def noted() -> Noted:
    """The explained differences and refusals."""
    content = tomllib.loads((HERE / "explained.toml").read_text("utf-8"))
    for entry in (*content.get("difference", ()), *content.get("refused", ())):
        assert entry["reason"], entry
    return Noted(
        {entry["statement"]: tuple(entry["columns"]) for entry in content.get("difference", ())},
        {entry["statement"]: entry["message"] for entry in content.get("refused", ())},
    )
