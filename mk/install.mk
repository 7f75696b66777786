# Installation. PREFIX=/usr puts the configuration into /etc. An nmr.conf that is there is
# never touched, neither by install nor by uninstall.
#   make install PREFIX=/opt/nmr-spool
#   make install PREFIX=/usr DESTDIR=debian/tmp
INSTALL   ?= install
BINDIR     = $(DESTDIR)$(PREFIX)/bin
DATADIR    = $(DESTDIR)$(PREFIX)/share/nmr-spool
MANDIR     = $(DESTDIR)$(PREFIX)/share/man
DOCDIR     = $(DESTDIR)$(PREFIX)/share/doc/nmr-spool
CONFDIR    = $(DESTDIR)$(SYSCONFDIR)/nmr-spool
LIBDIR     = $(DESTDIR)$(PREFIX)/lib
UNITDIR    = $(LIBDIR)/systemd/system
UNITS     := nmr-spooler.service nmr-webui.service
MAN_PAGES := $(sort $(wildcard man/*.[1-8]))
# As in the project, so that the links between them hold. Images are built without (.dockerignore).
DOCS      := $(sort $(wildcard README.md LICENSE Caddyfile .env.example) $(if $(wildcard docs),$(shell find docs -type f)))
SHARE     := $(sort $(patsubst spooler/share/%,%,$(shell find spooler/share -type f)))
man_path   = man$(subst .,,$(suffix $(1)))/$(notdir $(1))

.PHONY: install uninstall
install: all
	$(INSTALL) -d $(BINDIR) $(DATADIR) $(DOCDIR) $(CONFDIR)
	$(INSTALL) -m 755 $(BINPATHS) $(BINDIR)
	$(foreach f,$(SHARE),$(INSTALL) -D -m 644 spooler/share/$(f) $(DATADIR)/$(f) &&) true
	cd $(WEBUI_OUT) && find . -type f -exec $(INSTALL) -D -m 644 {} $(abspath $(DATADIR))/webui/{} \;
	$(foreach f,$(MAN_PAGES),$(INSTALL) -D -m 644 $(f) $(MANDIR)/$(call man_path,$(f)) &&) true
	$(INSTALL) -m 755 scripts/backup $(DATADIR)/backup
	$(foreach f,$(DOCS),$(INSTALL) -D -m 644 $(f) $(DOCDIR)/$(f) &&) true
	$(INSTALL) -d $(UNITDIR) $(LIBDIR)/sysusers.d $(LIBDIR)/tmpfiles.d
	for u in $(UNITS); do sed 's|@BINDIR@|$(PREFIX)/bin|; s|@SYSCONFDIR@|$(SYSCONFDIR)|' scripts/systemd/$$u > $(UNITDIR)/$$u && chmod 644 $(UNITDIR)/$$u || exit 1; done
	$(INSTALL) -m 644 scripts/systemd/nmr-spool.sysusers $(LIBDIR)/sysusers.d/nmr-spool.conf
	$(INSTALL) -m 644 scripts/systemd/nmr-spool.tmpfiles $(LIBDIR)/tmpfiles.d/nmr-spool.conf
	test -e $(CONFDIR)/nmr.conf || $(INSTALL) -m 644 spooler/share/nmr.conf $(CONFDIR)/nmr.conf

uninstall:
	rm -f $(addprefix $(BINDIR)/,$(BINS)) $(foreach f,$(MAN_PAGES),$(MANDIR)/$(call man_path,$(f)))
	rm -f $(addprefix $(UNITDIR)/,$(UNITS)) $(LIBDIR)/sysusers.d/nmr-spool.conf $(LIBDIR)/tmpfiles.d/nmr-spool.conf
	rm -rf $(DATADIR) $(DOCDIR)
	@test ! -e $(CONFDIR)/nmr.conf || echo "left in place: $(CONFDIR)/nmr.conf"
