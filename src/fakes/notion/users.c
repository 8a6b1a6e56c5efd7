/* src/fakes/notion/users.c - people and the integration itself. */
#include "fakes/notion/calls.h"

#include "json/member.h"

#include <string.h>

/* A token without the capability sees nobody but itself. false: refused. */
static bool may_see(const ds_ws *ws, ds_fake_call *call)
{
    if (!ws->limits.no_users)
        return true;
    ds_ws_refuse_with(call, 403, "restricted_resource",
                      "Insufficient permissions for this endpoint.");
    return false;
}

static void show_bot(const ds_ws *ws, ds_json_writer *w)
{
    ds_json_w_begin_object(w);
    ds_json_w_name(w, "owner");
    ds_json_w_begin_object(w);
    ds_w_text(w, "type", "workspace");
    ds_w_bool(w, "workspace", true);
    ds_json_w_end_object(w);
    ds_w_text(w, "workspace_name", "Acme");
    ds_ws_show_id("workspace_id", ds_ws_named_id(ws, "workspace"), w);
    ds_json_w_name(w, "workspace_limits");
    ds_json_w_begin_object(w);
    ds_w_int(w, "max_file_upload_size_in_bytes", 5 * (int64_t)DS_MIB);
    ds_json_w_end_object(w);
    ds_json_w_end_object(w);
}

static void answer_user(const ds_ws *ws, const ds_ws_user *user, ds_fake_call *call)
{
    ds_json_writer *w = ds_ws_begin(call);

    ds_w_text(w, "object", "user");
    ds_ws_show_id("id", user->thing.id, w);
    ds_w_text(w, "name", user->name);
    ds_w_null(w, "avatar_url");
    ds_w_text(w, "type", user->email ? "person" : "bot");
    ds_json_w_name(w, user->email ? "person" : "bot");
    if (user->email) {
        ds_json_w_begin_object(w);
        ds_w_text(w, "email", user->email);
        ds_json_w_end_object(w);
    } else {
        show_bot(ws, w);
    }
    ds_ws_end(call, w);
}

void ds_ws_get_me(void *state, ds_fake_call *call)
{
    const ds_ws *ws = state;

    answer_user(ws, (const ds_ws_user *)ws->users.at[DS_WS_BOT], call);
}

void ds_ws_get_user(void *state, ds_fake_call *call)
{
    ds_ws_user *user = may_see(state, call) ? ds_ws_named(state, call, DS_WS_USER, "user") : NULL;

    if (user)
        answer_user(state, user, call);
}

void ds_ws_list_users(void *state, ds_fake_call *call)
{
    const ds_ws *ws = state;
    ds_ws_window window;
    uint32_t at, end;
    ds_json_writer *w;

    if (!may_see(ws, call) || !ds_ws_window_read(call, &window) ||
        !ds_ws_begins_at(ws, call, &ws->users, window.start, &at))
        return;
    end = (uint32_t)DS_MIN(ws->users.n, at + window.size);
    w = ds_ws_begin_list(call);
    for (; at < end; at++)
        ds_ws_show_user((const ds_ws_user *)ws->users.at[at], true, w);
    ds_ws_end_list(call, w, "user", end < ws->users.n ? &ws->users.at[end]->id : NULL);
}
