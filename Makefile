# Everything a person types. The work is in scripts/.
#
#   make run ARGS="--mute"        arguments for the program
#   make test ARGS="-k chunker"   arguments for pytest
#   make run PYTHON=python3.12    another Python than the one found

export PYTHON
# Compiled once, not in each of the thousand processes that the tests start.
unexport PYTHONDONTWRITEBYTECODE
ARGS ?=
RUNS ?= 10
BUSY ?= 8
BIN := .venv/bin
# Tests wait for sockets, sound and terminals half of their time: five keep two cores busy.
PARALLEL ?= --numprocesses=5 --dist=worksteal
SOURCES := gramophone storage tui tests fixtures benchmarks scripts

.DEFAULT_GOAL := help
.PHONY: help run test soak clients shake check static lint types imports wheel ears man format lock clean env-run env-test

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: env-run ## install what is missing, then open the app (or, with no terminal, speak one answer)
	@scripts/run.sh $(ARGS)

test: env-test ## install what is missing, then run the tests, virtual sound card included
	@echo "Collecting the tests; the first results come within half a minute."
	@$(BIN)/python -m pytest $(PARALLEL) $(ARGS)

soak: env-test ## attack the promises for an hour or so; ARGS="kills --effort 0.1" for one of them
	@$(BIN)/python -m tests.soak $(ARGS)

clients: env-test ## run real clients against the stand-in (installs 1 GB); ARGS="litellm" for one of them
	@$(BIN)/python -m tests.clients $(ARGS)

shake: env-test ## run the tests ten times beside eight busy processes; RUNS=2 BUSY=4 for less
	@PARALLEL="$(PARALLEL)" scripts/shake.sh $(RUNS) $(BUSY)

check: static test ## the gate: everything below, and the tests

static: lint types imports wheel ## the gate without the tests

lint: env-test ## formatting and lint
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)

types: env-test ## pyright, strict
	$(BIN)/pyright

imports: env-test ## who may import whom
	$(BIN)/lint-imports

ears: env-test ## have exported speech transcribed, and compare the words (installs half a gigabyte)
	@[ -x .venv-ears/bin/python ] || $(BIN)/python -m venv .venv-ears
	@.venv-ears/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		-r requirements/ears.txt
	@PYTHONPATH=. $(BIN)/python scripts/check_ears.py .venv-ears/bin/python

wheel: env-test ## build the wheel, install it in a bare environment, run it
	$(BIN)/python scripts/check_wheel.py

man: env-run ## write the man pages of all commands into build/man
	@PYTHONPATH=. $(BIN)/python scripts/write_man_pages.py build/man

format: env-test ## let ruff put the code in order
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

lock: ## recompile requirements/ (needs uv)
	@scripts/lock.sh

clean: ## remove the environment and everything made
	rm -rf .venv .venv-ears .venv-clients build dist *.egg-info .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +

env-run:
	@scripts/bootstrap.sh run

env-test:
	@scripts/bootstrap.sh test
