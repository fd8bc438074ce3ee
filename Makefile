# `make demo` and `make test` do all the set-up on a machine with Python 3.11 and make.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: install
install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $(STAMP)

# The quickstart: searches and compares seven methods on real images; a second time it only shows what was found.
.PHONY: demo
demo: install
	$(BIN)/hlr-tui --batch examples/quickstart.toml

# Demo and tests start many processes: where they may not keep bytecode, each compiles torch's sources anew, for seconds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: test
test: check
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal

# Everything that needs no run: style, types, the arrows between rooms, generated documents.
.PHONY: check
check: install
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/hlr-tui reference --check docs/reference.md

.PHONY: format
format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: reference
reference: install
	$(BIN)/hlr-tui reference > docs/reference.md.part
	mv docs/reference.md.part docs/reference.md

# The pictures in the README.
.PHONY: screens
screens: install
	$(BIN)/python docs/screens.py

# What every screen is meant to look like, for the tests to compare: look at the difference before it is committed.
.PHONY: snapshots
snapshots: install
	rm -f tests/hlr_tui/snapshots/*.txt
	HLR_WRITE_SNAPSHOTS=1 $(BIN)/python -m pytest --numprocesses 2 tests/hlr_tui/test_snapshots.py

# The versions that `make install` takes.
.PHONY: constraints
constraints: install
	$(BIN)/uv pip compile --quiet --universal --no-header --no-annotate --python-version 3.11 \
		--extra dev --extra postgres pyproject.toml --output-file constraints.txt

.PHONY: clean
clean:
	rm -rf $(VENV) *.egg-info
