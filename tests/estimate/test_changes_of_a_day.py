"""DML that a value of the run limits to one partition changes that partition, not the table."""

from __future__ import annotations

import pytest

from tests.estimate.statements import estimated, query_of
from tests.estimate.test_optional_filters import TABLE


@pytest.mark.parametrize(
    ("sql", "point", "high"),
    [
        # The filter's column, and all of the day: 100 rows of 8 and of 16 bytes.
        ("DELETE FROM p.d.t WHERE day = @day", 2400, 2400),
        ("UPDATE p.d.t SET a = 1 WHERE day = @day", 2400, 2400),
        ("UPDATE p.d.t SET a = 1 WHERE day IN (@one, @other)", 4800, 4800),
        # How many days are later than a value is not known.
        ("UPDATE p.d.t SET a = 1 WHERE day > @day", 7200, 7200),
    ],
)
def test_bytes(sql: str, point: int, high: int) -> None:
    query = query_of(estimated(sql, TABLE))
    assert (query["bytes"], query["bytes_high"]) == (point, high)
