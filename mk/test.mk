# Tests. All of them run from the project root through prove and scripts/run-test, which
# takes anything on stderr and every sanitizer report for a failure.
#   make test         everything of a few minutes each, under ASan and UBSan
#   make test-long    also tests/long/
#   make unit, make integration, make check TESTS=...    parts, without installing packages
#   make lint         headers compile alone, manual pages, scripts
JOBS      ?= $(shell nproc)
TEST_MAKE  = $(MAKE) --no-print-directory SANITIZE=1
INTEGRATION := $(sort $(wildcard tests/integration/*.t))
LONG      := $(sort $(wildcard tests/long/*.t))
UNIT       = $(sort $(UNIT_BIN) $(MOL_UNIT_BIN))
# Those whose engines answer at once mostly wait: they run side by side with each other
# and the unit tests, the longest first. Engines and servers of the machine want it for
# themselves.
WAITING    = $(patsubst %,tests/integration/%.t,batch notify schedule powerloss sweep torture feedback random \
	web-abuse check backup limits web-api verbs summary folders keep again changed web-openapi save)
PROVE      = NMR_TEST_BIN=$(B)/bin prove --timer --exec scripts/run-test $(if $(VERBOSE),-v)

.PHONY: test test-long check unit integration lint
test:
	@scripts/install-deps build run test
	@echo "Building with sanitizers ..."
	@$(TEST_MAKE) -s -j$(JOBS) all unit-tests
	@$(TEST_MAKE) -s webui-vendor || echo "Without npm's packages the page is not tested in a browser."
	@$(TEST_MAKE) check
test-long:
	@scripts/install-deps build run test
	@$(TEST_MAKE) -s -j$(JOBS) all unit-tests
	@$(MAKE) --no-print-directory fuzz-build
	@$(TEST_MAKE) check TESTS='$$(UNIT) $$(INTEGRATION) $$(LONG)'

TESTS      = $(UNIT) $(INTEGRATION)
BESIDE     = $(filter $(UNIT),$(TESTS)) $(foreach t,$(WAITING),$(filter $(t),$(TESTS)))
ALONE      = $(filter-out $(BESIDE),$(TESTS))
check: all unit-tests
	@bad=0; \
	$(if $(strip $(BESIDE)),$(PROVE) -j$(JOBS) $(BESIDE) || bad=1;) \
	$(if $(strip $(ALONE)),$(PROVE) $(ALONE) || bad=1;) \
	exit $$bad
unit:
	@scripts/install-deps build test
	@$(TEST_MAKE) -s -j$(JOBS) all unit-tests
	@$(TEST_MAKE) check TESTS='$$(UNIT)'
integration:
	@scripts/install-deps build run test
	@$(TEST_MAKE) -s -j$(JOBS) all
	@$(TEST_MAKE) check TESTS='$$(INTEGRATION)'

HEADERS   := $(sort $(wildcard spooler/*/*.h webui/server/*.h))
MANPAGES  := $(sort $(wildcard man/*.[158]))
SCRIPTS   := $(sort $(shell grep -sl -d skip '^\#!/bin/sh' scripts/* docker/* .ci/run))
lint: $(patsubst %,$(B)/lint/%.ok,$(HEADERS))
	@for f in $(SCRIPTS); do sh -n $$f || exit 1; done
	@for f in $(MANPAGES); do mandoc -T lint -W warning $$f || exit 1; done
	@for f in $(INTEGRATION) $(LONG); do perl -c $$f 2>&1 | grep -v 'syntax OK' && exit 1; done; true
	@if [ -n "$(TIDY)" ]; then clang-tidy --quiet $(TIDY) -- $(ALLCFLAGS); fi
	@echo "lint: clean"
# Each header compiles alone.
$(B)/lint/%.h.ok: %.h
	@mkdir -p $(@D)
	@printf '#include "%s"\n' $(patsubst spooler/%,%,$<) | $(CC) $(filter-out -MMD -MP,$(ALLCFLAGS)) -I. -fsyntax-only -x c -
	@touch $@
