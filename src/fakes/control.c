/* src/fakes/control.c - the router's own side door: counts, rules, clock, reset. */
#include "fakes/server.h"

#include "base/text.h"

#include <string.h>

#define YEAR_9999_MS INT64_C(253402300799000)

static void wrong(ds_fake_call *call, const char *text)
{
    ds_json_writer *w = ds_fake_json(call, 400);

    ds_json_w_begin_object(w);
    ds_json_w_name(w, "error");
    ds_json_w_text(w, text);
    ds_json_w_end_object(w);
}

static void done(ds_fake_call *call)
{
    ds_fake_raw(call, 204, NULL, NULL, 0);
}

static void show_calls(ds_fake_server *s, ds_fake_call *call)
{
    ds_tally_show_calls(s->tally, ds_fake_json(call, 200));
}

static void show_log(ds_fake_server *s, ds_fake_call *call)
{
    ds_tally_show_log(s->tally, ds_fake_json(call, 200));
}

static void set_log(ds_fake_server *s, ds_fake_call *call)
{
    ds_tally_keep_bodies(s->tally, ds_json_bool(call->json, "bodies"));
    done(call);
}

static void show_faults(ds_fake_server *s, ds_fake_call *call)
{
    ds_faults_show(s->faults, ds_fake_json(call, 200));
}

/* As a list of rules, or as one text. */
static const char *rules_of(ds_fake_call *call)
{
    const ds_json *rules = ds_json_get(call->json, "rules");
    const char *text = "";

    if (ds_json_kind_of(rules) == DS_JSON_TEXT)
        return ds_json_str(rules, NULL);
    if (ds_json_kind_of(rules) != DS_JSON_LIST)
        return NULL;
    DS_JSON_EACH (rules, rule) {
        if (ds_json_kind_of(rule) != DS_JSON_TEXT)
            return NULL;
        text = ds_arena_printf(call->arena, "%s\n%s", text, ds_json_str(rule, NULL));
    }
    return text;
}

static void set_faults(ds_fake_server *s, ds_fake_call *call)
{
    const char *rules = rules_of(call);
    ds_faults *trial = ds_faults_new();
    ds_err err = DS_ERR_INIT;
    bool good = rules && ds_faults_add(trial, rules, s->kind->faults, &err);

    ds_faults_free(trial);
    if (!good) {
        wrong(call, rules ? err.text : "\"rules\" is a list of texts");
        return;
    }
    if (!ds_json_bool(call->json, "add"))
        ds_faults_clear(s->faults);
    if (ds_faults_add(s->faults, rules, s->kind->faults, &err))
        done(call);
    else
        wrong(call, err.text);
}

static void release(ds_fake_server *s, ds_fake_call *call)
{
    for (ds_exchange *x = s->waiting; x; x = x->next)
        x->hangs = false;
    done(call);
}

static void reset(ds_fake_server *s, ds_fake_call *call)
{
    ds_err err = DS_ERR_INIT;

    if (ds_fake_reset(s, &err))
        done(call);
    else
        wrong(call, err.text);
}

static void show_clock(ds_fake_server *s, ds_fake_call *call)
{
    ds_json_writer *w = ds_fake_json(call, 200);

    ds_json_w_begin_object(w);
    ds_json_w_name(w, "now");
    ds_json_w_text(w, ds_time_text(call->arena, ds_fake_now(s), false));
    ds_json_w_name(w, "stands");
    ds_json_w_bool(w, s->now_set >= 0);
    ds_json_w_end_object(w);
}

static void set_clock(ds_fake_server *s, ds_fake_call *call)
{
    const ds_json *now = ds_json_get(call->json, "now");
    const char *advance = ds_json_text(call->json, "advance");
    int64_t to = ds_fake_now(s), by = 0;

    if (now && ds_json_kind_of(now) == DS_JSON_NULL) {
        s->now_set = -1;
        show_clock(s, call);
        return;
    }
    if ((now &&
         (ds_json_kind_of(now) != DS_JSON_TEXT || !ds_parse_time(ds_json_str(now, NULL), &to))) ||
        (advance && !ds_parse_duration(advance, &by)) || (!now && !advance) || to < 0 ||
        to > YEAR_9999_MS - by) {
        wrong(call,
              "{\"now\": \"2026-01-01T00:00:00Z\"}, {\"advance\": \"90s\"} or {\"now\": null}");
        return;
    }
    s->now_set = to + by;
    show_clock(s, call);
}

static void set_latency(ds_fake_server *s, ds_fake_call *call)
{
    int64_t ms = ds_json_integer(call->json, "ms", -1);

    if (ms < 0 || ms > DS_HOUR_MS) {
        wrong(call, "\"ms\" is from 0 to 3600000");
        return;
    }
    s->latency_ms = ms;
    done(call);
}

static const struct door {
    const char *method, *path;
    void (*answer)(ds_fake_server *s, ds_fake_call *call);
} doors[] = {
    {"GET", "/_fake/calls", show_calls},   {"GET", "/_fake/log", show_log},
    {"POST", "/_fake/log", set_log},       {"GET", "/_fake/faults", show_faults},
    {"POST", "/_fake/faults", set_faults}, {"POST", "/_fake/release", release},
    {"POST", "/_fake/reset", reset},       {"GET", "/_fake/clock", show_clock},
    {"POST", "/_fake/clock", set_clock},   {"POST", "/_fake/latency", set_latency},
};

bool ds_control_answer(ds_fake_server *s, ds_fake_call *call)
{
    for (size_t i = 0; i < DS_COUNT(doors); i++)
        if (strcmp(doors[i].path, call->path) == 0 && strcmp(doors[i].method, call->method) == 0) {
            doors[i].answer(s, call);
            return true;
        }
    return false;
}
