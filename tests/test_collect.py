"""Files become fact rows: side by side or one by one, from the cache or not, and never from outside."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from costguard import collect as module
from costguard.cache import Cache, digest
from costguard.collect import (
    CollectSettings,
    Content,
    FileTask,
    analyse_file,
    cache_key,
    collect,
    content_of,
    reader_for,
    reads_of,
)
from costguard.facts.schema import columns_of
from costguard.model import SourceKind
from costguard.packed_files import Packed, PackedFiles
from tests.crew_work import Deadly

RUN = """from google.cloud import bigquery
sql = open("q.sql").read()
bigquery.Client().query(sql)
"""


def tasks_of(folder: Path, **files: str) -> list[FileTask]:
    """Files in a folder (`q_sql` is q.sql), as tasks."""
    folder.mkdir(parents=True, exist_ok=True)
    tasks = []
    for name, text in files.items():
        path = folder / name.replace("_", ".")
        path.write_text(text)
        kind: SourceKind = "python" if path.suffix == ".py" else "sql"
        tasks.append(FileTask(path.name, str(path), kind, False))
    return tasks


def settings_of(*roots: Path) -> CollectSettings:
    return CollectSettings("bigquery", tuple(str(root) for root in roots))


def run(
    tasks: list[FileTask], root: Path, cache: Path | None = None, **options: Any
) -> list[module.Collected]:
    with Cache(cache) as opened:
        return list(collect(tasks, settings_of(root), opened, "1", options.pop("processes", 1), **options))


def tables(payload: str) -> list[str]:
    """The names of the tables that the statements of a file scan."""
    return [row["table_name"] for row in rows(payload, "scans")]


def rows(payload: str, table: str) -> list[dict[str, Any]]:
    """The rows of a fact table of a file."""
    names = [column.name for column in columns_of(table)]
    count, columns = json.loads(payload)["columns"].get(table, (0, ()))
    written = [(None,) * count if values is None else values for values in columns]
    return [dict(zip(names, values, strict=False)) for values in zip(*written, strict=True)]


# -- one file ------------------------------------------------------------------------------------------


def test_a_payload_is_rows_and_reads(tmp_path: Path) -> None:
    (task,) = tasks_of(tmp_path, q_sql="SELECT a FROM d.t")
    payload = analyse_file(task, b"SELECT a FROM d.t", settings_of(tmp_path))
    document = json.loads(payload)
    assert set(document) == {"columns", "reads"}
    assert document["reads"] == []
    assert payload.endswith('"reads":[]}')
    assert reads_of(payload) == []
    (source,) = rows(payload, "sources")
    assert source == {
        "source": None,  # it is the only one
        "path": "q.sql",
        "kind": "sql",
        "bytes": 17,
        "lines": 1,
        "is_test": False,
    }
    assert tables(payload) == ["d.t"]


def test_what_code_names_is_read_and_remembered(tmp_path: Path) -> None:
    task, _ = tasks_of(tmp_path, run_py=RUN, q_sql="SELECT a FROM d.t")
    payload = analyse_file(task, RUN.encode(), settings_of(tmp_path))
    assert tables(payload) == ["d.t"]
    assert reads_of(payload) == [("q.sql", digest("SELECT a FROM d.t"))]


def test_half_a_character_is_replaced(tmp_path: Path) -> None:
    """Python can write what no UTF-8 text can hold; neither the cache nor the tables can."""
    text = 'import pandas as pd\npd.read_gbq("SELECT a FROM `p.d.\\ud800`")\n'
    (task,) = tasks_of(tmp_path / "src", run_py=text)
    (item,) = run([task], tmp_path / "src", tmp_path / "cache")
    assert tables(item.payload) == ["p.d.?"]
    assert run([task], tmp_path / "src", tmp_path / "cache")[0].cached


@pytest.mark.parametrize(
    ("error", "reason", "detail"),
    [
        (RecursionError("maximum recursion depth exceeded"), "nested too deep", ""),
        (LookupError("gone"), "internal error", "LookupError in costguard at test_collect.py:"),
    ],
)
def test_a_defect_of_ours_becomes_an_unread_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str, detail: str
) -> None:
    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr("costguard.extract.source.extract", broken)
    (task,) = tasks_of(tmp_path, q_sql="SELECT 1")
    payload = analyse_file(task, b"SELECT 1", settings_of(tmp_path))
    (found,) = rows(payload, "unread")
    assert found["reason"] == reason
    assert found["detail"].startswith(detail)
    assert "gone" not in found["detail"]
    assert rows(payload, "sources")[0]["path"] == "q.sql"


def test_a_defect_is_not_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise LookupError

    tasks = tasks_of(tmp_path, q_sql="SELECT a FROM d.t")
    with monkeypatch.context() as patch:
        patch.setattr("costguard.extract.source.extract", broken)
        (first,) = run(tasks, tmp_path, tmp_path / "cache")
    (second,) = run(tasks, tmp_path, tmp_path / "cache")
    assert '"internal error"' in first.payload
    assert not second.cached
    assert tables(second.payload) == ["d.t"]


def test_a_file_that_ends_the_process_that_reads_it(tmp_path: Path) -> None:
    """The parser may run out of stack: no exception, and the process is gone. The other files of its chunk are read."""
    tasks = tasks_of(tmp_path, a_sql="SELECT a FROM d.one", b_sql="SELECT 1", c_sql="SELECT a FROM d.two")
    known = {task.path: content_of(task) for task in tasks}
    tasks[1] = replace(tasks[1], absolute=Deadly(tasks[1].absolute))  # type: ignore[arg-type]
    found = run(tasks, tmp_path, processes=2, known=known)
    assert [tables(item.payload) for item in found] == [["d.one"], [], ["d.two"]]
    (item,) = rows(found[1].payload, "unread")
    assert item["reason"] == "internal error"
    assert item["detail"] == "the process that read it ended; please report it with this file"


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    task = FileTask("gone.sql", str(tmp_path / "gone.sql"), "sql", False)
    assert content_of(task) == Content("", 0, False)
    (item,) = run([task], tmp_path)
    (found,) = rows(item.payload, "unread")
    assert (found["reason"], found["detail"]) == ("cannot be opened", "No such file or directory")


@pytest.mark.parametrize(
    ("name", "text", "marks"),
    [
        ("q_sql", "SELECT 1", ""),
        ("q_sql", "SELECT {{ x }}", "templated"),
        ("q_sql", "{% if x %}", "templated"),
        ("q_sql", "{% macro x() %}", "templated macros"),
        ("run_py", "x = '{{ x }}'", ""),
        ("q_sql", "SELECT 1 -- costguard: ignore[star]", "marked"),
    ],
)
def test_content(tmp_path: Path, name: str, text: str, marks: str) -> None:
    (task,) = tasks_of(tmp_path, **{name: text})
    expected = Content(digest(text), len(text), False)
    assert content_of(task) == replace(expected, **dict.fromkeys(marks.split(), True))


# -- nothing outside the roots ---------------------------------------------------------------------------


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    """A root with a file, beside a file that is none of its business."""
    root = tmp_path / "root"
    (root / "deep").mkdir(parents=True)
    (root / "q.sql").write_text("inside")
    (tmp_path / "secret.sql").write_text("secret")
    return root


@pytest.mark.parametrize(
    "name",
    [
        "../secret.sql",
        "deep/../../secret.sql",
        "{outside}/secret.sql",
        "link.sql",
        "folder/secret.sql",
        "circle.sql",
        "/etc/hostname",
        "gone.sql",
        "deep",
        "",
        "q.sql\x00.txt",
        "q" * 2000,
    ],
)
def test_what_is_not_read(inside: Path, name: str) -> None:
    (inside / "link.sql").symlink_to(inside.parent / "secret.sql")
    (inside / "folder").symlink_to(inside.parent, target_is_directory=True)
    (inside / "circle.sql").symlink_to("circle.sql")
    reader = reader_for(str(inside / "run.py"), settings_of(inside))
    name = name.replace("{outside}", str(inside.parent))
    assert reader(name) is None
    assert reader.seen == {name: ""}


@pytest.mark.parametrize("name", ["q.sql", "deep/../q.sql", "./q.sql", "{root}/q.sql", "link.sql"])
def test_what_is_read(inside: Path, name: str) -> None:
    (inside / "link.sql").symlink_to("q.sql")
    reader = reader_for(str(inside / "run.py"), settings_of(inside))
    name = name.replace("{root}", str(inside))
    assert reader(name) == "inside"
    assert reader.seen == {name: digest("inside")}


def test_beside_the_file_first_then_in_the_roots(inside: Path) -> None:
    reader = reader_for(str(inside / "deep" / "run.py"), settings_of(inside))
    assert reader("q.sql") == "inside"
    (inside / "deep" / "q.sql").write_text("beside")
    assert reader("q.sql") == "beside"


def test_names_worked_out_from_the_shown_path(inside: Path) -> None:
    """`scan root` from the folder above: the code beside `q.sql` asks for `root/q.sql`."""
    settings = settings_of(inside)
    reader = reader_for(str(inside / "deep" / "run.py"), settings, "root/deep/run.py")
    assert reader("root/q.sql") == "inside"
    assert reader("secret.sql") is None
    above = str(inside / ".." / "root" / "run.py")
    assert reader_for(above, settings, "../root/run.py")("../root/q.sql") == "inside"
    assert reader_for(above, settings, "../root/run.py")("../secret.sql") is None


def test_large_and_binary_files_are_no_sql(inside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = reader_for(str(inside / "run.py"), settings_of(inside))
    (inside / "q.sql").write_bytes(b"\xff\xfe")
    assert reader("q.sql") is None
    assert reader.seen == {"q.sql": digest(b"\xff\xfe")}
    monkeypatch.setattr(module, "MAXIMUM_NAMED_BYTES", 5)
    (inside / "q.sql").write_text("inside")
    assert reader("q.sql") is None
    (inside / "q.sql").write_text("small")
    assert reader("q.sql") == "small"


# -- the cache -----------------------------------------------------------------------------------------


def test_the_second_time_nothing_is_worked_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = tasks_of(tmp_path / "src", run_py=RUN, q_sql="SELECT a FROM d.t")
    first = run(tasks, tmp_path / "src", tmp_path / "cache")
    monkeypatch.setattr(module, "analyse_file", None)
    second = run(tasks, tmp_path / "src", tmp_path / "cache")
    assert [item.cached for item in first + second] == [False, False, True, True]
    assert [(item.path, item.content, item.payload) for item in first] == [
        (item.path, item.content, item.payload) for item in second
    ]


def change(path: Path, text: str | None) -> None:
    if text is None:
        path.unlink()
    else:
        path.write_text(text)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("SELECT a FROM d.t", "SELECT a FROM d.u", ["d.u"]),
        ("SELECT a FROM d.t", None, []),
        # A file that was not there when the code was read is as much of a change.
        (None, "SELECT a FROM d.u", ["d.u"]),
    ],
)
def test_a_file_that_code_names_changes(
    tmp_path: Path, before: str | None, after: str | None, expected: list[str]
) -> None:
    (task,) = tasks_of(tmp_path, run_py=RUN)
    if before is not None:
        change(tmp_path / "q.sql", before)
    run([task], tmp_path, tmp_path / "cache")
    assert run([task], tmp_path, tmp_path / "cache")[0].cached
    change(tmp_path / "q.sql", after)
    (item,) = run([task], tmp_path, tmp_path / "cache")
    assert not item.cached
    assert tables(item.payload) == expected


def test_the_same_code_elsewhere_names_another_file(tmp_path: Path) -> None:
    """Two checkouts share a cache, paths and code, but not the file that the code reads."""
    (one, _) = tasks_of(tmp_path / "one", run_py=RUN, q_sql="SELECT a FROM d.one")
    (two, _) = tasks_of(tmp_path / "two", run_py=RUN, q_sql="SELECT a FROM d.two")
    assert cache_key(one, "c", settings_of(), "1") == cache_key(two, "c", settings_of(), "1")
    (first,) = run([one], tmp_path / "one", tmp_path / "cache")
    (second,) = run([two], tmp_path / "two", tmp_path / "cache")
    assert (tables(first.payload), tables(second.payload)) == (["d.one"], ["d.two"])


SAME = FileTask("q.sql", "/x/q.sql", "sql", False)


@pytest.mark.parametrize(
    "key",
    [
        cache_key(SAME, "c", settings_of(), "2"),
        cache_key(SAME, "d", settings_of(), "1"),
        cache_key(FileTask("r.sql", "/x/q.sql", "sql", False), "c", settings_of(), "1"),
        cache_key(FileTask("q.sql", "/x/q.sql", "template", False), "c", settings_of(), "1"),
        cache_key(FileTask("q.sql", "/x/q.sql", "sql", True), "c", settings_of(), "1"),
        cache_key(SAME, "c", CollectSettings("spark", ()), "1"),
        cache_key(SAME, "c", CollectSettings("bigquery", (), project_digest="p"), "1"),
    ],
    ids=["version", "content", "path", "kind", "test", "dialect", "project"],
)
def test_what_facts_depend_on_is_in_the_key(key: str) -> None:
    assert key != cache_key(SAME, "c", settings_of(), "1")


def test_a_template_project_decides_only_templates(tmp_path: Path) -> None:
    """What is no template is found again, whatever changed in the files around it."""
    tasks = tasks_of(
        tmp_path / "src", plain_sql="SELECT a FROM d.t", m_sql="SELECT {{ a }} FROM d.t", j_py="x = 1"
    )
    with Cache(tmp_path / "cache") as cache:
        for digest_of_project, cached in (("one", [False] * 3), ("two", [True, False, True])):
            settings = CollectSettings("bigquery", (str(tmp_path),), project_digest=digest_of_project)
            found = list(collect(tasks, settings, cache, "1", 1))
            assert [item.cached for item in found] == cached


def test_files_of_a_pack(tmp_path: Path) -> None:
    """Sources, and what their code names; nothing on the disk stands in for what is not in the pack."""
    texts = {"run.py": RUN.encode(), "q.sql": b"SELECT a FROM d.packed"}
    (tmp_path / "pack").write_bytes(b"".join(texts.values()))
    index = {"run.py": Packed(0, len(RUN), "r"), "q.sql": Packed(len(RUN), 22, "q")}
    packed = PackedFiles(str(tmp_path / "pack"), str(tmp_path / "tree"), index)
    task = FileTask("run.py", str(tmp_path / "tree" / "run.py"), "python", False)
    settings = CollectSettings("bigquery", (packed.root,), packed=packed)
    assert content_of(task, packed).size == len(RUN)
    with Cache(None) as cache:
        (item,) = collect([task], settings, cache, "1", 1)
        assert tables(item.payload) == ["d.packed"]
        (tmp_path / "tree").mkdir()
        (tmp_path / "tree" / "q.sql").write_text("SELECT a FROM d.disk")
        del index["q.sql"]
        (item,) = collect([task], settings, cache, "1", 1)
        assert tables(item.payload) == []


# -- processes -----------------------------------------------------------------------------------------


def many(folder: Path) -> list[FileTask]:
    return tasks_of(folder, **{f"q{number}_sql": f"SELECT a FROM d.t{number}" for number in range(7)})


def test_order_and_rows_do_not_depend_on_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK_FILES", 2)
    tasks = many(tmp_path)
    called: list[str] = []
    alone = run(tasks, tmp_path)
    both = run(tasks, tmp_path, processes=2, meanwhile=lambda: called.append("meanwhile"))
    assert both == alone
    assert [item.path for item in both] == [task.path for task in tasks]
    assert [tables(item.payload) for item in both] == [[f"d.t{number}"] for number in range(7)]
    assert called == ["meanwhile"]


def test_progress_counts_to_the_end(tmp_path: Path) -> None:
    tasks = many(tmp_path / "src")
    seen: list[tuple[int, int]] = []
    run(tasks, tmp_path / "src", tmp_path / "cache", progress=lambda done, total: seen.append((done, total)))
    assert seen == [(done, 7) for done in range(8)]
    seen.clear()
    run(tasks, tmp_path / "src", tmp_path / "cache", progress=lambda done, total: seen.append((done, total)))
    assert seen == [(7, 7)]


def test_a_problem_meanwhile_ends_the_work(tmp_path: Path) -> None:
    def broken() -> None:
        raise LookupError("the catalog is broken")

    with pytest.raises(LookupError, match="the catalog is broken"):
        run(many(tmp_path), tmp_path, processes=2, meanwhile=broken)


def test_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Large files first and alone, the others in order, the last chunks small; everything once."""
    for name, value in {
        "CHUNK_FILES": 8,
        "CHUNK_BYTES": 100,
        "CHUNKS_AHEAD": 2,
        "SMALLEST_CHUNK": 2,
    }.items():
        monkeypatch.setattr(module, name, value)
    sizes = [1] * 20 + [50, 120] + [1] * 20
    tasks = [(FileTask(str(number), "", "sql", False), size) for number, size in enumerate(sizes)]
    chunks = [[int(task.path) for task in chunk] for chunk in module._chunks(tasks, 1)]
    assert chunks[:2] == [[20], [21]]
    assert [number for chunk in chunks[2:] for number in chunk] == [*range(20), *range(22, 42)]
    assert [len(chunk) for chunk in chunks[2:]] == [8, 8, 8, 8, 4, 2, 2]
    dense = [(FileTask(str(number), "", "sql", False), 40) for number in range(4)]
    assert [len(chunk) for chunk in module._chunks(dense, 1)] == [2, 1, 1]


def test_facts_come_as_soon_as_they_can(tmp_path: Path) -> None:
    """The first file's before the last one is read."""
    tasks = tasks_of(tmp_path, a_sql="SELECT 1", b_sql="SELECT 2")
    with Cache(None) as cache:
        found = collect(tasks, settings_of(tmp_path), cache, "1", 1)
        assert next(found).path == "a.sql"
        (tmp_path / "b.sql").write_text("SELECT a FROM d.late")
        assert [tables(item.payload) for item in found] == [["d.late"]]
