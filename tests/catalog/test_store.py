"""Catalogs as files."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from costguard.catalog.load import load_catalog
from costguard.catalog.store import check_catalog_name, write_catalog
from costguard.errors import UsageProblem

DOCUMENT = {
    "version": 1,
    "as_of": "2026-11-01T00:00:00Z",
    "tables": [{"name": "p.d.a", "rows": 1}, {"name": "p.d.ü"}],
}


@pytest.mark.parametrize("name", ["c.json", "c.json.gz"])
def test_what_is_written_is_read_again(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write_catalog(DOCUMENT, path)
    catalog = load_catalog([path])
    assert (catalog.as_of, list(catalog)) == ("2026-11-01T00:00:00Z", ["p.d.a", "p.d.ü"])
    first = path.read_bytes()
    write_catalog(DOCUMENT, path)
    assert path.read_bytes() == first


def test_a_table_a_line(tmp_path: Path) -> None:
    write_catalog(DOCUMENT, tmp_path / "c.json")
    write_catalog(DOCUMENT, tmp_path / "c.json.gz")
    text = (tmp_path / "c.json").read_text()
    assert json.loads(text) == DOCUMENT
    assert text.splitlines()[1] == '{"name":"p.d.a","rows":1},'
    assert gzip.decompress((tmp_path / "c.json.gz").read_bytes()).decode() == text


def test_no_tables(tmp_path: Path) -> None:
    write_catalog({"version": 1, "as_of": None, "tables": []}, tmp_path / "c.json")
    assert len(load_catalog([tmp_path / "c.json"])) == 0


def test_other_names_are_refused() -> None:
    with pytest.raises(UsageProblem, match=r"c\.yaml: a catalog is a \.json or a \.json\.gz file"):
        check_catalog_name(Path("c.yaml"))
    check_catalog_name(Path("C.JSON.gz"))
