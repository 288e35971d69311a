# Stillframe's commands. From a clean clone they need make, git, and python3 (3.11 or newer) with venv:
# the first one brings a pinned uv into .uv/ and the locked dependencies into .venv/, and nothing else anywhere.

PYTHON     ?= python3
UV_VERSION := 0.13.9
UV         := .uv/version-$(UV_VERSION)
VENV       := .venv/synced
# Tests mostly wait for a broker: more of them at a time than there are processors.
JOBS       ?= 3
MANIFESTS  := pyproject.toml $(wildcard */pyproject.toml)

# Tests, chaos and the demo start hundreds of processes: each would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check fix chaos soak-tests generated bench dist clean

help:  ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20

demo: $(VENV)  ## See a web app and a worker at work, on the embedded broker
	@.venv/bin/python -m examples.demo

test: $(VENV)  ## Run every layer of the tests but chaos, JOBS= at a time; ARGS="-k ledger" and the like go to pytest
	@.venv/bin/python -m pytest -n $(JOBS) --dist worksteal -m "not chaos" $(ARGS)

check: $(VENV)  ## Check format, lint and types
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy

fix: $(VENV)  ## Format, and fix what the linter can
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

chaos: $(VENV)  ## Disturb workers and brokers, account for every task: SCENARIO= MINUTES= RATE= SEED= PROTOCOL=
	@.venv/bin/python -m tests.chaos

soak-tests: $(VENV)  ## Repeat every test of brokers, chaos and state machines COUNT= times; ARGS= go to pytest
	@.venv/bin/python -m tests.soak

generated: $(VENV)  ## Write anew what docs/ has from the code
	@.venv/bin/python -m tests.generated

bench: $(VENV)  ## Measure throughput and latency, next to others; QUICK=1 takes three minutes
	@.venv/bin/python -m bench

dist: $(VENV)  ## Build the sdists and wheels of the three distributions into dist/
	@rm -rf dist
	@for part in schemas producer consumer; do (cd $$part && ../.venv/bin/python -m hatchling build -d ../dist) || exit; done

clean:  ## Remove everything that make and the tests have put here
	@rm -rf .uv .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Variables given to make (`make chaos SEED=7`) reach the commands through the environment by themselves.

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "Stillframe needs Python 3.11 or newer; $(PYTHON) is not: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv --clear .uv
	@.uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

$(VENV): $(UV) uv.lock $(MANIFESTS)
	@UV_PYTHON_DOWNLOADS=never .uv/bin/uv sync --locked --quiet --python .uv/bin/python
	@touch $@
