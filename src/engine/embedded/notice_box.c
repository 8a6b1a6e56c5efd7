/* src/engine/embedded/notice_box.c - what is to be told of one unit, as JSON in the store. */
#include "engine/embedded/notice_box.h"

#include "json/member.h"
#include <string.h>

#define STATE_MAX (64 * DS_MIB)

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
