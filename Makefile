# Everything a user or a developer types.  Each target makes what it needs.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
RUN    ?=                 # more options of `mysqlcompat serve`: make run RUN="--port 3316"
TESTS  ?= tests
SEED   ?= 1                # make simulate SEED=7 STEPS=300
STEPS  ?= 300
SEEDS  ?= 10000            # of make soak-simulate
FUZZ   ?= 100000           # expressions of make fuzz
WORKERS ?= 2              # test processes at a time

.DEFAULT_GOAL := help
.PHONY: help run test soak fuzz simulate soak-simulate lint bench clean

help:
	@echo "make run     a cluster with the orders database on ports 3306 and 3307 (data in ./data)"
	@echo "make test    the whole test suite"
	@echo "make lint    formatting, lint, types, import directions"
	@echo "make soak    twenty rounds of kill -9 under load, long random histories; with MYSQL_ORACLE=host:port random values"
	@echo "make fuzz FUZZ=100000 SEED=7   random expressions beside the MySQL at MYSQL_ORACLE"
	@echo "make simulate SEED=7 STEPS=300   one simulated cluster from a seed, with its trace"
	@echo "make soak-simulate SEEDS=10000   so many of them (docs/simulator.md)"
	@echo "make bench   the benchmarks, one per structure"
	@echo "make clean   remove what was built; data stays"

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "python3-venv is needed: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: setup.cfg pyproject.toml | $(VENV)/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[examples]'
	touch $@

$(VENV)/test.stamp: setup.cfg pyproject.toml | $(VENV)/bin/python
	@missing=$$(.ci/missing); [ -z "$$missing" ] || { echo "the tests need: apt-get install $$missing" >&2; exit 1; }
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[test,lint]'
	touch $@ $(VENV)/run.stamp

run: $(VENV)/run.stamp
	@exec $(BIN)/mysqlcompat serve --data ./data --init-file examples/orders/schema.sql $(RUN)

test: $(VENV)/test.stamp
	$(BIN)/mysqlcompat compile
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(TESTS)

soak: $(VENV)/test.stamp
	EXPLORE=1 CRASH_ROUNDS=20 $(BIN)/python -m pytest -q tests/crash tests/replicas tests/mysqlcompat/test_images.py
	EXPLORE=1 NUMBA_BOUNDSCHECK=1 $(BIN)/python -m pytest -q tests/redo tests/btree
	LOST_ROUNDS=100 $(BIN)/python -m pytest -q tests/redo/test_lost_copies.py
	VALUES_SAMPLE=1 $(BIN)/python -m pytest -q --timeout=3600 tests/mysqlcompat/test_values.py
	EXPLORE=1 SOAK_SECONDS=100 $(BIN)/python -m pytest -q --timeout=900 tests/clients/test_history.py tests/btree/test_stateful_transactions.py tests/mysqlcompat/test_json_kernels.py tests/mysqlcompat/test_json_stored.py
	[ -z "$$MYSQL_ORACLE" ] || $(MAKE) fuzz

fuzz: $(VENV)/test.stamp
	@echo "seed $(SEED)"
	WIRE_FUZZ=5000 SEED=$(SEED) $(BIN)/python -m pytest -q --timeout=3600 tests/clients/test_wire_noise.py
	LANE_LITERALS=3000 LANE_SEED=$(SEED) $(BIN)/python -m pytest -q --timeout=3600 tests/mysqlcompat/lane/test_lane_literals.py
	VALUES_FUZZ=$(FUZZ) SEED=$(SEED) $(BIN)/python -m pytest -q --timeout=36000 tests/mysqlcompat/test_fuzz_values.py
	$(BIN)/python -m tests.mysqlcompat.fuzz_rows $(FUZZ) $(SEED)
	$(BIN)/python -m tests.clients.fuzz_aggregates 5000 $(SEED)

simulate: $(VENV)/test.stamp
	$(BIN)/python -m tests.simulator --seed $(SEED) --steps $(STEPS) --trace

soak-simulate: $(VENV)/test.stamp
	$(BIN)/python -m tests.simulator --seed $(SEED) --count $(SEEDS) --steps $(STEPS) --jobs $(WORKERS)

lint: $(VENV)/test.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy redo btree replicas mysqlcompat
	$(BIN)/lint-imports

bench: $(VENV)/test.stamp
	for name in engine lag long_view machine redo rows small_pool tree volumes; do \
		echo "== $$name"; $(BIN)/python -m tests.bench.bench_$$name || exit 1; \
	done

clean:
	rm -rf build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
