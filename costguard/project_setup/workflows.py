"""The workflow of GitHub and the job of GitLab that check a change. Both are safe for changes by strangers: nothing of
the change is executed, and no secret is within its reach (docs/decisions/015-comments-from-forks.md)."""

from __future__ import annotations

import json
import re
from typing import Final

from costguard.errors import UsageProblem

CHECKOUT: Final = "actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683 # v4.2.2"
SETUP_PYTHON: Final = "actions/setup-python@a26af69be951a213d495a4c3e4e4022e16d87065 # v5.6.0"
"""By commit: a tag can be moved."""
PYTHON: Final = "3.12"

_GITHUB: Final = """\
# What a change costs, before it is merged. `costguard init` wrote it; it is yours to change.
name: costguard

# Not pull_request_target: that one gives a stranger's change a token that may write, and the secrets.
on:
  pull_request:

# Of a pull request from a fork the token may only read, whatever stands here: the job summary says it.
permissions:
  contents: read
  pull-requests: write

concurrency:
  group: costguard-${{ github.ref }}
  cancel-in-progress: true

jobs:
  costguard:
    runs-on: ubuntu-latest
    timeout-minutes: 15
    env:
      COSTGUARD_PACKAGE: <PACKAGE>
    defaults:
      run:
        working-directory: <FOLDER>
    steps:
      - uses: <CHECKOUT>
        with:
          fetch-depth: 0 # the change is compared with where it began
          persist-credentials: false
      - uses: <SETUP_PYTHON>
        with:
          python-version: "<PYTHON>"
      - name: Install costguard
        run: |
          python -I -m venv --without-pip "$RUNNER_TEMP/costguard"
          python -I -m pip --python "$RUNNER_TEMP/costguard" install --quiet "$COSTGUARD_PACKAGE"
      - name: What does the change cost?
        run: |
          "$RUNNER_TEMP/costguard/bin/costguard" diff . --format github --also github-summary \\
            --also "json=$RUNNER_TEMP/costguard-diff.json"
      - name: Comment
        if: "${{ !cancelled() }}"
        continue-on-error: true # the gate has decided already
        env:
          GITHUB_TOKEN: "${{ github.token }}"
        run: |
          if [ -f "$RUNNER_TEMP/costguard-diff.json" ]; then
            unset GITHUB_STEP_SUMMARY # it says the same already
            "$RUNNER_TEMP/costguard/bin/costguard" comment github --diff "$RUNNER_TEMP/costguard-diff.json"
          fi
"""

_GITLAB: Final = """\
# What a change costs, before it is merged: a job for merge requests.
#
# The note needs the variable GITLAB_TOKEN: a project access token (role Reporter, scope api), masked, and not
# protected, for branches that are not protected would not get it. Pipelines of forks never get it: there, and without
# a token, what the note would say stands in the log of the job.
costguard:
  stage: test
  image: python:<PYTHON>
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH # what merge requests are compared with
  variables:
    GIT_DEPTH: "0" # the change is compared with where it began
    COSTGUARD_PACKAGE: <PACKAGE>
    COSTGUARD_FOLDER: <FOLDER>
    COSTGUARD_ENVIRONMENT: "/tmp/costguard-$CI_JOB_ID"
  script:
    - python -I -m venv --without-pip "$COSTGUARD_ENVIRONMENT"
    - python -I -m pip --python "$COSTGUARD_ENVIRONMENT" install --quiet "$COSTGUARD_PACKAGE"
    - cd "$COSTGUARD_FOLDER"
    # What the whole project has, of which GitLab shows in a merge request what the default branch has not. What cannot
    # be checked, the diff says.
    - >-
      "$COSTGUARD_ENVIRONMENT/bin/costguard" scan . --quiet --exit-zero --format gitlab
      --output "$CI_PROJECT_DIR/gl-code-quality-report.json" || true
    - |
      if [ "$CI_PIPELINE_SOURCE" = merge_request_event ]; then
        "$COSTGUARD_ENVIRONMENT/bin/costguard" diff . --also "json=$CI_PROJECT_DIR/costguard-diff.json" \\
          --also "junit=$CI_PROJECT_DIR/costguard-junit.xml"
      fi
  after_script: # it cannot change what the job comes to
    - |
      if [ -f costguard-diff.json ]; then
        "$COSTGUARD_ENVIRONMENT/bin/costguard" comment gitlab --diff costguard-diff.json
      fi
  artifacts:
    when: always
    expire_in: 1 week
    paths:
      - costguard-diff.json
    reports:
      codequality: gl-code-quality-report.json
      junit: costguard-junit.xml
"""

GITLAB_FILE: Final = ".gitlab/costguard.yml"
GITLAB_INCLUDE: Final = f"""\
include:
  - local: {GITLAB_FILE}
"""


def github_workflow(package: str, folder: str = ".") -> str:
    """A workflow for pull requests. `package`: what pip installs; `folder`: what is checked, from the repository's top.

    Raises:
        UsageProblem: a text that cannot stand in a workflow.
    """
    return _filled(_GITHUB, _plain("package", package), _plain("folder", folder))


def gitlab_job(package: str, folder: str = ".") -> str:
    """A job for merge requests, likewise."""
    return _filled(
        _GITLAB, _plain("package", package).replace("$", "$$"), _plain("folder", folder).replace("$", "$$")
    )


def _filled(template: str, package: str, folder: str) -> str:
    values = {
        "PACKAGE": json.dumps(package),
        "FOLDER": json.dumps(folder),
        "CHECKOUT": CHECKOUT,
        "SETUP_PYTHON": SETUP_PYTHON,
        "PYTHON": PYTHON,
    }
    return re.sub(r"<([A-Z_]+)>", lambda found: values[found[1]], template)


def _plain(what: str, text: str) -> str:
    """A text that neither YAML nor an expression of the host can make something else of."""
    if not text.strip() or not text.isprintable() or "${{" in text:
        raise UsageProblem(f"the {what} {text!r} cannot stand in a workflow")
    return text
