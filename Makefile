# costguard: every task of the project. `make` alone lists them.
#
# Needs Python >= 3.11, git and make; everything else is installed into $(VENV) from the lock files.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV ?= .venv
BIN := $(VENV)/bin
PATHS ?= examples/churn
HISTORY_ROWS ?= 1000000
PYTEST_ARGUMENTS ?=

# The newest suitable interpreter; evaluated only when the environment is made. Each is tried, because a name on the
# PATH may be a launcher for a version that is not there.
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3 python; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$name"; break; }; done)

PIP_INSTALL := $(BIN)/python -m pip --disable-pip-version-check install --quiet --quiet
RUN_STAMP := $(VENV)/.installed-to-run
DEVELOP_STAMP := $(VENV)/.installed-to-develop
EMULATOR_VENV ?= .venv-emulator
EMULATOR_STAMP := $(EMULATOR_VENV)/.installed
export EMULATOR_VENV

.PHONY: help demo test emulator lint format bench lock readme clean

help: ## List the tasks
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(RUN_STAMP) ## Scan the example project, examples/churn, and report a week of its bill into build/report.html
	@$(BIN)/costguard scan examples/churn --now 2026-11-01 --fail-on never \
		--jobs examples/churn/history/jobs --billing examples/churn/history/billing
	@mkdir -p build
	@$(BIN)/costguard report --week 2026-W42 --now 2026-11-05T06:00:00Z --config examples/churn/costguard.toml \
		--billing examples/churn/history/billing --jobs examples/churn/history/jobs --code examples/churn \
		--format html --output build/report.html
	@echo "The report of a week is in build/report.html" >&2

test: $(DEVELOP_STAMP) ## Run every test (PYTEST_ARGUMENTS="..." adds to pytest's arguments)
	@$(MAKE) emulator || echo "The emulator could not be installed: its tests are skipped" >&2
	@$(BIN)/python -m pytest --numprocesses auto --dist loadgroup $(PYTEST_ARGUMENTS)

emulator: $(EMULATOR_STAMP) ## Install the BigQuery emulator that some tests talk to (500 MB, an environment of its own)

lint: $(DEVELOP_STAMP) ## Check format, style, types and layering
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

format: $(DEVELOP_STAMP) ## Format the code and mend what ruff can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(RUN_STAMP) ## Measure against the floors: make bench PATHS="dir ..." HISTORY_ROWS=10000000
	@$(BIN)/python -m bench --history-rows $(HISTORY_ROWS) $(PATHS)

lock: $(VENV)/bin/python ## Write requirements.lock and requirements-dev.lock anew from pyproject.toml
	@$(PIP_INSTALL) uv
	@export UV_CUSTOM_COMPILE_COMMAND="make lock"; \
	compile="$(BIN)/uv pip compile pyproject.toml --extra fast --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-emit-find-links --upgrade --quiet"; \
	$$compile --group build --output-file requirements.lock; \
	(cd tests/emulator && ../../$(BIN)/uv pip compile requirements.in --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --upgrade --quiet --output-file requirements.lock); \
	$$compile --extra gcp --extra arrow --group dev --constraint requirements.lock --output-file requirements-dev.lock

readme: $(RUN_STAMP) ## Write the READMEs' sample output and fact reference anew
	@$(BIN)/python docs/render_fact_reference.py
	@$(BIN)/python docs/render_readme.py

clean: ## Remove the environment, caches and built files
	rm -rf $(VENV) $(EMULATOR_VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "costguard needs Python 3.11 or newer, and none was found. Name one: make PYTHON=/path/to/python3" >&2; \
		exit 1; fi
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) does not run, or is older than Python 3.11. Name another: make PYTHON=/path/to/python3" >&2; \
		exit 1; }
	@echo "Creating $(VENV) with $$("$(PYTHON)" --version) (only the first time)" >&2
	@"$(PYTHON)" -m venv --clear $(VENV) || { rm -rf $(VENV); \
		echo "$(PYTHON) could not create $(VENV); on Debian and Ubuntu the module is in the package python3-venv" >&2; \
		exit 1; }

# The project itself is installed editable, so only a changed pyproject.toml or lock file asks for a new installation.
# No build isolation: hatchling comes from the lock file like everything else.
$(RUN_STAMP): $(VENV)/bin/python requirements.lock pyproject.toml
	@echo "Installing requirements.lock into $(VENV)" >&2
	@$(PIP_INSTALL) --require-hashes --requirement requirements.lock
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(DEVELOP_STAMP): $(RUN_STAMP) requirements-dev.lock
	@echo "Installing requirements-dev.lock into $(VENV)" >&2
	@$(PIP_INSTALL) --require-hashes --requirement requirements-dev.lock
	@touch $@

$(EMULATOR_STAMP): $(DEVELOP_STAMP) tests/emulator/requirements.lock
	@echo "Installing tests/emulator/requirements.lock into $(EMULATOR_VENV)" >&2
	@$(BIN)/python -m venv --clear $(EMULATOR_VENV)
	@$(EMULATOR_VENV)/bin/python -m pip --disable-pip-version-check install --quiet --quiet \
		--require-hashes --requirement tests/emulator/requirements.lock
	@touch $@
