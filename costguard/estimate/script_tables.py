"""Tables and views that a script makes: from then on their names do not mean what the catalog has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple

import polars as pl

Kind = Literal["temporary", "replaced", "view", "dropped"]

_MAKING: Final = ("create-table", "create-view", "drop")


class Made(NamedTuple):
    """What a statement of a script makes of a name."""

    kind: Kind
    name: str
    """Its full name; that of a temporary table has one part."""
    text: str | None = None
    """The statement that defines a view."""


class ScriptTables:
    """What the names in a script mean, from statement to statement."""

    def __init__(self, frames: Mapping[str, pl.DataFrame], full_name: Callable[[str], str]) -> None:
        """`full_name`: completes a name as written with the default project and dataset."""
        self._full_name = full_name
        self._made: dict[tuple[int, int], dict[str, list[tuple[int, Made]]]] = {}
        """(source, script) -> name -> (position of the statement, what it makes), in order."""
        self._places: dict[int, tuple[tuple[int, int], int]] = {}
        """Statement -> its script, and its position there; of scripts that make something."""
        writes = frames["writes"].filter(pl.col("kind").is_in(_MAKING) & (pl.col("target_name") != ""))
        if writes.height:
            self._read(frames, writes)

    def _read(self, frames: Mapping[str, pl.DataFrame], writes: pl.DataFrame) -> None:
        queries = frames["queries"].filter(pl.col("script").is_not_null())
        places = {
            query: ((source, script), position)
            for query, source, script, position in queries.select(
                "query", "source", "script", "script_position"
            ).iter_rows()
        }
        texts = dict(frames["view_texts"].select("query", "text").iter_rows())
        for query, kind, name, temporary, replaces in writes.select(
            "query", "kind", "target_name", "temporary", "replaces"
        ).iter_rows():
            place = places.get(query)
            made = self._what(kind, name, texts.get(query), temporary=temporary, replaces=bool(replaces))
            if place is not None and made is not None:
                names = self._made.setdefault(place[0], defaultdict(list))
                names[made.name].append((place[1], made))
        self._places = {query: place for query, place in places.items() if place[0] in self._made}

    def _what(
        self, kind: str, name: str, text: str | None, *, temporary: bool, replaces: bool
    ) -> Made | None:
        if kind == "drop":
            return Made("dropped", _own_name(name) or self._full_name(name))
        if kind == "create-view":
            return Made("view", self._full_name(name), text) if text is not None else None
        if temporary:
            return Made("temporary", _own_name(name) or name)
        return Made("replaced", self._full_name(name)) if replaces else None

    def meaning(self, query: int, written: str) -> Made | None:
        """What the script has made of a name before a statement; None when it means what it means elsewhere."""
        place = self._places.get(query)
        if place is None:
            return None
        script, position = place
        for name in (
            _own_name(written),
            self._full_name(written),
        ):  # a temporary table hides others of its name
            made = [made for at, made in self._made[script].get(name or "", ()) if at < position]
            if made and made[-1].kind != "dropped":
                return made[-1]
        return None


def _own_name(written: str) -> str | None:
    """The name of a temporary table: one part, or after `_SESSION.`; None for others."""
    bare = written.replace("`", "")
    before, dot, name = bare.rpartition(".")
    return name if not dot or before.upper() == "_SESSION" else None
