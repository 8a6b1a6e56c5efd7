/* tests/simulate/shrink.c
 *
 * A failing run made small: knobs are switched off, then events left out, in ever smaller pieces,
 * as long as it goes on failing.
 */
#include "tests/simulate/sim.h"

#include <stdio.h>
#include <string.h>

enum { EVENTS = 4000, TRIES = 600 };

static bool kept[EVENTS];
static size_t kept_n;
static int tries;

static bool fails(const knobs *k)
{
    return tries++ < TRIES && !run_once(k);
}

static void switch_off(knobs *k)
{
    unsigned *chances[] = {&k->zombie, &k->operators, &k->auth,  &k->rate,  &k->people,
                           &k->late,   &k->fault,     &k->crash, &k->early, &k->other};

    for (size_t i = 0; i < DS_COUNT(chances); i++) {
        unsigned was = *chances[i];

        *chances[i] = 0;
        if (!was || !fails(k))
            *chances[i] = was;
    }
    for (int n = 2; n < k->records; n++) {
        knobs fewer = *k;

        fewer.records = n;
        if (!fails(&fewer))
            continue;
        *k = fewer;
        return;
    }
}

static size_t count_kept(void)
{
    size_t n = 0;

    for (size_t i = 0; i < kept_n; i++)
        n += kept[i];
    return n;
}

/* Leaves `piece` events out at a time, from the last ones on. */
static bool leave_out(const knobs *k, size_t piece)
{
    bool smaller = false;

    for (size_t end = kept_n; end > 0; end = end > piece ? end - piece : 0) {
        bool was[EVENTS];
        size_t from = end > piece ? end - piece : 0;

        memcpy(was, kept, sizeof(was));
        memset(kept + from, 0, end - from);
        if (memcmp(was, kept, sizeof(was)) != 0 && fails(k))
            smaller = true;
        else
            memcpy(kept, was, sizeof(was));
    }
    return smaller;
}

void shrink(const knobs *given)
{
    knobs k = *given;

    tries = 0;
    switch_off(&k);
    (void)run_once(&k);
    kept_n = events_n();
    memset(kept, 0, sizeof(kept));
    memset(kept, true, kept_n);
    events_only(kept, kept_n);
    for (size_t piece = DS_MAX(kept_n / 2, (size_t)1); tries < TRIES; piece = (piece + 1) / 2)
        if (!leave_out(&k, piece) && piece == 1)
            break;
    (void)run_once(&k);
    printf("# made small: %zu events, %s\n", count_kept(), w.why);
    knobs_print(&k);
    trace_print();
    events_only(NULL, 0);
}
