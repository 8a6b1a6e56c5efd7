/* tests/simulate/other.c
 *
 * A second route to the same service, with a column of its own, as another process would run it:
 * between any two calls or commits of a pass of the one a whole pass of the other may take place.
 * Nobody tells them of each other but the store.
 */
#include "tests/simulate/sim.h"

static ds_field fields[1];
static ds_route other;

void other_start(void)
{
    static const char *const owned[] = {"extra"};

    fields[0] = (ds_field){.to = "extra", .kind = DS_FIELD_FROM, .from = "name"};
    other = *the_route();
    other.name = "s";
    other.fields = fields;
    other.fields_n = DS_COUNT(fields);
    other.owns.items = owned;
    other.owns.n = DS_COUNT(owned);
    other.create_only.n = 0;
    other.verify_all = true; /* what the first route has removed, it does not know otherwise */
    other.missing = DS_MISSING_IGNORE;
    other.missing_mark = NULL;
}

/* ---- a pass ---------------------------------------------------------------------------------- */

typedef struct begin_job {
    ds_job job; /* first */
    ds_arena *arena;
    ds_unit_row *row;
    bool fresh;
} begin_job;

static bool begin(ds_job *job, ds_tx *tx, ds_err *err)
{
    begin_job *b = (begin_job *)job;

    return ds_tx_unit_get(tx, "s", "all", b->arena, &b->row, err) &&
           (b->row || ds_tx_unit_add(tx, "s", "all", w.now_ms, b->arena, &b->row, err)) &&
           ds_tx_activity_start(tx, b->row, other.fingerprint, b->fresh, w.now_ms, err);
}

static struct {
    ds_ledger_ops ops;
    bool (*commit)(ds_ledger *, ds_commit *, ds_err *);
} met;

static bool commit_met(ds_ledger *l, ds_commit *c, ds_err *err)
{
    other_between();
    return met.commit(l, c, err);
}

static void meet_commits(ds_ledger *l)
{
    met.ops = *l->ops;
    met.commit = l->ops->commit;
    met.ops.commit = commit_met;
    l->ops = &met.ops;
}

static void run(const ds_unit_row *row)
{
    static ds_progress progress; /* which nobody looks at */
    pass_run me = {.below = w.top, .other = true, .epoch = row->epoch, .kind = DS_PASS_FULL};
    ds_err err = DS_ERR_INIT;
    ds_pass_result result;
    ds_pass_in in = {.ledger = ds_store_ledger(w.store, row->id, row->epoch, &err)};

    if (!in.ledger) {
        violation("no ledger: %s", err.text);
        return;
    }
    pass_settings(&me, &in);
    in.route = &other;
    in.owner = "simulated/s/all";
    in.progress = &progress;
    in.since_ms = -1;
    meet_commits(in.ledger);
    w.top = &me;
    ds_pass_run(&in, &result);
    ds_ledger_close(in.ledger);
    w.top = me.below;
    w.other_outcome = result.outcome;
    trace(ds_pass_outcome_name(result.outcome), result.totals.total);
}

void other_pass(void)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    begin_job b = {.job.run = begin, .arena = a, .fresh = w.calm || dice(2)};
    ds_err err = DS_ERR_INIT;

    other.source_settings = the_route()->source_settings; /* of this process */
    other.destination_settings = the_route()->destination_settings;
    trace("pass of the other route", b.fresh);
    w.other_next_ms = w.now_ms + EVERY_MS / 3;
    if (ds_store_do(w.store, DS_LANE_EVENT, &b.job, &err))
        run(b.row);
    else
        violation("a pass of the other route does not begin: %s", err.text);
}

/* ---- between --------------------------------------------------------------------------------- */

/* So long that a row may show, or may not. */
static void linger(void)
{
    if (dice(4) == 0)
        pass_time(dice((uint32_t)the_model()->lag_ms + 1000));
}

void other_between(void)
{
    if (!w.k.other || w.calm || w.looking || !w.top || w.top->below || w.restart)
        return;
    if (!w.top->other && event("the other route comes between", w.k.other)) {
        other_pass();
        linger();
    } else if (w.top->other && event("the first route comes between", w.k.other)) {
        pass_now();
        linger();
    }
}

/* ---- what must hold -------------------------------------------------------------------------- */

void check_other(void)
{
    for (int key = 0; key < KEYS && !w.failed; key++) {
        size_t n;
        const sim_row *r = service_row_of(key, &n);

        if (!records[key].there || (w.k.poison && key == POISON))
            continue;
        if (n != 1)
            violation("I2: %zu rows of %s after the other route", n, key_text(key));
        else if (r->values[P_EXTRA] != records[key].name)
            violation("I3: %s is v%d for the other route and v%d at the source, at the end (I18)",
                      key_text(key), r->values[P_EXTRA], records[key].name);
    }
    if (!w.k.poison && w.other_outcome != DS_PASS_DONE)
        violation("I18: the last pass of the other route was %s",
                  ds_pass_outcome_name(w.other_outcome));
}
