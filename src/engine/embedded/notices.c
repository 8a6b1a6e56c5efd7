/* src/engine/embedded/notices.c
 *
 * Notices as a kind of machine, one for each unit and way of telling.  What there is to tell is
 * recorded with the change it tells of, in one transaction; it leaves on a thread of its own, in
 * order, and stays in the store until somebody has taken it.  A kill between the two sends it again
 * at the next start: the receiver tells by its id whether it has it.
 */
#include "engine/embedded/internal.h"

#include "base/log.h"
#include "base/text.h"
#include "engine/embedded/notice_box.h"
#include "json/member.h"
#include <stdlib.h>
#include <string.h>

#define LEASE_MS (2 * DS_MINUTE_MS) /* longer than any try */
#define FIRST_MS (5 * DS_SECOND_MS)
#define MOST_MS (15 * DS_MINUTE_MS)
#define GIVE_UP_MS DS_DAY_MS
#define NOTICE_MAX (256 * DS_KIB)

struct ds_notice_send { /* one try */
    ds_task task;       /* first */
    ds_note note;
    ds_notice_send *next;
    ds_engine *engine;
    ds_emb_channel *by;
    int64_t machine, n;
    char *id, *text, *unit;
    bool arrived;
    ds_err err;
};

typedef struct notice_step {
    ds_step step;       /* first */
    ds_notice_send *of; /* whose outcome it is; NULL: only the time has come */
    bool taken_up;      /* at the start: without waiting for the next try's time */
    /* out */
    ds_machine_row *row;
    ds_notice_box box;
    ds_emb_channel *by;
    ds_arena *arena;
    size_t lost; /* given up */
    bool ready;
} notice_step;

static notice_step *of_step(ds_step *step)
{
    return (notice_step *)step;
}

static notice_step *add_step(ds_activation *act, int64_t id)
{
    notice_step *s = ds_new_in(act->arena, notice_step);

    s->step = (ds_step){.kind = &ds_notice_kind, .id = id};
    s->taken_up = act->takes_all_of != NULL;
    ds_activation_add(act, &s->step);
    return s;
}

/* ---- what there is to tell, within a unit's step --------------------------------------------- */

static bool ended_well(const ds_unit_step *s)
{
    return s->run && (s->run->outcome == DS_PASS_DONE || s->run->outcome == DS_PASS_PARTIAL);
}

static unsigned news_of(const ds_unit_step *s, const ds_notice_box *box)
{
    const ds_unit *u = &s->row->state;
    unsigned news = 0;

    if (u->paused && !s->was_paused)
        news |= DS_NOTICE_PAUSED;
    if (u->approval && !s->asked_approval)
        news |= DS_NOTICE_APPROVAL;
    if (!ended_well(s))
        return news;
    if (s->row->held > box->held)
        news |= DS_NOTICE_HELD;
    if (box->trouble && !u->paused && !u->approval && s->row->held == 0)
        news |= DS_NOTICE_RECOVERED;
    return news;
}

static const char *words_for(const ds_unit_step *s, ds_notice_event event, ds_arena *a)
{
    const ds_unit *u = &s->row->state;
    const char *route = s->row->route, *unit = s->row->unit;

    switch (event) {
    case DS_NOTICE_PAUSED:
        if (s->run && u->last_error)
            return ds_arena_printf(a,
                                   "%s/%s is paused: %s. Put that right, then: "
                                   "durable-sync resume %s/%s",
                                   route, unit, u->last_error, route, unit);
        return ds_arena_printf(a, "%s/%s was paused by hand. To go on: durable-sync resume %s/%s",
                               route, unit, route, unit);
    case DS_NOTICE_APPROVAL:
        return ds_arena_printf(a,
                               "%s/%s waits for approval: %s. To let it: durable-sync approve %s",
                               route, unit, u->approval, route);
    case DS_NOTICE_HELD:
        return ds_arena_printf(a, "%s/%s holds %lld record%s. To see why: durable-sync held %s",
                               route, unit, (long long)s->row->held, s->row->held == 1 ? "" : "s",
                               route);
    case DS_NOTICE_RECOVERED:
        break;
    }
    return ds_arena_printf(a, "%s/%s is well again.", route, unit);
}

static void write_error(ds_json_writer *w, const ds_unit *u)
{
    ds_json_w_name(w, "error");
    if (!u->last_error) {
        ds_json_w_null(w);
        return;
    }
    ds_json_w_begin_object(w);
    ds_w_text(w, "kind", u->error_kind);
    ds_json_w_name(w, "http_status");
    if (u->error_status)
        ds_json_w_int(w, u->error_status);
    else
        ds_json_w_null(w);
    ds_w_text(w, "text", u->last_error);
    ds_json_w_end_object(w);
}

static const char *event_name(ds_notice_event event)
{
    return event == DS_NOTICE_PAUSED     ? "paused"
           : event == DS_NOTICE_APPROVAL ? "approval"
           : event == DS_NOTICE_HELD     ? "held"
                                         : "recovered";
}

static bool make(const ds_unit_step *s, ds_notice_event event, const char *id, int64_t now_ms,
                 ds_arena *a, ds_notice *out, ds_err *err)
{
    DS_AUTO_BUF(text, NOTICE_MAX);
    ds_json_writer w = ds_json_w(&text, false);
    const ds_unit_row *row = s->row;

    ds_json_w_begin_object(&w);
    ds_w_text(&w, "id", id);
    ds_w_text(&w, "event", event_name(event));
    ds_w_text(&w, "route", row->route);
    ds_w_text(&w, "unit", row->unit);
    ds_w_text(&w, "key", row->state.key);
    ds_w_text(&w, "state", ds_unit_state_name(&row->state, now_ms));
    write_error(&w, &row->state);
    ds_w_int(&w, "held", row->held);
    ds_w_text(&w, "since", ds_time_text(a, now_ms, false));
    ds_w_text(&w, "text", words_for(s, event, a));
    ds_json_w_end_object(&w);
    if (!ds_buf_ok(&text, "a notice", err))
        return false;
    *out = (ds_notice){.at_ms = now_ms,
                       .id = id,
                       .event = event_name(event),
                       .text = ds_arena_strndup(a, text.data, text.n)};
    return true;
}

static bool put_news(const ds_unit_step *s, const ds_engine *e, unsigned news, ds_notice_box *box,
                     int64_t now_ms, ds_arena *a, ds_err *err)
{
    static const ds_notice_event all[] = {DS_NOTICE_PAUSED, DS_NOTICE_APPROVAL, DS_NOTICE_HELD,
                                          DS_NOTICE_RECOVERED};

    for (size_t i = 0; i < DS_COUNT(all); i++) {
        const char *id = ds_arena_printf(a, "%s-%lld-%lld", e->store_id, (long long)s->row->id,
                                         (long long)box->next);
        ds_notice notice;

        if (!(news & e->options.notices->on & all[i]))
            continue;
        if (!make(s, all[i], id, now_ms, a, &notice, err))
            return false;
        if (ds_notice_box_put(box, notice))
            ds_log(DS_LOG_WARN, "notice_dropped", "unit", s->row->state.key, "text",
                   "too many wait to be sent", NULL);
    }
    return true;
}

static void learn(const ds_unit_step *s, unsigned news, ds_notice_box *box)
{
    if (news & (DS_NOTICE_PAUSED | DS_NOTICE_APPROVAL | DS_NOTICE_HELD))
        box->trouble = true;
    if (news & DS_NOTICE_RECOVERED)
        box->trouble = false;
    if (ended_well(s))
        box->held = s->row->held;
}

static bool save_box(ds_tx *tx, const ds_notice_box *box, ds_machine_row *row, int64_t due_ms,
                     ds_arena *a, ds_err *err)
{
    if (!ds_notice_box_write(box, row, a, err))
        return false;
    return row->id ? ds_tx_machine_save(tx, row, due_ms, err)
                   : ds_tx_machine_add(tx, ds_notice_kind.name, row, due_ms, err);
}

/* No route's name has a slash: the name is no unit's. */
static bool record(ds_unit_step *s, const ds_engine *e, size_t by, ds_tx *tx, int64_t now_ms,
                   ds_arena *a, ds_err *err)
{
    const char *name =
        ds_arena_printf(a, "notice/%s/%s", e->channels[by].channel->name, s->row->state.key);
    ds_machine_row *row, fresh = {.name = name};
    ds_notice_box box;
    unsigned news;

    if (!ds_tx_machine_get(tx, ds_notice_kind.name, 0, name, a, &row, err) ||
        !ds_notice_box_read(row, a, &box, err))
        return false;
    news = news_of(s, &box);
    s->notices[by] = 0;
    if (!news && box.held <= s->row->held)
        return true;
    if (!put_news(s, e, news, &box, now_ms, a, err))
        return false;
    learn(s, news, &box);
    row = row ? row : &fresh;
    if (!save_box(tx, &box, row, box.queue_n ? DS_MAX(now_ms, box.retry_ms) : 0, a, err))
        return false;
    s->notices[by] = news ? row->id : 0;
    return true;
}

bool ds_notices_record(ds_unit_step *s, ds_engine *e, ds_tx *tx, int64_t now_ms, ds_err *err)
{
    const ds_unit *u = &s->row->state;
    bool turned = (u->paused && !s->was_paused) || (u->approval && !s->asked_approval);
    DS_AUTO(ds_arena) a = NULL;

    if (!e || !e->channels_n || (!turned && !ended_well(s)))
        return true;
    a = ds_arena_new();
    for (size_t i = 0; i < e->channels_n; i++) {
        if (!record(s, e, i, tx, now_ms, a, err))
            return ds_wrap(err, "record what is to be told of %s", u->key);
    }
    return true;
}

void ds_notices_recorded(ds_engine *e, const ds_unit_step *s)
{
    ds_activation *act = NULL;

    for (size_t i = 0; i < e->channels_n; i++) {
        if (!s->notices[i])
            continue;
        if (!act)
            act = ds_activation_new(e);
        add_step(act, s->notices[i]);
    }
    if (!act)
        return;
    act->retries = true;
    ds_activation_submit(act);
}

/* ---- the machine, on the store's writer ------------------------------------------------------ */

static ds_emb_channel *channel_of(ds_engine *e, const char *name)
{
    for (size_t i = 0; i < e->channels_n; i++) {
        const char *way = e->channels[i].channel->name;
        size_t n = strlen(way);

        if (strncmp(name, "notice/", 7) == 0 && strncmp(name + 7, way, n) == 0 &&
            name[7 + n] == '/')
            return &e->channels[i];
    }
    return NULL;
}

static bool find(ds_step *step, ds_tx *tx, int64_t now_ms, ds_arena *a, ds_err *err)
{
    notice_step *s = of_step(step);

    (void)now_ms;
    s->arena = a;
    if (!ds_tx_machine_get(tx, ds_notice_kind.name, step->id, NULL, a, &s->row, err))
        return false;
    step->found = s->row != NULL;
    return !s->row || ds_notice_box_read(s->row, a, &s->box, err);
}

/* 5 s doubling to a quarter of an hour, or what the receiver asks for. */
static int64_t back_off(int64_t failures, int64_t asked_ms)
{
    int64_t ms = DS_MIN(FIRST_MS << DS_MIN(failures - 1, (int64_t)10), MOST_MS);

    return DS_MAX(ms, DS_MIN(asked_ms, DS_HOUR_MS));
}

static void outcome(notice_step *s, int64_t now_ms)
{
    const ds_notice_send *send = s->of;
    ds_notice_box *box = &s->box;

    if (!box->queue_n || box->queue[0].n != send->n)
        return;
    if (send->arrived) {
        ds_notice_box_take(box);
    } else if (send->err.kind != DS_ERR_CANCELLED) {
        box->failures++;
        box->retry_ms = now_ms + back_off(box->failures, send->err.retry_after_ms);
    }
}

static bool apply(ds_step *step, ds_engine *e, ds_tx *tx, int64_t now_ms, ds_arena *a, ds_err *err)
{
    notice_step *s = of_step(step);

    (void)tx;
    (void)a;
    (void)err;
    s->lost = 0;
    s->by = channel_of(e, s->row->name);
    if (s->of)
        outcome(s, now_ms);
    if (s->taken_up)
        s->box.retry_ms = 0;
    while (s->box.queue_n && now_ms - s->box.queue[0].at_ms >= GIVE_UP_MS) {
        ds_notice_box_take(&s->box);
        s->lost++;
    }
    if (!s->by)
        s->box.queue_n = 0; /* this way is no longer in the configuration */
    return true;
}

/* A start on hold holds passes; these are in nobody's way. */
static void decide(ds_step *step, ds_engine *e, int64_t now_ms)
{
    notice_step *s = of_step(step);

    (void)e;
    s->ready = s->box.queue_n && s->box.retry_ms <= now_ms;
    step->wake_ms = !s->box.queue_n ? 0 : s->ready ? now_ms + LEASE_MS : s->box.retry_ms;
}

static bool save(ds_step *step, ds_engine *e, ds_tx *tx, int64_t now_ms, ds_err *err)
{
    notice_step *s = of_step(step);

    (void)e;
    (void)now_ms;
    return save_box(tx, &s->box, s->row, step->wake_ms, s->arena, err);
}

/* ---- sending --------------------------------------------------------------------------------- */

static void free_send(ds_notice_send *send)
{
    free(send->id);
    free(send->text);
    free(send->unit);
    free(send);
}

/* On the channel's thread. */
static void run_send(ds_task *task)
{
    ds_notice_send *send = (ds_notice_send *)task;
    ds_notice_channel *channel = send->by->channel;
    ds_engine *e = send->engine;

    ds_crashpoint("notice sent");
    if (atomic_load(&e->stop_sends))
        ds_fail(&send->err, DS_ERR_CANCELLED, "stopping");
    else
        send->arrived = channel->send(channel, send->text, send->id, &e->stop_sends, &send->err);
    ds_crashpoint("notice arrived");
    ds_emb_note(e, &send->note);
}

static ds_notice_send *send_of(ds_note *note)
{
    return (ds_notice_send *)(void *)((char *)note - offsetof(ds_notice_send, note));
}

static void send_returned(ds_engine *e, ds_note *note)
{
    ds_notice_send *send = send_of(note);
    ds_activation *act = ds_activation_new(e);

    e->sending--;
    add_step(act, send->machine)->of = send;
    act->retries = true;
    ds_activation_submit(act);
}

static void keep_send(ds_note *note)
{
    (void)note; /* it is in the engine's list */
}

static void forget_send(ds_engine *e, ds_notice_send *send)
{
    ds_notice_send **at = &e->sends;

    while (*at != send)
        at = &(*at)->next;
    *at = send->next;
    free_send(send);
}

static bool is_on_its_way(const ds_engine *e, int64_t machine)
{
    for (const ds_notice_send *send = e->sends; send; send = send->next) {
        if (send->machine == machine)
            return true;
    }
    return false;
}

static const char *unit_key(const notice_step *s)
{
    return s->row->name + strlen("notice/") + strlen(s->by->channel->name) + 1;
}

static void begin_send(ds_engine *e, const notice_step *s)
{
    ds_notice_send *send = ds_calloc(1, sizeof(*send));

    send->task.run = run_send;
    send->note.read = send_returned;
    send->note.drop = keep_send;
    send->engine = e;
    send->by = s->by;
    send->machine = s->row->id;
    send->n = s->box.queue[0].n;
    send->id = ds_strdup(s->box.queue[0].id);
    send->text = ds_strdup(s->box.queue[0].text);
    send->unit = ds_strdup(unit_key(s));
    send->err = DS_ERR_INIT;
    send->next = e->sends;
    e->sends = send;
    e->sending++;
    ds_pool_put(s->by->pool, &send->task);
}

static void log_outcome(const notice_step *s)
{
    const ds_notice_send *send = s->of;

    if (send->arrived)
        ds_log(DS_LOG_INFO, "notice_sent", "by", send->by->channel->name, "unit", send->unit, NULL);
    else if (send->err.kind != DS_ERR_CANCELLED && s->box.failures == 1)
        ds_log(DS_LOG_WARN, "notice_failed", "by", send->by->channel->name, "unit", send->unit,
               "error", send->err.text, "text", "it is tried again for a day", NULL);
}

/* `once` is not to wait for a receiver that is not there: what is left over is for the next one. */
static bool may_send(const ds_engine *e, const ds_emb_channel *by)
{
    return !atomic_load(&e->stops) && !(e->options.once && by->failed);
}

static void carry_out(ds_engine *e, ds_activation *act, const ds_step *step)
{
    const notice_step *s = (const notice_step *)step;

    (void)act;
    if (s->of) {
        s->of->by->failed = !s->of->arrived;
        log_outcome(s);
        forget_send(e, s->of);
    }
    if (s->lost && s->by)
        ds_log(DS_LOG_WARN, "notice_given_up", "by", s->by->channel->name, "unit", unit_key(s),
               "text", "it could not be sent for a day", NULL);
    if (s->ready && s->by && may_send(e, s->by) && !is_on_its_way(e, s->row->id))
        begin_send(e, s);
}

static void add_timer(ds_activation *act, int64_t id)
{
    add_step(act, id);
}

void ds_notices_take_up(ds_engine *e)
{
    ds_activation *act;

    if (!e->channels_n)
        return;
    act = ds_activation_new(e);
    act->takes_all_of = &ds_notice_kind;
    act->retries = true;
    ds_activation_submit(act);
}

/* What another process left: whoever starts this one may have mended what was wrong. */
static bool take_up(ds_engine *e, ds_err *err)
{
    (void)err;
    ds_notices_take_up(e);
    return true;
}

const ds_machine_kind ds_notice_kind = {
    .name = "notice",
    .find = find,
    .apply = apply,
    .decide = decide,
    .save = save,
    .carry_out = carry_out,
    .add_timer = add_timer,
    .take_up = take_up,
};

/* ---- the channels ---------------------------------------------------------------------------- */

bool ds_notices_open(ds_engine *e, ds_err *err)
{
    const ds_notices *notices = e->options.notices;

    if (!notices || !notices->n)
        return true;
    for (size_t i = 0; i < notices->n; i++) {
        e->channels[i].channel = notices->channels[i];
        e->channels[i].pool = ds_pool_new(1, err);
        e->channels_n++;
        if (!e->channels[i].pool)
            return false;
    }
    ds_emb_host(e, &ds_notice_kind);
    return true;
}

void ds_notices_stop(ds_engine *e)
{
    atomic_store(&e->stop_sends, true);
}

void ds_notices_close(ds_engine *e)
{
    ds_notices_stop(e);
    for (size_t i = 0; i < e->channels_n; i++)
        ds_pool_free(e->channels[i].pool);
}

void ds_notices_free(ds_engine *e)
{
    while (e->sends)
        forget_send(e, e->sends);
}
