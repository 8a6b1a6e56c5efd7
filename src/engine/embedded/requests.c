/* src/engine/embedded/requests.c - what a client of the control socket asks, and who answers it. */
#include "engine/embedded/control.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_MAX (8 * DS_MIB)

/* ---- answers --------------------------------------------------------------------------------- */

static void write_error(ds_buf *out, const ds_err *err)
{
    ds_json_writer w = ds_json_w(out, false);

    ds_json_w_begin_object(&w);
    ds_json_w_name(&w, "ok");
    ds_json_w_bool(&w, false);
    ds_json_w_name(&w, "error");
    ds_json_w_text(&w, err->text);
    ds_json_w_end_object(&w);
}

void ds_client_refuse(ds_client *client, const ds_err *err)
{
    DS_AUTO_BUF(out, ANSWER_MAX);

    write_error(&out, err);
    ds_client_say(client, out.data);
}

static ds_json_writer begin_ok(ds_buf *out)
{
    ds_json_writer w = ds_json_w(out, false);

    ds_json_w_begin_object(&w);
    ds_json_w_name(&w, "ok");
    ds_json_w_bool(&w, true);
    return w;
}

static void write_pid(ds_json_writer *w)
{
    ds_json_w_name(w, "pid");
    ds_json_w_int(w, getpid());
}

/* ---- ping, running --------------------------------------------------------------------------- */

static bool hear_ping(ds_control *c, ds_client *client, const ds_json *request, ds_arena *a,
                      ds_err *err)
{
    DS_AUTO_BUF(out, ANSWER_MAX);
    ds_json_writer w = begin_ok(&out);

    (void)c, (void)request, (void)a, (void)err;
    write_pid(&w);
    ds_json_w_end_object(&w);
    ds_client_say(client, out.data);
    return true;
}

static bool hear_running(ds_control *c, ds_client *client, const ds_json *request, ds_arena *a,
                         ds_err *err)
{
    DS_AUTO_BUF(out, ANSWER_MAX);
    ds_json_writer w = begin_ok(&out);
    const ds_running *running;
    size_t n = c->engine ? ds_emb_running(c->engine, a, &running) : 0;

    (void)request;
    write_pid(&w);
    ds_json_w_name(&w, "running");
    ds_json_w_begin_list(&w);
    for (size_t i = 0; i < n; i++) {
        ds_json_w_begin_object(&w);
        ds_words_running(&w, &running[i]);
        ds_json_w_end_object(&w);
    }
    ds_json_w_end_list(&w);
    ds_json_w_end_object(&w);
    if (!ds_buf_ok(&out, "what runs", err))
        return false;
    ds_client_say(client, out.data);
    return true;
}

/* ---- signal ---------------------------------------------------------------------------------- */

typedef struct asked {
    ds_control *control;
    uint64_t client;
} asked;

static void answer_number(const asked *who, const ds_err *err, const char *name, int64_t number,
                          bool truth)
{
    DS_AUTO_BUF(out, ANSWER_MAX);

    if (err) {
        write_error(&out, err);
    } else {
        ds_json_writer w = begin_ok(&out);

        ds_json_w_name(&w, name);
        if (truth)
            ds_json_w_bool(&w, number != 0);
        else
            ds_json_w_int(&w, number);
        ds_json_w_end_object(&w);
    }
    ds_control_answer(who->control, who->client, DS_ANSWER_ENDS_REQUEST, out.data);
}

/* On the writer's thread: the signal is durable, or was refused. */
static void signal_taken(ds_activation *act, void *to)
{
    answer_number(to, act->failed ? &act->err : NULL, "units", act->reached, false);
}

static void owe(ds_control *c, ds_client *client)
{
    client->owed++;
    c->owed++;
}

static bool hear_signal(ds_control *c, ds_client *client, const ds_json *request, ds_arena *a,
                        ds_err *err)
{
    ds_unit_ref ref;
    ds_event event;
    ds_activation *act;
    asked *who;

    if (!ds_words_read_ref(request, &ref, err) ||
        !ds_words_read_event(ds_json_get(request, "event"), a, &event, err) ||
        !ds_signal_fits(c->engine, &ref, &event, err))
        return false;
    act = ds_signal_new(c->engine, &ref, &event);
    if (!act)
        return ds_fail(err, DS_ERR_PERMANENT, "the daemon's configuration has no route \"%.100s\"",
                       ref.route);
    who = ds_new_in(act->arena, asked);
    *who = (asked){c, client->id};
    act->answer = signal_taken;
    act->answer_to = who;
    owe(c, client);
    ds_activation_submit(act);
    return true;
}

/* ---- held ------------------------------------------------------------------------------------ */

typedef bool held_change(ds_tx *tx, const char *route, const char *key, const char *id, bool *found,
                         ds_err *err);

static bool retry(ds_tx *tx, const char *route, const char *key, const char *id, bool *found,
                  ds_err *err)
{
    (void)id;
    return ds_tx_held_retry(tx, route, key, found, err);
}

static bool forget(ds_tx *tx, const char *route, const char *key, const char *id, bool *found,
                   ds_err *err)
{
    (void)id;
    return ds_tx_held_drop(tx, route, key, found, err);
}

static const struct {
    const char *verb;
    held_change *change;
    bool needs_id;
} held_verbs[] = {
    {"retry", retry, false},
    {"drop", forget, false},
    {"adopt", ds_tx_held_adopt, true},
};

typedef struct held_job {
    ds_job job; /* first */
    asked who;
    ds_arena *arena; /* this too */
    held_change *change;
    const char *route, *key, *id;
    bool found;
} held_job;

static bool run_held(ds_job *job, ds_tx *tx, ds_err *err)
{
    held_job *h = (held_job *)job;

    return h->change(tx, h->route, h->key, h->id, &h->found, err);
}

static void held_taken(ds_job *job, const ds_err *err)
{
    held_job *h = (held_job *)job;

    answer_number(&h->who, err, "found", h->found, true);
    ds_arena_free(h->arena);
}

static void submit_held(ds_control *c, ds_client *client, held_change *change, const char *route,
                        const char *key, const char *id)
{
    ds_arena *a = ds_arena_new();
    held_job *h = ds_new_in(a, held_job);

    *h = (held_job){
        .job = {.run = run_held, .done = held_taken},
        .who = {c, client->id},
        .arena = a,
        .change = change,
        .route = ds_arena_strdup(a, route),
        .key = ds_arena_strdup(a, key),
        .id = ds_arena_strdup(a, id),
    };
    owe(c, client);
    ds_store_submit(c->store, DS_LANE_EVENT, &h->job);
}

static bool hear_held(ds_control *c, ds_client *client, const ds_json *request, ds_arena *a,
                      ds_err *err)
{
    const char *verb = ds_json_text(request, "verb"), *route = ds_json_text(request, "route");
    const char *key = ds_json_text(request, "key"), *id = ds_json_text(request, "id");

    (void)a;
    for (size_t i = 0; verb && i < DS_COUNT(held_verbs); i++) {
        if (strcmp(verb, held_verbs[i].verb) != 0)
            continue;
        if (!route || !key || (held_verbs[i].needs_id && !id))
            return ds_fail(err, DS_ERR_PERMANENT, "held %s needs \"route\", \"key\"%s", verb,
                           held_verbs[i].needs_id ? " and \"id\"" : "");
        submit_held(c, client, held_verbs[i].change, route, key, id);
        return true;
    }
    return ds_fail(err, DS_ERR_PERMANENT, "held knows no verb \"%.60s\"", verb ? verb : "");
}

/* ---- once ------------------------------------------------------------------------------------ */

/* On its way to the engine's thread, which knows the units. */
typedef struct once_note {
    ds_note note;    /* first */
    ds_arena *arena; /* this too */
    uint64_t client;
    ds_unit_ref *only;
    size_t only_n;
    const ds_event *event;
} once_note;

static void drop_once(ds_note *note)
{
    ds_arena_free(((once_note *)note)->arena);
}

static void read_once(ds_engine *e, ds_note *note)
{
    once_note *once = (once_note *)note;

    ds_follow_ask(e, once->client, once->only, once->only_n, once->event);
    ds_arena_free(once->arena);
}

static bool read_only(const ds_json *list, once_note *once, ds_err *err)
{
    once->only = ds_arena_zalloc(once->arena, (ds_json_size(list) + 1) * sizeof(*once->only));
    DS_JSON_EACH (list, item) {
        ds_unit_ref *ref = &once->only[once->only_n++];

        if (!ds_words_read_ref(item, ref, err))
            return false;
        ref->route = ds_arena_strdup(once->arena, ref->route);
        ref->unit = ds_arena_strdup(once->arena, ref->unit);
    }
    return true;
}

/* No list: every route there is. */
static void all_routes(const ds_engine *e, once_note *once)
{
    once->only = ds_arena_zalloc(once->arena, (e->routes_n + 1) * sizeof(*once->only));
    once->only_n = e->routes_n;
    for (size_t i = 0; i < e->routes_n; i++)
        once->only[i] = (ds_unit_ref){e->routes[i].route->name, NULL};
}

static bool hear_once(ds_control *c, ds_client *client, const ds_json *request, ds_arena *a,
                      ds_err *err)
{
    const char *const *items;
    size_t items_n;
    ds_arena *own;
    once_note *once;
    ds_event event;

    if (!ds_words_read_items(ds_json_get(request, "items"), a, &items, &items_n, err))
        return false;
    own = ds_arena_new();
    once = ds_new_in(own, once_note);
    *once = (once_note){
        .note = {.read = read_once, .drop = drop_once}, .arena = own, .client = client->id};
    if (!read_only(ds_json_get(request, "only"), once, err)) {
        ds_arena_free(own);
        return false;
    }
    if (once->only_n == 0)
        all_routes(c->engine, once);
    event = ds_sync_event(items, items_n);
    once->event = ds_event_copy(&event, own);
    client->following = true;
    ds_emb_note(c->engine, &once->note);
    return true;
}

void ds_control_run(ds_control *c, uint64_t client, const ds_run_row *run)
{
    DS_AUTO_BUF(out, ANSWER_MAX);
    ds_json_writer w = ds_json_w(&out, false);

    ds_json_w_begin_object(&w);
    ds_json_w_name(&w, "run");
    ds_json_w_begin_object(&w);
    ds_words_run(&w, run);
    ds_json_w_end_object(&w);
    ds_json_w_end_object(&w);
    if (out.data && !out.overflow)
        ds_control_answer(c, client, DS_ANSWER_ENDS_NOTHING, out.data);
}

void ds_control_end(ds_control *c, uint64_t client)
{
    ds_control_answer(c, client, DS_ANSWER_ENDS_FOLLOWING, "{\"end\":true}");
}

/* ---- all of them ----------------------------------------------------------------------------- */

static const struct {
    const char *cmd;
    bool (*hear)(ds_control *c, ds_client *client, const ds_json *request, ds_arena *a,
                 ds_err *err);
    bool of_units; /* which live here */
} requests[] = {
    {"ping", hear_ping, false}, {"signal", hear_signal, true}, {"running", hear_running, false},
    {"once", hear_once, true},  {"held", hear_held, false},
};

static bool hear(ds_control *c, ds_client *client, const ds_json *request, ds_arena *a, ds_err *err)
{
    const char *cmd = ds_json_text(request, "cmd");

    for (size_t i = 0; cmd && i < DS_COUNT(requests); i++) {
        if (strcmp(requests[i].cmd, cmd) != 0)
            continue;
        if (requests[i].of_units && !c->engine)
            return ds_fail(err, DS_ERR_PERMANENT,
                           "process %d is a worker of engine temporal: its units live on the "
                           "server, and this configuration names none",
                           (int)getpid());
        return requests[i].hear(c, client, request, a, err);
    }
    return ds_fail(err, DS_ERR_PERMANENT, "the daemon knows no command \"%.60s\"", cmd ? cmd : "");
}

void ds_request_hear(ds_control *c, ds_client *client, const ds_json *request, ds_arena *a)
{
    ds_err err = DS_ERR_INIT;

    if (!hear(c, client, request, a, &err))
        ds_client_refuse(client, &err);
}
