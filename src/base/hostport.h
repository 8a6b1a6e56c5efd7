/* src/base/hostport.h - "host:port" as people write it. */
#ifndef DS_BASE_HOSTPORT_H
#define DS_BASE_HOSTPORT_H

#include <durable_sync/base.h>

/* "host", "host:7233", "[::1]:7233", "::1" to its parts, in `a`: the host without brackets, the
 * port as digits, `usual` where none is written. false: not one. */
bool ds_hostport_read(const char *text, const char *usual, ds_arena *a, const char **host,
                      const char **port);

/* The host is this machine: 127.0.0.0/8, ::1, localhost. */
bool ds_host_is_local(const char *host);

#endif
