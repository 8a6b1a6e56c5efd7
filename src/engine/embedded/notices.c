/* src/engine/embedded/notices.c
 *
 * Notices as a kind of machine, one for each unit and way of telling.  What there is to tell is
 * recorded with the change it tells of, in one transaction; it leaves on a thread of its own, in
 * order, and stays in the store until somebody has taken it.  A kill between the two sends it again
 * at the next start: the receiver tells by its id whether it has it.
 */
#include "engine/embedded/internal.h"

#include "base/log.h"
#include "engine/common/notice_box.h"
#include "engine/common/news.h"
#include <stdlib.h>
#include <string.h>

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

/* ---- within a unit's step ----------------------------------------------------------------------
 */

static ds_turn turn_of(const ds_unit_step *s)
{
    bool well = s->run && ds_pass_ended_well(s->run->outcome);

    return (ds_turn){.row = s->row,
                     .was_paused = s->was_paused,
                     .asked_approval = s->asked_approval,
                     .ended = s->run != NULL,
                     .ended_well = well};
}

bool ds_notices_record(ds_unit_step *s, ds_engine *e, ds_tx *tx, int64_t now_ms, ds_err *err)
{
    ds_turn turn = turn_of(s);

    if (!e || !e->channels_n)
        return true;
    return ds_news_record(&turn, e->options.notices, e->store_id, tx, now_ms, s->notices, err);
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
        if (ds_news_leaves_by(name, e->channels[i].channel->name))
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

static bool apply(ds_step *step, ds_engine *e, ds_tx *tx, int64_t now_ms, ds_arena *a, ds_err *err)
{
    notice_step *s = of_step(step);

    (void)tx;
    (void)a;
    (void)err;
    s->by = channel_of(e, s->row->name);
    if (s->of)
        ds_notice_box_outcome(&s->box, s->of->n, s->of->arrived, &s->of->err, now_ms);
    if (s->taken_up)
        s->box.retry_ms = 0;
    s->lost = ds_notice_box_give_up(&s->box, now_ms);
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
    step->wake_ms = !s->box.queue_n ? 0 : s->ready ? now_ms + DS_NOTICE_TRY_MS : s->box.retry_ms;
}

static bool save(ds_step *step, ds_engine *e, ds_tx *tx, int64_t now_ms, ds_err *err)
{
    notice_step *s = of_step(step);

    (void)e;
    (void)now_ms;
    return ds_notice_box_save(tx, &s->box, s->row, step->wake_ms, s->arena, err);
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
    return ds_news_of_unit(s->row->name, s->by->channel->name);
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
    .name = DS_NOTICE_KIND,
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
