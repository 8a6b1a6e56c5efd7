/* src/connectors/notion/destination.c - a table of Notion that records are written to. */
#include "connectors/notion/writer.h"

#include <stddef.h>
#include <string.h>

#define USUAL_PACE 3.0 /* requests a second */

static const ds_option options[] = {
    DS_NOTION_OPTIONS(ds_notion_writer, settings),
    DS_OPT_TEXT(ds_notion_writer, key,
                "the column that holds the primary key: a title, text, number or url"),
    DS_OPT_CHOICE(ds_notion_writer, body, "none|create|replace", "none",
                  "the record's body as the page's content: when it is made, or always"),
    DS_OPT_CHOICE(ds_notion_writer, options, "create|refuse", "create",
                  "select options that a column does not have"),
    DS_OPT_CHOICE(ds_notion_writer, on_overflow, "split|truncate|hold", "split",
                  "text beyond 2,000 characters: in pieces, cut off, or held; lists beyond 100"),
    DS_OPT_CHOICE(ds_notion_writer, trashed, "restore|recreate|hold", "restore",
                  "a row of ours that somebody threw away"),
    {.name = "settle",
     .type = DS_OPTION_DURATION,
     .offset = offsetof(ds_notion_writer, settle_ms),
     .fallback = "2m",
     .help = "how long after a lost answer its row is looked for: longer than Notion may take to "
             "apply a write"},
    {.name = "lag",
     .type = DS_OPTION_DURATION,
     .offset = offsetof(ds_notion_writer, lag_ms),
     .fallback = "30s",
     .help = "how long a query may miss a row that is there: then it is looked for once more, and "
             "only then made again"},
    {.name = "parent",
     .type = DS_OPTION_TEXT,
     .offset = offsetof(ds_notion_writer, parent),
     .one_of = "table",
     .help = "the page below which `schema ROUTE --create` makes a database"},
    DS_OPT_END,
};

static bool validate(const ds_destination *self, ds_err *err)
{
    const ds_notion_writer *w = (const ds_notion_writer *)self;
    DS_AUTO(ds_arena) a = ds_arena_new();

    if (!*w->key)
        return ds_fail(err, DS_ERR_CONFIG, "`key` is empty");
    if (w->parent && !ds_notion_id(w->parent, a))
        return ds_fail(err, DS_ERR_CONFIG, "`parent`: \"%.100s\" has no id of a page in it",
                       w->parent);
    if (w->parent && (w->settings.data_source || w->settings.database))
        return ds_fail(err, DS_ERR_CONFIG,
                       "`parent` is for a database that is yet to be made, and one is named");
    return ds_notion_settings_ok(&w->settings, w->parent != NULL, err);
}

static const char *identity(const ds_destination *self, ds_arena *a)
{
    const ds_notion_writer *w = (const ds_notion_writer *)self;

    if (!w->settings.data_source && !w->settings.database)
        return ds_arena_printf(a, "notion:below %s", ds_notion_id(w->parent, a));
    return ds_notion_place(&w->settings, a);
}

/* No call yet: a pass without changes needs none, but for the one a day that notices what people
 * did to the table. */
static bool open_destination(ds_destination *self, ds_activity *act, const ds_open_in *in,
                             ds_open_out *out, ds_err *err)
{
    ds_notion_writer *w = (ds_notion_writer *)self;
    ds_column *wanted;

    if (!validate(self, err))
        return false;
    ds_notion_begin(w);
    wanted = ds_arena_zalloc(w->arena, (in->columns_n + 1) * sizeof(*wanted));
    for (size_t i = 0; i < in->columns_n; i++) {
        wanted[i] = in->columns[i];
        wanted[i].name = ds_arena_strdup(w->arena, in->columns[i].name);
    }
    w->wanted = wanted;
    w->wanted_n = in->columns_n;
    out->exists = w->settings.data_source || w->settings.database;
    out->has_delays = true;
    out->settle_ms = w->settle_ms;
    out->lag_ms = w->lag_ms;
    if (!out->exists)
        return true;
    if (in->reading_only ? !ds_notion_client(w, act, err) : !ds_notion_look_again(w, act, err))
        return false;
    out->continues = !(in->reading_only ? ds_notion_was_remade(act) : w->refills);
    if (!in->reading_only)
        return true;
    w->pace = ds_http_pace(w->http, act);
    return true;
}

/* By the pace that was learnt; before, by the three requests a second that Notion's documentation
 * named as long as it named any. */
static void estimate(const ds_destination *self, const ds_work_ahead *work, ds_cost *out)
{
    const ds_notion_writer *w = (const ds_notion_writer *)self;
    int64_t each = (int64_t)DS_NOTION_LIST_MAX, calls = 0;
    double pace = w->pace > 0 ? w->pace : USUAL_PACE;

    ds_cost_add(out, "POST /v1/data_sources/{id}/query", (work->finds + each - 1) / each);
    ds_cost_add(out, "POST /v1/pages", work->creates);
    ds_cost_add(out, "PATCH /v1/pages/{id}", work->updates + work->archives + work->removes);
    ds_cost_add(out, "PATCH /v1/blocks/{id}/children", work->bodies); /* more where one is long */
    for (size_t i = 0; i < out->n; i++)
        calls += out->lines[i].calls;
    out->ms = (int64_t)((double)calls * (double)DS_SECOND_MS / pace);
}

static void close_destination(ds_destination *self)
{
    ds_notion_end((ds_notion_writer *)self);
}

const ds_destination_ops ds_notion_destination = {
    .kind = "notion",
    .help = "writes the rows of a database of Notion",
    .abi = DS_CONNECTOR_ABI,
    .options = options,
    .instance_size = sizeof(ds_notion_writer),
    .promise = DS_PROMISE_B,
    .settle_ms = 2 * DS_MINUTE_MS,
    .lag_ms = 30 * DS_SECOND_MS, /* a query may miss a row that was just written */
    .has_bodies = true,
    .unknown = "whether the token may insert and update content",
    .identity = identity,
    .write = ds_notion_write,
    .find = ds_notion_find,
    .open = open_destination,
    .close = close_destination,
    .archive = ds_notion_remove,
    .remove = ds_notion_remove,
    .check_schema = ds_notion_check,
    .misfit = ds_notion_misfit,
    .list_columns = ds_notion_list_columns,
    .id_of = ds_notion_id,
    .ensure_schema = ds_notion_ensure,
    .estimate = estimate,
    .validate = validate,
    .same = ds_notion_same,
};
