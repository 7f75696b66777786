# nmr-webui, the web server: C on libmicrohttpd.
SERVER_SRC := $(wildcard webui/server/*.c)
SERVER_OBJ  := $(patsubst %.c,$(B)/obj/%.o,$(SERVER_SRC))
SERVER_LIBS  = $(call once,SERVER_LIBS,pkg-config --libs libmicrohttpd libarchive)
$(SERVER_OBJ): ALLCFLAGS += -I.
$(B)/bin/nmr-webui: $(SERVER_OBJ) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(SAN) $(LDFLAGS) $^ -o $@ $(LIBS) $(SERVER_LIBS)
-include $(patsubst %.o,%.d,$(SERVER_OBJ))
