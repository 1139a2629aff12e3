"""What pydantic says of a value, in plain words."""

from __future__ import annotations

import doctest
from datetime import date
from decimal import Decimal
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field, ValidationError

from costguard import field_words as module
from costguard.field_words import field_words


class Values(BaseModel):
    """One of each kind."""

    day: date | None = None
    level: Literal["low", "high"] = "low"
    share: Decimal = Field(Decimal(0), ge=0, le=1)
    times: int = Field(1, gt=0)
    name: str = Field("x", min_length=1)


def test_docstrings() -> None:
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"day": "2026-11-01T12:00:00"}, "must be a day such as 2027-01-01"),
        ({"level": "none"}, "must be 'low' or 'high'"),
        ({"share": -1}, "must be at least 0"),
        ({"share": 2}, "must be at most 1"),
        ({"share": "half"}, "must be a number"),
        ({"times": 0}, "must be more than 0"),
        ({"name": ""}, "must not be empty"),
        ({"times": 1.5}, "must be a whole number"),
    ],
)
def test_words(value: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Values.model_validate(value)
    assert [field_words(item) for item in caught.value.errors()] == [said]


def test_words_of_the_caller_go_before() -> None:
    item = {"type": "string_type", "msg": "Input should be a valid string"}
    assert field_words(item) == "must be a text"
    assert field_words(item, {"string_type": "must be a name"}) == "must be a name"
