"""Names of tables, datasets and projects: checked before they stand in SQL or a command."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_PROJECT: Final = re.compile(r"(?:[a-z0-9][a-z0-9.-]*:)?[a-z][a-z0-9-]{0,61}")
_DATASET: Final = re.compile(r"\w{1,1024}", re.ASCII)
_NOT_IN_TABLES: Final = re.compile(r"[^\w -]")
"""Table names hold letters, marks, digits, connectors, dashes and spaces
(docs.cloud.google.com/bigquery/docs/tables#table_naming)."""
_CHANNEL: Final = re.compile(r"projects/[a-z0-9:.-]+/notificationChannels/[A-Za-z0-9_-]+")
_RESOURCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_LOCATION: Final = re.compile(r"[a-z]+(?:-[a-z0-9]+){1,3}")


@dataclass(frozen=True, slots=True, order=True)
class DatasetName:
    """A dataset whose name may stand in SQL."""

    project: str
    dataset: str

    def __str__(self) -> str:
        return f"{self.project}.{self.dataset}"

    @property
    def sql(self) -> str:
        """Its name as GoogleSQL has it."""
        return f"`{self}`"


@dataclass(frozen=True, slots=True, order=True)
class TableName:
    """A table whose name may stand in SQL."""

    project: str
    dataset: str
    table: str

    def __str__(self) -> str:
        return f"{self.project}.{self.dataset}.{self.table}"

    @property
    def sql(self) -> str:
        """Its name as GoogleSQL has it."""
        return f"`{self}`"


def table_name(text: str) -> TableName:
    """A table from `project.dataset.table`.

    Raises:
        ValueError: it is no such name.
    """
    project, dataset, table = _parts(text, 3)
    if _NOT_IN_TABLES.search(table) or not 1 <= len(table.encode()) <= 1024:
        raise ValueError(f"{text!r} is no table such as my-project.shop.orders")
    return TableName(project, dataset, table)


def is_table_name(text: str) -> bool:
    """Whether it is the name of a table that may stand in SQL."""
    try:
        table_name(text)
    except ValueError:
        return False
    return True


def dataset_name(text: str) -> DatasetName:
    """A dataset from `project.dataset`.

    Raises:
        ValueError: it is no such name.
    """
    project, dataset = _parts(text, 2)
    return DatasetName(project, dataset)


def _parts(text: str, count: int) -> list[str]:
    example = "my-project.shop.orders" if count == 3 else "my-project.shop"
    kind = "table" if count == 3 else "dataset"
    parts = text.rsplit(".", count - 1)
    if len(parts) != count or not _PROJECT.fullmatch(parts[0]) or not _DATASET.fullmatch(parts[1]):
        raise ValueError(f"{text!r} is no {kind} such as {example}")
    return parts


def project_name(text: str) -> str:
    """The id of a project.

    Raises:
        ValueError: it is none.
    """
    if _PROJECT.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no project such as my-project")
    return text


def channel_name(text: str) -> str:
    """A notification channel of Cloud Monitoring.

    Raises:
        ValueError: it is none.
    """
    if _CHANNEL.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no channel such as projects/my-project/notificationChannels/123")
    return text


def resource_name(text: str) -> str:
    """A cluster or an instance.

    Raises:
        ValueError: it is none.
    """
    if _RESOURCE.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no name of a cluster or instance")
    return text


def location_name(text: str) -> str:
    """A region or zone.

    Raises:
        ValueError: it is none.
    """
    if _LOCATION.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no region or zone such as us-central1 or us-central1-a")
    return text
