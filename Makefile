# Every target works on a fresh clone: it makes .venv and installs what it needs first.
VENV ?= .venv
PY := $(VENV)/bin/python
LOWEST ?= .lowest
# What `make test-lowest` runs: some of each room, and what touches each dependency.
CORE := tests/test_scenario.py tests/engine/test_kernels.py tests/economy/test_ledger.py \
	tests/mechanisms/test_combinatorial_large.py tests/interfaces/test_sb3.py tests/interfaces/test_parallel_env.py \
	tests/interfaces/test_gymnasium_vector.py tests/conformance/test_supersuit.py \
	tests/known_answers/test_single_item_answers.py tests/known_answers/test_ties_and_reserves.py \
	tests/valuations/test_calibration_reading.py tests/training/test_run.py tests/report/test_report.py \
	tests/telemetry/test_render.py::test_bars_of_any_size_are_drawn_by_every_pillow_that_is_allowed \
	tests/commands/test_clear_command.py
# One thread for numerical libraries: two trainings side by side with two threads each run 50 times slower.
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup demo wheel test test-all test-clients test-lowest lint mutants bench clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /: /'

setup: $(VENV)/.stamp ## make .venv with everything the other targets need

$(VENV)/.stamp: pyproject.toml constraints.txt
	python3 -m venv $(VENV)
	$(PY) -m pip install --quiet -c constraints.txt torch==2.13.0
	$(PY) -m pip install --quiet -c constraints.txt -e ".[dev]"
	touch $@

demo: setup ## the main job on real bids: calibrate, train, judge, report
	$(PY) -m econo_env.training.cli demo --out runs/demo

wheel: setup ## dist/*.whl, to install elsewhere
	$(PY) -m hatchling build -t wheel

lint: setup ## style, types and spelling
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m codespell_lib

# loadfile: the tests of a file stay with one process, so that what they compile is compiled once
test: lint ## everything that must hold, about 12 minutes on 2 cores
	$(PY) -m pytest -n 2 --dist loadfile -m "not slow"

test-all: lint ## with the slow studies
	$(PY) -m pytest -n 2 --dist loadfile

mutants: setup ## plant small faults in a copy and print those that no test notices (under an hour on 2 quiet cores)
	$(PY) -m tests.mutants.run --json runs/mutants.json $(MUTANTS)

test-clients: setup ## other trainers on our markets, each in an environment of its own (.clients, minutes to make)
	$(PY) -m pytest tests/clients

test-lowest: $(LOWEST)/.stamp ## the core of the tests on the lowest versions that pyproject.toml declares, in .lowest
	PYTHONPATH=. $(LOWEST)/bin/python -m pytest -p no:cacheprovider -m "not slow" $(CORE)

$(LOWEST)/.stamp: pyproject.toml constraints-lowest.txt
	python3 -m venv --clear $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet -c constraints-lowest.txt torch numpy
	$(LOWEST)/bin/python -m pip install --quiet -c constraints-lowest.txt -e ".[test]"
	touch $@

bench: setup ## throughput and latency beside the baselines, as a table and as runs/bench.json
	$(PY) -m tests.benchmarks.run --json runs/bench.json

clean: ## remove what the targets made
	rm -rf $(VENV) $(LOWEST) runs build dist
