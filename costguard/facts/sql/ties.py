"""Which relations of a SELECT its conditions tie to each other, directly or by way of others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from sqlglot import exp

from costguard.facts.sql.condition import flatten
from costguard.facts.sql.expression import Reference, extent, inspect
from costguard.facts.sql.reads import ReadLog
from costguard.facts.sql.relation import (
    NO,
    YES,
    Body,
    Computed,
    Group,
    Opaque,
    Pivoted,
    Referenced,
    Relation,
    Scan,
    SelectBody,
    Source,
    UnionBody,
    Unnested,
    below,
    scans_below,
)

AROUND = -1
"""The number that stands for the query around a subquery: a column of it is one value for each of its rows."""
_MOST_NAMES = 200
"""So many names are followed to find out what a value is made of."""

Numbers = frozenset[int]
IsHole = Callable[[int, int], bool]


class Ties:
    """The conditions of one SELECT as a graph of its relations."""

    def __init__(
        self,
        body: SelectBody,
        node: exp.Select,
        joins: Sequence[tuple[exp.Join, int]],
        is_hole: IsHole | None,
    ) -> None:
        """`joins`: each with the number of its right side among the sources."""
        self._body = body
        self._node = node
        self._joins = joins
        self._is_hole = is_hole
        self._group: list[int] | None = None
        self._around_used = False

    def named_by(self, condition: exp.Expr) -> list[Numbers]:
        """The relations that each conjunct ties to each other; those of which any may be meant count all."""
        return [tied for item in flatten(condition, exp.And) if (tied := self._tied_by(item))]

    def lead_to(self, number: int) -> bool:
        """Does some chain of conditions lead from this relation to one on its left?"""
        if self._group is None:
            self._group = self._groups()
        if self._meets(number):
            return True
        if not self._around_used:
            self._around_used = True
            for tied in _tied_around(self._body, self._body.log):
                self._union(tied)
        return self._meets(number)

    def _meets(self, number: int) -> bool:
        own = self._find(number)
        return any(self._find(left) == own for left in range(number))

    # -- the graph ---------------------------------------------------------------------------------

    def _groups(self) -> list[int]:
        """Each relation's parent in a forest; the last one is that of the query around."""
        sources = self._body.sources
        self._group = list(range(len(sources) + 1))
        for number, source in enumerate(sources):
            self._union({number, *self._origins(number, source)})
        where = self._node.args.get("where")
        if where is not None:
            for tied in self.named_by(where.this):
                self._union(tied)
        for join, number in self._joins:
            optional = bool(join.args.get("side"))
            on = join.args.get("on")
            if on is not None:
                named = self.named_by(on)
                if optional:
                    # What an outer join compares its own side with is not thereby compared with each other.
                    named = [tied for tied in named if number in tied]
                    named = (
                        [frozenset({number, min(min(tied - {number}) for tied in named)})] if named else []
                    )
                for tied in named:
                    self._union(tied)
            columns = join.args.get("using") or ()
            if columns or join.args.get("method"):
                self._union_using(number, [column.name.lower() for column in columns], optional)
        return self._group

    def _union_using(self, number: int, columns: list[str], optional: bool) -> None:
        owners = [
            [left for left in range(number) if self._body.sources[left].relation.owns(name) != NO]
            for name in columns
        ]
        for name, lefts in zip(columns, owners, strict=True):
            sure = [left for left in lefts if self._body.sources[left].relation.owns(name) == YES]
            self._union({number, *(sure[:1] or lefts[-1:])})
        if len(columns) > 1 and not optional:
            # Each column may belong to another relation: days and countries, joined to the facts by both.
            self._union({number, *(left for lefts in owners for left in lefts)})
        if not columns:
            self._union({number, number - 1})

    def _origins(self, number: int, source: Source) -> Iterable[int]:
        """The relations to the left that the rows of this one are made from: an array's, a function's."""
        relation = base_of(source.relation)
        if isinstance(relation, Unnested):
            found = self._array_of(relation, number)
            return found if len(found) == 1 else ()
        if isinstance(relation, Opaque):
            references = list(relation.info.references)
            for query, _ in relation.info.queries:
                references.extend(_references_in(query))
            return [
                owner
                for reference in references
                if len(reference.parts) > 1
                for owner in self._owners(reference, number)
                if owner >= 0
            ]
        return ()

    def _array_of(self, relation: Unnested, number: int) -> Numbers:
        references = [relation.reference] if relation.reference is not None else []
        if relation.expression is not None:
            references.extend(inspect(relation.expression).references)
        # Its own name is no name yet: UNNEST(labels) AS labels.
        return frozenset(
            owner for reference in references for owner in self._owners(reference, number) if owner >= 0
        )

    def _union(self, tied: Iterable[int]) -> None:
        """One row is the same for all that are compared with it: it ties nothing to each other."""
        assert self._group is not None
        sources = self._body.sources
        numbers = [number for number in tied if number == AROUND or not sources[number].relation.one_row]
        for one, other in pairwise(numbers):
            self._group[self._find(one)] = self._find(other)

    def _find(self, number: int) -> int:
        assert self._group is not None
        current = number % len(self._group)
        while self._group[current] != current:
            current = self._group[current]
        return current

    # -- what a condition names --------------------------------------------------------------------

    def _tied_by(self, item: exp.Expr) -> Numbers:
        every = frozenset(range(len(self._body.sources)))
        if self._is_hole is not None:
            start, end = extent(item)
            if start < 0 or self._is_hole(start, end):
                return every
        return tie_of([self._owners(reference) for reference in _named_in(item, self._body)])

    def _owners(self, reference: Reference, before: int | None = None) -> Numbers:
        """The relations (of the first `before` ones) that may be meant; empty for a variable."""
        body, parts = self._body, reference.parts
        if body.is_variable(parts):
            return frozenset()
        for length in range(1, min(len(parts), 3) + 1):
            source = body.find_source(parts[:length], before)
            if source is not None and not (len(parts) == length and length > 1):
                return self._with_array(body.sources.index(source))
        if len(parts) > 1 and _is_around(body, parts[0]):
            return frozenset({AROUND})
        return self._with_owner(parts[0], before)

    def _with_owner(self, name: str, before: int | None) -> Numbers:
        owned = [source.relation.owns(name) for source in self._body.sources[:before]]
        if YES in owned:
            return self._with_array(owned.index(YES))
        found = frozenset(number for number, owns in enumerate(owned) if owns != NO)
        return found or frozenset({AROUND} if self._body.parent is not None else ())

    def _with_array(self, number: int) -> Numbers:
        """An element of an array, of which it is not known whose: all that it may be of."""
        relation = base_of(self._body.sources[number].relation)
        if not isinstance(relation, Unnested) or relation.constant:
            return frozenset({number})
        origins = self._array_of(relation, number)
        return frozenset({number}) if len(origins) == 1 else origins | {number}


def tie_of(named: Sequence[Numbers]) -> Numbers:
    """The relations that a condition with these names ties to each other; none where it names only one of them."""
    every = frozenset().union(*named)
    return every if len(named) > 1 and len(every) > 1 else frozenset()


def base_of(relation: Relation) -> Relation:
    """The relation below a PIVOT or UNPIVOT."""
    while isinstance(relation, Pivoted):
        relation = relation.inner
    return relation


def is_generated(relation: Relation) -> bool:
    """A common table expression that reads no table: numbers or dates that a recursion counts through."""
    return isinstance(relation, Referenced) and not any(
        isinstance(item, Scan)
        or (isinstance(item, Opaque) and not item.small)
        or (isinstance(item, Unnested) and not item.constant)
        for item in below(relation)
    )


def _named_in(item: exp.Expr, body: SelectBody) -> list[Reference]:
    """What a condition names, each once; of a query in it only what names a relation outside of it."""
    info = inspect(item)
    found = {reference.parts: reference for reference in info.references}
    for query, _ in info.queries:
        for reference in _references_in(query):
            if len(reference.parts) > 1 and body.find_source(reference.parts[:1]) is not None:
                found.setdefault(reference.parts, reference)
    return list(found.values())


def _references_in(query: exp.Expr) -> list[Reference]:
    found = []
    for column in query.find_all(exp.Column):
        written = tuple(part.name for part in column.parts)
        found.append(Reference(tuple(part.lower() for part in written), written, -1, -1))
    return found


def _is_around(body: SelectBody, name: str) -> bool:
    scope = body.parent
    while scope is not None:
        if scope.find_source((name,)) is not None:
            return True
        scope = scope.parent
    return False


# -- conditions of the queries around --------------------------------------------------------------


def _tied_around(body: SelectBody, log: ReadLog) -> list[Numbers]:
    """What conditions outside of a common table expression or a subquery say of the relations inside."""
    scans = [scans_below(source.relation) for source in body.sources]
    found = []
    for outer, through in _readers_of(body, log):
        for condition, clause, only in outer.conditions:
            if clause == "qualify" or only is not None:
                continue
            for item in flatten(condition, exp.And):
                named = []
                for reference in _named_in(item, outer):
                    source = outer.find_source(reference.parts[:1])
                    if source is None or any(source is other for other in through):
                        named.extend(_read_by(outer, reference.parts, scans))
                together = tie_of(named)
                if together:
                    found.append(together)
    return found


def _readers_of(body: SelectBody, log: ReadLog) -> list[tuple[SelectBody, list[Source]]]:
    """The SELECTs around a query, however far, with the sources through which they read it."""
    readers: dict[int, list[tuple[SelectBody, Source]]] = {}
    for outer in log.bodies:
        for source in outer.sources:
            for inner in _bodies_of(source.relation):
                readers.setdefault(id(inner), []).append((outer, source))
    found: dict[int, tuple[SelectBody, list[Source]]] = {}
    stack = [body]
    while stack:
        for outer, source in readers.get(id(stack.pop()), ()):
            if id(outer) not in found:
                found[id(outer)] = (outer, [])
                stack.append(outer)
            found[id(outer)][1].append(source)
    return list(found.values())


def _bodies_of(relation: Relation) -> list[Body]:
    relation = base_of(relation)
    stack = [relation.body] if isinstance(relation, Referenced) else []
    found = []
    while stack:
        item = stack.pop()
        if isinstance(item, UnionBody):
            stack.extend(item.branches)
        else:
            found.append(item)
    return found


def _read_by(body: SelectBody, parts: tuple[str, ...], scans: list[set[int]]) -> list[Numbers]:
    """The relations (by the scans below them) that a name leads to, for each column that it is made of."""
    found = []
    seen: set[tuple[int, tuple[str, ...]]] = set()
    stack = [(body, parts)]
    while stack and len(seen) < _MOST_NAMES:
        place, name = stack.pop()
        if (id(place), name) in seen:
            continue
        seen.add((id(place), name))
        for item in place.trace_parts(name):
            if isinstance(item, Group):
                own = {target.scan for target in item.targets}
                numbers = frozenset(number for number, below in enumerate(scans) if below & own)
                if numbers:
                    found.append(numbers)
            elif isinstance(item, Computed):
                references = item.body.info_of(item.expression).references
                stack.extend((item.body, reference.parts) for reference in references)
    return found
