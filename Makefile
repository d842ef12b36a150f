# The front door. `make help` lists what there is.

ifneq ($(filter 3.%,$(MAKE_VERSION)),)
$(error This is make $(MAKE_VERSION), and GNU make 4 or newer is needed: on macOS type `brew install make`, then `gmake` in place of `make`)
endif

.DEFAULT_GOAL := help
.ONESHELL:
.SHELLFLAGS := -euc
MAKEFLAGS += --no-print-directory

# ENV=active: use the Python of the environment you are in (conda, Binder, a container) and install nothing.
ENV ?= venv
ifeq ($(ENV),active)
PYTHON := python3
READY :=
export PYTHONPATH := $(CURDIR)/src
else
PYTHON := .venv/bin/python
READY := .venv/ready
unexport PYTHONPATH
endif
BOOT ?= python3
# The user's own packages and paths stay out of it, and results do not depend on the place.
export PYTHONNOUSERSITE := 1
export JUPYTER_PREFER_ENV_PATH := 1

help: ## list every target
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

all: $(READY) ## build everything: run the notebooks, render the site (build/site/index.html)
	@$(PYTHON) -m helpers.build all

run: $(READY) ## one notebook with your parameters: make run NOTEBOOK=05-satisfaction PARAMS=mine.yml
	@: "$${NOTEBOOK:?Say which: make run NOTEBOOK=05-satisfaction PARAMS=mine.yml}" "$${PARAMS:?Say which: make run NOTEBOOK=05-satisfaction PARAMS=mine.yml}"
	$(PYTHON) -m helpers.build run "$$NOTEBOOK" "$$PARAMS"
export NOTEBOOK PARAMS

lab: $(READY) ## open the notebooks in JupyterLab
	@$(PYTHON) -m jupyter lab --ServerApp.root_dir="$(CURDIR)" --LabApp.default_url=/lab/tree/notebooks

test: $(READY) ## run the whole test suite
	@$(PYTHON) -m pytest

bench: $(READY) ## measure the build against two notebooks that only import and draw an empty figure
	@$(PYTHON) tests/bench_build.py

lint: $(READY) ## check format and style of code and notebooks, and prose for numbers that could drift
	@$(PYTHON) -m helpers.prose
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

simulated: $(READY) ## write the simulated example files again from their seeds
	@$(PYTHON) -m helpers.simulate

lock: $(READY) ## choose versions again and write requirements.lock (needs the network and `uv`)
	@uv pip compile --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --upgrade --no-header --no-annotate --all-extras pyproject.toml -o requirements.lock

clean: ## remove what was built
	@rm -rf build

distclean: clean ## remove the environment too
	@rm -rf .venv

# Made in full or not at all: the stamp comes last.
.venv/ready: requirements.lock
	@$(BOOT) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $(BOOT) is $$($(BOOT) --version). Name another: make BOOT=python3.12 ..." >&2; exit 1; }
	echo "Building the environment in .venv from requirements.lock (once, one to three minutes) ..."
	rm -rf .venv
	$(BOOT) -m venv .venv
	$(PYTHON) -m pip install -qq --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(PYTHON) -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --no-index --editable .
	$(PYTHON) -m compileall -q -j 0 .venv/lib src || true
	touch $@

.PHONY: help all run lab test bench lint simulated lock clean distclean
