# Benchmarks: ratios measured in one run, never limits.
.PHONY: bench-predict
bench-predict:
	@scripts/install-deps build run
	@$(MAKE) -s -j$(JOBS) all
	@scripts/bench-predict
