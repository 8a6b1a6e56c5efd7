/* tests/support/shifted_clock.c
 *
 * Loaded before everything else (LD_PRELOAD), it shifts the clock on the wall by the seconds that
 * stand in the file of DS_CLOCK_SHIFT, as eight bytes, mapped: a test can move it under a running
 * program.  The monotonic clock goes on as it is, as it does when a real one is set.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static _Atomic int64_t *shift;
static int (*real_clock)(clockid_t id, struct timespec *t);

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("DS_CLOCK_SHIFT");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *found = dlsym(RTLD_NEXT, "clock_gettime");
    void *map = mmap(NULL, sizeof *shift, PROT_READ, MAP_SHARED, fd, 0);

    *(void **)&real_clock = found;
    if (fd < 0 || map == MAP_FAILED || !found) {
        fprintf(stderr, "shifted_clock: DS_CLOCK_SHIFT names no file of eight bytes\n");
        _exit(99);
    }
    shift = map;
    close(fd);
}

__attribute__((visibility("default"))) int clock_gettime(clockid_t id, struct timespec *t)
{
    int done = real_clock(id, t);

    if (done == 0 && id == CLOCK_REALTIME && shift)
        t->tv_sec += (time_t)atomic_load(shift);
    return done;
}

__attribute__((visibility("default"))) time_t time(time_t *out)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_REALTIME, &now);
    if (out)
        *out = now.tv_sec;
    return now.tv_sec;
}
