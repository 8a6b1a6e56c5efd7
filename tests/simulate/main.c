/* tests/simulate/main.c
 *
 * simulate seeds N [FROM]     swarm: N seeds, each a run of its own
 * simulate enumerate STEP [M] each operation of a script (every STEP-th) x 8 ways to die, on
 *                             model M (0 to 6) or all
 * simulate found              seeds and crashes that found bugs of the product
 * simulate planted [N [NAME]] each planted bug (or the one of this name) is found within N seeds
 * simulate peer [STEP]        how often the order "create, then link" leaves a double
 * simulate seed S [PLANTS]    one seed, with all that happened
 * simulate crash MODEL AT HOW one of the enumeration
 */
#include "tests/simulate/sim.h"

#include "base/crashpoint.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long failed_runs, runs;
static bool shrinks = true;

static void report(const knobs *k)
{
    char why[sizeof(w.why)];

    memcpy(why, w.why, sizeof(why));
    failed_runs++;
    printf("not ok - %s\n", why);
    knobs_print(k);
    fflush(stdout);
    if (failed_runs == 1 && shrinks)
        shrink(k);
}

static void play(const knobs *k)
{
    runs++;
    if (!run_once(k))
        report(k);
}

static void play_twice(const knobs *k)
{
    uint64_t hash;

    (void)run_once(k);
    hash = trace_hash();
    (void)run_once(k);
    if (trace_hash() == hash)
        return;
    failed_runs++;
    printf("not ok - I19: seed %llu went two ways\n", (unsigned long long)k->seed);
}

static void seeds(uint64_t from, long n)
{
    for (uint64_t seed = from; seed < from + (uint64_t)n; seed++) {
        knobs k = knobs_of(seed);

        play(&k);
        if (seed % 100 == 0)
            play_twice(&k);
    }
}

/* ---- enumeration ----------------------------------------------------------------------------- */

static knobs script(int model)
{
    return (knobs){.seed = 1,
                   .model = model,
                   .records = 8,
                   .page = 3,
                   .script = true,
                   .late = 500000,
                   .missing = model % 2 ? DS_MISSING_DELETE : DS_MISSING_MARK,
                   .chaos_ms = 2 * EVERY_MS + EVERY_MS / 2};
}

static knobs crash_of(int at_model, long at, int how)
{
    knobs k = script(at_model % 7);

    k.crash_at = at;
    k.crash_how = how;
    return k;
}

static void enumerate_model(int model, long step)
{
    knobs k = script(model);
    long ops;

    k.people = k.operators = 0;
    play(&k);
    ops = w.ops;
    for (long at = 1 + model % step; at <= ops; at += step) {
        for (int how = 0; how < 8; how++) {
            k.crash_at = at;
            k.crash_how = how;
            play(&k);
        }
    }
    printf("# %s: %ld operations\n", models[model].name, ops);
}

static void enumerate_models(long step, int only)
{
    for (int i = 0; i < 7; i++)
        if (only < 0 || only == i)
            enumerate_model(i, step);
}

/* ---- what was found -------------------------------------------------------------------------- */

/* Seeds that once failed for a bug of the product, whatever they play now. */
static const uint64_t found[] = {
    5,     /* a Retry-After told to the page ahead, forgotten by the slice that ended before it */
    63,    /* a person's row, met by its key in a pass that died, was taken for ours */
    66,    /* a pass that compares everything, in slices, began anew for ever */
    142,   /* a row made again in a batch that failed lost its intent */
    185,   /* the same Retry-After, forgotten by a write that failed */
    341,   /* a batch that never left took back an earlier intent */
    646,   /* a row whose create was lost, found again, did not count as ours */
    979,   /* a record that left took its unknown create with it, and came back */
    4188,  /* a row made again after it was archived, whose record left once more, stayed */
    1188,  /* a pass that had been followed went on reading */
    12223, /* the bits of what was seen, too few in a pass that went on at its end */
    16852, /* a row to be made again, held for a day because its batch failed */
    1161,  /* the removal of a row took back the intent of the one made in its place */
};

static void play_found(void)
{
    for (size_t i = 0; i < DS_COUNT(found); i++) {
        knobs k = knobs_of(found[i]);

        play(&k);
    }
    for (long at = 160; at < 180; at++) /* a mark that stayed on a row found as it should be */
        for (int how = 0; how < 8; how++) {
            knobs k = crash_of(2, at, how);

            play(&k);
        }
}

/* ---- planted bugs ---------------------------------------------------------------------------- */

static const char *const plants[] = {
    "no intent",
    "no look-up",
    "no settle",
    "sync off",
    "names not synced",
    "link before create",
    "hash kept",
    "pause ignored",
    "cursor saved early",
    "epoch unchecked",
    "held blocks others",
    "unknown is no",
    "updates unannounced",
    "intents not stamped",
    "lease ignored",
    "request lost",
    "no wait",
    "look-up believed",
    "owns ignored",
    "every row ours",
    "secret told",
    "makes unnoted",
};

static long found_after(const char *plant, long most)
{
    for (long i = 1; i <= most; i++) {
        knobs k = knobs_of((uint64_t)i);

        k.plants = plant;
        runs++;
        if (!run_once(&k))
            return i;
    }
    return 0;
}

static void planted(long most, const char *only)
{
    for (size_t i = 0; i < DS_COUNT(plants); i++) {
        if (only && strcmp(only, plants[i]) != 0)
            continue;

        long after = found_after(plants[i], most);

        printf("%sok - \"%s\": %s after %ld seeds: %s\n", after ? "" : "not ", plants[i],
               after ? "found" : "not found", after ? after : most, after ? w.why : "");
        failed_runs += !after;
        fflush(stdout);
    }
}

/* ---- the order without intents --------------------------------------------------------------- */

typedef struct tally {
    long doubles, all;
} tally;

static bool ends_double(const knobs *k)
{
    return !run_once(k) && !strncmp(w.why, "I1:", 3);
}

/* Dies at each operation of `from` to `to`, or every `step`-th. */
static void tally_crashes(knobs *k, long from, long to, long step, tally *out)
{
    for (long at = from; at <= to; at += step) {
        k->crash_at = at;
        k->crash_how = (int)(at / step % 8);
        out->all++;
        out->doubles += ends_double(k);
    }
}

static void print_tally(const char *when, const tally *t)
{
    printf("ok - the order create, link leaves doubles in %ld of %ld runs with one crash %s "
           "(%ld %%)\n",
           t->doubles, t->all, when, t->doubles * 100 / DS_MAX(t->all, 1));
}

/* Of the runs with one crash, those that end with a double: of a whole life, most of which changes
 * nothing, and of a first load, where all that is at stake are creates. */
static void peer(long step)
{
    tally life = {0}, load = {0};

    for (int model = 2; model < 7; model++) {
        knobs k = script(model);
        long ops, from, to;

        k.plants = "no intent,no look-up";
        (void)run_once(&k);
        ops = w.ops;
        from = w.load_from;
        to = w.load_to;
        tally_crashes(&k, 1, ops, step, &life);
        tally_crashes(&k, from, to, 1, &load);
    }
    print_tally("anywhere", &life);
    print_tally("within a first load", &load);
}

static void one(knobs k)
{
    events_told = getenv("SIMULATE_TOLD") != NULL;
    play(&k);
    if (!w.failed)
        knobs_print(&k);
    trace_print();
    printf("# trace %016llx, %ld operations, calls %ld and %ld\n", (unsigned long long)trace_hash(),
           w.ops, w.counts[0], w.counts[1]);
}

static knobs seed_with(uint64_t seed, const char *plants_on)
{
    knobs k = knobs_of(seed);

    k.plants = plants_on;
    return k;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    long n = argc > 2 ? atol(argv[2]) : 0, from = argc > 3 ? atol(argv[3]) : 1;

    shrinks = !getenv("SIMULATE_WHOLE"); /* to see more of them sooner */
    if (!strcmp(what, "seeds"))
        seeds((uint64_t)from, n ? n : 100);
    else if (!strcmp(what, "enumerate"))
        enumerate_models(n ? n : 1, argc > 3 ? (int)from : -1);
    else if (!strcmp(what, "planted"))
        planted(n ? n : 2000, argc > 3 ? argv[3] : NULL);
    else if (!strcmp(what, "found"))
        play_found();
    else if (!strcmp(what, "peer"))
        peer(n ? n : 1);
    else if (!strcmp(what, "seed"))
        one(seed_with((uint64_t)n, argc > 3 ? argv[3] : NULL));
    else if (!strcmp(what, "crash") && argc > 4)
        one(crash_of((int)n, from, atoi(argv[4])));
    else
        return 2;
    printf("%sok - %s: %ld runs, %ld failed\n", failed_runs ? "not " : "", what, runs, failed_runs);
    return failed_runs != 0;
}
