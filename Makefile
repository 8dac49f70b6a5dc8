# Every target sets up what it needs. Variables a person may set:
#   PYTHON=…         the interpreter to build .venv with (default: that of the distribution, whose
#                    builds are the fastest by a seventh, when it is >= 3.11; else the first that is)
#   MOSQUITTO=no     do not install the broker     CHROMIUM=no   do not install the browser
#   STRACE=no        do not install strace
#   SOFTHSM=no       do not install SoftHSM   POSTGRESQL=no  do not install PostgreSQL
#   SET=days         the one campaign that `make soak` runs, or measurement that `make bench` makes
#   MUTANTS=900|all  how many faults `make teeth` plants, SEED=n which, WORKERS=n how many at a time
#   LOCK_OPTIONS=--upgrade  `make lock` then takes the newest versions it may
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# Without its bytecode each of the hundreds of programs that the tests start would compile every source anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test attack accept check bench soak teeth deb image lock venv mosquitto strace chromium \
	softhsm postgresql mmdebstrap umoci clean
.DELETE_ON_ERROR:

export PATH := $(PATH):/usr/sbin:/usr/local/sbin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

BIN := .venv/bin
STAMP := .venv/.installed
MOSQUITTO ?= yes
CHROMIUM ?= yes
STRACE ?= yes
SOFTHSM ?= yes
POSTGRESQL ?= yes
MUTANTS ?= 900
# Branch coverage asked of the protocol and the cores, in percent.
COVERAGE_FLOOR ?= 100
# What runs a core through something else, by pattern: programs, roads, disks, paper and pages; whole days, kills,
# power cuts and planted faults; secrecy, the second computation, and one property under every law. `make test` runs
# them, `make soak` with more examples; a line of a core that they alone ran would turn the floor red.
WITHOUT_CORES := tests/device/host tests/device/paper \
	tests/device/test_mechanism.py tests/device/test_model.py tests/device/test_*_rot.py tests/device/test_power_cuts*.py \
	tests/device/test_*secrecy.py tests/device/test_attackers.py tests/protocol/test_link_faults.py \
	tests/gateway/durable tests/gateway/test_teeth.py tests/gateway/test_exactly_once.py \
	tests/gateway/test_*_ledger.py tests/gateway/service/test_mending.py \
	tests/gateway/adapters/test_*http*.py tests/gateway/adapters/test_*mqtt*.py \
	tests/gateway/adapters/test_*serial*.py tests/gateway/adapters/test_up*.py \
	tests/tabulation/test_publication.py tests/tabulation/test_publish_*.py tests/tabulation/test_tabulate_*.py \
	tests/tabulation/test_site*.py tests/tabulation/test_*_page.py tests/tabulation/test_*_document.py \
	tests/tabulation/test_second_*.py tests/tabulation/test_*_under_laws.py
# Names the lock file's maker; it is used by `make lock` alone and never installed with the product.
UV := uv==0.13.9

CANDIDATES := /usr/bin/python3 python3.11 python3.12 python3.13 python3.14 python3
# The first that can make .venv as it is, else the first that is new enough.
PYTHON ?= $(shell for needed in sys,ensurepip,venv sys; do for p in $(CANDIDATES); do \
	if $$p -c "import $$needed; sys.exit(sys.version_info < (3, 11))" >/dev/null 2>&1; \
	then echo $$p; exit; fi; done; done)

# $(call debian,command,package,yes|no,what happens without it)
define debian
	@if command -v $(1) >/dev/null 2>&1; then :; \
	elif [ "$(3)" = no ]; then echo "$(1) is not installed and was not asked for. $(4)"; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
		echo "Installing $(2) from Debian …"; \
		export DEBIAN_FRONTEND=noninteractive; \
		{ apt-get update -qq && apt-get install -y -qq --no-install-recommends $(2); } \
			</dev/null >/dev/null || echo "$(2) could not be installed. $(4)"; \
	else echo "$(1) is not installed. $(4) To install it: sudo apt-get install $(2)"; fi
endef

help: ## what can be made
	@sed -n 's/^\([a-z]*\):.*## \(.*\)$$/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

demo: venv mosquitto ## an election day with 104 boxes, then the published pages of a small night
	$(BIN)/ballotbox-sim demo --night

test: venv mosquitto strace ## every test but those of `make accept` and `make soak`
	$(BIN)/pytest -n 2 --dist worksteal -m "not accept and not soak"

attack: venv mosquitto ## every attack of the threat table, with its check and without it; prints a table
	$(BIN)/pytest -q -n 2 --dist worksteal -m attack

check: venv ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Parts that stand alone first: coverage of what must be exact, then fresh installations, then the browser.
# Where the machine is busy, to build and install a package lasts longer than a test of `make test` may.
accept: venv mosquitto strace chromium softhsm postgresql mmdebstrap umoci ## coverage, the 15 acceptance tests, fresh installations, the page in a browser
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -q -n 2 --dist worksteal --hypothesis-profile=coverage \
		-m "not accept and not soak" \
		tests/protocol tests/device tests/gateway tests/tabulation tests/contracts \
		$(patsubst %,--ignore-glob='%',$(WITHOUT_CORES))
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --fail-under=$(COVERAGE_FLOOR)
	$(BIN)/pytest -n 2 --dist loadfile -o faulthandler_timeout=900 -m "accept or acceptance"

bench: venv mosquitto postgresql ## measure; prints a table, writes bench/results.json; SET=peer … one alone
	$(BIN)/python bench/run.py $(if $(SET),--only $(SET))

# In parts of at most ten minutes; a campaign goes on where it was on the same clean commit alone.
soak: venv mosquitto strace postgresql ## long campaigns, each at most an hour: SET=days, kill9 …, all by default
	$(BIN)/python bench/soak.py $(if $(SET),--set $(SET))

# Planted violations first: they take a minute. Then small faults in the modules that must be exact;
# a sample unless MUTANTS=all. What was tried is kept while no Python file changes.
teeth: venv ## plant violations and faults, show that checks and tests see them; MUTANTS=all, SEED=n
	$(BIN)/pytest -q -m teeth
	$(BIN)/python -m tests.simulator.mutants.hunt
	PYTHONHASHSEED=0 $(BIN)/python -m tests.mutation.campaign --mutants $(MUTANTS) \
		$(if $(SEED),--seed $(SEED))

deb: venv ## the Debian package of the gateway, in dist; DEB_VERSION=…
	$(BIN)/python gateway/packaging/make_deb.py $(if $(DEB_VERSION),--version $(DEB_VERSION))

image: deb mmdebstrap umoci ## the container image of the gateway, in dist; needs root
	$(BIN)/python gateway/packaging/make_image.py --tree build/debian.tar \
		--out dist/ballotbox-gateway.oci.tar "$$(ls -t dist/ballotbox-gateway_*.deb | head -1)"

venv: $(STAMP) ## .venv with exactly what requirements.lock names

$(STAMP): requirements.lock pyproject.toml
	@if [ -z "$(PYTHON)" ]; then \
		echo "No Python >= 3.11 found (looked for: $(CANDIDATES)). Install one, or: make PYTHON=/path/to/python3 …" >&2; \
		exit 1; fi
	$(if $(PYTHON),$(if $(shell $(PYTHON) -c 'import ensurepip, venv' 2>&1),$(call \
		debian,no-venv,python3-venv,yes,$(PYTHON) cannot make .venv without it.)))
	@[ ! -L .venv ] || { echo ".venv is a link into another tree and would be changed there: remove it" >&2; exit 1; }
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --only-binary :all: --require-hashes \
		-r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --no-index -e .
	@touch $@

mosquitto: # the broker of tests and demo; they start their own, on a free port of this machine
	$(call debian,mosquitto,mosquitto,$(MOSQUITTO),The demo then uses a broker that comes with pip; tests that need mosquitto are skipped.)

strace: # kills a gateway at its system calls
	$(call debian,strace,strace,$(STRACE),The tests that kill a gateway at system calls are then skipped.)

mmdebstrap: # makes the Debian tree of the image and of the test of the package
	$(call debian,mmdebstrap,mmdebstrap,yes,The package is then tested nowhere but here.)

umoci: # writes the image
	$(call debian,umoci,umoci,yes,There is no image without it.)

chromium: # opens the pages for `make accept`
	$(call debian,chromium,chromium,$(CHROMIUM),The tests that open the pages are then skipped.)

softhsm: # a security module in software, for `make accept`
	$(call debian,softhsm2-util,softhsm2,$(SOFTHSM),The tests of keys in a security module are then skipped.)

# Debian has its programs where no PATH looks. Tests start a cluster of their own; Debian's is not used.
postgresql: # the database of a centre, for `make accept` and `make bench`
	$(call debian,$(or $(firstword $(wildcard /usr/lib/postgresql/*/bin/initdb)),initdb),postgresql,$(POSTGRESQL),The tests of a ledger in PostgreSQL are then skipped.)

# Hashes of every platform and of Python 3.11 to 3.14; no index, host or local path is written.
lock: ## requirements.lock anew from pyproject.toml
	rm -rf build/lock && $(PYTHON) -m venv build/lock && build/lock/bin/python -m pip install -q $(UV)
	build/lock/bin/uv pip compile pyproject.toml --all-extras --group build --universal \
		--python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
		--no-annotate --only-binary :all: --custom-compile-command "make lock" $(LOCK_OPTIONS) \
		--quiet --output-file requirements.lock
	rm -rf build/lock

clean: ## remove everything made here
	rm -rf .venv build dist demo-out simulation-failures htmlcov .coverage .coverage.* \
		.pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache \
		bench/results.json bench/soak.json bench/soak-*.pickle bench/teeth.json
