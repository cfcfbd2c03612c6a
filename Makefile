# Everything that is done often. `make` alone lists it. Needs Python 3.11 or 3.12 and nothing else.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || echo python3)
BIN := .venv/bin

.PHONY: help up console wheel test check faults scenario bench fuzz docs format shots
.DEFAULT_GOAL := help

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' Makefile
up: .venv/installed ## The whole system with demo data on http://127.0.0.1:5000
	-@$(BIN)/python -m scripts.console
	@$(BIN)/backoffice up --demo
console: .venv/installed ## Build the console's page; `make up` does it too
	@$(BIN)/python -m scripts.console
wheel: console ## A wheel with the console in it, in dist/
	@$(BIN)/python -m pip wheel -q --no-deps --no-build-isolation -w dist .
test: .venv/dev ## All tests; finds or starts PostgreSQL and RabbitMQ (ARGS="-k login" for some)
	@$(BIN)/python -m tests $(ARGS)
check: .venv/dev ## Lint, format, types, imports, what looks insecure, and the documents against the code
	@scripts/check
faults: .venv/dev ## Break the system on purpose for half an hour (ARGS="--minutes 2 --seed 7")
	@$(BIN)/python -m tests.system.faults $(ARGS)
shots: .venv/dev ## Picture every view of the console anew, for docs/console
	@SHOTS=$(CURDIR)/docs/console $(BIN)/python -m tests tests/console/test_browser.py -k shots
scenario: .venv/dev ## The scripted scenario against its expected log
	@$(BIN)/python tests/test_script.py
bench: .venv/dev ## Measure throughput and latency
	@$(BIN)/python -m bench $(ARGS)
fuzz: .venv/dev ## Fuzz the parsers, guided by coverage (ARGS="--seconds 600 http")
	@$(BIN)/python -m tests.fuzz $(ARGS)
docs: .venv/dev ## Write the generated documents anew
	@$(BIN)/python -m scripts.documents
format: .venv/dev ## Format the code
	@$(BIN)/ruff format && $(BIN)/ruff check --fix

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13) and "Python 3.11 or 3.12 is needed: make PYTHON=...")'
	$(PYTHON) -m venv .venv
.venv/installed: requirements.lock pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
.venv/dev: requirements-dev.lock .venv/installed
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@
