/* src/engine/temporal/ensure.c - units of the configuration, and the workflows that live them. */
#include "engine/temporal/ensure.h"

#include "base/log.h"
#include "engine/temporal/crew.h"
#include "engine/temporal/payload.h"
#include "json/member.h"
#include "store/state_json.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define AGAIN_MS DS_HOUR_MS /* a source of one piece: whether its workflow is still there */

/* ---- what the configuration says ------------------------------------------------------------- */

/* Word for word, to be compared with what a workflow was told last. */
static const char *config_text(const ds_event *e, ds_arena *a)
{
    if (e->cron)
        return ds_arena_printf(a, "cron %s, zone %s, full %" PRId64 ", changes %d", e->cron,
                               e->zone ? e->zone : "", e->full_every_ms, e->lists_changes);
    return ds_arena_printf(a, "every %" PRId64 ", full %" PRId64 ", changes %d", e->interval_ms,
                           e->full_every_ms, e->lists_changes);
}

static const char *ensure_signal(const ds_event *event, const char *config, ds_arena *a)
{
    DS_AUTO_BUF(text, 64 * DS_KIB);
    ds_json_writer w = ds_json_w(&text, false);

    ds_json_w_begin_object(&w);
    ds_w_text(&w, "config", config);
    ds_json_w_name(&w, "event");
    ds_event_write(&w, event);
    ds_json_w_end_object(&w);
    return ds_arena_strndup(a, text.data, text.n);
}

/* ---- one unit -------------------------------------------------------------------------------- */

typedef struct ensuring {
    ds_worker *w;
    const ds_route *route;
    const char *const *units; /* as the source has them */
    size_t units_n;
    ds_event event;
    const char *config;
    const ds_listed *listed; /* workflows that run, as the server's lists have them */
    size_t listed_n;
    ds_arena *a; /* of the thread at hand */
} ensuring;

static const ds_listed *listed_of(const ensuring *e, const char *unit)
{
    for (size_t i = 0; i < e->listed_n; i++) {
        if (strcmp(e->listed[i].unit, unit) == 0)
            return &e->listed[i];
    }
    return NULL;
}

static void log_unit(const ensuring *e, const char *event, const char *unit)
{
    ds_log(DS_LOG_INFO, event, "route", e->route->name, "unit", unit, NULL);
}

static bool tell(const ensuring *e, const char *id, bool *found, ds_err *err)
{
    return ds_client_signal(e->w->client, id, "ensure", ensure_signal(&e->event, e->config, e->a),
                            found, err);
}

/* Lists lag behind: one that is not in them may be running all the same. */
static bool tell_if_it_differs(const ensuring *e, const char *id, ds_err *err)
{
    Ds__DescribeWorkflowExecutionResponse *found;
    const Ds__WorkflowExecutionInfo *info;
    const char *known;
    bool there;

    if (!ds_client_describe(e->w->client, id, e->a, &found, err))
        return false;
    info = found ? found->workflow_execution_info : NULL;
    known = info ? ds_client_memo_text(info->memo, "config", e->a) : NULL;
    return (known && strcmp(known, e->config) == 0) || tell(e, id, &there, err);
}

static bool start(const ensuring *e, const char *unit, ds_err *err)
{
    ds_clock *clock = e->w->host->clock;
    int64_t now_ms = clock->now_ms(clock);
    const char *id = ds_client_id(e->w->client, e->a, e->route->name, unit);
    ds_carry carry = {.route = e->route->name, .unit_name = unit, .config = e->config};
    bool started;

    ds_unit_init(&carry.unit, ds_arena_printf(e->a, "%s:%s", e->route->name, unit), now_ms);
    ds_unit_apply(&carry.unit, &e->event, now_ms, e->a);
    if (!ds_client_start(e->w->client, id, &carry, &started, err))
        return false;
    if (!started)
        return tell_if_it_differs(e, id, err);
    log_unit(e, "unit_new", unit);
    return true;
}

static bool ensure_one(const ensuring *e, const char *unit, ds_err *err)
{
    const ds_listed *listed = listed_of(e, unit);
    bool found = true;

    if (!listed)
        return start(e, unit, err) &&
               e->w->host->note_gone(e->w->host, e->route->name, unit, false, err);
    if (listed->config && strcmp(listed->config, e->config) == 0)
        return true;
    if (!e->w->host->note_gone(e->w->host, e->route->name, unit, false, err) ||
        !tell(e, listed->id, &found, err))
        return false;
    return found || start(e, unit, err);
}

static bool ensure_at(void *to, size_t i, ds_arena *a, ds_err *err)
{
    ensuring mine = *(const ensuring *)to;

    mine.a = a;
    return ensure_one(&mine, mine.units[i], err);
}

/* ---- those that are gone --------------------------------------------------------------------- */

static bool has(const ensuring *e, const char *unit)
{
    for (size_t i = 0; i < e->units_n; i++) {
        if (strcmp(e->units[i], unit) == 0)
            return true;
    }
    return false;
}

static bool tell_gone_at(void *to, size_t i, ds_arena *a, ds_err *err)
{
    const ensuring *e = to;
    const ds_listed *listed = &e->listed[i];
    bool found;

    (void)a;
    if (has(e, listed->unit) || (listed->word && strcmp(listed->word, "gone") == 0))
        return true;
    if (!e->w->host->note_gone(e->w->host, e->route->name, listed->unit, true, err) ||
        !ds_client_signal(e->w->client, listed->id, "gone", NULL, &found, err))
        return false;
    log_unit(e, "unit_gone", listed->unit);
    return true;
}

/* ---- a route --------------------------------------------------------------------------------- */

static bool see_to(ensuring *e, ds_err *err)
{
    const ds_engine_host *host = e->w->host;
    ds_crew_work units = {.one = ensure_at, .to = e, .stop = &e->w->stopping};
    ds_crew_work gone = {.one = tell_gone_at, .to = e, .stop = &e->w->stopping};
    ds_err ignored = DS_ERR_INIT;
    ds_listed *listed;

    if (!host->list(host, e->route, &e->w->stopping, e->a, &e->units, &e->units_n, err) ||
        !ds_client_list(e->w->client, e->route->name, e->a, &listed, &e->listed_n, err))
        return false;
    e->listed = listed;
    e->event = host->ensure(host, e->route, e->units_n);
    e->config = config_text(&e->event, e->a);
    units.n = e->units_n;
    gone.n = e->listed_n;
    if (ds_crew_do(&units, err))
        return ds_crew_do(&gone, err);
    if (err->kind == DS_ERR_PERMANENT) /* of one of them: it is told of that */
        (void)!ds_crew_do(&gone, &ignored);
    return false;
}

static int64_t back_off(ds_ensure_route *route)
{
    int64_t doublings = DS_MIN(route->failures, (int64_t)7);
    int64_t ms = DS_MIN(DS_UNIT_RETRY_FIRST_MS << doublings, DS_UNIT_RETRY_MOST_MS);

    route->failures++;
    return DS_MIN(ms, route->route->every_ms);
}

static int64_t next_listing(const ensuring *e, int64_t now_ms)
{
    if (e->event.next_ms > now_ms)
        return e->event.next_ms;
    return now_ms + (e->route->source->units == ds_one_unit
                         ? AGAIN_MS
                         : DS_MAX(e->route->every_ms, DS_SECOND_MS));
}

void ds_ensure_units(ds_worker *w, ds_ensure_route *route)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    ensuring e = {.w = w, .route = route->route, .a = a};
    ds_err err = DS_ERR_INIT;
    ds_clock *clock = w->host->clock;

    if (see_to(&e, &err)) {
        route->failures = 0;
        route->next_ms = next_listing(&e, clock->now_ms(clock));
        return;
    }
    route->next_ms = clock->now_ms(clock) + back_off(route);
    if (!atomic_load(&w->stopping))
        ds_log(DS_LOG_WARN, "ensure_failed", "route", route->route->name, "kind",
               ds_err_kind_name(err.kind), "error", err.text, NULL);
}
