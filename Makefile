# Everything a fresh machine needs is Python 3.11 (or newer) and make.

.DEFAULT_GOAL := help

BIN := .venv/bin
INSTALLED := .venv/installed
# The first interpreter that runs and is new enough: a name on the path may be a shim with nothing behind it.
PYTHON ?= $(shell for candidate in python3.11 python3; do \
	$$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$candidate && break; done)
SEED ?= 1

.PHONY: help install demo test nightly lint format verify prove bench docs constraints clean

help: ## say what there is to make
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(INSTALLED) ## set up .venv, unless it is fresh

$(INSTALLED): pyproject.toml constraints.txt
	@[ -n "$(PYTHON)" ] || { echo "make: squall needs Python 3.11 or newer; found $$(python3 --version 2>&1 || echo none)" >&2; exit 1; }
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv
	@echo "installing into .venv"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt setuptools
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-build-isolation -e '.[test]'
	@touch $@

demo: install ## break exchange-a on purpose; the verdict, and a page in out/
	@mkdir -p out
	$(BIN)/squall run exchange-api-timeouts --seed $(SEED) --html out/exchange-api-timeouts.html

test: install ## every test
	$(BIN)/pytest -n auto -q

nightly: install ## every test with twenty times as many examples, and new ones; and nothing a third slower than it was
	SQUALL_PROFILE=nightly $(BIN)/pytest -n auto -q
	$(BIN)/python -m benchmarks.ratios

lint: install ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: install ## let ruff put the layout right
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

verify: install ## the same seed, the same digest, in fresh processes under different hash seeds
	$(BIN)/squall verify calm --seed $(SEED)
	$(BIN)/squall verify exchange-api-timeouts --seed $(SEED)

prove: install ## every protection, on and off
	$(BIN)/squall prove

bench: install ## the benchmarks, as ratios to bare simpy
	$(BIN)/python -m benchmarks.ratios
	$(BIN)/python -m benchmarks.kernel
	$(BIN)/python -m benchmarks.calm
	$(BIN)/python -m benchmarks.campaign
	$(BIN)/python -m benchmarks.orders
	$(BIN)/python -m benchmarks.theory
	$(BIN)/python -m benchmarks.links
	$(BIN)/python -m benchmarks.study

docs: install ## what is generated: docs/protections.md, docs/scenarios.md, docs/power.md, docs/desk.md, docs/capacity.md, docs/plan.schema.json, README.md's output and picture
	$(BIN)/squall schema > docs/plan.schema.json
	$(BIN)/squall prove --docs docs/protections.md
	$(BIN)/squall list --docs docs/scenarios.md > /dev/null
	$(BIN)/squall power --results tests/planted_bugs/results.json --bugs tests/planted_bugs/bugs.toml --bugs tests/planted_bugs/mutations.toml --docs docs/power.md > /dev/null
	$(BIN)/python docs/make_desk.py
	$(BIN)/python docs/make_capacity.py
	$(BIN)/python docs/make_readme.py

constraints: install ## pin what is installed now
	@{ echo '# What `make install` installs, to the version; made by `make constraints`.'; \
		$(BIN)/python -m pip freeze --all --exclude-editable | grep -viE '^(pip|wheel)=='; } > constraints.txt.new
	@mv constraints.txt.new constraints.txt

clean: ## remove what was built
	rm -rf .venv out build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
