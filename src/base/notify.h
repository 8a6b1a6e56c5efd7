/* src/base/notify.h
 *
 * Words to the service manager that started this process (systemd's sd_notify protocol): each
 * message is one datagram of NAME=VALUE lines to the socket that $NOTIFY_SOCKET names.  Without
 * such a socket nobody asked, and nothing is sent.
 */
#ifndef DS_BASE_NOTIFY_H
#define DS_BASE_NOTIFY_H

#include <durable_sync/base.h>
#include <sys/socket.h>
#include <sys/un.h>

typedef struct ds_notify {
    int fd;              /* -1: nobody listens */
    int64_t watchdog_us; /* a sign of life is wanted at least this often; 0: none is */
    struct sockaddr_un to;
    socklen_t to_n;
} ds_notify;

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID and takes them out of the environment: they
 * are meant for this process and not for its children. Call it before there are threads. */
void ds_notify_open(ds_notify *n);
/* A manager that does not take the message is no reason to stop. */
DS_PRINTF(2, 3) void ds_notify_send(const ds_notify *n, const char *fmt, ...);
void ds_notify_close(ds_notify *n);

#endif
