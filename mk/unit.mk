# Unit tests: each tests/unit/test_*.c is one cmocka program linked with the whole library.
UNIT_SRC  := $(wildcard tests/unit/test_*.c)
UNIT_BIN  := $(patsubst tests/unit/%.c,$(B)/tests/%,$(UNIT_SRC))
$(B)/tests/test_%: tests/unit/test_%.c $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALLCFLAGS) $(UNIT_LINK) -MF $@.d -DTEST_DIR='"tests"' $< $(LIB) -o $@ $(LIBS) -lcmocka $(RENDER_LIBS)
# Its time is the test's.
$(B)/tests/test_scheduler: UNIT_LINK = -Wl,--wrap=clock_mono
.PHONY: unit-tests
unit-tests: $(UNIT_BIN)
# The stand-in for all engines that tests of the spool use.
$(B)/tests/replay: tests/fakes/replay.c
	@mkdir -p $(@D)
	$(CC) $(WARN) $(DEV) $(OPT) $(SAN) $< -o $@
unit-tests: $(B)/tests/replay
# Loaded into programs without sanitizers only: powerloss.so notes what a power cut would
# leave, syncs.so counts syncs.
$(B)/tests/%.so: tests/fakes/%.c
	@mkdir -p $(@D)
	$(CC) $(WARN) $(DEV) $(OPT) -fPIC -shared $< -o $@
unit-tests: $(B)/tests/powerloss.so $(B)/tests/syncs.so
