# Benchmarks: ratios measured in one run, never limits.
.PHONY: bench-predict bench-recipe bench-nmr bench-spool bench-web
bench-predict:
	@scripts/install-deps build run
	@$(MAKE) -s -j$(JOBS) all
	@scripts/bench-predict
bench-recipe:
	@scripts/install-deps build run bench
	@$(MAKE) -s -j$(JOBS) all
	@scripts/bench-recipe
# An hour or two; goes on after what is done already.
bench-nmr:
	@scripts/install-deps build run bench
	@$(MAKE) -s -j$(JOBS) all
	@scripts/bench-nmr
bench-spool:
	@scripts/install-deps build run test
	@$(MAKE) -s -j$(JOBS) all $(B)/tests/replay $(B)/tests/syncs.so
	@scripts/bench-spool
bench-web:
	@scripts/install-deps build run test bench
	@$(MAKE) -s -j$(JOBS) all
	@scripts/bench-web
