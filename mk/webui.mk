# The web page: its own files, and what it uses of others, pinned in
# webui/package-lock.json. npm ci is run only when what build/webui-npm was made from
# differs from that; otherwise no network is needed, nor npm.
#   make webui-static      everything that nmr-webui serves, in $(B)/webui/static
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

.PHONY: webui-static
webui-static: $(B)/webui/stamp

$(WEBUI_NPM)/stamp: webui/package.json webui/package-lock.json
	@mkdir -p $(WEBUI_NPM)
	if ! cmp -s webui/package-lock.json $@; then \
		cp webui/package.json webui/package-lock.json $(WEBUI_NPM) && \
		npm ci --prefix $(WEBUI_NPM) --ignore-scripts --no-audit --no-fund; \
	fi
	cp webui/package-lock.json $@

$(B)/webui/stamp: $(WEBUI_NPM)/stamp $(WEBUI_SRC) mk/webui.mk
	rm -rf $(WEBUI_OUT)
	@mkdir -p $(WEBUI_OUT)
	cp -R webui/static/. $(WEBUI_OUT)
	$(foreach f,$(WEBUI_VENDOR),$(INSTALL) -D -m 644 $(WEBUI_MODULES)/$(f) $(WEBUI_OUT)/vendor/$(call webui_flat,$(f)) &&) true
	@touch $@
