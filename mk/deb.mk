# Debian packages, built for the Debian that this runs on: build/deb/*.deb.
#   nmr-spool-common   nmr, nmr-mol, levels, solvents, manual pages
#   nmr-spool          nmr-spooler, with the engines
#   nmr-spool-web      nmr-webui, with the page
.PHONY: deb deb-stage
deb:
	@scripts/install-deps build deb
	@[ -n "$(NO_VENDOR)" ] || $(MAKE) --no-print-directory -s webui-vendor || \
		{ echo "Without npm's packages the page has no drawing board, viewer and zoom. If that is meant: make deb NO_VENDOR=1"; exit 1; }
	@$(MAKE) --no-print-directory -s B=build/deb-build PREFIX=/usr RELEASE=1 -j$(JOBS) all
	@$(MAKE) --no-print-directory B=build/deb-build PREFIX=/usr RELEASE=1 deb-stage
deb-stage:
	@scripts/make-deb "$(MAKE)" $(B) $(VERSION)
