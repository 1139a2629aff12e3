"""The cache keeps what it is given, grows no further than its limit, and is never required."""

from __future__ import annotations

import doctest
import sqlite3
import threading
from pathlib import Path

import pytest

from costguard import cache as module
from costguard.cache import Cache, code_version, digest


def test_what_was_put_is_there(tmp_path: Path) -> None:
    with Cache(tmp_path / "new" / "folder") as cache:
        cache.put({"a": "1", "b": "größe"})
        assert cache.get(["a", "b", "c"]) == {"a": "1", "b": "größe"}
        assert cache.note is None
    with Cache(tmp_path / "new" / "folder") as again:
        assert again.get(["a"]) == {"a": "1"}
        again.put([("a", "2")])
        assert again.get(["a"]) == {"a": "2"}


def test_thousands_of_keys(tmp_path: Path) -> None:
    values = {f"key {number}": str(number) for number in range(2345)}
    with Cache(tmp_path) as cache:
        cache.put(values)
        assert cache.get([*values, "none"]) == values


def test_without_a_directory_nothing_is_kept() -> None:
    with Cache(None) as cache:
        cache.put({"a": "1"})
        assert cache.get(["a"]) == {}
        assert cache.note is None


def test_a_directory_that_cannot_be_made_is_a_note(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with Cache(tmp_path / "file" / "cache") as cache:
        cache.put({"a": "1"})
        assert cache.get(["a"]) == {}
        assert cache.note is not None
        assert "scanning without it" in cache.note


@pytest.mark.parametrize("content", [b"this is no database" * 100, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_damaged_cache_is_made_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "costguard-cache.sqlite").write_bytes(content)
    with Cache(tmp_path) as cache:
        assert cache.get(["a"]) == {}
        cache.put({"a": "1"})
        assert cache.note is None
    with Cache(tmp_path) as cache:
        assert cache.get(["a"]) == {"a": "1"}


def test_a_cache_of_another_shape_is_left_with_a_note(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "costguard-cache.sqlite")
    connection.execute("CREATE TABLE entries (key TEXT PRIMARY KEY, other TEXT)")
    connection.close()
    with Cache(tmp_path) as cache:
        assert cache.get(["a"]) == {}
        assert cache.note is not None
        cache.put({"a": "1"})
        assert cache.get(["a"]) == {}


def test_two_scans_at_once(tmp_path: Path) -> None:
    def fill(start: int) -> None:
        with Cache(tmp_path) as cache:
            for number in range(start, start + 20):
                cache.put({str(number): "x"})
            notes.append(cache.note)

    notes: list[str | None] = []
    threads = [threading.Thread(target=fill, args=(start,)) for start in (0, 100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert notes == [None, None]
    with Cache(tmp_path) as cache:
        assert len(cache.get([str(number) for number in (*range(20), *range(100, 120))])) == 40


def test_a_cache_that_is_full_loses_its_oldest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SIZE_LIMIT", 200_000)
    with Cache(tmp_path) as cache:
        for number in range(20):
            cache.put({str(number): "x" * 20_000})
        kept = cache.get([str(number) for number in range(20)])
        assert "19" in kept
        assert "0" not in kept
        assert cache.note is None
    assert (tmp_path / "costguard-cache.sqlite").stat().st_size < 400_000


def test_what_is_read_again_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SIZE_LIMIT", 200_000)
    with Cache(tmp_path) as cache:
        cache.put({"often": "y"})
        for number in range(20):
            cache.put({str(number): "x" * 20_000})
            assert cache.get(["often"]) == {"often": "y"}


def test_digests_keep_their_parts_apart() -> None:
    assert digest("a", "bc") != digest("ab", "c") != digest("abc")
    assert digest("a", "") != digest("a")
    assert digest("ä") == digest("ä".encode())
    assert len(digest()) == 40
    assert doctest.testmod(module).failed == 0


def test_another_version_of_the_code_reads_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "costguard"
    package.mkdir()
    (package / "cache.py").write_text("one")
    monkeypatch.setattr(module, "__file__", str(package / "cache.py"))
    first = code_version()
    assert code_version() == first
    (package / "cache.py").write_text("three")
    second = code_version()
    (package / "more.py").write_text("")
    assert len({first, second, code_version()}) == 3
