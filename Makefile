# All targets set up what they need: a fresh Debian 12 with python3, python3-venv and make is enough.
# `make devices` installs the real devices and needs root.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# four workers: the one with the real devices waits, from the beginning to the end, and others do so
PYTEST_ARGS ?= -n 4 --dist loadfile --no-loadscope-reorder

# what peers/ starts, and what the tests look at packets with
DEVICE_PACKAGES := xl2tpd slirp ppp l2tpns freeradius tshark tcpdump user-mode-linux debootstrap
# an engine that is there, from whichever package, stays
DEVICE_PACKAGES += $(shell command -v dockerd >/dev/null || echo docker.io)

# what the images of devices are built on where no registry of images answers
BASE_IMAGE := l2tp-harness/base:bookworm

# whose statements of conformance are in reports/published/
PUBLISHED := xl2tpd-lns xl2tpd-lac l2tpns

.PHONY: help demo test lint format bench fuzz selftest wheel devices base-image statements clean

help:
	@echo "make demo     run the suites against the embedded reference LNS and LAC"
	@echo "make test     lint, types, suites, tests"
	@echo "make devices  install the Debian packages of the real devices, start Docker (root)"
	@echo "make base-image  the image that containers are built on, where no registry answers (root)"
	@echo "make statements  test the real devices and publish what came out (root, some minutes)"
	@echo "make lint     lint and types alone"
	@echo "make format   reformat the code"
	@echo "make bench    packets per second, beside scapy layers"
	@echo "make fuzz     a million hostile datagrams into the peers"
	@echo "make selftest what the suites would miss, by mutants of the peers"
	@echo "make wheel    the distribution, in dist/"
	@echo "make clean    remove all that these made"

# The environment: what a run needs, and on top of it what the tests need

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml | $(VENV)/bin/python
	$(PIP) install --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	$(PIP) install --editable '.[dev]'
	@touch $@ $(VENV)/.run

# Runs

demo: $(VENV)/.run
	@$(BIN)/l2tp-harness run --device reference-lns --device reference-lac --html

# Tests

# the many processes that tests start need not compile the harness again, wherever that is the habit
test: export PYTHONDONTWRITEBYTECODE :=
test: lint
	$(BIN)/pytest $(PYTEST_ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/l2tp-harness lint

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev
	$(BIN)/pytest tests/bench --override-ini addopts= --benchmark-only

fuzz: $(VENV)/.dev
	$(BIN)/python -m harness.peer.fuzz $(FUZZ_ARGS)

selftest: $(VENV)/.run
	$(BIN)/l2tp-harness selftest

wheel: $(VENV)/.dev
	$(BIN)/python -m build

# Real devices

devices:
	@.ci/install $(DEVICE_PACKAGES)
	@.ci/engine

base-image:
	@.ci/base-image $(BASE_IMAGE)

# side by side: make -j3 statements
statements: $(PUBLISHED:%=reports/published/%.md)

reports/published/%.md: $(VENV)/.run FORCE
	@$(BIN)/l2tp-harness run --device $* --out out/$*
	@$(BIN)/l2tp-harness report out/$* --statement $@

.PHONY: FORCE
FORCE:

clean:
	rm -rf $(VENV) build dist out .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
