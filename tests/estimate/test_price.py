"""List prices: every location against the list, and what a billed TiB of a statement costs."""

from __future__ import annotations

from decimal import Decimal

import pytest

from costguard.estimate.price import UnknownLocationError, price_book

# On-demand prices per TiB as of 2026-07-25 (cloud.google.com/bigquery/pricing, US dollars).
LIST = """
6.25      US EU us-central1 us-east1 us-east4 us-east5 us-east7 us-west1 us-west4 us-west8
6.5625    northamerica-northeast1 northamerica-northeast2 europe-north2 asia-southeast4
6.8125    northamerica-south1
7.1875    asia-east1
7.50      europe-west1 europe-west4 europe-north1 asia-northeast1 asia-northeast2 asia-northeast3
7.50      asia-south1 asia-south2 asia-southeast2 asia-southeast3 me-west1 africa-south1 us-south1
7.59375   me-central1
7.8125    europe-west2 europe-west8 europe-west9 europe-southwest1
8.0625    europe-west12
8.125     europe-west3 europe-central2 australia-southeast1 australia-southeast2
8.4375    asia-southeast1 us-west2 us-west3
8.75      asia-east2 europe-west6
8.9375    southamerica-west1
9.625     europe-west10
10.00     me-central2
11.25     southamerica-east1
"""
PRICES = {
    location: Decimal(line.split()[0]) for line in LIST.strip().splitlines() for location in line.split()[1:]
}


@pytest.mark.parametrize(("location", "price"), sorted(PRICES.items()))
def test_the_price_of_a_location(location: str, price: Decimal) -> None:
    book = price_book()
    assert book.price(location) == price
    assert book.price(f" {location.upper()} ") == price


def test_the_list_has_no_other_location() -> None:
    assert set(price_book().usd_per_tib) == {location.lower() for location in PRICES}


def test_the_list_says_where_and_when_it_was_read() -> None:
    book = price_book()
    assert book.note("US") == "list of 2026-07-25"
    assert "cloud.google.com/bigquery/pricing" in book.source


@pytest.mark.parametrize("location", ["", "mars-east1", "us-east"])
def test_an_unknown_location_has_no_price(location: str) -> None:
    with pytest.raises(UnknownLocationError, match="us-central1"):
        price_book().price(location)


@pytest.mark.parametrize(
    ("statement", "model_type", "price"),
    [
        ("SELECT", None, "6.25"),
        ("CREATE TABLE AS", None, "6.25"),
        # 50 times 6.25 (docs: information-schema-jobs)
        ("CREATE MODEL", None, "312.50"),
        ("CREATE MODEL", "LINEAR_REG", "312.50"),
        ("CREATE MODEL", "KMEANS", "312.50"),
        # trained by Vertex AI: the bytes once
        ("CREATE MODEL", "BOOSTED_TREE_CLASSIFIER", "6.25"),
        ("CREATE MODEL", "'dnn_regressor'", "6.25"),
        ("CREATE MODEL", "RANDOM_FOREST_REGRESSOR", "6.25"),
        ("CREATE MODEL", "AUTOML_REGRESSOR", "6.25"),
        ("CREATE MODEL", "DNN_LINEAR_COMBINED_CLASSIFIER", "6.25"),
    ],
)
def test_the_price_of_a_statement(statement: str, model_type: str | None, price: str) -> None:
    assert price_book().statement_price("US", statement, model_type) == Decimal(price)


def test_the_multiple_is_of_the_location_s_price() -> None:
    assert price_book().statement_price("europe-west3", "CREATE MODEL") == Decimal("406.25")  # 50 * 8.125
