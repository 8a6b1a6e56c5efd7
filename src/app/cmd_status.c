/* src/app/cmd_status.c
 *
 * Every unit as the store has it, and what runs right now as the daemon says.  Opens no connector:
 * it must answer at once, whatever state the systems outside are in.
 */
#include "app/commands.h"
#include "app/live.h"
#include "app/out.h"
#include "app/temporal.h"
#include "base/text.h"
#include "schedule/schedule.h"
#include <inttypes.h>
#include <string.h>

typedef struct status {
    ds_app *app;
    ds_live live;
    ds_unit_row *rows;
    size_t rows_n;
    const ds_running *running;
    size_t running_n;
    int64_t now_ms;
    const char **listing; /* of each route of the configuration: why its units cannot be listed */
} status;

static const ds_running *running_of(const status *s, const ds_unit_row *row)
{
    for (size_t i = 0; i < s->running_n; i++)
        if (strcmp(s->running[i].route, row->route) == 0 &&
            strcmp(s->running[i].unit, row->unit) == 0)
            return &s->running[i];
    return NULL;
}

/* A pass that nobody works on: it was told to stop, or its process died; it goes on later. */
static bool interrupted(const status *s, const ds_unit_row *row)
{
    return row->state.running && (!s->live.holder || row->state.retry_ms != 0);
}

static const char *state_of(const status *s, const ds_unit_row *row)
{
    if (running_of(s, row))
        return "running";
    if (row->state.paused)
        return "paused";
    if (interrupted(s, row))
        return "waiting";
    return ds_unit_state_name(&row->state, s->now_ms);
}

/* An interval that ends in quiet hours is noticed by the unit only then: it waits for their end. */
static int64_t next_run(const status *s, const ds_unit_row *row)
{
    const ds_unit *u = &row->state;
    const ds_route *route = ds_config_route(s->app->config, row->route);
    int64_t until_ms;

    if (u->paused || u->approval || u->gone)
        return 0;
    if (u->retry_ms)
        return u->retry_ms;
    until_ms = route && u->due_ms ? ds_schedule_quiet_until(route->schedule, u->due_ms) : 0;
    return until_ms ? until_ms : u->due_ms;
}

static const char *promise_of(const status *s, const char *route, char letter[2])
{
    const ds_route *found = ds_config_route(s->app->config, route);

    if (!found)
        return NULL;
    letter[0] = (char)found->destination->promise;
    letter[1] = '\0';
    return letter;
}

static const char *listing_of(const status *s, const char *route)
{
    for (size_t i = 0; i < s->app->config->routes_n; i++)
        if (strcmp(s->app->config->routes[i]->name, route) == 0)
            return s->listing[i];
    return NULL;
}

static bool read_listings(status *s, ds_err *err)
{
    const ds_config *config = s->app->config;
    DS_AUTO(ds_reader) reader = NULL;

    s->listing = ds_arena_zalloc(s->app->arena, config->routes_n * sizeof(*s->listing));
    if (s->live.store_away)
        return true;
    reader = ds_app_reader(s->app, err);
    if (!reader)
        return false;
    for (size_t i = 0; i < config->routes_n; i++)
        if (!ds_reader_listing(reader, config->routes[i]->name, s->app->arena, &s->listing[i], err))
            return false;
    return true;
}

static const char *waiting_for(const ds_running *live)
{
    if (live->limited_ms)
        return "rate limit";
    return live->waiting_ms ? "pace" : NULL;
}

/* ---- for programs ---------------------------------------------------------------------------- */

/* What a pass of a daemon has asked so far, and what it waits for. */
static void calls_json(ds_json_writer *w, const ds_running *live)
{
    ds_json_w_name(w, "calls");
    ds_json_w_begin_object(w);
    ds_w_int(w, "source", live->source_calls);
    ds_w_int(w, "destination", live->destination_calls);
    ds_json_w_end_object(w);
    ds_w_text(w, "waiting_for", waiting_for(live));
    ds_w_time(w, "waiting_until", live->limited_ms);
}

static void running_json(const status *s, ds_json_writer *w, const ds_unit_row *row)
{
    const ds_running *live = running_of(s, row);
    const ds_totals *totals = live ? &live->totals : &row->running_totals;

    ds_json_w_name(w, "running");
    if (!live && !row->state.running) {
        ds_json_w_null(w);
        return;
    }
    ds_json_w_begin_object(w);
    ds_w_text(w, "kind", ds_pass_kind_name(live ? live->kind : row->state.run_kind));
    ds_w_time(w, "since", live ? live->since_ms : row->state.run_started_ms);
    ds_w_int(w, "done", live ? live->done : totals->total);
    if (live && live->total >= 0)
        ds_w_int(w, "total", live->total);
    else
        ds_w_null(w, "total");
    ds_w_int(w, "created", totals->created);
    ds_w_int(w, "updated", totals->updated);
    ds_w_int(w, "unchanged", totals->unchanged);
    ds_w_int(w, "skipped", totals->skipped);
    ds_w_int(w, "held", totals->held);
    ds_w_bool(w, "interrupted", !live && interrupted(s, row));
    if (live)
        calls_json(w, live);
    ds_json_w_end_object(w);
}

static void interval_json(ds_json_writer *w, const ds_unit *u)
{
    if (u->cron) {
        ds_w_null(w, "interval_minutes");
        ds_w_null(w, "interval_seconds");
    } else {
        ds_w_int(w, "interval_minutes", (u->interval_ms + DS_MINUTE_MS - 1) / DS_MINUTE_MS);
        ds_w_int(w, "interval_seconds", u->interval_ms / DS_SECOND_MS);
    }
    ds_w_text(w, "cron", u->cron);
    ds_w_text(w, "zone", u->zone);
}

/* Of the store. */
static void count_json(const status *s, ds_json_writer *w, const char *name, int64_t n)
{
    if (s->live.store_away)
        ds_w_null(w, name);
    else
        ds_w_int(w, name, n);
}

static void unit_json(const status *s, ds_json_writer *w, const ds_unit_row *row)
{
    const ds_unit *u = &row->state;
    char letter[2];

    ds_json_w_begin_object(w);
    ds_w_text(w, "route", row->route);
    ds_w_text(w, "unit", row->unit);
    ds_w_text(w, "key", u->key);
    ds_w_text(w, "state", state_of(s, row));
    ds_w_bool(w, "paused", u->paused);
    interval_json(w, u);
    ds_w_int(w, "runs_completed", u->runs_completed);
    ds_w_time(w, "last_run", u->last_run_ms);
    ds_json_w_name(w, "last_stats");
    if (u->has_stats) {
        ds_json_w_begin_object(w);
        ds_w_totals(w, &u->last_stats);
        ds_json_w_end_object(w);
    } else {
        ds_json_w_null(w);
    }
    ds_w_text(w, "last_error", u->last_error);
    ds_w_text(w, "last_error_kind", u->error_kind);
    ds_w_text(w, "last_note", u->last_note);
    ds_w_bool(w, "sync_pending", u->want.any);
    ds_w_time(w, "next_run", next_run(s, row));
    count_json(s, w, "held", row->held);
    count_json(s, w, "unsure", row->unsure);
    ds_w_time(w, "unsure_until", row->unsure_until_ms);
    ds_w_text(w, "promise", promise_of(s, row->route, letter));
    ds_w_text(w, "approval", u->approval);
    ds_w_bool(w, "gone", u->gone);
    ds_w_bool(w, "orphan", ds_config_route(s->app->config, row->route) == NULL);
    running_json(s, w, row);
    ds_json_w_end_object(w);
}

/* Routes whose units could not be listed: a new one has no unit to say it of. */
static void listings_json(const status *s, ds_json_writer *w)
{
    ds_json_w_name(w, "unlisted");
    ds_json_w_begin_list(w);
    for (size_t i = 0; i < s->app->config->routes_n; i++) {
        if (!s->listing[i])
            continue;
        ds_json_w_begin_object(w);
        ds_w_text(w, "route", s->app->config->routes[i]->name);
        ds_w_text(w, "error", s->listing[i]);
        ds_json_w_end_object(w);
    }
    ds_json_w_end_list(w);
}

static int print_json(const status *s)
{
    DS_AUTO_BUF(doc, DS_DOC_MAX);
    ds_json_writer w = ds_out_writer(&doc);

    ds_json_w_begin_object(&w);
    ds_w_text(&w, "engine", ds_app_is_temporal(s->app) ? "temporal" : "embedded");
    if (s->live.daemon && s->live.holder > 0)
        ds_w_int(&w, "daemon", s->live.holder);
    else
        ds_w_null(&w, "daemon");
    if (ds_app_is_temporal(s->app)) {
        ds_w_text(&w, "away", s->live.away);
        ds_w_text(&w, "store_away", s->live.store_away);
    }
    ds_json_w_name(&w, "units");
    ds_json_w_begin_list(&w);
    for (size_t i = 0; i < s->rows_n; i++)
        unit_json(s, &w, &s->rows[i]);
    ds_json_w_end_list(&w);
    listings_json(s, &w);
    ds_json_w_end_object(&w);
    return ds_out_doc(s->app, &doc);
}

/* ---- for people ------------------------------------------------------------------------------ */

static const char *ago(const status *s, int64_t at_ms)
{
    ds_arena *a = s->app->arena;

    if (!at_ms)
        return "never";
    if (s->app->verbose)
        return ds_time_text(a, at_ms / 1000 * 1000, false);

    int64_t past_s = (s->now_ms - at_ms) / DS_SECOND_MS;

    if (past_s <= 0 && past_s > -1)
        return "now";
    if (past_s < 0)
        return ds_arena_printf(a, "in %s", ds_duration_text(a, -past_s * DS_SECOND_MS));
    return ds_arena_printf(a, "%s ago", ds_duration_text(a, past_s * DS_SECOND_MS));
}

static const char *next_text(const status *s, const ds_unit_row *row)
{
    int64_t next_ms = next_run(s, row);

    if (!next_ms || running_of(s, row))
        return "";
    if (next_ms <= s->now_ms)
        return s->live.daemon ? "now" : "with the next run";
    return ago(s, next_ms);
}

/* `missing` acts on what it left only when a person says so. */
static const char *gone_text(const status *s, const ds_unit_row *row)
{
    const ds_unit *u = &row->state;
    const ds_route *route = ds_config_route(s->app->config, row->route);

    if (u->run_sweep && !u->running)
        return "gone: its source no longer has it, and `missing` was applied to its rows";
    if (u->sweep || u->run_sweep)
        return "gone: `missing` is to be applied to its rows";
    if (route->missing == DS_MISSING_IGNORE)
        return "gone: its source no longer has it";
    return ds_arena_printf(s->app->arena,
                           "gone: its source no longer has it; its rows stay until `durable-sync "
                           "approve %s/%s`",
                           row->route, row->unit);
}

static const char *running_text(ds_arena *a, const ds_running *live)
{
    const char *of =
        live->total > 0 ? ds_arena_printf(a, " of %s", ds_count_text(a, live->total)) : "";
    const char *waits = waiting_for(live);

    return ds_arena_printf(a, "%s pass: %s%s rows, %lld+%lld calls%s%s",
                           ds_pass_kind_name(live->kind), ds_count_text(a, live->done), of,
                           (long long)live->source_calls, (long long)live->destination_calls,
                           waits ? ", waits for its " : "", waits ? waits : "");
}

/* Nothing is wrong, and nobody has to do anything. */
static const char *unsure_text(const status *s, const ds_unit_row *row)
{
    return ds_arena_printf(s->app->arena,
                           "%s sent, but the answer was lost: looked up by the first pass after %s",
                           ds_count_text(s->app->arena, row->unsure),
                           ds_time_text(s->app->arena, row->unsure_until_ms / 1000 * 1000, false));
}

static const char *note_of(const status *s, const ds_unit_row *row)
{
    const ds_unit *u = &row->state;
    const ds_running *live = running_of(s, row);
    ds_arena *a = s->app->arena;

    if (!ds_config_route(s->app->config, row->route))
        return "orphan: no such route any more";
    if (live)
        return running_text(a, live);
    if (u->approval)
        return ds_arena_printf(a, "waits for `approve`: %s", u->approval);
    if (u->gone)
        return gone_text(s, row);
    if (u->last_error)
        return u->last_error;
    if (listing_of(s, row->route))
        return listing_of(s, row->route);
    if (interrupted(s, row))
        return ds_arena_printf(a, "interrupted after %s rows; %s goes on",
                               ds_count_text(a, row->running_totals.total),
                               u->paused ? "`resume`" : "the next run");
    if (u->want.any)
        return "a pass is asked for";
    if (row->unsure)
        return unsure_text(s, row);
    return u->last_note ? u->last_note : "";
}

static void unit_text(const status *s, ds_table *table, const ds_unit_row *row)
{
    const ds_unit *u = &row->state;
    ds_arena *a = s->app->arena;
    const char *state = state_of(s, row);
    bool wrong = u->last_error || listing_of(s, row->route);
    ds_color color = u->paused || u->approval ? DS_YELLOW : wrong ? DS_RED : DS_PLAIN;
    char letter[2];
    const ds_totals *t = &u->last_stats;
    const char *promise = promise_of(s, row->route, letter);
    const char *cells[] = {
        ds_arena_printf(a, "%s:%s", row->route, row->unit),
        state,
        ago(s, u->last_run_ms),
        u->has_stats ? ds_count_text(a, t->total) : "",
        u->has_stats ? ds_count_text(a, t->created) : "",
        u->has_stats ? ds_count_text(a, t->updated) : "",
        u->has_stats ? ds_count_text(a, t->missing) : "",
        s->live.store_away ? "?" : ds_count_text(a, row->held),
        next_text(s, row),
        promise,
        ds_safe_cut(a, note_of(s, row), s->app->verbose ? 4096 : 100),
    };

    ds_table_row(table, color, cells);
}

/* A route that has not run yet begins with the daemon, or waits for its time by cron. */
static const char *first_text(const status *s, const ds_route *route)
{
    int64_t next_ms = ds_schedule_next(route->schedule, s->now_ms);

    return next_ms ? ago(s, next_ms) : "with the first run";
}

static bool has_units(const status *s, const char *route)
{
    for (size_t i = 0; i < s->rows_n; i++)
        if (strcmp(s->rows[i].route, route) == 0)
            return true;
    return false;
}

static void print_head(const status *s)
{
    if (s->live.store_away)
        printf("%s: what follows is Temporal's\n", s->live.store_away);
    if (s->live.away)
        printf("%s: what follows is the store's\n", s->live.away);
    else if (ds_app_is_temporal(s->app))
        puts(s->live.who);
    else if (s->live.daemon)
        printf("daemon %lld\n", (long long)s->live.holder);
    else if (s->live.holder)
        printf("no daemon; %s works on the store\n", s->live.who);
    else
        puts("no daemon runs");
}

static int print_text(const status *s, const ds_unit_ref *only)
{
    static const char *const heads[] = {"UNIT",    "STATE",   "LAST RUN", "ROWS",
                                        "CREATED", "UPDATED", "GONE",     "HELD",
                                        "NEXT",    "PROMISE", "NOTE"};
    const ds_config *config = s->app->config;
    ds_table table;

    ds_table_init(&table, s->app->arena, heads, DS_COUNT(heads));
    for (size_t i = 0; i < s->rows_n; i++)
        unit_text(s, &table, &s->rows[i]);
    for (size_t i = 0; i < config->routes_n; i++) {
        const ds_route *route = config->routes[i];
        char letter[2] = {(char)route->destination->promise, '\0'};
        const char *note = s->listing[i]        ? s->listing[i]
                           : s->live.store_away ? "it has no workflow"
                                                : "has not run yet";
        const char *cells[] = {route->name,
                               "idle",
                               "never",
                               "",
                               "",
                               "",
                               "",
                               "",
                               first_text(s, route),
                               letter,
                               ds_safe_cut(s->app->arena, note, s->app->verbose ? 4096 : 100)};

        if ((!only->route || strcmp(only->route, route->name) == 0) && !only->unit &&
            !has_units(s, route->name))
            ds_table_row(&table, s->listing[i] ? DS_RED : DS_PLAIN, cells);
    }
    if (!s->app->quiet)
        print_head(s);
    if (table.rows)
        ds_table_print(&table, s->app);
    return DS_EXIT_DONE;
}

int ds_cmd_status(ds_app *app)
{
    status s = {.app = app};
    ds_unit_ref only = {0};
    ds_err err = DS_ERR_INIT;
    int code = ds_app_config(app);

    if (code)
        return code;
    if (app->args->words_n && (!ds_app_ref(app, app->args->words[0], true, &only, &err) ||
                               !ds_app_known_unit(app, &only, &err)))
        return ds_app_fail(app, &err);
    if (!ds_live_units(app, &only, &s.live, &s.rows, &s.rows_n, &s.running, &s.running_n, &err))
        return ds_app_fail(app, &err);
    s.now_ms = app->clock->now_ms(app->clock);
    if (!read_listings(&s, &err))
        return ds_app_fail(app, &err);
    return app->json ? print_json(&s) : print_text(&s, &only);
}
