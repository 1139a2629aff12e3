"""Which files are read: by git, by the ignore files, by name, by size; and which are reported instead."""

from __future__ import annotations

import doctest
import os
import subprocess
import sys
from pathlib import Path

import pytest

from costguard import discover as module
from costguard.discover import MAXIMUM_BYTES, Discovery, discover, is_test_path, kind_of
from costguard.errors import UsageProblem
from tests.test_walk import refuse


def make(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("SELECT 1")


def found(root: Path, *exclude: str) -> list[str]:
    """Paths below the root."""
    return [path.removeprefix(f"{root.as_posix()}/") for path in paths(discover([root], exclude))]


def paths(discovery: Discovery) -> list[str]:
    return [file.path for file in discovery.files]


def git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True, timeout=30)


@pytest.fixture(params=["git", "no git"])
def tree(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A directory, in a work tree and outside of one: what is found is the same."""
    root = tmp_path / "tree"
    root.mkdir()
    if request.param == "git":
        git(root, "init", "-q")
    else:
        (tmp_path / ".git").write_text("not a repository: git finds none above either")
    return root


def test_docstrings() -> None:
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("q.sql", "sql"),
        ("Q.SQL", "sql"),
        ("q.bq", "sql"),
        ("q.bqsql", "sql"),
        ("load.py", "python"),
        ("n.ipynb", "notebook"),
        ("m.sql.j2", "template"),
        ("m.sql.jinja", "template"),
        ("m.sql.jinja2", "template"),
        ("m.j2.sql", "template"),
        ("m.html.j2", None),
        ("sql", None),
        ("notes.sql.txt", None),
        ("x.pyc", None),
    ],
)
def test_kinds(name: str, kind: str | None) -> None:
    assert kind_of(name) == kind


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tests/a.py", True),
        ("src/Test/a.py", True),
        ("src/test_a.py", True),
        ("src/a_test.py", True),
        ("conftest.py", True),
        ("src/testimony.py", False),
        ("src/latest.sql", False),
        ("attest/a.sql", False),
    ],
)
def test_test_code(path: str, expected: bool) -> None:
    assert is_test_path(path) is expected


def test_files_below_a_directory(tree: Path) -> None:
    make(tree, "b.sql", "a.py", "deep/er/n.ipynb", "deep/readme.md", "m.sql.j2")
    assert found(tree) == ["a.py", "b.sql", "deep/er/n.ipynb", "m.sql.j2"]


def test_ignore_files_hold(tree: Path) -> None:
    make(tree, "a.sql", "out/b.sql", "keep/c.tmp.sql", "deep/d.sql", "deep/e.sql", "keep/me.tmp.sql")
    (tree / ".gitignore").write_text("out/\n*.tmp.sql\n!keep/me.tmp.sql\n")
    (tree / "deep" / ".gitignore").write_text("/e.sql\n")
    assert found(tree) == ["a.sql", "deep/d.sql", "keep/me.tmp.sql"]


def test_an_ignore_file_with_nonsense_in_it(tree: Path) -> None:
    make(tree, "a.sql", "b.sql")
    (tree / ".gitignore").write_bytes(b"!\n\xff\nb.sql\n")
    assert found(tree) == ["a.sql"]


def test_folders_of_machines_are_skipped(tree: Path) -> None:
    make(tree, "a.sql", ".venv/x.py", "node_modules/y/z.sql", "dbt_packages/p/m.sql", "__pycache__/c.py")
    assert found(tree) == ["a.sql"]


def test_a_skipped_folder_can_be_asked_for(tmp_path: Path) -> None:
    make(tmp_path, "dbt_packages/p/m.sql")
    assert found(tmp_path / "dbt_packages" / "p") == ["m.sql"]


def test_a_folder_that_git_ignores_can_be_asked_for(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    make(tmp_path, "out/a.sql", "b.sql")
    (tmp_path / ".gitignore").write_text("out/\n")
    assert found(tmp_path) == ["b.sql"]
    assert found(tmp_path / "out") == ["a.sql"]


def test_what_git_tracks_is_read_although_it_is_ignored(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    make(tmp_path, "a.sql", "gone.sql")
    git(tmp_path, "add", "a.sql", "gone.sql")
    (tmp_path / ".gitignore").write_text("a.sql\n")
    (tmp_path / "gone.sql").unlink()
    assert found(tmp_path) == ["a.sql"]


def test_names_that_git_would_quote(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    make(tmp_path, "größe und\nZahl.sql")
    assert found(tmp_path) == ["größe und\nZahl.sql"]


def test_without_git_the_files_are_walked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tmp_path, "init", "-q")
    make(tmp_path, "a.sql", "out/b.sql")
    (tmp_path / ".gitignore").write_text("out\n")
    monkeypatch.setenv("PATH", "")
    assert found(tmp_path) == ["a.sql"]


def test_exclude(tree: Path) -> None:
    make(tree, "a.sql", "generated/b.sql", "deep/generated/c.sql", "deep/d.sql")
    assert found(tree, "generated/") == ["a.sql", "deep/d.sql"]
    assert found(tree, "/generated") == ["a.sql", "deep/d.sql", "deep/generated/c.sql"]
    assert found(tree, "*.sql", "!d.sql") == ["deep/d.sql"]


def test_a_file_that_is_named_is_not_excluded(tmp_path: Path) -> None:
    make(tmp_path, "a.sql")
    assert paths(discover([tmp_path / "a.sql"], ["*.sql"])) == [(tmp_path / "a.sql").as_posix()]


def test_a_pattern_that_is_none(tmp_path: Path) -> None:
    make(tmp_path, "a.sql")
    with pytest.raises(UsageProblem, match=r"exclude: '!' is not a pattern such as in \.gitignore"):
        discover([tmp_path], ["a", "!"])


def test_each_file_once_and_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "b/x.sql", "a/y.sql", "z.sql")
    monkeypatch.chdir(tmp_path)
    discovery = discover([Path("z.sql"), Path("b"), Path("a"), Path("b/x.sql")])
    assert paths(discovery) == ["a/y.sql", "b/x.sql", "z.sql"]
    assert discovery.roots == (tmp_path, tmp_path / "b", tmp_path / "a")
    assert paths(discover([Path(".")])) == ["a/y.sql", "b/x.sql", "z.sql"]


def test_each_file_once_however_its_path_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its dollars would count twice."""
    make(tmp_path, "sql/a.sql", "sql/notes.txt")
    (tmp_path / "linked").symlink_to(tmp_path / "sql")
    monkeypatch.chdir(tmp_path)
    spellings = [Path("sql/../sql"), tmp_path / "sql", Path("linked"), Path("sql/a.sql")]
    assert paths(discover(spellings)) == ["sql/../sql/a.sql"]
    twice = discover([Path("sql/notes.txt"), tmp_path / "sql/notes.txt"])
    assert [item.path for item in twice.unread] == ["sql/notes.txt"]


def test_what_is_known_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "tests/q.sql")
    monkeypatch.chdir(tmp_path)
    (file,) = discover([Path("tests")]).files
    assert (file.path, file.kind, file.size, file.is_test) == ("tests/q.sql", "sql", 8, True)
    assert file.absolute == str(tmp_path / "tests" / "q.sql")


@pytest.mark.parametrize(("name", "kind"), [("a.sql", "sql"), ("a.py", "python"), ("a.sql.j2", "template")])
def test_a_file_that_is_too_large(tmp_path: Path, name: str, kind: str) -> None:
    limit = MAXIMUM_BYTES[kind]  # type: ignore[index]
    (tmp_path / name).write_bytes(b" " * limit)
    assert len(discover([tmp_path]).files) == 1
    (tmp_path / name).write_bytes(b" " * (limit + 1))
    discovery = discover([tmp_path])
    assert discovery.files == ()
    (item,) = discovery.unread
    assert (item.path, item.reason) == ((tmp_path / name).as_posix(), "file too large")
    assert item.detail == "2 MiB is more than the limit of 2 MiB"


def test_a_link_out_of_the_directory_is_not_followed(tmp_path: Path) -> None:
    make(tmp_path, "secret.sql", "root/a.sql", "root/b.sql")
    (tmp_path / "root" / "out.sql").symlink_to(tmp_path / "secret.sql")
    (tmp_path / "root" / "in.sql").symlink_to(tmp_path / "root" / "a.sql")
    discovery = discover([tmp_path / "root"])
    assert [Path(path).name for path in paths(discovery)] == ["a.sql", "b.sql", "in.sql"]
    assert [(Path(item.path).name, item.reason) for item in discovery.unread] == [
        ("out.sql", "link out of the given path")
    ]


def test_a_link_to_a_folder_is_not_followed(tmp_path: Path) -> None:
    make(tmp_path, "elsewhere/secret.sql", "root/a.sql")
    (tmp_path / "root" / "link").symlink_to(tmp_path / "elsewhere")
    assert found(tmp_path / "root") == ["a.sql"]


def test_a_folder_that_may_not_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in it is not silently clean."""
    make(tmp_path, "open/a.sql", "closed/b.sql")
    monkeypatch.setattr("costguard.discover._git_files", lambda _: None)
    refuse(monkeypatch, tmp_path / "closed")
    discovery = discover([tmp_path])
    assert len(discovery.files) == 1
    (item,) = discovery.unread
    assert (item.path, item.reason) == (f"{tmp_path.as_posix()}/closed", "cannot be opened")
    assert item.detail == "a folder: Permission denied"
    assert discover([tmp_path], ["closed/"]).unread == ()


def test_what_git_tracks_and_may_not_be_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a.sql", "closed/b.sql", "gone.sql")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    (tmp_path / "gone.sql").unlink()
    look = os.lstat

    def lstat(path: str) -> os.stat_result:
        if str(path).endswith("b.sql"):
            raise PermissionError(13, "Permission denied", path)
        return look(path)

    monkeypatch.setattr(os, "lstat", lstat)
    discovery = discover([tmp_path])
    assert [Path(file.path).name for file in discovery.files] == ["a.sql"]
    assert [(Path(item.path).name, item.detail) for item in discovery.unread] == [
        ("b.sql", "Permission denied")
    ]


def test_a_link_that_leads_nowhere(tmp_path: Path) -> None:
    make(tmp_path, "a.sql")
    (tmp_path / "gone.sql").symlink_to(tmp_path / "nowhere.sql")
    discovery = discover([tmp_path])
    assert [Path(path).name for path in paths(discovery)] == ["a.sql"]
    assert [item.reason for item in discovery.unread] == ["cannot be opened"]


def test_a_file_of_another_kind_is_reported(tmp_path: Path) -> None:
    make(tmp_path, "notes.txt")
    (item,) = discover([tmp_path / "notes.txt"]).unread
    assert item.reason == "not a kind of file that is read"


def test_paths_that_do_not_exist_are_all_named(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem) as caught:
        discover([tmp_path / "x", tmp_path, tmp_path / "y"])
    assert [line.rpartition("/")[2] for line in str(caught.value).splitlines()] == [
        "x: no such file or directory",
        "y: no such file or directory",
    ]


def test_nothing_to_analyse(tmp_path: Path) -> None:
    make(tmp_path, "notes.txt")
    with pytest.raises(UsageProblem, match="nothing to analyse"):
        discover([tmp_path])


def unread(discovery: Discovery) -> list[tuple[str, str, str]]:
    return [(Path(item.path).name, item.reason, item.detail) for item in discovery.unread]


def test_links_that_lead_nowhere(tree: Path) -> None:
    make(tree, "a.sql")
    (tree / "circle.sql").symlink_to("circle.sql")
    (tree / "gone.sql").symlink_to("nowhere.sql")
    (tree / "here").symlink_to(".", target_is_directory=True)
    (tree / "above").symlink_to("..", target_is_directory=True)
    discovery = discover([tree])
    assert [Path(path).name for path in paths(discovery)] == ["a.sql"]
    assert unread(discovery) == [
        ("circle.sql", "cannot be opened", "Too many levels of symbolic links"),
        ("gone.sql", "cannot be opened", "No such file or directory"),
    ]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    make(tmp_path, "a.sql")
    os.mkfifo(tmp_path / "pipe.sql")
    for asked in (tmp_path, tmp_path / "pipe.sql"):
        found = ("pipe.sql", "not a regular file", "a pipe or a device; reading it may never end")
        assert unread(discover([asked])) == [found]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are text")
def test_names_in_another_encoding(tree: Path) -> None:
    name = os.fsdecode(b"gr\xfcn.sql")
    (tree / name).write_text("SELECT 1")
    (file,) = discover([tree]).files
    assert file.path == f"{tree.as_posix()}/gr\\xfcn.sql"
    assert Path(file.absolute).read_text() == "SELECT 1"
    assert paths(discover([tree / name])) == [file.path]
