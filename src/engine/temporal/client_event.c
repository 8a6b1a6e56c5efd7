/* src/engine/temporal/client_event.c - what a person tells a unit, as a signal. */
#include "engine/temporal/client.h"

#include "engine/temporal/payload.h"
#include "json/member.h"

static const char *argument_of(const ds_event *event, ds_arena *a)
{
    DS_AUTO_BUF(text, DS_PAYLOAD_MAX);
    ds_json_writer w = ds_json_w(&text, false);

    if (event->type == DS_EV_SET_INTERVAL)
        ds_json_w_int(&w, (event->interval_ms + DS_MINUTE_MS - 1) / DS_MINUTE_MS);
    if (event->type == DS_EV_SYNC_NOW) {
        ds_json_w_begin_list(&w);
        for (size_t i = 0; i < event->items_n; i++)
            ds_json_w_text(&w, event->items[i]);
        ds_json_w_end_list(&w);
    }
    return text.n ? ds_arena_strndup(a, text.data, text.n) : NULL;
}

static const char *name_of(ds_event_type type)
{
    switch (type) {
    case DS_EV_SYNC_NOW:
        return "sync_now";
    case DS_EV_PAUSE:
        return "pause";
    case DS_EV_RESUME:
        return "resume";
    case DS_EV_SET_INTERVAL:
        return "set_interval";
    case DS_EV_APPROVE:
        return "approve";
    case DS_EV_ENSURE:
    case DS_EV_GONE:
    case DS_EV_TIMER:
    case DS_EV_PASS_ENDED:
        break; /* the engine's own */
    }
    return NULL;
}

bool ds_client_tell(ds_client *c, const char *id, const ds_event *event, bool *found, ds_err *err)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    const char *name = name_of(event->type);

    *found = false;
    if (!name)
        return ds_fail(err, DS_ERR_PERMANENT, "that is no signal");
    return ds_client_signal(c, id, name, argument_of(event, a), found, err);
}
