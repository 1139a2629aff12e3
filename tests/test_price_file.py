"""A price file comes back as it was written, and nothing but a whole one is taken."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from costguard import price_file
from costguard.errors import UsageProblem
from costguard.price_file import ListedService, ListedSku, PriceFile, Tier, price_file_text, read_price_file
from tests.listed import analysis, listed, machine, prices

SCHEMA = json.loads(Path(__file__).with_name("price-file.schema.json").read_text())
TEXT = """\
{
  "version": 1,
  "as_of": "2026-11-01",
  "source": "a test",
  "currency": "USD",
  "services": [
    {"id": "24E6-581D-38E5", "name": "BigQuery", "left_out": 0},
    {"id": "6F81-5844-456A", "name": "Compute Engine", "left_out": 12}
  ],
  "skus": [
    {"service": "24E6-581D-38E5", "id": "A", "description": "Analysis (\\u00fc)", "family": "ApplicationServices", \
"group": "", "usage_type": "OnDemand", "regions": ["eu", "us"], "geography": "regional", "unit": "TiBy", \
"effective": "2026-11-01T00:00:00Z", "tiers": [{"start": "0", "price": "0"}, {"start": "1", "price": "6.25"}]},
    {"service": "24E6-581D-38E5", "id": "B", "description": "", "family": "ApplicationServices", "group": "", \
"usage_type": "OnDemand", "regions": [], "geography": "regional", "unit": "h", "effective": null, "tiers": []}
  ]
}
"""


def test_the_document_to_the_letter() -> None:
    second, first = listed("B", "", {}, "h", effective=None), analysis("A", "ü", "6.250000000", "us", "eu")
    assert price_file_text(prices(second, first)) == TEXT
    jsonschema.validate(json.loads(TEXT), SCHEMA)


def test_no_services_and_no_skus(tmp_path: Path) -> None:
    empty = PriceFile(date(2026, 11, 1), "s", "USD", (), ())
    (tmp_path / "p.json").write_text(price_file_text(empty))
    assert read_price_file(tmp_path / "p.json") == empty


TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
AMOUNTS = st.decimals(-(10**18), 10**18, places=9)
SKUS = st.builds(
    ListedSku,
    service=st.sampled_from(["a", "b"]),
    id=NAMES,
    description=TEXTS,
    family=TEXTS,
    group=TEXTS,
    usage_type=TEXTS,
    regions=st.lists(TEXTS, max_size=3).map(lambda names: tuple(sorted(names))),
    geography=st.sampled_from(["global", "regional", "multi-regional", "unknown"]),
    unit=TEXTS,
    effective=st.none()
    | st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)).map(
        lambda moment: moment.replace(microsecond=0)
    ),
    tiers=st.lists(st.builds(Tier, AMOUNTS, AMOUNTS), max_size=3).map(tuple),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.lists(SKUS, max_size=4, unique_by=lambda sku: (sku.service, sku.id)))
def test_what_is_written_is_read(tmp_path: Path, skus: list[ListedSku]) -> None:
    skus.sort(key=lambda sku: (sku.service, sku.id))
    services = (ListedService("a", "A", 0), ListedService("b", "", 7))
    whole = PriceFile(date(2026, 11, 1), "source", "USD", services, tuple(skus))
    text = price_file_text(whole)
    path = tmp_path / "prices.json"
    path.write_text(text)
    assert read_price_file(path) == whole
    assert price_file_text(read_price_file(path)) == text
    jsonschema.validate(json.loads(text), SCHEMA)


def refused(path: Path) -> str:
    with pytest.raises(UsageProblem) as problem:
        read_price_file(path)
    text = str(problem.value)
    assert text.startswith(f"{path}: ")
    assert text.endswith("`costguard prices refresh` writes one")
    assert "\n" not in text
    return text.removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not JSON ("),
        (b"\xff\xfe", "not JSON ("),
        (b"{", "not JSON ("),
        (b"[]", "no price file: it has no `version`"),
        (b'{"skus": []}', "no price file: it has no `version`"),
        (b'{"version": 2}', "version 2 of the price file is not known here, 1 is"),
        (b'{"version": "1"}', "version '1' of the price file is not known here, 1 is"),
        (b'{"version": true}', "version True of the price file"),
        (b'{"version": 1}', "as_of: is missing (and 4 more)"),
        (b"[" * 100_000, "not JSON ("),
    ],
)
def test_what_is_no_price_file(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "p.json").write_bytes(content)
    assert refused(tmp_path / "p.json").startswith(said)


def test_no_file_at_all(tmp_path: Path) -> None:
    assert refused(tmp_path / "p.json").startswith("no such price file; ")


def test_a_directory(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="cannot be read"):
        read_price_file(tmp_path)


def test_a_field_that_is_new_is_let_be(tmp_path: Path) -> None:
    document = json.loads(TEXT)
    document["new"] = document["skus"][0]["new"] = {"a": 1}
    (tmp_path / "p.json").write_text(json.dumps(document))
    assert len(read_price_file(tmp_path / "p.json").skus) == 2


def put(*path: str | int, value: Any) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        for part in path[:-1]:
            document = document[part]
        document[path[-1]] = value

    return change


PRICE = ("skus", 0, "tiers", 1, "price")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (put("as_of", value="yesterday"), "as_of: "),
        (put("as_of", value=20261101), "as_of: "),
        (put("currency", value="EUR"), "prices are in 'EUR'; estimates are in USD"),
        (put(*PRICE, value=6.25), "skus[0].tiers[1].price: must be a decimal number as text"),
        (put(*PRICE, value="1e9"), "skus[0].tiers[1].price: must be a decimal number as text"),
        (put(*PRICE, value="NaN"), "skus[0].tiers[1].price: must be a decimal number as text"),
        (put(*PRICE, value="9" * 20), "skus[0].tiers[1].price: must be a decimal number as text"),
        (put(*PRICE, value="١"), "skus[0].tiers[1].price: must be a decimal number as text"),
        (put("skus", 1, "geography", value="lunar"), "skus[1].geography: "),
        (put("skus", 1, "id", value=""), "skus[1].id: must not be empty"),
        (put("skus", 1, "id", value="A"), "SKU A of 24E6-581D-38E5 is there 2 times"),
        (put("skus", 1, "service", value="X"), "SKU B: its service 'X' is not under `services`"),
        (put("skus", 1, "effective", value="soon"), "skus[1].effective: "),
        (put("services", 0, "left_out", value="0"), "services[0].left_out: "),
    ],
)
def test_a_wrong_field_is_named(tmp_path: Path, change: Callable[[Any], None], said: str) -> None:
    document = json.loads(TEXT)
    change(document)
    (tmp_path / "p.json").write_text(json.dumps(document))
    assert refused(tmp_path / "p.json").startswith(said)


def test_too_large_to_write_or_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(price_file, "MAXIMUM_BYTES", 1 << 10)
    with pytest.raises(UsageProblem, match="choose fewer with --service"):
        price_file_text(prices(*(machine(str(number), "x", "1") for number in range(10))))
    (tmp_path / "p.json").write_text(" " * 1025)
    assert refused(tmp_path / "p.json").startswith("larger than 1,024 bytes; no price file; ")


def test_amounts_are_the_very_digits(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text(price_file_text(prices(machine("A", "x", "0.000000001"))))
    (sku,) = read_price_file(tmp_path / "p.json").skus
    assert sku.tiers == (Tier(Decimal(0), Decimal("0.000000001")),)
