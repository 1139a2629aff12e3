"""Writes history/: eight weeks of jobs, and the bill for them (invented, like everything here).

Everything comes from seeded generators, so running the script again gives the same rows:

    python make_history.py            write the files
    python make_history.py --check    change nothing; exit 1 when a file is not what would be written
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import polars as pl
from synthetic.bill import make_charges
from synthetic.charges import charge_row
from synthetic.jobs import make_jobs
from synthetic.run import DEV, PROD, job_row
from synthetic.schemas import CHARGES, JOBS

HISTORY = Path(__file__).with_name("history")


def make_history() -> dict[str, pl.DataFrame]:
    """Each file's rows, by its path in history/: the bill by the month of its export, jobs by their project."""
    jobs = make_jobs()
    bill = pl.DataFrame([charge_row(charge) for charge in make_charges(jobs)], schema=CHARGES, orient="row")
    run = pl.DataFrame([job_row(job) for job in jobs], schema=JOBS, orient="row")
    month = pl.col("export_time").dt.strftime("%Y%m")
    files = {f"billing/{name}.parquet": bill.filter(month == name) for name in ("202609", "202610", "202611")}
    files |= {f"jobs/{name}.parquet": run.filter(pl.col("project_id") == name) for name in (PROD, DEV)}
    return files


def stale(files: Mapping[str, pl.DataFrame]) -> list[str]:
    """Paths of files that hold other rows. Rows are compared, not bytes: another version of polars may pack them
    otherwise."""
    found = []
    for name, frame in files.items():
        path = HISTORY / name
        if not path.exists():
            found.append(name)
            continue
        there = pl.read_parquet(path)
        if there.schema != frame.schema or not there.equals(frame):
            found.append(name)
    known = {HISTORY / name for name in files}
    others = (path for path in HISTORY.rglob("*.parquet") if path not in known)
    return sorted([*found, *(path.relative_to(HISTORY).as_posix() for path in others)])


def main(arguments: list[str]) -> int:
    """The command."""
    files = make_history()
    if arguments == ["--check"]:
        old = stale(files)
        for name in old:
            print(f"history/{name} is not what make_history.py writes", file=sys.stderr)
        return int(bool(old))
    if arguments:
        print(f"unknown arguments: {' '.join(arguments)}; there is only --check", file=sys.stderr)
        return 2
    for name, frame in files.items():
        path = HISTORY / name
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.write_parquet(path, compression="zstd", compression_level=19)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
