# make demo   the whole way on the samples, into an embedded CRM      make test    the test suite
# make lint   ruff and mypy strict                                    make bench   the long measurements
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test lint bench docs samples clean debian

.venv/.base: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing crm-migrate …"
	@$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	@touch $@

.venv/.dev: .venv/.base
	@echo "installing what the tests need …"
	@$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: .venv/.base
	@PATH="$(CURDIR)/$(BIN):$$PATH" bash samples/demo.sh

debian:
	@bash tests/debian-packages.sh

test: .venv/.dev debian
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: .venv/.dev
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

bench: .venv/.dev
	@$(BIN)/python -m benchmarks

docs: .venv/.dev
	@$(BIN)/python -m docs.cli_reference

samples: .venv/.dev
	@$(BIN)/python -m samples.make_samples

clean:
	rm -rf .venv .crm-migrate exports .pytest_cache .mypy_cache .ruff_cache
	find audit -mindepth 1 ! -name README.md -delete
