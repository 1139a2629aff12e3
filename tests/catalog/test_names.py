"""Every spelling of a table name finds its table, and nothing else does."""

from __future__ import annotations

import doctest

import pytest

from costguard.catalog import names as module
from costguard.catalog.model import Catalog
from costguard.catalog.names import NameResolver, Resolved, split_name

NAMES = [
    "p.d.t",
    "p.d.T",
    "p.e.t",
    "q.d.u",
    "p.d.events_20260101",
    "p.d.events_20260102",
    "p.d.events_view",
    "p.d.eventful",
    "q.w.log_1",
    "p.two.same",
    "q.two.same",
    "p.logs.x_1",
    "q.logs.x_2",
    "example.com:p.d.t",
    "my-project.d.my-table",
]
CATALOG = Catalog({name: {"name": name, "kind": "view" if "view" in name else "table"} for name in NAMES})


def resolve(written: str, project: str | None = None, dataset: str | None = None) -> Resolved:
    return NameResolver(CATALOG, project, dataset).resolve(written)


def found(written: str, project: str | None = None, dataset: str | None = None) -> str | None:
    """The table that a name means, None when there is none."""
    resolved = resolve(written, project, dataset)
    return resolved.name if resolved.meaning == "table" else None


def test_docstrings() -> None:
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    "written",
    ["p.d.t", "`p.d.t`", "p.`d`.t", "`p`.`d`.`t`", "`p.d`.t", " p.d.t ", "[p:d.t]", "p:d.t", "P.d.t"],
)
def test_spellings_of_a_full_name(written: str) -> None:
    assert resolve(written) == Resolved("table", "p.d.t")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("p.d.T", "p.d.T"),
        ("p.D.t", None),
        ("P.d.T", "p.d.T"),
        ("p.d.U", None),
        ("my-project.d.my-table", "my-project.d.my-table"),
        ("example.com:p.d.t", "example.com:p.d.t"),
        ("`example.com:p.d.t`", "example.com:p.d.t"),
        ("[example.com:p:d.t]", "example.com:p.d.t"),
    ],
)
def test_case_and_odd_names(written: str, expected: str | None) -> None:
    """Projects have lower-case letters only; datasets and tables tell upper from lower case."""
    assert found(written) == expected


@pytest.mark.parametrize(
    ("written", "project", "dataset", "expected"),
    [
        ("d.t", "p", None, "p.d.t"),
        ("`d`.t", "P", None, "p.d.t"),
        ("d.t", "q", None, None),
        ("d.u", "q", None, "q.d.u"),
        ("t", "p", "d", "p.d.t"),
        ("t", "p", "e", "p.e.t"),
        ("t", "p", None, None),
        ("e.t", "p", "d", "p.e.t"),
        # A default dataset may bring its project along; a dataset that the query names is of the default project.
        ("t", None, "p.d", "p.d.t"),
        ("u", "p", "q.d", "q.d.u"),
        ("e.t", "p", "q.d", "p.e.t"),
        ("e.t", None, "p.d", "p.e.t"),
        ("p.d.t", "q", "e", "p.d.t"),
    ],
)
def test_defaults(written: str, project: str | None, dataset: str | None, expected: str | None) -> None:
    assert found(written, project, dataset) == expected
    assert not resolve(written, project, dataset).assumed_project


@pytest.mark.parametrize(
    ("written", "dataset", "expected"),
    [
        ("e.t", None, "p.e.t"),
        ("t", "e", "p.e.t"),
        ("d.u", None, "q.d.u"),
        ("two.same", None, None),
        ("d.nope", None, None),
    ],
)
def test_without_a_project_the_only_one_is_meant(
    written: str, dataset: str | None, expected: str | None
) -> None:
    resolved = resolve(written, None, dataset)
    assert (resolved.meaning, resolved.assumed_project) == (
        ("table", True) if expected is not None else ("unknown", False)
    )
    assert resolved.name == (expected or written)


@pytest.mark.parametrize(
    "written", ["", "`", "a..b", ".t", "p.d.", "p.d.t.x", "region-us.t", "p.d.nope", "nope", "p.d t", "?"]
)
def test_unknown_names_stay_as_they_are_written(written: str) -> None:
    assert resolve(written, "p", "d") == Resolved("unknown", written)


@pytest.mark.parametrize(
    ("written", "partition", "at_time"),
    [
        ("p.d.t$20260101", "20260101", False),
        ("`p.d.t$20260101`", "20260101", False),
        ("p.d.t$__NULL__", "__NULL__", False),
        ("[p:d.t@-3600000]", None, True),
        ("p.d.t@1700000000000-1700000100000", None, True),
    ],
)
def test_decorators(written: str, partition: str | None, at_time: bool) -> None:
    assert resolve(written) == Resolved("table", "p.d.t", (), (), partition, at_time)


# -- wildcards -----------------------------------------------------------------------------------------


def test_a_wildcard_stands_for_tables_but_no_views() -> None:
    assert resolve("`p.d.events_*`") == Resolved(
        "wildcard",
        "p.d.events_*",
        ("p.d.events_20260101", "p.d.events_20260102"),
        ("20260101", "20260102"),
    )


@pytest.mark.parametrize(
    ("written", "project", "dataset", "members"),
    [
        ("p.d.event*", None, None, ["ful", "s_20260101", "s_20260102"]),
        ("d.events_*", "p", None, ["20260101", "20260102"]),
        ("events_*", "p", "d", ["20260101", "20260102"]),
        ("p.e.*", None, None, ["t"]),
    ],
)
def test_spellings_of_a_wildcard(
    written: str, project: str | None, dataset: str | None, members: list[str]
) -> None:
    assert list(resolve(written, project, dataset).suffixes) == members


def test_a_wildcard_without_a_project() -> None:
    only = resolve("w.log_*")
    assert (only.name, only.members, only.assumed_project) == ("q.w.log_*", ("q.w.log_1",), True)
    assert (
        resolve("d.events_*").name == "p.d.events_*"
    )  # the other projects with a dataset d have no such tables
    assert resolve("logs.x_*") == Resolved("unknown", "logs.x_*")
    assert resolve("p.d.nope_*") == Resolved("unknown", "p.d.nope_*")


# -- INFORMATION_SCHEMA ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("p.d.INFORMATION_SCHEMA.TABLES", "p.d.INFORMATION_SCHEMA.TABLES"),
        ("d.information_schema.COLUMNS", "d.information_schema.COLUMNS"),
        ("`region-us`.INFORMATION_SCHEMA.JOBS", "region-us.INFORMATION_SCHEMA.JOBS"),
        ("p.`region-us`.INFORMATION_SCHEMA.JOBS", "p.region-us.INFORMATION_SCHEMA.JOBS"),
        ("INFORMATION_SCHEMA.TABLES", "p.d.INFORMATION_SCHEMA.TABLES"),
    ],
)
def test_information_schema(written: str, name: str) -> None:
    assert resolve(written, "p", "d") == Resolved("information_schema", name)


def test_a_table_may_be_called_information_schema() -> None:
    assert resolve("p.d.information_schema").meaning == "unknown"


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("t", ["t"]),
        ("d.t", ["d", "t"]),
        ("p:d.t", ["p", "d", "t"]),
        ("x.com:p.d.t", ["x.com:p", "d", "t"]),
        ("x.com:p:d.t", ["x.com:p", "d", "t"]),
    ],
)
def test_parts(written: str, parts: list[str]) -> None:
    assert split_name(written) == parts


def test_an_answer_is_kept() -> None:
    resolver = NameResolver(CATALOG, "p", "d")
    assert resolver.resolve("t") is resolver.resolve("t")
