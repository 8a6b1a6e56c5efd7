/* src/base/notify.c - sd_notify without libsystemd, which would load five libraries for this. */
#include "base/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { MESSAGE_MAX = 1024 };

static const struct timeval patience = {.tv_sec = 5}; /* with a manager whose queue is full */

/* A path, or a name in the abstract space written with '@' for its leading NUL. Other families
 * (vsock:...) are for virtual machines as a whole. */
static bool address_of(const char *name, ds_notify *n)
{
    size_t len = strlen(name);

    if ((name[0] != '/' && name[0] != '@') || !name[1] || len >= sizeof n->to.sun_path)
        return false;
    n->to = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(n->to.sun_path, name, len);
    if (name[0] == '@')
        n->to.sun_path[0] = '\0';
    /* An abstract name is as long as the address says; a path ends with a NUL. */
    n->to_n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (name[0] == '/'));
    return true;
}

static bool read_number(const char *text, int64_t *out)
{
    char *end;

    if (!text || !*text)
        return false;
    errno = 0;
    *out = strtoll(text, &end, 10);
    return !errno && !*end && *out > 0;
}

static int64_t wanted_us(void)
{
    const char *pid = getenv("WATCHDOG_PID");
    int64_t us, meant;

    if (!read_number(getenv("WATCHDOG_USEC"), &us))
        return 0;
    if (pid && (!read_number(pid, &meant) || meant != getpid()))
        return 0; /* for another process */
    return us;
}

void ds_notify_open(ds_notify *n)
{
    const char *name = getenv("NOTIFY_SOCKET");

    *n = (ds_notify){.fd = -1};
    if (name && address_of(name, n))
        n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (n->fd >= 0) {
        setsockopt(n->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        n->watchdog_us = wanted_us();
    }
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

void ds_notify_send(const ds_notify *n, const char *fmt, ...)
{
    char text[MESSAGE_MAX];
    va_list args;
    int len;

    if (n->fd < 0)
        return;
    va_start(args, fmt);
    len = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (len <= 0 || len >= MESSAGE_MAX)
        return;
    while (sendto(n->fd, text, (size_t)len, MSG_NOSIGNAL, (const struct sockaddr *)&n->to,
                  n->to_n) < 0 &&
           errno == EINTR)
        ;
}

void ds_notify_close(ds_notify *n)
{
    if (n->fd >= 0)
        close(n->fd);
    n->fd = -1;
}
