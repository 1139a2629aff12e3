"""Runs a program as a person would and says how long it took and how much memory it held."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TIMEOUT_SECONDS = 900
SAMPLE_SECONDS = 0.02
IMPORT_LINE = re.compile(r"^import time:\s+\d+ \|\s+\d+ \|\s+(\S+)$", re.MULTILINE)
RUN_COSTGUARD = "from costguard.cli.main import run; run()"


class FailedRunError(Exception):
    """A measured program ended with an exit code other than 0: its time means nothing."""


@dataclass(frozen=True)
class Run:
    """One finished run."""

    seconds: float
    """Wall time from start to exit."""
    output: str
    errors: str


def timed(command: Sequence[str], directory: Path) -> Run:
    """Runs a command in a directory to its end."""
    started = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        stdin=subprocess.DEVNULL,
    )
    seconds = time.perf_counter() - started
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()[-5:]
        raise FailedRunError(f"{' '.join(command)} ended with {done.returncode}:\n  " + "\n  ".join(last))
    return Run(seconds, done.stdout, done.stderr)


def costguard(*arguments: str) -> list[str]:
    """The installed command, with arguments."""
    return [str(Path(sys.executable).with_name("costguard")), *arguments]


def imported_packages(arguments: Sequence[str], directory: Path) -> set[str]:
    """Top-level packages that the first process of a costguard command imports."""
    run = timed([sys.executable, "-X", "importtime", "-c", RUN_COSTGUARD, *arguments], directory)
    return {name.partition(".")[0] for name in IMPORT_LINE.findall(run.errors)}


def peak_memory(command: Sequence[str], directory: Path) -> int | None:
    """The most bytes that a command and its children held at one moment: the sum of their resident sizes.

    Sampled, and pages that forked processes share are counted for each, so the true figure is lower. None
    where there is no /proc to look at.
    """
    if not Path("/proc/self/statm").exists():
        return None
    process = subprocess.Popen(
        command, cwd=directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
    )
    peak = 0
    ended = threading.Event()

    def sample() -> None:
        nonlocal peak
        while not ended.is_set():
            peak = max(peak, sum(resident_bytes(identifier) for identifier in family(process.pid)))
            ended.wait(SAMPLE_SECONDS)

    sampler = threading.Thread(target=sample)
    sampler.start()
    try:
        code = process.wait(timeout=TIMEOUT_SECONDS)
    finally:
        ended.set()
        sampler.join()
    if code != 0:
        raise FailedRunError(f"{' '.join(command)} ended with {code}")
    return peak


def family(identifier: int) -> list[int]:
    """A process and its descendants, of any thread."""
    found = [identifier]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += [int(child) for child in children.read_text().split()]
            except (FileNotFoundError, ProcessLookupError):
                continue  # ended between two looks
    return found


def resident_bytes(identifier: int) -> int:
    """Resident size of a process, 0 when it has ended."""
    try:
        status = Path(f"/proc/{identifier}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    match = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
    return int(match[1]) * 1024 if match else 0
