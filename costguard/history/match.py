"""Which statement of the code a job ran.

Evidence is tried in this order: labels and ids of jobs, markers in comments, the text, the tables. Each distinct text
is looked at once. A job belongs to one statement; where nothing tells between several, to each in equal parts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import polars as pl

from costguard.facts.fingerprint import OPEN_GAP, fingerprint, normal_form, shape
from costguard.history.bodies import bodies
from costguard.history.gaps import Patterns, pattern_of
from costguard.history.jobs import SCRIPT

Grade = Literal["label", "comment", "fingerprint", "tables"]
Confidence = Literal["high", "medium", "low"]
GRADES: Final[tuple[Grade, ...]] = ("label", "comment", "fingerprint", "tables")
"""Best first."""
CONFIDENCES: Final[tuple[Confidence, ...]] = ("high", "medium", "low")
"""Best first."""

QUERY_LABEL: Final = "cg_query"
"""Its value is the id or the fingerprint of a statement, as `scan --format json` gives them."""
_NODE_LABEL: Final = "node_id"
_DAG_LABEL: Final = "airflow-dag"
_TASK_LABEL: Final = "airflow-task"
_LABELS: Final = (QUERY_LABEL, _NODE_LABEL, _DAG_LABEL, _TASK_LABEL)
_MARKER: Final = r"costguard:\s*([0-9a-f]{12,16})\b"
_NODE: Final = r'"node_id": ?"((?:model|snapshot)\.[^"]+)"'
_UNCLEAN: Final = re.compile(r"[^a-z0-9_-]")
_WRITES: Final = frozenset({"CREATE TABLE AS", "MERGE", "INSERT"})
_JOB_STATEMENTS: Final = {"CREATE TABLE AS SELECT": "CREATE TABLE AS"}


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of the code, as far as jobs can be told by it."""

    key: int
    id: str
    statement: str
    fingerprint: str
    shape: str | None
    pattern: str | None
    model: str | None = None
    """The dbt model whose text it is."""
    variant: str | None = None
    task: str | None = None
    """The Airflow task that runs it."""
    dags: frozenset[str] = frozenset()
    """Strings of its file, one of which may be the name of its DAG."""
    job_id: str | None = None
    """What the ids of its jobs begin with."""
    tables: frozenset[str] | None = None
    """`dataset.table` in lower case of what it reads; None where that is not known."""
    rendered: bool = False
    """The text came from a template, which may come out otherwise when it is run."""


@dataclass(frozen=True, slots=True)
class Found:
    """What one piece of evidence gives."""

    statements: tuple[int, ...]
    """Keys, sorted; jobs are split between several."""
    grade: Grade
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class Matched:
    """Jobs with their statements."""

    frame: pl.DataFrame
    """The queries among the jobs, with `found` (index in `found`, null without a match) and `form` (of its text)."""
    found: tuple[Found, ...]
    texts: int
    """Distinct texts that were looked at."""


def match_jobs(jobs: pl.DataFrame, statements: Sequence[Statement]) -> Matched:
    """Find the statement of each query among the jobs; scripts are left out, since their statements have jobs.

    `jobs`: as `costguard.history.jobs.load_jobs` gives them.
    """
    matcher = _Matcher(statements)
    queries = _with_evidence(jobs, matcher)
    texts = queries.select("text", "query").unique("text", keep="first", maintain_order=True).drop_nulls()
    forms: dict[str, int] = {}
    form_of = {
        text: forms.setdefault(normal_form(query), len(forms))
        for text, query in texts.select("text", "query").iter_rows()
    }
    by_text = [matcher.by_text(form) for form in forms]
    numbered = pl.DataFrame(
        {"text": list(form_of), "form": list(form_of.values())}, schema={"text": pl.String, "form": pl.Int32}
    )
    queries = queries.join(numbered, on="text", how="left", maintain_order="left")
    distinct = queries.select("form", *_EVIDENCE).unique(maintain_order=True)
    kinds: dict[Found, int] = {}
    chosen: list[int | None] = []
    for row in distinct.iter_rows(named=True):
        own = by_text[row["form"]] if row["form"] is not None else None
        found = matcher.find(row, own)
        chosen.append(kinds.setdefault(found, len(kinds)) if found is not None else None)
    distinct = distinct.with_columns(pl.Series("found", chosen, dtype=pl.Int32))
    matched = queries.join(
        distinct, on=["form", *_EVIDENCE], how="left", nulls_equal=True, maintain_order="left"
    )
    return Matched(matched.drop("text", *_EVIDENCE), tuple(kinds), len(form_of))


_OWN: Final = (*(f"label_{name}" for name in _LABELS), "marker", "node")
_EVIDENCE: Final = (*_OWN, "job_prefix", "child", "kind", "read")


def _with_evidence(jobs: pl.DataFrame, matcher: _Matcher) -> pl.DataFrame:
    """The queries with what tells of their statement. A statement of a script has its script's labels and comments too:
    its own text has none."""
    told = jobs.with_columns(
        *(_label(name).alias(f"label_{name}") for name in _LABELS),
        pl.col("query").str.extract(_MARKER).alias("marker"),
        pl.col("query").str.extract(_NODE).alias("node"),
    )
    parents = told.filter(pl.col("statement") == SCRIPT).select(
        "project", pl.col("job_id").alias("parent"), *(pl.col(name).alias(f"script_{name}") for name in _OWN)
    )
    queries = told.filter(
        (pl.col("job_type").fill_null("QUERY") == "QUERY") & (pl.col("statement").fill_null("") != SCRIPT)
    )
    queries = queries.join(parents, on=["project", "parent"], how="left", maintain_order="left")
    unhashed = pl.when(pl.col("query_hash").is_null()).then(pl.col("query"))
    return queries.with_columns(
        *(pl.coalesce(name, f"script_{name}").alias(name) for name in _OWN),
        # Jobs of one hash differ in literals and comments only: one text stands for them.
        pl.coalesce(pl.lit("#") + pl.col("query_hash"), _without_numbers(unhashed)).alias("text"),
        matcher.job_prefix().alias("job_prefix"),
        pl.col("parent").is_not_null().alias("child"),
        pl.col("statement").str.replace_all("_", " ").replace(_JOB_STATEMENTS).alias("kind"),
        pl.when(pl.lit(matcher.reads_tables))
        .then(pl.col("tables").list.eval(_short_name(pl.element())).list.unique().list.sort().list.join("\n"))
        .alias("read"),
    ).drop([f"script_{name}" for name in _OWN])


_QUOTED_NUMBER: Final = r"'[0-9][0-9 :./TZ+-]*'"
_NUMBER: Final = r"([ =<>(,+*])[0-9]+\b"
"""Surely a literal, even for who sees neither where strings and comments begin nor what stands before."""


def _without_numbers(query: pl.Expr) -> pl.Expr:
    """Most texts of a history differ in a date or a number: to set these equal here saves looking at each one."""
    return query.str.replace_all(_QUOTED_NUMBER, "'0'").str.replace_all(_NUMBER, "${1}0")


def _label(name: str) -> pl.Expr:
    pairs = pl.col("labels").list.filter(pl.element().struct.field("key") == name)
    return pairs.list.first().struct.field("value")


def _short_name(name: pl.Expr) -> pl.Expr:
    return name.str.to_lowercase().str.extract(r"([^.]+\.[^.]+)$")


class _Matcher:
    """The statements, by everything that jobs may tell."""

    def __init__(self, statements: Sequence[Statement]) -> None:
        self._statements = {item.key: item for item in statements}
        self._by_name: dict[str, set[int]] = defaultdict(set)
        self._by_fingerprint: dict[str, list[int]] = defaultdict(list)
        self._by_shape: dict[str, list[int]] = defaultdict(list)
        self._by_model: dict[str, list[int]] = defaultdict(list)
        self._by_task: dict[str, list[int]] = defaultdict(list)
        self._by_job_id: dict[str, list[int]] = defaultdict(list)
        self._by_tables: dict[tuple[str, frozenset[str]], list[int]] = defaultdict(list)
        patterns = []
        for item in statements:
            self._by_name[item.id].add(item.key)
            self._by_name[item.fingerprint].add(item.key)
            if item.pattern is None:
                self._by_fingerprint[item.fingerprint].append(item.key)
            elif (pattern := pattern_of(item.key, item.pattern)) is not None:
                patterns.append(pattern)
            for index, value in (
                (self._by_shape, item.shape),
                (self._by_model, item.model),
                (self._by_task, _clean(item.task)),
                (self._by_job_id, item.job_id),
            ):
                if value:
                    index[value].append(item.key)
            # A text that is known to the last word would have been found by it.
            if item.tables and (item.rendered or OPEN_GAP in (item.pattern or "")):
                for kind in {item.statement, *(_WRITES if item.statement == "SELECT" and item.model else ())}:
                    self._by_tables[kind, item.tables].append(item.key)
        self._patterns = Patterns(patterns)
        self._models = {str(_clean(name)): name for name in sorted(self._by_model)}

    @property
    def reads_tables(self) -> bool:
        """The tables of a job may tell its statement."""
        return bool(self._by_tables)

    def job_prefix(self) -> pl.Expr:
        """The longest beginning of a job's id that the code gives."""
        value = pl.lit(None, dtype=pl.String)
        for prefix in sorted(self._by_job_id, key=lambda text: (len(text), text)):
            value = pl.when(pl.col("job_id").str.starts_with(prefix)).then(pl.lit(prefix)).otherwise(value)
        return value

    # -- by text -----------------------------------------------------------------------------------

    def by_text(self, form: str) -> Found | None:
        """The statements whose text this is."""
        forms = list(bodies(form))
        for number, text in enumerate(forms):
            keys = self._by_fingerprint.get(fingerprint(text))
            if keys:
                return Found(tuple(keys), "fingerprint", "medium" if number else "high")
        for text in forms:
            patterns = self._patterns.best(text)
            if patterns:
                unsure = any(pattern.open for pattern in patterns)
                keys = [pattern.key for pattern in patterns]
                return Found(tuple(keys), "fingerprint", "low" if unsure else "medium")
        for text in forms:
            outline = shape(text)
            keys = self._by_shape.get(outline) if outline is not None else None
            if keys:
                return Found(tuple(keys), "fingerprint", "medium")
        return None

    # -- by everything -----------------------------------------------------------------------------

    def find(self, job: Mapping[str, Any], own: Found | None) -> Found | None:
        """The best evidence of a job. `own`: what its text says, which also tells between several candidates."""
        named = job[f"label_{QUERY_LABEL}"]
        if named in self._by_name:
            return self._among(self._by_name[named], own, job, "label")
        if job["job_prefix"] is not None:
            return self._among(self._by_job_id[job["job_prefix"]], own, job, "label")
        label = job[f"label_{_NODE_LABEL}"]
        if label is not None and (keys := self._by_model.get(self._model_of_label(label))):
            return self._among(keys, own, job, "label")
        if keys := self._of_task(job[f"label_{_TASK_LABEL}"], job[f"label_{_DAG_LABEL}"]):
            return self._among(keys, own, job, "label")
        if job["marker"] in self._by_name:
            return self._among(self._by_name[job["marker"]], own, job, "comment")
        if job["node"] is not None and (keys := self._by_model.get(_model_of_node(job["node"]))):
            return self._among(keys, own, job, "comment")
        if own is not None:
            return own
        if job["read"] and job["kind"]:
            keys = self._by_tables.get((job["kind"], frozenset(job["read"].split("\n"))))
            if keys:
                return Found(tuple(keys), "tables", "low")
        return None

    def _among(self, keys: Iterable[int], own: Found | None, job: Mapping[str, Any], grade: Grade) -> Found:
        """Several statements bear the same name: the text tells which, else the kind of job."""
        candidates = sorted(keys)
        if len(candidates) > 1 and own is not None:
            candidates = [key for key in candidates if key in own.statements] or candidates
        if len(candidates) > 1:
            changes = job["child"] or job["kind"] in ("MERGE", "INSERT")
            variant = "incremental" if changes else "full-refresh"
            candidates = [key for key in candidates if self._statements[key].variant == variant] or candidates
        return Found(tuple(candidates), grade, "high")

    def _model_of_label(self, label: str) -> str:
        """`model_shop_stg_orders` is the model `stg_orders`: the longest name that it ends with."""
        if not label.startswith(("model", "snapshot")):
            return ""
        for start in range(len(label)):
            if label[start - 1 : start] in ("_", "-") and label[start:] in self._models:
                return self._models[label[start:]]
        return ""

    def _of_task(self, task: str | None, dag: str | None) -> list[int]:
        keys = self._by_task.get(task or "", [])
        mine = [
            key
            for key in keys
            if dag is not None and dag in {_clean(name) for name in self._statements[key].dags}
        ]
        return mine or keys


def _clean(name: str | None) -> str | None:
    """A name as a label may have it: Airflow writes `-` for points, dbt `_`."""
    return None if name is None else _UNCLEAN.sub("-", name.lower())


def _model_of_node(node: str) -> str:
    """`model.shop.orders` is the model `orders`, `model.shop.orders.v2` the file `orders_v2`."""
    return "_".join(node.split(".")[2:])
