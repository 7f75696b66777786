# From nothing to the spectrum of ethanol.
.PHONY: demo
demo:
	@scripts/demo
