"""What a Python module does to data: its loops, frames and calls, with their places in the source."""

from __future__ import annotations

import ast

from costguard.extract.pytypes.calls import build_calls
from costguard.extract.pytypes.frames import build_frames
from costguard.extract.pytypes.growth import growing_calls
from costguard.extract.pytypes.loops import build_loops, innermost
from costguard.extract.pytypes.module import ModuleTypes
from costguard.extract.pytypes.positions import Offsets
from costguard.model import PythonFacts


def python_facts(tree: ast.Module, types: ModuleTypes, offsets: Offsets) -> PythonFacts:
    """The loops, calls and frames of a module.

    `offsets(line, utf8_column)` gives the character offset of a position and its notebook cell (None in a
    script). Nothing is raised for odd code: what is not understood is left out.
    """
    try:
        loops, numbers = build_loops(types, offsets)
        frames, frame_numbers = build_frames(types, offsets)
        calls = build_calls(types, offsets, loops, numbers, frame_numbers)
        calls = growing_calls(types, offsets, loops, numbers, frame_numbers, calls)
    except RecursionError:
        # Expressions nested thousands deep: the text is generated, and no rule is about it.
        return PythonFacts()
    calls.sort(key=lambda call: (call.cell or 0, call.start, call.end))
    return PythonFacts(loops, tuple(calls), frames)


def enclosing_loop(facts: PythonFacts, start: int, cell: int | None) -> int | None:
    """Index of the innermost loop whose turns run the code at an offset; None outside of all loops.

    The iterable of a `for` or of a comprehension runs once and is not inside its loop.
    """
    return innermost(facts.loops, start, cell)
