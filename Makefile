# Plain Python 3.11 or later and make; nothing else needs to be installed, nobody needs to be root.
#
#   make run       start the platform with its demonstration data (UP="--no-demo --port 9000": options of `gongkai up`)
#   make test      everything CI runs: `make lint`, then the whole test suite
#   make check     `make lint` and the pure tests: under a minute
#   make lint      format, lint, types, import rules
#   make offline   fill ./offline with every package, for machines without a network
#   make bench     measure (docs/measurements.md)
#   make proto     regenerate gongkai/rpc from proto/
#   make lock      resolve the newest packages that pyproject.toml and jars.py allow
#   make clean     delete what was built; `make clean-state` deletes the data in .gongkai
#
# Mirrors and machines without a network:
#   GONGKAI_PYTHON_INDEX       URL of a Python package index (else what pip is configured with)
#   GONGKAI_MAVEN_REPOSITORY   URL of the Maven repository OpenSearch comes from
#   GONGKAI_OFFLINE            a folder that `make offline` filled (else ./offline, if it is there)

SHELL := /bin/sh
.DELETE_ON_ERROR:
.PHONY: run test check lint offline bench proto lock clean clean-state help

BIN := .venv/bin
UV_VERSION := 0.13.9
export UV_PYTHON_DOWNLOADS := never
export UV_LINK_MODE := $(or $(UV_LINK_MODE),hardlink)

# The first Python that is new enough and has what an environment needs.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null \
	&& echo $$name && break; done)

# --- Where packages come from: a prepared folder, a named index, or pip's own configuration (which uv does not read).
OFFLINE := $(if $(GONGKAI_OFFLINE),$(abspath $(GONGKAI_OFFLINE)),$(patsubst %/complete,%,$(wildcard $(CURDIR)/offline/complete)))
ifneq ($(OFFLINE),)
FROM := --no-index --find-links $(OFFLINE)/wheels
export GONGKAI_OFFLINE := $(OFFLINE)
else ifneq ($(GONGKAI_PYTHON_INDEX),)
FROM := --index-url $(GONGKAI_PYTHON_INDEX)
endif
# Certificates that pip was told of serve uv too.
ifneq ($(PIP_CERT),)
export SSL_CERT_FILE := $(or $(SSL_CERT_FILE),$(PIP_CERT))
endif
UV_FROM = $(or $(FROM),$$(index=$$($(BIN)/pip config get global.index-url 2>/dev/null || echo "$$PIP_INDEX_URL"); \
	test -z "$$index" || echo "--index-url $$index"))

run: .venv/run.stamp
	@exec $(BIN)/gongkai up $(UP)

# The suite has the pure tests among the others: `make test` does not run them twice.
test: lint
	$(BIN)/pytest -n 4 --dist loadscope --no-loadscope-reorder

check: lint
	$(BIN)/pytest -q -m domain

# Tests start many processes of ours: what one has compiled the next need not, whatever the caller's shell says.
test check: export PYTHONDONTWRITEBYTECODE :=

lint: .venv/dev.stamp
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/dev.stamp
	$(BIN)/python -m bench

proto: .venv/dev.stamp
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m grpc_tools.protoc -Iproto --python_out=. --grpc_python_out=. --mypy_out=. --mypy_grpc_out=. \
		$$(find proto -name '*.proto' | sort)

offline: .venv/dev.stamp
	@rm -rf offline/complete
	$(BIN)/pip download --quiet $(FROM) --no-deps --only-binary :all: -d offline/wheels uv==$(UV_VERSION)
	$(BIN)/pip download --quiet $(FROM) --no-deps --require-hashes -d offline/wheels -r .venv/dev.txt
	$(BIN)/python -m gongkai.devstack.jars fetch offline/jars
	@touch offline/complete
	@echo "offline/ is complete: carry it to a machine of this kind and run make there."

# The lock names no host: every address is written as index.invalid. uv resolves with the real ones, keeping the
# locked versions unless UPGRADE=1, and the hosts are taken out again.
lock: .venv/uv.stamp
	$(BIN)/uv lock $(UV_FROM) $(if $(UPGRADE),--upgrade)
	sed -E 's#"https?://[^/"]+/#"https://index.invalid/#' uv.lock > uv.lock.new && mv uv.lock.new uv.lock
	@if [ -n "$(UPGRADE)" ]; then $(MAKE) .venv/run.stamp && $(BIN)/python -m gongkai.devstack.jars lock; fi

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
	find gongkai services tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

clean-state: .venv/run.stamp
	$(BIN)/python -c 'import pathlib; from gongkai.devstack.stack import remove_state; remove_state(pathlib.Path(".gongkai").absolute())'

# --- The environment, in three steps; each is done again only when what it is made from changes.
.venv/uv.stamp:
	@test -n "$(PYTHON)" || { echo "需要 Python 3.11 至 3.14（含 venv）。Python 3.11 to 3.14 with venv is needed."; exit 1; }
	@echo "[make] .venv ($(PYTHON))"
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check $(FROM) uv==$(UV_VERSION)
	@touch $@

.venv/run.stamp: .venv/uv.stamp uv.lock pyproject.toml
	@echo "[make] packages"
	@$(call install,run,--no-dev --group build)
	@touch $@

.venv/dev.stamp: .venv/run.stamp
	@echo "[make] packages for development"
	@$(call install,dev,--group build)
	@touch $@

# $(1): name of the list; $(2): groups. Every file must have a digest of the lock. Where uv cannot reach the index,
# pip, which knows the machine's configuration, tries.
define install
	$(BIN)/uv export --quiet --frozen --no-emit-project --no-header --no-annotate $(2) -o .venv/$(1).txt > /dev/null && \
	{ $(BIN)/uv pip install --quiet --python $(BIN)/python $(UV_FROM) --require-hashes --no-deps -r .venv/$(1).txt || \
	  $(BIN)/pip install --quiet $(FROM) --require-hashes --no-deps -r .venv/$(1).txt; } && \
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-index --no-build-isolation --no-deps -e .
endef
