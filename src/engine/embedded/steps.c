/* src/engine/embedded/steps.c
 *
 * Steps of machines on the store's writer: read the machine, apply what came, decide, save; one
 * transaction, so that a kill leaves either all of it or nothing.  What each of these means is the
 * kind's to say: a unit's is in unit_step.c.
 */
#include "engine/embedded/internal.h"

#include <stdlib.h>

bool ds_step_take(ds_step *step, ds_engine *e, ds_tx *tx, int64_t now_ms, ds_arena *a, ds_err *err)
{
    const ds_machine_kind *kind = step->kind;

    step->found = false;
    if (!kind->find(step, tx, now_ms, a, err))
        return false;
    if (!step->found)
        return true;
    if (!kind->apply(step, e, tx, now_ms, a, err))
        return false;
    kind->decide(step, e, now_ms);
    return kind->save(step, e, tx, now_ms, err);
}

void ds_emb_host(ds_engine *e, const ds_machine_kind *kind)
{
    e->kinds = ds_realloc(e->kinds, e->kinds_n + 1, sizeof(*e->kinds));
    e->kinds[e->kinds_n++] = kind;
}

/* ---- an activation --------------------------------------------------------------------------- */

static void sooner(int64_t *at_ms, int64_t candidate_ms)
{
    if (candidate_ms && (*at_ms == 0 || candidate_ms < *at_ms))
        *at_ms = candidate_ms;
}

/* A bite of the kind's that are due by then; who did not fit is due all the same. */
static bool add_steps_of(ds_activation *act, const ds_machine_kind *kind, ds_tx *tx, int64_t by_ms,
                         ds_err *err)
{
    const int64_t *ids;
    int64_t next_ms;
    size_t n;

    if (!ds_tx_machines_due(tx, kind->name, by_ms, DS_EMB_DUE_MAX, act->arena, &ids, &n, &next_ms,
                            err))
        return false;
    for (size_t i = 0; i < n; i++)
        kind->add_timer(act, ids[i]);
    sooner(&act->next_due_ms, next_ms);
    return true;
}

static bool add_due_steps(ds_activation *act, ds_tx *tx, int64_t now_ms, ds_err *err)
{
    const ds_engine *e = act->engine;

    act->steps_n = 0; /* where it is tried again */
    act->next_due_ms = 0;
    if (act->takes_all_of)
        return add_steps_of(act, act->takes_all_of, tx, INT64_MAX, err);
    for (size_t i = 0; i < e->kinds_n; i++) {
        if (!add_steps_of(act, e->kinds[i], tx, now_ms, err))
            return false;
    }
    return true;
}

static ds_activation *of_job(ds_job *job)
{
    return (ds_activation *)(void *)((char *)job - offsetof(ds_activation, job));
}

static bool run_steps(ds_job *job, ds_tx *tx, ds_err *err)
{
    ds_activation *act = of_job(job);
    ds_engine *e = act->engine;
    int64_t now_ms = ds_emb_now(e);
    bool hold = act->starts_engine ? atomic_load(&e->stopping) : ds_emb_starts_nothing(e);

    act->reached = 0;
    if ((act->takes_due || act->takes_all_of) && !add_due_steps(act, tx, now_ms, err))
        return false;
    if (act->inbox_of && !ds_unit_steps_inbox(act, tx, err))
        return false;
    for (size_t i = 0; i < act->steps_n; i++) {
        ds_step *s = act->steps[i];

        s->hold = s->hold || hold;
        if (!ds_step_take(s, e, tx, now_ms, act->arena, err))
            return false;
        act->reached += s->found;
        if (!s->found && act->unknown_to && !ds_unit_step_keep(act, s, tx, now_ms, err))
            return false;
    }
    if (act->starts_engine)
        atomic_store(&e->live, true);
    return true;
}

static void steps_taken(ds_job *job, const ds_err *err)
{
    ds_activation *act = of_job(job);

    act->failed = err != NULL;
    if (err)
        act->err = *err;
    if (act->answer)
        act->answer(act, act->answer_to);
    ds_emb_note(act->engine, &act->note);
}

static void drop(ds_note *note)
{
    ds_activation *act = (ds_activation *)note;

    if (act->pass)
        act->pass->work.note.drop(&act->pass->work.note);
    ds_activation_free(act);
}

ds_activation *ds_activation_new(ds_engine *e)
{
    ds_arena *a = ds_arena_new();
    ds_activation *act = ds_new_in(a, ds_activation);

    act->arena = a;
    act->engine = e;
    act->note.read = ds_activation_read;
    act->note.drop = drop;
    act->job.run = run_steps;
    act->job.done = steps_taken;
    return act;
}

void ds_activation_add(ds_activation *act, ds_step *step)
{
    if (act->steps_n == act->steps_cap) {
        size_t cap = act->steps_cap ? act->steps_cap * 2 : 4;
        ds_step **more = ds_arena_alloc(act->arena, cap * sizeof(*more));

        for (size_t i = 0; i < act->steps_n; i++)
            more[i] = act->steps[i];
        act->steps = more;
        act->steps_cap = cap;
    }
    act->steps[act->steps_n++] = step;
}

void ds_activation_submit(ds_activation *act)
{
    atomic_fetch_add(&act->engine->in_flight, 1);
    ds_store_submit(act->engine->store, DS_LANE_EVENT, &act->job);
}

void ds_activation_free(ds_activation *act)
{
    if (act)
        ds_arena_free(act->arena);
}
