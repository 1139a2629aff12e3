"""Requests at a pace."""

from __future__ import annotations

import threading

import pytest

from costguard.cloud.pace import Pace, at_pace


def test_calls_begin_at_equal_distances() -> None:
    now, slept = [100.0], []

    def sleep(seconds: float) -> None:
        slept.append(round(seconds, 6))
        now[0] += seconds

    pace = Pace(4, clock=lambda: now[0], sleep=sleep)
    for _ in range(3):
        pace.wait()
    assert slept == [0.25, 0.25]
    now[0] += 10  # time that was not used is not made up for
    pace.wait()
    pace.wait()
    assert slept == [0.25, 0.25, 0.25]


def test_each_task_has_its_result() -> None:
    found = dict(at_pace(range(100), lambda number: number * number, Pace(1e6)))
    assert found == {number: number * number for number in range(100)}


def test_nothing_to_do() -> None:
    assert list(at_pace([], str, Pace(1e6))) == []


def test_tasks_run_at_once() -> None:
    together = threading.Barrier(4, timeout=5)
    assert len(list(at_pace(range(8), lambda _: together.wait(), Pace(1e6), at_once=4))) == 8


def test_the_first_error_ends_it() -> None:
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        if number == 3:
            raise ValueError("three")
        return number

    results = at_pace(range(1000), work, Pace(1e6), at_once=1)
    assert [next(results) for _ in range(3)] == [(0, 0), (1, 1), (2, 2)]
    with pytest.raises(ValueError, match="three"):
        next(results)
    assert begun == [0, 1, 2, 3]
