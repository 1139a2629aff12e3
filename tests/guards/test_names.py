"""What may stand in SQL and in commands."""

from __future__ import annotations

import pytest

from costguard.guards.names import (
    channel_name,
    dataset_name,
    location_name,
    project_name,
    resource_name,
    table_name,
)


def test_names_of_tables_and_datasets() -> None:
    assert table_name("my-project.shop.orders 2026-é").sql == "`my-project.shop.orders 2026-é`"
    assert str(table_name("example.com:p.d.t")) == "example.com:p.d.t"
    assert dataset_name("p.d_1").sql == "`p.d_1`"


@pytest.mark.parametrize(
    "text",
    [
        *("d.t", "p.d.", "p..t", ".d.t", "p.d.t`; DROP TABLE x; --", "p.d.t\\", "p.d.a\nb", "p.d.t$1"),
        *("P.d.t", "p.d-1.t", "p.d.t.u.v'", "p.d." + "a" * 1025, "p.d.a\x1bb", "p;.d.t"),
    ],
)
def test_no_tables(text: str) -> None:
    with pytest.raises(ValueError, match="is no table such as"):
        table_name(text)


@pytest.mark.parametrize("text", ["d", "p.d d", "p.d`", "p.é", ".d", "p."])
def test_no_datasets(text: str) -> None:
    with pytest.raises(ValueError, match="is no dataset such as"):
        dataset_name(text)


def test_other_names() -> None:
    assert project_name("my-project") == "my-project"
    assert channel_name("projects/p/notificationChannels/1") == "projects/p/notificationChannels/1"
    assert resource_name("churn-sessions") == "churn-sessions"
    assert location_name("us-central1-a") == "us-central1-a"
    for check, text in (
        (project_name, "p p"),
        (channel_name, "channels/1"),
        (resource_name, "-a; rm"),
        (location_name, "US central"),
    ):
        with pytest.raises(ValueError, match="is no"):
            check(text)
