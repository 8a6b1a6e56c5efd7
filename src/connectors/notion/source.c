/* src/connectors/notion/source.c - the rows of a Notion table as records: settings and opening. */
#include "connectors/notion/reader.h"

static const ds_option options[] = {
    DS_NOTION_OPTIONS(ds_notion_reader, settings),
    {.name = "key",
     .type = DS_OPTION_TEXT,
     .offset = offsetof(ds_notion_reader, key),
     .help = "the column that is the primary key; without it the id of the row's page"},
    DS_OPT_BOOL(ds_notion_reader, body,
                "the text of each row's page is read, as Markdown, even if no field names `body`: "
                "a call or more for each page that has changed"),
    DS_OPT_END,
};

static bool validate(const ds_source *self, ds_err *err)
{
    const ds_notion_reader *r = (const ds_notion_reader *)self;

    if (r->key && !*r->key)
        return ds_fail(err, DS_ERR_CONFIG, "`key` is empty: name a column, or leave it out");
    return ds_notion_settings_ok(&r->settings, false, err);
}

/* The table lives as long as the instance, not as long as this call. */
static bool open_table(ds_notion_reader *r, ds_activity *act, ds_err *err)
{
    ds_notion_table found;

    return ds_notion_table_fetch(&r->settings, r->http, act, &found, err) &&
           (ds_notion_table_read(found.text, found.text_n, r->arena, &r->table) ||
            ds_fail(err, DS_ERR_TRANSIENT, "the answer describes no table"));
}

static bool open_source(ds_source *self, ds_activity *act, ds_err *err)
{
    ds_notion_reader *r = (ds_notion_reader *)self;

    if (!validate(self, err))
        return false;
    r->arena = ds_arena_new();
    r->http = ds_notion_open(&r->settings, act, DS_NOTION_FLIGHT, err);
    return r->http && open_table(r, act, err) && ds_notion_reader_plan(r, act, err);
}

static void close_source(ds_source *self)
{
    ds_notion_reader *r = (ds_notion_reader *)self;

    ds_http_close(r->http);
    ds_arena_free(r->arena);
    r->http = NULL;
    r->arena = NULL;
}

/* Each row has the time of its last edit. */
static bool lists_changes(const ds_source *self)
{
    (void)self;
    return true;
}

const ds_source_ops ds_notion_source = {
    .kind = "notion",
    .help = "the rows of a Notion database (data source), and the text of their pages",
    .abi = DS_CONNECTOR_ABI,
    .options = options,
    .instance_size = sizeof(ds_notion_reader),
    .units = ds_one_unit,
    .fetch_page = ds_notion_fetch,
    .open = open_source,
    .close = close_source,
    .validate = validate,
    .lists_changes = lists_changes,
    .targets_items = true,
    .names_items = true, /* a page's id with or without dashes, or its address */
};
