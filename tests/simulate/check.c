/* tests/simulate/check.c - what must hold, whatever happened. */
#include "tests/simulate/sim.h"

#include <string.h>

/* ---- the unit's state (I9, I10) -------------------------------------------------------------- */

static bool names_key(const ds_want *want, int key)
{
    for (size_t i = 0; i < want->items_n; i++)
        if (key_of(want->items[i]) == key)
            return true;
    return false;
}

static bool covers(const ds_want *want, const want_of *asked)
{
    return want->full || (!asked->full && names_key(want, asked->key));
}

/* Each request that was acknowledged is asked for, under way, or was served just now. */
static void check_wants(const ds_unit *u, bool ended_well)
{
    size_t kept = 0;

    for (size_t i = 0; i < w.wants_n; i++) {
        want_of *asked = &w.wants[i];
        bool waits = covers(&u->want, asked), runs = u->running && covers(&u->run, asked);

        if (!waits && !runs && asked->told && !(ended_well && asked->in_run)) {
            violation("I10: a request for %s was lost",
                      asked->full ? "everything" : key_text(asked->key));
            return;
        }
        if (!waits && !runs)
            continue;
        asked->in_run = !waits;
        w.wants[kept++] = *asked;
    }
    w.wants_n = kept;
}

static void check_counts(const ds_unit *u, bool ended_well)
{
    int64_t expected = w.completed + (w.booted && ended_well);

    if (w.completed >= 0 && u->runs_completed != expected &&
        !(w.maybe_completed && u->runs_completed == w.completed + 1))
        violation("I9: %lld passes ended well, the status says %lld", (long long)expected,
                  (long long)u->runs_completed);
    w.completed = u->runs_completed;
}

void check_state(const ds_unit *u, bool ended_well)
{
    bool completed = u->runs_completed > w.completed, known = w.completed >= 0;

    check_counts(u, ended_well);
    check_wants(u, ended_well || completed);
    if (!w.booted && known && u->paused != w.paused_now && !w.maybe_paused)
        violation("I9: the unit is %s after the restart, which nobody asked for",
                  u->paused ? "paused" : "not paused");
    if (u->paused && !w.paused_now && w.top)
        w.top->after_pause = 0;
    w.paused_now = u->paused;
}

/* ---- what only people may change (I4) ---------------------------------------------------------
 */

/* Looked at with each request that is applied. */
void check_strangers(void)
{
    size_t n;
    const sim_row *rows = service_rows(&n);

    for (size_t i = 0; i < n; i++) {
        const sim_row *r = &rows[i];

        if (r->values[P_NOTE] != r->note)
            violation("I4: what a person wrote into row %d was written over", r->id);
        if (r->stranger &&
            (!r->there || r->archived || r->values[P_NAME] != 800 + r->id || r->values[P_GONE]))
            violation("I4: row %d is a person's own, and was changed", r->id);
    }
}

/* ---- rows (I2, I3) --------------------------------------------------------------------------- */

/* A person has taken it in hand, and nothing has told the pass to look. */
static bool is_excused(int key, int64_t since_ms)
{
    const record *r = &records[key];

    return r->excused_ms && !(w.k.verify && r->excused_ms < since_ms);
}

static void check_row(int key, const char *when)
{
    const record *r = &records[key];
    size_t n;
    const sim_row *there = service_row_of(key, &n);

    if (n != 1)
        violation("I2: %zu rows of %s %s", n, key_text(key), when);
    else if (there->values[P_NAME] != r->name || there->values[P_SIZE] != r->size)
        violation("I3: %s is v%d %d at the destination and v%d %d at the source, %s", key_text(key),
                  there->values[P_NAME], there->values[P_SIZE], r->name, r->size, when);
    else if (there->values[P_GONE] && w.k.missing == DS_MISSING_MARK && !w.restored)
        violation("I3: %s is marked as gone and is not, %s", key_text(key), when);
}

static bool ended(const ds_pass_result *result)
{
    return result->outcome == DS_PASS_DONE || result->outcome == DS_PASS_PARTIAL;
}

/* What a full pass says it did is so, for all that was not held and did not change meanwhile. */
void check_pass_end(pass_run *p, const ds_pass_result *result)
{
    if (heap_peak() > 24 * DS_MIB)
        violation("I14: %zu bytes of memory", heap_peak());
    if (!ended(result) || p->kind != DS_PASS_FULL || w.k.shift)
        return;
    for (int key = 0; key < KEYS; key++) {
        const record *r = &records[key];

        if (r->there && r->changed_ms < p->started_ms && !p->held[key] &&
            !is_excused(key, p->started_ms))
            check_row(key, "at the end of a full pass");
    }
    w.counts[3]++;
}

static void check_leftover(int key)
{
    size_t n;
    const sim_row *r = service_row_of(key, &n);

    if (!r || r->by_hand || the_model()->promise == DS_PROMISE_C || records[key].excused_ms)
        return;
    if (w.k.other)
        return; /* which may have made it */
    if (w.restored)
        return; /* the store that was put back had never heard of it */
    if (the_model()->upserts && (w.k.crash || w.k.early || w.k.fault || w.k.zombie))
        return; /* a create whose answer was not kept may have met a person's row: it stays */
    if (w.k.missing == DS_MISSING_DELETE || w.k.missing == DS_MISSING_ARCHIVE)
        violation("I2: %s is gone from the source, and its row is still there", key_text(key));
}

void check_end(void)
{
    check_strangers();
    check_log();
    if (w.wants_n)
        violation("I18: a request was not served before the end");
    for (int key = 0; key < KEYS && !w.failed; key++) {
        if (w.k.poison && key == POISON)
            continue;
        if (!records[key].there)
            check_leftover(key);
        else if (!is_excused(key, w.end_ms))
            check_row(key, "at the end (I18)");
    }
    if (w.k.other)
        check_other();
    if (!w.k.poison && w.last_outcome != DS_PASS_DONE)
        violation("I18: the last pass was %s", ds_pass_outcome_name(w.last_outcome));
    if (!w.k.verify && w.last_calls > 1 + (w.k.records + w.k.page - 1) / w.k.page + 1 &&
        !w.k.poison)
        violation("I15: %d calls in a pass over what has not changed", w.last_calls);
}
