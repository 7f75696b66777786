# Mail and webhook: libcurl, which nmr-spooler alone needs.
PKGS += libcurl
