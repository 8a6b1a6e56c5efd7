/* src/engine/temporal/identity.c - names of processes that no two of them share. */
#include "engine/temporal/identity.h"

#include "base/hash.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define HERE_DIGITS ((size_t)8)

static uint32_t some_number(void)
{
    uint32_t number = 0;

    if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
        number = (uint32_t)getpid();
    return number;
}

static size_t read_boot(char *out, size_t n)
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? read(fd, out, n) : -1;

    if (fd >= 0)
        close(fd);
    return got > 0 ? (size_t)got : 0;
}

/* Of the kernel since it started, and of the part of it whose process ids are ours.  Where that is
 * hidden nobody is taken for a neighbour. */
static uint32_t here(void)
{
    char text[160];
    size_t n = read_boot(text, 64);
    ssize_t got = n ? readlink("/proc/self/ns/pid", text + n, sizeof(text) - n) : -1;

    return got > 0 ? (uint32_t)ds_hash64(text, n + (size_t)got) : some_number();
}

void ds_identity_make(char out[DS_IDENTITY_BYTES])
{
    char host[80] = "localhost";

    gethostname(host, sizeof(host) - 1);
    snprintf(out, DS_IDENTITY_BYTES, "%d@%s@%08x-%08x", (int)getpid(), host, here(), some_number());
}

/* "@HOST@HERE-", n bytes; NULL: there is none. */
static const char *place_of(const char *identity, size_t *n)
{
    const char *host = strchr(identity, '@'), *where = host ? strrchr(host + 1, '@') : NULL;

    if (!where || strcspn(where + 1, "-") != HERE_DIGITS || where[1 + HERE_DIGITS] != '-')
        return NULL;
    *n = (size_t)(where + 1 + HERE_DIGITS + 1 - host);
    return host;
}

int64_t ds_identity_pid(const char *ours, const char *identity)
{
    size_t n, other_n;
    const char *place = place_of(ours, &n), *other = place_of(identity, &other_n);

    if (!place || !other || n != other_n || memcmp(place, other, n) != 0)
        return 0;
    return strtoll(identity, NULL, 10);
}

/* One that had the number which is ours now has left, too. */
bool ds_identity_has_left(const char *ours, const char *identity)
{
    int64_t pid = ds_identity_pid(ours, identity);

    if (pid <= 0 || pid > INT32_MAX || strcmp(ours, identity) == 0)
        return false;
    return pid == strtoll(ours, NULL, 10) || (kill((pid_t)pid, 0) != 0 && errno == ESRCH);
}
