# `make demo` and `make test` are all a newcomer needs; `make help` lists the rest.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
SCENARIO ?= scenarios/scenario_finance.json
PERSONA  ?= scenarios/personas/price-objection.yaml
OUT      ?= out/demo

.PHONY: help setup models audio audio-check demo personas test style format types bench install clean

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

audio: models
	@for voice in julie marc; do $(BIN)/agent-tools clone-voice $$voice --all --no-check --quiet || exit; done
	@$(BIN)/agent-tools setup-audio --make-background office --quiet

audio-check: audio ## recognise every recording back, render bad ones again: a minute a voice
	@for voice in julie marc; do $(BIN)/agent-tools clone-voice $$voice --all || exit; done

demo: setup ## a whole spoken call through a simulated switch: transcript, score, stereo recording
	@$(BIN)/agentd simulate $(SCENARIO) --persona $(PERSONA) --out $(OUT)

personas: setup ## every persona of scenarios/personas, three calls at a time
	@$(BIN)/agentd simulate $(SCENARIO) --persona scenarios/personas --concurrency 3 --out out/personas

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

bench: setup ## one JSON line per bar of the specification that can be measured so far
	@$(BIN)/python -m benchmarks

PREFIX  ?= /usr/local
DESTDIR ?=
LIB     := $(DESTDIR)$(PREFIX)/lib/agentd
STATE   := $(DESTDIR)/var/lib/agentd
PIP_ARGS ?=

install: ## into DESTDIR and PREFIX; keeps the configuration, scenarios and objections it finds
	@rm -rf build  # what an earlier version left there would be installed too
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --upgrade --target $(LIB) $(PIP_ARGS) '.[postgres]'
	@rm -rf build
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/agentd $(DESTDIR)$(PREFIX)/share/doc/agentd
	install -m 755 tools/launcher $(DESTDIR)$(PREFIX)/bin/agentd
	install -m 755 tools/launcher $(DESTDIR)$(PREFIX)/bin/agent-tools
	cp -r dialplan freeswitch-conf monitoring $(DESTDIR)$(PREFIX)/share/agentd/
	cp -r README.md CHANGELOG.md LICENSE docs $(DESTDIR)$(PREFIX)/share/doc/agentd/
	install -d $(DESTDIR)/usr/lib/systemd/system $(DESTDIR)/usr/lib/tmpfiles.d $(DESTDIR)/usr/lib/sysusers.d
	sed 's#/usr/local#$(PREFIX)#g' systemd/agentd@.service > $(DESTDIR)/usr/lib/systemd/system/agentd@.service
	install -m 644 systemd/agentd.tmpfiles.conf $(DESTDIR)/usr/lib/tmpfiles.d/agentd.conf
	install -m 644 systemd/agentd.sysusers.conf $(DESTDIR)/usr/lib/sysusers.d/agentd.conf
	install -d $(DESTDIR)/etc/agentd $(STATE)
	test -e $(DESTDIR)/etc/agentd/agentd.toml || \
	  sed 's#^root = .*#root = "../../var/lib/agentd"#' agentd.example.toml \
	  > $(DESTDIR)/etc/agentd/agentd.toml
	cp -rn scenarios objections voices $(STATE)/

clean: ## forget what was built, rendered and downloaded
	rm -rf $(VENV) models audio/julie audio/marc audio/background out .cache *.egg-info
