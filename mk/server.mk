# nmr-webui, the web server: C on libmicrohttpd.
WEBUI_SRC  := $(wildcard webui/server/*.c)
WEBUI_OBJ  := $(patsubst %.c,$(B)/obj/%.o,$(WEBUI_SRC))
WEBUI_LIBS  = $(call once,WEBUI_LIBS,pkg-config --libs libmicrohttpd libarchive)
$(WEBUI_OBJ): ALLCFLAGS += -I.
$(B)/bin/nmr-webui: $(WEBUI_OBJ) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(SAN) $(LDFLAGS) $^ -o $@ $(LIBS) $(WEBUI_LIBS)
-include $(patsubst %.o,%.d,$(WEBUI_OBJ))
