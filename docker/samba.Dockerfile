# Inbox and outbox over SMB: docker compose --profile smb up
ARG BASE=debian:trixie-slim
FROM ${BASE}
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends samba smbclient tzdata \
 && apt-get clean && rm -rf /var/lib/apt/lists/* /var/log/* /usr/share/doc/* /usr/share/man/*
# The root of a running one is read-only, its user is told at start.
RUN rm /etc/passwd /etc/group && ln -s /run/passwd /etc/passwd && ln -s /run/group /etc/group
COPY docker/samba-start /usr/local/bin/samba-start
EXPOSE 445
HEALTHCHECK --interval=30s --timeout=10s CMD smbclient -s /tmp/smb.conf -N -L 127.0.0.1 2>&1 | grep -Eq 'Sharename|NT_STATUS_(ACCESS_DENIED|LOGON_FAILURE)'
ENTRYPOINT ["samba-start"]
