"""Money and bytes."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costguard.money import (
    BASES,
    BYTES_MINIMUM,
    MIB,
    TIB,
    ByteRange,
    Dollars,
    Seconds,
    billed_bytes,
    decimal_string,
    format_bytes,
    format_seconds,
    format_usd,
    price_bytes,
    worst_basis,
)


@pytest.mark.parametrize(
    ("processed", "billed"),
    [
        (0, 0),
        (1, 10_485_760),
        (10_485_760, 10_485_760),
        (10_485_761, 11_534_336),
        (110_355_534, 111_149_056),  # a published job
        (1_135_353_688, 1_135_607_808),  # a published job
    ],
)
def test_billed_bytes(processed: int, billed: int) -> None:
    assert billed_bytes(processed) == billed


def test_negative_bytes_are_refused() -> None:
    with pytest.raises(ValueError, match="negative bytes: -1"):
        billed_bytes(-1)


@given(st.integers(min_value=1, max_value=2**60))
def test_billing_rounds_up_by_less_than_a_mebibyte(processed: int) -> None:
    billed = billed_bytes(processed)
    assert billed % MIB == 0
    assert billed >= max(processed, BYTES_MINIMUM)
    assert billed - max(processed, BYTES_MINIMUM - MIB + 1) < MIB


def test_a_tebibyte_costs_its_price() -> None:
    assert price_bytes(ByteRange.exactly(TIB), Decimal("6.25")) == Dollars(
        Decimal("6.25"), Decimal("6.25"), Decimal("6.25"), "exact"
    )


def test_a_sum_is_as_good_as_its_worst_part() -> None:
    total = ByteRange.exactly(5) + ByteRange(0, 7, 9, "upper-bound")
    assert total == ByteRange(5, 12, 14, "upper-bound")
    assert worst_basis() == "exact"
    assert worst_basis("job", "unknown", "exact") == "unknown"


def test_ranges_must_be_in_order() -> None:
    with pytest.raises(ValueError, match="out of order"):
        ByteRange(3, 2, 4, "exact")
    with pytest.raises(ValueError, match="unknown basis"):
        ByteRange(1, 1, 1, "guess")
    with pytest.raises(ValueError, match="out of order"):
        Dollars(Decimal(2), Decimal(1), Decimal(3), "exact")


def test_bytes_and_dollars_do_not_mix() -> None:
    with pytest.raises(TypeError):
        ByteRange.exactly(1) + Dollars(Decimal(1), Decimal(1), Decimal(1), "exact")  # type: ignore[operator]


@given(st.decimals(min_value="0.0000001", max_value="1000000", allow_nan=False, places=9))
def test_no_amount_prints_as_nothing(amount: Decimal) -> None:
    if amount > 0:
        digits = format_usd(amount).replace("$", "").replace(",", "").replace(".", "")
        assert set(digits) != {"0"}


def test_formats() -> None:
    assert format_usd(Decimal("0.0949")) == "$0.095"
    assert format_usd(Decimal("1234.5")) == "$1,234.50"
    assert format_bytes(412 * 2**30) == "412 GiB"
    assert decimal_string(Decimal("-0.5")) == "-0.50"


def test_seconds_cost_what_the_machine_costs() -> None:
    time = Seconds(Decimal(1800), Decimal(3600), Decimal(7200), "modelled")
    assert time.price(Decimal("0.194236")) == Dollars(
        Decimal("0.097118"), Decimal("0.194236"), Decimal("0.388472"), "modelled"
    )
    with pytest.raises(ValueError, match="out of order"):
        Seconds(Decimal(2), Decimal(1), Decimal(3), "modelled")
    with pytest.raises(ValueError, match="unknown basis"):
        Seconds(Decimal(1), Decimal(1), Decimal(1), "guess")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        ("0", "0 s"),
        ("0.00012", "0.00012 s"),
        ("19", "19 s"),
        ("60", "1 min"),
        ("3599", "60 min"),
        ("3600", "1 h"),
        ("86400", "24 h"),
    ],
)
def test_format_seconds(seconds: str, text: str) -> None:
    assert format_seconds(Decimal(seconds)) == text


AMOUNTS = st.builds(
    lambda ends, basis: ByteRange(*sorted(ends), basis),
    st.lists(st.integers(0, 2**60), min_size=3, max_size=3),
    st.sampled_from(BASES),
)
PRICES = st.decimals(min_value="0", max_value="400", allow_nan=False, places=5)


@given(AMOUNTS, AMOUNTS, AMOUNTS)
def test_bytes_add_in_any_order_and_stay_ordered(one: ByteRange, two: ByteRange, three: ByteRange) -> None:
    assert one + two == two + one
    assert (one + two) + three == one + (two + three)
    total = one + two
    assert total.low <= total.point <= total.high
    assert BASES.index(total.basis) == max(BASES.index(one.basis), BASES.index(two.basis))


@given(AMOUNTS, AMOUNTS, PRICES)
def test_dollars_add_in_any_order_and_stay_ordered(one: ByteRange, two: ByteRange, price: Decimal) -> None:
    first, second = price_bytes(one, price), price_bytes(two, price)
    assert first + second == second + first
    total = first + second
    assert total.low <= total.point <= total.high
    assert total.times(3).point == total.point * 3


@given(AMOUNTS)
def test_billed_is_never_less_than_processed_and_keeps_the_order(amount: ByteRange) -> None:
    billed = [billed_bytes(end) for end in (amount.low, amount.point, amount.high)]
    assert billed == sorted(billed)
    assert all(
        end >= processed
        for end, processed in zip(billed, (amount.low, amount.point, amount.high), strict=True)
    )


def test_nothing_is_the_best_basis_of_a_sum() -> None:
    assert worst_basis() == "exact"
    assert ByteRange.exactly(5) + ByteRange.exactly(6) == ByteRange(11, 11, 11, "exact")
