# Intake and outbox: event names and limits of inotify; Unicode forms of names.
PKGS += libutf8proc
LIBS += -linotifytools
