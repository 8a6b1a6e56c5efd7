/* src/app/cmd_signal.c
 *
 * The commands that tell a unit something: sync, pause, resume, interval, approve.  Each returns
 * once the signal is durable, whether a daemon runs or not.
 */
#include "app/commands.h"
#include "app/live.h"
#include "app/out.h"
#include "app/passes.h"
#include "app/temporal.h"
#include "base/text.h"
#include "schedule/schedule.h"
#include <inttypes.h>

typedef struct said {
    const char *done; /* "paused" */
    const char *note; /* said after it without a daemon; NULL: nothing */
} said;

static int print_json(ds_app *app, const ds_unit_ref *ref, const char *done, int64_t units,
                      bool daemon)
{
    DS_AUTO_BUF(doc, DS_MIB);
    ds_json_writer w = ds_out_writer(&doc);

    ds_json_w_begin_object(&w);
    ds_w_text(&w, "done", done);
    ds_w_text(&w, "route", ref->route);
    ds_w_text(&w, "unit", ref->unit);
    ds_w_int(&w, "units", units);
    ds_w_bool(&w, "daemon", daemon);
    ds_json_w_end_object(&w);
    return ds_out_doc(app, &doc);
}

static void print_text(const ds_app *app, const ds_unit_ref *ref, const said *say, int64_t units,
                       bool daemon)
{
    ds_arena *a = app->arena;

    if (app->quiet)
        return;
    printf("%s: %s%s%s", say->done, ref->route, ref->unit ? ":" : "",
           ref->unit ? ds_safe(a, ref->unit) : "");
    if (units == 0) /* -1: nobody was told */
        printf(" (its units are not known yet: it reaches them when the route first runs)");
    else if (!ref->unit && units > 1)
        printf(" (%" PRId64 " units)", units);
    if (!daemon && say->note)
        printf("; %s", say->note);
    putchar('\n');
}

static int say_it(ds_app *app, const ds_unit_ref *ref, const said *say, int64_t units, bool daemon)
{
    if (app->json)
        return print_json(app, ref, say->done, DS_MAX(units, INT64_C(0)), daemon);
    print_text(app, ref, say, units, daemon);
    return DS_EXIT_DONE;
}

static int tell(ds_app *app, const ds_unit_ref *ref, const ds_event *event, const said *say)
{
    ds_err err = DS_ERR_INIT;
    int64_t units = 0;
    bool daemon = false;

    if (!ds_app_known_unit(app, ref, &err))
        return ds_app_fail(app, &err);

    int code = ds_live_signal(app, ref, event, &units, &daemon);

    return code ? code : say_it(app, ref, say, units, daemon);
}

/* The configuration and the first word, which names a route or a unit. `whole`: more than names is
 * needed of it. */
static int first_word(ds_app *app, bool stored, bool whole, ds_unit_ref *ref)
{
    ds_err err = DS_ERR_INIT;
    int code = whole ? ds_app_config(app) : ds_app_config_to_tell(app);

    if (code)
        return code;
    if (!ds_app_ref(app, app->args->words[0], stored, ref, &err))
        return ds_app_fail(app, &err);
    return DS_EXIT_DONE;
}

static int tell_simply(ds_app *app, ds_event_type type, const said *say)
{
    ds_unit_ref ref;
    ds_event event = {.type = type};
    int code = first_word(app, true, false, &ref);

    return code ? code : tell(app, &ref, &event, say);
}

int ds_cmd_pause(ds_app *app)
{
    return tell_simply(app, DS_EV_PAUSE, &(said){"paused", NULL});
}

int ds_cmd_resume(ds_app *app)
{
    return tell_simply(app, DS_EV_RESUME,
                       &(said){"resumed", "no daemon runs: it goes on with the next `run` or "
                                          "`once`"});
}

/* A unit that is gone waits for a word of its own: a whole route's does not reach it. */
static bool waits_for_approval(const ds_unit_ref *ref, const ds_unit *u)
{
    if (!u->gone)
        return u->approval != NULL;
    return ref->unit && !u->sweep && !u->run_sweep;
}

static bool anything_waits(const ds_app *app, const ds_unit_ref *ref, bool *waits, bool *daemon,
                           ds_err *err)
{
    const ds_running *running;
    ds_unit_row *rows;
    size_t n = 0, running_n;
    ds_live live;

    *waits = false;
    if (!ds_live_units(app, ref, &live, &rows, &n, &running, &running_n, err))
        return false;
    if (live.away)
        return ds_fail(err, DS_ERR_TRANSIENT, "%s", live.away);
    *daemon = live.daemon;
    for (size_t i = 0; i < n; i++)
        *waits = *waits || waits_for_approval(ref, &rows[i].state);
    return true;
}

/* Nothing is said beforehand: who approves must have seen what a pass stopped for. */
int ds_cmd_approve(ds_app *app)
{
    static const said approved = {"approved", "no daemon runs: it goes on with the next `run` or "
                                              "`once`"};
    static const said idle = {"nothing waits for approval", NULL};
    ds_event event = {.type = DS_EV_APPROVE};
    ds_unit_ref ref;
    ds_err err = DS_ERR_INIT;
    bool waits = false, daemon = false;
    int code = first_word(app, true, false, &ref);

    if (code)
        return code;
    if (!ds_app_known_unit(app, &ref, &err) || !anything_waits(app, &ref, &waits, &daemon, &err))
        return ds_app_fail(app, &err);
    return waits ? tell(app, &ref, &event, &approved) : say_it(app, &ref, &idle, -1, daemon);
}

/* false with the answer in *code: the route runs by cron, and an interval would change nothing. */
static bool has_interval(ds_app *app, const ds_unit_ref *ref, int *code)
{
    const ds_route *route = ds_config_route(app->config, ref->route);
    const ds_schedule *schedule = route ? route->schedule : NULL;

    if (!schedule || !schedule->cron)
        return true;
    *code = ds_app_refuse(app,
                          "route %s runs by cron \"%s\", which no interval takes the place of: "
                          "change cron in %s",
                          route->name, schedule->cron, app->config->path);
    return false;
}

int ds_cmd_interval(ds_app *app)
{
    const char *text = app->args->words[1];
    ds_event event = {.type = DS_EV_SET_INTERVAL};

    if (!ds_parse_duration(text, &event.interval_ms))
        return ds_app_refuse(app, "\"%.60s\" is no duration: write 30m, 12h or 1d", text);
    if (event.interval_ms < DS_UNIT_INTERVAL_MIN_MS)
        return ds_app_refuse(app, "an interval set by hand is at least 1m, not %.60s", text);
    if (event.interval_ms > DS_UNIT_INTERVAL_MAX_MS)
        return ds_app_refuse(app, "an interval is at most 3650d, not %.60s", text);

    ds_unit_ref ref;
    int code = first_word(app, false, true, &ref);

    if (code || !has_interval(app, &ref, &code))
        return code;
    if (ds_app_is_temporal(app)) /* its signal says whole minutes */
        event.interval_ms = (event.interval_ms + DS_MINUTE_MS - 1) / DS_MINUTE_MS * DS_MINUTE_MS;

    said say = {
        ds_arena_printf(app->arena, "every %s", ds_duration_text(app->arena, event.interval_ms)),
        NULL};

    return tell(app, &ref, &event, &say);
}

int ds_cmd_sync(ds_app *app)
{
    ds_unit_ref ref;
    bool waits = ds_args_flag(app->args, "wait") != NULL;
    int code = first_word(app, false, waits, &ref);
    const char *const *items = app->args->words + 1;
    size_t items_n = app->args->words_n - 1;
    ds_event event = {.type = DS_EV_SYNC_NOW};

    if (code)
        return code;
    for (size_t i = 0; i < items_n; i++)
        if (!*items[i])
            return ds_app_refuse(app, "a key is empty: no record has that one");
    if (items_n > DS_UNIT_ITEMS_MAX)
        return ds_app_refuse(app, "more than %d keys: ask for a full pass", DS_UNIT_ITEMS_MAX);
    if (waits)
        return ds_passes_run(app, &ref, 1, items_n ? items : NULL, items_n);
    if (items_n) {
        event.items = items;
        event.items_n = items_n;
    }
    return tell(app, &ref, &event,
                &(said){"asked", "no daemon runs: the next `run` or `once` does it"});
}
