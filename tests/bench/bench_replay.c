/* tests/bench/bench_replay.c - bench_replay HISTORY [ROUNDS]: how fast a history is replayed, from
 * its bytes to the commands of its last task, on one core. */
#include "engine/temporal/replay.h"
#include "engine/temporal/wire.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t replay(const uint8_t *bytes, size_t n, ds_arena *a)
{
    Ds__History *history = ds_wire_unpack(&ds__history__descriptor, bytes, n, a);
    ds_replay *r = ds_replay_new(a, NULL);
    ds_err err = DS_ERR_INIT;
    ds_hevent *events = ds_arena_alloc(a, history->n_events * sizeof(*events));

    if (!ds_history_read(history->events, history->n_events, a, events, &err) ||
        !ds_replay_feed(r, events, history->n_events, &err) || !ds_replay_end(r, 0, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    return history->n_events;
}

int main(int argc, char **argv)
{
    static uint8_t bytes[DS_MIB];
    FILE *f = argc > 1 ? fopen(argv[1], "rb") : NULL;
    long rounds = argc > 2 ? atol(argv[2]) : 2000;
    ds_arena *a = ds_arena_new();
    size_t n = f ? fread(bytes, 1, sizeof(bytes), f) : 0, events = 0;
    double began, took;

    if (n == 0)
        return 2;
    fclose(f);
    began = now();
    for (long i = 0; i < rounds; i++) {
        events += replay(bytes, n, a);
        ds_arena_reset(a);
    }
    took = now() - began;
    printf("%.0f events/s (%zu events of %zu bytes, %.3f CPU s)\n", (double)events / took,
           events / (size_t)rounds, n, took);
    ds_arena_free(a);
    return 0;
}
