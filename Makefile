# nmr-spool.  `make` builds into build/, `make demo` and `make test` set up what they need.
#
#   make [all]             the programs, in build/bin/
#   make demo              from nothing to the spectrum of ethanol
#   make test, test-long   the test suite, under sanitizers; mk/test.mk
#   make install           PREFIX=/usr/local DESTDIR=; mk/install.mk
#   make lint              headers, manual pages, scripts
#   make webui-vendor      what the web page uses of others, from npm; mk/webui.mk
#   make bench-predict     what nmr predict adds to the engines; mk/bench.mk
# SANITIZE=1 builds into build-sanitize/ with ASan and UBSan; RELEASE=1 takes warnings
# for warnings; B=DIR builds elsewhere.
PREFIX     ?= /usr/local
SYSCONFDIR ?= $(if $(filter /usr,$(PREFIX)),/etc,$(PREFIX)/etc)
DESTDIR    ?=
B          ?= build$(if $(SANITIZE),-sanitize)
# make itself presets CC and CXX.
ifeq ($(origin CC),default)
CC         := gcc
endif
ifeq ($(origin CXX),default)
CXX        := g++
endif

VERSION  := $(shell cat VERSION)
PKGS     := sqlite3 libconfig jansson libmd
WARN     := -Wall -Wextra -Wmissing-prototypes -Wstrict-prototypes -Wshadow -Wconversion -Wvla -Wpointer-arith
CSTD     := -std=gnu17
# Sanitized RDKit headers compile slowly enough as it is.
OPT      := $(if $(SANITIZE),-O1 -g1,-O2 -g)
comma    := ,
SAN      := $(if $(SANITIZE),-fsanitize=address$(comma)undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
DEV      := $(if $(RELEASE),,-Werror)
DEFS     := $(if $(SANITIZE),-DNMR_SANITIZED) -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DNMR_VERSION='"$(VERSION)"' \
            -DNMR_SYSCONFDIR='"$(SYSCONFDIR)"' -DNMR_SHAREDIR='"$(PREFIX)/share/nmr-spool"'
# pkg-config is asked once, and only when something is compiled: a fresh machine has none.
once      = $(eval $(1) := $(shell $(2)))$($(1))
PKG_CFLAGS = $(call once,PKG_CFLAGS,pkg-config --cflags $(PKGS))
PKG_LIBS  = $(call once,PKG_LIBS,pkg-config --libs $(PKGS))
ALLCFLAGS = $(CSTD) $(OPT) $(WARN) $(DEV) $(SAN) $(DEFS) -Ispooler -pthread -MMD -MP $(PKG_CFLAGS) $(CFLAGS)
LIBS      = -Wl,--as-needed $(PKG_LIBS) -linotifytools -lm -pthread

src      = $(wildcard spooler/$(1)/*.c)
obj      = $(patsubst %.c,$(B)/obj/%.o,$(call src,$(1)))
mains    := spooler/daemon/nmr-spooler.c spooler/exec/nmr-exec.c spooler/cli/nmr.c spooler/render/nmr-render.c
LIBDIRS  := base queue exec nmr report drop outbox job notify client cli daemon render
LIBSRC   := $(filter-out $(mains),$(foreach d,$(LIBDIRS),$(call src,$(d))))
LIBOBJ   := $(patsubst %.c,$(B)/obj/%.o,$(LIBSRC))
LIB      := $(B)/libnmr.a
BINS     := nmr-spooler nmr-exec nmr nmr-render nmr-mol nmr-webui
BINPATHS := $(addprefix $(B)/bin/,$(BINS))

.PHONY: all clean FORCE
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
all: $(BINPATHS)

include $(wildcard mk/*.mk)

# Other flags, other objects; another list of objects, another archive.
quoted    = '$(subst ','\'',$(1))'
remember  = @mkdir -p $(@D) && printf '%s\n' $(call quoted,$(1)) | cmp -s - $@ || printf '%s\n' $(call quoted,$(1)) > $@
$(B)/flags: FORCE
	$(call remember,$(CC) $(OPT) $(SAN) $(DEFS) $(CFLAGS))
$(B)/objects: FORCE
	$(call remember,$(LIBOBJ))

$(LIB): $(LIBOBJ) $(B)/objects
	rm -f $@ && ar rcs $@ $(LIBOBJ)

$(B)/obj/%.o: %.c $(B)/flags
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
	rm -rf build build-sanitize build-fuzz

-include $(patsubst %.o,%.d,$(LIBOBJ) $(patsubst %.c,$(B)/obj/%.o,$(mains)) $(MOL_OBJ)) $(wildcard $(B)/tests/*.d $(B)/tests/mol/*.d)
