# The two commands a newcomer needs are `make run` and `make test`. `make help` lists the rest.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# The first of these that is Python 3.11 or newer; `make run PYTHON=/path/to/python` takes another.
PYTHON ?= $(shell for name in python3.11 python3 python; do \
  $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet
GENERATED := _pb2\.pyi?$$|_pb2_grpc\.pyi?$$|/v1/__init__\.py$$

help: ## List the targets
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: $(VENV)/.run ## Start Servery with two demo models; SERVERY_HOME=/some/dir says where its state lives
	@exec $(BIN)/servery up --demo

test: $(VENV)/.dev ## Run every suite, long loops with small counts
	@$(BIN)/pytest -n auto --dist loadfile -m "not alone"
	@$(BIN)/pytest -m alone

faults: $(VENV)/.dev ## Run the fault suites with the counts that a release asks for
	@SERVERY_LONG=1 $(BIN)/pytest tests/faults

bench: $(VENV)/.dev ## Measure speed against peers in the same run; see docs/benchmarks.md
	@$(BIN)/python -m tests.bench.registry

check: $(VENV)/.dev ## Lint, types, import layers, contracts, generated code, file sizes
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/buf lint
	$(BIN)/buf format --diff --exit-code
	$(BIN)/buf breaking --against tests/golden/released.binpb
	@$(MAKE) --no-print-directory check-generated check-sizes

check-generated: $(VENV)/.dev
	@fresh=$$(mktemp -d) && trap 'rm -rf "$$fresh"' EXIT && $(BIN)/python protos/generate.py "$$fresh" && \
	for file in $$(cd "$$fresh" && find . -type f); do \
	  cmp -s "$$fresh/$$file" "clients/python/src/$$file" || { echo "$$file is not what its proto gives: make generate"; exit 1; }; \
	done && echo "generated code: as its protos give it"

check-sizes:
	@git ls-files '*.py' | grep -vE '$(GENERATED)' | xargs wc -l | \
	awk '$$2 != "total" && $$1 > 400 { print $$2 " has " $$1 " lines; split it, 400 is the wall"; bad = 1 } END { exit bad }'
	@echo "file sizes: all within 400 lines"

format: $(VENV)/.dev ## Format Python and protos
	$(BIN)/ruff format --quiet .
	$(BIN)/ruff check --quiet --fix .
	$(BIN)/buf format -w

generate: $(VENV)/.dev ## Generate the Python code of the protos
	$(BIN)/python protos/generate.py

golden: $(VENV)/.dev ## Write down the API and the command line as they are now
	SERVERY_UPDATE_GOLDEN=1 $(BIN)/pytest -q tests/golden

lock: $(VENV)/.dev ## Resolve the dependencies anew: names, versions and hashes
	@compile="$(BIN)/uv pip compile --quiet pyproject.toml --all-extras --universal --python-version 3.11 \
	  --generate-hashes --no-emit-package servery-client --no-header"; \
	$$compile --group dev --output-file tests/requirements.lock; \
	$$compile --group build --constraint tests/requirements.lock --output-file services/requirements.lock

clean: ## Remove the environment and everything that was built
	rm -rf $(VENV) .parts .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; install it, or say where: make PYTHON=/path/to/python"; exit 1; }
	@echo "Making the environment $(VENV) with $(PYTHON) …"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(BIN)/python services/requirements.lock pyproject.toml clients/python/pyproject.toml
	@echo "Installing what Servery runs on (once, about a minute) …"
	@$(PIP) install --require-hashes --requirement services/requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable clients/python --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run tests/requirements.lock
	@echo "Installing what the tests and checks need (once) …"
	@$(PIP) install --require-hashes --requirement tests/requirements.lock
	@touch $@

-include tests/parts.mk

.PHONY: help run test faults bench check check-generated check-sizes format generate golden lock clean
