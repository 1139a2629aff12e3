"""Processes that load what reads SQL while the command line is still being made sense of.

A scan that finds nothing in its cache spends most of its first half second on one processor. What the other processes
load depends neither on the options nor on the files, so they can begin before either is looked at; whether they will
be needed is guessed here, from what takes some milliseconds to see. A wrong guess costs the time of a processor that
had nothing to do, and no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from costguard.crew import Crew


def head_start(arguments: Sequence[str], cache_directory: Path) -> Crew | None:
    """Processes that are loading; None where a scan most likely needs none, or where they cannot be forked.

    `arguments`: those after the name of the command, as typed. `cache_directory`: where the cache lies if the config
    does not say otherwise.
    """
    folders = [argument for argument in arguments if Path(argument).is_dir()]
    if not folders or not ("--no-cache" in arguments or _nothing_in(cache_directory)):
        return None
    from costguard.collect import PARALLEL_FROM_FILES, crew_with_time, processes_for
    from costguard.crew import CrewError
    from costguard.discover import at_least

    processes = processes_for(PARALLEL_FROM_FILES, 0, _wanted(arguments))
    if processes == 1 or not at_least(folders, PARALLEL_FROM_FILES):
        return None
    crew = crew_with_time(processes)
    try:
        crew.start()
    except CrewError:
        return None  # the scan says so itself, if it needs them
    return crew


def _nothing_in(directory: Path) -> bool:
    try:
        return not any(directory.iterdir())
    except OSError:
        return True


def _wanted(arguments: Sequence[str]) -> int | None:
    """The value of `--jobs-parallel`; None where there is none, or no number."""
    for argument, following in zip(arguments, (*arguments[1:], ""), strict=True):
        name, _, value = argument.partition("=")
        if name == "--jobs-parallel":
            number = value or following
            return int(number) if number.isdecimal() and len(number) < 3 else None
    return None
