/* src/connectors/notion/api.c - the client: settings, what an answer means, one request.
 *
 * Status codes and what they ask for: https://developers.notion.com/reference/status-codes
 */
#include "connectors/notion/notion.h"

#include <string.h>

/* ---- settings -------------------------------------------------------------------------------- */

bool ds_notion_is_old(const ds_notion_settings *s)
{
    return s->version && strcmp(s->version, DS_NOTION_OLD) == 0;
}

static bool is_id(const char *setting, const char *text, ds_err *err)
{
    DS_AUTO(ds_arena) a = ds_arena_new();

    return !text || ds_notion_id(text, a) ||
           ds_fail(err, DS_ERR_CONFIG,
                   "`%s`: \"%.100s\" has no id in it: an id has 32 hexadecimal digits; `Copy link` "
                   "of the database brings an address that ends in it",
                   setting, text);
}

bool ds_notion_settings_ok(const ds_notion_settings *s, bool may_lack, ds_err *err)
{
    if (s->data_source && s->database)
        return ds_fail(err, DS_ERR_CONFIG,
                       "`data_source` and `database` are both given: one will do");
    if (!s->data_source && !s->database && !may_lack)
        return ds_fail(err, DS_ERR_CONFIG, "`data_source` or `database` is missing");
    if (s->data_source && ds_notion_is_old(s))
        return ds_fail(err, DS_ERR_CONFIG,
                       "`data_source`: version " DS_NOTION_OLD " knows none; write `database`");
    return is_id("data_source", s->data_source, err) && is_id("database", s->database, err) &&
           ds_http_settings_ok(&s->http, err);
}

const char *ds_notion_place(const ds_notion_settings *s, ds_arena *a)
{
    const char *id = ds_notion_id(s->data_source ? s->data_source : s->database, a);

    return ds_arena_printf(a, "notion:%s", id ? id : "?");
}

/* ---- what an answer means -------------------------------------------------------------------- */

static const ds_json *body_of(const ds_http_answer *answer, ds_arena *a)
{
    ds_err err = DS_ERR_INIT;

    return answer->body_n ? ds_json_read(a, answer->body, answer->body_n, &err) : NULL;
}

const char *ds_notion_code(const ds_http_answer *answer, ds_arena *a)
{
    const char *code = ds_json_text(body_of(answer, a), "code");

    return code ? code : "";
}

/* A proxy's page has no code: then the status alone says what it is. */
static void judge(const ds_http_answer *answer, ds_arena *a, ds_http_verdict *v)
{
    const ds_json *doc = v->sign == DS_HTTP_FINE ? NULL : body_of(answer, a);
    const char *code = ds_json_text(doc, "code"), *message = ds_json_text(doc, "message");

    if (answer->status == 529) /* turned away before it was looked at */
        v->sign = DS_HTTP_BUSY;
    if (!code)
        return;
    v->text = message && *message ? ds_arena_printf(a, "%s: %s", code, message) : code;
    if (strcmp(code, "conflict_error") == 0)
        v->sign = DS_HTTP_BUSY;
    if (strcmp(code, "invalid_grant") == 0)
        v->sign = DS_HTTP_AUTH;
}

/* ---- requests -------------------------------------------------------------------------------- */

ds_http *ds_notion_open(const ds_notion_settings *s, ds_activity *act, size_t in_flight,
                        ds_err *err)
{
    const ds_http_header version = {"Notion-Version", s->version};

    return ds_http_open(act,
                        &(ds_http_setup){.settings = &s->http,
                                         .token = s->token,
                                         .headers = &version,
                                         .headers_n = 1,
                                         .in_flight = in_flight,
                                         .judge = judge},
                        err);
}

const ds_json *ds_notion_ask(ds_http *http, ds_activity *act, ds_http_request *req, ds_err *err)
{
    if (!ds_http_send(http, act, req, 1, err))
        return NULL;
    if (req->err.kind != DS_ERR_NONE) {
        *err = req->err;
        return NULL;
    }
    return ds_http_json(act, req, err);
}

bool ds_notion_list(const ds_json *doc, const char *at, const ds_json **entries, const char **next,
                    ds_err *err)
{
    const ds_json *more = ds_json_get(doc, "has_more"), *cursor = ds_json_get(doc, "next_cursor");

    *entries = ds_json_get(doc, "results");
    *next = NULL;
    if (ds_json_kind_of(*entries) != DS_JSON_LIST)
        return ds_fail(err, DS_ERR_TRANSIENT, "the answer is no list, so it is not Notion's own");
    if (!ds_json_truth(more))
        return true;
    *next = ds_json_kind_of(cursor) == DS_JSON_TEXT ? ds_json_str(cursor, NULL) : NULL;
    if (*next && **next && (!at || strcmp(*next, at) != 0))
        return true;
    return ds_fail(err, DS_ERR_TRANSIENT,
                   "the answer says that there is more, and nothing of where it goes on");
}

const ds_json *ds_notion_get(ds_http *http, ds_activity *act, const char *path,
                             const char *endpoint, ds_err *err)
{
    ds_http_request req = {.method = "GET", .path = path, .repeatable = true, .endpoint = endpoint};

    return ds_notion_ask(http, act, &req, err);
}
