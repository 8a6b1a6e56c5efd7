/* src/engine/temporal/carry.c - the state of a unit as a workflow's input, both ways. */
#include "engine/temporal/carry.h"

#include "json/member.h"
#include "store/state_json.h"
#include <string.h>

/* ---- reading --------------------------------------------------------------------------------- */

/* The parts are told apart by `params`; a key made by hand is split at its first colon. */
static void read_names(const ds_json *spec, const char *key, ds_arena *a, ds_carry *out)
{
    const ds_json *params = ds_json_get(spec, "params");
    const char *route = ds_json_text(params, "route"), *unit = ds_json_text(params, "unit");
    const char *colon = strchr(key, ':');

    if (route && unit) {
        out->route = ds_arena_strdup(a, route);
        out->unit_name = ds_arena_strdup(a, unit);
        return;
    }
    out->route = colon ? ds_arena_strndup(a, key, (size_t)(colon - key)) : ds_arena_strdup(a, key);
    out->unit_name = ds_arena_strdup(a, colon ? colon + 1 : "");
}

static void read_by_hand(const ds_json *json, const ds_json *spec, ds_arena *a, ds_carry *out)
{
    ds_unit *u = &out->unit;
    const ds_json *items = ds_json_get(json, "pending_items");
    const char **keys = ds_arena_alloc(a, (ds_json_size(items) + 1) * sizeof(*keys));
    ds_event asked = {.type = DS_EV_SYNC_NOW, .items = keys, .retry_after_ms = -1};
    int64_t minutes = ds_json_integer(spec, "interval_minutes", 0);

    out->made_by_hand = true;
    if (minutes > 0 && minutes <= DS_UNIT_INTERVAL_MAX_MS / DS_MINUTE_MS)
        u->interval_ms = minutes * DS_MINUTE_MS;
    u->paused = ds_json_bool(json, "paused");
    u->runs_completed = DS_MAX(ds_json_integer(json, "runs_completed", 0), 0);
    DS_JSON_EACH (items, item) {
        const char *text = ds_json_str(item, NULL);

        if (text)
            keys[asked.items_n++] = ds_arena_strdup(a, text);
    }
    if (asked.items_n || ds_json_bool(json, "sync_requested"))
        ds_unit_apply(u, &asked, 0, a);
}

bool ds_carry_read(const ds_json *json, ds_arena *a, ds_carry *out, ds_err *err)
{
    const ds_json *spec = ds_json_get(json, "spec"), *unit = ds_json_get(json, "unit");
    const char *key = ds_json_text(spec, "key");

    *out = (ds_carry){.logic = ds_json_integer(json, "logic", DS_UNIT_LOGIC)};
    if (!key || !*key)
        return ds_fail(err, DS_ERR_PERMANENT,
                       "the input is no state of a unit: \"spec\" has no \"key\"");
    if (out->logic < 1 || out->logic > DS_UNIT_LOGIC)
        return ds_fail(
            err, DS_ERR_PERMANENT,
            "the unit lives by rules of revision %lld, and this worker knows those up to "
            "%d: start a newer one",
            (long long)out->logic, DS_UNIT_LOGIC);
    read_names(spec, key, a, out);
    out->config = ds_arena_strdup(a, ds_json_text(json, "config"));
    if (!out->config)
        out->config = "";
    if (ds_json_kind_of(unit) == DS_JSON_OBJECT) {
        ds_state_read(unit, key, a, &out->unit);
        return true;
    }
    ds_unit_init(&out->unit, ds_arena_strdup(a, key), 0);
    read_by_hand(json, spec, a, out);
    return true;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void write_spec(ds_json_writer *w, const ds_carry *carry)
{
    int64_t interval_ms = carry->unit.interval_ms;

    ds_json_w_name(w, "spec");
    ds_json_w_begin_object(w);
    ds_w_int(w, "interval_minutes", (interval_ms + DS_MINUTE_MS - 1) / DS_MINUTE_MS);
    ds_w_text(w, "key", carry->unit.key);
    ds_json_w_name(w, "params");
    ds_json_w_begin_object(w);
    ds_w_text(w, "route", carry->route);
    ds_w_text(w, "unit", carry->unit_name);
    ds_json_w_end_object(w);
    ds_json_w_end_object(w);
}

void ds_carry_write(ds_json_writer *w, const ds_carry *carry)
{
    const ds_unit *u = &carry->unit;

    ds_json_w_begin_object(w);
    ds_w_text(w, "config", carry->config);
    ds_w_int(w, "logic", DS_UNIT_LOGIC); /* a new run lives by the newest rules */
    ds_w_bool(w, "paused", u->paused);
    ds_json_w_name(w, "pending_items");
    ds_json_w_begin_list(w);
    for (size_t i = 0; i < u->want.items_n; i++)
        ds_json_w_text(w, u->want.items[i]);
    ds_json_w_end_list(w);
    ds_w_int(w, "runs_completed", u->runs_completed);
    write_spec(w, carry);
    ds_w_bool(w, "sync_requested", u->want.any);
    ds_json_w_name(w, "unit");
    ds_state_write(w, u);
    ds_json_w_end_object(w);
}

/* ---- its size -------------------------------------------------------------------------------- */

static bool too_many(const ds_want *want)
{
    size_t bytes = 0;

    for (size_t i = 0; i < want->items_n && bytes <= DS_CARRY_ITEMS_BYTES; i++)
        bytes += strlen(want->items[i]) + 1;
    return bytes > DS_CARRY_ITEMS_BYTES;
}

void ds_carry_limit(ds_unit *u)
{
    if (!too_many(&u->want))
        return;
    u->want.any = u->want.full = true;
    u->want.items = NULL;
    u->want.items_n = 0;
}
