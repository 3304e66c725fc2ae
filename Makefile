# Two commands on a fresh machine: `make demo` and `make test`. Everything they need is put into .venv;
# a second run finds its stamps and starts at once. tools/setup.py says what is installed and why.

PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup setup-tests demo test check bench docs lock reference messages format clean

help:
	@echo "make demo    three nodes on this machine, 25 recovered guns traced; ARGS='--once --json demo.json' ends by itself"
	@echo "make test    every test, on SQLite and on PostgreSQL; ARGS='tests/ledger' runs a part"
	@echo "make check   format, lint, types, import contracts, translations, lock, documentation"
	@echo "make bench   measures beside their floors and peers; writes docs/explanation/performance.md"
	@echo "make docs    the documentation as pages in site/"
	@echo "make format | reference | messages | lock   mend what make check complains about"

setup:
	@$(PYTHON) tools/setup.py

setup-tests:
	@$(PYTHON) tools/setup.py --tests

demo: setup
	@$(BIN)/contraparte demo $(ARGS)

test: setup-tests
	@$(BIN)/python tools/test.py $(ARGS)

check: setup
	@$(BIN)/python tools/check.py $(ARGS)

bench: setup
	@$(BIN)/python -m bench $(ARGS)

docs: setup
	@$(BIN)/mkdocs build --strict --quiet || $(BIN)/mkdocs build --strict
	@echo "the documentation is in site/index.html"

reference: setup
	@$(BIN)/python tools/reference.py

messages: setup
	@$(BIN)/python tools/messages.py extract

format: setup
	@$(BIN)/ruff check --fix --quiet src tests tools bench || true
	@$(BIN)/ruff format --quiet src tests tools bench

lock: setup
	@$(BIN)/uv pip compile --quiet --all-extras --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links pyproject.toml -o requirements.lock
	@$(BIN)/python tools/check_lock.py

clean:
	rm -rf .venv site build .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis demo-home node_modules
