# Everything sets itself up: `make demo` and `make test` need only Python 3.11+ (with venv) and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
MANIFESTS := pyproject.toml adapters/binance/pyproject.toml adapters/kraken/pyproject.toml constraints.txt

.PHONY: help demo test lint format docs bench bench-peers bench-check soak day clean
.DEFAULT_GOAL := help

help:  ## Show what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

demo: $(STAMP)-demo  ## Trade against an embedded Binance.US, no keys and no internet needed
	@$(BIN)/foxtrot demo

test: $(STAMP)-dev  ## Run all tests
	@$(BIN)/python -m pytest -q -n 3 --dist worksteal
	@$(MAKE) --no-print-directory bench-check

lint: $(STAMP)-dev  ## Check style, types and the import arrows
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/mypy bench
	@$(BIN)/lint-imports --no-logo

format: $(STAMP)-dev  ## Rewrite the code in the house style
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: $(STAMP)-dev  ## Write the generated parts of README and docs anew
	@$(BIN)/python docs/generate.py

bench: $(STAMP)-dev  ## Time everything as ratios within one run; ARGS=--quick for a first look
	@$(BIN)/python bench/run.py $(ARGS)

bench-peers: $(STAMP)-dev  ## The same beside other clients, installed for it
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt ccxt cryptofeed python-binance
	@$(BIN)/python bench/run.py --peers $(ARGS)

bench-check: $(STAMP)-dev  ## Fail when the wire-to-callback path has become much slower beside its floor
	@$(BIN)/python bench/bench_wire.py --check --messages 20000 --rounds 3

day: $(STAMP)-dev  ## Live through HOURS=25 of simulated market and compare; ARGS="--exchange NAME"
	@$(BIN)/python -m foxtrot.testkit.day --hours $(or $(HOURS),25) $(ARGS)

soak: $(STAMP)-dev  ## Trade through SEEDS=20000 seeded fault schedules and check every invariant
	@$(BIN)/python -m foxtrot.testkit.soak --seeds $(or $(SEEDS),20000)

clean:  ## Remove the virtual environment and all caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "foxtrot needs Python 3.11 or newer as '$(PYTHON)'; name another with: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
		|| { echo "Python's venv module is missing; on Debian or Ubuntu install it with: apt install python3-venv"; exit 1; }
	@echo "Setting up $(VENV) (once) ..."
	@$(PYTHON) -m venv $(VENV)

$(STAMP)-demo: $(BIN)/python $(MANIFESTS)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
		-e '.[cli,sandbox]' -e adapters/binance -e adapters/kraken
	@touch $@

$(STAMP)-dev: $(STAMP)-demo
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -r requirements-dev.txt
	@# Without what it needs for its windows; the parts that tests drive need only what requirements-dev.txt lists.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-deps vnpy
	@touch $@
