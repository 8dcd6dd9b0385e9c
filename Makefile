# demo and test need Python 3.11+ and a package index; everything else they set up themselves.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
DATA   ?=
LIMIT  ?=

# glibc gives freed tensors back to the kernel after each batch unless told otherwise; half of CPU inference was page faults.
export MALLOC_MMAP_THRESHOLD_ := 1000000000
export MALLOC_TRIM_THRESHOLD_ := 10000000000
export PYTHONUNBUFFERED := 1

.PHONY: messages docs help demo up study test bench lint lint-sql check-defs install clean

help:
	@echo "make demo                       set everything up and run the main job on sample data"
	@echo "make demo DATA=folder [LIMIT=n] the same on a folder of styles.csv and pictures"
	@echo "make up                         services, consumer, Dagster and the app; Ctrl-C stops all of it"
	@echo "make study [DATA=... LIMIT=n]   three systems compared on 200 drawn looks, or looks of real photos, with a report"
	@echo "make test | lint                tests | ruff, mypy, sqlfluff and Dagster's definitions ('$(BIN)/pre-commit install': at each commit)"
	@echo "make bench [DATA=... LIMIT=n]   the demo, then side-by-side measurements"
	@echo "make docs | messages            the generated parts of docs/ | the pages' texts for translators"

demo: $(STAMP)
	@$(BIN)/lookmatch demo $(if $(DATA),--data "$(DATA)") $(if $(LIMIT),--limit $(LIMIT))

up: $(STAMP)
	@exec $(BIN)/lookmatch up

test: $(STAMP)
	@$(BIN)/python -m pytest -n 2 --dist loadfile tests

study: $(STAMP)
	@$(BIN)/lookmatch demo $(if $(DATA),--data "$(DATA)") $(if $(LIMIT),--limit $(LIMIT))
	@$(BIN)/lookmatch study sample $(if $(DATA),--data "$(DATA)" --study sample-real)

# With DATA some records stay out of the catalogue, so that looks can be composed of products that it does not hold.
bench: $(STAMP)
	@$(BIN)/lookmatch demo $(if $(DATA),--data "$(DATA)" --limit $(or $(LIMIT),29500))
	@$(BIN)/python -m benchmarks landing
	@$(BIN)/python -m benchmarks effect
	@$(BIN)/python -m benchmarks retrieval
	@$(BIN)/python -m benchmarks serving
	@$(BIN)/python -m benchmarks deadlines
	@$(BIN)/python -m benchmarks pages
	@$(if $(DATA),$(BIN)/python -m benchmarks looks "$(DATA)" && $(BIN)/python -m benchmarks encoders "$(DATA)",echo "With DATA=folder of styles.csv and images, search of looks and the encoder are measured too.")

lint: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/mypy
	@$(MAKE) --no-print-directory lint-sql check-defs

# sqlfluff takes one templater a run. dbt's models go through Jinja with the project's macros, since dbt's own templater connects to a
# database. One process, since starting others takes longer than the statements do.
lint-sql: $(STAMP)
	@$(BIN)/sqlfluff lint --nocolor --disable-progress-bar -q lookmatch_serving lookmatch_assets benchmarks tests
	@$(BIN)/sqlfluff lint --nocolor --disable-progress-bar -q --templater jinja dbt_catalog

# dg keeps its storage, and its word against telemetry, in a home that goes with it; else it would write into the tree.
check-defs: $(STAMP)
	@home=$$(mktemp -d) && trap 'rm -rf "$$home"' EXIT && echo 'telemetry: {enabled: false}' >"$$home/dagster.yaml" && \
		DAGSTER_HOME="$$home" VIRTUAL_ENV="$(abspath $(VENV))" $(BIN)/dg check defs

# Writes the parts of the documentation that are made from the code; a test fails while a page differs from it.
docs: $(STAMP)
	@$(BIN)/python -m cogapp -r --verbosity=1 docs/*.md docs/adr/README.md

# Brings new texts of the pages into the translators' catalogues.
messages: $(STAMP)
	@$(BIN)/pybabel -q extract -F lookmatch_serving/web/translations/babel.cfg -k N_ --no-location --omit-header -o .messages.pot lookmatch_serving/web
	@$(BIN)/pybabel -q update -i .messages.pot -o lookmatch_serving/web/translations/ja.po -l ja --no-fuzzy-matching --ignore-pot-creation-date --width 120
	@rm .messages.pot

install: $(STAMP)

# sam2 is a source package that must see the torch already installed, so it comes second and without build isolation.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "lookmatch needs Python 3.11 or newer; set PYTHON=")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV): a few minutes the first time, since PyTorch is large."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]' setuptools wheel
	@SAM2_BUILD_CUDA=0 $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-build-isolation --no-deps sam2
	@touch $@

clean:
	rm -rf $(VENV) .lookmatch
