"""Which table of the catalog a name in a query means, in any of its spellings.

GoogleSQL: project names have lower-case letters only, dataset and table names tell upper from lower case
(docs.cloud.google.com/bigquery/docs/reference/standard-sql/lexical#case_sensitivity).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

from costguard.catalog.model import Catalog

_DECORATOR: Final = re.compile(
    r"^(?P<name>.*?)(?:\$(?P<partition>[A-Za-z0-9_-]+))?(?:@(?P<time>[\d-]+))?$", re.DOTALL
)
_REGION: Final = re.compile(r"^region-[a-z0-9-]+$", re.IGNORECASE)

Meaning = Literal["table", "wildcard", "information_schema", "unknown"]


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a table name means."""

    meaning: Meaning
    name: str
    """Full name of the table; with the prefix and `*` of a wildcard; as written when unknown."""
    members: tuple[str, ...] = ()
    """Full names of the tables that a wildcard stands for, in order."""
    suffixes: tuple[str, ...] = ()
    """What `_TABLE_SUFFIX` is for each member."""
    partition: str | None = None
    """The partition that a decorator (`t$20260101`) picks."""
    at_time: bool = False
    """A decorator picks another point in time (`t@-3600000`)."""
    assumed_project: bool = False
    """The project was not given and no default is set: the catalog has one such dataset and table only."""


def split_name(written: str) -> list[str]:
    """The parts of a name: `project.dataset.table`, legacy `project:dataset.table`, domain-scoped projects.

    >>> split_name("`p.d.t`"), split_name("p.`d`.t"), split_name("[p:d.t]"), split_name("example.com:p.d.t")
    (['p', 'd', 't'], ['p', 'd', 't'], ['p', 'd', 't'], ['example.com:p', 'd', 't'])
    """
    text = _bare(written)
    domain = ""
    if ":" in text:
        before, _, text = text.rpartition(":")
        if text.count(".") >= 2:
            domain = f"{before}:"
        else:
            text = f"{before}\0{text}"
    if "\0" in text:
        project, _, rest = text.partition("\0")
        return [project, *rest.split(".")]
    parts = text.split(".")
    return [domain + parts[0], *parts[1:]]


def _bare(written: str) -> str:
    """A name without its quotes."""
    return written.strip().removeprefix("[").removesuffix("]").replace("`", "")


class NameResolver:
    """Resolves names against a catalog, with the defaults for what a name leaves out."""

    __slots__ = ("_catalog", "_dataset", "_dataset_project", "_known", "_project")

    def __init__(self, catalog: Catalog, project: str | None, dataset: str | None) -> None:
        self._catalog = catalog
        self._project = project
        self._dataset = dataset
        self._dataset_project = project
        self._known: dict[str, Resolved] = {}
        if dataset is not None and "." in dataset:
            # The default dataset may be of another project; a dataset that a query names is of the default one.
            self._dataset_project, _, self._dataset = dataset.rpartition(".")
            self._project = self._project or self._dataset_project

    def resolve(self, written: str) -> Resolved:
        """What a name means; never fails."""
        found = self._known.get(written)
        if found is None:
            found = self._known[written] = self._resolve(written)
        return found

    def full_name(self, written: str) -> str:
        """A name completed with the defaults, whether or not the catalog knows it; as written where that fails."""
        parts = split_name(written)
        full = self._complete(parts)[0] if all(parts) and len(parts) <= 3 else None
        return full or _bare(written)

    def _resolve(self, written: str) -> Resolved:
        match = _DECORATOR.match(_bare(written))
        name, partition, moment = match.group("name", "partition", "time") if match else (written, None, None)
        parts = split_name(name)
        if not all(parts):
            return Resolved("unknown", written)
        if any(part.upper() == "INFORMATION_SCHEMA" for part in parts[:-1]):
            return Resolved("information_schema", self._schema_view(parts))
        if len(parts) > 3 or (len(parts) == 2 and _REGION.match(parts[0])):
            return Resolved("unknown", written)
        full, assumed = self._complete(parts)
        if full is None:
            return Resolved("unknown", written)
        if full.endswith("*"):
            return self._wildcard(full, written, assumed)
        if full not in self._catalog:
            return Resolved("unknown", written)
        return Resolved("table", full, (), (), partition, moment is not None, assumed)

    def _complete(self, parts: list[str]) -> tuple[str | None, bool]:
        """The full name, and whether the project was taken from the catalog."""
        if len(parts) == 3:
            return f"{parts[0].lower()}.{parts[1]}.{parts[2]}", False
        if len(parts) == 1:
            if self._dataset is None:
                return None, False
            parts, project = [self._dataset, parts[0]], self._dataset_project
        else:
            project = self._project
        if project is not None:
            return f"{project.lower()}.{parts[0]}.{parts[1]}", False
        short = f"{parts[0]}.{parts[1]}"
        if short.endswith("*"):
            prefix = short[:-1]
            dataset = f".{parts[0]}."
            projects = {
                full.partition(dataset)[0]
                for full in self._catalog
                if dataset in full and full.partition(dataset)[2].startswith(prefix[len(parts[0]) + 1 :])
            }
            return (f"{projects.pop()}.{short}", True) if len(projects) == 1 else (None, False)
        candidates = self._catalog.in_any_project(short)
        return (candidates[0], True) if len(candidates) == 1 else (None, False)

    def _wildcard(self, full: str, written: str, assumed: bool) -> Resolved:
        prefix = full[:-1]
        members = [
            name
            for name in self._catalog.members(prefix)
            # A `*` stands for part of a table's name, never for a dataset; views are not allowed as members.
            if name.count(".") == prefix.count(".")
            and (self._catalog.raw()[name].get("kind") or "table") not in ("view", "materialized_view")
        ]
        if not members:
            return Resolved("unknown", written)
        return Resolved(
            "wildcard",
            full,
            tuple(members),
            tuple(name[len(prefix) :] for name in members),
            assumed_project=assumed,
        )

    def _schema_view(self, parts: list[str]) -> str:
        if (
            self._dataset_project is not None
            and parts[0].upper() == "INFORMATION_SCHEMA"
            and self._dataset is not None
        ):
            return ".".join([self._dataset_project, self._dataset, *parts])
        return ".".join(parts)
