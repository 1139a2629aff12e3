"""Loops: what they run over, how often, and whether turns depend on each other."""

from __future__ import annotations

import pytest

from costguard.extract.pytypes.facts import enclosing_loop

from .analysis import analyse


@pytest.mark.parametrize(
    ("iterable", "turns"),
    [
        ("[1, 2, 3]", 3),
        ("('a', 'b')", 2),
        ("range(10)", 10),
        ("range(2, 10, 3)", 3),
        ("range(COUNT)", 7),
        ("enumerate(NAMES)", 2),
        ("zip(NAMES, range(9))", 2),
        ("{'a': 1, 'b': 2}.items()", 2),
        ("NAMES", 2),
        ("KFold(n_splits=5).split(x)", 5),
        ("folds.split(x)", 4),
        ("usual.split(x, y)", 5),
        ("FILLED", None),
        ("zip(NAMES, others)", None),
        ("range(len(rows))", None),
        ("[*NAMES, 'c']", None),
        ("load()", None),
    ],
)
def test_turns(iterable: str, turns: int | None) -> None:
    found = analyse(f"""
        from sklearn.model_selection import KFold, StratifiedKFold
        folds = StratifiedKFold(n_splits=4, shuffle=True)
        usual = KFold(shuffle=True) if "{iterable}".startswith("usual") else None
        COUNT = 7
        NAMES = ["a", "b"]
        FILLED = ["a"]
        FILLED.append("b")
        for x in {iterable}:
            pass
    """)
    assert found.loop("x").turns == turns


@pytest.mark.parametrize(
    ("body", "turns"),
    [
        ("return run()", 1),
        ("try:\n    return run()\nexcept OSError:\n    continue", 1),
        ("try:\n    r = run()\n    break\nexcept OSError:\n    time.sleep(1)", 1),
        ("try:\n    r = run()\nexcept OSError:\n    time.sleep(1)\nelse:\n    break", 1),
        ("with lock:\n    r = run()\n    break", 1),
        ("r = run()\nif r:\n    break\nelse:\n    return None", 1),
        ("r = run()\nif r:\n    break", 3),
        ("if skip():\n    continue\nreturn run()", 3),
        ("for y in run():\n    break", 3),
        ("def f():\n    return 1", 3),
        ("run()", 3),
    ],
)
def test_a_loop_that_ends_in_its_first_turn(body: str, turns: int) -> None:
    indented = body.replace("\n", "\n            ")
    found = analyse(f"""
        import time
        for x in range(3):
            {indented}
    """)
    assert found.loop("x").turns == turns


@pytest.mark.parametrize(
    ("target", "turns"), [("attempt", 1), ("_", 1), ("retry_count", 1), ("max_retries", 1), ("day", 3)]
)
def test_a_loop_that_counts_attempts(target: str, turns: int) -> None:
    found = analyse(f"""
        for {target} in range(3):
            rows = run()
            if rows:
                break
            wait()
    """)
    assert found.loop(target).turns == turns


@pytest.mark.parametrize(
    ("iterable", "iterates"),
    [
        ("range(3)", "range"),
        ("['a']", "literal"),
        ("NAMES", "literal"),
        ("df.iterrows()", "iterrows"),
        ("enumerate(df.iterrows())", "iterrows"),
        ("df.itertuples(index=False)", "rows"),
        ("df['k'].unique()", "unique"),
        ("df['k'].unique().tolist()", "unique"),
        ("df.groupby('k')", "groupby"),
        ("client.query('SELECT 1')", "query"),
        ("client.query('SELECT 1').result()", "query"),
        ("folds.split(df)", "folds"),
        ("range(args.epochs)", "epochs"),
        ("unknown['k'].unique()", "unique"),
        ("text.split(separator)", "other"),
        ("paths", "other"),
    ],
)
def test_iterates(iterable: str, iterates: str) -> None:
    found = analyse(f"""
        import pandas as pd
        from google.cloud import bigquery
        from sklearn.model_selection import StratifiedKFold
        NAMES = ["a", "b"]
        folds = StratifiedKFold(5)
        client = bigquery.Client()
        df = pd.read_csv("x")
        for x in {iterable}:
            pass
    """)
    assert found.loop("x").iterates == iterates


@pytest.mark.parametrize(
    ("body", "carries"),
    [
        ("models[k] = fit(k)", False),
        ("results.append(fit(k))", False),
        ("x = fit(k); results.append(x)", False),
        ("total += fit(k)", False),
        ("oof[k] = fit(k); score = f(oof)", True),
        ("total += fit(k); print(total)", True),
        ("x = fit(x)", True),
        ("frame = pd.concat([frame, fit(k)])", True),
        ("x = fit(k)\n    if x: break", True),
        ("for j in k:\n        if j: break", False),
        ("if k: previous = k\n    fit(previous)", True),
        ("models[k] = fit(models.get(k - 1))", True),
        ("self.best = max(self.best, fit(k))", True),
        ("parameters['seed'] = k\n    fit(parameters)", False),
        ("fit(parameters)\n    parameters['seed'] = k", True),
        ("return fit(k)", True),
        ("if out is None: out = new(k)\n    out[k] = fit(k)", False),
        ("if out is None: out = new(k)\n    out[k] = fit(out)", True),
        ("if out is None: out = fit(k)\n    else: out = join(out, fit(k))", True),
    ],
)
def test_what_a_turn_needs_of_the_turn_before(body: str, carries: bool) -> None:
    found = analyse("def f(ks):\n  for k in ks:\n    " + body + "\n")
    assert found.loop("k").carries_state is carries


def test_folds_of_an_unknown_splitter() -> None:
    loops = analyse("""
        for number, (train, test) in enumerate(splitter.split(data)):
            pass
        for key, value in text.split(","):
            pass
    """).facts.loops
    assert [loop.iterates for loop in loops] == ["folds", "other"]


def test_while_loops_carry_state() -> None:
    loop = analyse("while not done:\n    done = step()\n").facts.loops[0]
    assert (loop.kind, loop.carries_state, loop.turns) == ("while", True, None)


def test_nesting_and_what_runs_once() -> None:
    text = "for a in first():\n    for b in second():\n        third()\nelse:\n    fourth()\n"
    found = analyse(text)
    outer, inner = found.facts.loops
    assert (outer.depth, outer.parent, inner.depth, inner.parent) == (1, None, 2, 0)
    positions = {name: text.index(name) for name in ("first", "second", "third", "fourth")}
    assert {name: enclosing_loop(found.facts, start, None) for name, start in positions.items()} == {
        "first": None,
        "second": 0,
        "third": 1,
        "fourth": None,
    }
    assert enclosing_loop(found.facts, positions["third"], 2) is None


def test_comprehensions() -> None:
    text = "[call(a, b) for a in first() if test(a) for b in second(a)]"
    found = analyse(text)
    positions = {name: text.index(name) for name in ("call", "first", "test", "second")}
    assert [loop.target for loop in found.facts.loops] == ["a", "b"]
    assert {name: enclosing_loop(found.facts, start, None) for name, start in positions.items()} == {
        "call": 1,
        "first": None,
        "test": 0,
        "second": 0,
    }


def test_cells_have_their_own_loops() -> None:
    import ast

    from costguard.extract.pytypes.facts import python_facts
    from costguard.extract.pytypes.module import ModuleTypes

    tree = ast.parse("for a in x:\n    f(a)\nfor b in y:\n    g(b)\n")
    # Two cells of two lines each; the first line has 11 characters and a line break.
    facts = python_facts(
        tree, ModuleTypes(tree), lambda line, column: (column + 12 * ((line - 1) % 2), 1 + (line - 1) // 2)
    )
    assert [(loop.cell, loop.start, loop.end) for loop in facts.loops] == [(1, 0, 20), (2, 0, 20)]
    assert [enclosing_loop(facts, 16, cell) for cell in (1, 2, 3)] == [0, 1, None]


def test_callbacks_are_loops() -> None:
    found = analyse("""
        import pandas as pd
        df = pd.read_csv("x")
        def work(value):
            return call(value)
        df["a"].apply(work)
        df.apply(lambda row: row.a + 1, axis=1)
    """)
    assert [(loop.kind, loop.target, loop.iterates) for loop in found.facts.loops] == [
        ("callback", "value", "rows"),
        ("callback", "row", "rows"),
    ]
    assert enclosing_loop(found.facts, found.text.index("call("), None) == 0


@pytest.mark.parametrize(
    "code",
    [
        "from joblib import Parallel, delayed\nParallel(n_jobs=4)(delayed(f)(x) for x in xs)",
        "from concurrent.futures import ThreadPoolExecutor\n[ThreadPoolExecutor().submit(f, x) for x in xs]",
        "import ray\nfor x in xs:\n    f.remote(x)",
    ],
)
def test_turns_side_by_side(code: str) -> None:
    assert analyse(code).loop("x").parallel


def test_plain_turns_are_not_side_by_side() -> None:
    assert not analyse("for x in xs:\n    form.submit(x)").loop("x").parallel
