"""Holds a document of `costguard diff` against its schema, which names rows of the scan's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
from referencing import Registry, Resource

HERE = Path(__file__).parent
SCHEMA = json.loads((HERE / "diff.schema.json").read_text())
SCAN = Resource.from_contents(json.loads((HERE / "scan-result.schema.json").read_text()))


def validate(document: Any) -> None:
    """Raises jsonschema.ValidationError."""
    registry = Registry().with_resource("scan-result.schema.json", SCAN)  # type: ignore[var-annotated]
    jsonschema.Draft202012Validator(SCHEMA, registry=registry).validate(document)
