"""Small projects to look at."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

PROFILES = """\
shop:
  target: prod
  outputs:
    dev: {type: bigquery, project: my-sandbox, dataset: dev_me, location: US}
    prod: {type: bigquery, project: kestrel-prod, dataset: marts, location: EU}
"""
DBT = {
    "dbt_project.yml": "name: shop\nprofile: shop\nmodel-paths: [models]\n",
    "profiles.yml": PROFILES,
    "models/orders.sql": "SELECT id FROM {{ source('raw', 'orders') }}\n",
}


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Files by their paths."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def git(folder: Path, *arguments: str) -> str:
    """Run git as nobody in particular."""
    quiet = {
        "GIT_CONFIG_GLOBAL": str(folder / "no-such-file"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "A",
        "GIT_AUTHOR_EMAIL": "a@example.com",
        "GIT_COMMITTER_NAME": "A",
        "GIT_COMMITTER_EMAIL": "a@example.com",
    }
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")} | quiet
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, env=environment, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def repository(folder: Path, files: Mapping[str, str], origin: str | None = None) -> Path:
    """A repository with one commit on `main`."""
    write(folder, files)
    git(folder, "init", "--quiet", "--initial-branch", "main")
    if origin is not None:
        git(folder, "remote", "add", "origin", origin)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "first")
    return folder
