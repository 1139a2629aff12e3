"""Loads rule pages, and lets no rule touch anything but the fact tables."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from costguard.bounded_read import read_at_most
from costguard.errors import UsageProblem
from costguard.facts.schema import TABLES, columns_of
from costguard.judge.housekeeping import HOUSEKEEPING
from costguard.judge.page import Rule, RulebookError, parse_page
from costguard.judge.query_text import refused_forms

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Rule", "Rulebook", "RulebookError", "check_against_schema", "check_query", "load_rulebook"]

_PAGE_LIMIT = 200_000


@dataclass(frozen=True)
class Rulebook:
    """The rules, by id."""

    rules: tuple[Rule, ...]

    @cached_property
    def names(self) -> dict[str, Rule]:
        """Rules by id and by alias."""
        found = {alias: rule for rule in self.rules for alias in rule.aliases}
        found.update({rule.id: rule for rule in self.rules})
        return found

    def identify(self, name: str) -> str:
        """The id of a rule, by id or alias, or of a finding about ignore comments.

        Raises:
            RulebookError: there is none; says which is meant, perhaps.
        """
        return name if name in HOUSEKEEPING else self.resolve(name).id

    def resolve(self, name: str) -> Rule:
        """The rule of an id or alias.

        Raises:
            RulebookError: there is none; says which is meant, perhaps.
        """
        rule = self.names.get(name)
        if rule is None:
            close = difflib.get_close_matches(name, [*self.names, *HOUSEKEEPING], n=1)
            hint = f"; did you mean {close[0]!r}?" if close else "; `costguard rules` lists them"
            raise RulebookError([f"no rule is called {name!r}{hint}"])
        return rule


def load_rulebook(shipped: Path, extra: Sequence[Path] = ()) -> Rulebook:
    """The shipped pages, and those of users' folders; a page of the same id replaces one of an earlier folder.

    Users' pages are checked when they are loaded; shipped ones by the tests.

    Raises:
        RulebookError: with the problems of every page.
    """
    rules: dict[str, Rule] = {}
    problems: list[str] = []
    for folder, is_own in ((shipped, True), *((path, False) for path in extra)):
        here: dict[str, Path] = {}
        for page in rule_pages(folder):
            try:
                rule = _load(page, plain=is_own)
                if not is_own:
                    check_rules([rule])
            except RulebookError as error:
                problems.extend(error.problems)
                continue
            if rule.id in here:
                problems.append(f"{page}:2: the id {rule.id!r} is also that of {here[rule.id]}")
                continue
            here[rule.id] = page
            rules[rule.id] = rule
    names: dict[str, str] = {}
    for rule in rules.values():
        for name in (rule.id, *rule.aliases):
            other = names.setdefault(name, rule.id)
            if other != rule.id:
                problems.append(f"{rule.path}:1: the name {name!r} also belongs to {other!r}")
    if problems:
        raise RulebookError(problems)
    return Rulebook(tuple(rules[key] for key in sorted(rules)))


def rule_pages(folder: Path) -> list[Path]:
    """The pages of a folder, in order: its Markdown files but for each README.md."""
    return sorted(page for page in folder.rglob("*.md") if page.name != "README.md")


def _load(page: Path, *, plain: bool = False) -> Rule:
    try:
        data = read_at_most(page, _PAGE_LIMIT, "no page of a rule is that large")
    except UsageProblem as problem:
        raise RulebookError([str(problem)]) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise RulebookError([f"{page}:{line}: not UTF-8 text"]) from None
    return parse_page(page, text.replace("\r\n", "\n"), plain=plain)


def check_rules(rules: Iterable[Rule]) -> None:
    """The queries of rules can be run, and give what findings need.

    Raises:
        RulebookError: with the problems of every rule.
    """
    problems: list[str] = []
    for rule in rules:
        try:
            check_query(rule)
            check_against_schema(rule)
        except RulebookError as error:
            problems.extend(error.problems)
    if problems:
        raise RulebookError(problems)


def check_query(rule: Rule) -> None:
    """The query of a rule is one SELECT over fact tables and its own CTEs.

    Raises:
        RulebookError: it is not; table functions (`read_csv(...)`) and files are refused.
    """
    check_select(rule.sql, f"{rule.path}:{rule.sql_line}")


@dataclass(frozen=True, slots=True)
class Selection:
    """What a query that may run names."""

    tables: frozenset[str]
    ordered: bool
    """It says in which order its rows come."""


def check_select(
    sql: str, where: str, tables: Collection[str] = TABLES, of_history: Collection[str] = ()
) -> Selection:
    """A text is one SELECT over fact tables (`tables`) and its own CTEs. `of_history`: those that a history would
    bring.

    Raises:
        RulebookError: it is not; `where` begins each line.
    """
    import logging

    from sqlglot import exp, parse

    from costguard.extract.sql_depth import too_deep

    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it would say on stderr what is refused here anyway
    refused = [f"{where}: {problem}" for problem in refused_forms(sql)]
    if refused:
        raise RulebookError(refused)
    if too_deep(sql):
        raise RulebookError([f"{where}: the query cannot be parsed (nested too deep)"])
    try:
        statements = [tree for tree in parse(sql, dialect="postgres") if tree is not None]
    except Exception as error:  # nonsense ends in a TypeError now and then, not in an error of sqlglot's own
        first = (str(error) or type(error).__name__).splitlines()[0]
        raise RulebookError([f"{where}: the query cannot be parsed ({first})"]) from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise RulebookError([f"{where}: the query must be one SELECT"])
    tree = statements[0]
    problems: list[str] = []
    own = {item.alias.lower() for item in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        inner = table.this
        if not isinstance(inner, exp.Identifier) or table.args.get("db") is not None:
            problems.append(
                f"{where}: {table.sql()[:60]!r}: a query may only name fact tables, not functions or files"
            )
            continue
        if inner.name.lower() not in own and inner.name not in tables:
            close = difflib.get_close_matches(inner.name, [*tables, *own], n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            if inner.name in of_history:
                hint = "; it is there with a history: --jobs EXPORT, --billing EXPORT"
            problems.append(f"{where}: no fact table is called {inner.name!r}{hint}")
    for lateral in tree.find_all(exp.Lateral):
        problems.append(
            f"{where}: {lateral.sql()[:60]!r}: a query may only name fact tables, not functions or files"
        )
    forbidden = tree.find(exp.Command, exp.Into, exp.Insert, exp.Create, exp.Copy)
    if forbidden is not None:
        problems.append(f"{where}: the query may only select")
    if problems:
        raise RulebookError(problems)
    names = {table.name for table in tree.find_all(exp.Table)}
    return Selection(frozenset(names & set(tables)), tree.args.get("order") is not None)


def check_against_schema(rule: Rule) -> None:
    """The query runs on empty tables of the real types, and gives what the message names.

    Raises:
        RulebookError: an unknown column (with a suggestion), a type error, a name in the message that the query
            does not give.
    """
    from costguard.judge.columns import columns_problems

    where = f"{rule.path}:{rule.sql_line}"
    problems = columns_problems(rule, schema_of(rule.sql, where, TABLES))
    if problems:
        raise RulebookError([f"{where}: {problem}" for problem in problems])


def schema_of(sql: str, where: str, tables: Collection[str]) -> pl.Schema:
    """The columns that a query gives, found by running it on empty tables of the real types.

    Raises:
        RulebookError: an unknown column (with a suggestion), or a type error; `where` begins the line.
    """
    from costguard.facts.frames import empty_frame

    try:
        return run_query(sql, {table: empty_frame(table) for table in tables}).schema
    except Exception as error:  # polars has no common base class for what its SQL refuses
        raise RulebookError([f"{where}: {_explain(sql, str(error), tables)}"]) from None


def run_query(sql: str, tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Run one query over frames."""
    import polars as pl

    with pl.SQLContext(tables, eager=True) as context:
        return execute(context, sql)


def execute(context: pl.SQLContext[pl.DataFrame], sql: str) -> pl.DataFrame:
    """Run one query in a context; whatever goes wrong in it is an `Exception`."""
    import polars as pl

    try:
        return context.execute(sql)
    except pl.exceptions.PanicException as error:  # no Exception of its own accord
        raise RuntimeError(str(error)) from None


def _explain(sql: str, message: str, tables: Collection[str]) -> str:
    first = message.strip().splitlines()[0] if message.strip() else "the query does not run"
    first = first.partition("; valid columns")[0]  # all of them would hide which one is meant
    known = {column.name for table in tables for column in columns_of(table)}
    for word in first.replace('"', " ").replace("'", " ").replace("`", " ").split():
        name = word.strip(".,:;()").rpartition(".")[2]
        if name.isidentifier() and name not in known and name in sql:
            close = difflib.get_close_matches(name, known, n=1)
            if close:
                return f"{first}; did you mean {close[0]!r}?"
    return first
