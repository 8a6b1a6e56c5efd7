/* src/engine/embedded/words.c - the control socket's JSON, both ways. */
#include "engine/embedded/words.h"

#include "json/member.h"
#include <string.h>

/* ---- writing --------------------------------------------------------------------------------- */

/* What a client may say: the rest of the events are the engine's own. */
static const struct {
    const char *name;
    ds_event_type type;
} event_names[] = {
    {"sync_now", DS_EV_SYNC_NOW},         {"pause", DS_EV_PAUSE},     {"resume", DS_EV_RESUME},
    {"set_interval", DS_EV_SET_INTERVAL}, {"approve", DS_EV_APPROVE},
};

void ds_words_items(ds_json_writer *w, const char *const *items, size_t n)
{
    ds_json_w_name(w, "items");
    ds_json_w_begin_list(w);
    for (size_t i = 0; i < n; i++)
        ds_json_w_text(w, items[i]);
    ds_json_w_end_list(w);
}

void ds_words_event(ds_json_writer *w, const ds_event *event)
{
    for (size_t i = 0; i < DS_COUNT(event_names); i++) {
        if (event_names[i].type == event->type)
            ds_w_text(w, "type", event_names[i].name);
    }
    if (event->type == DS_EV_SYNC_NOW && event->items_n)
        ds_words_items(w, event->items, event->items_n);
    if (event->type == DS_EV_SET_INTERVAL)
        ds_w_int(w, "interval_ms", event->interval_ms);
}

void ds_words_ref(ds_json_writer *w, const ds_unit_ref *ref)
{
    ds_w_text(w, "route", ref->route);
    ds_w_text(w, "unit", ref->unit);
}

void ds_words_run(ds_json_writer *w, const ds_run_row *run)
{
    ds_w_text(w, "route", run->route);
    ds_w_text(w, "unit", run->unit);
    ds_w_text(w, "kind", ds_pass_kind_name(run->kind));
    ds_w_text(w, "outcome", ds_pass_outcome_name(run->outcome));
    ds_w_int(w, "started_ms", run->started_ms);
    ds_w_int(w, "ended_ms", run->ended_ms);
    ds_w_totals(w, &run->totals);
    ds_w_int(w, "source_calls", run->source_calls);
    ds_w_int(w, "destination_calls", run->destination_calls);
    ds_w_text(w, "error", run->error);
    ds_w_text(w, "error_kind", run->error_kind);
    ds_w_int(w, "error_status", run->error_status);
}

void ds_words_running(ds_json_writer *w, const ds_running *running)
{
    ds_w_text(w, "route", running->route);
    ds_w_text(w, "unit", running->unit);
    ds_w_text(w, "kind", ds_pass_kind_name(running->kind));
    ds_w_int(w, "since_ms", running->since_ms);
    ds_w_int(w, "done", running->done);
    ds_w_int(w, "known", running->total);
    ds_w_int(w, "waiting_ms", running->waiting_ms);
    ds_w_int(w, "limited_ms", running->limited_ms);
    ds_w_int(w, "source_calls", running->source_calls);
    ds_w_int(w, "destination_calls", running->destination_calls);
    ds_w_totals(w, &running->totals);
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool read_type(const char *name, ds_event_type *out)
{
    for (size_t i = 0; name && i < DS_COUNT(event_names); i++) {
        if (strcmp(event_names[i].name, name) == 0) {
            *out = event_names[i].type;
            return true;
        }
    }
    return false;
}

bool ds_words_read_items(const ds_json *list, ds_arena *a, const char *const **out, size_t *n,
                         ds_err *err)
{
    size_t most = ds_json_size(list);
    const char **items = ds_arena_alloc(a, (most + 1) * sizeof(*items));

    *out = items;
    *n = 0;
    if (ds_json_kind_of(list) == DS_JSON_NULL)
        return true;
    if (ds_json_kind_of(list) != DS_JSON_LIST)
        return ds_fail(err, DS_ERR_PERMANENT, "\"items\" is not a list of keys");
    DS_JSON_EACH (list, item) {
        const char *key = ds_json_str(item, NULL); /* a number names a record by its digits */

        if (!key)
            return ds_fail(err, DS_ERR_PERMANENT, "\"items\" has an entry that is not text");
        items[(*n)++] = key;
    }
    return true;
}

bool ds_words_read_event(const ds_json *json, ds_arena *a, ds_event *out, ds_err *err)
{
    const char *type = ds_json_text(json, "type");

    *out = (ds_event){.retry_after_ms = -1};
    if (!read_type(type, &out->type))
        return ds_fail(err, DS_ERR_PERMANENT, "no event is called \"%.60s\"", type ? type : "");
    out->interval_ms = ds_json_integer(json, "interval_ms", 0);
    if (out->type == DS_EV_SET_INTERVAL && out->interval_ms <= 0)
        return ds_fail(err, DS_ERR_PERMANENT, "set_interval needs \"interval_ms\" above 0");
    if (!ds_words_read_items(ds_json_get(json, "items"), a, &out->items, &out->items_n, err))
        return false;
    if (out->items_n == 0)
        out->items = NULL;
    return true;
}

bool ds_words_read_ref(const ds_json *json, ds_unit_ref *out, ds_err *err)
{
    ds_json_kind unit = ds_json_kind_of(ds_json_get(json, "unit"));

    *out = (ds_unit_ref){ds_json_text(json, "route"), ds_json_text(json, "unit")};
    if (!out->route)
        return ds_fail(err, DS_ERR_PERMANENT, "\"route\" is missing");
    if (unit != DS_JSON_NULL && unit != DS_JSON_TEXT)
        return ds_fail(err, DS_ERR_PERMANENT, "\"unit\" is neither text nor null");
    return true;
}

static ds_totals read_totals(const ds_json *json)
{
    return (ds_totals){
        .total = ds_json_integer(json, "total", 0),
        .created = ds_json_integer(json, "created", 0),
        .updated = ds_json_integer(json, "updated", 0),
        .unchanged = ds_json_integer(json, "unchanged", 0),
        .skipped = ds_json_integer(json, "skipped", 0),
        .held = ds_json_integer(json, "held", 0),
        .missing = ds_json_integer(json, "missing", 0),
    };
}

static bool read_kind(const ds_json *json, ds_pass_kind *out)
{
    const char *name = ds_json_text(json, "kind");

    for (int kind = DS_PASS_FULL; name && kind <= DS_PASS_TARGETED; kind++) {
        if (strcmp(name, ds_pass_kind_name((ds_pass_kind)kind)) == 0) {
            *out = (ds_pass_kind)kind;
            return true;
        }
    }
    return false;
}

/* "paused" is the name of two: the kind of the error tells which. */
static bool read_outcome(const ds_json *json, const char *error_kind, ds_pass_outcome *out)
{
    const char *name = ds_json_text(json, "outcome");

    for (int outcome = DS_PASS_DONE; name && outcome <= DS_PASS_SLICED; outcome++) {
        if (strcmp(name, ds_pass_outcome_name((ds_pass_outcome)outcome)) != 0)
            continue;
        *out = (ds_pass_outcome)outcome;
        if (outcome == DS_PASS_PAUSED && error_kind && strcmp(error_kind, "approval") == 0)
            *out = DS_PASS_APPROVAL;
        return true;
    }
    return false;
}

static bool not_understood(const char *what, ds_err *err)
{
    return ds_fail(err, DS_ERR_PERMANENT,
                   "the daemon's answer about %s is not understood; it may be of another version",
                   what);
}

bool ds_words_read_run(const ds_json *json, ds_run_row *out, ds_err *err)
{
    *out = (ds_run_row){
        .route = ds_json_text(json, "route"),
        .unit = ds_json_text(json, "unit"),
        .started_ms = ds_json_integer(json, "started_ms", 0),
        .ended_ms = ds_json_integer(json, "ended_ms", 0),
        .totals = read_totals(json),
        .source_calls = ds_json_integer(json, "source_calls", 0),
        .destination_calls = ds_json_integer(json, "destination_calls", 0),
        .error = ds_json_text(json, "error"),
        .error_kind = ds_json_text(json, "error_kind"),
        .error_status = ds_json_integer(json, "error_status", 0),
    };
    if (!out->route || !out->unit || !read_kind(json, &out->kind) ||
        !read_outcome(json, out->error_kind, &out->outcome))
        return not_understood("a pass", err);
    return true;
}

bool ds_words_read_running(const ds_json *json, ds_running *out, ds_err *err)
{
    *out = (ds_running){
        .route = ds_json_text(json, "route"),
        .unit = ds_json_text(json, "unit"),
        .since_ms = ds_json_integer(json, "since_ms", 0),
        .done = ds_json_integer(json, "done", 0),
        .total = ds_json_integer(json, "known", -1),
        .waiting_ms = ds_json_integer(json, "waiting_ms", 0),
        .limited_ms = ds_json_integer(json, "limited_ms", 0),
        .source_calls = ds_json_integer(json, "source_calls", 0),
        .destination_calls = ds_json_integer(json, "destination_calls", 0),
        .totals = read_totals(json),
    };
    if (!out->route || !out->unit || !read_kind(json, &out->kind))
        return not_understood("what runs", err);
    return true;
}
