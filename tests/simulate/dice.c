/* tests/simulate/dice.c - chance from one seed, the list of what happened, and its hash. */
#include "tests/simulate/sim.h"

#include <stdio.h>
#include <string.h>

enum { LISTED = 4000 };

bool events_told;

static struct {
    uint64_t state, hash;
    struct {
        const char *what;
        int64_t at_ms;
    } list[LISTED];
    size_t n;
    const bool *kept; /* NULL: all */
    size_t kept_n;
} d;

void dice_start(uint64_t seed)
{
    d.state = seed * UINT64_C(0x9e3779b97f4a7c15) + UINT64_C(0x1234567);
    d.hash = UINT64_C(0xcbf29ce484222325);
    d.n = 0;
}

static uint64_t roll(void)
{
    uint64_t z = d.state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint32_t dice(uint32_t n)
{
    return n ? (uint32_t)((roll() >> 32) * n >> 32) : 0;
}

bool event(const char *what, unsigned chance)
{
    size_t nth = d.n;

    if (!chance || w.calm || dice(1000000) >= chance)
        return false;
    if (nth < LISTED) {
        d.list[nth].what = what;
        d.list[nth].at_ms = w.now_ms;
    }
    d.n++;
    if (d.kept && (nth >= d.kept_n || !d.kept[nth]))
        return false;
    trace(what, (int64_t)nth);
    return true;
}

void events_only(const bool *kept, size_t n)
{
    d.kept = kept;
    d.kept_n = n;
}

size_t events_n(void)
{
    return DS_MIN(d.n, (size_t)LISTED);
}

static void mix(const void *data, size_t n)
{
    const unsigned char *c = data;

    for (size_t i = 0; i < n; i++)
        d.hash = (d.hash ^ c[i]) * UINT64_C(0x100000001b3);
}

void trace(const char *what, int64_t number)
{
    if (events_told)
        printf("# %12.3f s  %s %lld\n", (double)(w.now_ms - START_MS) / 1e3, what,
               (long long)number);
    mix(what, strlen(what));
    mix(&number, sizeof(number));
    mix(&w.now_ms, sizeof(w.now_ms));
}

uint64_t trace_hash(void)
{
    return d.hash;
}

void trace_print(void)
{
    for (size_t i = 0; i < events_n(); i++)
        if (!d.kept || (i < d.kept_n && d.kept[i]))
            printf("#   %10.3f s  %s\n", (double)(d.list[i].at_ms - START_MS) / 1e3,
                   d.list[i].what);
}
