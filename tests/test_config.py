"""Config files: found, read, and refused with the key and what to write instead."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from costguard.config import Config, find_config, load_config, rule_directories
from costguard.errors import UsageProblem


def load(tmp_path: Path, text: str, name: str = "costguard.toml") -> Config:
    path = tmp_path / name
    path.write_text(text)
    return load_config(path)


def problems(tmp_path: Path, text: str) -> list[str]:
    """What is said of a config, without the name of the file."""
    with pytest.raises(UsageProblem) as caught:
        load(tmp_path, text)
    lines = str(caught.value).splitlines()
    start = f"{tmp_path / 'costguard.toml'}: "
    assert all(line.startswith(start) for line in lines)
    return sorted(line.removeprefix(start) for line in lines)


def test_every_key(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        """
        catalog = ["a.json", "b.json.gz"]
        location = "EU"
        project = "p"
        dataset = "d"
        dialect = "duckdb"
        exclude = ["generated/"]
        fail_on = "never"
        max_usd_per_query = 2.5
        max_usd_per_iteration = "$40"
        machine = "n2-standard-4"
        cache = "build/cache"
        iteration_labels = "run_id"
        iteration_gap_hours = 1.5
        iteration_max_hours = 72

        [runs]
        "daily/*.sql" = 30
        "once.sql" = 0.25

        [parameters]
        day = 2026-10-31
        at = 2026-10-31T12:00:00Z
        text = "x"
        count = 3
        share = 0.5
        flag = true

        [rules]
        ignore = ["select-star"]
        directories = ["ours"]

        [rules.severity]
        wildcard-no-suffix = "note"

        [phases]
        rules = [
            { phase = "training", service = "6F81-5844-456A", sku = "^A2", label = "team=ml", reason = "GPUs" },
            { phase = "serving", project = "web", standing = "web site", apart = true },
        ]
        """,
    )
    assert config.catalog == (Path("a.json"), Path("b.json.gz"))
    assert (config.location, config.project, config.dataset) == ("EU", "p", "d")
    assert (config.dialect, config.exclude, config.fail_on) == ("duckdb", ("generated/",), "never")
    assert (config.max_usd_per_query, config.max_usd_per_iteration) == (Decimal("2.5"), Decimal(40))
    assert (config.machine, config.cache) == ("n2-standard-4", Path("build/cache"))
    assert config.runs == {"daily/*.sql": 30.0, "once.sql": 0.25}
    assert config.parameters == {
        "day": "2026-10-31",
        "at": "2026-10-31T12:00:00+00:00",
        "text": "x",
        "count": 3,
        "share": 0.5,
        "flag": True,
    }
    assert config.parameters["flag"] is True
    assert config.rules.ignore == ("select-star",)
    assert config.rules.directories == (Path("ours"),)
    assert config.rules.severity == {"wildcard-no-suffix": "note"}
    assert (config.iteration_labels, config.iteration_gap_hours, config.iteration_max_hours) == (
        ("run_id",),
        1.5,
        72.0,
    )
    machines, site = config.phases.rules
    assert (machines.phase, machines.service, machines.sku, machines.label) == (
        "training",
        ("6F81-5844-456A",),
        "^A2",
        "team=ml",
    )
    assert (site.project, site.standing, site.apart, machines.apart) == ("web", "web site", True, False)
    assert config.folder == tmp_path


def test_defaults(tmp_path: Path) -> None:
    assert load_config(None) == Config()
    config = load(tmp_path, "")
    assert (config.location, config.dialect, config.fail_on, config.cache) == (
        "US",
        "bigquery",
        "error",
        True,
    )
    assert config.rules.directories == (Path(".costguard/rules"),)
    assert config.max_usd_per_query is None


def test_a_single_name_needs_no_brackets(tmp_path: Path) -> None:
    config = load(tmp_path, 'catalog = "c.json"\nexclude = "a/"\n[rules]\nignore = "x"\ndirectories = "r"')
    assert (config.catalog, config.exclude) == ((Path("c.json"),), ("a/",))
    assert (config.rules.ignore, config.rules.directories) == (("x",), (Path("r"),))


@pytest.mark.parametrize("head", ["", "[tool.costguard]\n"])
def test_the_own_file_may_have_the_head_of_pyproject(tmp_path: Path, head: str) -> None:
    assert load(tmp_path, f'{head}location = "EU"').location == "EU"


def test_pyproject(tmp_path: Path) -> None:
    text = '[project]\nname = "x"\n[tool.costguard]\nlocation = "EU"\n[tool.costguard.rules]\nignore = "y"\n'
    config = load(tmp_path, text, "pyproject.toml")
    assert (config.location, config.rules.ignore) == ("EU", ("y",))
    assert load(tmp_path, '[project]\nname = "x"', "pyproject.toml").location == "US"


def test_a_float_counts_by_its_digits(tmp_path: Path) -> None:
    assert load(tmp_path, "max_usd_per_query = 0.1").max_usd_per_query == Decimal("0.1")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("catalogs = []", "unknown key 'catalogs'; did you mean 'catalog'?"),
        ("[rules]\nseverities = {}", "unknown key 'rules.severities'; did you mean 'severity'?"),
        ("folder = '/'", "unknown key 'folder'"),
        ("[rules]\nxyzzy = 1", "unknown key 'rules.xyzzy'; known: directories, ignore, severity"),
        ("location = 1", "location: must be a text"),
        ("catalog = 1", "catalog: must be a list"),
        ("catalog = [1]", "catalog.0: must be a path"),
        ("rules = 1", "rules: must be a table"),
        ("runs = 1", "runs: must be a table"),
        ("cache = 1", "cache: must be true, false or a directory"),
        ("runs = {x = -1}", "runs.x: must be at least 0"),
        ("runs = {x = 'many'}", "runs.x: must be a number"),
        ("runs = {x = inf}", "runs.x: must be a finite number"),
        ("fail_on = 'all'", "fail_on: must be 'error', 'warning', 'note' or 'never'"),
        (
            "rules = {severity = {x = 'bad'}}",
            "rules.severity.x: must be 'error', 'warning' or 'note'",
        ),
        ("max_usd_per_query = 'much'", "max_usd_per_query: 'much' is not an amount of dollars such as 2.50"),
        ("max_usd_per_query = true", "max_usd_per_query: must be an amount of dollars, such as 2.50"),
        ("max_increase_pct = 'much'", "max_increase_pct: 'much' is not a number of percent such as 10"),
        ("warn_increase_pct = true", "warn_increase_pct: must be a number of percent, such as 10"),
        ("max_increase_pct = -1", "max_increase_pct: must be at least 0"),
        ("min_read_share = 2", "min_read_share: must be a share from 0 to 1, such as 0.9"),
        ("max_usd_per_query = -1", "max_usd_per_query: must be at least 0"),
        ("max_usd_per_query = nan", "max_usd_per_query: must be a finite number"),
        ("[phases]\nrule = []", "unknown key 'phases.rule'; did you mean 'rules'?"),
        (
            "phases = {rules = [{phase = 'training', skus = 'x', project = 'p'}]}",
            "unknown key 'phases.rules.0.skus'; did you mean 'sku'?",
        ),
        ("phases = {rules = [{sku = 'x'}]}", "phases.rules.0.phase: is missing"),
        (
            "phases = {rules = [{sku = 'x', phase = 'lunch'}]}",
            "phases.rules.0.phase: must be 'ingestion', 'preprocessing', 'training', 'evaluation', 'serving', "
            "'infrastructure', 'storage' or 'tax'",
        ),
        (
            "phases = {rules = [{phase = 'training', reason = 'x'}]}",
            "phases.rules.0: has no condition; one of service, sku, label, system_label, project_label, tag, "
            "cost_type, project",
        ),
        ("iteration_label = 'x'", "unknown key 'iteration_label'; did you mean 'iteration_labels'?"),
        ("iteration_gap_hours = 0", "iteration_gap_hours: must be more than 0"),
        ("parameters = {x = []}", "parameters.x: must be a text, a number, true, false or a date"),
        ("parameters = {x = inf}", "parameters.x: must be a text, a number, true, false or a date"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, said: str) -> None:
    assert problems(tmp_path, text) == [said]


def test_every_problem_is_named_at_once(tmp_path: Path) -> None:
    assert problems(tmp_path, "catalogs = []\nlocation = 1\n") == [
        "location: must be a text",
        "unknown key 'catalogs'; did you mean 'catalog'?",
    ]


def test_limits_of_a_change(tmp_path: Path) -> None:
    config = load(tmp_path, "max_increase_pct = '12.5 %'\nwarn_increase_pct = 0.1\nmin_usd = 0.05")
    assert (config.max_increase_pct, config.warn_increase_pct) == (Decimal("12.5"), Decimal("0.1"))
    assert (config.min_usd, config.max_increase_usd, config.min_read_share) == (Decimal("0.05"), None, None)
    assert load_config(None).min_usd == 0


def test_an_unknown_key_without_a_likeness_lists_the_known_ones(tmp_path: Path) -> None:
    (said,) = problems(tmp_path, "xyzzy = 1")
    assert said.startswith("unknown key 'xyzzy'; known: ")
    assert ", cache, catalog, dataset, " in said
    assert "folder" not in said


def test_what_is_no_toml(tmp_path: Path) -> None:
    assert problems(tmp_path, "a = [")[0].startswith("not TOML (")
    (tmp_path / "costguard.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageProblem, match="not TOML"):
        load_config(tmp_path / "costguard.toml")


def test_a_head_that_is_no_table(tmp_path: Path) -> None:
    assert problems(tmp_path, "[tool]\ncostguard = 3") == ["[tool.costguard] must be a table"]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=r"gone\.toml: cannot be read \(No such file"):
        load_config(tmp_path / "gone.toml")


@pytest.mark.parametrize("name", ["costguard.toml", "pyproject.toml"])
def test_a_file_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A stranger's change may bring it: it is not read to its end."""
    monkeypatch.setattr("costguard.config.MAXIMUM_BYTES", 100)
    path = tmp_path / name
    path.write_text("[tool.costguard]\n" + "#" * 100)
    with pytest.raises(UsageProblem, match=r"toml: larger than 100 bytes; no config is that large"):
        load_config(find_config(tmp_path))


# -- which file holds ----------------------------------------------------------------------------------


def test_the_nearest_config_holds(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    (tmp_path / "costguard.toml").touch()
    assert find_config(deep) == tmp_path / "costguard.toml"
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.costguard]\n")
    assert find_config(deep) == tmp_path / "a" / "pyproject.toml"
    (deep / "q.sql").touch()
    (deep / "costguard.toml").touch()
    assert find_config(deep / "q.sql") == deep / "costguard.toml"


def test_the_own_file_goes_before_pyproject(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.costguard]\n")
    (tmp_path / "costguard.toml").touch()
    assert find_config(tmp_path) == tmp_path / "costguard.toml"


def test_a_pyproject_of_others_is_passed_over(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "pyproject.toml").write_text("[tool.ruff]\n")
    (tmp_path / "pyproject.toml").write_text("[tool.costguard.rules]\n")
    assert find_config(inner) == tmp_path / "pyproject.toml"


def test_nothing_above_the_work_tree_holds(tmp_path: Path) -> None:
    inner = tmp_path / "repository" / "sql"
    inner.mkdir(parents=True)
    (tmp_path / "costguard.toml").touch()
    (tmp_path / "repository" / ".git").mkdir()
    assert find_config(inner) is None
    (tmp_path / "repository" / "costguard.toml").touch()
    assert find_config(inner) == tmp_path / "repository" / "costguard.toml"


def test_folders_with_rules(tmp_path: Path) -> None:
    """The default folder need not be there; one that is asked for must be."""
    path = tmp_path / "costguard.toml"
    path.write_text("")
    assert rule_directories(load_config(path)) == ()
    (tmp_path / ".costguard" / "rules").mkdir(parents=True)
    assert rule_directories(load_config(path)) == (tmp_path / ".costguard" / "rules",)
    path.write_text('[rules]\ndirectories = ["checks", "gone", "lost"]')
    (tmp_path / "checks").mkdir()
    with pytest.raises(UsageProblem) as caught:
        rule_directories(load_config(path))
    assert str(caught.value).splitlines() == [
        f"rules.directories: {tmp_path / 'gone'}: no such directory",
        f"rules.directories: {tmp_path / 'lost'}: no such directory",
    ]
    path.write_text('[rules]\ndirectories = "checks"')
    assert rule_directories(load_config(path)) == (tmp_path / "checks",)
    path.write_text("[rules]\ndirectories = []")
    assert rule_directories(load_config(path)) == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("catalog = " + "[" * 50_000, "nested too deep"),
        ("[tool]\ncostguard = 3", "[tool.costguard] must be a table"),
        ("tool = 3", "unknown key 'tool'; known: "),
        ('catalog = "\udcff"', "not TOML ('utf-8' codec can't decode byte 0xff"),
    ],
)
def test_documents_that_are_none(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "costguard.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(UsageProblem) as caught:
        load_config(path)
    assert str(caught.value).startswith(f"{path}: {message}")
    assert "\n" not in str(caught.value)


def test_another_tools_table_is_no_matter_of_ours(tmp_path: Path) -> None:
    assert load(tmp_path, "tool = 3\n", "pyproject.toml") == Config(
        folder=tmp_path, file_name="pyproject.toml"
    )
    assert load(tmp_path, "[tool.costguardian]\nx = 1\n", "pyproject.toml") == Config(
        folder=tmp_path, file_name="pyproject.toml"
    )
