# `make demo` and `make test` are the two commands; each sets up what it needs in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TEST_PROCESSES ?= 2
PACKAGES := model index serve training client demo benchmarks notebooks tests

.PHONY: demo test check format lock clean

demo: $(VENV)/.demo-installed
	$(BIN)/python -m demo $(DEMO_ARGS)

# A file's tests in one process, since they share what is dear to make; each process with one thread.
test: check
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses $(TEST_PROCESSES) --dist loadfile

check: $(VENV)/.test-installed
	$(BIN)/ruff format --check $(PACKAGES)
	$(BIN)/ruff check $(PACKAGES)
	$(BIN)/mypy

format: $(VENV)/.test-installed
	$(BIN)/ruff format $(PACKAGES)
	$(BIN)/ruff check --fix $(PACKAGES)

# The versions that were tested, as constraints. torch is left out: plain pip takes the build that a machine offers.
lock: $(VENV)/.test-installed
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 pyproject.toml --all-extras --no-header \
		--no-annotate --no-emit-index-url --no-emit-package torch --no-emit-package torchvision \
		| grep -vE '^(nvidia-|cuda-|triton|setuptools)' > requirements.lock.new
	mv requirements.lock.new requirements.lock

clean:
	rm -rf $(VENV) build *.egg-info

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "Hallmark needs Python 3.11, 3.12 or 3.13; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo-installed: $(BIN)/python pyproject.toml requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable '.[demo]'
	touch $@

$(VENV)/.test-installed: $(BIN)/python pyproject.toml requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable '.[demo,train,test]'
	touch $@
