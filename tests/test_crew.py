"""Work is shared by processes; one that dies costs the item that it was at."""

from __future__ import annotations

import pickle
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from costguard import crew as module
from costguard.crew import Crew, CrewError, Job, Lost
from tests.crew_work import (
    end,
    end_the_first_time,
    large,
    note,
    nothing,
    square,
    square_but_be_killed_at,
    square_but_end_at,
)


@pytest.fixture(params=["fork", "spawn"], autouse=True)
def method(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "fork" and sys.platform != "linux":
        pytest.skip("forks are used on Linux only")
    monkeypatch.setattr(module, "_may_fork", lambda: request.param == "fork")
    name: str = request.param
    return name


def done(job: Job[Any, Any], workers: int = 2, **options: Any) -> dict[int, Any]:
    with Crew(workers, nothing) as crew:
        found = list(crew.shared(job, **options))
    assert len(dict(found)) == len(found)
    return dict(found)


def test_every_item_is_done_once() -> None:
    assert done(Job(range(20), square)) == {number: number * number for number in range(20)}


def test_no_items_need_no_processes() -> None:
    assert done(Job((), square)) == {}


def test_more_workers_than_items() -> None:
    assert done(Job([3], square), workers=4) == {0: 9}


def test_what_the_caller_does_meanwhile_keeps_nobody_waiting() -> None:
    """Results that no pipe can hold are taken while the caller is busy."""
    seen = []
    found = done(Job(range(6), large), meanwhile=lambda: seen.append("once"))
    assert seen == ["once"]
    assert {number: len(text) for number, text in found.items()} == dict.fromkeys(range(6), 300_000)


def test_an_item_that_ends_its_process_is_lost_and_no_other() -> None:
    found = done(Job(range(12), partial(square_but_end_at, (2, 5, 7))))
    lost = {number for number, result in found.items() if isinstance(result, Lost)}
    assert lost == {2, 5, 7}
    assert {number: result for number, result in found.items() if number not in lost} == {
        number: number * number for number in range(12) if number not in lost
    }


@pytest.mark.parametrize("count", [3, 100_000], ids=["small", "more than a pipe holds"])
def test_processes_that_end_at_once(count: int) -> None:
    with Crew(2, end) as crew, pytest.raises(CrewError, match="end at once"):
        list(crew.shared(Job(list(range(count)), square)))


def test_one_job_after_the_other() -> None:
    with Crew(2, nothing) as crew:
        assert dict(crew.shared(Job([1, 2], square))) == {0: 1, 1: 4}
        assert dict(crew.shared(Job([3], square))) == {0: 9}


def test_what_is_loaded(tmp_path: Path, method: str) -> None:
    for name in ("crew", "job"):
        (tmp_path / name).mkdir()
    with Crew(3, partial(note, str(tmp_path / "crew"))) as crew:
        crew.start()
        job = Job(range(3), square, partial(note, str(tmp_path / "job")))
        assert len(dict(crew.shared(job))) == 3
    expected = 1 if method == "fork" else 3
    assert [len(list((tmp_path / name).iterdir())) for name in ("crew", "job")] == [expected, expected]


def test_an_error_of_the_caller_ends_the_work() -> None:
    with Crew(2, nothing) as crew, pytest.raises(ZeroDivisionError):
        list(crew.shared(Job(range(1000), square), lambda: 1 // 0))


def test_results_that_nobody_wants_any_more() -> None:
    with Crew(2, nothing) as crew:
        results = crew.shared(Job(range(1000), square))
        next(results)
        results.close()


def test_a_crew_without_work_goes_home(method: str) -> None:
    """Started and not needed: the program ends all the same."""
    code = (
        "from costguard.crew import Crew\n"
        "from tests.crew_work import nothing\n"
        "if __name__ == '__main__':\n"
        "    with Crew(2, nothing) as crew:\n"
        "        crew.start()\n"
        "    print('over')\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (ended.stdout, ended.stderr, ended.returncode) == ("over\n", "", 0)


def test_one_worker_starts_nothing_early() -> None:
    with Crew(1, end) as crew:
        crew.start()
        assert crew._ready is None


def test_a_process_that_is_killed_at_any_time_keeps_nobody_waiting() -> None:
    """By the system, which asks nobody: what it had is lost or done by another, and the rest is done."""
    found = done(Job(range(40), partial(square_but_be_killed_at, (3, 17, 18, 39))), workers=3)
    assert set(found) == set(range(40))
    assert {number for number, result in found.items() if isinstance(result, Lost)} == {3, 17, 18, 39}


def test_a_first_process_that_is_lost_once_is_started_again(tmp_path: Path) -> None:
    with Crew(2, partial(end_the_first_time, str(tmp_path / "mark"))) as crew:
        found = dict(crew.shared(Job(range(5), square)))
    assert found == {number: number * number for number in range(5)}


def test_what_cannot_be_sent() -> None:
    with Crew(2, nothing) as crew:
        crew.start()
        with pytest.raises((AttributeError, TypeError, pickle.PicklingError)):
            list(crew.shared(Job([1, 2], lambda number: number)))


def test_no_room_for_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("multiprocessing.process.BaseProcess.start", refused)
    with (
        Crew(2, nothing) as crew,
        pytest.raises(CrewError, match="Resource temporarily unavailable; try --jobs-par"),
    ):
        list(crew.shared(Job(range(3), square)))
