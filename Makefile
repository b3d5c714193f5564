# Two commands are all a user needs: make demo, make test. The environment is .venv in this folder.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: help demo test bench setup check lint types layers sizes clean

help:
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile

demo: .venv/demo  ## run the whole study on the embedded data; prints where the report is
	$(BIN)/pixelproof demo

test: .venv/dev  ## install all that is needed and run the tests
	OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --numprocesses auto --dist worksteal

bench: .venv/dev  ## run all benchmarks and write benchmarks/RESULTS.md; takes some minutes, best on an idle machine
	$(BIN)/python -m benchmarks

setup: .venv/dev  ## make the environment for development

check: lint types layers sizes test  ## everything CI checks

lint: .venv/dev
	$(BIN)/ruff check src tests tools benchmarks
	$(BIN)/ruff format --check src tests tools benchmarks

types: .venv/dev
	$(BIN)/mypy

layers: .venv/dev
	$(BIN)/lint-imports --no-cache

sizes: .venv/dev
	$(BIN)/python tools/sizes.py src

clean:
	rm -rf .venv build dist src/*.egg-info

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/demo: .venv/bin/python pyproject.toml constraints.txt
	@echo "Installing Pixelproof into .venv (some minutes the first time)" >&2
	$(PIP) --editable .
	@touch $@

.venv/dev: .venv/demo
	$(PIP) --editable '.[dev]'
	@touch $@
