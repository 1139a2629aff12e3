"""A bill of millions of rows: costguard's roll-up against the floor of reading the columns that it needs.

    python -m bench.history floor DIRECTORY      polars reads the columns, and counts what is null
    python -m bench.history roll-up DIRECTORY    costguard, by week, service, SKU and a label
    python -m bench.history duckdb DIRECTORY     the same sums by duckdb
    python -m bench.history lines FILE           costguard reads NDJSON and adds up as above
    python -m bench.history json FILE            pyarrow alone reads the NDJSON

Each prints one line of JSON: rows, the net of all in billionths, and the seconds after its imports.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

from bench.billing import write_ndjson, write_parquet
from bench.process import FailedRunError, peak_memory, timed
from bench.table import Row

SEED = 20261126
LABEL = "team"
DIMENSIONS = ("week", "service", "sku", f"label:{LABEL}")
ROLL_UP_RATIO = 2.0
ROLL_UP_MEMORY_BYTES = 3 * 2**29
MAXIMUM_LINES = 1_000_000
DUCKDB = f"""
SELECT SUM("rows"), SUM(net) FROM (
  SELECT
    DATE_TRUNC('week', MAKE_TIMESTAMP(EPOCH_US(usage_start_time))), service.id, sku.id,
    LIST_FILTER(labels, LAMBDA pair: pair.key = '{LABEL}')[1].value,
    COUNT(*) AS "rows",
    SUM(CAST(cost AS DECIMAL(38, 9))) AS gross,
    SUM(LIST_SUM(LIST_TRANSFORM(credits, LAMBDA credit: CAST(credit.amount AS DECIMAL(38, 9))))) AS credit,
    gross + COALESCE(credit, 0) AS net
  FROM READ_PARQUET(?)
  GROUP BY ALL
)
"""


# -- what is measured, each in a process of its own ----------------------------------------------------


def floor(place: str) -> dict[str, Any]:
    import polars as pl

    columns = ("usage_start_time", "service", "sku", "labels", "cost", "credits")
    started = time.perf_counter()
    frame = pl.scan_parquet(f"{place}/*.parquet")
    values = [
        pl.col(name).struct.field("id").alias(name) if name in ("service", "sku") else pl.col(name)
        for name in columns
    ]
    counted = frame.select(pl.len(), pl.struct(values).null_count().alias("nulls")).collect(
        engine="streaming"
    )
    return {"rows": counted["len"].item(), "net": 0, "seconds": time.perf_counter() - started}


def roll_up(place: str) -> dict[str, Any]:
    from costguard.history.charges import load_charges
    from costguard.history.rollup import roll_up_together

    started = time.perf_counter()
    found = roll_up_together(load_charges([place]).frame, DIMENSIONS)
    seconds = time.perf_counter() - started
    return {"rows": found["rows"].sum(), "net": int(found["net"].sum() * 10**9), "seconds": seconds}


def by_duckdb(place: str) -> dict[str, Any]:
    import duckdb

    started = time.perf_counter()
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as connection:
        rows, net = connection.execute(DUCKDB, [f"{place}/*.parquet"]).fetchone()
    seconds = time.perf_counter() - started
    return {"rows": int(rows), "net": int(net * 10**9), "seconds": seconds}


def read_json(place: str) -> dict[str, Any]:
    import pyarrow.json

    started = time.perf_counter()
    table = pyarrow.json.read_json(place)
    return {"rows": table.num_rows, "net": 0, "seconds": time.perf_counter() - started}


MEASURED: dict[str, Callable[[str], dict[str, Any]]] = {
    "floor": floor,
    "roll-up": roll_up,
    "duckdb": by_duckdb,
    "lines": roll_up,
    "json": read_json,
}


# -- the table -----------------------------------------------------------------------------------------


def command(what: str, place: Path) -> list[str]:
    return [sys.executable, "-m", "bench.history", what, str(place)]


def measured(what: str, place: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(timed(command(what, place), Path.cwd()).output)
    return found


def history_rows(scratch: Path, rows: int, rounds: int) -> Iterator[Row]:
    """The roll-up of an invented export of so many rows, in Parquet and (up to MAXIMUM_LINES) in NDJSON.

    Raises:
        FailedRunError: a run failed, or two ways to add up do not agree.
    """
    folder = scratch / "bill"
    folder.mkdir()
    write_parquet(folder, rows, SEED)
    size = sum(path.stat().st_size for path in folder.iterdir())
    yield Row(f"bill: {rows:,} rows, {size / 1e6:,.0f} MB of Parquet", "", "", None)
    yield from _parquet_rows(folder, rows, rounds)
    for path in folder.iterdir():
        path.unlink()
    lines = min(rows, MAXIMUM_LINES)
    path = folder / "bill.ndjson"
    write_ndjson(path, lines, SEED)
    yield Row(f"bill: {lines:,} rows, {path.stat().st_size / 1e6:,.0f} MB of NDJSON", "", "", None)
    yield from _line_rows(path, lines, rounds)


def _parquet_rows(folder: Path, rows: int, rounds: int) -> Iterator[Row]:
    has_duckdb = importlib.util.find_spec("duckdb") is not None
    floors, ours, others = [], [], []
    for _ in range(rounds):
        floors.append(measured("floor", folder)["seconds"])
        found = measured("roll-up", folder)
        ours.append(found["seconds"])
        _check("costguard", found["rows"], rows)
        if has_duckdb:
            other = measured("duckdb", folder)
            others.append(other["seconds"])
            _check("duckdb", (other["rows"], other["net"]), (rows, found["net"]))
    yield Row("  floor: polars reads the columns", f"{median(floors):.2f} s", "", None)
    ratio = median(one / other for one, other in zip(ours, floors, strict=True))
    yield Row(
        "  roll-up by week, service, SKU and a label",
        f"{median(ours):.2f} s = {ratio:.2f} x floor",
        f"<= {ROLL_UP_RATIO} x floor",
        ratio <= ROLL_UP_RATIO,
    )
    if others:
        yield Row("  the same by duckdb, to the same sum", f"{median(others):.2f} s", "", None)
    else:
        yield Row("  the same by duckdb", "not measured: duckdb is not installed", "", None)
    memory = peak_memory(command("roll-up", folder), Path.cwd())
    if memory is not None:
        yield Row(
            "  peak memory of the roll-up",
            f"{memory / 2**20:,.0f} MiB",
            f"< {ROLL_UP_MEMORY_BYTES / 2**20:,.0f} MiB",
            memory < ROLL_UP_MEMORY_BYTES,
        )


def _line_rows(path: Path, rows: int, rounds: int) -> Iterator[Row]:
    if importlib.util.find_spec("pyarrow") is None:
        yield Row("  roll-up of NDJSON", "not measured: pyarrow is not installed", "", None)
        return
    floors, ours = [], []
    for _ in range(rounds):
        floors.append(measured("json", path)["seconds"])
        found = measured("lines", path)
        ours.append(found["seconds"])
        _check("costguard", found["rows"], rows)
    size = path.stat().st_size / 2**20
    yield Row("  floor: pyarrow alone reads it", f"{median(floors):.2f} s", "", None)
    ratio = median(one / other for one, other in zip(ours, floors, strict=True))
    yield Row(
        "  read, and rolled up as above",
        f"{median(ours):.2f} s = {size / median(ours):,.0f} MiB/s = {ratio:.2f} x floor",
        "",
        None,
    )
    memory = peak_memory(command("lines", path), Path.cwd())
    if memory is not None:
        yield Row("  peak memory", f"{memory / 2**20:,.0f} MiB", "", None)


def _check(who: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise FailedRunError(f"{who} found {found}, and not {wanted}: a wrong sum is not worth measuring")


if __name__ == "__main__":
    print(json.dumps(MEASURED[sys.argv[1]](sys.argv[2])))
