/* src/engine/embedded/clock_watch.c - to hear of it when the system's clock is set. */
#include "engine/embedded/internal.h"

#include <sys/timerfd.h>
#include <unistd.h>

#define NEVER_S                                                                                    \
    INT64_C(7258118400) /* the year 2200: the timer itself is not what is waited for               \
                         */

/* A timer on the clock that is set: Linux cancels it then, which can be read like its end. */
static bool arm(int fd)
{
    const struct itimerspec at = {.it_value.tv_sec = NEVER_S};

    return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &at, NULL) == 0;
}

int ds_clock_watch_open(void)
{
    int fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);

    if (fd >= 0 && !arm(fd)) {
        close(fd);
        return -1;
    }
    return fd;
}

void ds_clock_watch_again(int fd)
{
    uint64_t ends;

    if (read(fd, &ends, sizeof(ends)) < 0)
        (void)arm(fd); /* cancelled, which is what read says by failing */
}
