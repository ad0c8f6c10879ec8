# Launchwatch: `make demo` shows the product, `make test` proves it. Both make their environment first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
READY_DEV := $(VENV)/.ready-dev

.PHONY: help demo up test faults canary check format lock clean

help:  ## what each target does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

demo: $(READY)  ## one real week, from feeds to digest, in a throw-away store
	@$(BIN)/launchwatch demo

up: $(READY)  ## the whole product on this machine: http://127.0.0.1:8000
	@$(BIN)/launchwatch up

test: $(READY_DEV)  ## every test, offline
	@$(BIN)/pytest -n 2

faults: $(READY_DEV)  ## kill, starve and cut off the real parts: quick counts; FULL=1 for full ones, ONLY=name, SEED=n
	@$(BIN)/python -m tests.faults $(if $(FULL),--full) $(if $(SEED),--seed $(SEED)) $(if $(ONLY),"$(ONLY)")

canary: $(READY_DEV)  ## every test at DEBUG; a secret that comes out of one fails it
	@$(BIN)/pytest -n 2 -p tests.canary

check: $(READY_DEV)  ## format, lint, types, import rules, the knowledge base
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/launchwatch check

format: $(READY_DEV)  ## lay the code out
	@$(BIN)/ruff format --quiet . && $(BIN)/ruff check --fix --quiet .

lock: $(READY_DEV)  ## pin every dependency again, with hashes
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --upgrade pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock

clean:  ## remove the environment and every cache
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Launchwatch needs Python 3.11 or newer; set PYTHON=/path/to/python3.11")'
	@echo "Making the environment in $(VENV) (once, about a minute) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(READY_DEV): requirements-dev.lock $(READY)
	@echo "Adding the tools for tests and checks ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@
