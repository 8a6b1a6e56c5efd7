/* src/engine/common/pass_end.c - what every engine does with a pass, whoever decided it. */
#include "engine/common/pass_end.h"

#include "base/log.h"
#include <stdio.h>
#include <string.h>

#define DUE_MOST ((size_t)1000)
#define DUE_PAGE ((size_t)500)
#define DUE_LOOKED_AT ((size_t)20000) /* of held records, however few of them are due */
#define DUE_BYTES_MOST ((size_t)(64 * DS_KIB))

static ds_pass_outcome outcome_of(ds_err_kind kind)
{
    return kind == DS_ERR_CANCELLED ? DS_PASS_CANCELLED : DS_PASS_FAILED;
}

void ds_pass_on_store(ds_store *store, int64_t unit_id, int64_t epoch, ds_pass_in *in,
                      ds_pass_result *out)
{
    ds_err err = DS_ERR_INIT;
    ds_ledger *ledger = ds_store_ledger(store, unit_id, epoch, &err);

    if (ledger) {
        in->ledger = ledger;
        ds_pass_run(in, out);
        ds_ledger_close(ledger);
        in->ledger = NULL;
        return;
    }
    ds_wrap(&err, "open the links");
    *out = (ds_pass_result){.outcome = outcome_of(err.kind), .err = err};
}

/* ---- held records that are due ----------------------------------------------------------------
 */

static bool became_due(const ds_held *held, int64_t since_ms, int64_t now_ms)
{
    bool by_hand = held->next_try_ms == 0; /* a person said: retry */

    return !held->placed && held->next_try_ms <= now_ms &&
           (by_hand || held->next_try_ms > since_ms);
}

typedef struct due_keys {
    const char **keys; /* [DUE_MOST] */
    size_t n, bytes;
} due_keys;

static bool is_full(const due_keys *due)
{
    return due->n == DUE_MOST || due->bytes >= DUE_BYTES_MOST;
}

static void pick_due(const ds_held *held, size_t n, int64_t since_ms, int64_t now_ms, ds_arena *a,
                     due_keys *due)
{
    for (size_t i = 0; i < n && !is_full(due); i++) {
        if (!became_due(&held[i], since_ms, now_ms))
            continue;
        due->keys[due->n++] = ds_arena_strdup(a, held[i].key);
        due->bytes += strlen(held[i].key);
    }
}

/* A changes pass meets what has changed at its source. A held record that has not changed there is
 * fetched by its key once it is due; what was due before the last pass was asked for by then. More
 * than a message can carry waits for the next full pass. */
const char *const *ds_pass_due(ds_store *store, int64_t unit_id, int64_t epoch,
                               const ds_pass_in *in, const ds_pass_result *result, ds_arena *a,
                               size_t *n)
{
    bool well = ds_pass_ended_well(result->outcome);
    int64_t now_ms = in->clock->now_ms(in->clock);
    DS_AUTO(ds_ledger) ledger = NULL;
    ds_err err = DS_ERR_INIT; /* the next pass looks again */
    due_keys due = {0};
    const char *after = NULL;
    const ds_held *held;
    size_t held_n = 1;

    *n = 0;
    if (!well || in->kind != DS_PASS_CHANGES || !in->route->source->targets_items)
        return NULL;
    ledger = ds_store_ledger(store, unit_id, epoch, &err);
    if (!ledger)
        return NULL;
    due.keys = ds_arena_alloc(a, DUE_MOST * sizeof(*due.keys));
    for (size_t seen = 0; held_n && seen < DUE_LOOKED_AT && !is_full(&due); seen += held_n) {
        DS_AUTO(ds_arena) page = ds_arena_new();

        if (!ledger->ops->held(ledger, after, DUE_PAGE, page, &held, &held_n, &err))
            break;
        pick_due(held, held_n, in->since_ms, now_ms, a, &due);
        after = held_n ? ds_arena_strdup(a, held[held_n - 1].key) : NULL;
    }
    *n = due.n;
    return due.keys;
}

/* ---- its end --------------------------------------------------------------------------------- */

ds_run_row ds_pass_row(const ds_pass_in *in, const ds_pass_result *result, int64_t started_ms,
                       int64_t ended_ms)
{
    bool approval = result->outcome == DS_PASS_APPROVAL;
    bool well = ds_pass_ended_well(result->outcome);
    bool says = result->err.text[0] != '\0';
    ds_run_row run = {
        .route = in->route->name,
        .unit = in->unit,
        .kind = in->kind,
        .outcome = result->outcome,
        .started_ms = started_ms,
        .ended_ms = ended_ms,
        .totals = result->totals,
        .source_calls = result->source_calls,
        .destination_calls = result->destination_calls,
        .error = says ? result->err.text : NULL,
        .error_status = says ? result->err.http_status : 0,
    };

    if (says && !well)
        run.error_kind = approval ? "approval" : ds_err_kind_name(result->err.kind);
    return run;
}

ds_event ds_pass_event(const ds_pass_result *result, const ds_run_row *run)
{
    return (ds_event){
        .type = DS_EV_PASS_ENDED,
        .outcome = result->outcome,
        .totals = result->totals,
        .error = run->error,
        .error_kind = run->error_kind,
        .error_status = run->error_status,
        .retry_after_ms = result->err.retry_after_ms,
        .wants_full = result->wants_full,
    };
}

void ds_pass_log(const ds_run_row *run)
{
    static const struct {
        const char *event;
        ds_level level;
    } as[] = {
        [DS_PASS_DONE] = {"pass_done", DS_LOG_INFO},
        [DS_PASS_PARTIAL] = {"pass_partial", DS_LOG_INFO},
        [DS_PASS_FAILED] = {"pass_failed", DS_LOG_WARN},
        [DS_PASS_PAUSED] = {"pass_paused", DS_LOG_ERROR},
        [DS_PASS_WAITING] = {"pass_waiting", DS_LOG_INFO},
        [DS_PASS_CANCELLED] = {"pass_cancelled", DS_LOG_INFO},
        [DS_PASS_APPROVAL] = {"pass_needs_approval", DS_LOG_ERROR},
        [DS_PASS_SLICED] = {"pass_sliced", DS_LOG_DEBUG},
    };
    const ds_totals *t = &run->totals;
    char unit[512], numbers[8][24];
    const int64_t values[] = {t->total,   t->created, t->updated, t->unchanged,
                              t->skipped, t->held,    t->missing, run->ended_ms - run->started_ms};

    if (!ds_log_wants(as[run->outcome].level))
        return;
    snprintf(unit, sizeof(unit), "%s:%s", run->route, run->unit);
    for (size_t i = 0; i < DS_COUNT(numbers); i++)
        snprintf(numbers[i], sizeof(numbers[i]), "%lld", (long long)values[i]);
    ds_log(as[run->outcome].level, as[run->outcome].event, "unit", unit, "kind",
           ds_pass_kind_name(run->kind), DS_LOG_INT("total"), numbers[0], DS_LOG_INT("created"),
           numbers[1], DS_LOG_INT("updated"), numbers[2], DS_LOG_INT("unchanged"), numbers[3],
           DS_LOG_INT("skipped"), numbers[4], DS_LOG_INT("held"), numbers[5], DS_LOG_INT("gone"),
           numbers[6], DS_LOG_INT("ms"), numbers[7],
           !run->error       ? NULL
           : run->error_kind ? "error"
                             : "note",
           run->error, NULL);
}
