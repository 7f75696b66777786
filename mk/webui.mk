# The web page: its own files, and what it uses of others, pinned in
# webui/package-lock.json: the drawing board, the 3D viewer, the interactive spectra.
#   make webui-static      what nmr-webui serves, in $(B)/webui/static; part of "all"
#   make webui-vendor      brings what is of others, with npm and a network, once
# Without the latter the page does without them, and says so.
WEBUI_NPM     := build/webui-npm
WEBUI_MODULES := $(WEBUI_NPM)/node_modules
WEBUI_OUT     := $(B)/webui/static
WEBUI_SRC     := $(shell find webui/static -type f)
WEBUI_VENDOR  := openchemlib/dist/openchemlib.js openchemlib/LICENSE \
                 3dmol/build/3Dmol.es6-min.js 3dmol/LICENSE \
                 pako/LICENSE upng-js/LICENSE netcdfjs/LICENSE iobuffer/LICENSE \
                 uplot/dist/uPlot.esm.js uplot/dist/uPlot.min.css uplot/LICENSE
# The four without code are licences of what 3Dmol's file contains.
# package/dist/file -> package/file
webui_flat     = $(firstword $(subst /, ,$(1)))/$(notdir $(1))

.PHONY: webui-static webui-vendor
all: webui-static
webui-static: $(B)/webui/stamp

webui-vendor:
	@cmp -s webui/package-lock.json $(WEBUI_NPM)/stamp || scripts/install-deps web
	@$(MAKE) -s $(WEBUI_NPM)/stamp
	@$(MAKE) -s webui-static

$(WEBUI_NPM)/stamp: webui/package.json webui/package-lock.json
	@mkdir -p $(WEBUI_NPM)
	@cmp -s webui/package-lock.json $@ || \
		{ cp webui/package.json webui/package-lock.json $(WEBUI_NPM) && \
		  npm ci --prefix $(WEBUI_NPM) --ignore-scripts --no-audit --no-fund; }
	@cp webui/package-lock.json $@

$(B)/webui/stamp: $(wildcard $(WEBUI_NPM)/stamp) $(WEBUI_SRC) mk/webui.mk
	@rm -rf $(WEBUI_OUT)
	@mkdir -p $(WEBUI_OUT)
	@cp -R webui/static/. $(WEBUI_OUT)
	@if [ -e $(WEBUI_NPM)/stamp ]; then $(foreach f,$(WEBUI_VENDOR),install -D -m 644 $(WEBUI_MODULES)/$(f) $(WEBUI_OUT)/vendor/$(call webui_flat,$(f)) &&) true; fi
	@touch $@
