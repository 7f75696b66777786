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
MAN_PAGES := $(sort $(wildcard man/*.[1-8]))
SHARE     := $(sort $(patsubst spooler/share/%,%,$(shell find spooler/share -type f)))
man_path   = man$(subst .,,$(suffix $(1)))/$(notdir $(1))

.PHONY: install uninstall
install: all
	$(INSTALL) -d $(BINDIR) $(DATADIR) $(DOCDIR) $(CONFDIR)
	$(INSTALL) -m 755 $(BINPATHS) $(BINDIR)
	$(foreach f,$(SHARE),$(INSTALL) -D -m 644 spooler/share/$(f) $(DATADIR)/$(f) &&) true
	cd $(WEBUI_OUT) && find . -type f -exec $(INSTALL) -D -m 644 {} $(abspath $(DATADIR))/webui/{} \;
	$(foreach f,$(MAN_PAGES),$(INSTALL) -D -m 644 $(f) $(MANDIR)/$(call man_path,$(f)) &&) true
	$(INSTALL) -m 644 README.md LICENSE $(wildcard docs/*.md) $(DOCDIR)
	test -e $(CONFDIR)/nmr.conf || $(INSTALL) -m 644 spooler/share/nmr.conf $(CONFDIR)/nmr.conf

uninstall:
	rm -f $(addprefix $(BINDIR)/,$(BINS)) $(foreach f,$(MAN_PAGES),$(MANDIR)/$(call man_path,$(f)))
	rm -rf $(DATADIR) $(DOCDIR)
	@test ! -e $(CONFDIR)/nmr.conf || echo "left in place: $(CONFDIR)/nmr.conf"
