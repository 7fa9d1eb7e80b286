# Each target does one named thing. `make help` lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo test check golden bench hostile dist clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

demo: $(READY) ## serve the tutorial on ports 8080 and 9876, with everything the article creates
	@$(BIN)/python examples/oauth2-tutorial/demo.py

test: $(READY) ## every test but the slow tiers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	EGC_P1_EXAMPLES=5000 $(BIN)/pytest -n $(WORKERS) -m 'not hostile'

check: $(READY) ## format, lint, types and the fast tests, under a minute
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	EGC_P1_EXAMPLES=200 $(BIN)/pytest -n $(WORKERS) -m 'not slow and not hostile'

golden: $(READY) ## rewrite the emitted modules of examples/ and show what changed
	$(BIN)/pytest -q tests/emit/test_examples.py tests/test_readme.py --golden
	git --no-pager diff --stat -- examples README.md

bench: $(READY) ## measure CPU per request beside Express Gateway, nginx and Envoy, and start-up (ARGS='--only jwt')
	$(BIN)/python -m tests.bench $(ARGS)

hostile: $(READY) ## the attack tier, with its large numbers
	EGC_P1_EXAMPLES=50000 EGC_HOSTILE=1 $(BIN)/pytest -n $(WORKERS) -m 'hostile or slow'

dist: $(READY) ## build sdist and wheel into dist/
	$(BIN)/python -m pip install --quiet build
	$(BIN)/python -m build

clean: ## remove what the other targets made
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis examples/*/.egc examples/*/data
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
