"""Prints costguard's times as ratios to floors that were taken in the same run, beside the targets.

    python -m bench [--processes N] [--rounds N] [--history-rows N] DIRECTORY...

The .sql files of a directory are copied to a place of their own, likewise the .py files, so that a scan and
its floor read exactly the same. Each round runs both, one right after the other, and the median of the rounds' ratios
counts: a machine that is slower for a while slows both, though not always alike, so the least and the largest are shown
with it. Last comes the roll-up of an invented bill (`bench.history`).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from bench.history import history_rows
from bench.process import FailedRunError, costguard, imported_packages, peak_memory, timed
from bench.table import Row, print_row

HEAVY = {"polars", "sqlglot", "google", "jinja2", "pyarrow"}
SMALL_QUERY = (
    "SELECT event_name, COUNT(*) AS events FROM `p.d.events` WHERE event_date = '2026-01-01' GROUP BY 1\n"
)
COLD_RATIO = 2.0
MAXIMUM_HISTORY_ROUNDS = 5
"""Each takes half a minute."""
WARM_SHARE = 0.15
SMALL_SECONDS = 1.0
HELP_SECONDS = 0.25
MEMORY_BYTES = 1 << 30


def copy_files(directory: Path, suffix: str, target: Path) -> int:
    """Copies the files with a suffix, keeping their places, without hidden folders. Returns how many."""
    count = 0
    for folder, folders, names in os.walk(directory):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.endswith(suffix):
                place = target / Path(folder).relative_to(directory)
                place.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(Path(folder) / name, place / name)
                count += 1
    return count


def scan(*arguments: str) -> list[str]:
    """A scan whose exit code is 0 unless it could not check."""
    return ["scan", *arguments, "--fail-on", "never", "--format", "json"]


def tree_rows(name: str, kind: str, tree: Path, cache: Path, processes: int, rounds: int) -> Iterable[Row]:
    """Floor, cold and warm scan of a tree that holds files of one kind only."""
    arguments = scan(".", "--jobs-parallel", str(processes))
    timed(costguard(*arguments, "--no-cache"), tree)
    floors, inside, colds, warms = [], [], [], []
    facts: dict[str, float] = {}
    for _ in range(rounds):
        floor = timed([sys.executable, "-m", "bench.floors", kind, str(processes), str(tree)], Path.cwd())
        facts = json.loads(floor.output)
        floors.append(floor.seconds)
        inside.append(facts["seconds"])
        shutil.rmtree(cache, ignore_errors=True)
        colds.append(timed(costguard(*arguments), tree).seconds)
        if not cache.is_dir():
            raise FailedRunError(f"a scan left no cache in {cache}: neither cold nor warm can be measured")
        warms.append(timed(costguard(*arguments), tree).seconds)
    floor_seconds, cold, warm = median(floors), median(colds), median(warms)
    library = "sqlglot parse + traverse_scope" if kind == "sql" else "ast.parse"
    size = facts["bytes"] / 1e6
    yield Row(
        f"{name}: {facts['files']:,.0f} .{'sql' if kind == 'sql' else 'py'} files, {size:.1f} MB",
        "",
        "",
        None,
    )
    yield Row(
        f"  floor: {library}, {processes} processes",
        f"{floor_seconds:.2f} s ({median(inside):.2f} s after imports; {facts['failures']:,.0f} files fail)",
        "",
        None,
    )
    target = COLD_RATIO if kind == "sql" else None
    ratios = [one / other for one, other in zip(colds, floors, strict=True)]
    ratio = median(ratios)
    yield Row(
        "  cold scan",
        f"{cold:.2f} s = {ratio:.2f} x floor ({min(ratios):.2f} to {max(ratios):.2f})",
        f"<= {target} x floor" if target else "",
        ratio <= target if target else None,
    )
    share = median(one / other for one, other in zip(warms, colds, strict=True))
    yield Row(
        "  warm rescan",
        f"{warm:.2f} s = {share:.1%} of cold",
        f"<= {WARM_SHARE:.0%} of cold",
        share <= WARM_SHARE,
    )
    heavy = sorted(imported_packages(arguments, tree) & HEAVY)
    yield Row(
        "  warm rescan imports", ", ".join(heavy) or "nothing heavy", "not sqlglot", "sqlglot" not in heavy
    )
    shutil.rmtree(cache, ignore_errors=True)
    memory = peak_memory(costguard(*arguments), tree)
    if memory is not None:
        yield Row(
            "  peak memory, cold, all processes",
            f"{memory / 2**20:,.0f} MiB",
            "< 1,024 MiB",
            memory < MEMORY_BYTES,
        )


def start_rows(directory: Path, rounds: int) -> Iterable[Row]:
    """What one small file and the help cost."""
    (directory / "small.sql").write_text(SMALL_QUERY)
    timed(costguard(*scan("small.sql", "--no-cache")), directory)
    timed(costguard("--help"), directory)
    small = median(
        timed(costguard(*scan("small.sql", "--no-cache")), directory).seconds for _ in range(rounds)
    )
    yield Row("one small file, no cache", f"{small:.2f} s", f"<= {SMALL_SECONDS} s", small <= SMALL_SECONDS)
    python = median(timed([sys.executable, "-c", "pass"], directory).seconds for _ in range(rounds))
    shown = median(timed(costguard("--help"), directory).seconds for _ in range(rounds))
    yield Row(
        "costguard --help",
        f"{shown:.2f} s (python alone {python:.2f} s)",
        f"<= {HELP_SECONDS} s",
        shown <= HELP_SECONDS,
    )
    heavy = sorted(imported_packages(["--help"], directory) & HEAVY)
    yield Row("costguard --help imports", ", ".join(heavy) or "nothing heavy", "nothing heavy", not heavy)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0])
    parser.add_argument("directories", nargs="+", type=Path, metavar="DIRECTORY")
    parser.add_argument("--processes", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--history-rows", type=int, default=1_000_000, help="of an invented bill; 0: none")
    options = parser.parse_args()
    missing = [str(path) for path in options.directories if not path.is_dir()]
    if missing:
        parser.error(f"not a directory: {', '.join(missing)}")
    with tempfile.TemporaryDirectory(prefix="costguard-bench-") as name:
        scratch = Path(name)
        # A cache of the measurement's own: the user's is neither used nor emptied.
        os.environ["XDG_CACHE_HOME"] = str(scratch / "cache")
        # An installed program has its bytecode; the first runs below write it, whatever this shell says about that.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(scratch / "bytecode")
        try:
            for row in start_rows(scratch, options.rounds):
                print_row(row)
            for index, directory in enumerate(options.directories):
                for kind, suffix in (("sql", ".sql"), ("python", ".py")):
                    tree = scratch / f"{index}-{kind}"
                    if copy_files(directory, suffix, tree):
                        for row in tree_rows(
                            directory.name,
                            kind,
                            tree,
                            scratch / "cache" / "costguard",
                            options.processes,
                            options.rounds,
                        ):
                            print_row(row)
                    shutil.rmtree(tree, ignore_errors=True)
            if options.history_rows:
                for row in history_rows(
                    scratch, options.history_rows, min(options.rounds, MAXIMUM_HISTORY_ROUNDS)
                ):
                    print_row(row)
        except FailedRunError as problem:
            print(problem, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
