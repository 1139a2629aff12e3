"""Table names as dbt templates see them: `ref`, `source`, `this`."""

from __future__ import annotations

import re
from typing import Any

from costguard.extract.dbt import Relation

_PLAIN = re.compile(r"[A-Za-z_]\w*")


class RelationValue(str):
    """The rendered name of a table that also answers for its parts."""

    __slots__ = ("_dialect", "_relation")

    _relation: Relation
    _dialect: str

    @property
    def database(self) -> str:
        return self._relation.database

    @property
    def project(self) -> str:
        return self._relation.database

    @property
    def schema(self) -> str:
        return self._relation.schema

    @property
    def dataset(self) -> str:
        return self._relation.schema

    @property
    def identifier(self) -> str:
        return self._relation.identifier

    @property
    def name(self) -> str:
        return self._relation.identifier

    @property
    def table(self) -> str:
        return self._relation.identifier

    @property
    def alias(self) -> str:
        return self._relation.identifier

    @property
    def type(self) -> str:
        return "table"

    @property
    def is_table(self) -> bool:
        return True

    @property
    def is_view(self) -> bool:
        return False

    @property
    def is_cte(self) -> bool:
        return False

    def render(self) -> str:
        return str(self)

    def quote(self, **_: Any) -> RelationValue:
        return self

    def include(self, database: bool = True, schema: bool = True, identifier: bool = True) -> RelationValue:
        given = self._relation
        return relation_value(
            Relation(
                given.database if database else "",
                given.schema if schema else "",
                given.identifier if identifier else "",
            ),
            self._dialect,
        )

    def without_identifier(self) -> RelationValue:
        return self.include(identifier=False)

    def incorporate(self, path: Any = None, **_: Any) -> RelationValue:
        return self.replace_path(**path) if isinstance(path, dict) else self

    def replace_path(
        self, database: str | None = None, schema: str | None = None, identifier: str | None = None
    ) -> RelationValue:
        given = self._relation
        return relation_value(
            Relation(
                given.database if database is None else str(database),
                given.schema if schema is None else str(schema),
                given.identifier if identifier is None else str(identifier),
            ),
            self._dialect,
        )


def relation_value(relation: Relation, dialect: str) -> RelationValue:
    """The relation as SQL of the dialect: in backticks for BigQuery, else quoted only where needed."""
    parts = [part for part in (relation.database, relation.schema, relation.identifier) if part]
    if dialect == "bigquery":
        text = f"`{'.'.join(parts)}`"
    elif dialect in {"spark", "databricks", "mysql"}:
        text = ".".join(part if _PLAIN.fullmatch(part) else f"`{part}`" for part in parts)
    else:
        text = ".".join(part if _PLAIN.fullmatch(part) else f'"{part}"' for part in parts)
    value = RelationValue(text)
    value._relation = relation
    value._dialect = dialect
    return value
