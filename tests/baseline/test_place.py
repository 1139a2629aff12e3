"""Which file is used."""

from __future__ import annotations

from pathlib import Path

import pytest

from costguard.baseline.place import find_baseline
from costguard.config import Config
from costguard.errors import UsageProblem


def test_where_it_is(tmp_path: Path) -> None:
    own, folder = tmp_path / "own.json", tmp_path / "top"
    assert find_baseline(None, Config(), folder) is None
    default = folder / ".costguard" / "baseline.json"
    default.parent.mkdir(parents=True)
    default.touch()
    assert find_baseline(None, Config(), folder) == default
    named = Config(baseline=Path("own.json"), folder=tmp_path)
    with pytest.raises(UsageProblem) as caught:
        find_baseline(None, named, folder)
    assert str(caught.value) == f"{own}: there is no baseline; `costguard baseline write` makes one"
    own.touch()
    assert find_baseline(None, named, folder) == own
    assert find_baseline(default, named, folder) == default
    with pytest.raises(UsageProblem, match="there is no baseline"):
        find_baseline(tmp_path / "nowhere.json", Config(), folder)
