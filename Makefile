# Every target sets up .venv first when it is missing or older than the lock file.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
STORE ?= data/store
REPORTS ?= reports
SEED ?= 7
WORKERS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$(( n > 4 ? 4 : n )))

# Byte code and compiled kernels are kept beside the checkout: the imports of scipy, matplotlib and numba
# take seconds each without them.
export PYTHONPYCACHEPREFIX := $(CURDIR)/.cache/pycache
export NUMBA_CACHE_DIR := $(CURDIR)/.cache/numba
export TZ := UTC
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup report test lint type unit notebooks bench soak lab clean distclean lock

help: ## Say what each target does
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-10s %s\n", $$1, $$2}'
	@echo
	@echo "  Variables: STORE=$(STORE) REPORTS=$(REPORTS) SEED=$(SEED) WORKERS=$(WORKERS) PYTHON=$(PYTHON)"

setup: $(READY) ## Make .venv from requirements.lock

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v <= (3, 13) else f"arbresearch needs Python 3.11 to 3.13, found {v[0]}.{v[1]}: make PYTHON=python3.12 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	mkdir -p .cache
	awk '/^uv==/ {keep = 1} keep {print} keep && !/\\$$/ {exit}' requirements.lock > .cache/uv.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .cache/uv.txt
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip sync --quiet --require-hashes requirements.lock
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation -e .
	touch $(READY)

report: $(READY) ## Run the main job on the sample market and leave reports/index.html
	$(BIN)/arb sample --store $(STORE) --seed $(SEED)
	$(BIN)/arb compact --store $(STORE)
	$(BIN)/arb run daily --store $(STORE) --reports $(REPORTS) --workers $(WORKERS)
	@echo "open $(REPORTS)/index.html"

test: lint type unit ## Pass every check: lint, types, import contracts, unit, property, notebook and pipeline tests

lint: $(READY) ## Check style, formatting, import contracts and notebooks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/nbstripout --verify --keep-count --keep-id notebooks/*.ipynb

type: $(READY) ## Check types
	$(BIN)/mypy --cache-dir .cache/mypy

unit: $(READY)
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup -o cache_dir=.cache/pytest

notebooks: $(READY) ## Run the notebook tests alone
	$(BIN)/pytest tests/notebooks -o cache_dir=.cache/pytest

bench: $(READY) ## Measure; prints a table and writes reports/bench/bench.json
	$(BIN)/python -m tests.benchmarks --out $(REPORTS)/bench/bench.json

soak: $(READY) ## Run the long campaigns: crashes, full disks, many seeds
	$(BIN)/pytest -m soak -o cache_dir=.cache/pytest

lab: $(READY) ## Open JupyterLab on the notebooks
	$(BIN)/jupyter lab --notebook-dir notebooks

lock: $(READY) ## Renew requirements.lock from pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 --all-extras --upgrade pyproject.toml -o requirements.lock

clean: ## Remove caches and builds; stores and reports are yours and stay
	rm -rf .cache build dist
	find arbresearch tests -type d -name __pycache__ -prune -exec rm -rf {} +

distclean: clean ## Remove .venv as well
	rm -rf $(VENV)
