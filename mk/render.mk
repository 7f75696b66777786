# nmr-render draws: librsvg and cairo, which nothing else needs.
RENDER_PKGS := librsvg-2.0 cairo
RENDER_LIBS = $(call once,RENDER_LIBS,pkg-config --libs $(RENDER_PKGS))
# Headers of others are not held to our warnings.
$(B)/obj/spooler/render/%.o: ALLCFLAGS += $(patsubst -I%,-isystem %,$(shell pkg-config --cflags-only-I $(RENDER_PKGS)))
