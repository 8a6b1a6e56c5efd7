/* tests/bench/bench_engine.c
 *
 * The engine's own speed, beside raw SQLite commits on the same disk: how long a signal takes until
 * its pass starts, and how many durable signals a second it accepts, one by one and many at once.
 * Prints one JSON object.  Usage: bench_engine FOLDER (empty, on the disk to measure).
 */
#include "base/log.h"
#include "engine/engine.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LATENCY_ROUNDS = 201, STEPS = 4000, THREADS = 64, EACH = 500 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    int64_t fetched_us;
    int ended;
} seen = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};

static const ds_unit_ref unit = {"bench", "all"};
static ds_engine *engine;

static int64_t now_us(void)
{
    return ds_clock_system()->mono_us(ds_clock_system());
}

static void die(const char *what, const ds_err *err)
{
    fprintf(stderr, "bench_engine: %s: %s\n", what, err->text);
    exit(1);
}

/* A source without records that notes when it is asked. */
static bool fetch_page(ds_source *self, ds_activity *act, const ds_fetch *want, ds_page *page,
                       ds_err *err)
{
    (void)self;
    (void)act;
    (void)want;
    (void)page;
    (void)err;
    pthread_mutex_lock(&seen.lock);
    seen.fetched_us = now_us();
    pthread_mutex_unlock(&seen.lock);
    return true;
}

static const ds_option no_options[] = {DS_OPT_END};
static const ds_source_ops empty_source = {
    .kind = "empty",
    .help = "no records",
    .abi = DS_CONNECTOR_ABI,
    .options = no_options,
    .instance_size = sizeof(ds_source),
    .units = ds_one_unit,
    .fetch_page = fetch_page,
};

static const char *nowhere(const ds_destination *self, ds_arena *a)
{
    (void)self;
    (void)a;
    return "nowhere";
}

static bool write_nothing(ds_destination *self, ds_activity *act, ds_write *writes, size_t n,
                          ds_err *err)
{
    (void)self;
    (void)act;
    (void)writes;
    return n == 0 || ds_fail(err, DS_ERR_PERMANENT, "there is nothing to write");
}

static const ds_destination_ops no_destination = {
    .kind = "nowhere",
    .help = "no rows",
    .abi = DS_CONNECTOR_ABI,
    .options = no_options,
    .instance_size = sizeof(ds_destination),
    .promise = DS_PROMISE_A,
    .upserts = true,
    .identity = nowhere,
    .write = write_nothing,
};

static void pass_ended(void *to, const ds_run_row *run)
{
    (void)to;
    (void)run;
    pthread_mutex_lock(&seen.lock);
    seen.ended++;
    pthread_cond_broadcast(&seen.moved);
    pthread_mutex_unlock(&seen.lock);
}

static void wait_ended(int n)
{
    pthread_mutex_lock(&seen.lock);
    while (seen.ended < n)
        pthread_cond_wait(&seen.moved, &seen.lock);
    pthread_mutex_unlock(&seen.lock);
}

static void *run_engine(void *arg)
{
    ds_err err = DS_ERR_INIT;

    (void)arg;
    if (!ds_engine_run(engine, &err))
        die("run", &err);
    return NULL;
}

static void send_signal(ds_event_type type, int64_t interval_ms)
{
    ds_event event = {.type = type, .interval_ms = interval_ms};
    ds_err err = DS_ERR_INIT;
    int64_t units;

    if (!ds_engine_signal(engine, &unit, &event, &units, &err))
        die("signal", &err);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double signal_to_pass_ms(void)
{
    static double took[LATENCY_ROUNDS];
    int before = seen.ended;

    for (int i = 0; i < LATENCY_ROUNDS; i++) {
        int64_t sent_us = now_us();

        send_signal(DS_EV_SYNC_NOW, 0);
        wait_ended(before + i + 1);
        took[i] = (double)(seen.fetched_us - sent_us) / 1000;
    }
    qsort(took, LATENCY_ROUNDS, sizeof(took[0]), by_size);
    return took[LATENCY_ROUNDS / 2];
}

static double one_by_one(void)
{
    int64_t began_us = now_us();

    for (int i = 0; i < STEPS; i++) /* each changes the unit, so that each must be written */
        send_signal(DS_EV_SET_INTERVAL, (i + 1) * DS_MINUTE_MS);
    return STEPS * 1e6 / (double)(now_us() - began_us);
}

static void *send_some(void *arg)
{
    const int *nth = arg;

    for (int i = 0; i < EACH; i++)
        send_signal(DS_EV_SET_INTERVAL, (*nth * EACH + i + 1) * DS_MINUTE_MS);
    return NULL;
}

static double many_at_once(void)
{
    pthread_t threads[THREADS];
    int nths[THREADS];
    int64_t began_us = now_us();

    for (int i = 0; i < THREADS; i++) {
        nths[i] = i;
        if (pthread_create(&threads[i], NULL, send_some, &nths[i]) != 0)
            abort();
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return THREADS * EACH * 1e6 / (double)(now_us() - began_us);
}

/* The yardstick: one small row a commit, WAL, synchronous=FULL, into a new database. */
static double raw_commits(const char *folder, const char *name)
{
    char path[4096];
    sqlite3 *db;
    sqlite3_stmt *insert;
    int64_t began_us;

    snprintf(path, sizeof(path), "%s/%s.db", folder, name);
    if (sqlite3_open(path, &db) != SQLITE_OK ||
        sqlite3_exec(db,
                     "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                     "CREATE TABLE t(id INTEGER PRIMARY KEY, event TEXT)",
                     NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(db, "INSERT INTO t(event) VALUES('{\"type\":\"sync_now\"}')", -1,
                           &insert, NULL))
        abort();
    began_us = now_us();
    for (int i = 0; i < STEPS; i++) {
        if (sqlite3_step(insert) != SQLITE_DONE)
            abort();
        sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    sqlite3_close(db);
    return STEPS * 1e6 / (double)(now_us() - began_us);
}

int main(int argc, char **argv)
{
    ds_route route = {.name = "bench",
                      .source = &empty_source,
                      .destination = &no_destination,
                      .identity = "nowhere",
                      .every_ms = DS_DAY_MS,
                      .full_every_ms = DS_DAY_MS,
                      .limit_changes = -1,
                      .key_signature = "|",
                      .fingerprint = "bench"};
    const ds_route *routes[] = {&route};
    ds_engine_options options = {
        .routes = routes, .routes_n = 1, .clock = ds_clock_system(), .pass_ended = pass_ended};
    ds_err err = DS_ERR_INIT;
    char path[4096];
    double latency, raw, single, many;
    pid_t holder;
    pthread_t thread;
    ds_store *store;

    if (argc != 2)
        return 2;
    ds_log_setup(DS_LOG_ERROR, false, 2);
    snprintf(path, sizeof(path), "%s/state.db", argv[1]);
    store = ds_store_open(path, &holder, &err);
    engine = store ? ds_engine_embedded(store, &options, &err) : NULL;
    if (!engine)
        die("open", &err);
    if (pthread_create(&thread, NULL, run_engine, NULL) != 0)
        abort();
    wait_ended(1); /* the first pass, by the timer */
    latency = signal_to_pass_ms();
    send_signal(DS_EV_PAUSE, 0);
    raw = raw_commits(argv[1], "before");
    single = one_by_one();
    raw = (raw + raw_commits(argv[1], "between")) / 2; /* disks have moods */
    many = many_at_once();
    ds_engine_stop(engine);
    pthread_join(thread, NULL);
    ds_engine_free(engine);
    ds_store_close(store);
    printf("{\"signal_to_pass_ms\": %.3f, \"raw_commits_per_s\": %.0f, \"one_by_one_per_s\": %.0f, "
           "\"at_once_per_s\": %.0f}\n",
           latency, raw, single, many);
    return 0;
}
