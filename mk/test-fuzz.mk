# Fuzzers of what comes in as a request (libFuzzer, which comes with clang): tests/fuzz.
#   make fuzz FUZZ_SECONDS=60      builds them into build-fuzz/ and runs each; part of test-long
# An input that fails is kept in build-fuzz/found/.
FUZZ_B    := build-fuzz
FUZZ_SRV  := http form json
FUZZ_BIN  := $(addprefix $(B)/fuzz/,$(FUZZ_SRV) unpack)
FUZZ_LIBS := $(filter-out %/nmr-webui.o,$(SERVER_OBJ)) $(LIB)
FUZZ_MOL  := $(patsubst %,$(B)/obj/spooler/mol/%.o,op_unpack options output text) $(MOL_BASE)
FUZZ_MAKE  = $(MAKE) --no-print-directory B=$(FUZZ_B) CC=clang CXX=clang++ SANITIZE=1 RELEASE=1 \
             CFLAGS=-fsanitize=fuzzer-no-link CXXFLAGS=-fsanitize=fuzzer-no-link

.PHONY: fuzz fuzz-build fuzz-targets
fuzz-targets: $(FUZZ_BIN)
$(addprefix $(B)/fuzz/,$(FUZZ_SRV)): $(B)/fuzz/%: tests/fuzz/%.c tests/fuzz/serve.c tests/fuzz/serve.h $(FUZZ_LIBS)
	@mkdir -p $(@D)
	$(CC) $(filter-out -MMD -MP,$(ALLCFLAGS)) -I. -fsanitize=fuzzer $(filter %.c,$^) $(FUZZ_LIBS) -o $@ $(LIBS) $(SERVER_LIBS)
$(B)/fuzz/unpack: tests/fuzz/unpack.cpp $(FUZZ_MOL)
	@mkdir -p $(@D)
	$(CXX) $(filter-out -MMD -MP,$(MOL_FLAGS)) -fsanitize=fuzzer $^ -o $@ -larchive $(shell pkg-config --libs jansson libmd)

fuzz-build:
	@scripts/install-deps build fuzz
	@$(FUZZ_MAKE) -s -j$(JOBS) fuzz-targets
fuzz: fuzz-build
	@prove -v --exec scripts/run-test tests/long/fuzz.t
