/* src/base/bell.c - a counter of the kernel's that is raised and never read. */
#include "base/bell.h"

#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

void ds_bell_init(ds_bell *bell)
{
    bell->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

void ds_bell_ring(const ds_bell *bell)
{
    uint64_t once = 1;

    if (bell->fd >= 0 && write(bell->fd, &once, sizeof(once)) < 0)
        return; /* it is as full as it can be: it has rung */
}

void ds_bell_fini(ds_bell *bell)
{
    if (bell->fd >= 0)
        close(bell->fd);
    bell->fd = -1;
}
