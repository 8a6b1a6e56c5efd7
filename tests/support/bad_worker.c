/* tests/support/bad_worker.c
 *
 * A transform worker that does what it should not.  It greets and takes a program as a good one
 * would; the program's text names what it does with the batch.  `ok` drops every record.
 */
#include "transform/wire.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static ds_watch *watch;

static void put(const void *data, size_t n)
{
    if (write(DS_WIRE_SOCKET, data, n) != (ssize_t)n)
        _exit(9);
}

static void frame(uint32_t type, const void *data, uint32_t n)
{
    uint32_t head[2] = {n, type};

    put(head, sizeof(head));
    put(data, n);
}

static void take(void *to, size_t n)
{
    for (char *at = to; n;) {
        ssize_t got = read(DS_WIRE_SOCKET, at, n);

        if (got <= 0)
            _exit(0);
        at += got;
        n -= (size_t)got;
    }
}

static char *take_frame(uint32_t *n)
{
    uint32_t head[2];
    char *data;

    take(head, sizeof(head));
    data = calloc(1, (size_t)head[0] + 1);
    take(data, head[0]);
    *n = head[0];
    return data;
}

static void drop(uint32_t count)
{
    char answer[4 + 4096] = {0};

    memcpy(answer, &count, sizeof(count));
    memset(answer + 4, 'd', count);
    frame(DS_WIRE_RESULTS, answer, 4 + count);
}

static void spin(void)
{
    for (volatile unsigned long i = 0;; i++)
        ;
}

/* `count` records were sent; it is at the second of them. */
static void misbehave(const char *how, uint32_t count)
{
    static const uint32_t one = 1, zero = 0, many = UINT32_MAX;
    uint32_t huge[2] = {UINT32_MAX, DS_WIRE_RESULTS};

    atomic_store(&watch->at, count > 1 ? 2u : 1u);
    if (!strcmp(how, "die"))
        _exit(1);
    else if (!strcmp(how, "die at nothing"))
        atomic_store(&watch->at, 0u), _exit(1);
    else if (!strcmp(how, "die beyond"))
        atomic_store(&watch->at, UINT32_MAX), _exit(1);
    else if (!strcmp(how, "crash"))
        signal(SIGSEGV, SIG_DFL), raise(SIGSEGV);
    else if (!strcmp(how, "killed"))
        raise(SIGKILL);
    else if (!strcmp(how, "no memory"))
        atomic_store(&watch->no_memory, 1u), _exit(3);
    else if (!strcmp(how, "spin"))
        spin();
    else if (!strcmp(how, "hang up"))
        close(DS_WIRE_SOCKET), spin();
    else if (!strcmp(how, "nonsense"))
        put("this is no frame at all", 23);
    else if (!strcmp(how, "huge"))
        put(huge, sizeof(huge));
    else if (!strcmp(how, "another type"))
        frame('?', &one, 4);
    else if (!strcmp(how, "nothing in it"))
        frame(DS_WIRE_RESULTS, &zero, 4);
    else if (!strcmp(how, "not even a count"))
        frame(DS_WIRE_RESULTS, "", 0);
    else if (!strcmp(how, "too many"))
        drop(count + 1);
    else if (!strcmp(how, "very many"))
        frame(DS_WIRE_RESULTS, &many, 4);
    else if (!strcmp(how, "cut off"))
        frame(DS_WIRE_RESULTS, &one, 4);
    else if (!strcmp(how, "a wrong letter"))
        frame(DS_WIRE_RESULTS, "\1\0\0\0x", 5);
    else if (!strcmp(how, "more behind"))
        frame(DS_WIRE_RESULTS, "\1\0\0\0dd", 6);
    else if (!strcmp(how, "half, then die")) {
        drop(1);
        _exit(1);
    } else
        drop(count);
    for (;;) /* until it is told, or ended */
        pause();
}

int main(void)
{
    uint32_t hello[2] = {DS_WIRE_VERSION, 0}, none = 0, n, count;
    char *how, *batch;

    watch = mmap(NULL, sizeof(*watch), PROT_READ | PROT_WRITE, MAP_SHARED, DS_WIRE_WATCH, 0);
    if (watch == MAP_FAILED)
        return 2;
    frame(DS_WIRE_HELLO, hello, sizeof(hello));
    how = take_frame(&n);
    frame(DS_WIRE_COMPILED, &none, sizeof(none));
    for (;;) {
        batch = take_frame(&n);
        memcpy(&count, batch, sizeof(count));
        free(batch);
        if (strcmp(how, "ok") != 0)
            misbehave(how, count);
        drop(count);
    }
}
