# Every task of a developer, by name. `make` alone prints this list.
# `make demo` and `make test` set up a fresh machine by themselves: python3 (3.11 or newer) and make are all they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PEERS := .bench-peers
PEERS_SERVING := .bench-peers-serving
PEERS_CLUSTERING := .bench-peers-clustering
PEERS_ANOMALY := .bench-peers-anomaly
# For a part of the tests, or several at a time: make test PYTEST_ARGS="-x tests/data", PYTEST_ARGS="-n 2".
PYTEST_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo test check format bench bench-peers bench-peers-serving bench-peers-clustering bench-peers-anomaly docs proof constraints clean

help:  ## Print this list
	@echo "mainstay: make <target>"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-20s %s\n", $$1, $$2 }'

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "mainstay needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) --version 2>&1)." \
	       "Install a newer one and say: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
	  echo "$(PYTHON) cannot make a virtual environment. On Debian: apt-get install python3-venv" >&2; \
	  rm -rf $(VENV); exit 2; }
	$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt -e '.[dev,boost,postgres]'
	@touch $@

demo: $(READY)  ## Set up, train on real data, and write a model file and its report into ./demo
	$(BIN)/mainstay demo --folder demo

test: $(READY)  ## Set up and run every test
	$(BIN)/python -m pytest $(PYTEST_ARGS)

check: $(READY)  ## Lint, formatting and types: ruff, ruff format, mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)  ## Let ruff format and mend what it can
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

bench: $(READY)  ## Run every program under benchmarks/, with its peers where they are installed
	@for program in benchmarks/*.py; do echo "== $$program"; $(BIN)/python "$$program" || exit 1; done

bench-peers:  ## Install the peers that benchmarks compare with, into a virtual environment of their own
	@test -f benchmarks/peers.txt || { echo "There is no benchmarks/peers.txt yet."; exit 0; }; \
	{ test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS); } && \
	$(PEERS)/bin/python -m pip install -qq --disable-pip-version-check -r benchmarks/peers.txt

bench-peers-serving:  ## The same for benchmarks/serving*.py: FastAPI, Flask, MLflow, BentoML, schemathesis
	@test -x $(PEERS_SERVING)/bin/python || $(PYTHON) -m venv $(PEERS_SERVING)
	$(PEERS_SERVING)/bin/python -m pip install -qq --disable-pip-version-check -r benchmarks/peers_serving.txt

bench-peers-clustering:  ## The same for benchmarks/kmeans_path.py and choose_k.py: scikit-learn-intelex, faiss, kneed
	@test -x $(PEERS_CLUSTERING)/bin/python || $(PYTHON) -m venv $(PEERS_CLUSTERING)
	$(PEERS_CLUSTERING)/bin/python -m pip install -qq --disable-pip-version-check -r benchmarks/peers_clustering.txt

bench-peers-anomaly:  ## The same for benchmarks/anomaly_*.py: PyOD, SUOD, isotree (where it builds), river, stumpy
	@test -x $(PEERS_ANOMALY)/bin/python || $(PYTHON) -m venv $(PEERS_ANOMALY)
	$(PEERS_ANOMALY)/bin/python -m pip install -qq --disable-pip-version-check -r benchmarks/peers_anomaly.txt
	$(PEERS_ANOMALY)/bin/python -m pip install -qq --disable-pip-version-check isotree || \
	  echo "isotree does not build here: the benchmarks leave it out."

docs: $(READY)  ## Write the reference pages anew from the code, and the notebooks from the examples
	$(BIN)/python docs/write_reference.py
	$(BIN)/python examples/write_notebooks.py

proof: $(READY)  ## Measure every figure that the project promises, on ../shared/data (about ten minutes)
	$(BIN)/python benchmarks/proof.py $(ARGS)

constraints: $(READY)  ## Write constraints.txt anew from what is installed
	$(BIN)/python docs/write_constraints.py

clean:  ## Remove what the other targets made, the virtual environments included
	rm -rf $(VENV) $(PEERS) $(PEERS_SERVING) $(PEERS_CLUSTERING) $(PEERS_ANOMALY) demo build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests docs -name __pycache__ -type d -prune -exec rm -rf {} +
