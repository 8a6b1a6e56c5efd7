/* src/engine/embedded/passes.c
 *
 * From "start a pass" to "its end is durable": the pass waits for a thread, runs there, comes back
 * as a note, its end becomes an activation, and only when that is committed is anybody told.
 */
#include "engine/embedded/internal.h"

#include "base/log.h"
#include <stdio.h>

#include "engine/common/pass_end.h"
#include <stdlib.h>

/* ---- on the pool's thread -------------------------------------------------------------------- */

static void run_pass(ds_task *task)
{
    ds_emb_pass *pass = (ds_emb_pass *)task;

    ds_pass_on_store(pass->work.engine->store, pass->unit->id, pass->epoch, &pass->in,
                     &pass->result);
    pass->due = ds_pass_due(pass->work.engine->store, pass->unit->id, pass->epoch, &pass->in,
                            &pass->result, pass->arena, &pass->due_n);
    ds_work_done(&pass->work);
}

/* ---- its end --------------------------------------------------------------------------------- */

/* Then nothing more is to start. */
static bool serves_once(const ds_engine *e, const ds_emb_pass *pass)
{
    return e->own && ds_follow_serves(e, pass->unit, pass);
}

static void pass_returned(ds_engine *e, ds_note *note)
{
    ds_emb_pass *pass = (ds_emb_pass *)ds_work_of(note);
    ds_activation *act = ds_activation_new(e);
    ds_event *ended = ds_new_in(act->arena, ds_event);

    ds_work_ended(&pass->work);
    ds_work_shows_after(&pass->work, pass->result.shows_after_ms);
    pass->run = ds_pass_row(&pass->in, &pass->result, pass->started_ms, ds_emb_now(e));
    *ended = ds_pass_event(&pass->result, &pass->run);
    ended->items = pass->due;
    ended->items_n = pass->due_n;
    act->pass = pass;
    act->retries = true;
    ds_unit_step_add(act, (ds_unit_step){
                              .step.id = pass->unit->id,
                              .step.hold = serves_once(e, pass),
                              .events = ended,
                              .events_n = 1,
                              .epoch = pass->epoch,
                              .run = pass->result.outcome == DS_PASS_SLICED ? NULL : &pass->run,
                          });
    ds_activation_submit(act);
}

/* To who sits before it: it is not over, and why nothing is to be seen. */
static void log_wait(const ds_emb_pass *pass)
{
    char unit[512], seconds[24];

    snprintf(unit, sizeof(unit), "%s:%s", pass->run.route, pass->run.unit);
    snprintf(seconds, sizeof(seconds), "%lld",
             (long long)(pass->result.err.retry_after_ms + 999) / 1000);
    ds_log(DS_LOG_WARN, "rate_limit_sat_out", "unit", unit, DS_LOG_INT("seconds"), seconds, NULL);
}

/* ---- among those that run -------------------------------------------------------------------- */

static void link_pass(ds_engine *e, ds_emb_pass *pass)
{
    pthread_mutex_lock(&e->lock);
    pass->next = e->passes;
    if (pass->next)
        pass->next->before = pass;
    e->passes = pass;
    pthread_mutex_unlock(&e->lock);
    e->passes_n++;
    pass->unit->pass = pass;
}

static void unlink_pass(ds_engine *e, ds_emb_pass *pass)
{
    pthread_mutex_lock(&e->lock);
    if (pass->before)
        pass->before->next = pass->next;
    else
        e->passes = pass->next;
    if (pass->next)
        pass->next->before = pass->before;
    pthread_mutex_unlock(&e->lock);
    e->passes_n--;
    pass->unit->pass = NULL;
}

static void free_pass(ds_emb_pass *pass)
{
    ds_arena_free(pass->arena);
    ds_bell_fini(&pass->stop_bell);
    free(pass);
}

static void drop_pass(ds_note *note)
{
    ds_emb_pass *pass = (ds_emb_pass *)ds_work_of(note);

    unlink_pass(pass->work.engine, pass);
    free_pass(pass);
}

void ds_emb_pass_recorded(ds_engine *e, ds_emb_pass *pass, bool counted)
{
    unlink_pass(e, pass); /* who is told that it ended finds it running nowhere */
    if (!counted)
        pass->result.outcome = pass->run.outcome = DS_PASS_CANCELLED;
    ds_pass_log(&pass->run);
    if (e->own && ds_follow_outwaits(e, pass))
        log_wait(pass);
    if (pass->result.outcome != DS_PASS_SLICED) {
        if (e->options.pass_ended && counted && !(e->own && ds_follow_outwaits(e, pass)))
            e->options.pass_ended(e->options.to, &pass->run);
        ds_follow_pass(e, pass->unit, pass);
    }
    free_pass(pass);
}

void ds_emb_pass_stop(ds_emb_pass *pass)
{
    atomic_store(&pass->stop, true);
    ds_bell_ring(&pass->stop_bell);
}

void ds_emb_passes_stop(ds_engine *e)
{
    for (ds_emb_pass *pass = e->passes; pass; pass = pass->next)
        ds_emb_pass_stop(pass);
}

/* ---- its beginning --------------------------------------------------------------------------- */

static const char *const *copy_items(const ds_want *want, ds_arena *a)
{
    const char **items = ds_arena_alloc(a, (want->items_n + 1) * sizeof(*items));

    for (size_t i = 0; i < want->items_n; i++)
        items[i] = ds_arena_strdup(a, want->items[i]);
    return items;
}

void ds_emb_pass_begin(ds_engine *e, ds_emb_unit *unit, const ds_unit_row *row)
{
    ds_emb_pass *pass = ds_calloc(1, sizeof(*pass));
    const ds_unit *u = &row->state;
    bool targeted = u->run_kind == DS_PASS_TARGETED;

    pass->arena = ds_arena_new();
    ds_bell_init(&pass->stop_bell);
    pass->unit = unit;
    pass->epoch = row->epoch;
    pass->start = unit->starts;
    pass->started_ms = u->run_started_ms;
    pass->in = (ds_pass_in){
        .route = unit->route->route,
        .unit = unit->name,
        .owner = ds_arena_printf(pass->arena, "%s/%s/%s", e->store_id, unit->route->route->name,
                                 unit->name),
        .kind = u->run_kind,
        .items = targeted ? copy_items(&u->run, pass->arena) : NULL,
        .items_n = targeted ? u->run.items_n : 0,
        .since_ms = u->run_kind == DS_PASS_CHANGES ? u->run_since_ms : -1,
        .approved = u->run_approved,
        .sweep = u->run_sweep,
        .clock = e->clock,
        .stop = &pass->stop,
        .stop_bell = &pass->stop_bell,
        .slice_ms = e->options.slice_ms ? e->options.slice_ms : DS_EMB_SLICE_MS,
        .page_records = e->options.page_records,
        .group_records = e->options.group_records,
        .progress = &pass->progress,
    };
    atomic_init(&pass->progress.total, -1);
    pass->work.writes = true;
    pass->work.task.run = run_pass;
    pass->work.note.read = pass_returned;
    pass->work.note.drop = drop_pass;
    link_pass(e, pass);
    ds_work_add(e, &pass->work, unit->route);
}

/* ---- for those that look --------------------------------------------------------------------- */

static int64_t peek(_Atomic int64_t *value)
{
    return atomic_load_explicit(value, memory_order_relaxed);
}

static ds_running look_at(ds_emb_pass *pass, ds_arena *a)
{
    ds_progress *p = &pass->progress;
    ds_totals totals = {.created = peek(&p->created),
                        .updated = peek(&p->updated),
                        .unchanged = peek(&p->unchanged),
                        .skipped = peek(&p->skipped),
                        .held = peek(&p->held)};

    totals.total =
        totals.created + totals.updated + totals.unchanged + totals.skipped + totals.held;
    return (ds_running){
        .route = ds_arena_strdup(a, pass->in.route->name),
        .unit = ds_arena_strdup(a, pass->unit->name),
        .kind = pass->in.kind,
        .since_ms = pass->started_ms,
        .done = peek(&p->done),
        .total = peek(&p->total),
        .waiting_ms = peek(&p->waiting_ms),
        .limited_ms = DS_MAX(peek(&p->source_limited_ms), peek(&p->destination_limited_ms)),
        .source_calls = peek(&p->source_calls),
        .destination_calls = peek(&p->destination_calls),
        .totals = totals,
    };
}

size_t ds_emb_running(ds_engine *e, ds_arena *a, const ds_running **out)
{
    ds_running *all;
    size_t n = 0;

    pthread_mutex_lock(&e->lock);
    for (ds_emb_pass *pass = e->passes; pass; pass = pass->next)
        n++;
    all = ds_arena_alloc(a, (n + 1) * sizeof(*all));
    n = 0;
    for (ds_emb_pass *pass = e->passes; pass; pass = pass->next)
        all[n++] = look_at(pass, a);
    pthread_mutex_unlock(&e->lock);
    *out = all;
    return n;
}
