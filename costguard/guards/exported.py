"""What all exports say: what deletes data, and what is not in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Literal

from costguard.guards.declared import Guards, MaxBytes

Kind = Literal["sql", "terraform", "gcloud"]

DELETES: Final = "DELETES DATA: read docs/guards.md before you let this run."

DELETES_CLUSTER: Final = "DELETES THE CLUSTER, with what is on its disks (HDFS), when the time is over."


def disabled(lines: Iterable[str], mark: str) -> Iterator[str]:
    """Lines as comments."""
    for line in lines:
        yield f"{mark}{line}".rstrip()


def elsewhere(guards: Guards, kind: Kind) -> Iterator[str]:
    """What is declared and stands in no export of this kind, so that nobody takes it for done."""
    if guards.max_bytes != MaxBytes():
        yield "Not here: max_bytes; the code sets maximum_bytes_billed (`costguard guard suggest PATH` shows where)."
    if kind == "sql":
        for name, found in (
            ("quota", guards.quota),
            ("alert", guards.alert),
            ("time_limit", guards.time_limit),
        ):
            if found:
                yield f"Not here: {len(found)} of {name}; --terraform or --gcloud exports them."
