"""Which macro a piece of a template calls."""

from __future__ import annotations

import pytest

from costguard.judge.called_macro import called_macro


@pytest.mark.parametrize(
    ("code", "macro"),
    [
        ("{{ pools('base', 2) }}", "pools"),
        ("{{-\n    pools(\n        blockchain = 'base'", "pools"),
        ("{{ dbt_utils.star(from=x) }}", "dbt_utils.star"),
        ("{{ ref('orders') }}", None),
        ("{{ source('shop', 'orders') }}", None),
        ("{{ order_by }}", None),
        ("ORDER BY {{ keys('a') }}", None),
        ("{% if pools('base') %}", None),
    ],
)
def test_the_macro_that_is_called(code: str, macro: str | None) -> None:
    assert called_macro(code) == macro
