/* tests/simulate/run.c - one run from its knobs, and the knobs from a seed. */
#include "tests/simulate/sim.h"

#include <stdio.h>
#include <string.h>

static ds_field fields[4];
static ds_route route;

const ds_route *the_route(void)
{
    return &route;
}

void route_settings(void)
{
    static sim_source_settings source;
    static seam_settings destination;

    source.token = ds_secret_new(SECRET, strlen(SECRET));
    destination.token = ds_secret_new(SECRET, strlen(SECRET));
    route.source_settings = &source;
    route.destination_settings = &destination;
}

void route_start(void)
{
    static const char *const names[] = {"name", "size", "origin", "note"};
    static const char *const owned[] = {"name", "size", "origin"};
    static const char *const only_new[] = {"origin"};

    for (size_t i = 0; i < DS_COUNT(names); i++)
        fields[i] = (ds_field){.to = names[i], .kind = DS_FIELD_FROM, .from = names[i]};
    route = (ds_route){
        .name = "r",
        .source = &sim_source,
        .destination = seam_of(the_model()),
        .identity = "simulated",
        .destination_key = "key",
        .every_ms = EVERY_MS,
        .full_every_ms = 2 * EVERY_MS,
        .has_fields = true,
        .fields = fields,
        .fields_n = DS_COUNT(fields),
        .has_owns = true,
        .owns = {owned, DS_COUNT(owned)},
        .create_only = {only_new, 1},
        .verify_all = w.k.verify,
        .missing = w.k.missing,
        .missing_mark = w.k.missing == DS_MISSING_MARK ? "gone" : NULL,
        .limit_changes = -1,
        .key_signature = "key",
        .fingerprint = "simulated",
    };
}

bool ds_planted(const char *name)
{
    const char *at = w.k.plants ? strstr(w.k.plants, name) : NULL;
    size_t n = strlen(name);

    return at && (at[n] == ',' || !at[n]) && (at == w.k.plants || at[-1] == ',');
}

/* ---- knobs ----------------------------------------------------------------------------------- */

/* Each is on in half of the runs, and then by one of several measures. */
static unsigned some(unsigned least, unsigned most)
{
    return dice(2) ? least + dice(most - least) : 0;
}

/* Where another route finds what the first has made, once it shows. */
static bool looks_rows_up(const api *m)
{
    return m->finds && !m->upserts && !m->two_steps;
}

knobs knobs_of(uint64_t seed)
{
    static const ds_missing missing[] = {DS_MISSING_IGNORE, DS_MISSING_IGNORE, DS_MISSING_DELETE,
                                         DS_MISSING_MARK, DS_MISSING_ARCHIVE};
    knobs k = {.seed = seed};

    dice_start(seed * 31 + 7);
    k.model = (int)dice(7);
    k.records = 5 + (int)dice(20);
    k.page = 2 + (int)dice(9);
    k.crash = some(300, 4000);
    k.early = seed % 16 == 8 ? 30000 : 0; /* no die is rolled for it: the other seeds stay */
    k.fault = some(5000, 120000);
    k.rate = some(1000, 20000);
    k.auth = some(500, 4000);
    k.late = dice(2) ? 500000 : 0;
    k.people = some(1000, 20000);
    k.operators = some(500, 8000);
    k.zombie = some(1000, 20000);
    k.chaos_ms = (int64_t)(2 + dice(6)) * DS_HOUR_MS / 2;
    k.verify = dice(4) == 0;
    k.changes = dice(4) == 0;
    k.shift = dice(5) == 0;
    k.poison = dice(5) == 0;
    k.missing = k.shift ? DS_MISSING_IGNORE : missing[dice(DS_COUNT(missing))];
    k.slice_ms = dice(4) == 0 ? 500 : 0;
    if (seed % 8 == 0 && looks_rows_up(&models[k.model])) /* nor for this */
        k.other = 10000 * (1 + (unsigned)(seed / 8 % 4));
    return k;
}

void knobs_print(const knobs *k)
{
    printf("# seed %llu model \"%s\" records %d page %d crash %u early %u fault %u rate %u auth %u "
           "late %u "
           "people %u operators %u zombie %u other %u minutes %d verify %d changes %d shift %d "
           "poison %d "
           "missing %d slice %d script %d crash_at %ld how %d plants \"%s\"\n",
           (unsigned long long)k->seed, models[k->model].name, k->records, k->page, k->crash,
           k->early, k->fault, k->rate, k->auth, k->late, k->people, k->operators, k->zombie,
           k->other, (int)(k->chaos_ms / DS_MINUTE_MS), k->verify, k->changes, k->shift, k->poison,
           k->missing, (int)k->slice_ms, k->script, k->crash_at, k->crash_how,
           k->plants ? k->plants : "");
}

/* ---- a run ----------------------------------------------------------------------------------- */

static int64_t calm_needed(const knobs *k)
{
    if (k->script)
        return 2 * (int64_t)SETTLE_MS + 2 * models[k->model].lag_ms + 3 * EVERY_MS;
    return 3 * (int64_t)SETTLE_MS + 2 * models[k->model].lag_ms + 6 * (int64_t)EVERY_MS +
           4 * EVERY_MS * k->changes;
}

static void start(const knobs *k)
{
    w = (sim){.k = *k, .now_ms = START_MS, .mono_us = INT64_C(1000000000)};
    w.calm_ms = w.now_ms + k->chaos_ms;
    w.end_ms = w.calm_ms + calm_needed(k);
    disk_format();
    dice_start(k->seed);
    vfs_crashed();
    vfs_start();
    service_start();
    service_add_strangers();
    look_start();
    source_start();
    route_start();
    other_start();
    heap_peak_again();
}

bool run_once(const knobs *k)
{
    start(k);
    if (!k->script && the_model()->finds && !the_model()->two_steps)
        (void)service_add_by_hand(1); /* which is adopted */
    process_run();
    heap_drop();
    return !w.failed;
}
