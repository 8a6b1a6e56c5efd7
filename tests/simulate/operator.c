/* tests/simulate/operator.c - who gives signals, makes backups, and settles what only a person can.
 */
#include "tests/simulate/sim.h"

#include <stdlib.h>
#include <string.h>

static void ask_for(bool full, int key)
{
    if (w.wants_n < DS_COUNT(w.wants))
        w.wants[w.wants_n++] = (want_of){.full = full, .key = key};
}

static void sync_now(bool full)
{
    int key = (int)dice((uint32_t)w.k.records);
    const char *items[] = {key_text(key)};
    ds_event ev = {.type = DS_EV_SYNC_NOW, .retry_after_ms = -1};

    if (!full) {
        ev.items = items;
        ev.items_n = 1;
    }
    if (w.wants_n == DS_COUNT(w.wants))
        return;
    ask_for(full, key);
    if (!step_take(&ev, false, NULL, 0))
        violation("a signal was refused");
    if (w.wants_n)
        w.wants[w.wants_n - 1].told = true;
}

static void pause_or_resume(void)
{
    ds_event ev = {.type = w.paused_now ? DS_EV_RESUME : DS_EV_PAUSE, .retry_after_ms = -1};

    (void)step_take(&ev, false, NULL, 0);
}

static void set_interval(void)
{
    ds_event ev = {.type = DS_EV_SET_INTERVAL,
                   .interval_ms = (int64_t)(5 + dice(20)) * DS_MINUTE_MS,
                   .retry_after_ms = -1};

    (void)step_take(&ev, false, NULL, 0);
}

static void put_backup_back(void)
{
    ds_store *store = w.store;

    if (!the_model()->generation)
        return; /* without one a store that was put back cannot be told from the right one */
    w.store = NULL;
    ds_store_close(store);
    if (disk_restore()) {
        trace("restore", 0);
        seam_forgets();
        w.restored = true;
        w.wants_n = 0;
        w.completed = -1; /* as it was then */
        w.gate_ms[0] = w.gate_ms[1] = 0;
    }
    longjmp(w.boot, 1); /* which takes its time, longer than a write can be late */
}

static void at_rest(void)
{
    switch (dice(4)) {
    case 0:
        disk_backup();
        break;
    case 1:
        if (event("restored backup", 1000000)) {
            w.now_ms += 2 * SETTLE_MS;
            w.mono_us += INT64_C(2000) * SETTLE_MS;
            service_apply_late(w.now_ms);
            put_backup_back();
        }
        break;
    default:
        w.restart = true;
        break;
    }
}

void operator_acts(void)
{
    static const char *const acts[] = {"pause or resume", "pause or resume", "another interval",
                                       "sync all",        "sync all",        "sync one",
                                       "sync one",        "restart, backup"};
    uint32_t act = dice(8);

    if (!event(acts[act], 1000000) || !w.booted || w.looking)
        return;
    switch (act) {
    case 0:
    case 1:
        pause_or_resume();
        break;
    case 2:
        set_interval();
        break;
    case 3:
    case 4:
        sync_now(true);
        break;
    case 5:
    case 6:
        sync_now(false);
        break;
    default:
        if (!w.top)
            at_rest();
        else if (!w.top->below)
            atomic_store(&w.top->stop, w.restart = true); /* SIGTERM */
        break;
    }
}

/* ---- a person who looks at `held` ------------------------------------------------------------ */

typedef struct hand_job {
    ds_job job; /* first */
    const char *key, *id;
} hand_job;

static bool adopt_or_retry(ds_job *job, ds_tx *tx, ds_err *err)
{
    hand_job *h = (hand_job *)job;
    bool found;

    return h->id ? ds_tx_held_adopt(tx, "r", h->key, h->id, &found, err)
                 : ds_tx_held_retry(tx, "r", h->key, &found, err);
}

/* Looks into the service, where the truth is by now, and says so. */
static void settle_one(const char *key, ds_arena *a)
{
    ds_err err = DS_ERR_INIT;
    size_t n;
    const sim_row *r = service_row_of(key_of(key), &n);
    hand_job h = {.job.run = adopt_or_retry, .key = key};

    if (r)
        h.id = ds_arena_printf(a, "%d", r->id);
    if (!ds_store_do(w.store, DS_LANE_EVENT, &h.job, &err))
        violation("a held record cannot be settled: %s", err.text);
}

void person_settles_held(void)
{
    static const ds_event all = {.type = DS_EV_SYNC_NOW, .retry_after_ms = -1};
    static const ds_event resume = {.type = DS_EV_RESUME, .retry_after_ms = -1};
    DS_AUTO(ds_arena) a = ds_arena_new();
    ds_err err = DS_ERR_INIT;
    const ds_held *held;
    size_t n = 0, settled = 0;

    if (w.paused_now)
        (void)step_take(&resume, false, NULL, 0);
    if (w.start || service_next_late() != INT64_MAX || the_model()->promise != DS_PROMISE_C)
        return;

    DS_AUTO(ds_ledger) l = ds_store_ledger(w.store, w.unit_id, w.epoch, &err);

    if (!l || !l->ops->held(l, NULL, 1000, a, &held, &n, &err))
        violation("held records cannot be read: %s", err.text);
    for (size_t i = 0; i < n && !w.failed; i++) {
        if (held[i].next_try_ms != INT64_MAX)
            continue;
        settle_one(held[i].key, a);
        settled++;
    }
    if (settled && !w.failed)
        (void)step_take(&all, false, NULL, 0);
}
