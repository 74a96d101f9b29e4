# Two commands do everything: `make figures` and `make test`. `make help` lists the others.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed

.DEFAULT_GOAL := help
.PHONY: help install figures quick check gallery report test lint docs wheel bench lock clean

help:  ## Show this help.
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 20

install: $(INSTALLED)  ## Set up .venv with the pinned versions and this package.

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "replasticity needs Python >= 3.11; this is $$($(PYTHON) --version). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

figures: install  ## Make every figure of the default scale, into results/figures.
	$(BIN)/snakemake --cores all --logger rich

quick: install  ## The same with 3 seeds or 1 and short versions, as a first look.
	$(BIN)/snakemake --cores all --logger rich --config scale=quick

check: install  ## Compare the ensembles with the committed reference statistics.
	$(BIN)/snakemake check --cores all

gallery: install  ## Renew the committed gallery under figures/, with all seeds (scale full).
	$(BIN)/snakemake gallery --cores all --logger rich --config scale=full

report: install  ## Make results/report.html: one page of all results, to open in a browser.
	$(BIN)/snakemake results/report.html --cores all --logger rich

test: install lint  ## Check the code and run the whole test suite.
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

lint: install  ## Check style, types and the workflow.
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint

docs: install  ## Make the documentation site, docs/_build/html/index.html; its code blocks are executed.
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet -j auto \
		-c docs -d docs/_build/doctrees . docs/_build/html

wheel: install  ## Make the wheel and the source archive, into dist.
	$(BIN)/python -m hatchling build -d dist

bench: install  ## Measure side by side with NEST and Brian2, write benchmarks/RESULTS.md. One part: make bench PART=growth.
	$(BIN)/python -m benchmarks $(PART)

lock: install  ## Renew requirements.lock and the conda environments from pyproject.toml (needs uv and a network).
	uv pip compile --universal --fork-strategy fewest --no-emit-index-url --no-header --no-annotate \
		--generate-hashes --all-extras pyproject.toml -o requirements.lock
	$(BIN)/python tools/environment_from_lock.py

clean:  ## Remove results, caches, the site, archives and .venv.
	rm -rf results .cache .snakemake docs/_build docs/reference/generated $(VENV)
