# Everything runs in .venv, which is made on first use and again when its inputs change.

PYTHON ?= python3
PORT ?= 8080
LOAD ?= ../shared/load
BENCH ?=
ONLY ?=
SEEDS ?= 1000
FROM ?= 0
HARD ?=
WORKERS ?= 3
KILLS ?= 100
TARGET ?=
SECONDS ?= 60

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
INPUTS := pyproject.toml libchat/_version.py
PLOTTED = $(if $(ONLY),$(filter load,$(ONLY)),load)

MAKEFLAGS += --no-print-directory

# Tests start programs again and again: these are compiled once, whatever the environment says.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help chat test check format docs bench durable soak sim evidence measure fuzz dist clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

chat: .venv/.runtime ## Serve a chat on PORT (8080) and join it
	@$(BIN)/libchat host --port $(PORT)

test: .venv/.ready ## Run the tests (ARGS='-k name' for some of them)
	@$(BIN)/pytest -n $(WORKERS) $(ARGS)

check: .venv/.ready ## Check format, lint, types, floors and documentation
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo
	@$(MAKE) docs

format: .venv/.ready ## Format the code and fix what can be fixed
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

docs: .venv/.ready ## Build the documentation into docs/_build/html
	$(BIN)/sphinx-build -W --keep-going -E -q -d docs/_build/doctrees docs docs/_build/html

bench: .venv/.runtime ## Measure the server with the load generator in LOAD (BENCH='--runs 3' for options)
	@$(BIN)/python tests/bench/bench.py --load '$(LOAD)' $(BENCH)

durable: .venv/.runtime ## Measure what durable messages cost, and the log by itself
	@$(BIN)/python tests/bench/durable.py
	@$(BIN)/python tests/bench/log.py --entries 1000000 --folder /var/tmp

soak: .venv/.ready ## Kill a server KILLS times while people talk, and look for lost or doubled messages
	@$(BIN)/python tests/bench/soak.py --kills $(KILLS)

sim: .venv/.runtime ## Play SEEDS (1000) seeds of the simulator, beginning with FROM (0); with HARD=1, hard ones
	@$(BIN)/python -m libchat.testing.sim --seeds $(SEEDS) --from $(FROM) $(if $(HARD),--hard)

evidence: .venv/.ready ## Make docs/evidence and docs/pictures anew, from real runs (ONLY='rooms kill' for some of it)
	@$(if $(PLOTTED),$(BIN)/python -c 'import matplotlib' 2>/dev/null || $(PIP) install -e '.[evidence]' >&2 || true)
	@$(BIN)/python tests/evidence/make.py $(ONLY)

measure: .venv/.ready ## Measure the shell: its start, and typing while a room is flooded
	@$(BIN)/python tests/bench/shell.py

fuzz: .venv/.ready ## Fuzz the parsers for SECONDS (60), or only TARGET
	@$(BIN)/python -c 'import atheris' 2>/dev/null || $(PIP) install --only-binary :all: atheris >&2 || true
	@$(BIN)/python tests/fuzz/run.py --target '$(TARGET)' --seconds $(SECONDS)

dist: .venv/.ready ## Build the wheel and the source archive into dist
	@$(BIN)/python -m build --no-isolation --outdir dist .

clean: ## Remove everything that was made
	rm -rf .venv build dist docs/_build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Two stamps: who wants to chat does not wait for the tools of those who develop. All output goes to stderr and stdin is
# left alone, so that `printf 'who\n' | make chat` prints the chat and nothing else.

$(BIN)/python:
	@echo 'Preparing .venv (once) ...' >&2
	@$(PYTHON) -m venv .venv </dev/null >&2 || { rm -rf .venv; exit 1; }  # half a venv would look like a whole one

.venv/.runtime: $(INPUTS) | $(BIN)/python
	@$(PIP) install -e . </dev/null >&2
	@touch $@

.venv/.ready: $(INPUTS) | $(BIN)/python
	@echo 'Installing the development tools ...' >&2
	@$(PIP) install -e '.[dev]' </dev/null >&2
	@touch .venv/.runtime $@
