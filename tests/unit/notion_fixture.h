/* tests/unit/notion_fixture.h - a workspace with one table and a few rows, for tests of Notion's
 * stand-in. */
#ifndef TESTS_UNIT_NOTION_FIXTURE_H
#define TESTS_UNIT_NOTION_FIXTURE_H

#include "support/run.h"

#include "fakes/notion/query.h"
#include "fakes/notion/shape.h"
#include "fakes/notion/values.h"

#include <string.h>

#define NOW_MS INT64_C(1772359200000) /* 2026-03-01T10:00:00Z, a Sunday */

static inline const ds_json *json_of(const char *text)
{
    ds_err err = DS_ERR_INIT;
    const ds_json *json = ds_json_read(scratch, text, strlen(text), &err);

    if (!json)
        fail_msg("%s: %s", text, err.text);
    return json;
}

/* A table with these columns in a workspace of its own, with a bot and a person. */
static inline ds_ws_source *new_table(ds_ws *ws, const char *columns)
{
    ds_ws_database *base;
    ds_ws_source *source;
    ds_ws_why why = {0};

    ds_ws_add_user(ws, "durable-sync", NULL);
    ds_ws_add_user(ws, "First Person", "first@example.org");
    base = ds_ws_add_database(ws, ds_ws_named_id(ws, "base"), NULL, NOW_MS);
    source = ds_ws_add_source(ws, ds_ws_named_id(ws, "table"), base, NOW_MS);
    if (!ds_ws_columns_check(ws, NULL, json_of(columns), true, &why))
        fail_msg("%s", why.text);
    ds_ws_columns_apply(ws, source, json_of(columns));
    return source;
}

static inline ds_ws_page *add_row(ds_ws *ws, ds_ws_source *source, const char *values,
                                  int64_t created_ms)
{
    ds_ws_page *page;
    ds_ws_why why = {0};

    if (!ds_ws_values_check(ws, source, json_of(values), true, &why))
        fail_msg("%s", why.text);
    page = ds_ws_add_page(ws, ds_ws_new_id(ws), &source->thing, DS_WS_BOT, created_ms);
    ds_ws_values_apply(ws, source, page, json_of(values), scratch);
    return page;
}

/* The titles of a query's rows with blanks between, "+" where more follows, "!" where the cap cut;
 * or why it was refused. The cursor goes into *next. */
static inline const char *asked(ds_ws *ws, const ds_ws_source *source, const char *body,
                                int64_t now_ms, char next[DS_WS_ID_TEXT])
{
    const ds_json *json = json_of(body);
    ds_ws_result result;
    ds_ws_why why = {0};
    const char *all = "";

    *next = '\0';
    if (!ds_shape_check(&ds_shape_query, json, "body", &why) ||
        !ds_ws_query(ws, source, json, now_ms, scratch, &result, &why))
        return ds_arena_strdup(scratch, why.text);
    for (size_t i = 0; i < result.n; i++)
        all = ds_arena_printf(scratch, "%s%s%s", all, i ? " " : "",
                              ds_ws_page_title(ws, result.at[i], scratch));
    if (result.has_more)
        ds_ws_id_text(result.next, next);
    return ds_arena_printf(scratch, "%s%s", all, result.has_more ? "+" : result.capped ? "!" : "");
}

#endif
