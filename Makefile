# `make demo` and `make test` are all a newcomer needs; `make help` lists the rest.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
SCENARIO ?= scenarios/scenario_finance.json
PERSONA  ?= scenarios/personas/price-objection.yaml
OUT      ?= out/demo

.PHONY: schemas demo-recording help setup models llm test-llm audio audio-check demo demo-campaign soak-kills personas test style format types bench soak curves install clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/.installed: setup.cfg pyproject.toml
	@tools/system-packages $(PYTHON)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[postgres,dev]'
	@touch $@

setup: $(VENV)/.installed models audio ## install everything: packages, recogniser, voice, rendered speech

models: $(VENV)/.installed
	@$(BIN)/agentd models fetch whisper-base pico

LLAMA := llama-cpp-python==0.3.36
llm: $(VENV)/.installed ## the language model's engine (compiled once, about 6 minutes) and a small one for tests
	@$(BIN)/python -c 'import llama_cpp' 2>/dev/null || { \
	  CMAKE_ARGS="-DGGML_NATIVE=OFF" $(BIN)/pip wheel --quiet --disable-pip-version-check \
	    --no-deps --find-links .cache/wheels --wheel-dir .cache/wheels '$(LLAMA)' && \
	  $(BIN)/pip install --quiet --disable-pip-version-check --find-links .cache/wheels \
	    --editable '.[llm]'; }
	@$(BIN)/agentd models fetch smollm2

test-llm: llm ## the tests that need a language model (skipped without it)
	$(BIN)/python -m pytest -m llm

audio: models
	@for voice in julie marc; do $(BIN)/agent-tools clone-voice $$voice --all --no-check --quiet || exit; done
	@$(BIN)/agent-tools setup-audio --make-background office --quiet

audio-check: audio ## recognise every recording back, render bad ones again: a minute a voice
	@for voice in julie marc; do $(BIN)/agent-tools clone-voice $$voice --all || exit; done

demo: setup ## a whole spoken call through a simulated switch: transcript, score, stereo recording
	@$(BIN)/agentd simulate $(SCENARIO) --persona $(PERSONA) --out $(OUT)

demo-recording: setup ## hold the call of `make demo` again, and write docs/demo.svg from what it printed
	@mkdir -p out/demo-recording
	@$(BIN)/agentd simulate $(SCENARIO) --persona $(PERSONA) --out out/demo-recording \
	  > out/demo-recording/call.txt
	@$(BIN)/python docs/pictures/demo.py out/demo-recording/call.txt > docs/demo.svg

personas: setup ## every persona of scenarios/personas, three calls at a time
	@$(BIN)/agentd simulate $(SCENARIO) --persona scenarios/personas --concurrency 3 --out out/personas

DEMO := AGENTD_STORE_URL=sqlite:///$(CURDIR)/out/demo-campaign/agentd.sqlite3 $(BIN)/agentd

demo-campaign: setup ## a campaign from a CSV with mistakes to a results file: 30 rows, spoken prospects
	@rm -rf out/demo-campaign && mkdir -p out/demo-campaign
	@cp scenarios/demo/contacts.csv out/demo-campaign/
	@$(DEMO) db migrate
	@$(DEMO) campaign create demo --simulated --scenario finance \
	  --caller-id 0162000001 --gateway trunk-a --gateway trunk-b \
	  --set ring_s=5 --set max_concurrent=6 --set per_minute=60 --set callbacks=1 \
	  --set 'retry={BUSY={attempts=2,delay_s=1800},NO_ANSWER={attempts=2,delay_s=14400}}'
	@$(DEMO) contacts import out/demo-campaign/contacts.csv --campaign demo --basis consent \
	  --channel web --wording "J'accepte que la Banque Exemple m'appelle." \
	  --proof scenarios/demo/consent-form.txt
	@$(DEMO) suppress add 0199001029 && $(DEMO) consent revoke 0199001030
	@$(DEMO) campaign rehearse demo --personas scenarios/demo/personas \
	  --numbers scenarios/demo/numbers.yaml --out out/demo-campaign
	@$(DEMO) campaign explain demo 0199001029; test $$? = 1
	@$(DEMO) audit verify

soak-kills: setup ## kill -9 of everything over 1,000 contacts, on both databases (half an hour)
	AGENTD_TEST_KILLS=1000 $(BIN)/python -m pytest -s --timeout 3600 tests/faults/test_kills.py

test: setup style types ## style, types and every test
	$(BIN)/python -m pytest

style: $(VENV)/.installed ## ruff: lint and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.installed ## mend what ruff can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.installed ## mypy, strict on the pure rooms
	$(BIN)/mypy

schemas: $(VENV)/.installed ## write schemas/ and docs/configuration.md anew, after a model has changed
	@for kind in scenario persona config campaign; do \
	  $(BIN)/agentd schema $$kind > schemas/$$kind.schema.json || exit; done
	@$(BIN)/python -m agentd_tools.reference > docs/configuration.md

bench: setup ## one JSON line per bar of the specification that can be measured so far
	@$(BIN)/python -m benchmarks

soak: setup ## 10,000 accelerated calls, then 2 hours at 20 calls: does anything grow? (benchmarks/soak)
	@$(BIN)/python -m benchmarks.soak

curves: setup ## how cost grows with calls, scenarios, objections, contacts: docs/performance/*.svg
	@$(BIN)/python -c 'import matplotlib' 2>/dev/null || \
	  $(BIN)/pip install --quiet --disable-pip-version-check --editable '.[bench]'
	@nice -n 5 $(BIN)/python -m benchmarks.curves

PREFIX  ?= /usr/local
DESTDIR ?=
LIB     := $(DESTDIR)$(PREFIX)/lib/agentd
STATE   := $(DESTDIR)/var/lib/agentd
PIP_ARGS ?=

install: ## into DESTDIR and PREFIX; keeps the configuration, scenarios and objections it finds
	@rm -rf build  # what an earlier version left there would be installed too
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --upgrade --target $(LIB) $(PIP_ARGS) '.[postgres]'
	@rm -rf build
	PYTHONPATH=$(LIB) $(PYTHON) -m agentd_tools.manual $(DESTDIR)$(PREFIX)/share/man
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/agentd $(DESTDIR)$(PREFIX)/share/doc/agentd
	install -m 755 tools/launcher $(DESTDIR)$(PREFIX)/bin/agentd
	install -m 755 tools/launcher $(DESTDIR)$(PREFIX)/bin/agent-tools
	cp -r dialplan freeswitch-conf monitoring $(DESTDIR)$(PREFIX)/share/agentd/
	cp -r README.md README.fr.md CHANGELOG.md LICENSE docs $(DESTDIR)$(PREFIX)/share/doc/agentd/
	install -d $(DESTDIR)/usr/lib/systemd/system $(DESTDIR)/usr/lib/tmpfiles.d $(DESTDIR)/usr/lib/sysusers.d
	for unit in agentd@ agentd-dialer agentd-retention; do \
	  sed 's#/usr/local#$(PREFIX)#g' systemd/$$unit.service \
	  > $(DESTDIR)/usr/lib/systemd/system/$$unit.service || exit; done
	install -m 644 systemd/agentd-retention.timer $(DESTDIR)/usr/lib/systemd/system/
	install -m 644 systemd/agentd.tmpfiles.conf $(DESTDIR)/usr/lib/tmpfiles.d/agentd.conf
	install -m 644 systemd/agentd.sysusers.conf $(DESTDIR)/usr/lib/sysusers.d/agentd.conf
	install -d $(DESTDIR)/etc/agentd $(STATE)
	test -e $(DESTDIR)/etc/agentd/agentd.toml || \
	  sed -e 's#^root = .*#root = "../../var/lib/agentd"#' \
	  -e 's,^#:schema ,#:schema ../../var/lib/agentd/,' agentd.example.toml \
	  > $(DESTDIR)/etc/agentd/agentd.toml
	cp -rn scenarios objections voices $(STATE)/
	cp -r schemas $(STATE)/

clean: ## forget what was built, rendered and downloaded
	rm -rf $(VENV) models audio/julie audio/marc audio/background out .cache *.egg-info
