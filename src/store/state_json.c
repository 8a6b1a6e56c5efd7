/* src/store/state_json.c - a unit's state and its events as JSON; the order is the reader's. */
#include "store/state_json.h"

#include "base/text.h"
#include "json/member.h"
#include "store/names.h"

#define NUMBER_MOST (INT64_C(1) << 60) /* a few of them still add up */

/* ---- parts of both --------------------------------------------------------------------------- */

/* What is beyond any number that a program of ours writes is cut to one: the machine adds and
 * subtracts without looking. */
static int64_t read_within(const ds_json *json, const char *name, int64_t other, int64_t most)
{
    return DS_MIN(DS_MAX(ds_json_integer(json, name, other), 0), most);
}

static int64_t read_count(const ds_json *json, const char *name)
{
    return read_within(json, name, 0, NUMBER_MOST);
}

static int64_t read_span(const ds_json *json, const char *name, int64_t other)
{
    return read_within(json, name, other, DS_UNIT_INTERVAL_MAX_MS);
}

static int64_t read_moment(const ds_json *json, const char *name, int64_t other)
{
    return read_within(json, name, other, NUMBER_MOST);
}

/* Times are text for people; one that is not set is null. */
static void write_time(ds_json_writer *w, const char *name, int64_t at_ms)
{
    DS_AUTO(ds_arena) a = ds_arena_new();

    ds_w_text(w, name, at_ms ? ds_time_text(a, at_ms, true) : NULL);
}

static void write_items(ds_json_writer *w, const char *const *items, size_t n)
{
    ds_json_w_name(w, "items");
    if (!items) {
        ds_json_w_null(w); /* everything */
        return;
    }
    ds_json_w_begin_list(w);
    for (size_t i = 0; i < n; i++)
        ds_json_w_text(w, items[i]);
    ds_json_w_end_list(w);
}

static void write_totals(ds_json_writer *w, const char *name, const ds_totals *totals)
{
    ds_json_w_name(w, name);
    ds_json_w_begin_object(w);
    ds_w_totals(w, totals);
    ds_json_w_end_object(w);
}

static const char *read_text(const ds_json *json, const char *name, ds_arena *a)
{
    return ds_arena_strdup(a, ds_json_text(json, name));
}

static int64_t read_time(const ds_json *json, const char *name)
{
    const char *text = ds_json_text(json, name);
    int64_t at_ms = 0;

    return text && ds_parse_time(text, &at_ms) ? at_ms : 0;
}

static const char *const *read_items(const ds_json *json, ds_arena *a, size_t *n)
{
    const ds_json *list = ds_json_get(json, "items");
    const char **items;

    *n = 0;
    if (ds_json_kind_of(list) != DS_JSON_LIST)
        return NULL;
    items = ds_arena_alloc(a, (ds_json_size(list) + 1) * sizeof *items);
    DS_JSON_EACH (list, item) {
        const char *text = ds_json_str(item, NULL);

        if (text)
            items[(*n)++] = ds_arena_strdup(a, text);
    }
    return items;
}

static ds_totals read_totals(const ds_json *json, const char *name)
{
    const ds_json *from = ds_json_get(json, name);

    return (ds_totals){
        .total = read_count(from, "total"),
        .created = read_count(from, "created"),
        .updated = read_count(from, "updated"),
        .unchanged = read_count(from, "unchanged"),
        .skipped = read_count(from, "skipped"),
        .held = read_count(from, "held"),
        .missing = read_count(from, "missing"),
    };
}

/* ---- a unit ---------------------------------------------------------------------------------- */

static void write_want(ds_json_writer *w, const char *name, const ds_want *want)
{
    ds_json_w_name(w, name);
    ds_json_w_begin_object(w);
    ds_w_bool(w, "any", want->any);
    ds_w_bool(w, "full", want->full);
    ds_w_bool(w, "changes", want->changes);
    write_items(w, want->items, want->items_n);
    ds_json_w_end_object(w);
}

static ds_want read_want(const ds_json *json, const char *name, ds_arena *a)
{
    const ds_json *from = ds_json_get(json, name);
    ds_want want = {
        .any = ds_json_bool(from, "any"),
        .full = ds_json_bool(from, "full"),
        .changes = ds_json_bool(from, "changes"),
    };

    want.items = read_items(from, a, &want.items_n);
    return want;
}

static void write_peers(ds_json_writer *w, const ds_unit *u)
{
    ds_w_text(w, "key", u->key);
    ds_w_bool(w, "paused", u->paused);
    if (u->cron)
        ds_w_null(w, "interval_minutes");
    else
        ds_w_int(w, "interval_minutes", (u->interval_ms + DS_MINUTE_MS - 1) / DS_MINUTE_MS);
    ds_w_int(w, "runs_completed", u->runs_completed);
    write_time(w, "last_run", u->last_run_ms);
    if (u->has_stats) {
        write_totals(w, "last_stats", &u->last_stats);
    } else {
        ds_w_null(w, "last_stats");
    }
    ds_w_text(w, "last_error", u->last_error);
    ds_w_bool(w, "sync_pending", u->want.any);
}

static void write_ours(ds_json_writer *w, const ds_unit *u)
{
    ds_w_int(w, "interval_ms", u->interval_ms); /* exact */
    ds_w_text(w, "error_kind", u->error_kind);
    ds_w_int(w, "error_status", u->error_status);
    if (u->last_note)
        ds_w_text(w, "last_note", u->last_note);
    ds_w_text(w, "approval", u->approval);
    ds_w_bool(w, "approved", u->approved);
    ds_w_bool(w, "gone", u->gone);
    ds_w_bool(w, "sweep", u->sweep);
    ds_w_bool(w, "running", u->running);
    ds_w_text(w, "run_kind", ds_kind_word(u->run_kind));
    write_want(w, "run", &u->run);
    ds_w_bool(w, "run_approved", u->run_approved);
    ds_w_bool(w, "run_sweep", u->run_sweep);
    ds_w_int(w, "run_since_ms", u->run_since_ms);
    ds_w_int(w, "run_started_ms", u->run_started_ms);
    ds_w_bool(w, "cancelling", u->cancelling);
    write_want(w, "want", &u->want);
    ds_w_int(w, "due_ms", u->due_ms);
    ds_w_int(w, "retry_ms", u->retry_ms);
    ds_w_int(w, "attempts", u->attempts);
    ds_w_int(w, "every_ms", u->every_ms);
    ds_w_int(w, "full_every_ms", u->full_every_ms);
    ds_w_int(w, "full_due_ms", u->full_due_ms);
    ds_w_int(w, "changes_from_ms", u->changes_from_ms);
    ds_w_bool(w, "lists_changes", u->lists_changes);
    ds_w_text(w, "cron", u->cron);
    ds_w_text(w, "zone", u->zone);
    ds_w_int(w, "next_ms", u->next_ms);
    ds_w_int(w, "planned_ms", u->planned_ms);
    ds_w_int(w, "quiet_until_ms", u->quiet_until_ms);
}

void ds_state_write(ds_json_writer *w, const ds_unit *u)
{
    w->exact = true; /* our own text, read by our own reader */
    ds_json_w_begin_object(w);
    write_peers(w, u);
    write_ours(w, u);
    ds_json_w_end_object(w);
}

static void read_peers(const ds_json *json, ds_arena *a, ds_unit *u)
{
    int64_t minutes = ds_json_integer(json, "interval_minutes", 0);

    u->paused = ds_json_bool(json, "paused");
    if (minutes > 0 && minutes <= DS_UNIT_INTERVAL_MAX_MS / DS_MINUTE_MS)
        u->interval_ms = minutes * DS_MINUTE_MS;
    u->runs_completed = read_count(json, "runs_completed");
    u->last_run_ms = read_time(json, "last_run");
    u->has_stats = ds_json_kind_of(ds_json_get(json, "last_stats")) == DS_JSON_OBJECT;
    u->last_stats = read_totals(json, "last_stats");
    u->last_error = read_text(json, "last_error", a);
    u->want.any = u->want.full = ds_json_bool(json, "sync_pending");
}

static void read_ours(const ds_json *json, ds_arena *a, ds_unit *u)
{
    u->interval_ms = read_span(json, "interval_ms", u->interval_ms);
    u->error_kind = read_text(json, "error_kind", a);
    u->error_status = ds_json_integer(json, "error_status", 0);
    u->last_note = read_text(json, "last_note", a);
    u->approval = read_text(json, "approval", a);
    u->approved = ds_json_bool(json, "approved");
    u->gone = ds_json_bool(json, "gone");
    u->sweep = ds_json_bool(json, "sweep");
    u->running = ds_json_bool(json, "running");
    u->run_kind = ds_kind_of_word(ds_json_text(json, "run_kind"));
    u->run = read_want(json, "run", a);
    u->run_approved = ds_json_bool(json, "run_approved");
    u->run_sweep = ds_json_bool(json, "run_sweep");
    u->run_since_ms = ds_json_integer(json, "run_since_ms", u->run_since_ms); /* -1: everything */
    u->run_started_ms = read_moment(json, "run_started_ms", 0);
    u->cancelling = ds_json_bool(json, "cancelling");
    if (ds_json_get(json, "want"))
        u->want = read_want(json, "want", a);
    u->due_ms = read_moment(json, "due_ms", u->due_ms);
    u->retry_ms = read_moment(json, "retry_ms", 0);
    u->attempts = read_within(json, "attempts", 0, DS_UNIT_ATTEMPTS_MAX);
    u->every_ms = read_span(json, "every_ms", 0);
    u->full_every_ms = read_span(json, "full_every_ms", 0);
    u->full_due_ms = read_moment(json, "full_due_ms", 0);
    u->changes_from_ms = read_moment(json, "changes_from_ms", 0);
    u->lists_changes = ds_json_bool(json, "lists_changes");
    u->cron = read_text(json, "cron", a);
    u->zone = read_text(json, "zone", a);
    u->next_ms = read_moment(json, "next_ms", 0);
    u->planned_ms = read_moment(json, "planned_ms", 0);
    u->quiet_until_ms = read_moment(json, "quiet_until_ms", 0);
}

void ds_state_read(const ds_json *json, const char *key, ds_arena *a, ds_unit *out)
{
    ds_unit_init(out, ds_arena_strdup(a, key), 0);
    read_peers(json, a, out);
    read_ours(json, a, out);
}

/* ---- an event -------------------------------------------------------------------------------- */

static void write_times(ds_json_writer *w, const ds_event *event)
{
    ds_json_w_name(w, "times");
    ds_json_w_begin_object(w);
    ds_w_int(w, "next_ms", event->next_ms);
    ds_w_int(w, "quiet_until_ms", event->quiet_until_ms);
    ds_w_text(w, "cron", event->cron);
    ds_w_text(w, "zone", event->zone);
    ds_w_int(w, "first_ms", event->first_ms);
    ds_json_w_end_object(w);
}

static void read_times(const ds_json *json, ds_arena *a, ds_event *out)
{
    const ds_json *times = ds_json_get(json, "times");

    if (ds_json_kind_of(times) != DS_JSON_OBJECT)
        return;
    out->tells_times = true;
    out->next_ms = read_moment(times, "next_ms", 0);
    out->quiet_until_ms = read_moment(times, "quiet_until_ms", 0);
    out->cron = read_text(times, "cron", a);
    out->zone = out->cron ? read_text(times, "zone", a) : NULL;
    out->first_ms = read_moment(times, "first_ms", 0);
}

void ds_event_write(ds_json_writer *w, const ds_event *event)
{
    w->exact = true;
    ds_json_w_begin_object(w);
    ds_w_text(w, "type", ds_event_word(event->type));
    write_items(w, event->items, event->items_n);
    ds_w_int(w, "interval_ms", event->interval_ms);
    ds_w_int(w, "full_every_ms", event->full_every_ms);
    ds_w_bool(w, "lists_changes", event->lists_changes);
    ds_w_int(w, "spread_ms", event->spread_ms);
    ds_w_text(w, "outcome", ds_outcome_word(event->outcome));
    write_totals(w, "totals", &event->totals);
    ds_w_text(w, "error", event->error);
    ds_w_text(w, "error_kind", event->error_kind);
    ds_w_int(w, "error_status", event->error_status);
    ds_w_int(w, "retry_after_ms", event->retry_after_ms);
    if (event->put_off)
        ds_w_bool(w, "put_off", true);
    if (event->wants_full)
        ds_w_bool(w, "wants_full", true);
    if (event->tells_times)
        write_times(w, event);
    ds_json_w_end_object(w);
}

bool ds_event_read(const ds_json *json, ds_arena *a, ds_event *out, ds_err *err)
{
    const char *word = ds_json_text(json, "type");

    *out = (ds_event){.retry_after_ms = ds_json_integer(json, "retry_after_ms", -1)};
    if (!ds_event_of_word(word, &out->type))
        return ds_fail(err, DS_ERR_PERMANENT, "no such event: %.40s", word ? word : "(no type)");
    out->items = read_items(json, a, &out->items_n);
    out->interval_ms = ds_json_integer(json, "interval_ms", 0);
    out->full_every_ms = ds_json_integer(json, "full_every_ms", 0);
    out->lists_changes = ds_json_bool(json, "lists_changes");
    out->spread_ms = ds_json_integer(json, "spread_ms", 0);
    out->outcome = ds_outcome_of_word(ds_json_text(json, "outcome"));
    out->totals = read_totals(json, "totals");
    out->error = read_text(json, "error", a);
    out->error_kind = read_text(json, "error_kind", a);
    out->error_status = ds_json_integer(json, "error_status", 0);
    out->put_off = ds_json_bool(json, "put_off");
    out->wants_full = ds_json_bool(json, "wants_full");
    read_times(json, a, out);
    return true;
}
