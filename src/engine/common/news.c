/* src/engine/common/news.c - what a change of a unit means to people. */
#include "engine/common/news.h"

#include "base/log.h"
#include "base/text.h"
#include "engine/common/notice_box.h"
#include "json/member.h"
#include <string.h>

#define NOTICE_MAX (256 * DS_KIB)
#define NAMES "notice/" /* no route's name has a slash: the name is no unit's */

/* ---- what is new ----------------------------------------------------------------------------- */

bool ds_news_are_there(const ds_turn *t)
{
    const ds_unit *u = &t->row->state;

    return (u->paused && !t->was_paused) || (u->approval && !t->asked_approval) || t->ended_well;
}

static unsigned told_before(const ds_turn *t, const ds_notice_box *box)
{
    bool again = t->base && box->base && strcmp(t->base, box->base) == 0;

    return again ? (unsigned)box->base_told : 0;
}

static unsigned news_of(const ds_turn *t, const ds_notice_box *box)
{
    const ds_unit *u = &t->row->state;
    unsigned news = 0;

    if (u->paused && !t->was_paused)
        news |= DS_NOTICE_PAUSED;
    if (u->approval && !t->asked_approval)
        news |= DS_NOTICE_APPROVAL;
    if (t->ended_well && t->row->held > box->held)
        news |= DS_NOTICE_HELD;
    if (t->ended_well && box->trouble && !u->paused && !u->approval && t->row->held == 0)
        news |= DS_NOTICE_RECOVERED;
    return news & ~told_before(t, box);
}

/* ---- in words -------------------------------------------------------------------------------- */

static const char *words_for(const ds_turn *s, ds_notice_event event, ds_arena *a)
{
    const ds_unit *u = &s->row->state;
    const char *route = s->row->route, *unit = s->row->unit;

    switch (event) {
    case DS_NOTICE_PAUSED:
        if (s->ended && u->last_error)
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

static bool make(const ds_turn *s, ds_notice_event event, const char *id, int64_t now_ms,
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

/* ---- into the store -------------------------------------------------------------------------- */

typedef struct recording {
    const ds_turn *turn;
    const ds_notices *to;
    const char *store_id;
    ds_tx *tx;
    int64_t now_ms;
    ds_arena *a;
} recording;

static bool put_news(const recording *r, unsigned news, ds_notice_box *box, ds_err *err)
{
    static const ds_notice_event all[] = {DS_NOTICE_PAUSED, DS_NOTICE_APPROVAL, DS_NOTICE_HELD,
                                          DS_NOTICE_RECOVERED};
    const ds_unit_row *row = r->turn->row;

    for (size_t i = 0; i < DS_COUNT(all); i++) {
        const char *id = ds_arena_printf(r->a, "%s-%lld-%lld", r->store_id, (long long)row->id,
                                         (long long)box->next);
        ds_notice notice;

        if (!(news & r->to->on & all[i]))
            continue;
        if (!make(r->turn, all[i], id, r->now_ms, r->a, &notice, err))
            return false;
        if (ds_notice_box_put(box, notice))
            ds_log(DS_LOG_WARN, "notice_dropped", "unit", row->state.key, "text",
                   "too many wait to be sent", NULL);
    }
    return true;
}

static void learn(const ds_turn *t, unsigned news, ds_notice_box *box)
{
    if (news & (DS_NOTICE_PAUSED | DS_NOTICE_APPROVAL | DS_NOTICE_HELD))
        box->trouble = true;
    if (news & DS_NOTICE_RECOVERED)
        box->trouble = false;
    if (t->ended_well)
        box->held = t->row->held;
    if (!t->base)
        return;
    box->base_told = told_before(t, box) | news;
    box->base = t->base;
}

static bool record(const recording *r, const char *channel, int64_t *machine, ds_err *err)
{
    const char *name = ds_arena_printf(r->a, NAMES "%s/%s", channel, r->turn->row->state.key);
    ds_machine_row *row, fresh = {.name = name};
    ds_notice_box box;
    unsigned news;

    *machine = 0;
    if (!ds_tx_machine_lock(r->tx, DS_NOTICE_KIND, 0, name, err) ||
        !ds_tx_machine_get(r->tx, DS_NOTICE_KIND, 0, name, r->a, &row, err) ||
        !ds_notice_box_read(row, r->a, &box, err))
        return false;
    news = news_of(r->turn, &box);
    if (!news && box.held <= r->turn->row->held)
        return true;
    if (!put_news(r, news, &box, err))
        return false;
    learn(r->turn, news, &box);
    row = row ? row : &fresh;
    if (!ds_notice_box_save(r->tx, &box, row, ds_notice_box_due(&box, r->now_ms), r->a, err))
        return false;
    *machine = news ? row->id : 0;
    return true;
}

bool ds_news_record(const ds_turn *turn, const ds_notices *to, const char *store_id, ds_tx *tx,
                    int64_t now_ms, int64_t *machines, ds_err *err)
{
    DS_AUTO(ds_arena) a = NULL;
    recording r = {.turn = turn, .to = to, .store_id = store_id, .tx = tx, .now_ms = now_ms};

    if (!ds_news_are_there(turn))
        return true;
    a = ds_arena_new();
    r.a = a;
    for (size_t i = 0; i < to->n; i++) {
        if (!record(&r, to->channels[i]->name, &machines[i], err))
            return ds_wrap(err, "record what is to be told of %s", turn->row->state.key);
    }
    return true;
}

/* ---- names of boxes -------------------------------------------------------------------------- */

const char *ds_news_names_of(const char *channel, ds_arena *a)
{
    return ds_arena_printf(a, NAMES "%s/", channel);
}

bool ds_news_leaves_by(const char *machine, const char *channel)
{
    size_t n = strlen(channel), begin = strlen(NAMES);

    return strncmp(machine, NAMES, begin) == 0 && strncmp(machine + begin, channel, n) == 0 &&
           machine[begin + n] == '/';
}

const char *ds_news_of_unit(const char *machine, const char *channel)
{
    return machine + strlen(NAMES) + strlen(channel) + 1;
}
