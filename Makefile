# nmr-spool.  `make` builds into build/, `make demo` and `make test` set up what they need.
PREFIX     ?= /usr/local
SYSCONFDIR ?= $(if $(filter /usr,$(PREFIX)),/etc,$(PREFIX)/etc)
DESTDIR    ?=
# make itself presets CC and CXX.
ifeq ($(origin CC),default)
CC         := gcc
endif
ifeq ($(origin CXX),default)
CXX        := g++
endif
B          ?= build$(if $(SANITIZE),-sanitize)

PKGS     := sqlite3 libconfig jansson libmd
WARN     := -Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes -Wshadow -Wconversion -Wvla -Wpointer-arith
CSTD     := -std=gnu17
OPT      := -O2 -g
comma    := ,
SAN      := $(if $(SANITIZE),-fsanitize=address$(comma)undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
DEV      := $(if $(RELEASE),,-Werror)
DEFS     := -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DNMR_VERSION='"$(shell cat VERSION)"' \
            -DNMR_SYSCONFDIR='"$(SYSCONFDIR)"' -DNMR_SHAREDIR='"$(PREFIX)/share/nmr-spool"'
ALLCFLAGS = $(CSTD) $(OPT) $(WARN) $(DEV) $(SAN) $(DEFS) -Ispooler -pthread -MMD -MP $(shell pkg-config --cflags $(PKGS)) $(CFLAGS)
LIBS      = $(shell pkg-config --libs $(PKGS)) -lm -pthread

src      = $(wildcard spooler/$(1)/*.c)
obj      = $(patsubst %.c,$(B)/obj/%.o,$(call src,$(1)))
mains    := spooler/daemon/nmr-spooler.c spooler/exec/nmr-exec.c spooler/cli/nmr.c spooler/render/nmr-render.c
LIBDIRS  := base queue exec nmr report drop outbox job notify cli daemon render
LIBSRC   := $(filter-out $(mains),$(foreach d,$(LIBDIRS),$(call src,$(d))))
LIBOBJ   := $(patsubst %.c,$(B)/obj/%.o,$(LIBSRC))
LIB      := $(B)/libnmr.a
BINS     := nmr-spooler nmr-exec nmr nmr-render nmr-mol
BINPATHS := $(addprefix $(B)/bin/,$(BINS))

include $(wildcard mk/*.mk)

.PHONY: all clean
.DEFAULT_GOAL := all
all: $(BINPATHS)

$(LIB): $(LIBOBJ)
	rm -f $@ && ar rcs $@ $^

$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALLCFLAGS) -c $< -o $@

$(B)/bin/nmr-spooler: $(B)/obj/spooler/daemon/nmr-spooler.o $(LIB)
$(B)/bin/nmr-exec: $(B)/obj/spooler/exec/nmr-exec.o $(LIB)
$(B)/bin/nmr: $(B)/obj/spooler/cli/nmr.o $(LIB)
$(B)/bin/nmr-spooler $(B)/bin/nmr-exec $(B)/bin/nmr:
	@mkdir -p $(@D)
	$(CC) $(SAN) $(LDFLAGS) $^ -o $@ $(LIBS)

$(B)/bin/nmr-render: $(B)/obj/spooler/render/nmr-render.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(SAN) $(LDFLAGS) $^ -o $@ $(LIBS) $(RENDER_LIBS)

clean:
	rm -rf build build-sanitize

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
