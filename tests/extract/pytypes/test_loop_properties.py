"""The loop around every call, against programs that are built with the answer."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from costguard.extract.pytypes.facts import enclosing_loop

from .analysis import analyse


@dataclass
class Program:
    """Python text in the making, and the depth at which each numbered call runs."""

    lines: list[str] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)

    def call(self, depth: int) -> str:
        self.depths.append(depth)
        return f"call{len(self.depths) - 1}()"


Shape = tuple[str, list["Shape"]]

SHAPES: st.SearchStrategy[Shape] = st.recursive(
    st.tuples(st.sampled_from(["call", "comprehension", "nested comprehension"]), st.just([])),
    lambda inner: st.tuples(
        st.sampled_from(["for", "while", "if", "for else", "try", "with"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=12,
)


def write(program: Program, shape: Shape, indent: int, depth: int) -> None:
    kind, inner = shape
    space = "    " * indent
    if kind == "call":
        program.lines.append(space + program.call(depth))
    elif kind == "comprehension":
        condition = program.call(depth + 1)
        program.lines.append(
            f"{space}[{program.call(depth + 1)} for x in {program.call(depth)} if {condition}]"
        )
    elif kind == "nested comprehension":
        second = program.call(depth + 1)
        program.lines.append(
            f"{space}[{program.call(depth + 2)} for x in {program.call(depth)} for y in {second}]"
        )
    elif kind in {"for", "for else"}:
        program.lines.append(f"{space}for x in {program.call(depth)}:")
    elif kind == "while":
        program.lines.append(f"{space}while {program.call(depth + 1)}:")
    elif kind == "try":
        program.lines.append(f"{space}try:")
    else:
        head = "if" if kind == "if" else "with"
        program.lines.append(f"{space}{head} {program.call(depth)}:")
    for part in inner:
        write(program, part, indent + 1, depth + (kind in {"for", "for else", "while"}))
    if kind == "for else":
        program.lines.extend([f"{space}else:", f"{space}    {program.call(depth)}"])
    elif kind == "try":
        program.lines.extend([f"{space}except ValueError:", f"{space}    {program.call(depth)}"])


@settings(deadline=None, max_examples=100)
@given(st.lists(SHAPES, min_size=1, max_size=3))
def test_every_call_is_in_the_loops_that_run_it(shapes: list[Shape]) -> None:
    program = Program()
    for shape in shapes:
        write(program, shape, 0, 0)
    found = analyse("\n".join(program.lines) + "\n")
    assert ast.unparse(found.tree)
    for number, depth in enumerate(program.depths):
        loop = enclosing_loop(found.facts, found.text.index(f"call{number}()"), None)
        assert depth == (0 if loop is None else found.facts.loops[loop].depth), f"call{number}"
