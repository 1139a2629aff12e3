"""Frame facts: which columns of a frame are used, after everything that happens to it is known."""

from __future__ import annotations

import ast

from costguard.extract.pytypes.module import ModuleTypes
from costguard.extract.pytypes.names import ENGINES
from costguard.extract.pytypes.positions import Offsets, Place, place, shortened, written
from costguard.extract.pytypes.state import TRACKED
from costguard.extract.pytypes.values import Maker
from costguard.model import Frame

_SUFFIXES = ("_x", "_y", "_left", "_right")


def build_frames(types: ModuleTypes, offsets: Offsets) -> tuple[tuple[Frame, ...], dict[Maker, int]]:
    """The frames of a module in the order of their text (those of notebook magics first)."""
    placed: list[tuple[int, int, int, int, Maker, Place]] = []
    for maker in types.evaluation.makers.values():
        where = place(maker.node, offsets) if maker.node is not None else Place(0, 0, None)
        # In `a.b().c()` the calls start together: the inner one comes first.
        placed.append((where.cell or 0, where.start, where.end, len(placed), maker, where))
    placed.sort(key=lambda entry: entry[:4])
    numbers = {entry[4]: number for number, entry in enumerate(placed)}
    used = _columns_used(list(numbers))
    joined = _joined(list(numbers))
    frames = []
    for *_, maker, where in placed:
        parent = next((numbers[found] for found in maker.parents if found in numbers), None)
        # Code that was not evaluated may use any column.
        columns = used[maker] if types.complete else None
        frames.append(
            Frame(
                start=where.start,
                end=where.end,
                name=maker.name,
                engine=ENGINES[maker.type],
                origin=maker.origin,
                root_origin=_root(maker).origin,
                origin_text=_origin_text(maker.source),
                reader=maker.reader,
                parent=parent,
                columns_used=tuple(sorted(columns)) if columns else None,
                columns_requested=maker.requested,
                bounded=maker.small,
                aggregated=maker.aggregated,
                joined=maker in joined,
                cell=where.cell,
            )
        )
    return tuple(frames), numbers


def _root(maker: Maker) -> Maker:
    """The frame that one was derived from in the end, by its first parents."""
    seen = {maker}
    while maker.parents:
        parent = next(iter(maker.parents))
        if parent in seen:
            break
        seen.add(parent)
        maker = parent
    return maker


def _origin_text(source: ast.expr | None) -> str:
    if isinstance(source, ast.Constant) and isinstance(source.value, str):
        return shortened(source.value, 80)
    return written(source, 80)


def _columns_used(makers: list[Maker]) -> dict[Maker, set[str] | None]:
    """For each frame the columns read of it or of what keeps its columns; None when these are unknown.

    A fixed point: frames can be derived from each other in loops. Sets only grow, towards None.
    """
    used: dict[Maker, set[str] | None] = {
        maker: None if maker.escaped or maker.type not in TRACKED else set(maker.columns) for maker in makers
    }
    pending = [maker for maker in makers if maker.parents]
    while pending:
        child = pending.pop()
        columns = used[child]
        for parent, relation in child.parents.items():
            known = used.get(parent)
            if relation != "same" or known is None:
                continue
            if columns is None:
                used[parent] = None
            else:
                passed = _names_in_parent(child, columns) - parent.assigned
                if passed <= known:
                    continue
                known |= passed
            if parent.parents:
                pending.append(parent)
    return used


def _joined(makers: list[Maker]) -> set[Maker]:
    """The frames that a merge was made of, directly or not."""
    found: set[Maker] = set()
    pending = [parent for maker in makers if maker.reader.endswith(".merge") for parent in maker.parents]
    while pending:
        maker = pending.pop()
        if maker not in found:
            found.add(maker)
            pending.extend(maker.parents)
    return found


def _names_in_parent(child: Maker, columns: set[str]) -> set[str]:
    names = {column for column in columns if column not in child.assigned}
    if child.reader.endswith(".merge"):
        for column in columns:
            for suffix in _SUFFIXES:
                if column.endswith(suffix):
                    names.add(column[: -len(suffix)])
    return names
