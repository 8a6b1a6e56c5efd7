/* src/fakes/notion/seed.c
 *
 * What a workspace begins with.  Everything that is made here has an id by its name, so that a
 * configuration can be written before the stand-in runs:
 *
 *     Home             a page that is shared with the integration
 *       Repositories   a database to mirror into, with `rows` rows
 *       Everything     one column of every type, two rows
 *       Two sources    a database with two data sources, so that its id alone names no table
 *     Private          a page that is not shared, with a database
 */
#include "fakes/notion/calls.h"

#include <stdio.h>
#include <string.h>

#define APART_MS 10000 /* between one row and the next */

static const char repositories[] =
    "{\"Name\":{\"title\":{}},\"Repo ID\":{\"rich_text\":{}},\"Description\":{\"rich_text\":{}},"
    "\"Stars\":{\"number\":{\"format\":\"number\"}},"
    "\"Language\":{\"select\":{\"options\":[{\"name\":\"C\",\"color\":\"blue\"},"
    "{\"name\":\"Python\",\"color\":\"green\"},{\"name\":\"Go\",\"color\":\"purple\"}]}},"
    "\"Topics\":{\"multi_select\":{\"options\":[{\"name\":\"sync\",\"color\":\"gray\"},"
    "{\"name\":\"tools\",\"color\":\"red\"}]}},"
    "\"State\":{\"status\":{}},\"URL\":{\"url\":{}},\"Archived\":{\"checkbox\":{}},"
    "\"Pushed\":{\"date\":{}}}";

static const char everything[] =
    "{\"Title\":{\"title\":{}},\"Text\":{\"rich_text\":{}},\"Number\":{\"number\":{}},"
    "\"Select\":{\"select\":{\"options\":[{\"name\":\"one\"},{\"name\":\"two\"}]}},"
    "\"Multi\":{\"multi_select\":{\"options\":[{\"name\":\"a\"},{\"name\":\"b\"}]}},"
    "\"Status\":{\"status\":{}},\"Date\":{\"date\":{}},\"People\":{\"people\":{}},"
    "\"Files\":{\"files\":{}},\"Check\":{\"checkbox\":{}},\"URL\":{\"url\":{}},"
    "\"Email\":{\"email\":{}},\"Phone\":{\"phone_number\":{}},"
    "\"Relation\":{\"relation\":{\"data_source_id\":\"%s\",\"single_property\":{}}},"
    "\"Place\":{\"place\":{}},\"Formula\":{\"formula\":{\"expression\":\"1 + 2\"}},"
    "\"Rollup\":{\"rollup\":{\"function\":\"count\",\"relation_property_name\":\"Relation\","
    "\"rollup_property_name\":\"Title\"}},\"No\":{\"unique_id\":{\"prefix\":\"DS\"}},"
    "\"Created\":{\"created_time\":{}},\"Author\":{\"created_by\":{}},"
    "\"Edited\":{\"last_edited_time\":{}},\"Editor\":{\"last_edited_by\":{}}}";

static const ds_json *read(ds_arena *a, const char *text)
{
    ds_err err = DS_ERR_INIT;

    return ds_json_read(a, text, strlen(text), &err);
}

static ds_ws_page *sow_page(ds_ws *ws, const char *title, int64_t now_ms)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    ds_ws_page *page = ds_ws_add_page(ws, ds_ws_named_id(ws, title), NULL, DS_WS_PERSON, now_ms);
    const ds_json *text = read(a, ds_arena_printf(a, "[{\"text\":{\"content\":\"%s\"}}]", title));
    ds_ws_cell cell = ds_ws_rich_cell(text, a);

    cell.slot = DS_WS_TITLE_SLOT;
    ds_ws_cell_put(&page->cells, cell);
    return page;
}

static ds_ws_database *sow_database(ds_ws *ws, const char *title, ds_ws_page *on, int64_t now_ms)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    ds_ws_database *base = ds_ws_add_database(ws, ds_ws_named_id(ws, title), &on->thing, now_ms);

    base->title = ds_strdup(ds_arena_printf(a, "[{\"text\":{\"content\":\"%s\"}}]", title));
    return base;
}

static ds_ws_source *sow_source(ds_ws *ws, const char *title, ds_ws_database *base,
                                const char *columns, int64_t now_ms)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    ds_ws_id id = ds_ws_named_id(ws, ds_arena_printf(a, "data source %s", title));
    ds_ws_source *source = ds_ws_add_source(ws, id, base, now_ms);

    source->title = ds_strdup(ds_arena_printf(a, "[{\"text\":{\"content\":\"%s\"}}]", title));
    ds_ws_columns_apply(ws, source, read(a, columns));
    return source;
}

/* One row of the repositories, much like one out of the other stand-in. */
static const char *row_text(ds_arena *a, long long number)
{
    static const char *const languages[] = {"C", "Python", "Go"};

    return ds_arena_printf(
        a,
        "{\"Name\":{\"title\":[{\"text\":{\"content\":\"row %lld\"}}]},"
        "\"Repo ID\":{\"rich_text\":[{\"text\":{\"content\":\"%lld\"}}]},"
        "\"Stars\":{\"number\":%lld},\"Language\":{\"select\":{\"name\":\"%s\"}},"
        "\"Topics\":{\"multi_select\":[{\"name\":\"sync\"}]},"
        "\"URL\":{\"url\":\"https://example.org/row/%lld\"},"
        "\"Pushed\":{\"date\":{\"start\":\"2026-01-%02lldT09:30:00Z\"}}}",
        number, 1000 + number, number % 500, languages[number % 3], number, 1 + number % 28);
}

static void sow_rows(ds_ws *ws, ds_ws_source *source, int64_t rows, int64_t now_ms)
{
    DS_AUTO(ds_arena) a = ds_arena_new();

    for (int64_t number = 1; number <= rows; number++) {
        int64_t then = now_ms - (rows - number + 1) * APART_MS;
        ds_ws_page *page;
        char name[40];

        ds_arena_reset(a);
        snprintf(name, sizeof(name), "row %lld", (long long)number);
        page = ds_ws_add_page(ws, ds_ws_named_id(ws, name), &source->thing, DS_WS_PERSON, then);
        ds_ws_values_apply(ws, source, page, read(a, row_text(a, number)), a);
    }
}

static void sow_everything(ds_ws *ws, ds_ws_page *home, int64_t now_ms)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    ds_ws_database *base = sow_database(ws, "Everything", home, now_ms);
    char id[DS_WS_ID_TEXT];
    const char *columns = ds_arena_printf(
        a, everything, ds_ws_id_text(ds_ws_named_id(ws, "data source Everything"), id));
    ds_ws_source *source = sow_source(ws, "Everything", base, columns, now_ms);

    for (int i = 1; i <= 2; i++) {
        const char *name = ds_arena_printf(a, "thing %d", i);
        ds_ws_page *page =
            ds_ws_add_page(ws, ds_ws_named_id(ws, name), &source->thing, DS_WS_PERSON, now_ms);
        const char *values =
            ds_arena_printf(a,
                            "{\"Title\":{\"title\":[{\"text\":{\"content\":\"%s\"}}]},"
                            "\"Formula\":{\"formula\":{\"type\":\"number\",\"number\":3}}}",
                            name);

        ds_ws_values_apply(ws, source, page, read(a, values), a);
    }
}

void ds_ws_sow(ds_ws *ws, int64_t rows, int64_t now_ms)
{
    int64_t then = now_ms - (rows + 1) * APART_MS;
    ds_ws_page *home, *private;
    ds_ws_database *two;

    ds_ws_add_user(ws, "durable-sync", NULL);
    ds_ws_add_user(ws, "First Person", "first@example.org");
    ds_ws_add_user(ws, "Second Person", "second@example.org");
    home = sow_page(ws, "Home", then);
    sow_rows(ws,
             sow_source(ws, "Repositories", sow_database(ws, "Repositories", home, then),
                        repositories, then),
             rows, now_ms);
    sow_everything(ws, home, then);
    two = sow_database(ws, "Two sources", home, then);
    sow_source(ws, "Open", two, repositories, then);
    sow_source(ws, "Closed", two, repositories, then);
    private = sow_page(ws, "Private", then);
    private->thing.hidden = true;
    sow_source(ws, "Secrets", sow_database(ws, "Secrets", private, then), repositories, then);
}
