"""Loop facts: what a loop runs over, how often, and whether its turns depend on each other."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Final

from costguard.extract.pytypes.constants import constant_number, keyword
from costguard.extract.pytypes.definitions import target_names
from costguard.extract.pytypes.dependence import carries_state
from costguard.extract.pytypes.module import ModuleTypes
from costguard.extract.pytypes.names import FRAME_GROUPS, QUERY_JOB, ROWS, SERIES_GROUPS
from costguard.extract.pytypes.positions import Offsets, Place, between, place, written
from costguard.extract.pytypes.retries import has_one_turn
from costguard.extract.pytypes.state import LoopSite
from costguard.model import Loop

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)
_WRAPPERS: Final = frozenset(
    {"enumerate", "list", "tuple", "sorted", "reversed", "iter", "tqdm", "trange", "track"}
)
_FOLDS: Final = (
    "KFold",
    "ShuffleSplit",
    "TimeSeriesSplit",
    "GroupKFold",
    "LeaveOneOut",
    "LeavePOut",
    "PredefinedSplit",
)
_FOLDS_UNLESS_TOLD: Final = 5
"""Default of `n_splits` in scikit-learn since version 0.22."""
_POOLS: Final = frozenset({"concurrent", "multiprocessing", "ray"})
_SUBMITTERS: Final = frozenset({"submit", "apply_async", "remote", "delay"})


def build_loops(types: ModuleTypes, offsets: Offsets) -> tuple[tuple[Loop, ...], dict[ast.AST, int]]:
    """The loops of a module in the order of their text, and the index of each by its node."""
    found: list[tuple[int, int, int, int, LoopSite, Place, Place]] = []
    for site in types.evaluation.loops.values():
        whole, once = _places(site, offsets)
        found.append((whole.cell or 0, whole.start, -whole.end, len(found), site, whole, once))
    found.sort(key=lambda entry: entry[:4])
    loops: list[Loop] = []
    numbers: dict[ast.AST, int] = {}
    for *_, site, whole, once in found:
        parent = innermost(loops, whole.start, whole.cell)
        if isinstance(site.owner, _COMPREHENSIONS) and isinstance(site.node, ast.comprehension):
            position = site.owner.generators.index(site.node)
            if position > 0:
                parent = numbers.get(site.owner.generators[position - 1], parent)
        depth = 1 if parent is None else loops[parent].depth + 1
        numbers[site.node] = len(loops)
        loops.append(_loop(types, site, whole, once, parent, depth))
    return tuple(loops), numbers


def innermost(loops: list[Loop] | tuple[Loop, ...], start: int, cell: int | None) -> int | None:
    """Index of the innermost loop whose turns run the code at an offset; an iterable is outside its loop."""
    best: int | None = None
    for number, loop in enumerate(loops):
        if loop.cell != cell or not loop.start <= start < loop.end:
            continue
        if loop.once_start <= start < loop.once_end:
            continue
        if best is None or loop.depth >= loops[best].depth:
            best = number
    return best


def _places(site: LoopSite, offsets: Offsets) -> tuple[Place, Place]:
    nothing = Place(0, 0, None)
    owner = site.owner
    if isinstance(owner, ast.For | ast.AsyncFor):
        return between(owner, owner.body[-1], offsets), place(owner.iter, offsets)
    if isinstance(owner, ast.While):
        return between(owner, owner.body[-1], offsets), nothing
    if isinstance(owner, _COMPREHENSIONS) and isinstance(site.node, ast.comprehension):
        return place(owner, offsets), between(owner.generators[0].iter, site.node.iter, offsets)
    return place(owner, offsets), nothing


def _loop(
    types: ModuleTypes, site: LoopSite, whole: Place, once: Place, parent: int | None, depth: int
) -> Loop:
    owner = site.owner
    if isinstance(owner, ast.For | ast.AsyncFor):
        kind = "for"
    elif isinstance(owner, ast.While):
        kind = "while"
    else:
        kind = "comprehension" if isinstance(owner, _COMPREHENSIONS) else "callback"
    target = written(site.target, 80)
    if kind == "callback":
        assert isinstance(owner, ast.Lambda | ast.FunctionDef | ast.AsyncFunctionDef)
        target = ", ".join(argument.arg for argument in owner.args.args)
    return Loop(
        start=whole.start,
        end=whole.end,
        kind=kind,
        iterates="rows" if kind == "callback" else _iterates(types, site),
        turns=None if kind == "callback" else _turns(types, site),
        parent=parent,
        depth=depth,
        carries_state=carries_state(
            owner, types.evaluation.flow(owner) if isinstance(owner, ast.For | ast.AsyncFor) else None
        ),
        parallel=site.parallel or _submits(types, owner),
        target=target,
        iterable=written(site.iterable, 80),
        cell=whole.cell,
        once_start=once.start,
        once_end=once.end,
    )


def unwrapped(node: ast.expr | None) -> ast.expr | None:
    """An iterable without `enumerate`, `tqdm`, `list` and the like around it."""
    while isinstance(node, ast.Call) and node.args:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name not in _WRAPPERS:
            break
        node = node.args[0]
    return node


def _iterates(types: ModuleTypes, site: LoopSite) -> str:
    node = unwrapped(site.iterable)
    if node is None:
        return "other"
    type_name = types.type_of(node)
    if type_name in {FRAME_GROUPS, SERIES_GROUPS}:
        return "groupby"
    if type_name in {QUERY_JOB, ROWS}:
        return "query"
    if isinstance(node, ast.Call):
        function = types.resolve(node.func) or ""
        name = function.rpartition(".")[2]
        if function == "pandas.DataFrame.iterrows":
            return "iterrows"
        if function == "pandas.DataFrame.itertuples":
            return "rows"
        if function.startswith(("polars.DataFrame.", "pyspark.")) and name in {
            "iter_rows",
            "rows",
            "collect",
            "toLocalIterator",
        }:
            return "rows"
        if function.startswith(("pandas.Series.", "pandas.DataFrame.")) and name in {
            "unique",
            "drop_duplicates",
        }:
            return "unique"
        if name == "split" and any(part in function for part in _FOLDS):
            return "folds"
        if not function and isinstance(node.func, ast.Attribute):
            # Of an object from elsewhere: said by the shape of the loop alone, and no rule hangs on it alone.
            if node.func.attr == "unique" and not node.args:
                return "unique"
            if node.func.attr == "split" and _is_pair_of_indexes(node, site.target):
                return "folds"
        if name == "tolist" and isinstance(node.func, ast.Attribute) and _is_unique(types, node.func.value):
            return "unique"
        if _is_epochs(node, site.target):
            return "epochs"
        if function == "builtins.range":
            return "range"
        return "other"
    if _is_epochs(node, site.target):
        return "epochs"
    constant = types.evaluation.definitions.constants.get(node.id) if isinstance(node, ast.Name) else node
    if isinstance(constant, ast.List | ast.Tuple | ast.Set | ast.Dict):
        return "literal"
    return "other"


def _is_unique(types: ModuleTypes, node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and (types.resolve(node.func) or "").endswith("Series.unique")


def _is_pair_of_indexes(call: ast.Call, target: ast.expr | None) -> bool:
    """`for train, test in x.split(data)`: text is split at a constant, if at anything."""
    pair = (
        target.elts[-1]
        if isinstance(target, ast.Tuple) and isinstance(target.elts[-1], ast.Tuple)
        else target
    )
    is_pair = isinstance(pair, ast.Tuple) and len(pair.elts) == 2
    return (
        is_pair and bool(call.args) and not any(isinstance(argument, ast.Constant) for argument in call.args)
    )


def _is_epochs(iterable: ast.expr, target: ast.expr | None) -> bool:
    names = list(target_names(target)) if target is not None else []
    if any(name in {"epoch", "epochs", "ep", "epoch_idx"} for name in names):
        return True
    return isinstance(iterable, ast.Call) and any(
        "epochs" in written(argument, 60).lower() for argument in iterable.args
    )


def _turns(types: ModuleTypes, site: LoopSite) -> int | None:
    if isinstance(site.owner, ast.For | ast.AsyncFor) and has_one_turn(site.owner):
        return 1
    constants = types.evaluation.definitions.constants
    turns = turns_of(site.iterable, constants)
    node = unwrapped(site.iterable)
    if turns is not None or not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return turns
    splitter = types.type_of(node.func.value)
    if splitter is None or node.func.attr != "split" or not splitter.endswith("Fold"):
        return None
    made = {
        _FOLDS_UNLESS_TOLD if folds is None else constant_number(folds, constants)
        for folds in (
            keyword(other.node, "n_splits", 0)
            for other in types.evaluation.sites.values()
            if other.function == splitter
        )
    }
    return made.pop() if len(made) == 1 else None


def turns_of(node: ast.expr | None, constants: Mapping[str, ast.expr], depth: int = 0) -> int | None:
    """How many items an iterable has, when that is written in the code."""
    if node is None or depth > 4:
        return None
    if isinstance(node, ast.Name):
        constant = constants.get(node.id)
        return turns_of(constant, constants, depth + 1) if constant is not None else None
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return None if any(isinstance(element, ast.Starred) for element in node.elts) else len(node.elts)
    if isinstance(node, ast.Dict):
        return len(node.keys) if all(key is not None for key in node.keys) else None
    if not isinstance(node, ast.Call):
        return None
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name == "range" and isinstance(node.func, ast.Name):
        return _range_length([constant_number(argument, constants) for argument in node.args])
    if name in _WRAPPERS and node.args:
        return turns_of(node.args[0], constants, depth + 1)
    if name == "zip" and node.args:
        lengths = [turns_of(argument, constants, depth + 1) for argument in node.args]
        known = [length for length in lengths if length is not None]
        return min(known) if len(known) == len(lengths) else None
    if name in {"items", "keys", "values"} and isinstance(node.func, ast.Attribute) and not node.args:
        return turns_of(node.func.value, constants, depth + 1)
    if name == "split" and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Call):
        folds = node.func.value
        if "Fold" in written(folds.func, 60):
            return constant_number(keyword(folds, "n_splits", 0), constants)
    return None


def _range_length(bounds: list[int | None]) -> int | None:
    numbers = [bound for bound in bounds if bound is not None]
    if (
        not numbers
        or len(numbers) != len(bounds)
        or len(numbers) > 3
        or (len(numbers) == 3 and numbers[2] == 0)
    ):
        return None
    return len(range(*numbers))


def _submits(types: ModuleTypes, owner: ast.stmt | ast.expr) -> bool:
    """Whether the body hands its work to a pool, to ray or to dask."""
    imported = types.evaluation.definitions.imported
    if isinstance(owner, ast.While) or imported.isdisjoint(_POOLS):
        return False
    for node in ast.walk(owner):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in _SUBMITTERS
        ):
            function = types.resolve(node.func) or ""
            if function.startswith(("concurrent.futures.Executor.", "multiprocessing.Pool.")):
                return True
            if node.func.attr == "remote" and "ray" in imported:
                return True
    return False
