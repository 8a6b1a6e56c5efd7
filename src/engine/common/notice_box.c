/* src/engine/common/notice_box.c - what is to be told of one unit, as JSON in the store. */
#include "engine/common/notice_box.h"

#include "json/member.h"
#include <string.h>

#define STATE_MAX (64 * DS_MIB)
#define FIRST_MS (5 * DS_SECOND_MS)
#define MOST_MS (15 * DS_MINUTE_MS)
#define GIVE_UP_MS DS_DAY_MS

static void read_notice(const ds_json *json, ds_arena *a, ds_notice *out)
{
    const char *id = ds_json_text(json, "id"), *event = ds_json_text(json, "event");
    const char *text = ds_json_text(json, "text");

    *out = (ds_notice){.n = ds_json_integer(json, "n", 0),
                       .at_ms = ds_json_integer(json, "at", 0),
                       .id = ds_arena_strdup(a, id ? id : ""),
                       .event = ds_arena_strdup(a, event ? event : ""),
                       .text = ds_arena_strdup(a, text ? text : "{}")};
}

bool ds_notice_box_read(const ds_machine_row *row, ds_arena *a, ds_notice_box *box, ds_err *err)
{
    const char *state = row && row->state ? row->state : "{}";
    const ds_json *json = ds_json_read(a, state, strlen(state), err);
    const ds_json *queue;

    *box = (ds_notice_box){.next = 1};
    if (!json) {
        err->kind = DS_ERR_PERMANENT;
        return ds_wrap(err, "what is to be told");
    }
    box->trouble = ds_json_bool(json, "trouble");
    box->held = ds_json_integer(json, "held", 0);
    box->next = ds_json_integer(json, "next", 1);
    box->failures = ds_json_integer(json, "failures", 0);
    box->retry_ms = ds_json_integer(json, "retry", 0);
    box->lease_ms = ds_json_integer(json, "lease", 0);
    box->lease_of = ds_json_integer(json, "lease_of", 0);
    box->base = ds_arena_strdup(a, ds_json_text(json, "base"));
    box->base_told = ds_json_integer(json, "base_told", 0);
    queue = ds_json_get(json, "queue");
    box->queue_n = queue ? DS_MIN(ds_json_size(queue), DS_NOTICES_KEPT) : 0;
    box->queue = ds_arena_zalloc(a, (DS_NOTICES_KEPT + 1) * sizeof(*box->queue));
    for (size_t i = 0; i < box->queue_n; i++)
        read_notice(ds_json_at(queue, i), a, &box->queue[i]);
    return true;
}

static void write_notice(ds_json_writer *w, const ds_notice *notice)
{
    ds_json_w_begin_object(w);
    ds_w_int(w, "n", notice->n);
    ds_w_int(w, "at", notice->at_ms);
    ds_w_text(w, "id", notice->id);
    ds_w_text(w, "event", notice->event);
    ds_w_text(w, "text", notice->text);
    ds_json_w_end_object(w);
}

bool ds_notice_box_write(const ds_notice_box *box, ds_machine_row *row, ds_arena *a, ds_err *err)
{
    DS_AUTO_BUF(text, STATE_MAX);
    ds_json_writer w = ds_json_w(&text, false);

    ds_json_w_begin_object(&w);
    ds_w_bool(&w, "trouble", box->trouble);
    ds_w_int(&w, "held", box->held);
    ds_w_int(&w, "next", box->next);
    ds_w_int(&w, "failures", box->failures);
    ds_w_int(&w, "retry", box->retry_ms);
    ds_w_int(&w, "lease", box->lease_ms);
    ds_w_int(&w, "lease_of", box->lease_of);
    ds_w_text(&w, "base", box->base);
    ds_w_int(&w, "base_told", box->base_told);
    ds_json_w_name(&w, "queue");
    ds_json_w_begin_list(&w);
    for (size_t i = 0; i < box->queue_n; i++)
        write_notice(&w, &box->queue[i]);
    ds_json_w_end_list(&w);
    ds_json_w_end_object(&w);
    if (!ds_buf_ok(&text, "what is to be told", err))
        return false;
    row->state = ds_arena_strndup(a, text.data, text.n);
    row->logic = DS_NOTICE_LOGIC;
    return true;
}

void ds_notice_box_take(ds_notice_box *box)
{
    if (!box->queue_n)
        return;
    box->queue_n--;
    memmove(box->queue, box->queue + 1, box->queue_n * sizeof(*box->queue));
    box->failures = 0;
    box->retry_ms = 0;
}

bool ds_notice_box_put(ds_notice_box *box, ds_notice notice)
{
    bool full = box->queue_n == DS_NOTICES_KEPT;

    if (full)
        ds_notice_box_take(box);
    notice.n = box->next++;
    box->queue[box->queue_n++] = notice;
    return full;
}

/* 5 s doubling to a quarter of an hour, or what the receiver asks for. */
static int64_t back_off(int64_t failures, int64_t asked_ms)
{
    int64_t ms = DS_MIN(FIRST_MS << DS_MIN(failures - 1, (int64_t)10), MOST_MS);

    return DS_MAX(ms, DS_MIN(asked_ms, DS_HOUR_MS));
}

void ds_notice_box_outcome(ds_notice_box *box, int64_t n, bool arrived, const ds_err *err,
                           int64_t now_ms)
{
    if (!box->queue_n || box->queue[0].n != n)
        return;
    if (arrived) {
        ds_notice_box_take(box);
    } else if (err->kind != DS_ERR_CANCELLED) {
        box->failures++;
        box->retry_ms = now_ms + back_off(box->failures, err->retry_after_ms);
    }
}

size_t ds_notice_box_give_up(ds_notice_box *box, int64_t now_ms)
{
    size_t lost = 0;

    while (box->queue_n && now_ms - box->queue[0].at_ms >= GIVE_UP_MS) {
        ds_notice_box_take(box);
        lost++;
    }
    return lost;
}

int64_t ds_notice_box_due(const ds_notice_box *box, int64_t now_ms)
{
    if (!box->queue_n)
        return 0;
    return DS_MAX(now_ms, DS_MAX(box->retry_ms, box->lease_ms));
}

bool ds_notice_box_save(ds_tx *tx, const ds_notice_box *box, ds_machine_row *row, int64_t due_ms,
                        ds_arena *a, ds_err *err)
{
    if (!ds_notice_box_write(box, row, a, err))
        return false;
    return row->id ? ds_tx_machine_save(tx, row, due_ms, err)
                   : ds_tx_machine_add(tx, DS_NOTICE_KIND, row, due_ms, err);
}
