# make demo   the demo study, on a bare clone
# make test   all checks, on a bare clone
#
# Both make .venv and install into it what they need, and again when pyproject.toml or
# constraints.txt has changed. PYTHON=/path/to/python3 chooses the interpreter.

SHELL := /bin/bash
.SHELLFLAGS := -e -u -o pipefail -c
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
# More than there are cores where these are few: half of the tests wait for processes.
# Each has neighbours to run (worksteal), which share what is made once for a file or a process.
WORKERS ?= 3

# Bytecode of the tests and of what they import, while the types are checked on another core: on a
# bare clone each of the workers would make all of it for itself. What is wrong is told when the
# tests are run.
FIRST_BYTECODE = find tests -name '*-pytest-*.pyc' -print -quit | grep -q . || { \
	export PYTHONDONTWRITEBYTECODE=; \
	$(BIN)/python -c 'import torch, torch.optim, torch.utils.data, optuna, sklearn.datasets'; \
	$(BIN)/python -m pytest -q --collect-only -p no:xdist; } >/dev/null 2>&1

.PHONY: help demo test check keys format clean

help:
	@echo 'make demo    install into $(VENV) and run the demo study (a few minutes on two cores)'
	@echo 'make test    install into $(VENV) and run every check and test'
	@echo 'make check   lint, format, types and import contracts alone'
	@echo 'make keys    write docs/keys.md from the table of actions'
	@echo 'make format  let ruff mend and format the code'
	@echo 'make clean   remove $(VENV), caches, what was built and the demo study'

demo: $(VENV)/.installed-demo
	@$(BIN)/hpo-tui demo $(ARGS)

# With .venv's programs first: many machines have a python3, but no python. And one thread for
# linear algebra: those of several workers would wait for one another.
test: $(VENV)/.installed-dev
	@$(FIRST_BYTECODE) & \
		status=0; $(MAKE) --no-print-directory check || status=$$?; wait; exit $$status
	@echo 'tests'
	@PATH="$(CURDIR)/$(BIN):$$PATH" OMP_NUM_THREADS="$${OMP_NUM_THREADS:-1}" \
		$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal $(ARGS)

check: $(VENV)/.installed-dev
	@echo 'ruff'; $(BIN)/ruff check -q . && $(BIN)/ruff format -q --check .
	@echo 'mypy'; $(BIN)/mypy -p hpo_tui
	@$(BIN)/mypy benchmarks/*.py benchmarks/*/*.py
	@echo 'import contracts'; $(BIN)/lint-imports --no-logo 2>/dev/null | tail -n 2 || $(BIN)/lint-imports

keys: $(VENV)/.installed-dev
	@{ printf '# Keys\n\n'; $(BIN)/python -m hpo_tui.tui.keys; } > docs/keys.md

format: $(VENV)/.installed-dev
	@$(BIN)/ruff check -q --fix . && $(BIN)/ruff format -q .

clean:
	rm -rf $(VENV) build dist *.egg-info hpo-tui-demo snapshot_report.html \
		.mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find hpo_tui engine tui store examples tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

# Half of pip's time goes into bytecode, of which the tests need a tenth: they make it themselves.
NO_COMPILE_dev := --no-compile

# Versions are those of constraints.txt: what was tested, torch among them.
$(VENV)/.installed-%: pyproject.toml constraints.txt | $(BIN)/python
	@echo 'Installing into $(VENV) (torch is large; the first time takes minutes) …'
	@$(BIN)/python -m pip install --disable-pip-version-check --no-input --progress-bar off \
		$(NO_COMPILE_$*) -c constraints.txt -e '.[$*]' | sed -u -n 's/^Collecting \([^ (]*\).*/  \1/p'
	@touch $@

$(BIN)/python:
	@for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
		if "$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
			2>/dev/null; then \
			echo "Making $(VENV) with $$("$$python" --version)"; \
			exec "$$python" -m venv $(VENV); \
		fi; \
	done; \
	echo 'hpo-tui needs Python 3.11 or newer with its venv module, and found none.' >&2; \
	echo 'Install it (Debian, Ubuntu: apt install python3-venv) or say make PYTHON=/path/to/python3 …' >&2; \
	exit 1
