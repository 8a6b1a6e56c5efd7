/* tests/unit/test_engine_health.c
 *
 * What the engine tells whoever watches over the process: when it is live, what runs, that it is
 * stopping, and pulses, of which there are none while the store's writer hangs.
 */
#include "engine_rig.h"

#define PULSE_MS 1000

typedef struct told {
    rig r; /* first: the engine's `to` */
    gate gate;
    size_t live, changed, pulses, stopping;
    ds_health last;
} told;

static void on_health(void *to, ds_health_why why, const ds_health *health)
{
    told *t = to;

    pthread_mutex_lock(&t->r.lock);
    t->live += why == DS_HEALTH_LIVE;
    t->changed += why == DS_HEALTH_CHANGED;
    t->pulses += why == DS_HEALTH_PULSE;
    t->stopping += why == DS_HEALTH_STOPPING;
    t->last = *health;
    pthread_cond_broadcast(&t->r.news);
    pthread_mutex_unlock(&t->r.lock);
}

static void begin(told *t, int64_t pulse_ms)
{
    memset(t, 0, sizeof *t);
    rig_init(&t->r);
    rig_rows("all", 3);
    t->r.options.health = on_health;
    t->r.options.pulse_ms = pulse_ms;
}

static void await(told *t, const size_t *count, size_t n)
{
    pthread_mutex_lock(&t->r.lock);
    while (*count < n)
        pthread_cond_wait(&t->r.news, &t->r.lock);
    pthread_mutex_unlock(&t->r.lock);
}

static size_t now(told *t, const size_t *count)
{
    size_t n;

    pthread_mutex_lock(&t->r.lock);
    n = *count;
    pthread_mutex_unlock(&t->r.lock);
    return n;
}

static void await_state(told *t, size_t units, size_t running)
{
    pthread_mutex_lock(&t->r.lock);
    while (t->last.units != units || t->last.running != running)
        pthread_cond_wait(&t->r.news, &t->r.lock);
    pthread_mutex_unlock(&t->r.lock);
}

/* All that was told before is counted once the engine has answered this. */
static void settle(told *t)
{
    size_t n = now(t, &t->r.runs_n);

    rig_signal(&t->r, "all", DS_EV_SYNC_NOW);
    rig_run(&t->r, n + 1);
}

static void live_once_then_stopping(void **state)
{
    told t;

    (void)state;
    begin(&t, 0);
    rig_start(&t.r);
    rig_run(&t.r, 1);
    rig_stop(&t.r);
    assert_int_equal(t.live, 1);
    assert_int_equal(t.stopping, 1);
    assert_int_equal(t.last.running, 0);
    rig_end(&t.r);
}

static void says_what_runs(void **state)
{
    told t;

    (void)state;
    begin(&t, 0);
    gate_init(&t.gate, true);
    ds_memory_watch("from-a", gate_seen, &t.gate);
    rig_start(&t.r);
    gate_await(&t.gate, 1);
    rig_move(&t.r, PULSE_MS);
    await_state(&t, 1, 1);
    gate_open(&t.gate);
    rig_run(&t.r, 1);
    rig_move(&t.r, PULSE_MS);
    await_state(&t, 1, 0);
    rig_end(&t.r);
}

static void changes_are_told_once_a_second(void **state)
{
    told t;

    (void)state;
    begin(&t, 0);
    rig_start(&t.r);
    await(&t, &t.live, 1);
    for (size_t n = 1; n <= 20; n++) {
        rig_run(&t.r, n);
        rig_signal(&t.r, "all", DS_EV_SYNC_NOW);
    }
    rig_run(&t.r, 21); /* nothing is under way that would end after the clock has moved */
    assert_int_equal(now(&t, &t.changed), 0); /* the clock stands still */
    rig_move(&t.r, PULSE_MS);
    await_state(&t, 1, 0);
    rig_end(&t.r);
}

static void a_pulse_each_time(void **state)
{
    told t;

    (void)state;
    begin(&t, PULSE_MS);
    rig_start(&t.r);
    await(&t, &t.live, 1);
    settle(&t);
    assert_int_equal(now(&t, &t.pulses), 0);
    for (size_t n = 1; n <= 5; n++) {
        rig_move(&t.r, PULSE_MS);
        await(&t, &t.pulses, n);
    }
    settle(&t);
    assert_int_equal(now(&t, &t.pulses), 5);
    rig_end(&t.r);
}

static void no_pulses_unless_asked_for(void **state)
{
    told t;

    (void)state;
    begin(&t, 0);
    rig_start(&t.r);
    rig_run(&t.r, 1);
    rig_move(&t.r, DS_MINUTE_MS);
    settle(&t);
    assert_int_equal(now(&t, &t.pulses), 0);
    rig_end(&t.r);
}

/* ---- a writer that hangs --------------------------------------------------------------------- */

typedef struct jam { /* a job that does not end until it is told to */
    ds_job job;
    gate gate;
} jam;

static bool jam_run(ds_job *job, ds_tx *tx, ds_err *err)
{
    (void)tx;
    (void)err;
    gate_seen(&((jam *)(void *)job)->gate, "page");
    return true;
}

/* The engine's loop goes round often enough for a hundred pulses; the writer answers none. */
static void none_while_the_writer_hangs(void **state)
{
    jam j = {.job = {.run = jam_run}};
    told t;

    (void)state;
    begin(&t, PULSE_MS);
    rig_start(&t.r);
    rig_run(&t.r, 1);
    gate_init(&j.gate, true);
    ds_store_submit(t.r.store, DS_LANE_EVENT, &j.job);
    gate_await(&j.gate, 1);

    size_t before = now(&t, &t.pulses);

    for (int i = 0; i < 100; i++) {
        rig_move(&t.r, PULSE_MS);
        while (atomic_load(&t.r.engine->waking)) /* until the loop has taken it */
            sched_yield();
    }
    assert_int_equal(now(&t, &t.pulses), before);
    gate_open(&j.gate);
    await(&t, &t.pulses, before + 1);
    rig_end(&t.r);
}

/* ---- a stop that takes its time -------------------------------------------------------------- */

static void pulses_of_their_own_while_it_drains(void **state)
{
    told t;

    (void)state;
    begin(&t, 0);
    gate_init(&t.gate, true);
    ds_memory_watch("from-a", gate_seen, &t.gate);
    rig_start(&t.r);
    gate_await(&t.gate, 1);
    ds_engine_stop(t.r.engine);
    await(&t, &t.stopping, 1);
    for (size_t n = 1; n <= 3; n++) {
        rig_move(&t.r, 5 * DS_SECOND_MS);
        await(&t, &t.pulses, n);
        await_state(&t, 1, 1);
    }
    gate_open(&t.gate);
    rig_join(&t.r);
    rig_end(&t.r);
}

int main(void)
{
    add_test(live_once_then_stopping);
    add_test(says_what_runs);
    add_test(changes_are_told_once_a_second);
    add_test(a_pulse_each_time);
    add_test(no_pulses_unless_asked_for);
    add_test(none_while_the_writer_hangs);
    add_test(pulses_of_their_own_while_it_drains);
    return run_tests("health of the engine");
}
