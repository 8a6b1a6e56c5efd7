/* src/engine/embedded/health.c
 *
 * What the engine tells whoever watches over the process.  A pulse is worth something only when
 * what does the work has answered: it is a job for the store's writer that comes back to the
 * engine's thread like any other, so a writer that hangs, or an engine that does, sends none.
 */
#include "engine/embedded/internal.h"

#define TELL_EACH_MS DS_SECOND_MS        /* changes that come closer together are told as one */
#define DRAIN_EACH_MS (5 * DS_SECOND_MS) /* the manager's patience at a stop is longer */

static int64_t steady_ms(const ds_engine *e)
{
    return e->clock->mono_us(e->clock) / 1000;
}

static ds_health health_of(ds_engine *e)
{
    ds_health health = {.units = e->table.n - e->gone_n, .running = e->passes_n};

    for (const ds_emb_pass *pass = e->passes; pass; pass = pass->next) {
        const ds_progress *p = &pass->progress;

        health.work += atomic_load(&p->done) + atomic_load(&p->source_calls) +
                       atomic_load(&p->destination_calls);
    }
    return health;
}

static void tell(ds_engine *e, ds_health_why why)
{
    ds_health health = health_of(e);

    e->health.units = health.units;
    e->health.running = health.running;
    e->health.told_ms = steady_ms(e);
    e->options.health(e->options.to, why, &health);
}

static bool changed(const ds_engine *e)
{
    return e->health.live &&
           (e->health.units != e->table.n - e->gone_n || e->health.running != e->passes_n);
}

/* 0: there are none. */
static int64_t pulse_each_ms(const ds_engine *e)
{
    int64_t each_ms = e->options.pulse_ms;

    if (e->health.stopping && (each_ms == 0 || each_ms > DRAIN_EACH_MS))
        each_ms = DRAIN_EACH_MS;
    return e->health.live ? each_ms : 0;
}

static void ask_writer(ds_engine *e)
{
    ds_activation *act = ds_activation_new(e);

    act->pulse = true;
    e->health.pulsing = true;
    e->health.pulsed_ms = steady_ms(e);
    ds_activation_submit(act);
}

void ds_emb_health_answered(ds_engine *e)
{
    e->health.pulsing = false;
    tell(e, DS_HEALTH_PULSE);
}

/* In how many ms a pulse is due; -1: none is. */
static int64_t pulse_wait(const ds_engine *e)
{
    int64_t each_ms = pulse_each_ms(e);

    if (!each_ms)
        return -1;
    return DS_MAX(e->health.pulsed_ms + each_ms - steady_ms(e), (int64_t)0);
}

static int64_t change_wait(const ds_engine *e)
{
    if (!changed(e))
        return -1;
    return DS_MAX(e->health.told_ms + TELL_EACH_MS - steady_ms(e), (int64_t)0);
}

int64_t ds_emb_health_wait(const ds_engine *e)
{
    int64_t pulse_ms, change_ms;

    if (!e->options.health)
        return -1;
    pulse_ms = pulse_wait(e);
    change_ms = change_wait(e);
    if (pulse_ms < 0 || change_ms < 0)
        return DS_MAX(pulse_ms, change_ms);
    return DS_MIN(pulse_ms, change_ms);
}

void ds_emb_health_look(ds_engine *e)
{
    ds_emb_health *h = &e->health;

    if (!e->options.health)
        return;
    if (!h->live && atomic_load(&e->live)) {
        h->live = true;
        h->pulsed_ms = steady_ms(e);
        tell(e, DS_HEALTH_LIVE);
    }
    if (!h->stopping && atomic_load(&e->stopping)) {
        h->stopping = true;
        tell(e, DS_HEALTH_STOPPING);
    }
    if (change_wait(e) == 0)
        tell(e, DS_HEALTH_CHANGED);
    if (pulse_wait(e) != 0)
        return;
    if (!h->pulsing) {
        ask_writer(e);
        return;
    }
    /* A writer that waits for its server lives; from any other silence whoever watches concludes
     * what is to be concluded. */
    h->pulsed_ms = steady_ms(e);
    if (ds_store_is_away(e->store))
        tell(e, DS_HEALTH_PULSE);
}
