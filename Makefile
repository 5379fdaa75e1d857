# Each target sets up what it needs; a second call repeats no finished work.
PYTHON ?= python3
TORCH_VERSION = 2.13.0
JAX = 0.10.2
RAY = 2.60.0
TRITON = 3.6.0
PIP_AUDIT = 2.10.1
PIP_LICENSES = 5.5.5
# A file's tests share what they set up, so that a file goes to one process; its order is that of the folders, in which
# the files that take longest are not the last.
PYTEST = python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export PYTHONDONTWRITEBYTECODE = 1

# Settings of `make compare`: the commit to compare with, the scale of both runs, the commit that names the change, and
# the output files; RECORD is that of `make attest`. Anyone can name a branch, so neither make nor the shell may run
# these texts as code.
AGAINST ?= origin/main
SCALE ?= smoke
COMMIT ?= HEAD
OUT ?= comparison.md
override export AGAINST := $(value AGAINST)
override export SCALE := $(value SCALE)
override export COMMIT := $(value COMMIT)
override export OUT := $(value OUT)
override export NAME := $(value NAME)
override export RECORD := $(value RECORD)

.PHONY: repro repository test test-all browser quote publish committed keep tidy compare record attest comment bench audit licences
.PHONY: setup lint lock clean-checkpoints clean
# DVC's first stage checks params.yaml, but DVC itself fails to read some edits, and then the check says why.
repro: repository setup
	@[ dvc.lock -nt params.yaml ] || python -m commands.check
	dvc repro
	@python -m commands.summary

# Before the set-up, which takes minutes.
repository:
	@git rev-parse --git-dir >/dev/null || { \
		echo "error: DVC needs a git repository; clone the project, or run \`git init\` in this folder" >&2; exit 1; }

# What every change has to pass, with a tenth of the generated hostile cases.
test: setup lint
	HOSTILE_SHARE=0.1 $(PYTEST) -m "not long"

# All tests: also fifty kills, full disks, queue, cluster, all hostile cases, determinism across environments.
test-all: setup lint .venv/cluster .venv/triton
	$(PYTEST)

# A browser for the tests that open the page; without one they are skipped.
browser:
	@for name in chromium chromium-browser google-chrome; do command -v $$name && exit; done; \
	if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; \
	else echo "note: Chromium is missing; installing it needs apt-get and root"; fi

# The tables of README.md and docs/ that quote committed results.
quote: setup
	@python -m commands.quote

publish: committed repro
	@python -m publishing.site

committed: setup
	@python -m publishing.commit

# For CI, without a virtual environment: publishing.branch and publishing.post need no packages.
keep:
	@$(PYTHON) -m publishing.branch

# For CI: reduce DVC's cache to the files of the checked-out commit, so that it does not grow without end.
tidy: setup
	@dvc gc --workspace --force

compare: setup
	@python -m publishing.compare --against="$$AGAINST" --scale="$$SCALE" --commit="$$COMMIT" --out $$OUT

# Keep this run's results in git, as reports/recorded/<NAME>.
record: setup
	@python -m commands.record "$$NAME"

# Whether this machine's results are those of a record: RECORD=reports/recorded/<name>.
attest: setup
	@python -m commands.attest "$$RECORD"

comment:
	@$(PYTHON) -m publishing.post "$${OUT%% *}"

bench: setup .venv/bench .venv/cluster
	python -m tests.benchmarks.bench

.venv/bench: .venv/complete
	.venv/bin/python -m pip install --disable-pip-version-check --quiet jax==$(JAX)
	@touch $@

# Reproducing and testing need neither tool, so requirements.lock leaves them out.
audit: setup .venv/audit
	@python -m dependencies.audit

licences: setup .venv/audit
	@python -m dependencies.licences

.venv/audit: .venv/complete
	.venv/bin/python -m pip install --disable-pip-version-check --quiet --constraint requirements.lock \
		pip-audit==$(PIP_AUDIT) pip-licenses==$(PIP_LICENSES)
	@touch $@

# Only for runs on several machines, and for `make test-all`.
.venv/cluster: .venv/complete
	.venv/bin/python -m pip install --disable-pip-version-check --quiet --constraint requirements.lock ray==$(RAY)
	@touch $@

# For `make test-all`, which interprets the GPU kernels where there is no GPU. torch for CUDA includes Triton, which exists
# for Linux only.
.venv/triton: .venv/complete
	@[ "$$(uname)" != Linux ] || .venv/bin/python -c 'import triton' 2>/dev/null \
		|| .venv/bin/python -m pip install --disable-pip-version-check --quiet --no-deps triton==$(TRITON)
	@touch $@

lint: setup
	ruff check
	ruff format --check

# Without a GPU, torch comes in its CPU build; `make clean setup TORCH=cuda` or `TORCH=cpu` overrules that.
setup: .venv/complete

.venv/complete: requirements.lock
	@$(PYTHON) -c 'import sys; sys.version_info < (3, 11) and sys.exit("error: Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; name another one with make PYTHON=…")'
	$(PYTHON) -m venv .venv
	.venv/bin/python -m dependencies.install
	@touch $@

# Update requirements.lock from pyproject.toml; installing the lock chooses the CPU or CUDA build of torch.
lock:
	$(PYTHON) -m venv --clear .venv/lock
	.venv/lock/bin/python -m pip install --disable-pip-version-check torch==$(TORCH_VERSION) '.[test]'
	.venv/lock/bin/python -m pip freeze --exclude difficulty | grep -v ^nvidia- | grep -v ^triton \
		| sed 's/^\(torch==[^+]*\)+.*/\1/; s/^pygame==.*/&; python_version < "3.14"/' > requirements.lock
	rm -rf .venv/lock

# Remove the checkpoints of interrupted training that will not be resumed.
clean-checkpoints:
	rm -rf data/checkpoints

clean:
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis
