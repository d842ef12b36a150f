# The front door. `make help` lists what there is.

ifneq ($(filter 3.%,$(MAKE_VERSION)),)
$(error This is make $(MAKE_VERSION), and GNU make 4 or newer is needed: on macOS type `brew install make`, then `gmake` in place of `make`)
endif

.DEFAULT_GOAL := help
.ONESHELL:
.SHELLFLAGS := -euc
MAKEFLAGS += --no-print-directory

# Python takes such a path for two, and would run the code of another folder.
ifneq ($(findstring :,$(CURDIR)),)
$(error The folder $(CURDIR) has a colon in its path, and Python cannot run code there: rename it, then type the command again)
endif

# ENV=active: use the Python of the environment you are in (conda, Binder, a container) and install nothing.
ENV ?= venv
ifeq ($(ENV),active)
PYTHON := python3
READY :=
PEERS :=
export PYTHONPATH := $(CURDIR)/src
else
PYTHON := .venv/bin/python
READY := .venv/ready
PEERS := .venv/peers
unexport PYTHONPATH
endif
BOOT ?= python3
# The user's own packages and paths stay out of it, and results do not depend on the place.
export PYTHONNOUSERSITE := 1
export JUPYTER_PREFER_ENV_PATH := 1
# Every kernel would compile the same helpers again.
unexport PYTHONDONTWRITEBYTECODE

help: ## list every target
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

all: $(READY) ## build everything: run the notebooks, render the site (build/site/index.html)
	@$(PYTHON) -m helpers.build all

run: $(READY) ## one notebook with your parameters: make run NOTEBOOK=05-satisfaction PARAMS=mine.yml
	@: "$${NOTEBOOK:?Say which: make run NOTEBOOK=05-satisfaction PARAMS=mine.yml}" "$${PARAMS:?Say which: make run NOTEBOOK=05-satisfaction PARAMS=mine.yml}"
	$(PYTHON) -m helpers.build run "$$NOTEBOOK" "$$PARAMS"

new: $(READY) ## a first file of parameters: make new NOTEBOOK=05-satisfaction DATA=survey.xlsx (an empty sheet: make new TEMPLATE=06-signposts)
	@if test -n "$${TEMPLATE-}" && test -z "$${NOTEBOOK-}"; then $(PYTHON) -m helpers.notebook.new template "$$TEMPLATE"; exit; fi
	: "$${NOTEBOOK:?Say which: make new NOTEBOOK=05-satisfaction DATA=survey.xlsx}" "$${DATA:?Say which: make new NOTEBOOK=05-satisfaction DATA=survey.xlsx}"
	$(PYTHON) -m helpers.notebook.new parameters "$$NOTEBOOK" "$$DATA" "$${PARAMS-}" "$${SHEET-}"

why: $(READY) ## say what `make all` would run, and which file's change is the reason
	@$(PYTHON) -m helpers.build why

moments: $(READY) ## release sums of your records instead of records: make moments PARAMS=mine.yml RELEASE=pooled
	@: "$${PARAMS:?Say which: make moments PARAMS=mine.yml RELEASE=pooled}" "$${RELEASE:?Say which: make moments PARAMS=mine.yml RELEASE=pooled}"
	$(PYTHON) -m helpers.release "$$PARAMS" "$$RELEASE"

combine: $(READY) ## the table of several releases together: make combine RELEASES="north south" (schools of one name: SCHOOLS=same or different)
	@: "$${RELEASES:?Say which: make combine RELEASES=\"north south\"}"
	set -f
	$(PYTHON) -m helpers.release combine "$${SCHOOLS:-ask}" $$RELEASES
export NOTEBOOK PARAMS RELEASE RELEASES SCHOOLS DATA SHEET TEMPLATE

lab: $(READY) ## open the notebooks in JupyterLab
	@$(PYTHON) -m jupyter lab --ServerApp.root_dir="$$PWD" --LabApp.default_url=/lab/tree/notebooks

# Where the other packages are installed, a test that cannot find them fails instead of being skipped. One thread for small
# matrix products: more of them wait for each other. A file of tests runs in one process: what its tests share is made once.
WORKERS ?= 2
PYTEST = OPENBLAS_NUM_THREADS=1 $(PYTHON) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder
test: $(READY) $(PEERS) ## run the whole test suite, in two processes (others: WORKERS=4)
	@$(if $(PEERS),REQUIRE_PEERS=1) $(PYTEST)

check: lint ## run the fast part: lint, and the tests that need no build, no browser and no patience
	@$(PYTEST) -m "not build and not browser and not slow"

bench: $(READY) $(PEERS) ## measure the build against empty notebooks, and the estimators against other packages
	@$(PYTHON) tests/bench_build.py
	$(PYTHON) tests/bench_estimator.py
	$(PYTHON) tests/bench_levels.py
	$(PYTHON) tests/bench_shares.py
	$(PYTHON) tests/bench_models.py
	$(PYTHON) tests/bench_reading.py

faults: $(READY) ## try what builds must survive: 1,000 kills, hostile settings and folders, full disks; and attacks on what leaves (an hour or so)
	@$(PYTHON) tests/attacks.py
	@$(PYTHON) tests/ordeals.py

lint: $(READY) ## check format and style of code and notebooks, and prose for numbers that drift and words that nobody says
	@$(PYTHON) tests/prose.py
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

fetch: $(READY) ## fetch the OECD's public files of a survey: make fetch SURVEY=talis2018 (or pisa2015, pisa2018, gti; another address: URL=...)
	@: "$${SURVEY:?Say which: make fetch SURVEY=talis2018 (or pisa2015, pisa2018, gti)}"
	@$(PYTHON) -m helpers.read.download

talis-data: $(READY) ## the same as make fetch SURVEY=talis2018
	@SURVEY=talis2018 URL="$${URL:-$${TALIS_URL:-}}" SHA256="$${SHA256:-$${TALIS_SHA256:-}}" $(PYTHON) -m helpers.read.download

simulated: $(READY) ## write the simulated example files again from their seeds
	@$(PYTHON) -m helpers.simulate.examples

# The second lock is the first and what only tests and benchmarks compare with.
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --upgrade --no-header --no-annotate pyproject.toml
lock: $(READY) ## choose versions again and write both locks (needs the network and `uv`)
	@$(COMPILE) --extra test -o requirements.lock
	$(COMPILE) --all-extras --constraint requirements.lock -o requirements-peers.lock

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
	$(PYTHON) src/helpers/build/install.py requirements.lock
	$(PYTHON) -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --no-index --editable .
	echo "  compiling ..."
	$(PYTHON) -m compileall -q -j 0 .venv/lib src || true
	# A notebook saved with its outputs is committed without them.
	if test -e .git && command -v git >/dev/null; then git config filter.notebook.clean 'if test -x .venv/bin/python; then .venv/bin/python -m helpers.notebook.clean; else cat; fi' || true; fi
	touch $@

.venv/peers: requirements-peers.lock .venv/ready
	@echo "Adding the packages that tests compare with, from requirements-peers.lock (once, about a minute) ..."
	$(PYTHON) src/helpers/build/install.py requirements-peers.lock
	$(PYTHON) -m compileall -q -j 0 .venv/lib || true
	touch $@

.PHONY: help all run new why moments combine lab test check bench faults lint fetch talis-data simulated lock clean distclean
